"""The unlearning methods of paper A, NegGrad of paper B, and two that neither has, NTK and RUM; one
file per family."""

from .base import Method, hyperparameter, hyperparameters
from .descent import GA, GD, NGD, NGP, NegGrad, Retrain
from .minnorm import MinNormOG
from .ntk import NTK
from .relabelling import KLUnif, SalUn
from .rum import RUM, RefinedNGP
from .shrinkage import L1Sparse, Ridge
from .teaching import NPO, SCRUB

# in the order of paper A's tables
METHODS: dict[str, type[Method]] = {
    m.name: m
    for m in (
        Retrain,
        MinNormOG,
        GD,
        GA,
        NGP,
        NGD,
        Ridge,
        L1Sparse,
        SCRUB,
        NPO,
        SalUn,
        KLUnif,
        NegGrad,
    )
}

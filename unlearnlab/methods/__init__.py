"""The unlearning methods of paper A, one file per family."""
from .base import Method
from .descent import GA, GD, NGD, NGP, Retrain
from .minnorm import MinNormOG
from .shrinkage import L1Sparse, Ridge

# in the order of paper A's tables
METHODS: dict[str, type[Method]] = {m.name: m for m in (Retrain, MinNormOG, GD, GA, NGP, NGD, Ridge, L1Sparse)}

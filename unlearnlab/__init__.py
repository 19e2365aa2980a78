"""unlearnlab: machine unlearning in overparameterized models, as a workbook.
`import unlearnlab as ul`."""

import importlib

from .ground.identity import CannotIdentify
from .loop import BadMetrics, Diverged, Run, unlearn
from .methods import (
    GA,
    GD,
    METHODS,
    NGD,
    NGP,
    NPO,
    NTK,
    RUM,
    SCRUB,
    KLUnif,
    L1Sparse,
    Method,
    MinNormOG,
    NegGrad,
    Retrain,
    Ridge,
    SalUn,
    hyperparameter,
)
from .networks import MLP
from .projection import minnorm_step, output_gradients, project_out
from .study.choosing import select
from .study.store import StoreMismatch
from .study.sweep import sweep
from .task import Task
from .training.checkpoint import BadCheckpoint

# Imported at first use: they take their time.
_LATER = {
    "sine": ".tasks.sine",
    "curve": ".course.curve",
    "erasure": ".tasks.erasure",
    "collapse": ".tasks.collapse",
    "width": ".tasks.width",
    "passage": ".tasks.passage",
    "images": ".data.images",
    "recipes": ".training.recipe",
    "table": ".study.table",
    "linear": ".theory.linear",
    "metrics": ".metrics",
    "linear_network": ".theory.linear_network",
    "two_layer": ".theory.two_layer",
    "choosing": ".study.choosing",
}


def __getattr__(name):
    if name in _LATER:
        return importlib.import_module(_LATER[name], __name__)
    raise AttributeError(f"module 'unlearnlab' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_LATER])

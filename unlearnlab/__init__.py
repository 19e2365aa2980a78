"""unlearnlab: machine unlearning in overparameterized models, as a workbook. `import unlearnlab as ul`."""
import importlib

from .checkpoints import BadCheckpoint
from .methods import (GA, GD, METHODS, NGD, NGP, NPO, SCRUB, VARIANTS, KLUnif, L1Sparse, Method, MinNormDirection, MinNormOG,
                      MinNormOnce, MinNormStart, NegGrad, Retrain, Ridge, SalUn)
from .models import MLP
from .projection import minnorm_step, output_gradients, project_out
from .selection import select
from .store import StoreMismatch
from .sweep import sweep
from .task import Task
from .unlearning import Diverged, Run, unlearn

# Imported at first use: figures need matplotlib, widgets ipywidgets, and an experiment may itself be run as a program.
_LATER = {"sine": ".experiments.sine", "curve": ".experiments.curve", "erasure": ".experiments.erasure",
          "collapse": ".experiments.collapse", "width": ".experiments.width", "replication": ".experiments.replication",
          "images": ".data.images", "recipes": ".recipes", "lessons": ".lessons", "figures": ".figures", "widgets": ".widgets", "environment": ".environment", "table": ".study.table", "pareto": ".pareto",
          "linear": ".theory.linear", "metrics": ".metrics", "linear_network": ".theory.linear_network", "two_layer": ".theory.two_layer"}


def __getattr__(name):
    if name in _LATER:
        return importlib.import_module(_LATER[name], __name__)
    raise AttributeError(f"module 'unlearnlab' has no attribute {name!r}")


def __dir__():
    return sorted([*globals(), *_LATER])

"""A slider for every number among a method's hyperparameters, made from the method itself."""
import dataclasses

import ipywidgets

from ..methods import Method
from ..methods.base import RANGES
from .lab import STYLE, WIDE

MEANING = {
    "lr": "learning rate of AdamW", "weight_decay": "AdamW's decoupled weight decay",
    "reg": "strength of the first shrinkage", "reg_decay": "factor on the strength after each use",
    "n_pert": "retain samples whose gradients span the projection", "project_every": "epochs between projections",
    "descent_epochs": "last epochs without projection", "ascent": "weight of the forget loss",
    "noise": "standard deviation of the gradient noise", "temperature": "softens teacher and model before they are compared",
    "max_epochs": "first epochs that leave the teacher on the forget set",
}


def sliders(method: Method, epochs: int, samples: int) -> dict[str, ipywidgets.Widget]:
    """Hyperparameter name -> slider, at the method's values, with limits that keep every position valid.

    epochs, samples: the largest sensible descent_epochs and n_pert.
    """
    return {f.name: _slider(method, f.name, epochs, samples) for f in dataclasses.fields(method) if f.name in RANGES}


def _slider(method, name, epochs, samples):
    value = getattr(method, name)
    common = {"value": value, "description": name, "tooltip": MEANING[name], "continuous_update": False,
              "style": STYLE, "layout": WIDE}
    logarithmic = lambda low, high: ipywidgets.FloatLogSlider(min=low, max=high, step=.05, readout_format=".2g", **common)
    linear = lambda low, high, step: ipywidgets.FloatSlider(min=low, max=high, step=step, readout_format=".3g", **common)
    whole = lambda low, high: ipywidgets.IntSlider(min=low, max=high, **common)
    kinds = {
        "lr": lambda: logarithmic(-5, -1), "weight_decay": lambda: linear(0, .1, .005),
        "reg": lambda: linear(0, 1, .01) if method.name == "MinNorm-OG" else logarithmic(-3, 1),
        "reg_decay": lambda: linear(0, 1, .05), "n_pert": lambda: whole(0, samples),
        "project_every": lambda: whole(1, 20), "descent_epochs": lambda: whole(0, epochs),
        "ascent": lambda: logarithmic(-3, 0) if method.name == "NegGrad" else logarithmic(-3, 1),
        "noise": lambda: logarithmic(-2, 1), "temperature": lambda: linear(.5, 8, .5), "max_epochs": lambda: whole(1, epochs),
    }
    return kinds[name]()

"""A slider for every number among a method's hyperparameters, made from the method itself."""

import dataclasses

import ipywidgets

from ..methods import Method
from .lab import STYLE, WIDE

MEANING = {
    "lr": "learning rate of AdamW",
    "weight_decay": "AdamW's decoupled weight decay",
    "reg": "strength of the first shrinkage",
    "reg_decay": "factor on the strength after each use",
    "n_pert": "retain samples whose gradients span the projection",
    "project_every": "epochs between projections",
    "descent_epochs": "last epochs without projection",
    "ascent": "weight of the forget loss",
    "noise": "standard deviation of the gradient noise",
    "temperature": "softens teacher and model before they are compared",
    "max_epochs": "first epochs that leave the teacher on the forget set",
}
POWERS = (
    ipywidgets.FloatLogSlider,
    0.05,
    ".2g",
)  # kind of slider, step, format; min and max: of 10


def sliders(method: Method, epochs: int, samples: int) -> dict[str, ipywidgets.Widget]:
    """Hyperparameter name -> slider, at the method's values, with limits that keep every position
    valid.

    epochs, samples: the largest sensible descent_epochs and n_pert.
    """
    ranges = {  # least, greatest, and the step of a linear slider
        "lr": (-5, -1, POWERS),
        "weight_decay": (0, 0.1, 0.005),
        "reg": (0, 1, 0.01) if method.name == "MinNorm-OG" else (-3, 1, POWERS),
        "reg_decay": (0, 1, 0.05),
        "n_pert": (0, samples, 1),
        "project_every": (1, 20, 1),
        "descent_epochs": (0, epochs, 1),
        "ascent": (-3, 0 if method.name == "NegGrad" else 1, POWERS),
        "noise": (-2, 1, POWERS),
        "temperature": (0.5, 8, 0.5),
        "max_epochs": (1, epochs, 1),
    }
    names = [field.name for field in dataclasses.fields(method) if field.name in ranges]
    return {name: _slider(name, getattr(method, name), *ranges[name]) for name in names}


def _slider(name, value, low, high, step):
    kind, format = ipywidgets.FloatSlider, ".3g"
    if step is POWERS:
        kind, step, format = POWERS
    elif step == 1:
        kind, format = ipywidgets.IntSlider, "d"
    return kind(
        value=value,
        min=low,
        max=high,
        step=step,
        readout_format=format,
        description=name,
        tooltip=MEANING[name],
        continuous_update=False,
        style=STYLE,
        layout=WIDE,
    )

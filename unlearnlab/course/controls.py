"""A slider for every number among a method's hyperparameters, made from the method itself."""

import dataclasses
import math

import ipywidgets

from ..methods import Method, MinNormOG, NegGrad
from ..methods.base import RANGES, limits
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


def sliders(method: Method, epochs: int, samples: int) -> dict[str, ipywidgets.Widget]:
    """Hyperparameter name -> slider, at the method's values, with limits that keep every position
    valid.

    What is True or False has a box to tick. Words are left as they are.
    epochs, samples: the largest sensible descent_epochs and n_pert.
    """
    made = {
        field.name: _slider(method, field, epochs, samples) for field in dataclasses.fields(method)
    }
    return {name: slider for name, slider in made.items() if slider is not None}


def _slider(method, field, epochs, samples):
    name, value, may = field.name, getattr(method, field.name), limits(field)
    tooltip = may.meaning or MEANING.get(name, name)
    common = {
        "value": value,
        "description": name,
        "tooltip": tooltip,
        "style": STYLE,
        "layout": WIDE,
    }
    if isinstance(value, bool):
        return ipywidgets.Checkbox(**common)
    if not isinstance(value, (int, float)):
        return None
    common["continuous_update"] = False
    known = name in RANGES and not field.metadata
    kind, low, high = _known(method, name, epochs, samples) if known else _own(may, value)
    if kind == "log" and value > 0:  # which has no 0
        low, high = min(low, math.floor(math.log10(value))), max(high, math.ceil(math.log10(value)))
        return ipywidgets.FloatLogSlider(
            min=low, max=high, step=0.05, readout_format=".2g", **common
        )
    if kind == "log":
        kind, low, high = "number", 0, 10.0**high
    low, high = min(low, value), max(high, value)
    if kind == "whole":
        return ipywidgets.IntSlider(min=low, max=high, **common)
    step = STEPS.get(name, (high - low) / 100) if known else (high - low) / 100
    return ipywidgets.FloatSlider(min=low, max=high, step=step, readout_format=".3g", **common)


STEPS = {"weight_decay": 0.005, "reg": 0.01, "reg_decay": 0.05, "temperature": 0.5}


def _known(method, name, epochs, samples):
    """(kind, lowest, highest) of a name that methods share; of "log" the powers of ten."""
    return {
        "lr": ("log", -5, -1),
        "weight_decay": ("number", 0, 0.1),
        "reg": ("number", 0, 1) if isinstance(method, MinNormOG) else ("log", -3, 1),
        "reg_decay": ("number", 0, 1),
        "n_pert": ("whole", 0, samples),
        "project_every": ("whole", 1, 20),
        "descent_epochs": ("whole", 0, epochs),
        "ascent": ("log", -3, 0 if isinstance(method, NegGrad) else 1),
        "noise": ("log", -2, 1),
        "temperature": ("number", 0.5, 8),
        "max_epochs": ("whole", 1, epochs),
    }[name]


def _own(may, value):
    """(kind, lowest, highest) of a hyperparameter of one's own: its limits, and where it has none,
    room around its value."""
    room = max(4 * abs(value), 10 if may.kind is int else 1)
    low = may.low if may.low > -math.inf else min(0 if value >= 0 else -room, may.high)
    high = may.high if may.high < math.inf else max(room, low + room)
    if may.kind is int:
        return "whole", math.ceil(low), math.floor(high)
    return "number", low + (high - low) / 100 if may.positive and low == 0 else low, high

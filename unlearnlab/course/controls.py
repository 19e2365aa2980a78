"""A slider for every number among a method's hyperparameters, made from the method itself."""

import dataclasses
import math

import ipywidgets

from ..methods import Method, NegGrad
from ..methods.base import limits
from .lab import WIDE

# What a name means in every method, and how far its slider goes: from, to and step; without a step
# these are powers of ten. Of some, T or the number of samples is the end.
KNOWN = {
    "lr": ("learning rate of AdamW", -5, -1, None),
    "weight_decay": ("AdamW's decoupled weight decay", 0, 0.1, 0.005),
    "reg": ("strength of the first shrinkage", -3, 1, None),
    "reg_decay": ("factor on the strength after each use", 0, 1, 0.05),
    "n_pert": ("retain samples whose gradients span the projection", 0, 50, 1),
    "project_every": ("epochs between projections", 1, 20, 1),
    "descent_epochs": ("last epochs without projection", 0, 20, 1),
    "ascent": ("weight of the forget loss", -3, 1, None),
    "noise": ("standard deviation of the gradient noise", -2, 1, None),
    "temperature": ("softens teacher and model before they are compared", 0.5, 8, 0.5),
    "max_epochs": ("first epochs that leave the teacher on the forget set", 1, 20, 1),
}


def sliders(method: Method, epochs: int, samples: int) -> dict[str, ipywidgets.Widget]:
    """Hyperparameter name -> slider, at the method's values, with limits that keep every position
    valid. More descent_epochs and max_epochs than there are epochs become as many.

    What is True or False has a box to tick. Words are left as they are.
    epochs, samples: the largest sensible descent_epochs and n_pert.
    """
    ends = {"n_pert": samples, "descent_epochs": epochs, "max_epochs": epochs}
    if isinstance(method, NegGrad):  # its weights add up to 1
        ends["ascent"] = 0
    made = {}
    for field in dataclasses.fields(method):
        value = getattr(method, field.name)
        if field.name in ("descent_epochs", "max_epochs"):
            value = min(value, epochs)
        if isinstance(value, (bool, int, float)):
            made[field.name] = _slider(field, value, ends)
    return made


def _slider(field, value, ends):
    name, may = field.name, limits(field)
    meaning, *given = KNOWN.get(name, (name,))
    look = {"description": name, "tooltip": may.meaning or meaning, **WIDE}
    if isinstance(value, bool):
        return ipywidgets.Checkbox(value=value, **look)
    if field.metadata or not given:
        low, high, step = _own(may, value)
    else:
        low, high, step = given
        high = ends.get(name, high)
    look["continuous_update"] = False
    if not step and value > 0:
        low, high = min(low, math.floor(math.log10(value))), max(high, math.ceil(math.log10(value)))
        look |= {"step": 0.05, "readout_format": ".2g"}
        return ipywidgets.FloatLogSlider(value=value, min=low, max=high, **look)
    if not step:  # powers of ten have no 0
        low, high, step = 0, 10.0**high, 10.0**high / 100
    look |= {"value": value, "min": min(low, value), "max": max(high, value), "step": step}
    if isinstance(step, int):
        return ipywidgets.IntSlider(**look)
    return ipywidgets.FloatSlider(readout_format=".3g", **look)


def _own(may, value):
    """(lowest, highest, step) of a hyperparameter of one's own: its limits, and where it has none,
    room around its value."""
    room = max(4 * abs(value), 10 if may.kind is int else 1)
    low = may.low if may.low > -math.inf else min(0 if value >= 0 else -room, may.high)
    high = may.high if may.high < math.inf else max(room, low + room)
    if may.kind is int:
        return math.ceil(low), math.floor(high), 1
    step = (high - low) / 100
    return low + step if may.positive and low == 0 else low, high, step

"""A slider for every number among a method's hyperparameters, made from the method itself."""

import dataclasses
import math

import ipywidgets

from ..ground.files import beside
from ..methods import Method, NegGrad
from ..methods.base import limits
from .lab import WIDE, control

# What a name means in every method, and how far its slider goes: from, to and step; without a step
# these are powers of ten. Of some, T or the number of samples is the end.
KNOWN = beside(__file__, "controls.json")


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
    meaning, *given = KNOWN.get(name, [name])
    low, high, step = _own(may, value) if field.metadata or not given else given
    high = ends.get(name, high)
    if isinstance(value, bool):
        made = ipywidgets.Checkbox(value=value, description=name, **WIDE)
    elif step or value <= 0:
        if not step:  # powers of ten have no 0
            low, high, step = 0, 10.0**high, 10.0**high / 100
        made = control(name, value, min(low, value), max(high, value), step, late=True)
        if isinstance(step, float):
            made.readout_format = ".3g"
    else:
        power = math.log10(value)
        made = ipywidgets.FloatLogSlider(
            value=value,
            min=min(low, math.floor(power)),
            max=max(high, math.ceil(power)),
            step=0.05,
            readout_format=".2g",
            description=name,
            continuous_update=False,
            **WIDE,
        )
    made.tooltip = may.meaning or meaning
    return made


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

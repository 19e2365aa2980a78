"""Where do the original, its projection and the retrained model stand when the forget point moves?"""
import math
from dataclasses import dataclass

import ipywidgets
import torch

from ..figures import linear as pictures
from ..theory import linear
from .canvas import Canvas
from .lab import STYLE, WIDE, Lab, message

X_RETAIN = torch.tensor([[1.2, .3, .2], [.1, 1.1, .5]], dtype=torch.float64)
Y_RETAIN = torch.tensor([1.0, .5], dtype=torch.float64)
LENGTH = 1.4  # of the forget input
NOTHING = 1e-9  # shorter than this is rounding


@dataclass(frozen=True)
class Scene:
    """One forget point beside the retain set, and the three models. Vectors are (3,), float64."""

    X_retain: torch.Tensor      # (1 or 2, 3)
    basis: torch.Tensor         # (1 or 2, 3): orthonormal, of their span
    x_forget: torch.Tensor
    x_foot: torch.Tensor        # the forget input's part in the span
    original: torch.Tensor      # minimum norm on all of D; least squares where nothing fits
    unlearned: torch.Tensor     # the original projected on the retain span
    retrained: torch.Tensor     # minimum norm on the retain set
    leak: float                 # |original - unlearned|
    distance: float             # |unlearned - retrained|
    forget_before: float        # predictions at the forget input
    forget_after: float
    label: float                # of the forget point
    fits: bool                  # whether the original interpolates D


def scene(heading: float = 75, tilt: float = 50, label: float = 2.0, retained: int = 2) -> Scene:
    """The forget input has a fixed length; its foot in the plane of the two retain inputs stands at `heading` degrees from the first one,
    and `tilt` degrees lift it out of the plane. label: its label. retained: how many of the two inputs are retained, 1 or 2.

    Raises ValueError for retained other than 1 or 2, or a number that is not finite.
    """
    for name, value in (("heading", heading), ("tilt", tilt), ("label", label)):
        if not math.isfinite(value):
            raise ValueError(f"{name} must be a finite number, got {value}")
    if retained not in (1, 2):
        raise ValueError(f"retained must be 1 or 2, got {retained}")
    first, second, normal = _frame()
    turn, lift = math.radians(heading), math.radians(tilt)
    x = LENGTH * (math.cos(lift) * (math.cos(turn) * first + math.sin(turn) * second) + math.sin(lift) * normal)
    X, y = X_RETAIN[:retained], Y_RETAIN[:retained]
    whole, labels = torch.cat([X, x[None]]), torch.cat([y, torch.tensor([label], dtype=torch.float64)])
    original, retrained = linear.min_norm(whole, labels), linear.min_norm(X, y)
    unlearned = linear.unlearn(original, X)
    fits = bool((whole @ original - labels).abs().max() < NOTHING * (1 + original.norm()))
    return Scene(X, torch.stack([first, second])[:retained], x, linear.unlearn(x, X), original, unlearned, retrained,
                 float((original - unlearned).norm()), float((unlearned - retrained).norm()), float(x @ original), float(x @ unlearned),
                 float(label), fits)


def _frame():
    """Orthonormal: along the first retain input, in the plane, and its normal."""
    first = X_RETAIN[0] / X_RETAIN[0].norm()
    normal = torch.linalg.cross(X_RETAIN[0], X_RETAIN[1])
    normal = normal / normal.norm()
    return first, torch.linalg.cross(normal, first), normal


class LinearLab(Lab):
    """Sliders move the forget point and turn the picture.

    `shown` is the Scene in the picture; `error`: what went wrong with the last frame, or None.
    """

    def __init__(self, heading: float = 75, tilt: float = 50, label: float = 2.0):
        slider = lambda name, value, low, high, step: ipywidgets.FloatSlider(
            value=value, min=low, max=high, step=step, description=name, readout_format=".1f" if step < 1 else ".0f",
            style=STYLE, layout=WIDE)
        self.heading, self.tilt = slider("heading", heading, 0, 360, 5), slider("tilt", tilt, -90, 90, 5)
        self.label, self.azimuth = slider("forget label", label, -1.5, 2.5, .1), slider("azimuth", -20, -180, 180, 5)
        self.elevation = slider("elevation", 30, -90, 90, 5)
        self.retained = ipywidgets.IntSlider(value=2, min=1, max=2, description="retain inputs", style=STYLE, layout=WIDE)
        self.sliders = [self.heading, self.tilt, self.label, self.retained, self.azimuth, self.elevation]
        self.numbers, self.trouble, self.error = ipywidgets.HTML(), ipywidgets.HTML(), None
        figure, self._artists = pictures.space()
        self._artists.update(scene(), self.azimuth.value, self.elevation.value)
        self.canvas = Canvas(figure, self._artists.list(), "The retain span, the forget input, and three models in space")
        self.panel = ipywidgets.VBox([ipywidgets.HBox([ipywidgets.VBox(self.sliders), self.numbers]), self.canvas.widget, self.trouble])
        for each in self.sliders:
            each.observe(self._redraw, names="value")
        self._redraw()

    @property
    def summary(self):
        return (f"LinearLab: forget input at heading {self.heading.value:.0f}, tilt {self.tilt.value:.0f}, label "
                f"{self.label.value:.1f}; "
                f"{self.retained.value} retain input{'s' * (self.retained.value > 1)}")

    def _redraw(self, change=None):
        try:
            self.shown = scene(self.heading.value, self.tilt.value, self.label.value, self.retained.value)
            self._artists.update(self.shown, self.azimuth.value, self.elevation.value)
            self.canvas.describe(_sentence(self.shown))
            self.canvas.draw()
            self.numbers.value, self.error = _table(self.shown), None
            seen = pictures.in_sight(self.shown.original, self.azimuth.value, self.elevation.value)
            self.trouble.value = message(_note(self.shown, seen))
        except Exception as error:
            self.error = error
            self.trouble.value = message(f"{type(error).__name__}: {error}", "error")


def _sentence(shown):
    return (f"The original, of length {_number(shown.original.norm())}, stands {_number(shown.leak)} off the retain span; its "
            "projection and the "
            f"retrained model are {_number(shown.distance)} apart")


def _note(shown, in_sight):
    if not shown.fits:
        return ("No vector fits all points: the forget input lies in the retain span and its label contradicts the retain set. "
                "θ* is a least-squares "
                "compromise in the span, and projecting it changes nothing.")
    return "Dot and ring coincide: the projection is the retrained model." + ("" if in_sight else " θ* is outside the picture.")


def _number(value):
    return "0" if abs(value) < NOTHING else f"{value:.2f}"


def _table(shown):
    cell = lambda value: f'<td style="text-align:right;padding:0 8px">{value}</td>'
    rows = [("length of θ*", shown.original.norm()), ("length of the projection", shown.unlearned.norm()), ("length of the "
                                                            "retrained", shown.retrained.norm()),
            ("leak: θ* to projection", shown.leak), ("projection to retrained", shown.distance), ("forget label", shown.label),
            ("predicted by θ*", shown.forget_before), ("predicted after", shown.forget_after)]
    body = "".join(f"<tr><td>{name}</td>{cell(_number(float(value)))}</tr>" for name, value in rows)
    return f'<table style="margin-left:16px;line-height:1.4">{body}</table>'

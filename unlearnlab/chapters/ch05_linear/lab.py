"""Where do the original, its projection and the retrained model stand when the forget point
moves?"""

import math
from types import SimpleNamespace

import torch
import torch.nn.functional as F

from ...course.lab import SliderLab, check, table
from ...theory import linear
from .pictures import REACH, space

X_RETAIN = torch.tensor([[1.2, 0.3, 0.2], [0.1, 1.1, 0.5]], dtype=torch.float64)
FIRST, NORMAL = F.normalize(torch.stack([X_RETAIN[0], torch.linalg.cross(*X_RETAIN)]))
SECOND = torch.linalg.cross(NORMAL, FIRST)  # orthonormal; the first two lie in the retain span
Y_RETAIN = torch.tensor([1.0, 0.5], dtype=torch.float64)
LENGTH = 1.4  # of the forget input
NOTHING = 1e-9  # shorter than this is rounding
CONTROLS = {
    "heading": ("heading", 75, 0, 360, 5),
    "tilt": ("tilt", 50, -90, 90, 5),
    "label": ("forget label", 2.0, -1.5, 2.5, 0.1),
    "retained": ("retain inputs", 2, 1, 2),
    "azimuth": ("azimuth", -20, -180, 180, 5),
    "elevation": ("elevation", 30, -90, 90, 5),
}


def scene(heading: float = 75, tilt: float = 50, label: float = 2.0, retained: int = 2):
    """One forget point, moved, beside the retain set, and the three models.

    The forget input has a fixed length. heading: the angle in degrees between its foot in the plane
    of the two retain inputs and the first of them; tilt: of the input out of the plane. label: its
    label. retained: how many of the two inputs are retained, 1 or 2.

    Returns a namespace; tensors are (3,), float64, but for the first two:

    X_retain, basis      (retained, 3): the retain inputs, and an orthonormal basis of their span
    x_forget, x_foot     the forget input, and its part in the span
    original             minimum norm on all of D; least squares where nothing fits
    unlearned            the original projected on the retain span
    retrained            minimum norm on the retain set
    leak, distance       |original - unlearned| and |unlearned - retrained|, numbers
    fits                 whether the original interpolates D

    Raises ValueError for what CONTROLS do not offer.
    """
    check(CONTROLS, heading=heading, tilt=tilt, label=label, retained=retained)
    turn, lift = math.radians(heading), math.radians(tilt)
    along = math.cos(turn) * FIRST + math.sin(turn) * SECOND
    x = LENGTH * (math.cos(lift) * along + math.sin(lift) * NORMAL)
    X, y = X_RETAIN[:retained], Y_RETAIN[:retained]
    whole, labels = torch.cat([X, x[None]]), torch.cat([y, y.new_tensor([label])])
    original, retrained = linear.min_norm(whole, labels), linear.min_norm(X, y)
    unlearned = linear.unlearn(original, X)
    residual = (whole @ original - labels).abs().max()
    return SimpleNamespace(
        X_retain=X,
        basis=torch.stack([FIRST, SECOND])[:retained],
        x_forget=x,
        x_foot=linear.unlearn(x, X),
        original=original,
        unlearned=unlearned,
        retrained=retrained,
        leak=float((original - unlearned).norm()),
        distance=float((unlearned - retrained).norm()),
        fits=bool(residual < NOTHING * (1 + original.norm())),
    )


class LinearLab(SliderLab):
    """Sliders move the forget point and turn the picture. `shown` is the `scene` in the picture."""

    panels = {"size": (7.6, 4.7), "subplot_kw": {"projection": "3d"}}
    legend = {"loc": "outside left center", "labelspacing": 1.2}
    offers = CONTROLS

    def compute(self, azimuth, elevation, **values):
        return scene(**values)

    def picture(self, ax, shown):
        space(ax, shown)
        ax.view_init(self.elevation.value, self.azimuth.value)

    def sentence(self, shown):
        return (
            f"The original, of length {_number(shown.original.norm())}, stands "
            f"{_number(shown.leak)} off the retain span; its projection and the retrained "
            f"model are {_number(shown.distance)} apart"
        )

    def note(self, shown):
        if not shown.fits:
            return (
                "No vector fits all points: the forget input lies in the retain span and its "
                "label contradicts the retain set. θ* is a least-squares compromise in the "
                "span, and projecting it changes nothing."
            )
        outside = " θ* is outside the picture." if shown.original.abs().max() > REACH else ""
        return f"Dot and ring coincide: the projection is the retrained model.{outside}"

    def table(self, shown):
        numbers = {
            "length of θ*": shown.original.norm(),
            "length of the projection": shown.unlearned.norm(),
            "length of the retrained": shown.retrained.norm(),
            "leak: θ* to projection": shown.leak,
            "projection to retrained": shown.distance,
            "forget label": self.label.value,
            "predicted by θ*": shown.x_forget @ shown.original,
            "predicted after": shown.x_forget @ shown.unlearned,
        }
        return table({name: [_number(value)] for name, value in numbers.items()})


def _number(value):
    return "0" if abs(value) < NOTHING else f"{value:.2f}"

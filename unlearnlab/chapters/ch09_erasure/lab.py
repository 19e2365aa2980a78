"""ErasureLab: a network is made to forget that there is color. What does it say of colored digits,
before and after?"""

import ipywidgets
import numpy as np
import torch

from ...course import style
from ...course.lab import WIDE
from ...course.unlearning_lab import ImageLab
from ...data.tint import tint
from ...networks.predict import outputs
from ...tasks import erasure

LONGEST = 10  # letters of a class's name that fit under an image
PICTURE, BEFORE, AFTER = 0.29, 0.69, 0.85  # the middles of an image and two lines in a row of 1


class ErasureLab(ImageLab):
    """The lab of label erasure. Every slider of the method reruns the unlearning in a thread, drawn
    epoch by epoch.

    Arguments: as in ImageLab.
    """

    experiment, row = erasure, "erasure"
    size = 10, 4.9
    summary = (
        "ErasureLab: run the notebook to choose seed, method, epochs and hyperparameters with "
        "sliders"
    )
    judged = "retain_accuracy", "forget_error"
    columns = {
        "retain accuracy": "{retain_accuracy:.3f}",
        "forget error": "{forget_error:.3f}",
        "red and green: right and gray": "{unlearning:.3f}",
    }

    def prepare(self, stop):
        images = erasure.images(*self.source, stop=stop)
        self.tests = images.test.tensors
        self.classes = [
            name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…" for name in images.classes
        ]
        self.shown = 4 if max(map(len, self.classes)) == 1 else 3  # names take more room
        zoom = ipywidgets.Checkbox(value=False, description="zoom on the ground truth", **WIDE)
        return {"images": ("test images", 1, 1, len(self.tests[1]) // self.shown), "zoom": zoom}

    def draw(self):
        places = {"left": 0.08, "right": 0.985, "bottom": 0.12, "top": 0.86, "wspace": 0.17}
        page, plane = self.figure.subplots(1, 2, width_ratios=(5.5, 4), gridspec_kw=places)
        some = slice((self.images.value - 1) * self.shown, self.images.value * self.shown)
        pixels, labels = (tensor[some] for tensor in self.tests)
        self.pixels = torch.cat([tint(pixels, color) for color in erasure.COLORS.values()])
        self.labels = labels.repeat(len(erasure.COLORS))
        for i, image in enumerate(self.pixels):
            x, row = self._place(i)
            place = x - 0.08, x + 0.08, row + 2 * PICTURE, row
            colors = image.permute(1, 2, 0).numpy()
            page.imshow(colors, extent=place, aspect="auto", interpolation="nearest")
        self.right = self._say(page, BEFORE, self.task.original)
        title = "✓ the right class, and “gray”. The number is p(gray)."
        page.set(xlim=(0, 1), ylim=(len(erasure.COLORS), 0), xticks=[], title=title)
        lines = np.add.outer(range(len(erasure.COLORS)), (PICTURE, BEFORE, AFTER))
        words = [word for name in erasure.COLORS for word in (name, "before", "after")]
        page.set_yticks(lines.flatten(), words)
        page.tick_params(length=0)
        page.spines[:].set_visible(False)
        page.grid(False)
        models = self.start_metrics, self.truth_metrics
        self.places = [metrics and self.place(metrics) for metrics in models] + [(1, 0)]
        for (name, look), place in zip(style.REFERENCES.items(), self.places):
            if place:
                plane.plot([], [], label=name, **look)
        plane.legend(loc="upper left")
        limits = {"xlim": (-0.02, 1.04), "ylim": (-0.09, 1.02)}
        if self.zoom.value:
            truth = self.truth_metrics or self.start_metrics
            left = min(0.78, truth["retain_accuracy"] - 0.15)  # easy: at the ideal
            limits = {"xlim": (left, left + 0.25), "ylim": (-0.025, 0.27)}
        plane.set(xlabel="retain accuracy (gray test images)", ylabel="forget error", **limits)

    def move(self, model):
        page, plane = self.figure.axes
        right = self._say(page, AFTER, model) if model else self.right
        for look, place in zip(style.REFERENCES.values(), self.places):
            if place:
                plane.plot(*place, **look)
        self.move_run(plane)
        run, now, _ = self.titles()
        accuracy, error = self.track[0]
        return (
            f"Label erasure by {run}, {now}; the original has {accuracy:.3f}, {error:.3f}. Of "
            f"{len(self.pixels)} test images, in gray, red and green, {right} are called gray with "
            "the right class."
        )

    def _place(self, i):
        """The middle of image number i, and its row."""
        row, column = divmod(i, self.shown)
        return (column + 0.5) / self.shown, row

    def _say(self, page, down, model):
        """A line under every image, what a model says of it: the content, the color, and its
        probability of gray. Returns of how many it is right, and calls them gray."""
        content, color = (logits.cpu() for logits in outputs(model, self.pixels))
        gray, names = color.softmax(1)[:, 0], list(erasure.COLORS)
        content, color = content.argmax(1), color.argmax(1)
        right = (content == self.labels) & (color == 0)
        for i, (one, shade, p) in enumerate(zip(content, color, gray)):
            x, row = self._place(i)
            mark, ink = ("✓", style.BLACK) if right[i] else ("✗", style.VERMILLION)
            words = f"{mark} {self.classes[one]} {names[shade]} {p:.2f}"
            page.text(x, row + down, words, color=ink, ha="center", va="center", fontsize=9)
        return int(right.sum())

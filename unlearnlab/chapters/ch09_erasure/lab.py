"""ErasureLab: a network is made to forget that there is color. What does it say of colored digits,
before and after?"""

import ipywidgets
import numpy as np
import torch

from ... import methods
from ...course import style
from ...course.lab import STYLE, WIDE, slider
from ...course.unlearning_lab import UnlearningLab
from ...data.tint import tint
from ...networks.predict import outputs
from ...tasks import erasure
from .pictures import REFERENCES

LONGEST = 10  # letters of a class's name that fit under an image
PICTURE, LINES = 0.29, (0.69, 0.85)  # the middles of an image and of two lines in a row of height 1


class ErasureLab(UnlearningLab):
    """The lab of label erasure. Every slider of the method reruns the unlearning in a thread, drawn
    epoch by epoch.

    Arguments: as in UnlearningLab, epochs 5 by default. `settings`: good ones on digits for T = 5
    among a few tried on seeds 2 and 3; elsewhere they are where to start.
    """

    experiment = erasure
    usual, size = 5, (10, 4.9)
    summary = (
        "ErasureLab: run the notebook to choose seed, method, epochs and hyperparameters with "
        "sliders"
    )
    judged = "retain_accuracy", "forget_error"
    columns = {
        "retain accuracy": "retain_accuracy",
        "forget error": "forget_error",
        "red and green: right and gray": "unlearning",
    }
    settings = {
        method.name: method
        for method in (
            methods.MinNormOG(lr=3e-3, reg=0.03, reg_decay=0.5, descent_epochs=4),
            methods.GD(lr=4e-3),
            methods.NGP(lr=3e-3, ascent=0.03),
            methods.NegGrad(lr=3e-3, ascent=0.03),
            methods.Ridge(lr=5e-3, reg=0.003),
            methods.L1Sparse(lr=1e-2, reg=1e-3),
            methods.SCRUB(lr=3e-3, ascent=0.01),
            methods.SalUn(lr=5e-3, ascent=0.01),
            methods.KLUnif(lr=5e-3, reg=0.03),
            methods.NPO(lr=2e-3, reg=1),
            methods.GA(lr=3e-4),
            methods.NGD(lr=1e-2, noise=0.01),
            methods.Retrain(lr=1e-2),
        )
    }

    def prepare(self, images):
        self.tests = images.test.tensors
        short = lambda name: name if len(name) <= LONGEST else f"{name[: LONGEST - 1]}…"
        self.classes = [short(name) for name in images.classes]
        self.shown = 4 if max(map(len, self.classes)) == 1 else 3  # names take more room
        zoom = {"description": "zoom on the ground truth", "style": STYLE, "layout": WIDE}
        return {
            "images": slider("test images", 1, 1, len(self.tests[1]) // self.shown),
            "zoom": ipywidgets.Checkbox(value=False, **zoom),
        }

    def draw(self, model):
        places = {"left": 0.08, "right": 0.985, "bottom": 0.12, "top": 0.86, "wspace": 0.17}
        page, plane = self.figure.subplots(1, 2, width_ratios=(5.5, 4), gridspec_kw=places)
        said = [self._said(each) for each in (self.task.original, model) if each]
        self._draw_page(page, said)
        trained = map(self.place, (self.start_metrics, self.truth_metrics))
        for name, place in zip(REFERENCES, (*trained, (1, 0))):
            plane.plot(*place, label=name, **REFERENCES[name])
        self.draw_run(plane, lambda way: way)
        plane.legend(loc="upper left")
        plane.set(xlabel="retain accuracy (gray test images)", ylabel="forget error")
        plane.set(xlim=(-0.02, 1.04), ylim=(-0.09, 1.02))
        if self.zoom.value:
            left = min(0.78, self.truth_metrics["retain_accuracy"] - 0.15)  # easy: at the ideal
            plane.set(xlim=(left, left + 0.25), ylim=(-0.025, 0.27))
        right = sum(right for right, _ in said[-1]) if model else 0
        run, now, _ = self.titles()
        accuracy, error = self.track[0]
        return (
            f"Label erasure by {run}, {now}; the original has {accuracy:.3f}, {error:.3f}. Of "
            f"{len(said[0])} test images, in gray, red and green, {right} are called gray with the "
            "right class."
        )

    def _draw_page(self, page, said):
        """Rows of images, each of one color; under each image two lines, what was said of it."""
        for i, (pixels, *captions) in enumerate(zip(self._shown()[0], *said)):
            row, column = divmod(i, self.shown)
            x = (column + 0.5) / self.shown
            place = {"extent": (x - 0.08, x + 0.08, row + 2 * PICTURE, row), "aspect": "auto"}
            page.imshow(pixels.permute(1, 2, 0).numpy(), interpolation="nearest", **place)
            for down, (right, words) in zip(LINES, captions):
                color = style.BLACK if right else style.VERMILLION
                centered = {"ha": "center", "va": "center", "fontsize": 9}
                page.text(x, row + down, words, color=color, **centered)
        page.set(xlim=(0, 1), ylim=(len(erasure.COLORS), 0), xticks=[])
        page.set_title("✓ the right class, and “gray”. The number is p(gray).")
        lines = np.add.outer(range(len(erasure.COLORS)), (PICTURE, *LINES))
        words = [word for name in erasure.COLORS for word in (name, "before", "after")]
        page.set_yticks(lines.flatten(), words)
        page.tick_params(length=0)
        page.spines[:].set_visible(False)
        page.grid(False)

    def _shown(self):
        """Pixels (colors * shown, 3, h, w) uint8 of the chosen test images, one color after the
        other, and their labels."""
        some = slice((self.images.value - 1) * self.shown, self.images.value * self.shown)
        pixels, labels = (tensor[some] for tensor in self.tests)
        painted = torch.cat([tint(pixels, color) for color in erasure.COLORS.values()])
        return painted, labels.repeat(len(erasure.COLORS))

    def _said(self, model):
        """Per shown image: whether the model has the content right and calls it gray, and its
        answer in words."""
        pixels, labels = self._shown()
        content, color = (logits.cpu() for logits in outputs(model, pixels))
        names, gray, said = list(erasure.COLORS), color.softmax(1)[:, 0], []
        for one, shade, p, label in zip(content.argmax(1), color.argmax(1), gray, labels):
            right = bool(one == label and shade == 0)
            answer = f"{self.classes[one]} {names[shade]} {p:.2f}"
            said.append((right, f"{'✓' if right else '✗'} {answer}"))
        return said

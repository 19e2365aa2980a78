"""ErasureLab: a network is made to forget that there is color. What does it say of colored digits,
before and after?"""

import ipywidgets
import torch

from ... import methods
from ...course.image_labs import ErasurePicture
from ...course.lab import STYLE, WIDE, slider
from ...course.unlearning_lab import UnlearningLab
from ...data.tint import tint
from ...networks.predict import outputs
from ...tasks import erasure

LONGEST = 10  # letters of a class's name that fit under an image


class ErasureLab(UnlearningLab):
    """The lab of label erasure. Every slider of the method reruns the unlearning in a thread, drawn
    epoch by epoch.

    Arguments: as in UnlearningLab, epochs 5 by default. `settings`: good ones on digits for T = 5
    among a few tried on seeds 2 and 3; elsewhere they are where to start.
    """

    experiment = erasure
    usual = 5
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
        single = max(map(len, self.classes)) == 1
        self.kind, self.shown = ("digit", 4) if single else ("class", 3)  # names take more room
        self.images = slider("test images", 1, 1, len(self.tests[1]) // self.shown)
        words = {"description": "zoom on the ground truth", "style": STYLE, "layout": WIDE}
        self.zoom = ipywidgets.Checkbox(value=False, **words)
        for control in (self.images, self.zoom):
            control.observe(lambda change: self.look(background=True), "value")
        return ErasurePicture(self.shown, list(erasure.COLORS), self.kind), self.images, self.zoom

    def draw_task(self):
        pixels, _ = self._shown()
        original, ground_truth = map(self.place, (self.start_metrics, self.truth_metrics))
        said = self._said(self.task.original)
        self.picture.show_images(pixels.permute(0, 2, 3, 1).numpy(), said)
        self.picture.show_references(original, ground_truth, self.zoom.value)

    def draw(self, model):
        said = [] if model is None else self._said(model)
        self.picture.frame(said, self.track, self.previous[1], self.titles())
        accuracy, error = self.track[0]
        return (
            f"Label erasure by {', '.join(self.titles()[:2])}; the original has {accuracy:.3f}, "
            f"{error:.3f}. Of {len(said)} test images, in gray, red and green, "
            f"{sum(right for right, _ in said)} are called gray with the right {self.kind}."
        )

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
        names, said = list(erasure.COLORS), []
        for digit, shade, p, label in zip(
            content.argmax(1), color.argmax(1), color.softmax(1)[:, 0], labels
        ):
            right = bool(digit == label and shade == 0)
            answer = f"{self.classes[digit]} {names[shade]} {p:.2f}"
            said.append((right, f"{'✓' if right else '✗'} {answer}"))
        return said

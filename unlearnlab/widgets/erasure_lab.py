"""ErasureLab: a network is made to forget that there is color. What does it say of colored digits, before and after?"""
from pathlib import Path

import ipywidgets
import torch

from ..data.tint import tint
from ..experiments import erasure
from ..experiments.outputs import outputs
from ..figures.image_labs import ErasurePicture
from ..methods import GA, GD, NGD, NGP, NPO, SCRUB, KLUnif, L1Sparse, MinNormOG, NegGrad, Retrain, Ridge, SalUn
from .lab import STYLE, WIDE
from .unlearning_lab import UnlearningLab

LONGEST = 10  # letters of a class's name that fit under an image


class ErasureLab(UnlearningLab):
    """The lab of label erasure. Every slider of the method reruns the unlearning in a thread, drawn epoch by epoch.

    seed: 1 to 5. method: any of ul.METHODS. epochs: T, 1 to 20. dataset, preset, device, folder: as in ul.erasure.task. Models that
    are not there yet are trained at first use, in the thread; the lab says how far that is, and Stop keeps what was done.
    Choosing a method sets its hyperparameters to those of `settings`, good ones on digits for T = 5 among a few tried on seeds 2
    and 3; elsewhere they are where to start.
    """

    experiment = erasure
    summary = "ErasureLab: run the notebook to choose seed, method, epochs and hyperparameters with sliders"
    columns = {"retain accuracy": "retain_accuracy", "forget error": "forget_error", "red and green: right and gray": "unlearning"}
    settings = {method.name: method for method in (
        MinNormOG(lr=3e-3, reg=.03, reg_decay=.5, descent_epochs=4), GD(lr=4e-3), NGP(lr=3e-3, ascent=.03), NegGrad(lr=3e-3, ascent=.03),
        Ridge(lr=5e-3, reg=.003), L1Sparse(lr=1e-2, reg=1e-3), SCRUB(lr=3e-3, ascent=.01), SalUn(lr=5e-3, ascent=.01),
        KLUnif(lr=5e-3, reg=.03), NPO(lr=2e-3, reg=1), GA(lr=3e-4), NGD(lr=1e-2, noise=.01), Retrain(lr=1e-2))}

    def __init__(self, seed: int = 1, method: str = "MinNorm-OG", epochs: int = 5, *, dataset: str = "digits", preset: str = "quick",
                 device: str = "cpu", folder: Path | None = None):
        super().__init__(seed, method, epochs, dataset, preset, device, folder)

    def prepare(self, images):
        self.tests, self.classes = images.test.tensors, [_short(name) for name in images.classes]
        self.kind, self.shown = ("digit", 4) if max(map(len, self.classes)) == 1 else ("class", 3)  # images a row: names take more room
        self.images = ipywidgets.IntSlider(value=1, min=1, max=len(self.tests[1]) // self.shown, description="test images", style=STYLE,
                                          layout=WIDE)
        self.zoom = ipywidgets.Checkbox(value=False, description="zoom on the ground truth", style=STYLE, layout=WIDE)
        for control in (self.images, self.zoom):
            control.observe(lambda change: self._look(background=True), "value")
        return ErasurePicture(self.shown, list(erasure.COLORS), self.kind), self.images, self.zoom

    def draw_task(self):
        pixels, _ = self._shown()
        self.picture.show_images(pixels.permute(0, 2, 3, 1).numpy(), self._said(self.task.original))
        self.picture.show_references(self.place(self.start_metrics), self.place(self.truth_metrics), self.zoom.value)

    def draw(self, model, background=False):
        said = [] if model is None else self._said(model)
        accuracy, error = self.track[-1]
        name, way = self.previous
        titles = [f"{self.under_way}, epoch {len(self.track) - 1}", f"retain accuracy {accuracy:.3f}, forget error {error:.3f}",
                  f"gray, dashed: the run before, {name}, {way[-1][0]:.3f}, {way[-1][1]:.3f}" if way else ""]
        self.picture.frame(said, self.track, way, titles)
        (before, wrong), right = self.track[0], sum(right for right, _ in said)
        self.canvas.describe(f"Label erasure by {', '.join(titles[:2])}; the original has {before:.3f}, {wrong:.3f}. Of {len(said)} test "
                             f"images, in gray, red and green, {right} are called gray with the right {self.kind}.")
        self.canvas.background() if background else self.canvas.draw()

    def place(self, metrics):
        return metrics["retain_accuracy"], metrics["forget_error"]

    def _shown(self):
        """Pixels (colors * shown, 3, h, w) uint8 of the chosen test images, one color after the other, and their labels."""
        some = slice((self.images.value - 1) * self.shown, self.images.value * self.shown)
        pixels, labels = (tensor[some] for tensor in self.tests)
        return torch.cat([tint(pixels, color) for color in erasure.COLORS.values()]), labels.repeat(len(erasure.COLORS))

    def _said(self, model):
        """Per shown image: whether the model has the content right and calls it gray, and its answer in words."""
        pixels, labels = self._shown()
        content, color = outputs(model, pixels)
        names, gray = list(erasure.COLORS), color.softmax(1)[:, 0].tolist()
        answers = zip(content.argmax(1).tolist(), color.argmax(1).tolist(), gray, labels.tolist())
        return [_answer(self.classes[said], names[c], p, said == label and c == 0) for said, c, p, label in answers]


def _answer(content, color, p, right):
    return right, f"{'✓' if right else '✗'} {content} {color} {p:.2f}"


def _short(name):
    return name if len(name) <= LONGEST else f"{name[:LONGEST - 1]}…"

"""ErasureLab: a network is made to forget that there is color. What does it say of colored digits, before and after?"""
import ipywidgets
import torch

from ..data.tint import tint
from ..experiments import erasure
from ..experiments.outputs import outputs
from ..figures.image_labs import ErasurePicture
from ..methods import GA, GD, NGD, NGP, NPO, SCRUB, KLUnif, L1Sparse, MinNormOG, NegGrad, Retrain, Ridge, SalUn
from .canvas import Canvas
from .lab import STYLE, WIDE
from .unlearning_lab import UnlearningLab

COLUMNS = 4


class ErasureLab(UnlearningLab):
    """The lab of label erasure, on digits. Every slider of the method reruns the unlearning in a thread, drawn epoch by epoch.

    seed: 1 to 5. method: any of ul.METHODS. epochs: T, 1 to 20.
    Choosing a method sets its hyperparameters to those of `settings`, good ones for T = 5 among a few tried on seeds 2 and 3.
    """

    summary = "ErasureLab: run the notebook to choose seed, method, epochs and hyperparameters with sliders"
    columns = {"retain accuracy": "retain_accuracy", "forget error": "forget_error", "red and green: right and gray": "unlearning"}
    settings = {method.name: method for method in (
        MinNormOG(lr=3e-3, reg=.03, reg_decay=.5, descent_epochs=4), GD(lr=4e-3), NGP(lr=3e-3, ascent=.03), NegGrad(lr=3e-3, ascent=.03),
        Ridge(lr=5e-3, reg=.003), L1Sparse(lr=1e-2, reg=1e-3), SCRUB(lr=3e-3, ascent=.01), SalUn(lr=5e-3, ascent=.01),
        KLUnif(lr=5e-3, reg=.03), NPO(lr=2e-3, reg=1), GA(lr=3e-4), NGD(lr=1e-2, noise=.01), Retrain(lr=1e-2))}

    def __init__(self, seed: int = 1, method: str = "MinNorm-OG", epochs: int = 5):
        super().__init__(seed, method, epochs)
        self.tests = erasure.images().test.tensors
        groups = len(self.tests[1]) // COLUMNS
        self.images = ipywidgets.IntSlider(value=1, min=1, max=groups, description="test images", style=STYLE, layout=WIDE)
        self.zoom = ipywidgets.Checkbox(value=False, description="zoom on the ideal corner", style=STYLE, layout=WIDE)
        self.picture = ErasurePicture(COLUMNS, list(erasure.COLORS))
        self.canvas = Canvas(self.picture.figure, self.picture.moving, "Colored digits and what the network says of them")
        for control in (self.images, self.zoom):
            control.observe(lambda change: self._look(background=True), "value")
        self._assemble(self.images, self.zoom)

    def load(self, seed):
        return erasure.task(seed=seed)

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
                             f"images, in gray, red and green, {right} are called gray with the right digit.")
        self.canvas.background() if background else self.canvas.draw()

    def place(self, metrics):
        return metrics["retain_accuracy"], metrics["forget_error"]

    def _shown(self):
        """Pixels (colors * COLUMNS, 3, h, w) uint8 of the chosen test images, one color after the other, and their labels."""
        some = slice((self.images.value - 1) * COLUMNS, self.images.value * COLUMNS)
        pixels, labels = (tensor[some] for tensor in self.tests)
        return torch.cat([tint(pixels, color) for color in erasure.COLORS.values()]), labels.repeat(len(erasure.COLORS))

    def _said(self, model):
        """Per shown image: whether the model has the digit right and calls it gray, and its answer in words."""
        pixels, labels = self._shown()
        content, color = outputs(model, pixels)
        names, gray = list(erasure.COLORS), color.softmax(1)[:, 0].tolist()
        answers = zip(content.argmax(1).tolist(), color.argmax(1).tolist(), gray, labels.tolist())
        return [_answer(digit, names[c], p, digit == label and c == 0) for digit, c, p, label in answers]


def _answer(digit, color, p, right):
    return right, f"{'✓' if right else '✗'} {digit} {color} {p:.2f}"

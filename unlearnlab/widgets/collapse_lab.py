"""CollapseLab: a network is made to forget the images whose color misleads. Does it then go by the color of whatever it is shown?"""
from pathlib import Path

import ipywidgets

from ..data.tint import CLASS_COLORS, tint
from ..experiments import collapse
from ..experiments.outputs import outputs
from ..figures.image_labs import CollapsePicture
from ..methods import GA, GD, NGD, NGP, NPO, SCRUB, KLUnif, L1Sparse, MinNormOG, NegGrad, Retrain, Ridge, SalUn
from .lab import STYLE, WIDE
from .unlearning_lab import UnlearningLab

NAMES = ["red", "green", "blue", "yellow", "magenta", "cyan", "orange", "violet", "gray", "teal"]  # of CLASS_COLORS
BORDER = "2px solid {}"  # of a color's button: black around the one that is painted


class CollapseLab(UnlearningLab):
    """The lab of representation collapse. Paint a test image any of the ten class colors and read what the models say.

    seed: 1 to 5. method: any of ul.METHODS. epochs: T, 1 to 20. dataset, preset, device, folder: as in ul.collapse.task. Models that
    are not there yet are trained at first use, in the thread; the lab says how far that is, and Stop keeps what was done.
    Choosing a method sets its hyperparameters to those of `settings`, good ones on digits for T = 15 among a few tried on seeds 2
    and 3; elsewhere they are where to start.
    `painted`: the class whose color the image has now; `paint(color)` changes it, as the buttons do.
    """

    experiment = collapse
    summary = "CollapseLab: run the notebook to paint a digit and to choose seed, method, epochs and hyperparameters"
    columns = {"color accuracy": "color_accuracy", "where content disagrees": "unlearning", "where it agrees": "utility"}
    settings = {method.name: method for method in (
        MinNormOG(lr=1e-2, reg=.1, reg_decay=.5, n_pert=32, descent_epochs=10), GD(lr=2e-2), NGP(lr=1e-2, ascent=.1),
        NegGrad(lr=1e-2, ascent=.1), Ridge(lr=1e-2, reg=.003), L1Sparse(lr=2e-2, reg=1e-3), SCRUB(lr=1e-2, ascent=.1, descent_epochs=5),
        SalUn(lr=1e-2, ascent=.3), KLUnif(lr=1e-2, reg=.1), NPO(lr=3e-4, reg=1), GA(lr=3e-4), NGD(lr=2e-2, noise=.01), Retrain(lr=5e-3))}

    def __init__(self, seed: int = 1, method: str = "MinNorm-OG", epochs: int = 15, *, dataset: str = "digits", preset: str = "quick",
                 device: str = "cpu", folder: Path | None = None):
        super().__init__(seed, method, epochs, dataset, preset, device, folder)

    def prepare(self, images):
        (self.pixels, self.labels), self.classes, self.painted = images.test.tensors, images.classes, 7
        self.digits, examples = max(map(len, self.classes)) == 1, int(self.labels.bincount().min())
        self.content = ipywidgets.SelectionSlider(options=[(name, i) for i, name in enumerate(self.classes)], value=3,
                                                  description="digit" if self.digits else "class", style=STYLE, layout=WIDE)
        self.example = ipywidgets.IntSlider(value=1, min=1, max=examples, description="example", style=STYLE, layout=WIDE)
        self.colors = [self._button(color) for color in range(len(NAMES))]
        for slider in (self.content, self.example):
            slider.observe(lambda change: self._look(background=False), "value")
        right = {"display": "flex", "justify_content": "flex-end"}
        label = ipywidgets.Label("paint it", layout=ipywidgets.Layout(width=STYLE["description_width"], **right))
        rows = [f"{color}  {name}" if self.digits else name for color, name in zip(NAMES, self.classes)]
        picture = CollapsePicture(rows, CLASS_COLORS.numpy(), self.classes)
        return picture, self.content, self.example, ipywidgets.HBox([label, *self.colors])

    def paint(self, color: int) -> None:
        """Paints the image in the color of this class, 0 to 9. Raises ValueError for anything else."""
        if isinstance(color, bool) or color not in range(len(NAMES)):
            raise ValueError(f"color must be the number of a class, 0 to {len(NAMES) - 1}, got {color!r}")
        self.colors[self.painted].layout.border = BORDER.format("transparent")
        self.painted = color
        self.colors[color].layout.border = BORDER.format("black")
        self._look(background=False)

    def draw_task(self):
        self.picture.show_references(*(self.place(m) for m in (self.start_metrics, self.truth_metrics)), self._staged[1])

    def draw(self, model, background=False):
        content, color = self.content.value, self.painted
        image = tint(self.pixels[self.labels == content][self.example.value - 1][None], CLASS_COLORS[color])
        models = self.task.original, model, self.task.ground_truth
        said = [None if m is None else outputs(m, image)[0].softmax(1)[0].cpu().numpy() for m in models]
        name, way = self.previous
        titles = [f"{self.under_way}, epoch {len(self.track) - 1}", f"color accuracy {self.track[-1]:.3f}",
                  f"dashed: the run before, {name}, {way[-1]:.3f}" if way else ""]
        caption = f"content: {self.classes[content]}\ncolor: {NAMES[color]},\nthat of {self._class(color)}"
        self.picture.frame(image[0].permute(1, 2, 0).numpy(), content, color, caption, said, self.track, way, titles)
        words = [f"the {name} says {self.classes[p.argmax()]}" for name, p in zip(("original", "unlearned model", "ground truth"), said) if p is not None]
        shown = f"A {content}" if self.digits else f"Content {self.classes[content]}"
        self.canvas.describe(f"{shown} in {NAMES[color]}, the color of {self._class(color)}: {', '.join(words)}. Representation "
                             f"collapse by {titles[0]}: {titles[1]}, of the original {self.track[0]:.3f}.")
        self.canvas.background() if background else self.canvas.draw()

    def place(self, metrics):
        return metrics["color_accuracy"]

    def _class(self, color):
        """The class of a color in words."""
        return f"class {color}" if self.digits else self.classes[color]

    def _button(self, color):
        red, green, blue = CLASS_COLORS[color].tolist()
        ink = "black" if .299 * red + .587 * green + .114 * blue > 120 else "white"
        border = BORDER.format("black" if color == self.painted else "transparent")
        made = ipywidgets.Button(description=str(color), tooltip=f"paint it {NAMES[color]}, the color of {self._class(color)}",
                                 style={"button_color": f"#{red:02x}{green:02x}{blue:02x}", "text_color": ink},
                                 layout=ipywidgets.Layout(width="32px", padding="0", border=border))
        made.on_click(lambda button: self.paint(color))
        return made

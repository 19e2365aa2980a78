"""CollapseLab: a network is made to forget the images whose color misleads. Does it then go by the
color of whatever it is shown?"""

import ipywidgets

from ... import methods
from ...course.image_labs import CollapsePicture
from ...course.lab import STYLE, choice, slider
from ...course.unlearning_lab import UnlearningLab
from ...data.tint import CLASS_COLORS, tint
from ...ground.checks import integer
from ...networks.predict import outputs
from ...tasks import collapse

NAMES = "red green blue yellow magenta cyan orange violet gray teal".split()  # of CLASS_COLORS
BORDER = "2px solid {}"  # of a color's button: black around the one that is painted


class CollapseLab(UnlearningLab):
    """The lab of representation collapse. Paint a test image any of the ten class colors and read
    what the models say.

    Arguments: as in UnlearningLab, epochs 15 by default. `settings`: good ones on digits for T = 15
    among a few tried on seeds 2 and 3; elsewhere they are where to start. `painted`: the class
    whose color the image has now; `paint(color)` changes it, as the buttons do.
    """

    experiment = collapse
    usual = 15
    summary = (
        "CollapseLab: run the notebook to paint a digit and to choose seed, method, epochs and "
        "hyperparameters"
    )
    judged = ("color_accuracy",)
    columns = {
        "color accuracy": "color_accuracy",
        "where content disagrees": "unlearning",
        "where it agrees": "utility",
    }
    settings = {
        method.name: method
        for method in (
            methods.MinNormOG(lr=1e-2, reg=0.1, reg_decay=0.5, n_pert=32, descent_epochs=10),
            methods.GD(lr=2e-2),
            methods.NGP(lr=1e-2, ascent=0.1),
            methods.NegGrad(lr=1e-2, ascent=0.1),
            methods.Ridge(lr=1e-2, reg=0.003),
            methods.L1Sparse(lr=2e-2, reg=1e-3),
            methods.SCRUB(lr=1e-2, ascent=0.1, descent_epochs=5),
            methods.SalUn(lr=1e-2, ascent=0.3),
            methods.KLUnif(lr=1e-2, reg=0.1),
            methods.NPO(lr=3e-4, reg=1),
            methods.GA(lr=3e-4),
            methods.NGD(lr=2e-2, noise=0.01),
            methods.Retrain(lr=5e-3),
        )
    }

    def prepare(self, images):
        (self.pixels, self.labels), self.classes, self.painted = (
            images.test.tensors,
            images.classes,
            7,
        )
        self.digits = max(map(len, self.classes)) == 1
        options = [(name, i) for i, name in enumerate(self.classes)]
        self.content = choice("digit" if self.digits else "class", 3, options)
        self.example = slider("example", 1, 1, int(self.labels.bincount().min()))
        for control in (self.content, self.example):
            control.observe(lambda change: self.look(), "value")
        self.colors = [self._button(color) for color in range(len(NAMES))]
        self._mark("black")
        right = {"display": "flex", "justify_content": "flex-end"}
        layout = ipywidgets.Layout(width=STYLE["description_width"], **right)
        row = ipywidgets.HBox([ipywidgets.Label("paint it", layout=layout), *self.colors])
        named = zip(NAMES, self.classes)
        rows = [f"{color}  {name}" if self.digits else name for color, name in named]
        picture = CollapsePicture(rows, CLASS_COLORS.numpy(), self.classes)
        return picture, self.content, self.example, row

    def paint(self, color: int) -> None:
        """Paints the image in the color of this class, 0 to 9. Raises ValueError for others."""
        color = integer("color", color, low=0, high=len(NAMES) - 1)
        self._mark("transparent")
        self.painted = color
        self._mark("black")
        self.look()

    def draw_task(self):
        (original,), (ground_truth,) = map(self.place, (self.start_metrics, self.truth_metrics))
        self.picture.show_references(original, ground_truth, self.epochs.value)

    def draw(self, model):
        content, color = self.content.value, self.painted
        pixels = self.pixels[self.labels == content][self.example.value - 1]
        image = tint(pixels[None], CLASS_COLORS[color])
        models = self.task.original, model, self.task.ground_truth
        said = [m and outputs(m, image)[0].softmax(1)[0].cpu().numpy() for m in models]
        caption = f"content: {self.classes[content]}\ncolor: {NAMES[color]},\nthat of "
        painted = image[0].permute(1, 2, 0).numpy(), content, color, caption + self._class(color)
        ways = [[(i, *place) for i, place in enumerate(w)] for w in (self.track, self.previous[1])]
        titles = self.titles()
        self.picture.frame(*painted, said, *ways, titles)
        named = zip(("original", "unlearned model", "ground truth"), said)
        words = [f"the {n} says {self.classes[p.argmax()]}" for n, p in named if p is not None]
        shown = f"A {content}" if self.digits else f"Content {self.classes[content]}"
        return (
            f"{shown} in {NAMES[color]}, the color of {self._class(color)}: {', '.join(words)}. "
            f"Representation collapse by {titles[0]}: {titles[1]}, of the original "
            f"{self.track[0][0]:.3f}."
        )

    def _class(self, color):
        """The class of a color in words."""
        return f"class {color}" if self.digits else self.classes[color]

    def _mark(self, color):
        self.colors[self.painted].layout.border = BORDER.format(color)

    def _button(self, color):
        red, green, blue = CLASS_COLORS[color].tolist()
        ink = "black" if 0.299 * red + 0.587 * green + 0.114 * blue > 120 else "white"
        made = ipywidgets.Button(
            description=str(color),
            tooltip=f"paint it {NAMES[color]}, the color of {self._class(color)}",
            style={"button_color": f"#{red:02x}{green:02x}{blue:02x}", "text_color": ink},
            layout={"width": "32px", "padding": "0", "border": BORDER.format("transparent")},
        )
        made.on_click(lambda button: self.paint(color))
        return made

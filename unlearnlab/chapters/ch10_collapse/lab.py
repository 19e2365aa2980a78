"""CollapseLab: a network is made to forget the images whose color misleads. Does it then go by the
color of whatever it is shown?"""

from matplotlib.ticker import MaxNLocator

from ... import methods
from ...course import style
from ...course.lab import choice, slider
from ...course.marks import level
from ...course.unlearning_lab import UnlearningLab
from ...data.tint import CLASS_COLORS, tint
from ...networks.predict import outputs
from ...tasks import collapse

NAMES = "red green blue yellow magenta cyan orange violet gray teal".split()  # of CLASS_COLORS
# of the image, three panels of bars, and the run: left, bottom, width, height
PLACES = (
    (0.01, 0.4, 0.14, 0.31),
    *((x, 0.13, 0.105, 0.7) for x in (0.26, 0.385, 0.51)),
    (0.755, 0.13, 0.23, 0.7),
)
CUES = {
    (True, True): "both",
    (True, False): "the content",
    (False, True): "the color",
    (False, False): "neither",
}  # what a model goes by: whether it names the class of the content, of the color


class CollapseLab(UnlearningLab):
    """The lab of representation collapse. Paint a test image any of the ten class colors and read
    what the models say.

    Arguments: as in UnlearningLab, epochs 15 by default. `settings`: good ones on digits for T = 15
    among a few tried on seeds 2 and 3; elsewhere they are where to start.
    """

    experiment = collapse
    usual, size = 15, (10, 4.6)
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
        (self.pixels, self.labels), self.classes = images.test.tensors, images.classes
        self.names = [f"{color} {name}" for color, name in zip(NAMES, self.classes)]
        numbered = lambda names: [(name, i) for i, name in enumerate(names)]
        return {
            "content": choice("content", 3, numbered(self.classes)),
            "example": slider("example", 1, 1, int(self.labels.bincount().min())),
            "painted": choice("paint it", 7, numbered(self.names)),
        }

    def draw(self, model):
        image, *bars, accuracy = (self.figure.add_axes(place) for place in PLACES)
        content, color = self.content.value, self.painted.value
        pixels = self.pixels[self.labels == content][self.example.value - 1]
        painted = tint(pixels[None], CLASS_COLORS[color])
        image.imshow(painted[0].permute(1, 2, 0).numpy(), interpolation="nearest")
        image.set_axis_off()
        owner = f"that of class {self.classes[color]}"
        caption = f"content: {self.classes[content]}\ncolor: {NAMES[color]},\n{owner}"
        image.text(0, -0.05, caption, transform=image.transAxes, va="top", linespacing=1.5)
        asked = (
            ("original", self.task.original, style.ORANGE),
            ("unlearned model", model, style.BLUE),
            ("ground truth", self.task.ground_truth, style.GREEN),
        )
        said = [self._draw_bars(ax, *ask, painted) for ax, ask in zip(bars, asked)]
        squares = {"c": CLASS_COLORS.numpy() / 255, "marker": "s", "s": 90, "edgecolors": "black"}
        count = range(len(NAMES))
        bars[0].scatter([-0.1 for _ in count], count, clip_on=False, **squares)
        bars[0].set_yticks(count, self.names)
        bars[0].tick_params(axis="y", length=0, pad=16)  # behind the colors
        cues = {color: "◂ color", content: "◂ content" if content != color else "◂ both"}
        bars[-1].yaxis.tick_right()
        bars[-1].set_yticks(list(cues), list(cues.values()))
        self._draw_epochs(accuracy)
        run, now, _ = self.titles()
        return (
            f"Content {self.classes[content]} in {NAMES[color]}, {owner}: "
            f"{', '.join(filter(None, said))}. Representation collapse by {run}: {now}, of the "
            f"original {self.track[0][0]:.3f}."
        )

    def _draw_bars(self, ax, name, model, ink, image):
        """The probabilities that a model gives the classes, and in words what it says."""
        content, color = self.content.value, self.painted.value
        for row in {content, color}:
            ax.axhspan(row - 0.5, row + 0.5, color="#E6E6E6", linewidth=0)
        title, said = f"{name}\n\n", ""
        if model:
            chances = outputs(model, image)[0].softmax(1)[0].cpu().numpy()
            ax.barh(range(len(NAMES)), chances, 0.62, color=ink)
            best = int(chances.argmax())
            title = f"{name}\nsays {self.classes[best]}:\n{CUES[best == content, best == color]}"
            said = f"the {name} says {self.classes[best]}"
        ax.set_title(title, color=style.INK.get(ink, ink), fontsize=9.5)
        ax.set(xlim=(0, 1), ylim=(len(NAMES) - 0.5, -0.5), xticks=[0, 1], yticks=[])
        ax.set_xlabel("probability")
        ax.grid(False)
        return said

    def _draw_epochs(self, ax):
        T = self.epochs.value
        ax.set(xlabel="epoch", ylabel="color accuracy", ylim=(-0.02, 1.02))
        ax.set_xlim(-0.04 * T, 1.04 * T)
        ax.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        for name, metrics, looks, up in (
            ("original", self.start_metrics, style.ORIGINAL, -12),
            ("ground truth", self.truth_metrics, style.GROUND_TRUTH, 4),
        ):
            level(ax, metrics["color_accuracy"], name, T, (0, up), looks, ha="right")
        self.draw_run(ax, lambda way: [(epoch, *place) for epoch, place in enumerate(way)])

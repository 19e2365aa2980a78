"""CollapseLab: a network is made to forget the images whose color misleads. Does it then go by the
color of whatever it is shown?"""

from matplotlib.ticker import MaxNLocator

from ...course import style
from ...course.marks import level
from ...course.unlearning_lab import ImageLab, heading
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
# what a model goes by: whether it names the class of the content, and of the color
CUES = ("neither", "the color"), ("the content", "both")
MODELS = {"original": style.ORANGE, "unlearned model": style.BLUE, "ground truth": style.GREEN}


class CollapseLab(ImageLab):
    """The lab of representation collapse. Paint a test image any of the ten class colors and read
    what the models say.

    Arguments: as in ImageLab.
    """

    experiment, row = collapse, "collapse"
    size = 10, 4.6
    summary = (
        "CollapseLab: run the notebook to paint a digit and to choose seed, method, epochs and "
        "hyperparameters"
    )
    judged = ("color_accuracy",)
    columns = {
        "color accuracy": "{color_accuracy:.3f}",
        "where content disagrees": "{unlearning:.3f}",
        "where it agrees": "{utility:.3f}",
    }

    def prepare(self, stop):
        images = collapse.images(*self.source, stop=stop)
        (self.pixels, self.labels), self.classes = images.test.tensors, images.classes
        self.names = [f"{color} {name}" for color, name in zip(NAMES, self.classes)]
        numbers = range(len(NAMES))
        return {
            "content": ("content", 3, dict(zip(self.classes, numbers))),
            "example": ("example", 1, 1, int(self.labels.bincount().min())),
            "painted": ("paint it", 7, dict(zip(self.names, numbers))),
        }

    def draw(self):
        image, *bars, accuracy = (self.figure.add_axes(place) for place in PLACES)
        content, color = self.content.value, self.painted.value
        own = self.pixels[self.labels == content][[self.example.value - 1]]
        self.image = tint(own, CLASS_COLORS[color])
        image.imshow(self.image[0].permute(1, 2, 0).numpy(), interpolation="nearest")
        image.set_axis_off()
        if max(map(len, self.classes)) > 1:  # names take room
            image.set_position((0.01, 0.4, 0.09, 0.31))
        self.owner = f"that of class {self.classes[color]}"
        caption = f"content: {self.classes[content]}\ncolor: {NAMES[color]},\n{self.owner}"
        image.text(0, -0.05, caption, transform=image.transAxes, va="top", linespacing=1.5)
        for ax in bars:
            for row in {content, color}:
                ax.axhspan(row - 0.5, row + 0.5, color="#E6E6E6", linewidth=0)
            ax.set(xlabel="probability", xlim=(0, 1), xticks=[0, 1])
            ax.set(ylim=(len(NAMES) - 0.5, -0.5), yticks=[])
            ax.grid(False)
        self.says = dict.fromkeys(MODELS, "")
        self._draw_bars("original", self.task.original)
        self._draw_bars("ground truth", self.truth_metrics and self.task.ground_truth)
        squares = {"c": CLASS_COLORS.numpy() / 255, "marker": "s", "s": 90, "edgecolors": "black"}
        count = range(len(NAMES))
        bars[0].scatter([-0.1 for _ in count], count, clip_on=False, **squares)
        bars[0].set_yticks(count, self.names)
        bars[0].tick_params(axis="y", length=0, pad=16)  # behind the colors
        cues = {color: "◂ color", content: "◂ content" if content != color else "◂ both"}
        bars[-1].yaxis.tick_right()
        bars[-1].set_yticks(list(cues), list(cues.values()))
        T = self.epochs.value
        accuracy.set(xlabel="epoch", xlim=(-0.04 * T, 1.04 * T))
        accuracy.set(ylabel="color accuracy", ylim=(-0.02, 1.02))
        accuracy.xaxis.set_major_locator(MaxNLocator(5, integer=True))
        for name, metrics, looks, up in (
            ("original", self.start_metrics, style.ORIGINAL, -12),
            ("ground truth", self.truth_metrics, style.GROUND_TRUTH, 4),
        ):
            if metrics:
                level(accuracy, metrics["color_accuracy"], name, T, (0, up), looks, ha="right")

    def move(self, model):
        self._draw_bars("unlearned model", model)
        self.move_run(self.figure.axes[-1])
        run, now, _ = self.titles()
        content, color = self.classes[self.content.value], NAMES[self.painted.value]
        return (
            f"Content {content} in {color}, {self.owner}: "
            f"{', '.join(filter(None, self.says.values()))}. Representation collapse by {run}: "
            f"{now}, of the original {self.track[0][0]:.3f}."
        )

    def _draw_bars(self, name, model):
        """The probabilities that a model gives the classes, and in words what it says."""
        ax = self.figure.axes[1 + list(MODELS).index(name)]
        title = f"{name}\n{'not trained' if name == 'ground truth' else ''}\n"
        if model:
            chances = outputs(model, self.image)[0].softmax(1)[0].cpu().numpy()
            ax.barh(range(len(NAMES)), chances, 0.62, color=MODELS[name])
            best = int(chances.argmax())
            cue = CUES[best == self.content.value][best == self.painted.value]
            title = f"{name}\nsays {self.classes[best]}:\n{cue}"
            self.says[name] = f"the {name} says {self.classes[best]}"
        heading(ax, title, MODELS[name])

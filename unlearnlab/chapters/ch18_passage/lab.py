"""PassageLab: ask a language model about somebody whom it is to forget. What does it write before
and after, and what does one write that never read of them?"""

from ipywidgets import Text

from ...course.lab import MENU, WIDE
from ...course.style import look
from ...course.unlearning_lab import UnlearningLab
from ...data import passage as data
from ...ground.files import beside
from ...loop import measure
from ...methods import METHODS
from ...tasks import passage
from .asking import in_html, marked, put, truth, understood, written
from .study import MinNormPassages, NPORetain

KINDS = METHODS | {kind.name: kind for kind in (MinNormPassages, NPORetain)}
OFFERED = beside(__file__, "lab.json")


class PassageLab(UnlearningLab):
    """The lab of notebook 18. The original, the unlearned and the retrained model go on with a
    prompt; every slider of the method reruns the unlearning in a thread.

    seed: 1 to 5. method: one of `settings`. epochs: T, 1 to 30. The prompt becomes that of the
    chosen person and way, and may be edited.
    """

    experiment = passage
    settings = {name: KINDS[name](**values) for name, values in OFFERED["settings"].items()}
    hidden = "weight_decay", "temperature", "max_epochs"
    possible_seeds, possible_epochs = (1, 5), (1, 30)
    columns, size, pause = OFFERED["columns"], (9.6, 2.7), 0.2
    summary = "PassageLab: run the notebook to choose a prompt, a method and its hyperparameters"

    def __init__(self, seed: int = 1, method: str = "NPO + retain", epochs: int = 10):
        self.ended = None
        kinds = {"person": "about", "way": "told in"}
        made = {name: (words, 0, OFFERED[words], MENU) for name, words in kinds.items()}
        prompt = Text(description="prompt", continuous_update=False, **WIDE)
        controls = *self.add(self.choose, made), *self.add(self.read, {"prompt": prompt})
        super().__init__(seed, method, epochs, None)
        self.left.children += controls

    def fill(self, method):
        self.samples = 9 if method.name == "MinNorm-OG" else 54  # it has a row for every word
        super().fill(method)

    # -- the prompt

    def choose(self, change=None):
        """The prompt becomes that of the chosen person and way."""
        person = data.people(self.seed.value)[self.person.value]
        way = data.ways_of(self.person.value)[self.way.value]
        self.prompt.value = " ".join(person.told(way)[: data.PROMPT])

    def read(self, change=None):
        """All models are asked what stands in the field."""
        with self.telling(), look():
            self.asked_for = understood(self.prompt.value)
            if self.canvas:
                self.frame(self.drawn, self.ended)

    def answers(self, model) -> dict[str, list[str]]:
        """What each model writes, marked. model: the unlearned one, None for the original."""
        task, prompt = self.task, self.asked_for
        models = {
            "original": task.original,
            self.under_way: model or task.original,
            "ground truth": task.ground_truth,
        }
        said = {name: written(model, prompt) for name, model in models.items()}
        wanted = truth(task.seed, prompt) or said["original"]
        return {name: marked(words, wanted) for name, words in said.items()}

    # -- running

    def _made(self, seed, stop):
        self.choose()
        task = passage.task(seed)
        models = task.original, task.ground_truth
        return task, *(measure(task, model, stop) for model in models)

    def stage(self, *asked):
        self.ended = None
        super().stage(*asked)

    def keep(self, run, stopped):
        self.ended = run

    def compared(self, name):
        rows = super().compared(name)
        return {row: rows[row] | {"writes": in_html(self.shown[row])} for row in rows}

    # -- showing

    def draw(self):
        page = self.figure.add_axes((0.16, 0, 0.84, 1), xlim=(0, 1), ylim=(10, 0))
        page.axis("off")

    def move(self, model):
        (page,) = self.figure.axes
        title = f"“{' '.join(self.asked_for)} ...” after {self.epoch} epochs of {self.under_way}"
        page.text(0, 1, title)
        self.shown = self.answers(model)  # the table, too, needs it
        for row, (name, words) in enumerate(self.shown.items()):
            page.text(-0.01, 2 + 2.8 * row, name, ha="right", va="top", fontsize=8.5)
            put(page, 0, 2 + 2.8 * row, words)
        said = [f"{name}: {' '.join(words)}" for name, words in self.shown.items()]
        return f"{title}. {' '.join(said)}"

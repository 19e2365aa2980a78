"""EvidenceLab: choose a method and a metric; what do the networks say, what is the score, and what would perfect forgetting score?"""
import functools
from pathlib import Path

import ipywidgets
import torch.nn.functional as F

from ..figures.metrics import EvidencePicture
from ..chapters.ch13_evidence import verdicts
from .canvas import Canvas
from .lab import STYLE, WIDE, Lab, message

RECORD = Path(__file__).parents[2] / "notebooks" / "results" / "evidence.json"
METRICS = (*verdicts.PER_EXAMPLE, verdicts.ATTACK)
PARTS = {"forget set": "forget", "unseen examples": "unseen"}


class EvidenceLab(Lab):
    """The lab of notebook 13, on its recorded networks: nothing is trained.

    method: "original", "retrained" or one of ul.METHODS. metric: one of METRICS. record: the file that
    `python -m unlearnlab.study evidence` makes. `error`: what went wrong with the last picture, or None.
    """

    def __init__(self, method: str = "MinNorm-OG", metric: str = "U-LiRA", record: Path | str = RECORD):
        if not Path(record).exists():
            raise FileNotFoundError(f"there is no {Path(record).name} to show: python -m unlearnlab.study evidence makes it")
        self.evidence = verdicts.load(record)[0]
        names = list(verdicts.candidates(self.evidence.margins["forget"]))
        for word, value, known in (("method", method, names), ("metric", metric, METRICS)):
            if value not in known:
                raise ValueError(f"{word} must be one of {', '.join(known)}, got {value!r}")
        self._judged = functools.cache(functools.partial(verdicts.judge, self.evidence))
        self._sure = functools.cache(functools.partial(verdicts.sure, self.evidence))
        self._attacked = functools.cache(functools.partial(verdicts.attack, self.evidence))
        choice = lambda name, options, value: ipywidgets.Dropdown(options=options, value=value, description=name, style=STYLE, layout=WIDE)
        slider = lambda name, count: ipywidgets.IntSlider(value=0, min=0, max=count - 1, description=name, continuous_update=False,
                                                          style=STYLE, layout=WIDE)
        self.method, self.metric = choice("method", names, method), choice("metric", METRICS, metric)
        self.part = choice("asked about", list(PARTS), "forget set")
        networks, examples = self.evidence.margins["forget"]["original"].shape
        self.example, self.network = slider("example", examples), slider("network", networks)
        self.readout, self.trouble, self.error = ipywidgets.HTML(), ipywidgets.HTML(), None
        self.picture = EvidencePicture()
        self._show()
        self.canvas = Canvas(self.picture.figure, [], self._sentence)
        self._tell()
        left, right = ipywidgets.VBox([self.method, self.metric]), ipywidgets.VBox([self.part, self.example, self.network])
        self.panel = ipywidgets.VBox([ipywidgets.HBox([left, right]), self.canvas.widget, self.readout, self.trouble])
        for control in (self.method, self.metric, self.part, self.example, self.network):
            control.observe(self._redraw, "value")

    @property
    def summary(self):
        return f"EvidenceLab: {self.method.value} under {self.metric.value}; run the notebook to choose a method and a metric"

    def _redraw(self, change=None):
        try:
            self._show()
            self.canvas.describe(self._sentence)
            self.canvas.background()
            self._tell()
            self.error, self.trouble.value = None, ""
        except Exception as error:
            self.error = error
            self.trouble.value = message(f"{type(error).__name__}: {error}", "error")

    def _show(self):
        """Computes and draws; sets `verdict`, what is in the picture, and the sentence about it."""
        name, metric, attacking = self.method.value, self.metric.value, self.metric.value == verdicts.ATTACK
        self.part.disabled = self.example.disabled = attacking
        self.network.disabled = not attacking
        if attacking:
            self.verdict, i = self._attacked(self.network.value), self.network.value
            scores, said = self.verdict.scores, f"{self.verdict.scores[name]:.3f}"
            losses = {part: F.softplus(-verdicts.candidates(self.evidence.margins[part])[name][i]) for part in ("forget", "unseen")}
            groups, own = {"forget set": losses["forget"].clamp(min=1e-6).log10(), "unseen": losses["unseen"].clamp(min=1e-6).log10()}, ""
            title, xlabel, of = f"network {i} of {name}: its losses", "log10 of the loss", "examples"
        else:
            part, i = PARTS[self.part.value], self.example.value
            self.verdict, rows = self._judged(metric, part), self.evidence.margins[part]
            said = self._sure(metric, part, name)
            scores = self.verdict.scores | {name: said}
            groups = {name: verdicts.candidates(rows)[name][:, i], "retrained": rows["retrained"][len(rows["retrained"]) // 2:, i]}
            if name == "retrained":
                groups = {"others retrained": groups["retrained"], "retrained": verdicts.candidates(rows)[name][:, i]}
            title, xlabel, of = f"{self.part.value}, example {i}", "margin of the label", "networks"
            own = f"This example: {self.verdict.each[name][i]:.2f}. "
        self.picture.show(groups, of, xlabel, title, scores, self.verdict.floor, self._score(), name)
        self._sentence = (f"{own}{self._score()} of {name}: {said}; retrained against retrained "
                          f"{self.verdict.floor.mean():.3f} ({self.verdict.floor.min():.3f} to {self.verdict.floor.max():.3f}).")

    def _score(self):
        return "forgetting quality" if self.metric.value == "challenge epsilon" else self.metric.value

    def _tell(self):
        setting = self.evidence.settings.get(self.method.value)
        self.readout.value = message(self._sentence + (f" Setting: {setting}." if setting else ""))

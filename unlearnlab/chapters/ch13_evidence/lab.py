"""EvidenceLab: choose a method and a metric; what do the networks say, what is the score, and what
would perfect forgetting score?"""

import functools
from pathlib import Path

import torch.nn.functional as F

from ...course.canvas import Canvas
from ...course.lab import SliderLab, menu, slider
from ...course.style import figure
from ...ground.checks import one_of
from . import verdicts
from .pictures import show_evidence

RECORD = Path(__file__).parents[3] / "notebooks" / "results" / "evidence.json"
METRICS = (*verdicts.PER_EXAMPLE, verdicts.ATTACK)
PARTS = {"forget set": "forget", "unseen examples": "unseen"}


class EvidenceLab(SliderLab):
    """The lab of notebook 13, on its recorded networks: nothing is trained.

    method: "original", "retrained" or one of ul.METHODS. metric: one of METRICS. record: the file
    that `python -m unlearnlab.study evidence` makes. `shown`: the arguments of the picture,
    and what is said of it in words.
    """

    def __init__(
        self, method: str = "MinNorm-OG", metric: str = "U-LiRA", record: Path | str = RECORD
    ):
        if not Path(record).exists():
            raise FileNotFoundError(
                f"there is no {Path(record).name} to show: python -m "
                "unlearnlab.study evidence makes it"
            )
        self.evidence = verdicts.load(record)[0]
        names = list(self.evidence.margins["forget"])
        one_of("method", method, names)
        one_of("metric", metric, METRICS)
        self._judged, self._sure, self._attacked = (
            functools.cache(functools.partial(function, self.evidence))
            for function in (verdicts.judge, verdicts.sure, verdicts.attack)
        )
        networks, examples = self.evidence.margins["forget"]["original"].shape
        self.figure, late = figure(size=(10.4, 4.6))[0], {"continuous_update": False}
        self.build(
            {
                "method": menu("method", method, names),
                "metric": menu("metric", metric, METRICS),
                "part": menu("asked about", "forget set", PARTS),
                "example": slider("example", 0, 0, examples - 1, **late),
                "network": slider("network", 0, 0, networks - 1, **late),
            },
            Canvas(self.figure, [], "What networks say, and the score"),
        )

    @property
    def summary(self):
        return (
            f"EvidenceLab: {self.method.value} under {self.metric.value}; run the notebook to "
            "choose a method and a metric"
        )

    def compute(self, method, metric, part, example, network):
        attacking = metric == verdicts.ATTACK
        self.part.disabled = self.example.disabled = attacking
        self.network.disabled = not attacking
        show = self._network if attacking else self._example
        scores, floor, score, own, histograms, title = show(method, metric, part, example, network)
        shown = f"{score:.3f}" if attacking else score
        name = "forgetting quality" if metric == "challenge epsilon" else metric
        words = (
            f"{own}{name} of {method}: {shown}; retrained against retrained {floor.mean():.3f} "
            f"({floor.min():.3f} to {floor.max():.3f})."
        )
        return (histograms, title, scores | {method: score}, floor, name, method), words

    def _network(self, method, metric, words, example, network):
        """The attack on one network: (scores, floor, the method's score, words on the example,
        arguments of the histograms, title)."""
        (scores, floor), groups = self._attacked(network), {}
        for name, part in (("forget set", "forget"), ("unseen", "unseen")):
            margins = verdicts.sides(self.evidence.margins[part])[0][method][network]
            groups[name] = F.softplus(-margins).clamp(min=1e-6).log10()
        histograms = groups, "log10 of the loss", "examples"
        title = f"network {network} of {method}: its losses"
        return scores, floor, scores[method], "", histograms, title

    def _example(self, method, metric, words, example, network):
        """The same: what many networks say of one example."""
        part = PARTS[words]
        scores, each, floor = self._judged(metric, part)
        candidates, truth = verdicts.sides(self.evidence.margins[part])
        others = "others retrained" if method == "retrained" else "retrained"
        groups = {method: candidates[method][:, example], others: truth[:, example]}
        own = f"This example: {each[method][example]:.2f}. "
        histograms = groups, "margin of the label", "networks"
        title = f"{words}, example {example}"
        return scores, floor, self._sure(metric, part, method), own, histograms, title

    def draw(self, shown):
        show_evidence(self.figure, *shown[0])

    def sentence(self, shown):
        return shown[1]

    def table(self, shown):
        return ""

    def note(self, shown):
        setting = self.evidence.settings.get(self.method.value)
        return shown[1] + (f" Setting: {setting}." if setting else "")

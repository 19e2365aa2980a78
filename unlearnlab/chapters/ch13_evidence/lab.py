"""EvidenceLab: choose a method and a metric; what do the networks say, what is the score, and what
would perfect forgetting score?"""

import functools
from pathlib import Path

import torch.nn.functional as F

from ...course.canvas import Canvas
from ...course.lab import SliderLab, menu, slider
from ...ground.checks import one_of
from . import verdicts
from .pictures import EvidencePicture

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
        names = list(verdicts.candidates(self.evidence.margins["forget"]))
        one_of("method", method, names)
        one_of("metric", metric, METRICS)
        self._judged, self._sure, self._attacked = (
            functools.cache(functools.partial(function, self.evidence))
            for function in (verdicts.judge, verdicts.sure, verdicts.attack)
        )
        networks, examples = self.evidence.margins["forget"]["original"].shape
        self.picture, late = EvidencePicture(), {"continuous_update": False}
        self.build(
            {
                "method": menu("method", method, names),
                "metric": menu("metric", metric, METRICS),
                "part": menu("asked about", "forget set", PARTS),
                "example": slider("example", 0, 0, examples - 1, **late),
                "network": slider("network", 0, 0, networks - 1, **late),
            },
            Canvas(self.picture.figure, [], "What networks say, and the score"),
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
        if attacking:
            verdict, said, picture = self._network(method, network)
            own = ""
        else:
            verdict, said, picture = self._example(method, metric, part, example)
            own = f"This example: {verdict.each[method][example]:.2f}. "
        floor = verdict.floor
        name = "forgetting quality" if metric == "challenge epsilon" else metric
        words = (
            f"{own}{name} of {method}: {said}; retrained against retrained {floor.mean():.3f} "
            f"({floor.min():.3f} to {floor.max():.3f})."
        )
        return {**picture, "floor": floor, "metric": name, "chosen": method}, words

    def _network(self, method, network):
        """(verdict, score in words, arguments of the picture): the attack on one network."""
        verdict = self._attacked(network)
        groups = {}
        for name, part in (("forget set", "forget"), ("unseen", "unseen")):
            margins = verdicts.candidates(self.evidence.margins[part])[method][network]
            groups[name] = F.softplus(-margins).clamp(min=1e-6).log10()
        return (
            verdict,
            f"{verdict.scores[method]:.3f}",
            {
                "groups": groups,
                "of": "examples",
                "xlabel": "log10 of the loss",
                "title": f"network {network} of {method}: its losses",
                "scores": verdict.scores,
            },
        )

    def _example(self, method, metric, words, example):
        """The same: what many networks say of one example."""
        part = PARTS[words]
        verdict, rows = self._judged(metric, part), self.evidence.margins[part]
        own = verdicts.candidates(rows)[method][:, example]
        others = rows["retrained"][len(rows["retrained"]) // 2 :, example]
        groups = {method: own, "retrained": others}
        if method == "retrained":
            groups = {"others retrained": others, "retrained": own}
        sure = self._sure(metric, part, method)
        return (
            verdict,
            sure,
            {
                "groups": groups,
                "of": "networks",
                "xlabel": "margin of the label",
                "title": f"{words}, example {example}",
                "scores": verdict.scores | {method: sure},
            },
        )

    def draw(self, shown):
        self.picture.show(**shown[0])

    def sentence(self, shown):
        return shown[1]

    def table(self, shown):
        return ""

    def note(self, shown):
        setting = self.evidence.settings.get(self.method.value)
        return shown[1] + (f" Setting: {setting}." if setting else "")

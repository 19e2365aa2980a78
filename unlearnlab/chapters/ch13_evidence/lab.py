"""EvidenceLab: choose a method and a metric; what do the networks say, what is the score, and what
would perfect forgetting score?"""

from functools import cache, partial
from types import SimpleNamespace

import torch.nn.functional as F

from ...course.lab import MENU, SliderLab
from ...ground import checks
from . import verdicts
from .pictures import show_evidence

PARTS = {"forget set": "forget", "unseen examples": "unseen"}


class EvidenceLab(SliderLab):
    """The lab of notebook 13, on its recorded networks: nothing is trained.

    evidence: the first thing that `verdicts.load` returned. first: where controls begin, such as
    method, "original", "retrained" or one of ul.METHODS, and metric. `shown`: the arguments of the
    picture, and what is said of it in words.
    """

    panels = {"columns": 2, "size": (10.4, 4.6), "width_ratios": (49, 30)}
    legend, late = None, True

    def __init__(self, evidence, **first):
        checks.instance("evidence", evidence, SimpleNamespace, "what verdicts.load returns")
        self.evidence = evidence
        self._judged, self._sure, self._attacked = (
            cache(partial(function, evidence))
            for function in (verdicts.judge, verdicts.sure, verdicts.attack)
        )
        recorded = evidence.margins["forget"]
        networks, examples = recorded["original"].shape
        self.offers = {
            "method": ("method", "MinNorm-OG", list(recorded), MENU),
            "metric": ("metric", "U-LiRA", (*verdicts.PER_EXAMPLE, verdicts.ATTACK), MENU),
            "part": ("asked about", "forget set", list(PARTS), MENU),
            "example": ("example", 0, 0, examples - 1),
            "network": ("network", 0, 0, networks - 1),
        }
        super().__init__(**first)

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
        if attacking:  # on one network
            groups = {}
            for name, asked in (("forget set", "forget"), ("unseen", "unseen")):
                margins = verdicts.sides(self.evidence.margins[asked])[0][method][network]
                groups[name] = F.softplus(-margins).clamp(min=1e-6).log10()
            histograms = groups, "log10 of the loss", "examples"
            (scores, floor), own = self._attacked(network), ""
            title = f"network {network} of {method}: its losses"
            score = f"{scores[method]:.3f}"
        else:  # what many networks say of one example
            candidates, truth = verdicts.sides(self.evidence.margins[PARTS[part]])
            others = "others retrained" if method == "retrained" else "retrained"
            groups = {method: candidates[method][:, example], others: truth[:, example]}
            histograms = groups, "margin of the label", "networks"
            scores, each, floor = self._judged(metric, PARTS[part])
            title = f"{part}, example {example}"
            score = self._sure(metric, PARTS[part], method)
            scores = scores | {method: score}
            own = f"This example: {each[method][example]:.2f}. "
        name = metric.replace("challenge epsilon", "forgetting quality")
        words = (
            f"{own}{name} of {method}: {score}; retrained against retrained {floor.mean():.3f} "
            f"({floor.min():.3f} to {floor.max():.3f})."
        )
        return (histograms, title, scores, floor, name, method), words

    def picture(self, left, right, shown):
        show_evidence(left, right, *shown[0])

    def sentence(self, shown):
        return shown[1]

    def note(self, shown):
        setting = self.evidence.settings.get(self.method.value)
        return shown[1] + (f" Setting: {setting}." if setting else "")

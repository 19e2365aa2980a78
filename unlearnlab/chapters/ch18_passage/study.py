"""The recorded runs of notebook 18: every method on passages that a language model is to forget.

python -m unlearnlab.study passage       # every method, 900 runs: half an hour
python -m unlearnlab.study passage-work  # equal work, and a row for every word
python -m unlearnlab.study passage-wider  # more settings of the ways whose best lay at an end
"""

from dataclasses import replace

from ...course.studies import Study
from ...ground.files import beside
from ...methods import NPO, MinNormOG
from ...methods.base import hyperparameter, rule
from ...projection import Projection
from ...tasks import passage
from ...training import zoo

GRIDS = beside(__file__, "grids.json")


@rule
class MinNormPassages(MinNormOG):
    """MinNorm-OG with one row a passage, the gradient of the sum of its largest logits, in place of
    one for every word: it protects less and costs less."""

    name = "MinNorm-OG (passages)"

    def step(self, state, model, inputs, strength):
        if "projection" not in state.memory:
            state.memory["projection"] = Projection(model, state.products, "summed")
        return super().step(state, model, inputs, strength)


@rule
class NPORetain(NPO):
    """J(B_r) + ascent * the loss of NPO: with a retain term, as Zhang et al. (2024) advise."""

    name = "NPO + retain"
    ascent: float = hyperparameter(0.1)

    def loss(self, state, retain, forget):
        return state.loss(retain) + self.ascent * super().loss(state, retain, forget)


class Passages(Study):
    """A Study whose table "models" has two further retrained models for every seed."""

    def make(self, part, place, so_far):
        tables = super().make(part, place, so_far)
        for training in retrainings(part):
            model, _ = zoo.get(training, place.store, lambda *_: None, place.stop)
            told = {"role": "retrained", "seed": part, **training.measure(model)}
            tables["models"].append(told)
        return tables


def retrainings(seed: int) -> list[zoo.Training]:
    """Two trainings as that of the ground truth, from other weights: how far apart are models that
    never read what is to be forgotten?"""
    truth = passage.trainings(seed)["ground-truth"]
    return [
        replace(truth, name=f"passage-{seed}-retrained", seed=truth.seed + 1 + i, shipped=False)
        for i in range(2)
    ]


OWN = {method.name: method for method in (MinNormPassages, NPORetain)}


def grid(name: str) -> list[dict]:
    """A grid of grids.json as `ul.sweep` takes it."""
    return [
        {OWN.get(method, method): {"epochs": part["epochs"], **values}}
        for part in GRIDS[name]
        for method, values in part["methods"].items()
    ]


STUDIES = (
    Passages(
        name="passage",
        title="every method on passages, and two more retrained models of every seed",
        factory=passage.task,
        grid=grid("passage"),
        seeds=(1, 2, 3, 4, 5),
    ),
    Study(
        name="passage-work",
        title="passages: as much work as MinNorm-OG takes, and a row for every word",
        factory=passage.task,
        grid=grid("passage-work"),
        seeds=(1, 2, 3, 4, 5),
    ),
    Study(
        name="passage-wider",
        title="passages: more settings of the ways whose best lay at an end",
        factory=passage.task,
        grid=grid("passage-wider"),
        seeds=(1, 2, 3),
    ),
)

"""Label erasure replicated: which part of the method does the work, and does a tuned GD do as well?

Each case is a study of its own, with a grid in grids.json:

    python -m unlearnlab.study replication-no-norm
"""

from functools import partial

from ...course.studies import Study
from ...ground.files import beside
from ...networks import ResNet
from ...tasks import erasure
from ...training.recipe import Recipe
from .networks import NORMED, PLAIN, grouped
from .variants import VARIANTS

GRIDS = beside(__file__, "grids.json")
# The published procedure, as the public code runs it, what undoes each of its four oddities, and
# what undoes all: settings of MinNormPublished by name
ARMS = GRIDS["arms"]


def without_truth(seed, dataset="digits", **options):
    """Without a ground truth, whose training would take most of the time of many seeds."""
    return erasure.task(dataset, "quick", seed, **options).changed(ground_truth=None)


RECIPE = partial(Recipe, epochs=30, batch_size=64, milestones=(20,))
DIGITS = partial(erasure.task, "digits", "quick")
TASKS = {
    "digits": DIGITS,
    "few": partial(DIGITS, p_retain=0.02),
    "many": partial(DIGITS, p_retain=0.5),
    "normed": partial(DIGITS, network=NORMED, recipe=RECIPE(lr=3e-2)),
    # without batch norm 3e-2 is where training becomes uncertain
    "plain": partial(DIGITS, network=PLAIN, recipe=RECIPE(lr=1e-2)),
    "mnist": partial(erasure.task, "mnist", "quick"),
    "cifar10": partial(erasure.task, "cifar10", "quick"),
    "cifar10 alone": partial(without_truth, dataset="cifar10"),
    "wider": partial(erasure.task, "cifar10", "quick", network=partial(ResNet, 18, width=1 / 4)),
}
for words, width in {"1/8": 1 / 8, "1/4": 1 / 4, "1/2": 1 / 2}.items():
    own = partial(ResNet, 18, width=width)
    TASKS[f"digits at {words}"] = partial(without_truth, network=own)
# trained at the same rate, so that the norm alone differs
for norm, network in {"none": PLAIN, "group": grouped, "batch": NORMED}.items():
    TASKS[norm] = partial(without_truth, network=network, recipe=RECIPE(lr=1e-2))
TASKS["none, few"] = partial(TASKS["none"], p_retain=0.02)
SEEDS = (1, 2, 3, 4, 5)  # of a case that names no number of them


def grid(rows: list[dict]) -> list[dict]:
    """A grid of grids.json as `ul.sweep` takes it: with classes for the names of our methods."""
    return [{VARIANTS.get(name, name): own for name, own in row.items()} for row in rows]


CASES = {
    name: Study(
        name=f"replication-{name}",
        title=case["title"],
        factory=TASKS[case["task"]],
        grid=grid(case["grid"]),
        seeds=tuple(range(1, case.get("seeds", len(SEEDS)) + 1)),
    )
    for name, case in GRIDS["cases"].items()
}
STUDIES = tuple(CASES.values())

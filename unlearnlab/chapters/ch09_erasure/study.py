"""The recorded runs of notebook 09: every method on label erasure, at paper A's grid and wider."""

import itertools

from ...course.image_study import WHOLE, image_study
from ...course.studies import USUAL, Study
from ...ground import checks
from ...tasks import erasure, papers

SEEDS = tuple(range(1, 6))
# The paper's T: of its main figure, for MNIST of its rebuttal
EPOCHS = {"cifar10": 2, "tiny-imagenet": 5, "mnist": 5}


def study(**options) -> Study:
    """Label erasure with `options` as in `image_study`, by default on digits.

    Its grid is as `_grid` says. Raises ValueError for a data set that is not the paper's at the
    paper's size.
    """
    return image_study(
        erasure.task,
        erasure.PRESETS,
        options,
        name="erasure",
        title="every method on label erasure",
        grid=_grid(USUAL | options),
        seeds=SEEDS,
    )


def _grid(chosen):
    """Every method, as `ul.sweep` takes them.

    At the paper's size: `erasure.grid` at the paper's T, then the rates above the paper's for the
    methods that are compared at equal work, and GD at four times the epochs, what MinNorm-OG costs
    on the digits.

    For tasks where a run takes ten seconds, CIFAR-10 or Tiny ImageNet on a laptop: a sixth of what
    the digits get. Four rates a factor of 1.8 apart, from where forgetting sets in, and of every
    other hyperparameter one to three values near the best on MNIST. A method's best may lie at an
    end of this grid: whoever reads a result of it has to look.

    Otherwise rates with every method's best inside; those with no other hyperparameter get the
    rates between as well, as five points make no front.
    """
    dataset = chosen["dataset"]
    if chosen["preset"] == "paper":
        checks.one_of("dataset", dataset, EPOCHS, ", the paper's")
        epochs, above = EPOCHS[dataset], [3e-3, 1e-2]
        higher = erasure.grid(epochs, above)
        return [
            erasure.grid(epochs),
            {name: higher[name] for name in ("MinNorm-OG", "GD", "Ridge", "NGP")},
            {"GD": {"epochs": 4 * epochs, "lr": [1e-4, 3e-4, 1e-3, *above]}},
        ]
    if dataset not in WHOLE:
        return papers.grid("erasure-short", epochs=2)
    epochs, lr = 3, (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
    between = {"epochs": epochs, "lr": [(a * b) ** 0.5 for a, b in itertools.pairwise(lr)]}
    return [erasure.grid(epochs, lr, wide=True), dict.fromkeys(("Retrain", "GD", "GA"), between)]


STUDIES = (
    study(),
    study(dataset="mnist"),
    study(dataset="cifar10", width=0.25),
    study(dataset="cifar10", preset="paper", device="cuda", precision="bfloat16"),  # on a GPU
)

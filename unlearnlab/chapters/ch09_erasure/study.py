"""The recorded runs of notebook 09: every method on label erasure, at paper A's grid and wider."""

import itertools

from ...course.image_study import WHOLE, image_study
from ...study.studies import USUAL, Study
from ...tasks import erasure

SEEDS = tuple(range(1, 6))


def study(**options) -> Study:
    """Label erasure with `options` as in `image_study`, by default on digits.

    At the paper's size it has `erasure.published_grid`, on a laptop with CIFAR-10 or Tiny
    ImageNet `erasure.short_grid`.
    """
    return image_study(
        "erasure", "every method on label erasure", erasure, _grid(options), SEEDS, options
    )


def _grid(options):
    dataset, preset = options.get("dataset", USUAL["dataset"]), options.get("preset", "quick")
    if preset == "paper":
        return erasure.published_grid(dataset)
    if dataset not in WHOLE:
        return erasure.short_grid()
    # rates with every method's best inside; those with no other hyperparameter get the rates
    # between as well, as five points make no front
    epochs, lr = 3, (3e-4, 1e-3, 3e-3, 1e-2, 3e-2)
    between = {
        "epochs": epochs,
        "lr": [(low * high) ** 0.5 for low, high in itertools.pairwise(lr)],
    }
    wide = erasure.grid(epochs, lr, wide=True)
    return [wide, {"Retrain": between, "GD": between, "GA": between}]


STUDIES = (study(), study(dataset="mnist"), study(dataset="cifar10", width=0.25))

# recorded on a GPU, by name alone: "all" is for machines without one
LARGE = (study(dataset="cifar10", preset="paper", device="cuda", precision="bfloat16"),)

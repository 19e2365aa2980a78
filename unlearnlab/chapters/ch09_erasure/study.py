"""The recorded runs of notebook 09: every method on label erasure, at paper A's grid and wider."""

from functools import partial

from ...course.image_study import WHOLE, image_study
from ...course.studies import USUAL, Study
from ...ground import checks
from ...methods import NTK, RefinedNGP
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


def _grid(options):
    """Every method, as `ul.sweep` takes them.

    At the paper's size: the paper's grid at its T, then the rates above the paper's for the
    methods that are compared at equal work, and GD at four times the epochs, what MinNorm-OG costs
    on the digits.

    For tasks where a run takes ten seconds, CIFAR-10 or Tiny ImageNet on a laptop: a sixth of what
    the digits get. Four rates a factor of 1.8 apart, from where forgetting sets in, and of every
    other hyperparameter one to three values near the best on MNIST. A method's best may lie at an
    end of this grid: whoever reads a result of it has to look.

    Otherwise rates with every method's best inside, and more values of weights whose best lies at
    an end of the paper's; methods with no other hyperparameter get the rates between (geometric
    means) as well, as five points make no front.
    """
    dataset = options["dataset"]
    if options["preset"] == "paper":
        checks.one_of("dataset", dataset, EPOCHS, ", the paper's")
        epochs = EPOCHS[dataset]
        grids = [papers.grid(name, epochs) for name in ("erasure", "erasure-above")]
        return [*grids, papers.grid("erasure-longer", 4 * epochs)]
    if dataset not in WHOLE:
        return papers.grid("erasure-short", epochs=2)
    return [papers.grid(name, epochs=3) for name in ("erasure-wide", "erasure-between")]


# Two methods that no table of the papers has, at the rates of the digits; 30 settings each
_SHARED = {"epochs": 3, "lr": [3e-4, 1e-3, 3e-3, 1e-2, 3e-2]}
OTHERS = {
    NTK: {**_SHARED, "reg": [0.25, 0.5, 1.0], "origin": ["zero", "initial"]},
    RefinedNGP: {**_SHARED, "ascent": [0.001, 0.01, 0.1], "groups": [2, 4]},
}

STUDIES = (
    study(),
    Study(
        name="erasure-others",
        title="NTK forgetting and RUM on label erasure, digits",
        factory=partial(erasure.task, "digits", "quick"),
        grid=OTHERS,
        seeds=SEEDS,
    ),
    study(dataset="mnist"),
    study(dataset="cifar10", width=0.25),
    study(dataset="cifar10", preset="paper", device="cuda", precision="bfloat16"),  # on a GPU
)

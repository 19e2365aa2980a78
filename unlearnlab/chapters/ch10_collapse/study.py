"""The recorded runs of notebook 10: the methods of paper A's table on representation collapse."""

from ...course.image_study import WHOLE, image_study
from ...study.studies import USUAL, Study
from ...tasks import collapse


def study(**options) -> Study:
    """Representation collapse with `options` as in `image_study`, by default on digits.

    At the paper's size it has the paper's grid of every row of its table with this accessible
    share, default .01; on a laptop with CIFAR-10 `collapse.short_grid` and three seeds, whose
    models take ten minutes each. Raises ValueError for a share that the table has not.
    """
    chosen = USUAL | options
    short = chosen["preset"] == "quick" and chosen["dataset"] not in WHOLE
    seeds = tuple(range(1, 4 if short else 6))
    title = "the methods of paper A's table on representation collapse"
    return image_study("collapse", title, collapse, _grid(chosen, short), seeds, options)


def _grid(chosen, short):
    if short:
        return collapse.short_grid()
    if chosen["preset"] == "paper":
        return _published(0.01 if chosen["p_retain"] is None else chosen["p_retain"])
    # one more value each where the best of the grid lay at an end
    shrinking_less = {"reg": 0.1, "reg_decay": 0.5, "n_pert": 50, "descent_epochs": 8}
    minnorm = {"epochs": 15, "lr": [3e-3, 1e-2, 3e-2, 1e-1], **shrinking_less}
    scrub = {
        "epochs": 15,
        "lr": [3e-3, 1e-2, 3e-2],
        "reg": 0.01,
        "ascent": 0.1,
        "descent_epochs": 5,
    }
    return [collapse.grid(), {"MinNorm-OG": minnorm, "SCRUB": scrub}]


def _published(share):
    epochs = [epochs for p_retain, epochs in collapse.PUBLISHED if p_retain == share]
    if not epochs:
        raise ValueError(
            f"p_retain must be .01 or .001, the shares of the paper's table, got {share!r}"
        )
    return [collapse.published_grid(rounds, share) for rounds in epochs]


STUDIES = (study(), study(dataset="mnist"), study(dataset="cifar10", width=0.25))

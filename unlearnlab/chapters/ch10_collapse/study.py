"""The recorded runs of notebook 10: the methods of paper A's table on representation collapse."""

from functools import partial

from ...course.image_study import WHOLE, image_study
from ...course.studies import USUAL, Study
from ...ground import checks
from ...tasks import collapse, papers
from .validated import validated

# Color accuracy of the paper's Tables 2 and 17 on CIFAR-10: (accessible share of the retain set,
# epochs) -> method -> (mean, standard error)
PUBLISHED = {
    (share, t): papers.table(f"collapse-{share}-{t}")
    for share, t in ((0.001, 5), (0.001, 10), (0.001, 15), (0.01, 5), (0.01, 10))
}
SEEDS = (1, 2, 3, 4, 5)


def study(**options) -> Study:
    """Representation collapse with `options` as in `image_study`, by default on digits.

    On a laptop with CIFAR-10 it has three seeds, whose models take ten minutes each. Its grid is
    as `_grid` says. Raises ValueError for a share that the paper's table has not.
    """
    size = USUAL | options
    short = size["preset"] == "quick" and size["dataset"] not in WHOLE
    return image_study(
        collapse.task,
        collapse.PRESETS,
        options,
        name="collapse",
        title="the methods of paper A's table on representation collapse",
        grid=_grid(size, short),
        seeds=SEEDS[:3] if short else SEEDS,
    )


def _grid(size, short):
    """The methods of the paper's table, as `ul.sweep` takes them.

    On digits and MNIST, for 15 epochs: three to five rates, about a factor of 3 apart, and two or
    three values of what else a method has; chosen after a look at seeds 1 and 2, so that the rate
    that is best is not the first or last.

    short, for tasks where a run takes half a minute, CIFAR-10 on a laptop: a quarter of that. Two
    or three rates, and of every other hyperparameter the value that did best on MNIST. A method's
    best may lie at an end of this grid: whoever reads a result of it has to look.

    At the paper's size: its grid of every row of its table with this accessible share, default .01;
    n_pert 50.
    """
    if short:
        return papers.grid("collapse-short", epochs=15)
    if size["preset"] == "quick":
        # one more value each where the best of the grid lay at an end
        return [papers.grid(name, epochs=15) for name in ("collapse", "collapse-more")]
    share = 0.01 if size["p_retain"] is None else size["p_retain"]
    checks.one_of("p_retain", share, (0.001, 0.01), ", the shares of the paper's table")
    return [
        papers.grid(f"collapse-{share}-5" if epochs == 5 else "collapse-10-or-15", epochs)
        for p_retain, epochs in PUBLISHED
        if p_retain == share
    ]


STUDIES = (
    study(),
    study(dataset="mnist"),
    study(dataset="cifar10", width=0.25),
    # rates around each method's best in the records above
    *(
        Study(
            name=f"collapse-validated-{dataset}",
            title=f"four methods on {dataset}, chosen on other images of the same seed",
            factory=partial(validated, dataset),
            grid=papers.grid(f"collapse-validated-{dataset}", epochs=15),
            seeds=SEEDS,
        )
        for dataset in ("cifar10", "mnist")
    ),
)

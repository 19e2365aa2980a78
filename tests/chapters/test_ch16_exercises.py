"""The exercises of notebook 16: every known mistake gets its own message."""

import pytest
import torch

import unlearnlab as ul
from unlearnlab.chapters import ch16_museum as ch
from unlearnlab.course import exercises
from unlearnlab.course.exercises import WrongAnswer


def of_each(labels, each):
    return torch.cat([(labels == c).nonzero().flatten()[:each] for c in labels.unique()])


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda y, k: of_each(y, k // len(y.unique())), "nothing was chosen"),
        (lambda y, k: of_each(y, -(-k // len(y.unique())))[:k], "the classes got"),
        (lambda y, k: torch.arange(min(k, len(y))), "the classes got"),
        (lambda y, k: torch.bincount(y)[y].argsort(stable=True)[:k], "the classes got"),
        (lambda y, k: y[:k], "came twice"),
        (lambda y, k: y[:k] + 100, "there is no position"),
        (lambda y, k: torch.arange(k).double(), "expected int64, got torch.float64"),
        (lambda y, k: torch.arange(k)[:, None], "expected shape"),
        (lambda y, k: list(range(k)), "expected a tensor, got list"),
        (lambda y, k: None, "is there a return"),
    ],
)
def test_wrong_samples_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^balanced_sample: .*" + says):
        ch.check("balanced_sample", wrong)


OTHERS = lambda e: torch.stack(
    [torch.cat([e[:, :i], e[:, i + 1 :]], 1).median(1).values for i in range(e.shape[1])], 1
)
AT = lambda e, rows: e[rows, torch.arange(e.shape[1])]


@pytest.mark.parametrize(
    "wrong, says",
    [
        (
            lambda e: AT(
                e,
                torch.stack(
                    [
                        torch.cat([e[:, :i], e[:, i + 1 :]], 1).mean(1).argmin()
                        for i in range(e.shape[1])
                    ]
                ),
            ),
            "off by",
        ),
        (lambda e: AT(e, OTHERS(e).argmin(0)).median(), "expected shape"),
    ],
)
def test_wrong_selections_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^held_out: .*" + says):
        ch.check("held_out", wrong)


def dominance(points, every, some):
    beats = lambda q, p: every(a <= b for a, b in zip(q, p)) and some(a < b for a, b in zip(q, p))
    rows = points.tolist()
    return torch.tensor([not any(beats(q, p) for q in rows) for p in rows])


def sorted_by_the_first_alone(points):
    kept, lowest = torch.zeros(len(points), dtype=torch.bool), float("inf")
    for i in points[:, 0].argsort(stable=True):
        kept[i] = points[i, 1] < lowest
        lowest = min(lowest, float(points[i, 1]))
    return kept


@pytest.mark.parametrize(
    "wrong, says",
    [
        (sorted_by_the_first_alone, "entry 0 should be False, got True"),
        (lambda p: dominance(p, all, any).double(), "expected bool, got torch.float64"),
        (lambda p: dominance(p, all, any).tolist(), "expected a tensor, got list"),
    ],
)
def test_wrong_fronts_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match=r"^pareto_front: .*(" + says + ")"):
        ch.check("pareto_front", wrong)


def test_other_right_answers_are_handed_back():
    def dealt(labels, count):
        rows = [(labels == c).nonzero().flatten().tolist() for c in labels.unique()]
        cards = [row[i] for i in range(len(labels)) for row in reversed(rows) if i < len(row)]
        return torch.tensor(cards[:count], dtype=torch.long)

    packaged = lambda points: torch.from_numpy(ul.choosing.front(points.numpy()))
    chosen = lambda errors: AT(errors, OTHERS(errors).argmin(0))
    for name, answer in (
        ("balanced_sample", dealt),
        ("pareto_front", packaged),
        ("held_out", chosen),
    ):
        assert ch.check(name, answer) is answer


def test_the_package_selects_as_the_exercise_does():
    import pandas

    errors = torch.rand(7, 4, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    frame = pandas.DataFrame(
        [
            {
                "method": "GD",
                "epochs": 1,
                "lr": float(i + 1),
                "seed": j,
                "error": float(errors[i, j]),
            }
            for i in range(7)
            for j in range(4)
        ]
    )
    found = ul.select(frame, "error", "validation").sort_values("seed")["error"]
    assert found.tolist() == exercises.EXERCISES["held_out"].reference(errors).tolist()

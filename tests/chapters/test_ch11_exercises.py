"""The exercises of notebook 11: the reference against a plain loop, and wrong answers told
apart."""

import pytest
import torch

from unlearnlab.chapters import ch11_replication as ch
from unlearnlab.chapters.ch11_replication.exercises import lead, radial
from unlearnlab.course.exercises import WrongAnswer


def test_the_cosine_is_that_of_each_filter():
    g = torch.Generator().manual_seed(3)
    weight, gradient = (torch.randn(5, 2, 3, 3, generator=g, dtype=torch.float64) for _ in range(2))
    expected = [
        float(torch.cosine_similarity(w.flatten(), d.flatten(), dim=0))
        for w, d in zip(weight, gradient)
    ]
    assert radial(weight, gradient).tolist() == pytest.approx(expected)


def test_a_lead_of_paired_seeds_is_that_of_their_differences():
    a, b = (
        torch.tensor([3.0, 5.0, 10.0], dtype=torch.float64),
        torch.tensor([2.0, 5.0, 6.0], dtype=torch.float64),
    )
    mean, variance = 5 / 3, ((1 - 5 / 3) ** 2 + (0 - 5 / 3) ** 2 + (4 - 5 / 3) ** 2) / 2
    assert lead(a, b).tolist() == pytest.approx([mean, (variance / 3) ** 0.5])


INNER = lambda w, g: (w * g).flatten(1).sum(1)


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda w, g: INNER(w, g) / (w.flatten(1).norm(dim=1) * g.flatten(1).norm(dim=1)), "NaN"),
        (lambda w, g: (w * g).sum() / (w.norm() * g.norm()), "expected shape"),
        (lambda w, g: radial(w, g) + 1e-3, "off by"),
    ],
)
def test_wrong_cosines_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^radial: .*" + says):
        ch.check("radial", wrong)


@pytest.mark.parametrize("wrong, says", [(lambda a, b: (a - b).mean(), "expected shape")])
def test_wrong_leads_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^lead: .*" + says):
        ch.check("lead", wrong)

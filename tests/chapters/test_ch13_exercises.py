"""The exercises of notebook 13: every known mistake gets its own message."""

import pytest
import torch

import unlearnlab as ul
from unlearnlab.chapters import ch13_evidence as ch
from unlearnlab.course.exercises import WrongAnswer
from unlearnlab.metrics import klom as package_klom

own = lambda z, y: z.gather(1, y[:, None])[:, 0]
others = lambda z, y: z.scatter(1, y[:, None], -torch.inf)
through_p = lambda z, y: (own(z.softmax(1), y) / (1 - own(z.softmax(1), y))).log()


@pytest.mark.parametrize(
    "wrong, says",
    [
        (through_p, "do not go through probabilities"),
        (lambda z, y: through_p(z, y).clamp(-40, 40), "wrong where one logit is 60"),
        (
            lambda z, y: own(z, y) - others(z, y).exp().sum(1).log(),
            "let torch.logsumexp take the exponentials",
        ),
        (lambda z, y: None, "is there a return"),
    ],
)
def test_wrong_margins_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="(?s)^margin: .*" + says):
        ch.check("margin", wrong)


def histogram(a, b, *, order=(0, 1), limit=100.0, bins=20, low=None, high=None):
    a, b = (x.clamp(-limit, limit) for x in (a, b)[:: 1 if order == (0, 1) else -1])
    low, high = (
        (min(a.min(), b.min()) if low is None else low),
        (max(a.max(), b.max()) if high is None else high),
    )
    return [torch.histc(x, bins, float(low), float(high)) / len(x) for x in (a, b)]


def kl(p, q, floor=1e-5, log=torch.log):
    kept = p > 0
    return (p[kept] * log(p[kept] / q[kept].clamp(min=floor))).sum()


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda a, b: kl(*histogram(a, b), floor=0), "infinite: .* q counts as 1e-5"),
        (lambda a, b: kl(*histogram(a, b)).item(), "expected a tensor, got float"),
        (lambda a, b: kl(*histogram(a, b)).sqrt(), "off by"),
        (
            lambda a, b: (a.clamp_(-100, 100), kl(*histogram(a, b)))[1],
            "changed its argument number 1 in place",
        ),
    ],
)
def test_wrong_klom_is_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^klom: .*" + says):
        ch.check("klom", wrong)


def test_other_right_answers_are_handed_back():
    masked = lambda z, y: (
        own(z, y)
        - z.masked_fill(torch.nn.functional.one_hot(y, z.shape[1]).bool(), -torch.inf).logsumexp(1)
    )
    assert (
        ch.check("margin", masked) is masked
        and ch.check("margin", ul.metrics.margin) is ul.metrics.margin
    )
    packaged = lambda a, b: package_klom(a[:, None], b[:, None])[0]
    assert ch.check("klom", packaged) is packaged
    plain = lambda a, b: kl(*histogram(a, b))
    assert ch.check("klom", plain) is plain

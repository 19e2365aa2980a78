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
        (lambda z, y: others(z, y).logsumexp(1) - own(z, y), "the sign is wrong"),
        (lambda z, y: own(z.log_softmax(1), y), "leave the label's own logit out"),
        (lambda z, y: own(z, y) - others(z, y).max(1).values, "the gap to the best other class"),
        (lambda z, y: own(z, y) - (z.sum(1) - own(z, y)) / (z.shape[1] - 1), "subtracts the mean"),
        (lambda z, y: own(z, y) - (z.sum(1) - own(z, y)), "subtracts the sum"),
        (
            lambda z, y: own(z, y) - z.scatter(1, y[:, None], 0).logsumexp(1),
            "which counts as a class",
        ),
        (lambda z, y: own(z, y), "that is the label's logit"),
        (
            lambda z, y: (own(z, y) - others(z, y).logsumexp(1)) / torch.log(torch.tensor(2.0)),
            "in bits",
        ),
        (
            lambda z, y: (own(z, y) - others(z, y).logsumexp(1))[:, None],
            r"expected shape \(n,\), got \(n, 1\)",
        ),
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


def last_lost(a, b):
    a, b = a.clamp(-100, 100), b.clamp(-100, 100)
    low, high = min(a.min(), b.min()), max(a.max(), b.max())
    p, q = (
        torch.bincount(((x[x < high] - low) / (high - low) * 20).long(), minlength=20) / len(x)
        for x in (a, b)
    )
    return kl(p.double(), q.double())


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda a, b: kl(*histogram(a, b, order=(1, 0))), "in the other order"),
        (lambda a, b: kl(*histogram(a, b, limit=torch.inf)), "clip the margins"),
        (
            lambda a, b: kl(
                *histogram(a, b, low=b.clamp(-100, 100).min(), high=b.clamp(-100, 100).max())
            ),
            "of both groups together",
        ),
        (last_lost, "it belongs in the last one"),
        (lambda a, b: kl(*histogram(a, b, bins=10)), "use 20 bins"),
        (lambda a, b: kl(histogram(a, b)[0], histogram(a, b)[1] + 1e-5), "instead of adding"),
        (lambda a, b: kl(*histogram(a, b), floor=1e-10), "not 1e-10"),
        (lambda a, b: kl(*(x.clamp(min=1e-5) for x in histogram(a, b))), "only q has a floor"),
        (lambda a, b: kl(*histogram(a, b), log=torch.log2), "in bits"),
        (lambda a, b: kl(*histogram(a, b)) / 20, "do not average"),
        (
            lambda a, b: kl(histogram(a, b)[0] * len(a), histogram(a, b)[1] * len(b)),
            "these are counts",
        ),
        (lambda a, b: -kl(*histogram(a, b)), "the sign is wrong"),
        (
            lambda a, b: (lambda p, q: (p * (p / q.clamp(min=1e-5)).log()).sum())(*histogram(a, b)),
            "0 log 0 counts as 0",
        ),
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

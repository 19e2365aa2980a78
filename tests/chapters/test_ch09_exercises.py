"""The exercises of notebook 09: every known mistake gets its own message."""

import pytest
import torch
import torch.nn.functional as F

from unlearnlab.chapters import ch09_erasure as ch
from unlearnlab.course.exercises import WrongAnswer

MEAN = lambda f, *sets: torch.cat([f(s) for s in sets]).mean()
P = lambda logits: logits.softmax(1)[:, 0]


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda g, c: g[:, None] * c[:, None, None] / 256, "off by"),
        (lambda g, c: None, "is there a return"),
    ],
)
def test_wrong_tints_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^paint: .*" + says):
        ch.check("paint", wrong)


@pytest.mark.parametrize(
    "wrong, says",
    [
        (lambda *s: torch.cat([(1 - P(x)) ** 2 for x in s]), "expected shape"),
        (lambda *s: MEAN(lambda x: (1 - P(x)) ** 2, *s).item(), "expected a tensor, got float"),
        (lambda *s: MEAN(lambda x: (1 - P(x)) ** 2, *s).sqrt(), "off by"),
    ],
)
def test_wrong_forget_errors_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="^forget_error: .*" + says):
        ch.check("forget_error", wrong)


@pytest.mark.parametrize(
    "wrong, says",
    [
        (
            lambda a, b, t: 2 / t * torch.log(1 + (a.exp() / b.exp()) ** t).mean(),
            "the ratio overflows",
        ),
        (lambda a, b, t: 2 / t * torch.log1p(torch.exp(t * (a - b))).mean(), "the ratio overflows"),
        (lambda a, b, t: 2 / t * F.softplus((t * (a - b)).clamp(max=30)).mean(), "wrong where"),
    ],
)
def test_wrong_npo_losses_are_told_apart(wrong, says):
    with pytest.raises(WrongAnswer, match="(?s)^npo: .*" + says):
        ch.check("npo", wrong)


def test_other_right_answers_are_handed_back():
    stable = lambda a, b, t: 2 / t * torch.logaddexp(torch.zeros_like(a), t * (a - b)).mean()
    assert ch.check("npo", stable) is stable
    stacked = lambda *s: torch.stack(s).softmax(-1)[..., 0].sub(1).pow(2).mean()
    assert ch.check("forget_error", stacked) is stacked
    einsum = lambda g, c: torch.einsum("nhw,c->nchw", g, c / 255)
    assert ch.check("paint", einsum) is einsum

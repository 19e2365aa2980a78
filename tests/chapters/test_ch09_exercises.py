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
        (lambda g, c: g[:, None] * c[:, None, None], "divide by 255"),
        (lambda g, c: g[:, None] * c[:, None, None] / 255**2, "once divided by 255 is enough"),
        (lambda g, c: (g[:, None] + c[:, None, None]) / 2, "a tint multiplies"),
        (lambda g, c: g[:, None] * (c > 0)[:, None, None], "a channel of 128 halves"),
        (lambda g, c: g[:, None] * (255 - c)[:, None, None] / 255, "complementary color"),
        (lambda g, c: g[:, None] * c.flip(0)[:, None, None] / 255, "red, green, blue"),
        (lambda g, c: g[..., None] * c / 255, "the channels come second"),
        (lambda g, c: g * c[0] / 255, "expected three channels"),
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
        (lambda *s: MEAN(lambda x: 1 - P(x), *s), "square the distance"),
        (lambda *s: MEAN(lambda x: 1 - P(x) ** 2, *s), r"that is 1 - p\^2"),
        (lambda *s: MEAN(lambda x: P(x) ** 2, *s), r"that is p\^2"),
        (lambda *s: MEAN(lambda x: (1 - P(x)) ** 2, *s[1:]), "gray images count too"),
        (lambda *s: MEAN(lambda x: (1 - x[:, 0]) ** 2, *s), "these are logits"),
        (lambda *s: MEAN(lambda x: (1 - x.softmax(0)[:, 0]) ** 2, *s), "over the classes"),
        (lambda *s: MEAN(lambda x: (x.argmax(1) != 0).double(), *s), "that counts wrong answers"),
        (
            lambda *s: torch.stack(
                [(1 - x.softmax(1)[:, i]).square().mean() for i, x in enumerate(s)]
            ).mean(),
            "still sees color",
        ),
        (lambda *s: 3 * MEAN(lambda x: (1 - P(x)) ** 2, *s), "take their mean"),
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
        (lambda a, b, t: 2 / t * F.softplus(t * (b - a)).mean(), "upside down"),
        (lambda a, b, t: F.softplus(t * (a - b)).mean(), "the factor 2 / beta is missing"),
        (lambda a, b, t: F.softplus(t * (a - b)).mean() / t, "not 1 / beta"),
        (lambda a, b, t: 2 * F.softplus(t * (a - b)).mean(), "divide by beta as well"),
        (lambda a, b, t: 2 / t * F.softplus(t * (a - b)).sum(), "not the sum"),
        (lambda a, b, t: 2 / t * F.softplus(a - b).mean(), "raised to the power beta"),
        (lambda a, b, t: 2 * (a - b).mean(), r"log\(1 \+ ratio\)"),
        (lambda a, b, t: -2 / t * F.softplus(t * (a - b)).mean(), "no minus sign"),
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

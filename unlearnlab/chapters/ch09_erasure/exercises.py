"""The exercises of notebook 09, label erasure: tinting, the forget error, and a loss that must not
overflow."""

import torch
import torch.nn.functional as F

from ...course.exercises import Trap, draw, exercise


def _paint_cases(generator):
    for size, color in (
        ((4, 5, 6), (255, 0, 0)),
        ((3, 2, 3), (255, 255, 255)),
        ((3, 3, 3), (255, 128, 0)),
    ):
        gray = torch.rand(*size, generator=generator, dtype=torch.float64)
        yield 255 * gray, torch.tensor(color, dtype=torch.float64)


def _paint_mistakes(gray, color):
    one, shade = gray[:, None], color[:, None, None]
    return [
        (gray[..., None] * color, "the channels come second: shape (n, 3, h, w), not (n, h, w, 3)"),
        (gray, "expected three channels per image, got one: shape (n, 3, h, w)"),
        (one * shade, "divide by 255: a color of 255 leaves the luminance as it is"),
        (one * shade / 255**2, "once divided by 255 is enough: pixels stay between 0 and 255"),
        ((one + shade) / 2, "a tint multiplies; you averaged the image with the color"),
        (
            one * (shade > 0),
            "a channel of 128 halves the luminance; you only asked whether the color is there",
        ),
        (
            one * (255 - shade) / 255,
            "that is the complementary color: multiply by color, not by 255 - color",
        ),
        (
            one * shade.flip(0) / 255,
            "the channels are in the order blue, green, red; it is red, green, blue",
        ),
    ]


@exercise(
    "paint",
    hints=[
        "A white pixel takes the color itself, a black one stays black, and between them it is "
        "proportional.",
        "The channel k of a pixel is luminance * color[k] / 255.",
        "gray[:, None] has shape (n, 1, h, w) and color[:, None, None] has shape (3, 1, 1): their "
        "product broadcasts.",
    ],
    cases=_paint_cases,
    mistakes=_paint_mistakes,
    scale=lambda gray, color: gray.norm(),
)
def paint(gray, color):
    """Images in one color, (n, 3, h, w). gray: luminance (n, h, w) in [0, 255]. color: (3,) red,
    green, blue in [0, 255]."""
    return gray[:, None] * color[:, None, None] / 255


def _forget_mistakes(gray, red, green):
    sets = torch.stack([gray, red, green])
    p, logits = sets.softmax(2)[..., 0], sets[..., 0]
    own = sets.softmax(2).diagonal(dim1=0, dim2=2)
    return [
        ((1 - p).mean(), "square the distance: (1 - p)^2"),
        ((1 - p**2).mean(), "that is 1 - p^2; the distance from 1 is squared, (1 - p)^2"),
        (
            (p**2).mean(),
            "that is p^2: it is large where the model says gray, and the error should be small "
            "there",
        ),
        (
            (1 - p[1:]).square().mean(),
            "gray images count too: an answer that forgets and calls gray images red is wrong as "
            "well",
        ),
        ((1 - logits).square().mean(), "these are logits: take a softmax over the classes first"),
        (
            (1 - logits.softmax(1)).square().mean(),
            "the softmax goes over the classes (dim 1), not over the images",
        ),
        (
            (sets.argmax(2) != 0).double().mean(),
            "that counts wrong answers; the error sees how sure the model is, (1 - p)^2",
        ),
        (
            (1 - own).square().mean(),
            "that is the error of a model that still sees color: 'gray' is asked for whatever the "
            "image's color",
        ),
        (3 * (1 - p).square().mean(), "you added the three colors; take their mean"),
    ]


@exercise(
    "forget_error",
    hints=[
        "What should a model say that never saw color? 'Gray', to every image, with probability 1.",
        "softmax(1)[:, 0] is p(gray) for each image. Square its distance from 1, and average over "
        "images and over the three colors.",
        "All three sets have the same number of images: torch.cat them and take one mean.",
    ],
    cases=lambda generator: ([3 * draw(generator, n, 3) for _ in range(3)] for n in (1, 5, 8)),
    mistakes=_forget_mistakes,
    scale=lambda *logits: torch.tensor(1.0),
)
def forget_error(gray, red, green):
    """The mean of (1 - p(gray))^2, a tensor with one number. Each argument: the color head's logits
    (n, 3) on test images of that color, class 0 is gray."""
    return (1 - torch.cat([gray, red, green]).softmax(1)[:, 0]).square().mean()


def _npo_cases(generator):
    for n, beta in ((6, 0.1), (1, 1.0), (5, 2.0)):
        yield -draw(generator, n).abs(), -draw(generator, n).abs(), beta
    for gap in (800, 5_000):
        log_p = torch.tensor([-1, -0.5], dtype=torch.float64)
        words = (
            f"the teacher's probability is exp(-{gap}) for one sample, and the ratio overflows: "
            "stay with logarithms (torch.nn.functional.softplus(x) is log(1 + exp(x)), and never "
            "overflows)"
        )
        yield Trap((log_p, log_p - torch.tensor([0, gap]), 1.0), words)


def _npo_mistakes(log_p, log_p_teacher, beta):
    odds = beta * (log_p - log_p_teacher)
    loss = F.softplus(odds)
    return [
        (
            2 / beta * F.softplus(-odds).mean(),
            "the ratio is upside down: the model's probability is above, the teacher's below",
        ),
        (loss.mean(), "the factor 2 / beta is missing"),
        (loss.mean() / beta, "the factor is 2 / beta, not 1 / beta"),
        (2 * loss.mean(), "divide by beta as well: the factor is 2 / beta"),
        (2 / beta * loss.sum(), "take the mean over samples, not the sum"),
        (
            2 / beta * F.softplus(odds / beta).mean(),
            "the ratio is raised to the power beta: beta multiplies the difference of logarithms",
        ),
        (2 / beta * odds.mean(), "log(1 + ratio) is not log(ratio)"),
        (
            -2 / beta * loss.mean(),
            "the loss goes down as the model's probability of the label does: no minus sign",
        ),
    ]


@exercise(
    "npo",
    hints=[
        "(pi / pi*)^beta = exp(beta * (log pi - log pi*)). Why is it better not to compute that "
        "number?",
        "log(1 + exp(x)) has a name, and torch.nn.functional has it.",
        "2 / beta * F.softplus(beta * (log_p - log_p_teacher)), and then the mean.",
    ],
    cases=_npo_cases,
    mistakes=_npo_mistakes,
)
def npo(log_p, log_p_teacher, beta):
    """(2 / beta) mean log(1 + (pi / pi*)^beta), a tensor with one number. log_p, log_p_teacher:
    (n,), the logarithms of pi and pi*."""
    return 2 / beta * F.softplus(beta * (log_p - log_p_teacher)).mean()

"""The exercises of notebook 09, label erasure: tinting, the forget error, and a loss that must not
overflow."""

import torch
import torch.nn.functional as F

from ...course.exercises import Trap, draw, exercise

PAINT = """
hint 1: A white pixel takes the color itself, a black one stays black, and between them it is
    proportional.
hint 2: The channel k of a pixel is luminance * color[k] / 255.
hint 3: gray[:, None] has shape (n, 1, h, w) and color[:, None, None] has shape (3, 1, 1): their
    product broadcasts.
channels: the channels come second: shape (n, 3, h, w), not (n, h, w, 3)
one: expected three channels per image, got one: shape (n, 3, h, w)
whole: divide by 255: a color of 255 leaves the luminance as it is
double: once divided by 255 is enough: pixels stay between 0 and 255
average: a tint multiplies; you averaged the image with the color
there: a channel of 128 halves the luminance; you only asked whether the color is there
complement: that is the complementary color: multiply by color, not by 255 - color
flip: the channels are in the order blue, green, red; it is red, green, blue
"""


def _paint_cases():
    for size, color in (
        ((4, 5, 6), (255, 0, 0)),
        ((3, 2, 3), (255, 255, 255)),
        ((3, 3, 3), (255, 128, 0)),
    ):
        gray = torch.rand(*size, dtype=torch.float64)
        yield 255 * gray, torch.tensor(color, dtype=torch.float64)


def _paint_mistakes(gray, color):
    one, shade = gray[:, None], color[:, None, None]
    return {
        "channels": gray[..., None] * color,
        "one": gray,
        "whole": one * shade,
        "double": one * shade / 255**2,
        "average": (one + shade) / 2,
        "there": one * (shade > 0),
        "complement": one * (255 - shade) / 255,
        "flip": one * shade.flip(0) / 255,
    }


@exercise(PAINT, _paint_cases, _paint_mistakes)
def paint(gray, color):
    """Images in one color, (n, 3, h, w). gray: luminance (n, h, w) in [0, 255]. color: (3,) red,
    green, blue in [0, 255]."""
    return gray[:, None] * color[:, None, None] / 255


FORGET = """
hint 1: What should a model say that never saw color? 'Gray', to every image, with probability 1.
hint 2: softmax(1)[:, 0] is p(gray) for each image. Square its distance from 1, and average over
    images and over the three colors.
hint 3: All three sets have the same number of images: torch.cat them and take one mean.
distance: square the distance: (1 - p)^2
late: that is 1 - p^2; the distance from 1 is squared, (1 - p)^2
p: that is p^2: it is large where the model says gray, and the error should be small there
colored: gray images count too: an answer that forgets and calls gray images red is wrong as well
logits: these are logits: take a softmax over the classes first
images: the softmax goes over the classes (dim 1), not over the images
count: that counts wrong answers; the error sees how sure the model is, (1 - p)^2
own: that is the error of a model that still sees color: 'gray' is asked for whatever the image's
    color
sum: you added the three colors; take their mean
"""


def _forget_cases():
    for n in (1, 5, 8):
        yield tuple(3 * draw(3, n, 3))


def _forget_mistakes(*sets):
    sets = torch.stack(sets)
    chances, logits = sets.softmax(2), sets[..., 0]
    p = chances[..., 0]
    return {
        "distance": (1 - p).mean(),
        "late": (1 - p**2).mean(),
        "p": (p**2).mean(),
        "colored": (1 - p[1:]).square().mean(),
        "logits": (1 - logits).square().mean(),
        "images": (1 - logits.softmax(1)).square().mean(),
        "count": (sets.argmax(2) != 0).double().mean(),
        "own": (1 - chances.diagonal(dim1=0, dim2=2)).square().mean(),
        "sum": 3 * (1 - p).square().mean(),
    }


@exercise(FORGET, _forget_cases, _forget_mistakes)
def forget_error(gray, red, green):
    """The mean of (1 - p(gray))^2, a tensor with one number. Each argument: the color head's logits
    (n, 3) on test images of that color, class 0 is gray."""
    return (1 - torch.cat([gray, red, green]).softmax(1)[:, 0]).square().mean()


NPO = """
hint 1: (pi / pi*)^beta = exp(beta * (log pi - log pi*)). Why is it better not to compute that
    number?
hint 2: log(1 + exp(x)) has a name, and torch.nn.functional has it.
hint 3: 2 / beta * F.softplus(beta * (log_p - log_p_teacher)), and then the mean.
gap: the teacher's probability is exp(-800) for one sample, or exp(-5000), and the ratio overflows:
    stay with logarithms (torch.nn.functional.softplus(x) is log(1 + exp(x)), and never overflows)
inverse: the ratio is upside down: the model's probability is above, the teacher's below
no factor: the factor 2 / beta is missing
one: the factor is 2 / beta, not 1 / beta
two: divide by beta as well: the factor is 2 / beta
sum: take the mean over samples, not the sum
power: the ratio is raised to the power beta: beta multiplies the difference of logarithms
ratio: log(1 + ratio) is not log(ratio)
sign: the loss goes down as the model's probability of the label does: no minus sign
"""


def _npo_cases():
    for n, beta in ((6, 0.1), (1, 1.0), (5, 2.0)):
        yield *-draw(2, n).abs(), beta
    for gap in (800, 5_000):
        log_p = torch.tensor([-1, -0.5], dtype=torch.float64)
        yield Trap("gap", log_p, log_p - torch.tensor([0, gap]), 1.0)


def _npo_mistakes(log_p, log_p_teacher, beta):
    odds = beta * (log_p - log_p_teacher)
    loss = F.softplus(odds).mean()
    return {
        "inverse": 2 / beta * F.softplus(-odds).mean(),
        "no factor": loss,
        "one": loss / beta,
        "two": 2 * loss,
        "sum": 2 / beta * loss * len(log_p),
        "power": 2 / beta * F.softplus(odds / beta).mean(),
        "ratio": 2 / beta * odds.mean(),
    }


@exercise(NPO, _npo_cases, _npo_mistakes)
def npo(log_p, log_p_teacher, beta):
    """(2 / beta) mean log(1 + (pi / pi*)^beta), a tensor with one number. log_p, log_p_teacher:
    (n,), the logarithms of pi and pi*."""
    return 2 / beta * F.softplus(beta * (log_p - log_p_teacher)).mean()

"""The exercises of notebook 09, label erasure: tinting, the forget error, and a loss that must not
overflow."""

import torch

from ...course.exercises import draw, exercise

PAINT = """
hint 1: A white pixel takes the color itself, a black one stays black, and between them it is
    proportional.
hint 2: The channel k of a pixel is luminance * color[k] / 255.
hint 3: gray[:, None] has shape (n, 1, h, w) and color[:, None, None] has shape (3, 1, 1): their
    product broadcasts.
[gray[:, None] * color[:, None, None] -> gray[..., None] * color]: the channels come second: shape
    (n, 3, h, w), not (n, h, w, 3)
[return gray]: expected three channels per image, got one: shape (n, 3, h, w)
[/ 255 -> ]: divide by 255: a color of 255 leaves the luminance as it is
[255 -> 255**2]: once divided by 255 is enough: pixels stay between 0 and 255
[return (gray[:, None] + color[:, None, None]) / 2]: a tint multiplies; you averaged the image with
    the color
[color[:, None, None] / 255 -> (color[:, None, None] > 0)]: a channel of 128 halves the luminance;
    you only asked whether the color is there
[color[:, None, None] -> (255 - color[:, None, None])]: that is the complementary color: multiply by
    color, not by 255 - color
[color[:, None, None] -> color.flip(0)[:, None, None]]: the channels are in the order blue, green,
    red; it is red, green, blue
"""


def _paint_cases():
    for size, color in (
        ((4, 5, 6), (255, 0, 0)),
        ((3, 2, 3), (255, 255, 255)),
        ((3, 3, 3), (255, 128, 0)),
    ):
        gray = torch.rand(*size, dtype=torch.float64)
        yield 255 * gray, torch.tensor(color, dtype=torch.float64)


@exercise(PAINT, _paint_cases)
def paint(gray, color):
    """Images in one color, (n, 3, h, w). gray: luminance (n, h, w) in [0, 255]. color: (3,) red,
    green, blue in [0, 255]."""
    return gray[:, None] * color[:, None, None] / 255


FORGET = """
hint 1: What should a model say that never saw color? 'Gray', to every image, with probability 1.
hint 2: softmax(1)[:, 0] is p(gray) for each image. Square its distance from 1, and average over
    images and over the three colors.
hint 3: All three sets have the same number of images: torch.cat them and take one mean.
[.square() -> ]: square the distance: (1 - p)^2
[).square() -> ** 2)]: that is 1 - p^2; the distance from 1 is squared, (1 - p)^2
[1 - torch -> torch]: that is p^2: it is large where the model says gray, and the error should be
    small there
[[gray, red, green] -> [red, green]]: gray images count too: an answer that forgets and calls gray
    images red is wrong as well
[.softmax(1) -> ]: these are logits: take a softmax over the classes first
[torch.cat([gray, red, green]).softmax(1) -> torch.cat([gray.softmax(0), red.softmax(0),
    green.softmax(0)])]: the softmax goes over the classes (dim 1), not over the images
[return (torch.cat([gray, red, green]).argmax(1) != 0).double().mean()]: that counts wrong answers;
    the error sees how sure the model is, (1 - p)^2
[return (1 - torch.stack([gray, red, green]).softmax(2).diagonal(dim1=0, dim2=2)).square().mean()]:
    that is the error of a model that still sees color: 'gray' is asked for whatever the image's
    color
[mean() -> mean() * 3]: you added the three colors; take their mean
"""


def _forget_cases():
    for n in (1, 5, 8):
        yield tuple(3 * draw(3, n, 3))


@exercise(FORGET, _forget_cases)
def forget_error(gray, red, green):
    """The mean of (1 - p(gray))^2, a tensor with one number. Each argument: the color head's logits
    (n, 3) on test images of that color, class 0 is gray."""
    return (1 - torch.cat([gray, red, green]).softmax(1)[:, 0]).square().mean()


NPO = """
hint 1: (pi / pi*)^beta = exp(beta * (log pi - log pi*)). Why is it better not to compute that
    number?
hint 2: log(1 + exp(x)) has a name, and torch.nn.functional has it.
hint 3: 2 / beta * torch.nn.functional.softplus(beta * (log_p - log_p_teacher)), and then the mean.
gap: the teacher's probability is exp(-800) for one sample, or exp(-5000), and the ratio overflows:
    stay with logarithms (torch.nn.functional.softplus(x) is log(1 + exp(x)), and never overflows)
[log_p - log_p_teacher -> log_p_teacher - log_p]: the ratio is upside down: the model's probability
    is above, the teacher's below
[2 / beta * -> ]: the factor 2 / beta is missing
[2 / beta -> 1 / beta]: the factor is 2 / beta, not 1 / beta
[2 / beta -> 2]: divide by beta as well: the factor is 2 / beta
[mean() -> sum()]: take the mean over samples, not the sum
[beta * (log_p -> (log_p]: the ratio is raised to the power beta: beta multiplies the difference of
    logarithms
[torch.nn.functional.softplus -> ]: log(1 + ratio) is not log(ratio)
sign: the loss goes down as the model's probability of the label does: no minus sign
"""


def _npo_cases():
    for n, beta in ((6, 0.1), (1, 1.0), (5, 2.0)):
        yield *-draw(2, n).abs(), beta
    for gap in (800, 5_000):
        log_p = torch.tensor([-1, -0.5], dtype=torch.float64)
        yield "gap", log_p, log_p - torch.tensor([0, gap]), 1.0


@exercise(NPO, _npo_cases)
def npo(log_p, log_p_teacher, beta):
    """(2 / beta) mean log(1 + (pi / pi*)^beta), a tensor with one number. log_p, log_p_teacher:
    (n,), the logarithms of pi and pi*."""
    return 2 / beta * torch.nn.functional.softplus(beta * (log_p - log_p_teacher)).mean()

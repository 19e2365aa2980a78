"""The exercises of notebook 09, label erasure: tinting, the forget error, and a loss that must not overflow."""
import torch
import torch.nn.functional as F

from . import call, compare, draw, exercise, expect, expect_tensor


def _test_paint(learner):
    generator = torch.Generator().manual_seed(0)
    for n, h, w, color in ((4, 5, 6, (255., 0., 0.)), (3, 2, 3, (255., 255., 255.)), (3, 3, 3, (255., 128., 0.))):
        gray = 255 * torch.rand(n, h, w, generator=generator, dtype=torch.float64)
        shade = torch.tensor(color, dtype=torch.float64)
        right = paint(gray, shade)
        answer = call(learner, gray, shade)
        if isinstance(answer, torch.Tensor):
            expect(answer.shape != (n, h, w, 3) or answer.shape == right.shape, "the channels come second: shape (n, 3, h, w), not (n, h, w, 3)")
            expect(answer.shape != (n, h, w), "expected three channels per image, got one: shape (n, 3, h, w)")
        compare(answer, right, [
            (right * 255, "divide by 255: a color of 255 leaves the luminance as it is"),
            (right / 255, "once divided by 255 is enough: pixels stay between 0 and 255"),
            ((gray[:, None] + shade[:, None, None]) / 2 + 0 * right, "a tint multiplies; you averaged the image with the color"),
            (gray[:, None] * (shade > 0)[:, None, None] + 0 * right, "a channel of 128 halves the luminance; you only asked whether the color is there"),
            (gray[:, None] * (255 - shade)[:, None, None] / 255 + 0 * right, "that is the complementary color: multiply by color, not by 255 - color"),
            (right.flip(1), "the channels are in the order blue, green, red; it is red, green, blue"),
        ], (gray, shade), scale=gray.norm())


@exercise("paint", _test_paint, hints=[
    "A white pixel takes the color itself, a black one stays black, and between them it is proportional.",
    "The channel k of a pixel is luminance * color[k] / 255.",
    "gray[:, None] has shape (n, 1, h, w) and color[:, None, None] has shape (3, 1, 1): their product broadcasts.",
])
def paint(gray, color):
    """Images in one color, (n, 3, h, w). gray: luminance (n, h, w) in [0, 255]. color: (3,) red, green, blue in [0, 255]."""
    return gray[:, None] * color[:, None, None] / 255


def _test_forget_error(learner):
    generator = torch.Generator().manual_seed(1)
    for n in (1, 5, 8):
        logits = [3 * draw(generator, n, 3) for _ in range(3)]
        p = [part.softmax(1)[:, 0] for part in logits]
        right, mean = forget_error(*logits), lambda parts: torch.stack([part.mean() for part in parts]).mean()
        compare(call(learner, *logits), right, [
            (mean([1 - q for q in p]), "square the distance: (1 - p)^2"),
            (mean([1 - q ** 2 for q in p]), "that is 1 - p^2; the distance from 1 is squared, (1 - p)^2"),
            (mean([q ** 2 for q in p]), "that is p^2: it is large where the model says gray, and the error should be small there"),
            (mean([(1 - q) ** 2 for q in p[1:]]), "gray images count too: an answer that forgets and calls gray images red is wrong as well"),
            (mean([(1 - part[:, 0]) ** 2 for part in logits]), "these are logits: take a softmax over the classes first"),
            (mean([(1 - part.softmax(0)[:, 0]) ** 2 for part in logits]), "the softmax goes over the classes (dim 1), not over the images"),
            (mean([(part.argmax(1) != 0).double() for part in logits]), "that counts wrong answers; the error sees how sure the model is, (1 - p)^2"),
            (mean([(1 - part.softmax(1)[:, i]) ** 2 for i, part in enumerate(logits)]),
             "that is the error of a model that still sees color: 'gray' is asked for whatever the image's color"),
            (3 * right, "you added the three colors; take their mean"),
        ], tuple(logits), scale=torch.tensor(1.))


@exercise("forget_error", _test_forget_error, hints=[
    "What should a model say that never saw color? 'Gray', to every image, with probability 1.",
    "softmax(1)[:, 0] is p(gray) for each image. Square its distance from 1, and average over images and over the three colors.",
    "All three sets have the same number of images: torch.cat them and take one mean.",
])
def forget_error(gray, red, green):
    """The mean of (1 - p(gray))^2, a tensor with one number. Each argument: the color head's logits (n, 3) on test images of
    that color, class 0 is gray."""
    return (1 - torch.cat([gray, red, green]).softmax(1)[:, 0]).square().mean()


def _test_npo(learner):
    generator = torch.Generator().manual_seed(2)
    for n, beta in ((6, .1), (1, 1.), (5, 2.)):
        model, teacher = -draw(generator, n).abs(), -draw(generator, n).abs()
        right, odds = npo(model, teacher, beta), beta * (model - teacher)
        compare(call(learner, model, teacher, beta), right, [
            (2 / beta * F.softplus(-odds).mean(), "the ratio is upside down: the model's probability is above, the teacher's below"),
            (F.softplus(odds).mean(), "the factor 2 / beta is missing"),
            (1 / beta * F.softplus(odds).mean(), "the factor is 2 / beta, not 1 / beta"),
            (2 * F.softplus(odds).mean(), "divide by beta as well: the factor is 2 / beta"),
            (2 / beta * F.softplus(odds).sum(), "take the mean over samples, not the sum"),
            (2 / beta * F.softplus(model - teacher).mean(), "the ratio is raised to the power beta: beta multiplies the difference of logarithms"),
            (2 / beta * odds.mean(), "log(1 + ratio) is not log(ratio)"),
            (-right, "the loss goes down as the model's probability of the label does: no minus sign"),
        ], (model, teacher, beta))
    for gap in (800., 5_000.):
        model, teacher = torch.tensor([-1., -.5], dtype=torch.float64), torch.tensor([-1., -.5 - gap], dtype=torch.float64)
        answer = call(learner, model, teacher, 1.)
        expect_tensor(torch.nan_to_num(answer, 0., 0., 0.) if isinstance(answer, torch.Tensor) else answer, npo(model, teacher, 1.))
        expect(bool(torch.isfinite(answer)), f"the teacher's probability is exp(-{gap:.0f}) for one sample, and the ratio overflows: "
               "stay with logarithms (torch.nn.functional.softplus(x) is log(1 + exp(x)), and never overflows)")
        compare(answer, npo(model, teacher, 1.), [], (model, teacher, 1.))


@exercise("npo", _test_npo, hints=[
    "(pi / pi*)^beta = exp(beta * (log pi - log pi*)). Why is it better not to compute that number?",
    "log(1 + exp(x)) has a name, and torch.nn.functional has it.",
    "2 / beta * F.softplus(beta * (log_p - log_p_teacher)), and then the mean.",
])
def npo(log_p, log_p_teacher, beta):
    """(2 / beta) mean log(1 + (pi / pi*)^beta), a tensor with one number. log_p, log_p_teacher: (n,), the logarithms of pi and pi*."""
    return 2 / beta * F.softplus(beta * (log_p - log_p_teacher)).mean()

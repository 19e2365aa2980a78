"""The exercises of notebook 10, representation collapse: the accuracy by color, and weights that let a few images count."""
import torch

from . import call, compare, draw, exercise, expect


def _test_color_accuracy(learner):
    generator = torch.Generator().manual_seed(0)
    for colors, n in ((10, 7), (4, 9), (3, 1)):
        logits = 2 * draw(generator, colors, n, colors)
        logits[0, :, 0] += 4  # of the first color nearly all, of the others few
        right, says, own = color_accuracy(logits), logits.argmax(2), torch.arange(colors)[:, None]
        share = lambda hits: hits.double().mean()
        compare(call(learner, logits), right, [
            (100 * right, "a share lies between 0 and 1: no percent"),
            ((says == own).double().sum(), "that counts the hits; divide by the number of painted images, colors times n"),
            (1 - right, "that is the share of errors"),
            (share(says[0] == 0), "that is the first color alone; take all of them"),
            (logits.softmax(2)[torch.arange(colors), :, torch.arange(colors)].mean(),
             "that is the mean probability of the color's class; count whether it is the largest"),
            ((says == own).double().mean(0).max(), "that is the best image; take the mean over all"),
            (share((says == own).all(0)), "you ask that an image be right in every color; each painted image counts by itself"),
            (share((says == own).any(0)), "you ask that an image be right in some color; each painted image counts by itself"),
        ], (logits,), scale=torch.tensor(1.))


@exercise("color_accuracy", _test_color_accuracy, hints=[
    "The label to compare with is the color, and the color is the first index of logits. What an image shows does not matter.",
    "logits.argmax(2) has shape (colors, n): the class named for each painted image.",
    "torch.arange(colors)[:, None] has shape (colors, 1) and broadcasts against it. Then take the mean of the hits.",
])
def color_accuracy(logits):
    """The share of painted images that are given the class of their color, a tensor with one number.

    logits: (colors, n, classes), what the model says of n images in each color; color k is that of class k."""
    right = logits.argmax(2) == torch.arange(len(logits))[:, None]
    return right.double().mean()


def _test_sample_weights(learner):
    for n_retain, n_forget in ((20, 1), (9, 3), (4, 4), (2, 5)):
        order = torch.randperm(n_retain + n_forget, generator=torch.Generator().manual_seed(n_retain))
        forgotten = order < n_forget
        n, right = n_retain + n_forget, sample_weights(forgotten)
        pick = lambda forget, retain: torch.where(forgotten, torch.tensor(forget).double(), torch.tensor(retain).double())
        p, both = n_forget / n_retain, len({n_retain, n_forget}) == 1
        answer = call(learner, forgotten)
        mistakes = [
            (pick(1 / (1 + n_forget / n), n_forget / n / (1 + n_forget / n)),
             "your p is the share of all images; it is forgotten images per retained one"),
            (pick(1., p), "the two kinds balance, but a retained and a forgotten weight are to add up to 1: divide by 1 + p"),
            (pick(1 / p, 1.), "the two kinds balance, but a retained and a forgotten weight are to add up to 1"),
            (pick(1 / n_forget, 1 / n_retain), "the two kinds balance, but a retained and a forgotten weight are to add up to 1"),
            (pick(.5 / n_forget, .5 / n_retain), "the two kinds balance, but a retained and a forgotten weight are to add up to 1"),
        ]
        if not both:  # with as many of either kind these are right
            mistakes += [(pick(p / (1 + p), 1 / (1 + p)), "the other way around: the rare images are to weigh more"),
                         (pick(.5, .5), "all weights are equal, so the many retained images count for nearly everything")]
        if isinstance(answer, torch.Tensor) and answer.shape == right.shape and torch.isfinite(answer.double()).all():
            expect(answer.double().min() >= 0, "a weight is negative: that image would be unlearned")
        compare(answer, right, [m for m in mistakes if not torch.allclose(m[0], right)], (forgotten,))


@exercise("sample_weights", _test_sample_weights, hints=[
    "Two unknowns, the weight a of a retained image and b of a forgotten one. Two conditions: which?",
    "n_r a = n_f b and a + b = 1. With p = n_f / n_r the first says a = p b.",
    "b = 1 / (1 + p), a = p / (1 + p). torch.where(forgotten, b, a) puts them in place.",
])
def sample_weights(forgotten):
    """A weight for each image, (n,) floats. forgotten: (n,) bool, at least one True and one False.

    Both kinds have the same total weight, and a retained and a forgotten image together have the weight 1."""
    p = forgotten.sum().double() / (~forgotten).sum()
    return torch.where(forgotten, 1 / (1 + p), p / (1 + p))

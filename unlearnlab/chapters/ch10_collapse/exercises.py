"""The exercises of notebook 10, representation collapse: the accuracy by color, and weights that
let a few images count."""

import torch

from ...course.exercises import draw, exercise

ACCURACY = """
hint 1: The label to compare with is the color, and the color is the first index of logits. What an
    image shows does not matter.
hint 2: logits.argmax(2) has shape (colors, n): the class named for each painted image.
hint 3: torch.arange(colors)[:, None] has shape (colors, 1) and broadcasts against it. Then take the
    mean of the hits.
[return 100 * right.double().mean()]: a share lies between 0 and 1: no percent
[mean() -> sum()]: that counts the hits; divide by the number of painted images, colors times n
[== -> !=]: that is the share of errors
[right.double -> right[0].double]: that is the first color alone; take all of them
[return logits.softmax(2).diagonal(dim1=0, dim2=2).mean()]: that is the mean probability of the
    color's class; count whether it is the largest
[mean() -> mean(0).max()]: that is the best image; take the mean over all
[mean() -> amin(0).mean()]: you ask that an image be right in every color; each painted image counts
    by itself
[mean() -> amax(0).mean()]: you ask that an image be right in some color; each painted image counts
    by itself
"""


def _color_cases():
    for colors, n in ((10, 7), (4, 9), (3, 1)):
        logits = 2 * draw(colors, n, colors)
        logits[0, :, 0] += 4  # of the first color nearly all, of the others few
        yield [logits]


@exercise(ACCURACY, _color_cases)
def color_accuracy(logits):
    """The share of painted images that are given the class of their color, a tensor with one
    number.

    logits: (colors, n, classes), what the model says of n images in each color; color k is that of
    class k."""
    right = logits.argmax(2) == torch.arange(len(logits))[:, None]
    return right.double().mean()


WEIGHTS = """
hint 1: Two unknowns, the weight a of a retained image and b of a forgotten one. Two conditions:
    which?
hint 2: n_r a = n_f b and a + b = 1. With p = n_f / n_r the first says a = p b.
hint 3: b = 1 / (1 + p), a = p / (1 + p). torch.where(forgotten, b, a) puts them in place.
[(~forgotten).sum() -> len(forgotten)]: your p is the share of all images; it is forgotten images
    per retained one
[1 / (1 + p), p / (1 + p) -> 1, p]: the two kinds balance, but a retained and a forgotten weight are
    to add up to 1: divide by 1 + p
[1 / (1 + p), p / (1 + p) -> 1 / p, 1] [1 / (1 + p), p / (1 + p) -> 1 / forgotten.sum(), 1 /
    (~forgotten).sum()] [1 / (1 + p), p / (1 + p) -> 0.5 / forgotten.sum(), 0.5 /
    (~forgotten).sum()]: the two kinds balance, but a retained and a forgotten weight are to add up
    to 1
[1 / (1 + p), p / (1 + p) -> p / (1 + p), 1 / (1 + p)]: the other way around: the rare images are to
    weigh more
[return 0.5 + 0 * forgotten]: all weights are equal, so the many retained images count for nearly
    everything
"""


def _weight_cases():
    for n_retain, n_forget in ((20, 2), (20, 1), (4, 4), (2, 5)):
        yield [torch.randperm(n_retain + n_forget) < n_forget]


@exercise(WEIGHTS, _weight_cases)
def sample_weights(forgotten):
    """A weight for each image, (n,) floats. forgotten: (n,) bool, at least one True and one False.

    Both kinds have the same total weight, and a retained and a forgotten image together have the
    weight 1."""
    p = forgotten.sum().double() / (~forgotten).sum()
    return torch.where(forgotten, 1 / (1 + p), p / (1 + p))

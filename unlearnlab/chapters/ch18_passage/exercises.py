"""The exercises of notebook 18, a passage to forget: how exposed a word is, and what one row for a
whole passage does not protect."""

import torch

from ...course.exercises import draw, exercise

EXPOSURE = """
hint 1: Two steps. What is the rank of the true word among its rivals? Then: how many bits does
    that rank give away?
hint 2: logits[:, rivals] has shape (n, k), and logits.gather(1, true[:, None]) shape (n, 1): the
    logits of the true words. Comparing them broadcasts.
hint 3: The rank is 1 and as many more as there are rivals with a larger logit. The exposure is
    log2(k) minus the log2 of the rank.
sign: the sign is wrong: a word of rank 1 has the largest exposure, log2(k)
[1 + -> ]: you count the rivals that are likelier, which is 0 for the likeliest word; its rank is 1
[[:, rivals] -> ]: your rank is that among all words of the vocabulary; only the rivals could stand
    there
[> own -> >= own]: the true word is one of the rivals and is not likelier than itself: count those
    with a larger logit
[> own -> < own]: you count the rivals that are less likely; the rank counts those that are likelier
[return rank.double()]: that is the rank; the exposure is log2(k) minus log2(rank)
[return -rank.double().log2()]: that is minus the log2 of the rank; what is missing is log2(k), the
    bits that a word has to give away
[log2() -> log()]: that is the natural logarithm; bits are counted by log2
[len(rivals) -> logits.shape[1]]: k is the number of rivals, not of all words
number [rank.double() -> rank.double().mean()]: one exposure for every word: shape (n,), no sum and
    no mean
"""


def _exposure_cases():
    for n, words, k in ((5, 30, 12), (4, 9, 4), (1, 40, 16), (7, 12, 3)):
        rivals = torch.randperm(words)[:k]
        true = rivals[torch.randint(k, (n,))]
        true[0] = rivals[0]
        logits = 2 * draw(n, words)
        logits[0, true[0]] += 20  # the likeliest of all
        yield logits, true, rivals


@exercise(EXPOSURE, _exposure_cases)
def exposure(logits, true, rivals):
    """log2(k) - log2(rank of the true word among its rivals), (n,), in bits.

    logits: (n, words). true: (n,), numbers of the true words. rivals: (k,), numbers of the words
    that could stand there, the true ones among them. Rank 1: no rival has a larger logit.
    """
    own = logits.gather(1, true[:, None])
    rank = 1 + (logits[:, rivals] > own).sum(1)
    return (len(rivals) / rank.double()).log2()


UNPROTECTED = """
hint 1: Without the condition it would be the first right singular vector of rows: of all v of
    length 1 it has the largest |rows v|. What must the rows lose first, so that the vector is
    orthogonal to their sum?
hint 2: Take out of every row its part along the sum. A combination of what is left is orthogonal to
    the sum.
hint 3: With u the sum, scaled to length 1, what is left is rows - (rows @ u)[:, None] * u. The
    first row of Vh of its singular value decomposition is the answer.
length: the length of your v is {length:.3g}; wanted is 1
felt: the sum of the rows feels your v: rows.sum(0) @ v is {felt:.2g}, and it must be 0
most: your v is orthogonal to the sum, but moves the rows by {reach:.3g}; another one of length 1
    moves them by {most:.3g}. Take the sum out of the rows first, then look for the largest
"""


def _unprotected_cases():
    for k, d in ((4, 9), (2, 5), (6, 40), (7, 7)):
        yield [draw(k, d) + 1]  # the rows share a direction


def _judge(v, rows):
    felt, reach = (rows.sum(0) @ v).item(), (rows @ v).norm().item()
    most = (rows @ unprotected(rows)).norm().item()
    length = v.norm().item()
    holds = {
        "length": abs(length - 1) < 1e-6,
        "felt": abs(felt) < 1e-6 * rows.sum(0).norm().item(),
        "most": reach > (1 - 1e-6) * most,
    }
    return {"length": length, "felt": felt, "reach": reach, "most": most}, holds


@exercise(UNPROTECTED, _unprotected_cases, judge=_judge)
def unprotected(rows):
    """v (d,) of length 1, orthogonal to the sum of the rows, for which |rows v| is largest.

    rows: (k, d), of full rank, k > 1, one for every word of a passage.
    """
    total = rows.sum(0)
    unit = total / total.norm()
    rest = rows - (rows @ unit)[:, None] * unit
    return torch.linalg.svd(rest, full_matrices=False).Vh[0]

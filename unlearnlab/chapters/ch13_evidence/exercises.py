"""The exercises of notebook 13, is it forgotten: a margin that survives sure models, and KLoM of
one example."""

import torch

from ...course.exercises import draw, exercise

MARGIN = """
column: expected shape (n,), got (n, 1): gather keeps the dimension
sign: the sign is wrong: a model that is sure of the label has a large positive margin
[others.logsumexp -> logits.logsumexp]: that is log p_y: leave the label's own logit out of the
  logsumexp
[others.logsumexp(1) -> others.amax(1)]: that is the gap to the best other class; log(1 - p_y) sums
  over all of them, by logsumexp
[others.logsumexp(1) -> logits.scatter(1, labels[:, None], 0).sum(1) / (logits.shape[1] - 1)]: that
  subtracts the mean of the other logits; subtract their logsumexp
[others.logsumexp(1) -> logits.scatter(1, labels[:, None], 0).sum(1)]: that subtracts the sum of the
  other logits; subtract their logsumexp
[-torch.inf -> 0]: you put 0 where the label's logit was, which counts as a class; put -inf
[- others.logsumexp(1) -> ]: that is the label's logit; subtract the logsumexp of the others
[return margin(logits, labels) / torch.tensor(2.0).log()]: that is in bits; use the natural
  logarithm
gap: one logit is 60 or 900 and the others are near 0. If the result is infinite, it is because p_y
  rounds to 1 or 0, or exp overflows: do not go through probabilities, and let torch.logsumexp take
  the exponentials
hint 1: p_y = exp(z_y) / S with S the sum over all classes. What is 1 - p_y, as a fraction with the
  same S?
hint 2: S cancels: log p_y - log(1 - p_y) = z_y - log of the sum of exp over the other classes.
hint 3: logits.scatter(1, labels[:, None], -torch.inf) takes the label out of the sum;
  logits.gather(1, labels[:, None])[:, 0] is z_y.
"""


def _margin_cases():
    for n, classes in ((5, 4), (1, 2), (4, 10)):
        yield 2 * draw(n, classes), torch.arange(n) % classes
    for gap in (60.0, 900.0):
        logits = torch.tensor([[gap, 0.0, 1.0], [0.0, gap, 1.0]], dtype=torch.float64)
        yield "gap", logits, torch.tensor([0, 0])


@exercise(MARGIN, _margin_cases)
def margin(logits, labels):
    """log p_y - log(1 - p_y), (n,). logits: (n, classes), labels: (n,) integers."""
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return logits.gather(1, labels[:, None])[:, 0] - others.logsumexp(1)


KLOM = """
[torch.special.xlogy(p, p) -> p * p.log()]: the result is a NaN or infinite: a bin without unlearned
  models adds 0 (0 log 0 counts as 0), and where no retrained model is, q counts as 1e-5
[return klom(retrained, unlearned)]: the arguments are in the other order: KL(unlearned ||
  retrained) weighs by the unlearned models' shares
[unlearned.clamp(-100, 100), retrained.clamp(-100, 100) -> unlearned, retrained]
  [unlearned.clamp(-100, 100), retrained.clamp(-100, 100) -> unlearned.clamp(max=100),
  retrained.clamp(max=100)]: clip the margins to [-100, 100] first
[min(a.min(), b.min()).item(), max(a.max(), b.max()).item() -> b.min().item(), b.max().item()]: the
  bins go from the smallest to the largest value of both groups together
[max(a.max(), b.max()) -> a.max()]: the bins go up to the largest value of both groups together
[histc(x -> histc(x[x < high]]: the largest value fell out of the bins: it belongs in the last one
[20 -> 10]: use 20 bins, not 10
[q.clamp(min=1e-5) -> (q + 1e-5)]: q is at least 1e-5: take the larger of the two instead of adding
[1e-5 -> 1e-10]: the floor of q is 1e-5, not 1e-10
[torch.histc(x, 20, low, high) / len(x) -> (torch.histc(x, 20, low, high) /
  len(x)).clamp(min=1e-5)]: only q has a floor; a bin without unlearned models adds nothing
[return klom(unlearned, retrained) / torch.tensor(2.0).log()]: that is in bits; use the natural
  logarithm
[sum() -> mean()]: sum over the bins, do not average
[/ len(x) -> ]: these are counts; divide each by its number of models
sign: the sign is wrong: sum p log(p / q), not p log(q / p)
hint 1: Three steps: clip; count both groups in the same 20 bins; sum p log(p / q) over the bins.
hint 2: torch.histc(values, 20, low, high) counts, with the largest value in the last bin. low and
  high: of both groups together, as floats.
hint 3: torch.special.xlogy(p, p) is p log p and gives 0 for p = 0; q.clamp(min=1e-5) is the floor.
hint 4: p = torch.histc(a, 20, low, high) / len(a), the same for q; then (torch.special.xlogy(p, p)
  - p * q.clamp(min=1e-5).log()).sum().
"""


def _klom_cases():
    for n, m, shift, spread, where in (
        (30, 45, 1.0, 1.0, 0.0),
        (40, 20, -2.0, 3.0, 5.0),
        (25, 30, 0.0, 30.0, 100.0),
        (25, 30, 0.0, 0.3, -100.0),  # the largest is a retrained model's
    ):
        yield shift + spread * draw(n) + where, draw(m) + where


@exercise(KLOM, _klom_cases)
def klom(unlearned, retrained):
    """KL(unlearned || retrained) of the margins that models give to one example.

    unlearned: (N,). retrained: (M,). A tensor with one number.
    """
    a, b = unlearned.clamp(-100, 100), retrained.clamp(-100, 100)
    low, high = min(a.min(), b.min()).item(), max(a.max(), b.max()).item()
    p, q = (torch.histc(x, 20, low, high) / len(x) for x in (a, b))
    return (torch.special.xlogy(p, p) - p * q.clamp(min=1e-5).log()).sum()

"""The exercises of notebook 13, is it forgotten: a margin that survives sure models, and KLoM of one example."""
import torch

from . import call, compare, draw, exercise, expect


def _test_margin(learner):
    generator = torch.Generator().manual_seed(0)
    for n, classes in ((5, 4), (1, 2), (4, 10)):
        logits, labels = 2 * draw(generator, n, classes), torch.arange(n) % classes
        right, own = margin(logits, labels), logits[torch.arange(n), labels]
        others = logits.scatter(1, labels[:, None], -torch.inf)
        answer = call(learner, logits, labels)
        if isinstance(answer, torch.Tensor):
            expect(answer.shape != (n, 1), "expected shape (n,), got (n, 1): gather keeps the dimension")
        compare(answer, right, [
            (-right, "the sign is wrong: a model that is sure of the label has a large positive margin"),
            (own - logits.logsumexp(1), "that is log p_y: leave the label's own logit out of the logsumexp"),
            (own - others.max(1).values, "that is the gap to the best other class; log(1 - p_y) sums over all of them, by logsumexp"),
            (own - (logits.sum(1) - own) / max(classes - 1, 1), "that subtracts the mean of the other logits; subtract their logsumexp"),
            (own - (logits.sum(1) - own), "that subtracts the sum of the other logits; subtract their logsumexp"),
            (own - logits.scatter(1, labels[:, None], 0).logsumexp(1), "you put 0 where the label's logit was, which counts as a class; put -inf"),
            (own, "that is the label's logit; subtract the logsumexp of the others"),
            (right / torch.log(torch.tensor(2., dtype=torch.float64)), "that is in bits; use the natural logarithm"),
        ], (logits, labels), scale=max(right.norm(), torch.tensor(1.)))
    for gap in (60., 900.):
        logits, labels = torch.tensor([[gap, 0., 1.], [0., gap, 1.]], dtype=torch.float64), torch.tensor([0, 0])
        answer = call(learner, logits, labels)
        if isinstance(answer, torch.Tensor) and not torch.isfinite(answer).all():
            expect(False, f"with one logit at {gap:.0f} and the others near 0 the result is infinite, because p_y rounds to 1 or 0, or exp "
                   "overflows: do not go through probabilities, and let torch.logsumexp take the exponentials")
        compare(answer, margin(logits, labels), [], (logits, labels))


@exercise("margin", _test_margin, hints=[
    "p_y = exp(z_y) / S with S the sum over all classes. What is 1 - p_y, as a fraction with the same S?",
    "S cancels: log p_y - log(1 - p_y) = z_y - log of the sum of exp over the other classes.",
    "logits.scatter(1, labels[:, None], -torch.inf) takes the label out of the sum; logits.gather(1, labels[:, None])[:, 0] is z_y.",
])
def margin(logits, labels):
    """log p_y - log(1 - p_y), (n,). logits: (n, classes), labels: (n,) integers."""
    others = logits.scatter(1, labels[:, None], -torch.inf)
    return logits.gather(1, labels[:, None])[:, 0] - others.logsumexp(1)


def _test_klom(learner):
    generator = torch.Generator().manual_seed(1)
    for n, m, shift, spread, where in ((30, 45, 1., 1., 0.), (40, 20, -2., 3., 5.), (25, 30, 0., 30., 100.)):
        unlearned, retrained = shift + spread * draw(generator, n) + where, draw(generator, m) + where
        right = klom(unlearned, retrained)
        p, q, raw = *_shares(unlearned, retrained), _shares(unlearned, retrained, limit=torch.inf)
        answer = call(learner, unlearned, retrained)
        if isinstance(answer, torch.Tensor):
            expect(not answer.isnan().any(), "the result is a NaN: a bin without unlearned models adds 0 (0 log 0 counts as 0)")
            expect(not answer.isinf().any(), "the result is infinite: where no retrained model is, q counts as 1e-5")
        cut = _shares(unlearned, retrained, keep_last=False)
        compare(answer, right, [
            (klom(retrained, unlearned), "the arguments are in the other order: KL(unlearned || retrained) weighs by the unlearned models' shares"),
            (_kl(*raw), "clip the margins to [-100, 100] first"),
            (_kl(*_shares(unlearned, retrained, of=retrained)), "the bins go from the smallest to the largest value of both groups together"),
            (_kl(*cut), "the largest value fell out of the bins: it belongs in the last one"),
            (_kl(*_shares(unlearned, retrained, bins=10)), "use 20 bins, not 10"),
            (_kl(p, q + 1e-5, floor=0), "q is at least 1e-5: take the larger of the two instead of adding"),
            (_kl(p, q, floor=1e-10), "the floor of q is 1e-5, not 1e-10"),
            (_kl(*(x.clamp(min=1e-5) for x in (p, q))), "only q has a floor; a bin without unlearned models adds nothing"),
            (_kl(p, q) / torch.log(torch.tensor(2., dtype=torch.float64)), "that is in bits; use the natural logarithm"),
            (_kl(p, q) / 20, "sum over the bins, do not average"),
            (_kl(p * n, q * m), "these are counts; divide each by its number of models"),
            (-right, "the sign is wrong: sum p log(p / q), not p log(q / p)"),
        ], (unlearned, retrained), scale=max(right.abs(), torch.tensor(.1)))


def _shares(unlearned, retrained, limit=100., of=None, bins=20, keep_last=True):
    """p and q, each (bins,), or what comes of a mistake."""
    both = [x.clamp(-limit, limit) for x in (unlearned, retrained)]
    span = torch.cat(both) if of is None else of.clamp(-limit, limit)
    low, high = span.min(), span.max()
    found = []
    for x in both:
        inside = x[(x >= low) & ((x <= high) if keep_last else (x < high))]
        place = ((inside - low) / (high - low) * bins).floor().long().clamp(max=bins - 1)
        found.append(torch.bincount(place, minlength=bins).double() / len(x))
    return found


def _kl(p, q, floor=1e-5):
    return (torch.special.xlogy(p, p) - torch.special.xlogy(p, q.clamp(min=floor))).sum()


@exercise("klom", _test_klom, hints=[
    "Three steps: clip; count both groups in the same 20 bins; sum p log(p / q) over the bins.",
    "torch.histc(values, 20, low, high) counts, with the largest value in the last bin. low and high: of both groups together, as floats.",
    "torch.special.xlogy(p, p) is p log p and gives 0 for p = 0; q.clamp(min=1e-5) is the floor.",
    "p = torch.histc(a, 20, low, high) / len(a), the same for q; then (torch.special.xlogy(p, p) - p * q.clamp(min=1e-5).log()).sum().",
])
def klom(unlearned, retrained):
    """KL(unlearned || retrained) of the margins that models give to one example, a tensor with one number. unlearned: (N,), retrained: (M,)."""
    a, b = unlearned.clamp(-100, 100), retrained.clamp(-100, 100)
    low, high = min(a.min(), b.min()).item(), max(a.max(), b.max()).item()
    p, q = (torch.histc(x, 20, low, high) / len(x) for x in (a, b))
    return (torch.special.xlogy(p, p) - p * q.clamp(min=1e-5).log()).sum()

"""The exercises of notebook 12, width: the objective a setting is chosen by, and a plane through three examples."""
import torch

from . import call, compare, draw, exercise, expect


def _test_privacy(learner):
    generator = torch.Generator().manual_seed(0)
    either_way = "take the absolute value: a forget error above that of unseen data gives the forget set away too"
    for n, lam in ((5, .4), (7, .2), (1, .8)):
        validation, forget, unseen = (torch.rand(n, generator=generator, dtype=torch.float64) for _ in range(3))
        right, gap = privacy(validation, forget, unseen, lam), (forget - unseen).abs()
        compare(call(learner, validation, forget, unseen, lam), right, [
            ((1 - lam) * validation + lam * (forget - unseen), either_way),
            ((1 - lam) * validation + lam * (unseen - forget), either_way),
            (lam * validation + (1 - lam) * gap, "lambda weighs the goal, and 1 - lambda the validation error; you have it the other way round"),
            (validation + lam * gap, "the validation error has the weight 1 - lambda"),
            (validation + gap, "lambda is missing"),
            ((1 - lam) * validation - lam * gap, "J is to be small, and so is the gap: it is added"),
            ((1 - lam) * validation + lam * (1 - forget),
             "that is the goal of bias removal: privacy wants the forget error to be like that of unseen data, neither high nor low"),
            ((1 - lam) * validation + lam * forget, "privacy does not want the forget error low, but like that of unseen data of the same classes"),
            ((1 - lam) * validation + lam * (forget - validation).abs(),
             "compare with unseen data of the forgotten classes, forget_validation, not with all of the validation data"),
            ((1 - lam) * validation + lam * (forget - unseen).square(), "the gap is not squared"),
            (right.mean(), "one J per setting: shape (n,), no mean"),
        ], (validation, forget, unseen, lam), scale=torch.tensor(1.))


@exercise("privacy", _test_privacy, hints=[
    "Two numbers are to be small: the error on validation data, and how much the forget error differs from that of comparable data "
    "the network has never seen.",
    "How much two numbers differ, whichever is larger: (forget - forget_validation).abs().",
    "(1 - lam) * validation + lam * that.",
])
def privacy(validation, forget, forget_validation, lam):
    """J of the privacy goal for n settings, (n,). validation, forget, forget_validation: (n,) errors. lam: weight of the goal."""
    return (1 - lam) * validation + lam * (forget - forget_validation).abs()


def _test_plane(learner):
    generator = torch.Generator().manual_seed(1)
    for d in (2, 3, 12):
        x1, x2, x3 = (draw(generator, d) for _ in range(3))
        right, second, third = plane(x1, x2, x3), x2 - x1, x3 - x1
        a = second / second.norm()
        rest = third - (third @ a) * a
        answer = call(learner, x1, x2, x3)
        expect(not isinstance(answer, tuple), "return one tensor of shape (2, d), such as torch.stack([a, b])")
        compare(answer, right, [
            (torch.stack([a, third / third.norm()]), "b is not orthogonal to a: subtract from x3 - x1 its part along a first"),
            (torch.stack([a, rest]), "b has not length 1"),
            (torch.stack([second, rest]), "neither has length 1: divide each by its norm"),
            (torch.stack([second, rest / rest.norm()]), "a has not length 1: divide by its norm"),
            (torch.stack([a, -rest / rest.norm()]), "b points away from x3: its sign is wrong"),
            (torch.stack([-a, rest / rest.norm()]), "a points away from x2: it is x2 - x1"),
            (torch.stack([x2 / x2.norm(), _part(x3, x2)]), "a and b are directions from x1: subtract x1 from both points first"),
            (torch.stack([a, _normal(third - (third @ second) * second)]),
             "the part along a is (x3 - x1) . a times a, with the a of length 1; or divide twice by the length"),
            (torch.stack([a, _normal(x3 - (x3 @ a) * a)]), "b is made of x3 - x1, not of x3"),
            (torch.stack([a, _normal((third @ a) * a)]), "that is the part along a; b is what is left of x3 - x1 without it"),
        ], (x1, x2, x3))


def _normal(x):
    return x / x.norm()


def _part(x, along):
    return _normal(x - (x @ _normal(along)) * _normal(along))


@exercise("plane", _test_plane, hints=[
    "The first direction is easy: from x1 to x2, divided by its length.",
    "How much of x3 - x1 goes along a? Their product, (x3 - x1) @ a. Subtract that much of a.",
    "b = rest / rest.norm() with rest = (x3 - x1) - ((x3 - x1) @ a) * a; then torch.stack([a, b]).",
])
def plane(x1, x2, x3):
    """Two orthonormal directions, (2, d): a from x1 to x2, and b, what x3 - x1 has left without its part along a. Each (d,)."""
    a = (x2 - x1) / (x2 - x1).norm()
    rest = (x3 - x1) - ((x3 - x1) @ a) * a
    return torch.stack([a, rest / rest.norm()])

"""The exercises of notebook 12, width: the objective a setting is chosen by, and a plane through
three examples."""

import torch

from ...course.exercises import drawn, exercise

OBJECTIVE = """
[.abs() -> ] [+ lam * (forget - forget_validation).abs() -> - lam * (forget - forget_validation)]:
  take the absolute value: a forget error above that of unseen data gives the forget set away too
[return lam * validation + (1 - lam) * (forget - forget_validation).abs()]: lambda weighs the goal,
  and 1 - lambda the validation error; you have it the other way round
[(1 - lam) * -> ]: the validation error has the weight 1 - lambda
[return validation + (forget - forget_validation).abs()]: lambda is missing
[+ lam -> - lam]: J is to be small, and so is the gap: it is added
[(forget - forget_validation).abs() -> (1 - forget)]: that is the goal of bias removal: privacy
  wants the forget error to be like that of unseen data, neither high nor low
[(forget - forget_validation).abs() -> forget]: privacy does not want the forget error low, but like
  that of unseen data of the same classes
[forget_validation -> validation]: compare with unseen data of the forgotten classes,
  forget_validation, not with all of the validation data
[abs() -> square()]: the gap is not squared
number: one J per setting: shape (n,), no mean
hint 1: Two numbers are to be small: the error on validation data, and how much the forget error
  differs from that of comparable data the network has never seen.
hint 2: How much two numbers differ, whichever is larger: (forget - forget_validation).abs().
hint 3: (1 - lam) * validation + lam * that.
"""


def _objective_cases():
    for n, lam in ((5, 0.4), (7, 0.2), (1, 0.8)):
        yield *torch.rand(3, n, dtype=torch.float64), lam


@exercise(OBJECTIVE, _objective_cases)
def privacy(validation, forget, forget_validation, lam):
    """J of the privacy goal for n settings, (n,).

    validation, forget, forget_validation: (n,) errors. lam: weight of the goal.
    """
    return (1 - lam) * validation + lam * (forget - forget_validation).abs()


PLANE = """
list: return one tensor of shape (2, d), such as torch.stack([a, b])
[rest / rest.norm() -> (x3 - x1) / (x3 - x1).norm()]: b is not orthogonal to a: subtract from x3 -
  x1 its part along a first
[rest / rest.norm() -> rest]: b has not length 1
[return torch.stack([x2 - x1, rest])]: neither has length 1: divide each by its norm
[stack([a -> stack([x2 - x1]: a has not length 1: divide by its norm
[rest / rest.norm() -> -rest / rest.norm()]: b points away from x3: its sign is wrong
[stack([a -> stack([-a]: a points away from x2: it is x2 - x1
[return plane(0 * x1, x2, x3)]: a and b are directions from x1: subtract x1 from both points first
[((x3 - x1) @ a) * a -> ((x3 - x1) @ (x2 - x1)) * (x2 - x1)]: the part along a is (x3 - x1) . a
  times a, with the a of length 1; or divide twice by the length
[(x3 - x1) - ((x3 - x1) @ a) * a -> x3 - (x3 @ a) * a]: b is made of x3 - x1, not of x3
[(x3 - x1) - ((x3 - x1) @ a) * a -> ((x3 - x1) @ a) * a]: that is the part along a; b is what is
  left of x3 - x1 without it
hint 1: The first direction is easy: from x1 to x2, divided by its length.
hint 2: How much of x3 - x1 goes along a? Their product, (x3 - x1) @ a. Subtract that much of a.
hint 3: b = rest / rest.norm() with rest = (x3 - x1) - ((x3 - x1) @ a) * a; then torch.stack([a,
  b]).
"""


@exercise(PLANE, drawn("d", "d", "d"))
def plane(x1, x2, x3):
    """Two orthonormal directions, (2, d). x1, x2, x3: (d,).

    a goes from x1 to x2; b is what x3 - x1 has left without its part along a.
    """
    a = (x2 - x1) / (x2 - x1).norm()
    rest = (x3 - x1) - ((x3 - x1) @ a) * a
    return torch.stack([a, rest / rest.norm()])

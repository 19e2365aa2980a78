"""The exercise of notebook 00, to learn how exercises work."""

import torch

from ...course.exercises import call, compare, draw, exercise, expect, messages, told

DRIFT = messages("""
hint 1: How far apart are two points? Think of Pythagoras, with d coordinates in place of two.
hint 2: Square the differences of the coordinates, add them up, take the square root.
hint 3: In torch, vector.norm() does the last three things at once.
square: that is the squared length; take the square root
sum: that is the sum of the absolute differences; the length is the root of the sum of squares
plus: that is the length of the sum; subtract the two vectors
longer: that is the difference of the lengths; take the length of the difference
shorter: that is the difference of the lengths; take the length of the difference
mean: that is a root mean square; sum the squares, do not average them
other: on vectors of length {d} expected {right:.4g}, got {answer:.4g}
""")


def _test_drift(learner):
    generator = torch.Generator().manual_seed(0)
    for d in (3, 20, 1):
        theta, original = given = draw(generator, d), draw(generator, d)
        answer = call(learner, *given)
        kind = "None (is there a return?)" if answer is None else type(answer).__name__
        expect(isinstance(answer, (int, float, torch.Tensor)), f"expected a number, got {kind}")
        answer = torch.as_tensor(answer, dtype=torch.float64).flatten()
        size = len(answer)
        expect(size == 1, f"expected one number, got {size}: the length of a vector is one number")
        answer, difference = answer[0], theta - original
        right = difference.norm()
        wrong = {
            "square": right**2,
            "sum": difference.abs().sum(),
            "plus": (theta + original).norm(),
            "longer": theta.norm() - original.norm(),
            "shorter": original.norm() - theta.norm(),
            "mean": difference.square().mean().sqrt(),
            "other": answer,
        }
        compare(answer, right, told(wrong, DRIFT, d=d, right=right, answer=answer), given)


@exercise("drift", _test_drift, hints=DRIFT)
def drift(theta, theta_original):
    """Drift: |theta - theta_original|, a float. theta, theta_original: (d,)."""
    return (theta - theta_original).norm().item()

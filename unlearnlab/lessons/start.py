"""The exercise of notebook 00, to learn how exercises work."""

import torch

from . import call, compare, draw, exercise, expect


def _test_drift(learner):
    generator = torch.Generator().manual_seed(0)
    for d in (3, 20, 1):
        theta, original = given = draw(generator, d), draw(generator, d)
        answer = call(learner, *given)
        kind = "None (is there a return?)" if answer is None else type(answer).__name__
        expect(isinstance(answer, (int, float, torch.Tensor)), f"expected a number, got {kind}")
        answer = torch.as_tensor(answer, dtype=torch.float64)
        expect(
            answer.numel() == 1,
            f"expected one number, got {answer.numel()}: the length of a vector is a single number",
        )
        answer = answer.reshape(())
        difference, right = theta - original, (theta - original).norm()
        lengths = "that is the difference of the lengths; take the length of the difference"
        compare(
            answer,
            right,
            [
                (right**2, "that is the squared length; take the square root"),
                (
                    difference.abs().sum(),
                    "that is the sum of the absolute differences; the length is "
                    "the root of the sum of squares",
                ),
                (
                    (theta + original).norm(),
                    "that is the length of the sum; subtract the two vectors",
                ),
                (theta.norm() - original.norm(), lengths),
                (original.norm() - theta.norm(), lengths),
                (
                    difference.square().mean().sqrt(),
                    "that is a root mean square; sum the squares, do not average them",
                ),
                (answer, f"on vectors of length {d} expected {right:.4g}, got {answer:.4g}"),
            ],
            given,
        )


@exercise(
    "drift",
    _test_drift,
    hints=[
        "How far apart are two points? Think of Pythagoras, with d coordinates in place of two.",
        "Square the differences of the coordinates, add them up, take the square root.",
        "In torch, vector.norm() does the last three things at once.",
    ],
)
def drift(theta, theta_original):
    """Drift: |theta - theta_original|, a float. theta, theta_original: (d,)."""
    return (theta - theta_original).norm().item()

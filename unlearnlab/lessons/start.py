"""The exercise of notebook 00, to learn how exercises work."""
import torch

from . import call, exercise, expect


def _test_drift(learner):
    generator = torch.Generator().manual_seed(0)
    for d in (3, 20, 1):
        theta, original = (3 * torch.randn(d, generator=generator) for _ in range(2))
        answer = call(learner, theta, original)
        expect(answer is not None, "expected a number, got None (is there a return?)")
        size = answer.numel() if isinstance(answer, torch.Tensor) else 1
        expect(size == 1 or d == 1, f"expected one number, got {size}: the length of a vector is a single number")
        expect(isinstance(answer, (int, float, torch.Tensor)), f"expected a number, got {type(answer).__name__}")
        expect(not isinstance(answer, torch.Tensor) or answer.is_floating_point(), "expected a real number")
        answer, difference = float(answer), theta - original
        close = lambda value: abs(answer - float(value)) <= 1e-4 * max(1, abs(float(value)))
        right = difference.square().sum().sqrt()
        expect(close(right) or not close(right**2), "that is the squared length; take the square root")
        expect(close(right) or not close(difference.abs().sum()), "that is the sum of the absolute differences; the length is the root of the sum of squares")
        expect(close(right) or not close((theta + original).norm()), "that is the length of the sum; subtract the two vectors")
        expect(close(right) or not close(theta.norm() - original.norm()) and not close((theta.norm() - original.norm()).abs()),
               "that is the difference of the lengths; take the length of the difference")
        expect(close(right) or not close(difference.square().mean().sqrt()), "that is a root mean square; sum the squares, do not average them")
        expect(close(right), f"on vectors of length {d} expected {float(right):.4g}, got {answer:.4g}")


@exercise("drift", _test_drift, hints=[
    "How far apart are two points? Think of Pythagoras, with d coordinates in place of two.",
    "Square the differences of the coordinates, add them up, take the square root.",
    "In torch, vector.norm() does the last three things at once.",
])
def drift(theta, theta_original):
    """Drift: |theta - theta_original|, a float. theta, theta_original: (d,)."""
    return (theta - theta_original).norm().item()

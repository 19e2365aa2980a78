"""The exercise of notebook 00, to learn how exercises work."""

from ...course.exercises import drawn, exercise

DRIFT = """
hint 1: How far apart are two points? Think of Pythagoras, with d coordinates in place of two.
hint 2: Square the differences of the coordinates, add them up, take the square root.
hint 3: In torch, vector.norm() does the last three things at once.
each: expected one number, got one per coordinate: the length of a vector is one number
squared: that is the squared length; take the square root
sum: that is the sum of the absolute differences; the length is the root of the sum of squares
plus: that is the length of the sum; subtract the two vectors
longer, shorter: that is the difference of the lengths; take the length of the difference
mean: that is a root mean square; sum the squares, do not average them
"""


def _drift_mistakes(theta, original):
    difference, longer = theta - original, theta.norm() - original.norm()
    return {
        "each": difference,
        "sum": difference.abs().sum(),
        "plus": (theta + original).norm(),
        "longer": longer,
        "shorter": -longer,
        "mean": difference.square().mean().sqrt(),
    }


@exercise(DRIFT, drawn("d", "d"), _drift_mistakes)
def drift(theta, theta_original):
    """Drift: |theta - theta_original|, a float. theta, theta_original: (d,)."""
    return (theta - theta_original).norm().item()

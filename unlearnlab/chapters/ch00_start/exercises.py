"""The exercise of notebook 00, to learn how exercises work."""

from ...course.exercises import drawn, exercise

DRIFT = """
hint 1: How far apart are two points? Think of Pythagoras, with d coordinates in place of two.
hint 2: Square the differences of the coordinates, add them up, take the square root.
hint 3: In torch, vector.norm() does the last three things at once.
[.norm().item() -> ]: expected one number, got one per coordinate: the length of a vector is one
    number
[norm() -> square().sum()]: that is the squared length; take the square root
[norm() -> abs().sum()]: that is the sum of the absolute differences; the length is the root of the
    sum of squares
[theta - theta_original -> theta + theta_original]: that is the length of the sum; subtract the two
    vectors
[return theta.norm() - theta_original.norm()] [return theta_original.norm() - theta.norm()]: that is
    the difference of the lengths; take the length of the difference
[norm() -> square().mean().sqrt()]: that is a root mean square; sum the squares, do not average them
"""


@exercise(DRIFT, drawn("d", "d"))
def drift(theta, theta_original):
    """Drift: |theta - theta_original|, a float. theta, theta_original: (d,)."""
    return (theta - theta_original).norm().item()

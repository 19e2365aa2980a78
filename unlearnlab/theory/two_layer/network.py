"""The two-layer network f(x) = c^T phi(A x) and its features.

A (h, d_in) holds one neuron per row, c (h,) its output weights, phi acts entry by entry, and a bias
is the weight of a constant input. Complexity is the number of active neurons, R = sum_i 1{|c_i|
||a_i|| > 0}. With A fixed, the retained outputs are linear in c:

    f(x_i) = <phi(A x_i), c>,    or all at once    features @ c,

features (n, h) with rows phi(A x_i). So a change of c keeps them exactly if it lies in the null
space of the features (paper A, Section on two-layer networks).
"""

from collections.abc import Callable

from torch import Tensor

from ...ground.checks import function, reals

Activation = Callable[[Tensor], Tensor]


def features(A: Tensor, X: Tensor, activation: Activation) -> Tensor:
    """phi(A x_i) for every input, (n, h): row i holds the outputs of all neurons on x_i.

    A: (h, d_in). X: (n, d_in), n may be 0. activation: entry by entry, as torch.relu is.

    Raises TypeError or ValueError for anything but finite floating matrices that fit, or an
    activation that changes the shape.
    """
    reals("A", A, ("h", "d_in"))
    reals("X", X, ("n", A.shape[1]))
    if X.dtype != A.dtype:
        raise TypeError(f"X must have the dtype of A, {A.dtype}, got {X.dtype}")
    function("activation", activation, "of a tensor, such as torch.relu")
    phi = activation(X @ A.T)
    if not isinstance(phi, Tensor) or phi.shape != (len(X), len(A)):
        got = tuple(phi.shape) if isinstance(phi, Tensor) else type(phi).__name__
        raise ValueError(f"activation must keep the shape {(len(X), len(A))}, it returned {got}")
    return phi


def predict(A: Tensor, c: Tensor, X: Tensor, activation: Activation) -> Tensor:
    """f(x_i) = c^T phi(A x_i) for every input, (n,). A: (h, d_in). c: (h,). X: (n, d_in)."""
    phi = features(A, X, activation)
    reals("c", c, (len(A),))
    return phi @ c


def active_neurons(A: Tensor, c: Tensor) -> int:
    """R = sum_i 1{|c_i| ||a_i|| > 0}: the neurons with a weight in and a weight out.

    A: (h, d_in). c: (h,).
    """
    reals("A", A, ("h", "d_in"))
    reals("c", c, (len(A),))
    return int(((c != 0) & (A != 0).any(1)).sum())

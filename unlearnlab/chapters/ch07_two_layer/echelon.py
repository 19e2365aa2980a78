"""The basis that Lemma 6 cancels weights with, in the order that `sparsify` chooses."""

import torch

from ...ground.threads import one_thread
from ...theory.checks import reals
from ...theory.two_layer.survivors import count, independent_rows, to_unit_size


@one_thread()
def null_basis(features: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """The basis of Lemma 6: changes of c that change no output, in reduced column echelon form.

    features: (n, h), of rank s.

    Returns (basis (h, h - s), leading (h - s,)): features @ basis = 0, and basis[leading] is the
    identity. The s rows outside `leading` are chosen by pivoting, as in `sparsify`, so the form is
    that up to the order of the rows.
    """
    reals("features", features, ("n", "h"))
    h = features.shape[1]
    rows, sizes = row_space(to_unit_size(features.detach()))
    rows = rows[:, : count(sizes, features.shape, torch.finfo(features.dtype).eps)]
    stay = independent_rows(rows)
    leading = torch.ones(h, dtype=torch.bool, device=features.device)
    leading[stay] = False
    leading = leading.nonzero().flatten()
    basis = rows.new_zeros(h, len(leading))
    basis[leading] = torch.eye(len(leading), dtype=rows.dtype, device=rows.device)
    basis[stay] = -torch.linalg.solve(rows[stay].T, rows[leading].T)
    return basis.to(features.dtype), leading


def row_space(matrix):
    """(orthonormal rows' span (k, r), singular values (r,)) of a matrix (n, k).

    QR first: the SVD is then of a small square.
    """
    q, r = torch.linalg.qr(matrix.T)
    u, sizes, _ = torch.linalg.svd(r, full_matrices=False)
    return q @ u, sizes

"""How is K c = t solved, when K may be singular and was added up in float32?"""

import numpy as np
import torch

from .network import check_finite

# An eigenvalue of a float64 Gram matrix (the square of a singular value) below this share of the
# largest is rounding, by the precision of the pass it was made from. In float64 its own is k *
# 1e-16; the sine nets need all the rest.
TOLERANCE = {torch.float32: 1e-12, torch.float64: 1e-13}
# A float32 Gram matrix is trusted while its smallest eigenvalue stays above this share of the
# largest.
FLOAT32_LIMIT = 1e-5


def coefficients(blocks, heads, samples, precision, lengths, felt, dtype):
    """(c with K c = t, where the blocks are and in the precision K was computed in; the rank of K;
    c^T t, the squared length of the projection on the rows; |theta|^2; the precision that K has to
    be computed in) for these blocks.

    heads: of the model. samples: that came, however often each is there. precision: of the pass
    that made the blocks. lengths: of the parts of theta, float64. felt: J theta_0 (k,), what is
    taken off t. dtype: in which K is computed first, default the pass's.

    It is solved on the host: an eigendecomposition is hundreds of small launches on a GPU (100 rows
    take 2 ms on one core), and its result decides what comes next. So K, t and |theta| come there
    together, in the one wait for the device of a projection; a K that has to be computed again in
    float64 takes another.
    """
    dtype = dtype or precision
    inner = torch.stack([block.inner() for block in blocks]).sum(0).flatten()
    k, device = len(inner), inner.device
    while True:
        gram = torch.stack([block.gram(dtype) for block in blocks]).sum(0, dtype=torch.float64)
        packed = torch.cat([gram.flatten(), inner - felt, torch.stack(lengths)]).cpu().numpy()
        gram, t, theta = packed[: k * k].reshape(k, k), packed[k * k :][:k], packed[k * k + k :]
        finite = np.isfinite(gram.diagonal()) & np.isfinite(t)
        if not finite.all() and dtype == torch.float64:
            check_finite(torch.from_numpy(finite.reshape(-1, heads).T.flatten()), samples)
        if finite.all():
            c, rank, smallest = _solve(gram, t, TOLERANCE.get(precision, 1e-6))
            needed = precision if smallest > FLOAT32_LIMIT else torch.float64
            if dtype in (torch.float64, needed):
                break
        dtype = torch.float64
    # non_blocking: so small a copy need not wait for what the device still has to do
    there = torch.from_numpy(c).to(dtype).to(device, non_blocking=True)
    return there, rank, float(c @ t), float(theta @ theta), needed


def _solve(gram, inner, tolerance):
    """c with K c = t in the range of K, its rank, its smallest eigenvalue (the largest is 1).

    The eigenvalues are those of K scaled to unit diagonal.
    """
    size = np.sqrt(gram.diagonal().clip(0))
    inverse = np.divide(1, size, out=np.zeros_like(size), where=size > 0)
    scaled = torch.from_numpy(gram * inverse[:, None] * inverse)
    values, vectors = (part.numpy() for part in torch.linalg.eigh(scaled))
    top = max(values[-1], 0)
    cut = np.searchsorted(values, tolerance * top, side="right")
    smallest = 0.0 if cut else values[0] / top
    values, vectors = values[cut:], vectors[:, cut:]
    c = inverse * (vectors @ ((vectors.T @ (inverse * inner)) / values))
    return c, len(values), smallest

"""How do we remove from the parameters everything the retained outputs cannot feel?

Row i of J is the gradient of one output on one retained sample. MinNorm-OG moves theta along P_perp theta, its part
orthogonal to every row (paper A, eqs. (6)-(7) and App. E). With K = J J^T and t = J theta,

    P_perp theta = theta - J^T c,    K c = t,

so only K (k x k), t (k) and one product J^T c are needed. For a linear or convolutional layer all three follow from
the layer's inputs and the gradients of its outputs, which one forward and one backward pass give for every sample at
once; the rows, k times as large as the network, are never formed. `output_gradients` and `project_out` do form them:
they are the definition, and what `minnorm_step` is tested against.
"""
import warnings
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, jacrev, vjp, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.grad import conv2d_weight

from .matrix_free import off_rows

# A singular value of the unit-length rows below this share of the largest is rounding, not a direction.
RANK_TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}
# The same for eigenvalues of a float64 Gram matrix (squares of singular values), by the precision of the forward and
# backward pass it was made from. In float64 its own rounding is k * 1e-16; the sine nets need all the rest.
GRAM_TOLERANCE = {torch.float32: 1e-12, torch.float64: 1e-13}
# A float32 Gram matrix is trusted while its smallest eigenvalue stays above this share of the largest.
FLOAT32_GRAM_LIMIT = 1e-5
# Below this many parameters a float64 pass costs about as little as a float32 one, and it is exact to 1e-15.
SMALL_MODEL = 1_000_000
# From this many positions on, a grouped convolution gives per-sample gradients faster than unfolding and multiplying.
MANY_POSITIONS = 128
# Per-sample gradients that no layer formula replaces are held up to this size; beyond it, "auto" is matrix-free.
ROW_BYTES = 2 * 2 ** 30
# |J v| / |J theta| at which conjugate gradients stop, and the most iterations, by the precision of the pass.
CG_STOP = {torch.float32: (1e-5, 500), torch.float64: (1e-10, 500)}


@dataclass(frozen=True)
class Step:
    """What one `minnorm_step` did: `rows` k, their numerical `rank`, and the length `drift` of the change of theta, known
    to about 1e-8 |theta| in float64 and 1e-4 |theta| in float32; the `solver` it took, and, where that is "cg", how much of
    the rows it `left`, |J v| / |J theta|, and a rank of None: it never learns it."""

    rows: int
    rank: int | None
    drift: float
    solver: str = "layerwise"
    left: float | None = None


def project_out(theta: torch.Tensor, rows: torch.Tensor, rtol: float | None = None) -> torch.Tensor:
    """P_perp theta: the part of `theta` orthogonal to every row (paper A, App. E).

    theta: (d,). rows: (k, d), of any rank; zero rows, duplicates, k > d and k = 0 are fine. Both float32 or float64.
    Returns (d,) in theta's dtype, computed in float64 from a singular value decomposition of the rows scaled to unit
    length. Directions with a singular value below `rtol` times the largest count as dependent (default 1e-6 for
    float32 rows, 1e-12 for float64 ones). Costs O(k^2 d) and holds the rows twice; `minnorm_step` does neither.

    Raises TypeError for anything but floating tensors, ValueError for shapes that do not fit or non-finite entries.
    """
    _check_floating("theta", theta), _check_floating("rows", rows)
    if theta.ndim != 1:
        raise ValueError(f"theta must be a vector (d,), got shape {tuple(theta.shape)}")
    if rows.ndim != 2 or rows.shape[1] != theta.shape[0]:
        raise ValueError(f"rows must have shape (k, {theta.shape[0]}) to match theta, got {tuple(rows.shape)}")
    if not torch.isfinite(theta).all():
        raise ValueError("theta holds a NaN or an infinity")
    if not torch.isfinite(rows).all():
        bad = (~torch.isfinite(rows).all(1)).nonzero().flatten().tolist()
        raise ValueError(f"rows {_shorten(bad)} hold a NaN or an infinity")
    rtol = RANK_TOLERANCE.get(rows.dtype, 1e-6) if rtol is None else rtol
    if not 0 <= rtol < 1:
        raise ValueError(f"rtol must be in [0, 1), got {rtol}")
    v, units = theta.double(), rows.double()
    largest = units.abs().amax(1) if rows.shape[1] else units.new_zeros(len(units))
    units = units[largest > 0] / largest[largest > 0, None]  # first by the largest entry: squares of 1e-200 are 0
    if len(units) == 0:
        return theta.clone()
    units /= units.norm(dim=1, keepdim=True)
    _, sizes, basis = torch.linalg.svd(units, full_matrices=False)
    basis = basis[sizes > rtol * sizes[0]]
    for _ in range(2):  # once leaves rounding of size |theta|; twice leaves rounding of size |P_perp theta|
        v = v - basis.T @ (basis @ v)
    return v.to(theta.dtype)


def output_gradients(model: nn.Module, inputs: torch.Tensor) -> torch.Tensor:
    """The rows grad_theta f(theta, x_i) that span G_r (paper A, eq. (6) and App. E).

    inputs: (n, ...), samples along the first dimension. A model returns (n,) or (n, outputs), or a tuple of such heads;
    of several outputs a head contributes its largest (the largest logit), as in the paper.
    Returns (heads * n, d): all samples of the first head, then of the second; columns in the order of
    `model.parameters()`, trainable ones only. The model is run in evaluation mode and left as it was.

    Raises ValueError for an empty batch, a model with nothing trainable, or non-finite gradients.
    """
    net = _Network(model, inputs)
    net.cast(None)
    with net.evaluation():
        rows = _per_sample_rows(net, list(net.parameters))
    _check_finite_rows(torch.isfinite(rows).all(1), len(inputs))
    return rows


@torch.no_grad()
def minnorm_step(model: nn.Module, inputs: torch.Tensor, strength: float, *, solver: str = "auto", batch_stats: bool = False,
                 toward: Sequence[torch.Tensor] | None = None, tf32: bool = False) -> Step:
    """theta <- theta - strength * P_perp theta, in place, without forming the rows (paper A, App. E, Algorithm 1).

    inputs: (n, ...), the retained samples whose outputs must not move to first order. strength: in [0, 1], equal to
    1 / (1 + lambda) for the drift penalty lambda. Only trainable parameters move; the model is run in evaluation mode
    (its deployed function; batch norm then keeps samples apart) and left in the mode it was in.

    Cost: one forward pass, one backward pass per head to the layers' outputs, and small products. Linear, Conv2d and
    BatchNorm2d layers are done layer by layer; the parameters of any other module, shared parameters, and layers
    called more than once go through per-sample gradients of just those parameters. Models up to a million parameters
    without convolutions are computed in float64, others in their own precision with the Gram matrix redone in float64 when it is
    nearly singular. On a GPU nothing waits for the device within a layer.

    solver: "layerwise" is the above. "cg" is conjugate gradients with products J v and J^T c alone: it holds a few vectors of the
    model's size, however many rows there are, takes 20 to 100 times as long and stops at |J v| = 1e-5 |J theta| (float32; 1e-10
    in float64) or after 500 iterations. "auto" takes "layerwise" unless the rows of parameters outside the three layers would
    not fit in 2 GB, or `batch_stats` rules it out.
    batch_stats: normalise by the statistics of `inputs` in BatchNorm, as in training, and leave the running ones alone. It couples
    the samples, so a row is no longer one sample's: another projection, which only "cg" computes.
    toward: theta_0, a tensor for each of `model.parameters()`: then theta <- theta - strength * P_perp (theta - theta_0), the same
    framework with R = ||theta - theta_0||^2. None is the origin.
    tf32: whether a GPU may round the factors of products to ten bits, which is faster and leaves about 1e-3 of the rows in the
    result instead of 1e-6. It is a setting of the whole process: while the step runs, other threads have it too.

    Not for one model in two threads at once: while it runs, the model holds other tensors in place of its parameters.

    Raises ValueError for a strength outside [0, 1], a solver that does not exist or does not fit, an empty batch, a model with nothing trainable, non-finite
    gradients, batch norm without running statistics (it couples the samples, so no row belongs to one sample), or a `toward`
    that does not fit the parameters.
    """
    if torch.is_inference_mode_enabled():
        raise RuntimeError("minnorm_step needs gradients: call it outside torch.inference_mode()")
    if not isinstance(strength, (int, float)) or not 0 <= strength <= 1:
        raise ValueError(f"strength must be a number in [0, 1], got {strength!r}")
    if solver not in ("auto", "layerwise", "cg"):
        raise ValueError(f'solver must be "auto", "layerwise" or "cg", got {solver!r}')
    if solver == "layerwise" and batch_stats:
        raise ValueError('batch_stats=True couples the samples: only solver="cg" (or "auto") computes that projection')
    net = _Network(model, inputs, batch_stats)
    center = _center(net, toward)
    on_gpu = net.inputs.device.type == "cuda"
    with _rounding("tf32" if tf32 else "ieee") if on_gpu else nullcontext():
        if solver == "cg" or batch_stats or solver == "auto" and _too_many_rows(net):
            return _matrix_free_step(net, strength, center)
        return _layerwise_step(net, strength, center)


def _layerwise_step(net, strength, center):
    (blocks, k), precision = _computed(net, lambda precision: _blocks(net))
    c, inner, rank, dtype = _coefficients(blocks, len(net.inputs), precision, _felt(net, center) if center else 0)
    away = (p - center[name] if center else p for name, p in net.parameters.items())
    squared = sum(torch.linalg.vector_norm(v, dtype=torch.float64).square() for v in away)
    drift = strength * (squared - c @ inner).clamp_min(0).sqrt()  # |P_perp theta|^2 = |theta|^2 - c^T t, to 1e-8 |theta|
    for block in blocks:
        block.shrink(c, strength, dtype)
    for name, p in net.parameters.items():
        if center:
            p.add_(center[name].to(p.dtype), alpha=strength)
        if p.data_ptr() != net.trainable[name].data_ptr():  # a float64 copy: the model has not seen it yet
            net.trainable[name].copy_(p)
    return Step(rows=k, rank=rank, drift=float(drift))


def _center(net, toward):
    """theta_0 by the parameters' names, trainable ones only; {} for the origin."""
    if toward is None:
        return {}
    toward, parameters = [t.detach() for t in toward], list(net.model.parameters())
    if [t.shape for t in toward] != [p.shape for p in parameters]:
        raise ValueError(f"toward must hold a tensor for each of the model's {len(parameters)} parameters, of its shape, got "
                         f"{[tuple(t.shape) for t in toward]}"[:300])
    by_parameter = {id(p): t.to(p, copy=True) for p, t in zip(parameters, toward)}  # they may be the very weights that move
    return {name: by_parameter[id(p)] for name, p in net.trainable.items()}


@torch.enable_grad()
def _felt(net, center):
    """J theta_0 (k,): what the outputs feel, to first order, of a step theta_0 from where the model is."""
    theta = {name: p.detach() for name, p in net.parameters.items()}
    with net.evaluation(), sdpa_kernel(SDPBackend.MATH):  # fused attention has no derivative of a derivative
        values, pull = vjp(lambda parameters: torch.cat(net(net.x, parameters)), theta)
        _, push = vjp(lambda c: pull(c)[0], torch.zeros_like(values))
        return push({name: center[name].to(p.dtype) for name, p in theta.items()})[0].detach().double()


@contextmanager
def _rounding(precision):
    """Inside, float32 products and convolutions on a GPU are done in `precision`, "ieee" or "tf32", whatever the process has set."""
    kinds = torch.backends.cuda.matmul, torch.backends.cudnn.conv
    before = [kind.fp32_precision for kind in kinds]
    try:
        for kind in kinds:
            kind.fp32_precision = precision
        yield
    finally:
        for kind, own in zip(kinds, before):
            kind.fp32_precision = own


def _too_many_rows(net):
    """Whether the per-sample gradients of the parameters that no layer formula covers would take more than ROW_BYTES."""
    covered = {name for prefix, module in net.modules.items() if type(module) in _LAYERS for name in net.owned.get(prefix, {}).values()}
    size = sum(p.numel() * p.element_size() for name, p in net.trainable.items() if name not in covered)
    return len(net.inputs) * size > ROW_BYTES


def _matrix_free_step(net, strength, center):
    (found, k), precision = _computed(net, lambda precision: _off_rows(net, precision, center))
    if not torch.isfinite(found.vector).all():
        raise NonFiniteGradients("the output gradients are not finite: the model or the inputs hold a NaN, an infinity, or overflow")
    if found.left > CG_STOP[precision][0]:
        warnings.warn(f"conjugate gradients stopped after {found.iterations} iterations with |J v| = {found.left:.1e} |J theta|: the rows are "
                      'nearly dependent, or the precision is used up. solver="layerwise" does not depend on that', stacklevel=4)
    for p, part in zip(net.trainable.values(), found.vector.split([p.numel() for p in net.trainable.values()])):
        p.sub_(strength * part.view_as(p).to(p.dtype))
    return Step(rows=k, rank=None, drift=float(strength * found.vector.norm()), solver="cg", left=found.left)


def _off_rows(net, precision, center):
    """P_perp (theta - theta_0), and k. c -> J^T c is a backward pass; it is linear in c, so v -> J v is a backward pass through that one.

    Both graphs are built once and walked again and again. Forward mode would hold less, but not every operation has one.
    """
    theta = {name: p.detach() for name, p in net.parameters.items()}
    split = lambda v: {name: part.view_as(theta[name]) for name, part in zip(theta, v.split([p.numel() for p in theta.values()]))}
    join = lambda parts: torch.cat([parts[name].flatten() for name in theta])
    outputs = lambda parameters: torch.cat(net(net.x, parameters))
    with net.evaluation(), sdpa_kernel(SDPBackend.MATH):  # fused attention can be walked back once only
        values, pull = vjp(outputs, theta)
        _, push = vjp(lambda c: pull(c)[0], torch.zeros_like(values))
        away = {name: p - center[name].to(p.dtype) for name, p in theta.items()} if center else theta
        return off_rows(lambda v: push(split(v))[0], lambda c: join(pull(c)[0]), join(away), *CG_STOP[precision]), len(values)


def _computed(net, compute):
    """(compute(precision), precision): in the working precision, or in the parameters' own where the forward insists on it."""
    precision = net.cast(_working_precision(net))
    try:
        return compute(precision), precision
    except RuntimeError:  # a forward that makes float32 tensors of its own cannot run with float64 weights
        if precision == next(iter(net.trainable.values())).dtype:
            raise
    precision = net.cast(None)
    return compute(precision), precision


def _working_precision(net):
    """float64 where it is cheap, float32 in place of half precision, else None for the parameters' own.

    A convolution uses each weight at every position and has no fast float64 form: a model that has one counts as large.
    """
    parameters, convolves = net.trainable.values(), any(isinstance(m, nn.modules.conv._ConvNd) for m in net.modules.values())
    if not convolves and sum(p.numel() for p in parameters) <= SMALL_MODEL:
        return torch.float64
    return torch.float32 if any(p.dtype in (torch.float16, torch.bfloat16) for p in parameters) else None


def _coefficients(blocks, n, precision, felt=0):
    """(c, t, rank of K, precision K was computed in), from the blocks of n samples; `felt` is what is taken off t. Changes nothing."""
    dtype, inner = precision, sum(block.inner() for block in blocks) - felt
    while True:
        gram = sum(block.gram(dtype).double() for block in blocks)
        finite = torch.isfinite(gram.diagonal()) & torch.isfinite(inner)
        if dtype == torch.float64:
            _check_finite_rows(finite, n)
        if finite.all():
            c, rank, smallest = _solve(gram, inner, GRAM_TOLERANCE.get(precision, 1e-6))
            if dtype == torch.float64 or smallest > FLOAT32_GRAM_LIMIT:
                return c, inner, rank, dtype
        dtype = torch.float64


def _solve(gram, inner, tolerance):
    """c with K c = t in the range of K, its rank, and its smallest eigenvalue relative to the largest (unit diagonal)."""
    size = gram.diagonal().clamp_min(0).sqrt()
    inverse = torch.where(size > 0, 1 / size, 0)
    values, vectors = torch.linalg.eigh(gram * inverse[:, None] * inverse)
    top = values[-1].clamp_min(0)
    keep = values > tolerance * top
    values, vectors = values[keep], vectors[:, keep]
    c = inverse * (vectors @ ((vectors.T @ (inverse * inner)) / values))
    smallest = float(values[0] / top) if len(values) == len(gram) else 0.0
    return c, len(values), smallest


# --- One block per layer: its share of K, of t, and of J^T c -----------------------------------------------------

@dataclass
class _Affine:
    """z = W a + bias at every position. a: (n, positions, in). b = d output / d z: (n, positions, out) for each head.

    Row i of W is sum_p b_ip a_ip^T, so K_ij = sum_pq <a_ip, a_jq> <b_ip, b_jq> and t_i = sum_p <b_ip, W a_ip>, where
    W a = z - bias has been computed by the forward pass already.
    """

    names: dict          # "weight" and perhaps "bias" -> name of the trainable parameter
    values: dict         # "weight" and perhaps "bias" -> tensor, trainable or not
    inputs: Callable     # () -> a; unfolding a convolution's input again is cheaper than keeping it
    z: torch.Tensor      # (n, positions, out)
    b: list              # one per head, never joined: at k = 100 on a ResNet-18 the copies cost as much as the products

    def gram(self, dtype):
        b = [head.to(dtype) for head in self.b]
        (n, positions, fan_out), k = b[0].shape, len(b) * len(self.z)
        sums = torch.cat([head.sum(1) for head in b]) if "bias" in self.names else None
        if "weight" not in self.names:
            return sums @ sums.T
        fan_in = self.values["weight"][0].numel()
        pairs, whole = (k * positions) ** 2 * (fan_in + fan_out), k * fan_in * fan_out * (positions + k)
        if pairs <= whole:
            return _gram_by_pairs(self.inputs().to(dtype), torch.cat(b), sums is not None)
        rows = self.rows(b).flatten(1)
        gram = rows @ rows.T
        return gram if sums is None else gram.addmm_(sums, sums.T)

    def rows(self, b):
        """(k, out, in): the gradient of every output with respect to the weight, from b in the precision wanted."""
        a, n = self.inputs().to(b[0].dtype), len(self.z)
        rows = a.new_empty(len(b) * n, b[0].shape[2], a.shape[2])
        for part, head in zip(rows.split(n), b):
            torch.bmm(head.transpose(1, 2), a, out=part)
        return rows

    def weight_gradient(self, weighted):
        """(out, in): sum over samples and positions of weighted a^T, weighted (n, positions, out)."""
        return weighted.flatten(0, 1).T @ self.inputs().to(weighted.dtype).flatten(0, 1)

    def inner(self):
        t, bias = 0, self.values.get("bias")
        if "weight" in self.names:
            z = self.z if bias is None or "bias" in self.names else self.z - bias
            t = torch.cat([(head * z).sum((1, 2), dtype=torch.float64) for head in self.b])  # a trainable bias's share included
        elif "bias" in self.names:
            t = (torch.cat([head.sum(1) for head in self.b]) @ bias).double()
        return t

    def shrink(self, c, strength, dtype):
        """theta <- theta + strength (J^T c - theta), in place, for this layer's trainable parameters."""
        parts = c.to(dtype).view(len(self.b), -1, 1, 1)
        weighted = parts[0] * self.b[0].to(dtype)
        for part, head in zip(parts[1:], self.b[1:]):  # the heads share the layer's input
            weighted.addcmul_(part, head.to(dtype))
        if "weight" in self.names:
            weight = self.values["weight"]
            weight.lerp_(self.weight_gradient(weighted).view_as(weight).to(weight.dtype), strength)
        if "bias" in self.names:
            self.values["bias"].lerp_(weighted.sum((0, 1)).to(self.values["bias"].dtype), strength)


def _gram_by_pairs(a, b, bias):
    heads, (k, positions, _) = len(b) // len(a), b.shape
    flat_a, flat_b = a.flatten(0, 1), b.flatten(0, 1)
    like = flat_a @ flat_a.T
    like = like.add_(1) if bias else like  # a bias is a weight whose input is 1
    similar = (like if heads == 1 else like.tile(heads, heads)).mul_(flat_b @ flat_b.T)
    return similar if positions == 1 else similar.view(k, positions, k, positions).sum((1, 3))


@dataclass
class _Convolution(_Affine):
    """An _Affine of unfolded patches that lets the convolution's own backward pass do the sums where it is faster."""

    call: "_Call" = None

    def rows(self, b):
        if b[0].shape[1] < MANY_POSITIONS:
            return super().rows(b)
        m, n = self.call.module, len(self.z)
        x = self.call.input.to(b[0].dtype).reshape(1, -1, *self.call.input.shape[2:])  # every sample its own group: n gradients in one call
        shape = (n * m.out_channels, *m.weight.shape[1:])
        parts = [conv2d_weight(x, shape, self._image(head).reshape(1, -1, *self.call.output.shape[2:]), m.stride, m.padding, m.dilation, n)
                 for head in b]
        return torch.cat([part.view(n, m.out_channels, -1) for part in parts])

    def weight_gradient(self, weighted):
        m = self.call.module
        return conv2d_weight(self.call.input.to(weighted.dtype), m.weight.shape, self._image(weighted), m.stride, m.padding, m.dilation)

    def _image(self, b):
        return b.transpose(1, 2).unflatten(2, self.call.output.shape[2:])


@dataclass
class _Rows:
    """Parameters whose rows are small enough to hold: rows (k, size), split over named parameters."""

    parameters: dict     # name -> parameter, in the order of the columns
    rows: torch.Tensor

    def gram(self, dtype):
        return self.rows.to(dtype) @ self.rows.to(dtype).T

    def inner(self):
        return self.rows.double() @ torch.cat([p.flatten() for p in self.parameters.values()]).double()

    def shrink(self, c, strength, dtype):
        parts = (c.to(dtype) @ self.rows.to(dtype)).split([p.numel() for p in self.parameters.values()])
        for p, inside in zip(self.parameters.values(), parts):
            p.lerp_(inside.view_as(p).to(p.dtype), strength)


# --- From a model and a batch to its blocks ------------------------------------------------------------------------

class _Network:
    """The model's parts by name, read in one walk, and tensors of a chosen precision to run it with."""

    def __init__(self, model, inputs, batch_stats=False):
        if not isinstance(model, nn.Module):
            raise TypeError(f"model must be a torch.nn.Module, got {type(model).__name__}")
        if not isinstance(inputs, torch.Tensor):
            raise TypeError(f"inputs must be a tensor (n, ...), got {type(inputs).__name__}")
        if inputs.ndim == 0 or len(inputs) == 0:
            raise ValueError(f"inputs is an empty batch, shape {tuple(inputs.shape)}: there is no output to take a gradient of")
        self.model, self.inputs, self.modules = model, inputs.detach(), dict(model.named_modules())
        self.batch_stats = batch_stats
        self.trainable, self.fixed, self.owned, first = {}, {}, {}, {}
        for prefix, module in self.modules.items():
            path = f"{prefix}." if prefix else ""
            if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is None and not batch_stats:
                raise ValueError(f"layer {prefix!r} normalises by batch statistics in evaluation mode too, which couples "
                                 "the samples: use track_running_stats=True")
            for role, p in module._parameters.items():
                if p is not None:  # a shared parameter goes by the name it is first met under
                    name = first.setdefault(id(p), path + role)
                    self.owned.setdefault(prefix, {})[role] = name
                    (self.trainable if p.requires_grad else self.fixed)[name] = p
            for role, b in module._buffers.items():
                if b is not None:  # a shared buffer likewise
                    self.fixed[first.setdefault(id(b), path + role)] = b
        if not self.trainable:
            raise ValueError(f"model ({type(model).__name__}) has no trainable parameter: set requires_grad on some")
        device = next(iter(self.trainable.values())).device
        if inputs.device != device:
            raise ValueError(f"inputs are on {inputs.device}, the model is on {device}: move one of them")

    def cast(self, dtype):
        """Sets the tensors to run with, in `dtype` (None: their own), and returns the first parameter's dtype."""
        to = lambda t: t.detach().to(dtype) if dtype is not None and t.is_floating_point() else t.detach()
        self.parameters = {name: to(p).requires_grad_() for name, p in self.trainable.items()}
        self.others = {name: to(t) for name, t in self.fixed.items()}
        own = next(iter(self.parameters.values())).dtype
        self.x = self.inputs.to(own) if self.inputs.is_floating_point() else self.inputs
        return own

    def __call__(self, x, parameters={}):
        """The heads on x, each (n,), with some parameters replaced."""
        tensors = {**self.parameters, **self.others, **parameters}
        return _largest(functional_call(self.model, tensors, (x,)), len(x))

    @contextmanager
    def evaluation(self):
        """Evaluation mode; with batch_stats, batch norm alone is in training mode and does not touch its running statistics."""
        norms = [m for m in self.modules.values() if isinstance(m, nn.modules.batchnorm._BatchNorm)] if self.batch_stats else []
        modes, tracks = {name: module.training for name, module in self.modules.items()}, [m.track_running_stats for m in norms]
        try:
            for module in self.modules.values():
                module.training = False
            for module in norms:
                module.training, module.track_running_stats = True, False
            yield
        finally:
            for name, module in self.modules.items():
                module.training = modes[name]
            for module, track in zip(norms, tracks):
                module.track_running_stats = track


@torch.enable_grad()
def _blocks(net):
    """Blocks that cover every trainable parameter once, and the number of rows k."""
    heads, calls = _run(net)
    layers = {prefix: {role: name for role, name in net.owned[prefix].items() if name in net.parameters} for prefix in calls}
    gradients = _output_side(heads, list(calls.values()))
    blocks, rest = [], dict(net.parameters)
    for (prefix, names), b in zip(layers.items(), gradients):
        if b is not None:
            values = {role: net.parameters.get(name, net.others.get(name)) for role, name in net.owned[prefix].items()}
            call = calls[prefix]
            blocks.append(_LAYERS[type(call.module)](call, names, values, b))
            for name in names.values():
                del rest[name]
    if rest:
        with net.evaluation():
            blocks.append(_Rows(rest, _per_sample_rows(net, list(rest))))
    return blocks, len(heads) * len(net.x)


def _run(net):
    """The heads, and the one call of every layer whose own formula gives its rows.

    A layer qualifies if nothing but its class's forward turns its weight and bias into its output (no pruning, no hook,
    no replaced forward), if it runs once and its parameters are used nowhere else, and if dimension 0 of its input is
    the samples: a run on a single sample has 1 there, where a sequence or a table of n rows would not.
    """
    found, handles = {}, []
    for prefix, module in net.modules.items():
        if type(module) in _LAYERS and net.owned.get(prefix, {}).keys() <= {"weight", "bias"} \
                and not module._forward_hooks and "forward" not in vars(module):
            handles.append(module.register_forward_hook(_recorder(found, prefix)))
    try:
        with net.evaluation():
            net(net.x[:1])
            alone = {prefix for prefix, calls in found.items() if all(len(call.output) == 1 for call in calls)}
            found.clear()
            heads = net(net.x)
    finally:
        for handle in handles:
            handle.remove()
    uses = _uses(heads, net.parameters)
    once = lambda prefix: all(uses[name] == 1 for name in net.owned[prefix].values() if name in net.parameters)
    trains = lambda prefix: any(name in net.parameters for name in net.owned.get(prefix, {}).values())
    return heads, {prefix: calls[0] for prefix, calls in found.items() if prefix in alone and len(calls) == 1
                   and calls[0].plain(len(net.x)) and trains(prefix) and once(prefix)}


def _recorder(found, prefix):
    def hook(module, args, out):
        if args:  # called by keyword, its input is not here to see: the layer will not qualify
            found.setdefault(prefix, []).append(_Call.of(module, args, out))
    return hook


@dataclass
class _Call:
    """One call of a layer: its input, where its output stands in the graph, and whether anything odd was passed."""

    module: nn.Module
    input: torch.Tensor
    output: torch.Tensor
    versions: tuple
    edge: object         # taken at the call: a later in-place activation would move the tensor, not the edge

    @classmethod
    def of(cls, module, args, out):
        edge = torch.autograd.graph.get_gradient_edge(out) if out.requires_grad else None
        return cls(module, args[0].detach(), out.detach(), (args[0]._version, out._version), edge)

    def intact(self):
        """Whether the output still is what the layer computed: an in-place activation overwrites it."""
        return self.output._version == self.versions[1]

    def plain(self, n):
        """Samples along dimension 0, input not overwritten since, and a layer whose formula is written below."""
        fits = self.edge is not None and self.input._version == self.versions[0]
        fits = fits and self.output.ndim > 0 and len(self.output) == n == len(self.input)
        if isinstance(self.module, nn.Conv2d):
            fits &= self.module.groups == 1 and self.module.padding_mode == "zeros" and self.input.ndim == 4
            fits &= not isinstance(self.module.padding, str)
        if isinstance(self.module, nn.Linear):
            fits &= self.input.ndim >= 2
        return fits


def _linear_block(call, names, values, b):
    positions = lambda t: t.unsqueeze(1) if t.ndim == 2 else t.flatten(1, -2)
    z = call.output if call.intact() else F.linear(call.input, values["weight"], values.get("bias"))
    return _Affine(names, values, lambda: positions(call.input), positions(z), [positions(head) for head in b])


def _conv_block(call, names, values, b):
    m, positions = call.module, lambda t: t.flatten(2).transpose(1, 2)
    patches = lambda: F.unfold(call.input, m.kernel_size, m.dilation, m.padding, m.stride).transpose(1, 2)
    z = call.output if call.intact() else F.conv2d(call.input, values["weight"], values.get("bias"), m.stride, m.padding, m.dilation)
    return _Convolution(names, values, patches, positions(z), [positions(head) for head in b], call)


def _norm_block(call, names, values, b):
    """Batch norm with running statistics is a scale and a shift of fixed, per-channel standardised inputs."""
    m = call.module
    mean, var = (s.to(b[0].dtype).view(1, -1, 1, 1) for s in (m.running_mean, m.running_var))
    standard = (call.input - mean) / (var + m.eps).sqrt()
    rows = {"weight": torch.cat([(head * standard).sum((2, 3)) for head in b]), "bias": torch.cat([head.sum((2, 3)) for head in b])}
    return _Rows({names[role]: values[role] for role in names}, torch.cat([rows[role] for role in names], 1))


_LAYERS = {nn.Linear: _linear_block, nn.Conv2d: _conv_block, nn.BatchNorm2d: _norm_block}


def _output_side(heads, calls):
    """For each call, the gradient of every head with respect to the layer's output: a list, or None if no head feels it."""
    if not calls:
        return []
    per_head = [torch.autograd.grad(head.sum(), [call.edge for call in calls], retain_graph=True, allow_unused=True)
                if head.requires_grad else (None,) * len(calls) for head in heads]
    found = []
    for parts in zip(*per_head):
        known = next((p for p in parts if p is not None), None)
        found.append(known if known is None else [torch.zeros_like(known) if p is None else p for p in parts])
    return found


def _uses(heads, parameters):
    """How often each parameter enters the graph: once, or its layer's formula alone is not its gradient."""
    names = {id(p): name for name, p in parameters.items()}
    uses, seen, stack = Counter(), set(), [head.grad_fn for head in heads if head.grad_fn is not None]
    while stack:
        node = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        for following, _ in node.next_functions:
            if following is None:
                continue
            if hasattr(following, "variable"):
                uses[names.get(id(following.variable))] += 1
            else:
                stack.append(following)
    return uses


def _per_sample_rows(net, names):
    """(heads * n, size of the named parameters): the gradients of every head, sample by sample."""
    def outputs(chosen, x):
        return torch.stack([head[0] for head in net(x[None], parameters=chosen)])

    chosen = {name: net.parameters[name] for name in names}
    try:
        gradients = vmap(jacrev(outputs), in_dims=(None, 0), chunk_size=64)(chosen, net.x)
    except RuntimeError:  # a forward that branches on its data, or an operation vmap does not know
        singles = [jacrev(outputs)(chosen, x) for x in net.x]
        gradients = {name: torch.stack([g[name] for g in singles]) for name in names}
    flat = torch.cat([gradients[name].flatten(2) for name in names], 2)
    return flat.transpose(0, 1).flatten(0, 1).detach()


def _largest(outputs, n):
    """The heads as a list of (n,): each sample's largest output."""
    heads = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
    heads = [h[None] if n == 1 and isinstance(h, torch.Tensor) and h.ndim == 0 else h for h in heads]  # a model may squeeze
    for i, head in enumerate(heads):
        if not isinstance(head, torch.Tensor) or head.ndim not in (1, 2) or len(head) != n:
            got = tuple(head.shape) if isinstance(head, torch.Tensor) else type(head).__name__
            raise ValueError(f"head {i} of the model must return ({n},) or ({n}, outputs), got {got}")
    return [head if head.ndim == 1 else head.max(1).values for head in heads]


def _check_floating(name, tensor):
    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
        got = f"a {tensor.dtype} tensor" if isinstance(tensor, torch.Tensor) else type(tensor).__name__
        raise TypeError(f"{name} must be a floating-point tensor, got {got}")


class NonFiniteGradients(ValueError):
    """An output gradient is NaN or infinite. The message names the samples."""


def _check_finite_rows(finite, n):
    if not finite.all():
        bad = sorted({i % n for i in (~finite).nonzero().flatten().tolist()})
        raise NonFiniteGradients(f"the output gradients of samples {_shorten(bad)} are not finite: the model or these inputs "
                         "hold a NaN, an infinity, or overflow")


def _shorten(indices):
    return str(indices) if len(indices) <= 8 else f"{str(indices[:8])[:-1]}, ...] ({len(indices)} in all)"

"""How do we remove from the parameters everything the retained outputs cannot feel?

Row i of J is the gradient of one output on one retained sample. MinNorm-OG moves theta along P_perp theta, its part
orthogonal to every row (paper A, eqs. (6)-(7) and App. E). With K = J J^T and t = J theta,

    P_perp theta = theta - J^T c,    K c = t,

so only K (k x k), t (k) and one product J^T c are needed. For a linear or convolutional layer all three follow from
the layer's inputs and the gradients of its outputs, which one forward and one backward pass give for every sample at
once; the rows, k times as large as the network, are never formed. `output_gradients` and `project_out` do form them:
they are the definition, and what `minnorm_step` is tested against.
"""
from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.func import functional_call, jacrev, vmap

# A singular value of the unit-length rows below this share of the largest is rounding, not a direction.
RANK_TOLERANCE = {torch.float32: 1e-6, torch.float64: 1e-12}
# The same for eigenvalues of a float64 Gram matrix (squares of singular values), by the precision of the forward and
# backward pass it was made from. In float64 its own rounding is k * 1e-16; the sine nets need all the rest.
GRAM_TOLERANCE = {torch.float32: 1e-12, torch.float64: 1e-13}
# A float32 Gram matrix is trusted while its smallest eigenvalue stays above this share of the largest.
FLOAT32_GRAM_LIMIT = 1e-5
# Below this many parameters a float64 pass costs about as little as a float32 one, and it is exact to 1e-15.
SMALL_MODEL = 1_000_000


@dataclass(frozen=True)
class Step:
    """What one `minnorm_step` did: `rows` k, their numerical `rank`, the length `drift` of the change of theta."""

    rows: int
    rank: int
    drift: float


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
    parameters, buffers = _state(model, inputs, dtype=None)
    with _evaluation(model):
        rows = _per_sample_rows(model, inputs, parameters, buffers, list(parameters))
    _check_finite_rows(torch.isfinite(rows).all(1), len(inputs))
    return rows


@torch.no_grad()
def minnorm_step(model: nn.Module, inputs: torch.Tensor, strength: float) -> Step:
    """theta <- theta - strength * P_perp theta, in place, without forming the rows (paper A, App. E, Algorithm 1).

    inputs: (n, ...), the retained samples whose outputs must not move to first order. strength: in [0, 1], equal to
    1 / (1 + lambda) for the drift penalty lambda. Only trainable parameters move; the model is run in evaluation mode
    (its deployed function; batch norm then keeps samples apart) and left in the mode it was in.

    Cost: one forward pass, one backward pass per head to the layers' outputs, and small products. Linear, Conv2d and
    BatchNorm2d layers are done layer by layer; the parameters of any other module, shared parameters, and layers
    called more than once go through per-sample gradients of just those parameters. Models up to a million parameters
    are computed in float64, larger ones in their own precision with the Gram matrix redone in float64 when it is
    nearly singular.

    Raises ValueError for a strength outside [0, 1], an empty batch, a model with nothing trainable, non-finite
    gradients, or batch norm without running statistics (it couples the samples, so no row belongs to one sample).
    """
    if not 0 <= strength <= 1:
        raise ValueError(f"strength must be in [0, 1], got {strength}")
    size = sum(p.numel() for p in model.parameters() if p.requires_grad)
    half = any(p.dtype in (torch.float16, torch.bfloat16) for p in model.parameters() if p.requires_grad)
    working = torch.float64 if size <= SMALL_MODEL else torch.float32 if half else None
    parameters, buffers = _state(model, inputs, working)
    blocks, k = _blocks(model, inputs, parameters, buffers)
    gram_dtype = factors = next(iter(parameters.values())).dtype
    while True:
        gram = sum(block.gram(gram_dtype).double() for block in blocks)
        _check_finite_rows(torch.isfinite(gram.diagonal()), len(inputs))
        inner = sum(block.inner(gram_dtype).double() for block in blocks)
        c, rank, smallest = _solve(gram, inner, GRAM_TOLERANCE[factors])
        if gram_dtype == torch.float64 or smallest > FLOAT32_GRAM_LIMIT:
            break
        gram_dtype = torch.float64
    trainable = dict(model.named_parameters())
    drift = 0.0
    for block in blocks:
        for name, combined in block.combine(c, gram_dtype).items():
            old = parameters[name].to(gram_dtype)
            change = (old - combined).mul_(-strength)
            drift = drift + change.double().square().sum()
            trainable[name].copy_(old + change)
    return Step(rows=k, rank=rank, drift=float(drift) ** 0.5)


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
    """z = W a + bias at every position. a: (n, positions, in). b = d output / d z: (k, positions, out), k = heads * n.

    Row i of W is sum_p b_ip a_ip^T, so K_ij = sum_pq <a_ip, a_jq> <b_ip, b_jq> and t_i = sum_p <b_ip, W a_ip>.
    """

    names: dict          # "weight" and perhaps "bias" -> name of the trainable parameter
    values: dict         # "weight" and perhaps "bias" -> tensor, trainable or not
    inputs: callable     # () -> a; unfolding a convolution's input again is cheaper than keeping it
    b: torch.Tensor

    def gram(self, dtype):
        a, b = self.inputs().to(dtype), self.b.to(dtype)
        k = 0
        if "weight" in self.names:
            positions, fan_in, fan_out = a.shape[1], a.shape[2], b.shape[2]
            pairs = (len(b) * positions) ** 2 * (fan_in + fan_out)
            whole = len(b) * fan_in * fan_out * (positions + len(b))
            k = self._gram_by_pairs(a, b) if pairs <= whole else self._gram_of_rows(a, b)
        if "bias" in self.names:
            bias_rows = b.sum(1)
            k = k + bias_rows @ bias_rows.T
        return k

    def _gram_by_pairs(self, a, b):
        heads, (k, positions, _) = len(b) // len(a), b.shape
        flat_a, flat_b = a.flatten(0, 1), b.flatten(0, 1)
        similar = (flat_a @ flat_a.T).tile(heads, heads) * (flat_b @ flat_b.T)
        return similar.view(k, positions, k, positions).sum((1, 3))

    def _gram_of_rows(self, a, b):
        heads = len(b) // len(a)
        rows = torch.bmm(b.transpose(1, 2), a.repeat(heads, 1, 1)).flatten(1)
        return rows @ rows.T

    def inner(self, dtype):
        a, b = self.inputs().to(dtype), self.b.to(dtype)
        heads, t = len(b) // len(a), 0
        if "weight" in self.names:
            z = (a @ self.values["weight"].to(dtype).flatten(1).T).repeat(heads, 1, 1)
            t = (b * z).sum((1, 2), dtype=torch.float64)
        if "bias" in self.names:
            t = t + (b.sum(1) @ self.values["bias"].to(dtype)).double()
        return t

    def combine(self, c, dtype):
        a, b = self.inputs().to(dtype), self.b.to(dtype)
        weighted = (c.to(dtype)[:, None, None] * b).view(-1, *a.shape[:2], b.shape[2]).sum(0)  # heads share a
        out = {}
        if "weight" in self.names:
            out[self.names["weight"]] = (weighted.flatten(0, 1).T @ a.flatten(0, 1)).view_as(self.values["weight"])
        if "bias" in self.names:
            out[self.names["bias"]] = weighted.sum((0, 1))
        return out


@dataclass
class _Rows:
    """Parameters whose rows are small enough to hold: rows (k, size), split over named parameters."""

    parameters: dict     # name -> parameter, in the order of the columns
    rows: torch.Tensor

    def gram(self, dtype):
        return self.rows.to(dtype) @ self.rows.to(dtype).T

    def inner(self, dtype):
        theta = torch.cat([p.flatten() for p in self.parameters.values()])
        return self.rows.double() @ theta.double()

    def combine(self, c, dtype):
        flat = c.to(dtype) @ self.rows.to(dtype)
        parts = flat.split([p.numel() for p in self.parameters.values()])
        return {name: part.view_as(p) for (name, p), part in zip(self.parameters.items(), parts)}


# --- From a model and a batch to its blocks ------------------------------------------------------------------------

@torch.enable_grad()
def _blocks(model, inputs, parameters, buffers):
    """Blocks that cover every trainable parameter once, and the number of rows k."""
    calls, handles = {}, []
    for prefix, module in model.named_modules():
        if type(module) in _LAYERS:
            hook = lambda module, args, out, prefix=prefix: calls.setdefault(prefix, []).append(_Call.of(module, args, out))
            handles.append(module.register_forward_hook(hook))
    try:
        with _evaluation(model):
            heads = _largest(functional_call(model, (parameters, buffers), (_cast(inputs, parameters),)), len(inputs))
    finally:
        for handle in handles:
            handle.remove()
    uses = _uses(heads, parameters)
    owned = {prefix: _trainable_of(model, prefix, parameters) for prefix in calls}
    layers = {prefix: found[0] for prefix, found in calls.items()
              if len(found) == 1 and found[0].plain(len(inputs)) and owned[prefix]
              and all(uses[name] == 1 for name in owned[prefix].values())}
    gradients = _output_side(heads, list(layers.values()))
    blocks = []
    for (prefix, call), b in zip(layers.items(), gradients):
        if b is not None:
            values = {role: parameters.get(full, buffers.get(full)) for role in ("weight", "bias")
                      for full in [f"{prefix}.{role}".lstrip(".")] if getattr(call.module, role) is not None}
            blocks.append(_LAYERS[type(call.module)](call, owned[prefix], values, b.detach()))
    covered = {name for block in blocks for name in (block.names.values() if isinstance(block, _Affine) else block.parameters)}
    rest = [name for name in parameters if name not in covered]
    if rest:
        with _evaluation(model):
            rows = _per_sample_rows(model, inputs, parameters, buffers, rest)
        blocks.append(_Rows({name: parameters[name] for name in rest}, rows))
    return blocks, len(heads) * len(inputs)


@dataclass
class _Call:
    """One call of a layer: its input, where its output stands in the graph, and whether anything odd was passed."""

    module: nn.Module
    input: torch.Tensor
    version: int
    edge: object         # taken at the call: a later in-place activation would move the tensor, not the edge
    batch: int

    @classmethod
    def of(cls, module, args, out):
        edge = torch.autograd.graph.get_gradient_edge(out) if out.requires_grad else None
        return cls(module, args[0].detach(), args[0]._version, edge, out.shape[0] if out.ndim else 0)

    def plain(self, n):
        """Samples along dimension 0, input not overwritten since, and a layer whose formula is written below."""
        fits = self.edge is not None and self.input._version == self.version and self.batch == n == len(self.input)
        if isinstance(self.module, nn.Conv2d):
            fits &= self.module.groups == 1 and self.module.padding_mode == "zeros" and self.input.ndim == 4
            fits &= not isinstance(self.module.padding, str)
        if isinstance(self.module, nn.Linear):
            fits &= self.input.ndim >= 2
        return fits


def _linear_block(call, names, values, b):
    positions = lambda t: t.unsqueeze(1) if t.ndim == 2 else t.flatten(1, -2)
    return _Affine(names, values, lambda: positions(call.input), positions(b))


def _conv_block(call, names, values, b):
    m = call.module
    patches = lambda: F.unfold(call.input, m.kernel_size, m.dilation, m.padding, m.stride).transpose(1, 2)
    return _Affine(names, values, patches, b.flatten(2).transpose(1, 2))


def _norm_block(call, names, values, b):
    """Batch norm with running statistics is a scale and a shift of fixed, per-channel standardised inputs."""
    m, heads = call.module, len(b) // len(call.input)
    mean, var = (s.to(b.dtype).view(1, -1, 1, 1) for s in (m.running_mean, m.running_var))
    standard = ((call.input - mean) / (var + m.eps).sqrt()).repeat(heads, 1, 1, 1)
    rows = {"weight": (b * standard).sum((2, 3)), "bias": b.sum((2, 3))}
    return _Rows({names[role]: values[role] for role in names}, torch.cat([rows[role] for role in names], 1))


_LAYERS = {nn.Linear: _linear_block, nn.Conv2d: _conv_block, nn.BatchNorm2d: _norm_block}


def _output_side(heads, calls):
    """For each call, the gradients of every head with respect to the layer's output, stacked (k, ...), or None."""
    if not calls:
        return []
    per_head = [torch.autograd.grad(head.sum(), [call.edge for call in calls], retain_graph=True, allow_unused=True)
                for head in heads]
    stacked = []
    for parts in zip(*per_head):
        known = next((p for p in parts if p is not None), None)
        stacked.append(known if known is None else
                       torch.cat([torch.zeros_like(known) if p is None else p for p in parts]))
    return stacked


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


def _trainable_of(model, prefix, parameters):
    full = lambda role: f"{prefix}.{role}".lstrip(".")
    return {role: full(role) for role in ("weight", "bias") if full(role) in parameters}


def _per_sample_rows(model, inputs, parameters, buffers, names):
    """(heads * n, size of the named parameters): the gradients of every head, sample by sample."""
    def outputs(chosen, x):
        heads = _largest(functional_call(model, ({**parameters, **chosen}, buffers), (x[None],)), 1)
        return torch.stack([head[0] for head in heads])

    chosen = {name: parameters[name] for name in names}
    inputs = _cast(inputs, parameters)
    try:
        gradients = vmap(jacrev(outputs), in_dims=(None, 0), chunk_size=64)(chosen, inputs)
    except RuntimeError:  # a forward that branches on its data, or an operation vmap does not know
        singles = [jacrev(outputs)(chosen, x) for x in inputs]
        gradients = {name: torch.stack([g[name] for g in singles]) for name in names}
    flat = torch.cat([gradients[name].flatten(2) for name in names], 2)
    return flat.transpose(0, 1).flatten(0, 1).detach()


def _largest(outputs, n):
    """The heads as a list of (n,): each sample's largest output."""
    heads = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
    for i, head in enumerate(heads):
        if not isinstance(head, torch.Tensor) or head.ndim not in (1, 2) or len(head) != n:
            got = tuple(head.shape) if isinstance(head, torch.Tensor) else type(head).__name__
            raise ValueError(f"head {i} of the model must return ({n},) or ({n}, outputs), got {got}")
    return [head if head.ndim == 1 else head.max(1).values for head in heads]


def _state(model, inputs, dtype):
    """Trainable parameters, and everything else, as tensors for `functional_call`; checks both arguments."""
    if not isinstance(inputs, torch.Tensor):
        raise TypeError(f"inputs must be a tensor (n, ...), got {type(inputs).__name__}")
    if inputs.ndim == 0 or len(inputs) == 0:
        raise ValueError(f"inputs is an empty batch, shape {tuple(inputs.shape)}: there is no output to take a gradient of")
    trainable = {name: p for name, p in model.named_parameters() if p.requires_grad}
    if not trainable:
        raise ValueError(f"model ({type(model).__name__}) has no trainable parameter: set requires_grad on some")
    device = next(iter(trainable.values())).device
    if inputs.device != device:
        raise ValueError(f"inputs are on {inputs.device}, the model is on {device}: move one of them")
    for name, module in model.named_modules():
        if isinstance(module, nn.modules.batchnorm._BatchNorm) and module.running_mean is None:
            raise ValueError(f"layer {name!r} normalises by batch statistics in evaluation mode too, which couples the "
                             "samples: use track_running_stats=True")
    to = lambda t: t.detach().to(dtype) if dtype is not None and t.is_floating_point() else t.detach()
    frozen = {name: to(p) for name, p in model.named_parameters() if not p.requires_grad}
    buffers = {name: to(b) for name, b in model.named_buffers()}
    return {name: to(p).requires_grad_() for name, p in trainable.items()}, {**frozen, **buffers}


def _cast(inputs, parameters):
    dtype = next(iter(parameters.values())).dtype
    return inputs.detach().to(dtype) if inputs.is_floating_point() else inputs


@contextmanager
def _evaluation(model):
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode


def _check_floating(name, tensor):
    if not isinstance(tensor, torch.Tensor) or not tensor.is_floating_point():
        got = f"a {tensor.dtype} tensor" if isinstance(tensor, torch.Tensor) else type(tensor).__name__
        raise TypeError(f"{name} must be a floating-point tensor, got {got}")


def _check_finite_rows(finite, n):
    if not finite.all():
        bad = sorted({i % n for i in (~finite).nonzero().flatten().tolist()})
        raise ValueError(f"the output gradients of samples {_shorten(bad)} are not finite: the model or these inputs "
                         "hold a NaN, an infinity, or overflow")


def _shorten(indices):
    return str(indices) if len(indices) <= 8 else f"{str(indices[:8])[:-1]}, ...] ({len(indices)} in all)"

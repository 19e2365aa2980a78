"""What does one layer contribute to K = J J^T, to t = J theta and to J^T c, without its rows?

For a linear or convolutional layer all three follow from the layer's inputs and the gradients of
its outputs, which one forward and one backward pass give for every sample at once. Of biases, batch
norm and parameters in no such layer the rows are held. Row i * heads + h is head h of sample i.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.grad import conv2d_weight

from .network import Call, per_sample_rows, watched
from .patches import patches

# From this many positions on, a grouped convolution gives per-sample gradients on a CPU up to twice
# as fast as patches and one product a sample. On a GPU every group is a launch of its own.
MANY_POSITIONS = 128
# The rows of one layer are kept from K to J^T c up to so many bytes: reading them again costs a
# hundredth of the product that makes them. With 100 rows, all of a ResNet-18 on a GPU (1.1 GB).
KEPT_BYTES = {"cpu": 2**26, "cuda": 2**28}


def formula(device, n: int, heads: int, positions: int, fan_in: int, fan_out: int) -> str:
    """Which way to a layer's share of K is the cheapest: "pairs", "patches" or "groups".

    n, heads: samples and heads, k = n heads rows. positions: at which the weight (fan_out, fan_in)
    is used.

    "pairs" compares every pair of positions and forms no row: positions^2 (n^2 fan_in + k^2
    fan_out) products. The others form the rows, k fan_in fan_out positions, and multiply them,
    k^2 fan_in fan_out. For 100 rows of a ResNet-18 of width 1 that is pairs where maps are 4 x 4
    (4 against 27 billion, and no 940 MB of rows), rows elsewhere (10 against 34 billion at 8 x 8).
    Rows are made of "patches" (one launch a layer), or by a convolution with a group for every
    sample, "groups": on a CPU with many positions (MANY_POSITIONS) only.
    """
    k = n * heads
    pairs = positions**2 * (n**2 * fan_in + k**2 * fan_out)
    if pairs <= k * fan_in * fan_out * (positions + k):
        return "pairs"
    return "groups" if device.type == "cpu" and positions >= MANY_POSITIONS else "patches"


def blocks(net, plan=None):
    """Blocks that cover every trainable parameter once, the number of heads, and the plan.

    plan: of an earlier pass of the same network.
    A block has gram(dtype) (k, k), inner() (n, heads) in float64, and pull(c), J^T c by the names
    of its parameters in c's precision.
    """
    with torch.enable_grad():
        heads, calls, plan = watched(net, LAYERS, plan)
        calls = {prefix: call for prefix, call in calls.items() if _has_formula(call)}
        sides = _output_side(heads, [call.edge for call in calls.values()])
    tensors, rest, parts, small = {**net.others, **net.parameters}, dict(net.parameters), [], {}
    for (prefix, call), b in zip(calls.items(), sides):
        moving = {role: name for role, name in net.owned[prefix].items() if name in rest}
        if b is None or not moving:
            continue
        values = {role: tensors[name] for role, name in net.owned[prefix].items()}
        share = LAYERS[type(call.module)](call, values, b, moving)
        if isinstance(share, Affine):
            parts.append(share)
        else:
            small |= {moving[role]: rows for role, rows in share.items()}
        for name in moving.values():
            del rest[name]
    if small:
        rows = torch.cat(list(small.values()), 2).flatten(0, 1)
        parts.append(Rows({name: net.parameters[name] for name in small}, rows, len(net.x)))
    if rest:
        with net.evaluation():
            rows = per_sample_rows(net, list(rest)).unflatten(0, (len(heads), -1))
        parts.append(Rows(rest, rows.transpose(0, 1).flatten(0, 1), len(net.x)))
    return parts, len(heads), plan


def row_bytes(net):
    """What the rows of the parameters outside Linear, Conv2d and BatchNorm2d layers would take."""
    others = [module for module in net.modules.values() if type(module) not in LAYERS]
    trainable = [p for m in others for p in m.parameters(recurse=False) if p.requires_grad]
    return len(net.inputs) * sum(p.numel() * p.element_size() for p in trainable)


def _has_formula(call):
    m = call.module
    if isinstance(m, nn.Conv2d):
        plain = m.groups == 1 and m.padding_mode == "zeros" and not isinstance(m.padding, str)
        return plain and call.input.ndim == 4
    return call.input.ndim >= 2 or not isinstance(m, nn.Linear)


def _gradients(head, edges):
    ones = torch.ones_like(head)
    return list(torch.autograd.grad(head, edges, ones, retain_graph=True, allow_unused=True))


def _output_side(heads, edges):
    """For each edge the gradient of every head by it (n, heads, ...); None if no head feels it."""
    if not edges:
        return []
    per_head = [
        _gradients(head, edges) if head.requires_grad else [None] * len(edges) for head in heads
    ]
    sides = []
    for i in range(len(edges)):
        parts = [gradients[i] for gradients in per_head]
        for gradients in per_head:  # not held twice
            gradients[i] = None
        known = next((p for p in parts if p is not None), None)
        if known is not None:
            parts = [torch.zeros_like(known) if p is None else p for p in parts]
            known = parts[0].unsqueeze(1) if len(parts) == 1 else torch.stack(parts, 1)
        sides.append(known)
    return sides


@dataclass
class Affine:
    """The weight W of z = W a + bias at every position, and the bias where it moves too.

    Its part of row (i, h) is sum_p b_ihp a_ip^T, b_h = d output_h / d z. So K_(ih)(jg) =
    sum_pq <a_ip, a_jq> <b_ihp, b_jgq>, and t_(ih) = sum_p <b_ihp, W a_ip>, where W a = z - bias has
    been computed by the forward pass already. A bias is a weight whose input is 1.
    """

    names: dict  # of "weight", and of "bias" where it moves
    weight: Tensor
    a: Callable  # () -> (n, in, positions); taking patches again is cheaper than keeping them
    b: Tensor  # (n, heads, out, positions)
    product: Tensor  # what moves of W a + bias (n, out, positions)

    def __post_init__(self):
        n, heads, fan_out, positions = self.b.shape
        fan_in = self.weight.numel() // fan_out
        self.formula = formula(self.b.device, n, heads, positions, fan_in, fan_out)
        self.kept = None

    def gram(self, dtype):
        b = self.b.to(dtype)
        if self.formula == "pairs":
            return _pairs(self.a().to(dtype), b, "bias" in self.names)
        rows = self.rows(b)
        small = rows.nbytes <= KEPT_BYTES.get(b.device.type, 2**26)
        self.kept = rows if small else None
        # one product for every output: shorter sums, and work enough for every part of a GPU
        gram = torch.bmm(rows.transpose(0, 1), rows.permute(1, 2, 0)).sum(0)
        if "bias" in self.names:
            sums = b.sum(3).flatten(0, 1)
            gram.addmm_(sums, sums.T)
        return gram

    def rows(self, b):
        """(k, out, in): the gradient of every output by the weight, in the precision of b."""
        (n, heads, fan_out, _), a = b.shape, self.a().to(b.dtype)
        return torch.bmm(b.flatten(1, 2), a.transpose(1, 2)).view(n * heads, fan_out, -1)

    def inner(self):
        return (self.b * self.product.unsqueeze(1)).sum((2, 3), dtype=torch.float64)

    def pull(self, c):
        n, heads, _, _ = self.b.shape
        inside, whole = {}, self.kept is not None and c.dtype == self.kept.dtype
        if whole:
            inside["weight"] = self.kept.flatten(1).T.mv(c).view_as(self.weight)
        if not whole or "bias" in self.names:
            weighted = c.view(n, heads, 1, 1) * self.b.to(c.dtype)
            weighted = weighted.squeeze(1) if heads == 1 else weighted.sum(1)
            if not whole:
                inside["weight"] = self.weight_gradient(weighted)
            inside["bias"] = weighted.sum((0, 2))
        return {name: inside[role] for role, name in self.names.items()}

    def weight_gradient(self, weighted):
        """sum_ip weighted_ip a_ip^T, shaped as the weight; weighted: (n, out, positions)."""
        a, b = (_flat(t) for t in (self.a().to(weighted.dtype), weighted))
        return b.T @ a


def _flat(t):
    """(n, features, positions) -> (n * positions, features)."""
    return t.squeeze(2) if t.shape[2] == 1 else t.transpose(1, 2).flatten(0, 1)


def _pairs(a, b, bias):
    n, heads, _, positions = b.shape
    flat_a, flat_b = _flat(a), _flat(b.flatten(0, 1))
    alike, similar = flat_a @ flat_a.T, flat_b @ flat_b.T
    if bias:
        alike.add_(1)
    if heads == 1:
        similar.mul_(alike)
    else:  # the heads share the layer's input
        both = n, heads, positions
        similar.view(*both, *both).mul_(alike.view(n, 1, positions, n, 1, positions))
    k = n * heads
    return similar if positions == 1 else similar.view(k, positions, k, positions).sum((1, 3))


@dataclass
class Filters(Affine):
    """The weight of a convolution: one of patches, by the convolution's own backward pass where
    that is faster."""

    call: Call = None

    def rows(self, b):
        if self.formula != "groups":
            return super().rows(b)
        (n, heads, out, _), image, shape = b.shape, self.call.input, self.weight.shape
        # every sample its own group: n gradients in one call
        x, shape = image.to(b.dtype).reshape(1, -1, *image.shape[2:]), (n * heads * out, *shape[1:])
        return self._gradient(x, shape, b, n).view(n * heads, out, -1)

    def weight_gradient(self, weighted):
        return self._gradient(self.call.input.to(weighted.dtype), self.weight.shape, weighted, 1)

    def _gradient(self, x, shape, b, groups):
        m, size = self.call.module, self.call.output.shape[2:]
        b = b.reshape(len(x), -1, *size)
        return conv2d_weight(x, shape, b, m.stride, m.padding, m.dilation, groups)


@dataclass
class Rows:
    """Parameters whose rows are small enough to hold: rows (k, size), split over the parameters."""

    parameters: dict  # by name, in the order of the columns
    rows: Tensor
    samples: int

    def gram(self, dtype):
        return self.rows.to(dtype) @ self.rows.to(dtype).T

    def inner(self):
        theta = torch.cat([p.flatten() for p in self.parameters.values()])
        return (self.rows.double() @ theta.double()).view(self.samples, -1)

    def pull(self, c):
        inside = (c @ self.rows.to(c.dtype)).split([p.numel() for p in self.parameters.values()])
        return {name: part.view_as(p) for part, (name, p) in zip(inside, self.parameters.items())}


# What each kind of layer makes of its call, its parameters by role (values), the gradients b by its
# output, and the names of those parameters that move: an Affine, or rows (n, heads, size) by role.


def _affine(call, values, b, moving):
    m, x, weight, bias = call.module, call.input, values["weight"], values.get("bias")
    convolves = isinstance(m, nn.Conv2d)
    laid_out = (lambda t, dim: t.flatten(dim + 1)) if convolves else _features_first
    b = laid_out(b, 2)
    if "weight" not in moving:
        return {"bias": b.sum(3)}
    geometry = (m.stride, m.padding, m.dilation) if convolves else ()
    again = F.conv2d if convolves else F.linear
    z = laid_out(call.output if call.intact() else again(x, weight, bias, *geometry), 1)
    z = z if bias is None or "bias" in moving else z - bias[:, None]
    if convolves:
        a = lambda: patches(x, m.kernel_size, *geometry)
        return Filters(moving, weight, a, b, z, call=call)
    a = laid_out(x, 1)
    return Affine(moving, weight, lambda: a, b, z)


def _features_first(t, dim):
    """(..., features) -> (..., features, positions); positions: all dimensions from `dim` on."""
    return t.unsqueeze(-1) if t.ndim == dim + 1 else t.flatten(dim, -2).transpose(-1, -2)


def _norm(call, values, b, moving):
    """Batch norm with running statistics is a scale and a shift of fixed, standardised inputs."""
    m, shares = call.module, {}
    if "weight" in moving:
        mean, var = m.running_mean.to(b.dtype), m.running_var.to(b.dtype)
        standard = F.batch_norm(call.input, mean, var, eps=m.eps)
        shares["weight"] = (b * standard.unsqueeze(1)).sum((3, 4))
    if "bias" in moving:
        shares["bias"] = b.sum((3, 4))
    return shares


LAYERS = {nn.Linear: _affine, nn.Conv2d: _affine, nn.BatchNorm2d: _norm}

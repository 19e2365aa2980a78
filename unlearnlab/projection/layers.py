"""What does one layer contribute to K = J J^T, to t = J theta and to J^T c, without its rows?

For a linear or convolutional layer all three follow from the layer's inputs and the gradients of
its outputs, which one forward and one backward pass give for every sample at once. Of norms and
grouped convolutions, which have few weights, these two give the rows, and the rows are held; so are
those of parameters in no such layer, which take a pass of their own. Row i * heads + h is head h of
sample i.
"""

import copy
import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from .network import gradients, one_by_one, per_sample_rows
from .patches import patches
from .watch import kind, watched

# The rows of one layer are kept from K to J^T c up to so many bytes: reading them again costs a
# hundredth of the product that makes them. With 100 rows, all of a ResNet-18 on a GPU (1.1 GB).
KEPT_BYTES = {"cpu": 2**26, "cuda": 2**28}


def compares_pairs(n: int, heads: int, positions: int, fan_in: int, fan_out: int) -> bool:
    """Whether a layer's share of K is cheaper by comparing pairs of positions than by its rows.

    n, heads: samples and heads, k = n heads rows. positions: at which the weight (fan_out, fan_in)
    is used.

    Every pair of positions takes positions^2 (n^2 fan_in + k^2 fan_out) products and forms no row.
    Rows take k fan_in fan_out positions to form, and k^2 fan_in fan_out to multiply. For 50 samples
    and two heads of a ResNet-18 of width 1 that is pairs where maps are 4 x 4 (4 against 27
    billion, and no 940 MB of rows), rows elsewhere (10 against 34 billion at 8 x 8).
    """
    k = n * heads
    pairs = positions**2 * (n**2 * fan_in + k**2 * fan_out)
    return pairs <= k * fan_in * fan_out * (positions + k)


class TooManyRows(Exception):
    """The rows that no formula replaces would take more memory than `blocks` may."""


def blocks(net, plan=None, most=math.inf):
    """Blocks that cover every trainable parameter once, the number of heads, and the plan.

    plan: of an earlier pass of the same network. most: bytes for rows that no formula replaces;
    raises TooManyRows beyond.
    A block has gram(dtype) (k, k), inner() (n, heads) in float64, and pull(c), J^T c by the names
    of its parameters in c's precision.
    """
    heads, calls, made = watched(net, LAYERS, plan)
    calls = {prefix: call for prefix, call in calls.items() if _has_formula(call)}
    edges = [call.edge for call in calls.values()]
    with torch.enable_grad():
        sides = output_side(heads, edges)
        # once for each plan, and always where samples are picked, which may change
        if made is not plan or made[2]:
            sides = _not_routed(sides, heads, edges)
            made[1].difference_update(prefix for prefix, b in zip(calls, sides) if b is None)
    rest, parts, small = dict(net.parameters), [], {}
    for (prefix, call), b in zip(calls.items(), sides):
        moving = {role: name for role, name in net.owned[prefix].items() if name in rest}
        if b is None or not moving:
            continue
        values = {role: net.tensors[name] for role, name in net.owned[prefix].items()}
        share = LAYERS[kind(call.module)](call, values, b, moving)
        if share is None:
            continue
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
        if len(heads) * len(net.x) * sum(p.nbytes for p in rest.values()) > most:
            raise TooManyRows
        rows = _looked_at(net, heads, list(rest)).unflatten(0, (len(heads), -1))
        parts.append(Rows(rest, rows.transpose(0, 1).flatten(0, 1), len(net.x)))
    return parts, len(heads), made


def _looked_at(net, heads, names):
    """Their rows. Those of a parameter are all zero also where a forward uses what an earlier one
    made of it: then a plain backward pass knows better."""
    rows = per_sample_rows(net, names)
    tensors = [net.parameters[name] for name in names]
    for p, part in zip(tensors, rows.split([p.numel() for p in tensors], 1)):
        if not part.any():
            whole = [gradients(head, [p])[0] for head in heads]
            if any(g is not None and g.any() for g in whole):
                return one_by_one(net, names)
    return rows


def _has_formula(call):
    m = call.module
    if isinstance(m, nn.Conv2d):
        plain = m.padding_mode == "zeros" and not isinstance(m.padding, str)
        return plain and call.input.ndim == 4
    return call.input.ndim >= 2 or kind(m) not in (nn.Linear, "Conv1D")


def output_side(heads, edges):
    """For each edge the gradient of every head by it (n, heads, ...); None if no head feels it."""
    if not edges:
        return []
    per_head = [gradients(head, edges) for head in heads]
    sides = []
    for i in range(len(edges)):
        parts = [of_head[i] for of_head in per_head]
        for of_head in per_head:  # not held twice
            of_head[i] = None
        known = next((p for p in parts if p is not None), None)
        if known is not None:
            parts = [torch.zeros_like(known) if p is None else p for p in parts]
            known = parts[0].unsqueeze(1) if len(parts) == 1 else torch.stack(parts, 1)
        sides.append(known)
    return sides


def _not_routed(sides, heads, edges):
    """The sides, None for a layer that got as many rows as there are samples, but not one of each:
    a layer may be handed what a router gives it. Samples that count twice show it."""
    n, there = len(heads[0]), {"dtype": heads[0].dtype, "device": heads[0].device}
    counts = torch.linspace(1, 2, n, **there)
    again = output_side([sum(heads) * counts], edges)
    felt, inside = [i for i, b in enumerate(sides) if b is not None], []
    for i in felt:
        expected = torch.einsum("n,nh...->n...", counts, sides[i]).unsqueeze(1)
        inside.append((again[i] - expected).norm() <= 1e-2 * expected.norm())
    # one wait for all layers
    for i, same in zip(felt, torch.stack(inside).tolist() if inside else []):
        if not same:
            sides[i] = None
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
    turned: bool = False  # whether the parameter is W^T

    def __post_init__(self):
        n, heads, fan_out, positions = self.b.shape
        fan_in = self.weight.numel() // fan_out
        self.by_pairs = compares_pairs(n, heads, positions, fan_in, fan_out)
        self.kept = None

    def gram(self, dtype):
        b = self.b.to(dtype)
        if self.by_pairs:
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
            b = self.b.to(c.dtype)
            if heads == 1:
                weighted = b[:, 0] * c.view(n, 1, 1)
            else:
                weighted = torch.einsum("nh,nhop->nop", c.view(n, heads), b)
            if not whole:
                a = _flat(self.a().to(weighted.dtype))
                inside["weight"] = (_flat(weighted).T @ a).view_as(self.weight)
            inside["bias"] = weighted.sum((0, 2))
        if self.turned:
            inside["weight"] = inside["weight"].T
        return {name: inside[role] for role, name in self.names.items()}


def _flat(t):
    """(n, features, positions) -> (n * positions, features)."""
    return t.transpose(1, 2).flatten(0, 1)


def _pairs(a, b, bias):
    n, heads, _, positions = b.shape
    flat_a, flat_b = _flat(a), _flat(b.flatten(0, 1))
    alike, similar = flat_a @ flat_a.T, flat_b @ flat_b.T
    if bias:
        alike.add_(1)
    if positions == 1:  # most layers of small networks, where every operation counts
        similar.view(n, heads, n, heads).mul_(alike.view(n, 1, n, 1))
        return similar
    both = n, heads, positions
    # the heads share the layer's input
    similar.view(*both, *both).mul_(alike.view(n, 1, positions, n, 1, positions))
    k = n * heads
    return similar.view(k, positions, k, positions).sum((1, 3))


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
    m, x, weight, bias = call.module, call.input, values.get("weight"), values.get("bias")
    convolves, turned = isinstance(m, nn.Conv2d), kind(m) == "Conv1D"
    if turned:
        if not _multiplies(call, weight, bias):
            return None
        weight = weight.T
    laid_out = (lambda t, dim: t.flatten(dim + 1)) if convolves else _features_first
    b = laid_out(b, 2)
    if "weight" not in moving:
        return {"bias": b.sum(3)}
    geometry = (m.stride, m.padding, m.dilation, m.groups) if convolves else ()
    a = lambda: patches(x, m.kernel_size, *geometry[:3]) if convolves else _features_first(x, 1)
    if convolves and m.groups > 1:  # so few weights that their rows are held
        of_groups = b.unflatten(2, (m.groups, -1)), a().unflatten(1, (m.groups, -1))
        rows = {"weight": torch.einsum("nhgop,ngip->nhgoi", *of_groups), "bias": b.sum(3)}
        return {role: rows[role].flatten(2) for role in moving}
    again = F.conv2d if convolves else F.linear
    z = laid_out(call.output if call.intact() else again(x, weight, bias, *geometry), 1)
    z = z if bias is None or "bias" in moving else z - bias[:, None]
    return Affine(moving, weight, a, b, z, turned)


def _multiplies(call, weight, bias):
    """Whether the layer does what its name says: input W + bias, W (in, out)."""
    x = call.input
    if weight is None or weight.ndim != 2 or len(weight) != x.shape[-1] or not call.intact():
        return False
    expected = x @ weight + (0 if bias is None else bias)
    same = expected.shape == call.output.shape
    return same and (call.output - expected).norm() <= 1e-4 * expected.norm()


def _features_first(t, dim):
    """(..., features) -> (..., features, positions); positions: all dimensions from `dim` on."""
    return t.unsqueeze(-1) if t.ndim == dim + 1 else t.flatten(dim, -2).transpose(-1, -2)


def _norm(call, values, b, moving):
    """Of one sample, or by running statistics, a norm scales and shifts standardised inputs."""
    m, size = call.module, next(iter(values.values())).numel()  # either may be missing
    plain = copy.copy(m)
    plain._parameters = dict.fromkeys(m._parameters)
    plain._buffers = m._buffers | {
        name: t.to(b.dtype) for name, t in m.named_buffers() if t.is_floating_point()
    }
    # a weight for every number of the last dimensions, or for every channel
    last = hasattr(m, "normalized_shape")
    per_weight = lambda t: t.flatten(2).unflatten(2, (-1, size) if last else (size, -1))
    shares = {"weight": b * plain(call.input).unsqueeze(1), "bias": b}
    return {role: per_weight(shares[role]).sum(2 if last else 3) for role in moving}


NORMS = nn.BatchNorm1d, nn.BatchNorm2d, nn.InstanceNorm2d, nn.GroupNorm, nn.LayerNorm, nn.RMSNorm
LAYERS = {nn.Linear: _affine, nn.Conv2d: _affine, "Conv1D": _affine} | dict.fromkeys(NORMS, _norm)

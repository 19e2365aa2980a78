"""What does one layer contribute to K = J J^T, to t = J theta and to J^T c, without its rows?

For a linear or convolutional layer all three follow from the layer's inputs and the gradients of
its outputs, which one forward and one backward pass give for every sample at once. Of parameters in
no such layer the rows are held.
"""

from collections.abc import Callable
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn
from torch.nn.grad import conv2d_weight

from .network import Call, per_sample_rows, watched

# From this many positions on, a grouped convolution gives per-sample gradients faster than
# unfolding and multiplying.
MANY_POSITIONS = 128


@torch.enable_grad()
def blocks(net):
    """Blocks that cover every trainable parameter once, and the number of rows k.

    A block has gram(dtype) (k, k), inner() (k,) in float64, and shrink(c, strength, dtype), which
    moves its parameters in place: theta <- theta + strength (J^T c - theta).
    """
    heads, calls = watched(net, LAYERS)
    calls = {prefix: call for prefix, call in calls.items() if _has_formula(call)}
    tensors, rest, parts = {**net.others, **net.parameters}, dict(net.parameters), []
    for (prefix, call), b in zip(calls.items(), _output_side(heads, list(calls.values()))):
        if b is None:
            continue
        owned = net.owned[prefix]
        trainable = [role for role, name in owned.items() if name in rest]
        values = {role: tensors[name] for role, name in owned.items()}
        parts.append(LAYERS[type(call.module)](call, trainable, values, b))
        for role in trainable:
            del rest[owned[role]]
    if rest:
        with net.evaluation():
            parts.append(Rows(list(rest.values()), per_sample_rows(net, list(rest))))
    return parts, len(heads) * len(net.x)


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


def _output_side(heads, calls):
    """For each call the gradient of every head by its output; None if no head feels it."""
    if not calls:
        return []
    edges = [call.edge for call in calls]
    per_head = [
        torch.autograd.grad(head.sum(), edges, retain_graph=True, allow_unused=True)
        if head.requires_grad
        else [None] * len(edges)
        for head in heads
    ]
    sides = []
    for parts in zip(*per_head):
        known = next((p for p in parts if p is not None), None)
        if known is not None:
            parts = [torch.zeros_like(known) if p is None else p for p in parts]
        sides.append(None if known is None else parts)
    return sides


@dataclass
class Affine:
    """z = W a + bias at every position. a: (n, positions, in). b: d output / d z, one per head.

    Row i of W is sum_p b_ip a_ip^T, so K_ij = sum_pq <a_ip, a_jq> <b_ip, b_jq> and
    t_i = sum_p <b_ip, W a_ip>, where W a = z - bias has been computed by the forward pass already.
    """

    trainable: list  # of "weight" and "bias", those that move
    values: dict  # "weight" and perhaps "bias" -> tensor, trainable or not
    inputs: Callable  # () -> a; unfolding a convolution's input again is cheaper than keeping it
    z: torch.Tensor  # (n, positions, out)
    b: list  # (n, positions, out) each, never joined: copies would cost as much as the products

    def gram(self, dtype):
        b = [head.to(dtype) for head in self.b]
        (_, positions, fan_out), k = b[0].shape, len(b) * len(self.z)
        sums = torch.cat([head.sum(1) for head in b]) if "bias" in self.trainable else None
        if "weight" not in self.trainable:
            return sums @ sums.T
        fan_in = self.values["weight"][0].numel()
        pairs, whole = (
            (k * positions) ** 2 * (fan_in + fan_out),
            k * fan_in * fan_out * (positions + k),
        )
        if pairs <= whole:
            return _gram_by_pairs(self.inputs().to(dtype), torch.cat(b), sums is not None)
        rows = self.rows(b).flatten(1)
        gram = rows @ rows.T
        return gram if sums is None else gram.addmm_(sums, sums.T)

    def rows(self, b):
        """(k, out, in): the gradient of every output by the weight, in the precision of b."""
        a, n = self.inputs().to(b[0].dtype), len(self.z)
        rows = a.new_empty(len(b) * n, b[0].shape[2], a.shape[2])
        for part, head in zip(rows.split(n), b):
            torch.bmm(head.transpose(1, 2), a, out=part)
        return rows

    def weight_gradient(self, weighted):
        """(out, in): weighted a^T, summed over samples and positions; weighted is shaped as z."""
        return weighted.flatten(0, 1).T @ self.inputs().to(weighted.dtype).flatten(0, 1)

    def inner(self):
        bias = self.values.get("bias")
        if "weight" not in self.trainable:
            return (torch.cat([head.sum(1) for head in self.b]) @ bias).double()
        z = self.z if bias is None or "bias" in self.trainable else self.z - bias
        return torch.cat([(head * z).sum((1, 2), dtype=torch.float64) for head in self.b])

    def shrink(self, c, strength, dtype):
        parts = c.to(dtype).view(len(self.b), -1, 1, 1)
        weighted = parts[0] * self.b[0].to(dtype)
        for part, head in zip(parts[1:], self.b[1:]):  # the heads share the layer's input
            weighted.addcmul_(part, head.to(dtype))
        for role in self.trainable:
            value = self.values[role]
            inside = self.weight_gradient(weighted) if role == "weight" else weighted.sum((0, 1))
            value.lerp_(inside.view_as(value).to(value.dtype), strength)


def _gram_by_pairs(a, b, bias):
    heads, (k, positions, _) = len(b) // len(a), b.shape
    flat_a, flat_b = a.flatten(0, 1), b.flatten(0, 1)
    like = flat_a @ flat_a.T
    like = like.add_(1) if bias else like  # a bias is a weight whose input is 1
    similar = (like if heads == 1 else like.tile(heads, heads)).mul_(flat_b @ flat_b.T)
    return similar if positions == 1 else similar.view(k, positions, k, positions).sum((1, 3))


@dataclass
class Convolution(Affine):
    """An Affine of unfolded patches; the convolution's own backward pass where it is faster."""

    call: Call

    def rows(self, b):
        if b[0].shape[1] < MANY_POSITIONS:
            return super().rows(b)
        m, n, image = self.call.module, len(self.z), self.call.input
        # every sample its own group: n gradients in one call
        x = image.to(b[0].dtype).reshape(1, -1, *image.shape[2:])
        shape, size = (n * m.out_channels, *m.weight.shape[1:]), self.call.output.shape[2:]
        parts = [self._weight(x, shape, self._image(head).reshape(1, -1, *size), n) for head in b]
        return torch.cat([part.view(n, m.out_channels, -1) for part in parts])

    def weight_gradient(self, weighted):
        shape, x = self.call.module.weight.shape, self.call.input.to(weighted.dtype)
        return self._weight(x, shape, self._image(weighted), 1)

    def _weight(self, x, shape, b, groups):
        m = self.call.module
        return conv2d_weight(x, shape, b, m.stride, m.padding, m.dilation, groups)

    def _image(self, b):
        return b.transpose(1, 2).unflatten(2, self.call.output.shape[2:])


@dataclass
class Rows:
    """Parameters whose rows are small enough to hold: rows (k, size), split over the parameters."""

    parameters: list  # in the order of the columns
    rows: torch.Tensor

    def gram(self, dtype):
        return self.rows.to(dtype) @ self.rows.to(dtype).T

    def inner(self):
        return self.rows.double() @ torch.cat([p.flatten() for p in self.parameters]).double()

    def shrink(self, c, strength, dtype):
        inside = (c.to(dtype) @ self.rows.to(dtype)).split([p.numel() for p in self.parameters])
        for p, part in zip(self.parameters, inside):
            p.lerp_(part.view_as(p).to(p.dtype), strength)


def _linear(call, trainable, values, b):
    def positions(t):
        return t.unsqueeze(1) if t.ndim == 2 else t.flatten(1, -2)

    z = call.output if call.intact() else F.linear(call.input, values["weight"], values.get("bias"))
    return Affine(
        trainable,
        values,
        lambda: positions(call.input),
        positions(z),
        [positions(head) for head in b],
    )


def _convolution(call, trainable, values, b):
    def positions(t):
        return t.flatten(2).transpose(1, 2)

    def patches():
        return F.unfold(call.input, m.kernel_size, m.dilation, m.padding, m.stride).transpose(1, 2)

    m, z = call.module, call.output
    if not call.intact():
        z = F.conv2d(
            call.input, values["weight"], values.get("bias"), m.stride, m.padding, m.dilation
        )
    return Convolution(
        trainable, values, patches, positions(z), [positions(head) for head in b], call
    )


def _norm(call, trainable, values, b):
    """Batch norm with running statistics is a scale and a shift of fixed, standardised inputs."""
    m = call.module
    mean, var = (s.to(b[0].dtype).view(1, -1, 1, 1) for s in (m.running_mean, m.running_var))
    standard = (call.input - mean) / (var + m.eps).sqrt()
    rows = {
        "weight": torch.cat([(head * standard).sum((2, 3)) for head in b]),
        "bias": torch.cat([head.sum((2, 3)) for head in b]),
    }
    return Rows(
        [values[role] for role in trainable], torch.cat([rows[role] for role in trainable], 1)
    )


LAYERS = {nn.Linear: _linear, nn.Conv2d: _convolution, nn.BatchNorm2d: _norm}

"""How is the step off the rows taken without ever holding them?

With K = J J^T and t = J theta, P_perp theta = theta - J^T c where K c = t. So only K (k x k), t (k)
and one product J^T c are needed, and every layer adds its share of each (`layers`); the rows, k
times as large as the network, are not.
"""

import math
from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import torch
from torch import Tensor, nn

from ..ground.checks import instance, number, one_of
from ..ground.precision import products_in
from .cg import matrix_free
from .chain import Chain, is_chain
from .gram import coefficients
from .layers import TooManyRows, blocks
from .network import OUTPUTS, Network, in_working_precision, paired, products

# Rows that no layer formula replaces are held up to this size; beyond it, "auto" is matrix-free.
ROW_BYTES = 2 * 2**30


@dataclass(frozen=True)
class Step:
    """What one `minnorm_step` did.

    rows, rank: k, and the numerical rank of the rows; None where the solver is "cg", which never
    learns it.
    drift: the length of the change of theta, known to about 1e-8 |theta| in float64 and 1e-4
        |theta| in float32.
    solver: the one it took. left: with "cg", how much of the rows it left, |J v| / |J theta|.
    """

    rows: int
    rank: int | None
    drift: float
    solver: str = "layerwise"
    left: float | None = None


def minnorm_step(
    model: nn.Module,
    inputs: Tensor,
    strength: float,
    *,
    solver: str = "auto",
    toward: Sequence[Tensor] | None = None,
    outputs: str = "largest",
) -> Step:
    """theta <- theta - strength * P_perp theta, in place, without the rows (paper A, Algorithm 1).

    model: moves where it is trainable. It is run in evaluation mode (its deployed function; batch
        norm then keeps samples apart) and left in the mode it was in. Not in two threads at once:
        meanwhile it holds other tensors.
    inputs: (n, ...), the retained samples whose outputs must not move to first order.
    strength: in [0, 1], equal to 1 / (1 + lambda) for the drift penalty lambda.
    solver: "layerwise": one forward pass, one backward pass per head to the layers' outputs, and
        small products. Linear and Conv2d layers, GPT-2's Conv1D and the norms in `layers.NORMS`
        have formulas; other modules' parameters, shared ones, and layers called more than once go
        through per-sample gradients of just those. "cg": conjugate gradients, which hold a few
        vectors of the model's size, however many rows there are, take 20 to 100 times as long, and
        stop at |J v| = 1e-5 |J theta| (float32; 1e-10 in float64) or, with a warning, after 500
        iterations. "auto": "layerwise", unless the per-sample gradients would not fit in 2 GB.
    toward: theta_0, a tensor for each of `model.parameters()`: then theta <- theta - strength *
        P_perp (theta - theta_0), the same framework with R = ||theta - theta_0||^2. None is the
        origin.
    outputs: what gives rows, of every head: its "largest" output, the class it says, as the papers
        do, or "every" one, as a regression with several outputs needs. Of a sequence, outputs
        (n, length, classes), that is at every position; "summed" gives a sequence one row,
        the gradient of the sum of its positions' largest, which protects their sum alone.

    Models up to a million parameters without convolutions are computed in float64, others in their
    own precision with the Gram matrix redone in float64 where it is nearly singular. Directions in
    which the rows, of unit length, have a singular value below 3e-7 (float64) or 1e-6 of the
    largest are left out of the span, so that theta shrinks along them; `project_out` keeps them
    down to 1e-12. Nearly dependent rows have such directions: 1 to 5 of 50 in seven of the ten
    originals of the sine (notebook 03).

    Raises TypeError for a model or inputs of another kind; ValueError for a strength or solver out
    of range, an empty batch, nothing trainable, non-finite gradients, samples that are coupled, a
    reentrant checkpoint, or a `toward` that does not fit; RuntimeError inside
    torch.inference_mode().
    """
    projection = Projection(model, outputs=outputs)
    return projection.step(inputs, strength, solver=solver, toward=toward)


class Projection:
    """The projections of one model in one run: what the first learned of it serves the next.

    That is the plan of its pass (`watch.watched`), which is made again when a pass differs from
    it in anything, and the precision that K had to be computed in: a run whose K is nearly singular
    does not compute every K twice. It holds no tensor.

    outputs: as in `minnorm_step`.
    products: "float32" or "tf32", of the forward and backward pass and of the rows on a GPU. K, t
    and J^T c are computed in full, so the step is exactly off the rows as they were computed. In
    TF32 those are the rows of a network with rounded factors: |J v| was .4% of |J theta| on an
    H200, where float32 left 3e-7 (benchmarks/epochs-h200.json, ResNet-18 of width 1/4).
    """

    def __init__(self, model: nn.Module, products: str = "float32", outputs: str = "largest"):
        one_of("outputs", outputs, OUTPUTS)
        self.model, self.products, self.outputs = model, products, outputs
        self.plan = self.gram_in = None

    @torch.no_grad()
    def step(self, inputs, strength, *, solver="auto", toward=None) -> Step:
        """As `minnorm_step`."""
        if torch.is_inference_mode_enabled():
            raise RuntimeError(
                "minnorm_step needs gradients: call it outside torch.inference_mode()"
            )
        strength = number("strength", strength, low=0, high=1)
        one_of("solver", solver, ("auto", "layerwise", "cg"))
        if solver != "cg" and toward is None and is_chain(self.model, inputs):
            net = Chain(self.model, inputs)
            return self._off_rows(net, strength, {}, *net.blocks(self.outputs), torch.float64)
        net = Network(self.model, inputs, self.outputs)
        net.inputs = paired(net.model, net.inputs)
        center = _center(net, toward)
        step, most = None, ROW_BYTES if solver == "auto" else math.inf
        if solver != "cg":
            with net.evaluation(), suppress(TooManyRows):
                step = self._layerwise(net, strength, center, most)
        step = step or cg_step(net, strength, center)
        return replace(step, rows=step.rows * net.count // len(net.inputs))

    def _layerwise(self, net, strength, center, most):
        device = net.inputs.device
        with products_in(self.products, device):
            made, precision = in_working_precision(net, lambda _: blocks(net, self.plan, most))
        parts, heads, self.plan = made
        return self._off_rows(net, strength, center, parts, heads, precision)

    def _off_rows(self, net, strength, center, parts, heads, precision):
        """What the blocks say is done. precision: in which they are."""
        device = net.inputs.device
        with products_in("float32", device):
            felt = _felt(net, center).view(heads, -1).T.flatten() if center else 0
            away = [p - center[name] if center else p for name, p in net.parameters.items()]
            lengths = torch._foreach_norm(away, dtype=torch.float64)
            c, rank, squared, whole, self.gram_in = coefficients(
                parts, heads, net.count, precision, lengths, felt, self.gram_in
            )
            inside = {name: v for part in parts for name, v in part.pull(c).items()}
        _move(net, inside, strength, center)
        # |P_perp theta|^2 = |theta|^2 - c^T t, to 1e-8 |theta|^2
        drift = strength * math.sqrt(max(whole - squared, 0))
        return Step(rows=heads * len(net.x), rank=rank, drift=drift)


def _move(net, inside, strength, center):
    """theta <- theta + strength (J^T c + theta_0 - theta), inside: J^T c by name."""
    targets = [inside[name] + center[name] if center else inside[name] for name in net.trainable]
    own = list(net.trainable.values())
    torch._foreach_lerp_(own, [t.to(p.dtype) for t, p in zip(targets, own)], strength)


def cg_step(net: Network, strength: float, center: dict[str, Tensor]) -> Step:
    """The step by conjugate gradients. center: theta_0 by name, {} for the origin."""
    trainable = net.trainable.values()
    with net.evaluation():
        with products_in("float32", net.inputs.device):
            vector, left, rows = matrix_free(net, center)
        for p, part in zip(trainable, vector.split([p.numel() for p in trainable])):
            p.sub_(strength * part.view_as(p).to(p.dtype))
    drift = float(strength * vector.norm())
    return Step(rows=rows, rank=None, drift=drift, solver="cg", left=left)


def _center(net, toward):
    """theta_0 by the parameters' names, trainable ones only; {} for the origin."""
    if toward is None:
        return {}
    instance("toward", toward, Iterable, "None or one tensor for each of the model's parameters")
    toward, named = [toward] if isinstance(toward, Tensor) else list(toward), net.named
    given = [tuple(t.shape) if isinstance(t, Tensor) else type(t).__name__ for t in toward]
    if given != [tuple(p.shape) for p in named.values()]:
        raise ValueError(
            f"toward must hold a tensor for each of the model's {len(named)} "
            f"parameters, of its shape, got {given}"[:300]
        )
    # copies: they may be the very weights that move
    copies = {name: t.detach().to(p, copy=True) for (name, p), t in zip(named.items(), toward)}
    if not torch.stack([torch.isfinite(t).all() for t in copies.values()]).all():
        raise ValueError("toward holds a NaN or an infinity")
    return {name: copies[name] for name in net.trainable}


def _felt(net, center):
    """J theta_0 (k,): what the outputs feel, to first order, of a step theta_0 from here."""
    with products(net) as (theta, push, _):
        return push(torch.cat([t.flatten() for t in center.values()]).to(theta)).detach().double()

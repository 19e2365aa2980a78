"""How is a model run with other tensors in place of its parameters, and watched while it runs?"""

from collections import Counter
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call, jacrev, vjp, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..ground.checks import instance, one_of, tensor
from ..ground.modes import is_norm, kept_modes

# Below this many parameters a float64 pass costs about as little as a float32 one, and it is exact
# to 1e-15.
SMALL_MODEL = 1_000_000


class NonFiniteGradients(ValueError):
    """An output gradient is NaN or infinite. The message names the samples."""


class Network:
    """A model's tensors by name, and copies of them in a chosen precision to run it with.

    outputs: what of every head gives rows, as in `minnorm_step`.
    trainable, fixed: {name: parameter or buffer}; a shared tensor goes by the name it is first met
        under. owned: {module's prefix: {role, such as "weight": name}}, parameters only.
    parameters, others, x: what it is run with, set by `cast`.
    """

    mixes_samples = False  # whether batch norm may normalise by the batch's own statistics

    def __init__(self, model: nn.Module, inputs: Tensor, outputs: str = "largest"):
        one_of("outputs", outputs, ("largest", "every"))
        instance("model", model, nn.Module, "a torch.nn.Module")
        tensor("inputs", inputs)
        if inputs.ndim == 0 or len(inputs) == 0:
            raise ValueError(
                f"inputs is an empty batch, shape {tuple(inputs.shape)}: there is no output to "
                "take a gradient of"
            )
        self.model, self.inputs, self.modules = model, inputs.detach(), dict(model.named_modules())
        self.outputs = outputs
        for prefix, module in self.modules.items():
            if is_norm(module) and module.running_mean is None and not self.mixes_samples:
                raise ValueError(
                    f"layer {prefix!r} normalises by batch statistics in evaluation mode too, "
                    "which couples the samples: use track_running_stats=True"
                )
        named = dict(model.named_parameters())
        self.trainable = {name: p for name, p in named.items() if p.requires_grad}
        self.fixed = {name: p for name, p in named.items() if not p.requires_grad}
        self.fixed |= dict(model.named_buffers())
        first = {id(p): name for name, p in named.items()}
        self.owned = {
            prefix: {role: first[id(p)] for role, p in module._parameters.items() if p is not None}
            for prefix, module in self.modules.items()
        }
        if not self.trainable:
            raise ValueError(
                f"model ({type(model).__name__}) has no trainable parameter: set requires_grad on "
                "some"
            )
        device = next(iter(self.trainable.values())).device
        if inputs.device != device:
            raise ValueError(
                f"inputs are on {inputs.device}, the model is on {device}: move one of them"
            )

    def cast(self, dtype: torch.dtype | None) -> torch.dtype:
        """Sets the tensors to run with, in `dtype` (None: their own); returns the first's dtype."""

        def to(t):
            return t.to(dtype) if dtype and t.is_floating_point() else t

        def leaf(p):  # a parameter that is as it should be stands for itself
            return p if to(p) is p else to(p.detach()).requires_grad_()

        self.parameters = {name: leaf(p) for name, p in self.trainable.items()}
        self.others = {name: to(t) for name, t in self.fixed.items()}
        own = next(iter(self.parameters.values())).dtype
        self.x = self.inputs.to(own) if self.inputs.is_floating_point() else self.inputs
        return own

    def __call__(self, x, parameters=None):
        """The heads on x, each (n,), with some parameters replaced."""
        tensors = {**self.parameters, **self.others, **(parameters or {})}
        heads = _heads(functional_call(self.model, tensors, (x.clone(),)), len(x))
        return [part for head in heads for part in _parts(head, self.outputs)]

    @contextmanager
    def evaluation(self):
        """Evaluation mode, in which batch norm keeps samples apart."""
        with kept_modes(self.modules.values()):
            for module in self.modules.values():
                if module.training:
                    module.training = False
            yield


def in_working_precision(net, compute):
    """(compute(precision), precision): in the working precision, or in the parameters' own.

    The latter where the forward insists on it.
    """
    precision = net.cast(_working_precision(net))
    try:
        return compute(precision), precision
    except RuntimeError:  # a forward that makes float32 tensors cannot run with float64 weights
        if precision == next(iter(net.trainable.values())).dtype:
            raise
    precision = net.cast(None)
    return compute(precision), precision


def _working_precision(net):
    """float64 where it is cheap, float32 in place of half precision, else None for their own.

    A convolution uses each weight at every position and has no fast float64 form: a model with one
    counts as large.
    """
    convolves = any(isinstance(m, nn.modules.conv._ConvNd) for m in net.modules.values())
    if not convolves and sum(p.numel() for p in net.trainable.values()) <= SMALL_MODEL:
        return torch.float64
    half = any(p.dtype in (torch.float16, torch.bfloat16) for p in net.trainable.values())
    return torch.float32 if half else None


def _heads(outputs, n):
    """The heads as a list, each (n,), (n, outputs) or (n, length, outputs)."""
    heads = list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]
    if n == 1:  # a model may squeeze
        heads = [h[None] if isinstance(h, Tensor) and h.ndim == 0 else h for h in heads]
    for i, head in enumerate(heads):
        if not isinstance(head, Tensor) or head.ndim not in (1, 2, 3) or len(head) != n:
            got = tuple(head.shape) if isinstance(head, Tensor) else type(head).__name__
            raise ValueError(
                f"head {i} of the model must return ({n},), ({n}, outputs) or ({n}, length, "
                f"outputs), got {got}"
            )
    return heads


def _parts(head, outputs):
    """The outputs of a head that give rows, each (n,)."""
    if head.ndim == 1:
        return [head]
    if head.ndim == 3:
        return [part for position in head.unbind(1) for part in _parts(position, outputs)]
    if outputs == "every" or head.shape[1] == 1:  # a search for the largest costs a gradient more
        return head.unbind(1)
    return [head.max(1).values]


def per_sample_rows(net, names):
    """(heads * n, size of the named parameters): the gradients of every head, sample by sample."""

    def outputs(chosen, x):
        return torch.stack([head[0] for head in net(x[None], chosen)])

    chosen = {name: net.parameters[name] for name in names}
    try:
        gradients = vmap(jacrev(outputs), in_dims=(None, 0), chunk_size=64)(chosen, net.x)
    except RuntimeError:  # a forward that branches on its data, or an operation vmap does not know
        singles = [jacrev(outputs)(chosen, x) for x in net.x]
        gradients = {name: torch.stack([g[name] for g in singles]) for name in names}
    flat = torch.cat([gradients[name].flatten(2) for name in names], 2)
    return flat.transpose(0, 1).flatten(0, 1).detach()


@contextmanager
def products(net):
    """(theta, v -> J v, c -> J^T c): theta, v and J^T c (d,), c and J v (k,).

    c -> J^T c is a backward pass. It is linear in c, so v -> J v is a backward pass through that
    one. Both graphs are built once and walked again and again. Forward mode would hold less, but
    not every operation has one.
    """
    sizes = [p.numel() for p in net.parameters.values()]

    def outputs(theta):
        parts = zip(net.parameters.items(), theta.split(sizes))
        return torch.cat(net(net.x, {name: part.view_as(p) for (name, p), part in parts}))

    theta = torch.cat([p.detach().flatten() for p in net.parameters.values()])
    with net.evaluation(), sdpa_kernel(SDPBackend.MATH):  # fused attention is walked back only once
        values, pull = vjp(outputs, theta)
        _, push = vjp(lambda c: pull(c)[0], torch.zeros_like(values))
        yield theta, lambda v: push(v)[0], lambda c: pull(c)[0]


def check_finite(finite, n):
    """NonFiniteGradients naming the samples unless all of `finite` (heads * n,) is true."""
    if not finite.all():
        bad = sorted({i % n for i in (~finite).nonzero().flatten().tolist()})
        named = str(bad) if len(bad) <= 8 else f"{str(bad[:8])[:-1]}, ...] ({len(bad)} in all)"
        raise NonFiniteGradients(
            f"the output gradients of samples {named} are not finite: the model "
            "or these inputs hold a NaN, an infinity, or overflow"
        )


@dataclass
class Call:
    """One call of a layer: its input, its output, and where that stands in the graph."""

    module: nn.Module
    input: Tensor
    output: Tensor
    versions: tuple
    edge: object  # taken at the call: an in-place activation moves the tensor, not the edge

    def intact(self):
        """Whether the output still is the layer's: an in-place activation overwrites it."""
        return self.output._version == self.versions[1]

    def usable(self, n):
        """Whether samples stand along dimension 0, and input and graph are still there."""
        there = self.edge is not None and self.input._version == self.versions[0]
        return there and self.output.ndim > 0 and len(self.output) == n == len(self.input)


def watched(net, kinds, plan=None):
    """The heads, by prefix the one call of each layer of `kinds` that has a formula, and the plan.

    A layer qualifies if nothing but its class's forward turns its weight and bias into its output
    (no pruning, no hook, no replaced forward), if it runs once and its parameters are used nowhere
    else, and if dimension 0 of its input is the samples: a run on a single sample has 1 there,
    where a sequence or a table of n rows would not.

    plan: what running on a single sample has shown in an earlier pass: (what it was made for, the
    shapes that layers got and gave, samples apart, and the graph, node by node; prefixes of the
    layers whose dimension 0 is the samples). That run is made only where this pass is not like it.
    """
    calls, handles = {}, []
    for prefix, module in net.modules.items():
        if (
            type(module) in kinds
            and net.owned[prefix].keys() <= {"weight", "bias"}
            and not module._forward_hooks
            and "forward" not in vars(module)
        ):
            handles.append(module.register_forward_hook(_recorder(calls, prefix)))
    try:
        with net.evaluation():
            heads = net(net.x)
            uses, graph = _graph(heads, {id(p): name for name, p in net.parameters.items()})
            passed, first = (_shapes(calls), graph), dict(calls)
            if plan is None or plan[0] != passed:
                calls.clear()
                net(net.x[:1])
                alone = {p for p, those in calls.items() if all(len(c.output) == 1 for c in those)}
                plan = passed, alone
    finally:
        for handle in handles:
            handle.remove()
    once = {}
    for prefix, those in first.items():
        counts = {uses[name] for name in net.owned[prefix].values() if name in net.parameters}
        usable = len(those) == 1 and those[0].usable(len(net.x))
        if counts == {1} and prefix in plan[1] and usable:
            once[prefix] = those[0]
    return heads, once, plan


def _shapes(calls):
    return tuple(
        (prefix, *(tuple(t.shape[1:]) for call in those for t in (call.input, call.output)))
        for prefix, those in calls.items()
    )


def _recorder(calls, prefix):
    def hook(module, args, out):
        if args:  # called by keyword, its input is not here to see: the layer will not qualify
            versions = args[0]._version, out._version
            edge = torch.autograd.graph.get_gradient_edge(out) if out.requires_grad else None
            call = Call(module, args[0], out, versions, edge)
            calls.setdefault(prefix, []).append(call)

    return hook


def _graph(heads, names):
    """How often each parameter enters the graph, by its name; and the graph itself, for comparison.

    A parameter that enters it more than once has more of a gradient than its layer alone says. The
    graph is each node's operation and what it follows, in the order of a walk from the heads.
    """
    uses, places, walk = Counter(), {}, []
    stack = [head.grad_fn for head in heads if head.grad_fn is not None]
    while stack:
        node = stack.pop()
        if node in places:
            walk.append(places[node])
            continue
        places[node] = len(places)
        walk.append(node.name())
        for following, _ in node.next_functions:
            if following is None:
                walk.append(None)
            elif hasattr(following, "variable"):
                name = names.get(id(following.variable))
                uses[name] += 1
                walk.append(name)
            else:
                stack.append(following)
    return uses, tuple(walk)

"""How is a model run with other tensors in place of its parameters?"""

import warnings
from contextlib import contextmanager, suppress
from functools import partial

import torch
from torch import Tensor, nn
from torch.func import jacrev, vmap
from torch.nn.attention import SDPBackend, sdpa_kernel

from ..ground.checks import instance, one_of, tensor
from ..ground.models import CannotRun, Kept, blamed, check_parameters, described, heads
from ..ground.modes import has_own_train, is_norm, kept_modes, norms_of

# Below this many parameters a float64 pass costs about as little as a float32 one, and its rows are
# exact to 1e-15.
SMALL_MODEL = 1_000_000

OUTPUTS = ("largest", "every", "summed")  # what of a head gives rows


class NonFiniteGradients(ValueError):
    """An output gradient is NaN or infinite. The message names the samples."""


class Network:
    """A model's tensors by name, and copies of them in a chosen precision to run it with.

    outputs: what of every head gives rows, as in `minnorm_step`.
    named, trainable: {name: parameter}; a shared one goes by the name it is first met under.
    count: the samples that came.
    owned: {module's prefix: {role, such as "weight": name}}.
    tensors, x: what it is run with, set by `cast`, and parameters, those of them that are
        trainable. kept: set by `evaluation`, puts back what a forward leaves in the model.
    elsewhere: [(container, key, name)] of parameters that the model names a second time, in a list
        or another object; set by `evaluation`.
    """

    mixes_samples = False  # whether batch norm may normalise by the batch's own statistics

    def __init__(self, model: nn.Module, inputs: Tensor, outputs: str = "largest"):
        one_of("outputs", outputs, OUTPUTS)
        instance("model", model, nn.Module, "a torch.nn.Module")
        tensor("inputs", inputs)
        if inputs.ndim == 0 or len(inputs) == 0:
            raise ValueError(
                f"inputs is an empty batch, shape {tuple(inputs.shape)}: there is no output to "
                "take a gradient of"
            )
        self.model, self.inputs, self.outputs = unwrapped(model), inputs.detach(), outputs
        check_parameters(self.model)
        self.count = len(inputs)
        self.modules = dict(self.model.named_modules())
        self.named, self.owned, first = {}, {}, {}
        for prefix, module in self.modules.items():
            if isinstance(module, torch.jit.ScriptModule):
                raise TypeError(
                    f"layer {prefix!r} is TorchScript, whose weights cannot be replaced: give the "
                    "module that torch.jit made it from"
                )
            held = {role: p for role, p in module._parameters.items() if p is not None}
            for role, p in held.items():
                name = first.setdefault(id(p), f"{prefix}.{role}" if prefix else role)
                self.named[name] = p
            self.owned[prefix] = {role: first[id(p)] for role, p in held.items()}
        self.trainable = {name: p for name, p in self.named.items() if p.requires_grad}
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
        """Sets the tensors to run with, in `dtype` (None: their own); returns the coarsest of the
        parameters'."""
        self.tensors = {
            name: p.detach().to(dtype if dtype and p.is_floating_point() else p.dtype)
            for name, p in self.named.items()
        }
        self.parameters = {name: self.tensors[name].requires_grad_() for name in self.trainable}
        own = next(iter(self.parameters.values())).dtype
        self.versions = {name: t._version for name, t in self.tensors.items()}
        self.kept.dtype = dtype
        self.x = self.inputs.to(own) if self.inputs.is_floating_point() else self.inputs
        return max((p.dtype for p in self.parameters.values()), key=lambda d: torch.finfo(d).eps)

    def __call__(self, x, parameters=None):
        """The heads on x, each (n,), with some parameters replaced."""
        tensors = self.tensors | (parameters or {})
        # which puts the parameters back, too
        with self.kept, blamed("model", "inputs", x):
            for prefix, own in self.owned.items():
                if own:
                    held = {role: tensors[name] for role, name in own.items()}
                    self.modules[prefix]._parameters.update(held)
            for box, key, name in self.elsewhere:
                box[key] = tensors[name]
            returned = self.model(x.clone())
        several = _heads(returned, len(x))
        return [part for head in several for part in outputs_of(head, self.outputs)]

    @contextmanager
    def evaluation(self):
        """Evaluation mode; afterwards the model is as before but for its parameters."""
        with kept_modes(self.modules.values()):
            self.set_modes()
            self.kept, names = Kept(self.model), {id(p): name for name, p in self.named.items()}
            owned = {id(module._parameters) for module in self.modules.values()}
            self.elsewhere = [
                (box, key, names[id(p)])
                for box, key, p in self.kept.parameters
                if id(p) in names and id(box) not in owned
            ]
            try:
                yield
            finally:
                self.kept.__exit__()  # Ctrl-C may have come while a forward's end did this
                self.kept.put_back()

    def set_modes(self):
        """Evaluation mode, in which batch norm keeps samples apart.

        A module of parameters that may keep in that mode what it made of them is told to train, so
        that it keeps nothing, before the flag alone says evaluation.
        """
        for prefix, module in self.modules.items():
            if has_own_train(module) and self.owned[prefix] and not is_norm(module):
                module.train()
        for module in self.modules.values():
            if module.training:
                module.training = False
            if getattr(module, "sparse", False):  # vmap knows the other gradients, equal to these
                module.sparse = False


def unwrapped(model: nn.Module) -> nn.Module:
    """The module itself, out of DataParallel or torch.compile, which share its parameters."""
    while isinstance(model, (nn.DataParallel, nn.parallel.DistributedDataParallel)):
        model = model.module
    return getattr(model, "_orig_mod", model)


def in_working_precision(net, compute):
    """(compute(precision), precision): in the working precision, or in the parameters' own.

    The latter where the forward insists on it.
    """
    precision = net.cast(_working_precision(net))
    try:
        return compute(precision), precision
    except (
        RuntimeError,
        CannotRun,
    ):  # a forward that makes float32 tensors cannot run with float64 weights
        if all(p.dtype == precision for p in net.trainable.values()):
            raise
    precision = net.cast(None)
    return compute(precision), precision


def _working_precision(net):
    """float64 where it is cheap, float32 in place of half precision, else None for their own.

    A convolution uses each weight at every position and has no fast float64 form: a model with one
    counts as large.
    """
    convolves = any(isinstance(m, nn.modules.conv._ConvNd) for m in net.modules.values())
    if not convolves and sum(p.numel() for p in net.named.values()) <= SMALL_MODEL:
        return torch.float64
    half = any(p.dtype in (torch.float16, torch.bfloat16) for p in net.trainable.values())
    return torch.float32 if half else None


def _heads(returned, n):
    """The heads as a list, each (n,), (n, outputs) or (n, length, outputs)."""
    several = heads(returned)
    if n == 1:  # a model may squeeze
        several = [h[None] if isinstance(h, Tensor) and h.ndim < 2 else h for h in several]
    for i, head in enumerate(several):
        if not isinstance(head, Tensor) or head.ndim not in (1, 2, 3) or len(head) != n:
            raise ValueError(
                f"head {i} of the model must return ({n},), ({n}, outputs) or ({n}, length, "
                f"outputs), got {described(head)}"
            )
    return several


def outputs_of(head, outputs):
    """The outputs of a head that give rows, each (n,)."""
    if head.ndim == 1:
        return [head]
    if head.ndim == 3:
        if outputs == "summed":
            return [head.amax(2).sum(1)]
        return [part for position in head.unbind(1) for part in outputs_of(position, outputs)]
    if outputs == "every" or head.shape[1] == 1:  # a search for the largest costs a gradient more
        return head.unbind(1)
    return [head.max(1).values]


def per_sample_rows(net, names):
    """(heads * n, size of the named parameters): the gradients of every head, sample by sample."""

    def outputs(moving, x):
        return torch.stack([head[0] for head in net(x[None], moving)])

    # somebody's hook looks at what passes, which under vmap has no numbers
    if not any(m._forward_hooks or m._forward_pre_hooks for m in net.modules.values()):
        moving = {name: net.parameters[name] for name in names}
        with (
            warnings.catch_warnings(),
            suppress(Exception),
        ):  # branches on its data, or an operation that vmap does not know
            warnings.filterwarnings("ignore", "There is a performance drop")  # of vmap's own
            by_name = vmap(jacrev(outputs), in_dims=(None, 0), chunk_size=64)(moving, net.x)
            flat = torch.cat([by_name[name].flatten(2) for name in names], 2)
            return flat.transpose(0, 1).flatten(0, 1).detach()
    return one_by_one(net, names)


@torch.enable_grad()
def one_by_one(net, names):
    """The same by a plain backward pass for every row."""
    parameters, rows = [net.parameters[name] for name in names], []
    flat = lambda p, g: (torch.zeros_like(p) if g is None else g.to_dense()).flatten()
    for x in net.x:
        heads = net(paired(net.model, x[None]))
        parts = [map(flat, parameters, gradients(head[:1], parameters)) for head in heads]
        rows.append(torch.stack([torch.cat([*row]) for row in parts]))
    return torch.stack(rows, 1).flatten(0, 1)


@torch.enable_grad()
def gradients(head, tensors):
    """Of the sum of a head by each tensor, None where it has no part."""
    if not head.requires_grad:
        return [None] * len(tensors)
    # of the sum, as ones for the head's entries would import sympy
    return list(torch.autograd.grad(head.sum().real, tensors, retain_graph=True, allow_unused=True))


def paired(model, x):
    """x, a single sample twice for a network with batch norm.

    In torch 2.13 on a CPU its backward pass is wrong for one sample whose incoming gradient is not
    contiguous, as after flatten(2).transpose(1, 2).
    """
    return torch.cat([x, x]) if len(x) == 1 and norms_of(model) else x


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
        return torch.cat(
            net(net.x, {name: part.view_as(p).to(p.dtype) for (name, p), part in parts})
        )

    theta = torch.cat([p.detach().flatten() for p in net.parameters.values()]).requires_grad_()
    walk = partial(torch.autograd.grad, retain_graph=True)
    with (
        torch.enable_grad(),
        sdpa_kernel(SDPBackend.MATH),
    ):  # fused attention: walked back only once
        values = outputs(theta) + 0 * theta.sum()  # which may have no part in them
        c = torch.zeros_like(values, requires_grad=True)
        (pulled,) = walk(values, theta, c, create_graph=True)
        pull, push = partial(walk, values, theta), partial(walk, pulled, c)
        yield theta.detach(), lambda v: push(v)[0], lambda c: pull(c)[0]


def check_finite(finite, n):
    """NonFiniteGradients naming the samples unless all of `finite` (heads * n,) is true.

    A sample that was paired has two places: n = 1 then.
    """
    if not finite.all():
        bad = sorted({i % n for i in (~finite).nonzero().flatten().tolist()})
        named = str(bad) if len(bad) <= 8 else f"{str(bad[:8])[:-1]}, ...] ({len(bad)} in all)"
        raise NonFiniteGradients(
            f"the output gradients of samples {named} are not finite: the model "
            "or these inputs hold a NaN, an infinity, or overflow"
        )

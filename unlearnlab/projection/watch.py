"""What does one pass of a model tell about its layers, and about whether samples stand apart?"""

from collections import Counter
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from ..ground.models import kept_tensors

# A sample in another batch differs by less than this share of the largest output; on a GPU
# products may round to TF32.
SAME = {"cpu": 1e-3}
FEW = 8  # samples that are looked at among themselves
COUPLED = (
    "{} couples the samples: in evaluation mode some have other outputs in a smaller batch. Way "
    "out: track_running_stats=True in batch norm, batch_first=True, nothing random unless "
    "self.training, no layer that forward makes"
)


# Operations that may pick samples by what is in them: their order may change with every batch.
PICKING = "Index", "Gather", "Scatter", "MaskedSelect", "Take", "by a constant"
# Of what takes samples by their place, where that is kept.
PLACES = {
    "SelectBackward0": "_saved_index",
    "SliceBackward0": "_saved_start",
    "RollBackward0": "_saved_shifts",
}


def kind(module: nn.Module):
    """Its class; of GPT-2's Conv1D, which several libraries have a class for, the name."""
    name = type(module).__name__
    return name if name == "Conv1D" else type(module)


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
        """Whether samples stand along dimension 0, and input and graph are still there.

        A view that was overwritten has another place in the graph than it had.
        """
        there = self.edge is not None and self.input._version == self.versions[0]
        there = there and (self.intact() or not self.output._is_view())
        return there and self.output.ndim > 0 and len(self.output) == n == len(self.input)


@torch.enable_grad()
def watched(net, kinds, plan=None):
    """The heads, by prefix the one call of each layer of `kinds` that has a formula, and the plan.

    A layer qualifies if nothing but its class's forward turns its weight and bias into its output
    (no pruning, no hook, no replaced forward), if it runs once and its parameters are used nowhere
    else, and if dimension 0 of its input is the samples: a run on a few samples has so many there,
    where a sequence or a table of n rows would not.

    plan: what running on a few samples has shown in an earlier pass: (what it was made for, the
    shapes that layers got and gave, samples apart, and the graph, node by node; prefixes of the
    layers whose dimension 0 is the samples; whether it picks samples). That run is made only where
    this pass is not like it, and with it `_check_apart` and `_check_felt`. What only changes with
    the data and leaves no trace in the graph is not seen again: an order of samples that sums of
    masked samples make, or a coupling that some batches have.
    """
    calls, handles = {}, []
    for prefix, module in net.modules.items():
        if (
            kind(module) in kinds
            and net.owned[prefix].keys() <= {"weight", "bias"}
            and not module._forward_hooks
            and "forward" not in vars(module)
        ):
            handles.append(module.register_forward_hook(_recorder(net, calls, prefix)))
    try:
        heads = net(net.x)
        _check_unwritten(net)
        names = {id(p): name for name, p in net.parameters.items()}
        uses, graph = _graph(heads, names | {id(p): (name,) for name, p in net.trainable.items()})
        _check_replaced(net, uses)
        passed, first = (_shapes(calls), graph), dict(calls)
        if plan is None or plan[0] != passed:
            few = _check_apart(net, heads, calls)
            alone = {p for p, those in calls.items() if all(len(c.output) == few for c in those)}
            _check_felt(net, uses)
            plan = passed, alone, any(word in str(graph) for word in PICKING)
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


def _check_apart(net, heads, calls):
    """On how many samples it ran the model. Raises ValueError where some have not the heads among
    themselves that they have in their batch: then there is no gradient of one sample."""
    for some in _groups(net.x):
        calls.clear()
        try:
            for among, head in zip(net(net.x[some]), heads):
                apart = SAME.get(head.device.type, 5e-2)
                apart *= float(head.detach().nan_to_num().abs().max())
                own = head[some].to(among)
                # torch.testing.assert_close would import for a second
                if among.shape != own.shape or not among.isclose(own, 0, apart, True).all():
                    raise AssertionError
        except (AssertionError, ValueError) as error:
            why = f" ({error})" if isinstance(error, ValueError) else ""
            raise ValueError(COUPLED.format(type(net.model).__name__) + why) from error
    return len(some)


def _groups(x):
    """Of which samples to ask whether they stand apart. Each by itself if they are three; else a
    few, neither the first nor the last, which sums from their end leave as they are, nor, as far as
    that leaves some, the largest, by which a model may divide."""
    if len(x) <= 3:
        return [[i] for i in range(len(x))]
    sizes = x.reshape(len(x), -1).cfloat().abs().amax(1)  # of numbers of any kind
    inner = [i for i in sizes.argsort().tolist() if 0 < i < len(x) - 1]
    quarter = len(inner) // 4
    return [sorted(inner[quarter:][: min(FEW, quarter + 1)])]


def _check_unwritten(net):
    for name, p in net.tensors.items():
        if p._version != net.versions[name]:
            raise ValueError(
                f"forward writes into the parameter {name!r}, as an embedding with max_norm does: "
                "do that after a step, not in forward"
            )


def _check_replaced(net, uses):
    """Raises ValueError where a parameter itself is in the graph, in place of what stands for it:
    there its gradient would not be seen."""
    for name in net.trainable:
        if uses[name,]:
            raise ValueError(
                f"forward finds the parameter {name!r} where it cannot be replaced, such as in a "
                "tuple or a closure: take it from its module in every forward"
            )


def _check_felt(net, uses):
    """Raises ValueError where a parameter has no part in the heads, and something else stands for
    it there."""
    if not any(uses[name] for name in net.parameters):
        raise ValueError(
            "no output has a gradient by any parameter: the model detaches them, or they are made "
            "under torch.no_grad() or torch.inference_mode()"
        )
    for prefix, own in net.owned.items():
        unfelt = [name for name in own.values() if name in net.parameters and not uses[name]]
        if not unfelt:
            continue
        x = net.x[-1:].clone().requires_grad_(net.x.is_floating_point())
        if "CheckpointFunctionBackward" in _graph(net(x), {})[1]:
            raise ValueError(
                f"layer {prefix!r} runs in a reentrant checkpoint, which hides its gradients: call "
                "torch.utils.checkpoint.checkpoint with use_reentrant=False"
            )
        held = vars(net.modules[prefix]).items()
        if kept_tensors([value for key, value in held if key not in ("_buffers", "_modules")]):
            raise ValueError(
                f"no output feels {unfelt[0]!r}, but layer {prefix!r} holds tensors of an earlier "
                "forward, made from it perhaps: clear them, or make them anew in every forward"
            )


def _shapes(calls):
    return tuple(
        (prefix, *(tuple(t.shape[1:]) for call in those for t in (call.input, call.output)))
        for prefix, those in calls.items()
    )


def _recorder(net, calls, prefix):
    def hook(module, args, out):
        # called by keyword, its input is not here to see; and somebody may run it with other
        # tensors: such a layer will not qualify
        own = net.owned[prefix].items()
        if args and all(module._parameters[role] is net.tensors[name] for role, name in own):
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
            only = [getattr(following, "variable", None) for following, _ in node.next_functions]
            if len(only) == 1:  # such as a transposed weight, which enters with every use
                uses[names.get(id(only[0]))] += 1
            continue
        places[node] = len(places)
        walk.append(_operation(node))
        for following, place in node.next_functions:
            if place:  # which of several parts it is
                walk.append(("part", place))
            if following is None:
                walk.append(None)
            elif hasattr(following, "variable"):
                name = names.get(id(following.variable))
                uses[name] += 1
                walk.append(name)
            else:
                stack.append(following)
    return uses, tuple(walk)


def _operation(node):
    """Its name; of a slice of the samples, where it begins, and of a roll how far; of a product
    with a matrix that no gradient goes to, such as a permutation, that too, unless the other factor
    is a weight."""
    name, factors = node.name(), [following for following, _ in node.next_functions]
    if name in PLACES and getattr(node, "_saved_dim", 0) == 0:
        return name, getattr(node, PLACES[name])
    if name not in ("BmmBackward0", "MmBackward0") or None not in factors:
        return name
    other = next((f for f in factors if f), None)
    while other is not None and len(other.next_functions) == 1:  # transposed, expanded
        other = other.next_functions[0][0]
    return name if hasattr(other, "variable") else f"{name} by a constant"

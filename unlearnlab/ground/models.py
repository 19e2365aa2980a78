"""Models that others wrote: what they keep of a forward, copied or put back."""

import copy
import random
import sys
import threading
from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Mapping
from contextlib import contextmanager
from functools import partial
from logging import Logger
from pickle import dumps
from types import ModuleType
from weakref import WeakSet

import numpy as np
import torch
from torch import Generator, Tensor, default_generator, nn

from .modes import norms_of
from .seeds import GLOBAL_GENERATORS

# What is put back in place. Attributes, of a module or of an object that it holds, are a dict.
_BOXES = (dict, OrderedDict, defaultdict, Counter, list, deque, set)
GENERATORS = Generator, np.random.RandomState, np.random.Generator, random.Random
LOCKS = type(threading.Lock()), type(threading.RLock())
_PLAIN = {bool, int, float, str, type(None)}
_COMMON = _PLAIN.union(_BOXES)
_HOLD_NOTHING = _PLAIN | {Tensor, nn.Parameter}
# By kind, the hooks that a pass calls, forward and backward.
HOOKS = "_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks"
_OF_TORCH = vars(nn.Module()).keys() - {"_parameters", "_buffers", "_modules"}

# Models no forward of which drew from numpy's global generator: to read its state takes .1 ms.
_QUIET = WeakSet()

WRAPPER = """class Logits(torch.nn.Module):
    def __init__(self, model): super().__init__(); self.model = model
    def forward(self, x): return self.model(x)["logits"]"""


def device_of(model: nn.Module) -> torch.device:
    """Where a model is: its first parameter."""
    return next(model.parameters()).device


def logits(outputs):
    """What a model returned, or its "logits" where it names what it returns, as a dict, a named
    tuple, a dataclass or a ModelOutput of Hugging Face does."""
    if isinstance(outputs, Mapping):
        return outputs.get("logits", outputs)
    return getattr(outputs, "logits", outputs)


def heads(outputs) -> list[Tensor]:
    """The heads of what a model returned, each (n, classes): several come as a tuple, one as it
    is."""
    outputs = logits(outputs)
    return list(outputs) if isinstance(outputs, (tuple, list)) else [outputs]


def described(head) -> str:
    """What came in place of a head: its shape, or its type and a way out."""
    if isinstance(head, Tensor):
        return str(tuple(head.shape))
    return f"{type(head).__name__}: return the logits alone, as from\n{WRAPPER}"


def check_parameters(model: nn.Module) -> None:
    """Raises ValueError for a parameter that no rule can move: a complex one, or one that a first
    forward has yet to make."""
    for name, p in model.named_parameters():
        if isinstance(p, nn.parameter.UninitializedParameter):
            raise ValueError(f"parameter {name!r} is made by a first forward: run the model once")
        if p.is_complex():
            raise ValueError(
                f"parameter {name!r} is complex: hold torch.view_as_real of it, and take "
                "torch.view_as_complex of that in forward"
            )


class CannotRun(ValueError):
    """A model does not take these inputs. The message says which, and what it complains of."""


@contextmanager
def blamed(model: str, inputs: str, x: Tensor):
    """What a forward on x raises is a CannotRun; model, inputs: what the message calls them."""
    try:
        yield
    except Exception as error:
        raise CannotRun(
            f"{model} cannot be run on {inputs}, shape {tuple(x.shape)}, {x.dtype}: "
            f"{type(error).__name__}: {error}"
        ) from error


class Kept:
    """What a model holds beside parameters: buffers, tensors, lists, caches, objects with such.

    Inside `with kept:` a forward may write there what it likes: tensors are copies, in `dtype` if
    that is set, but for those in a set, which are used as they are. Afterwards they, the attributes
    and the containers are as they were when this was made. `put_back` does that at the end for
    arrays of numpy, for the states of generators that the model holds and of the global ones, and
    for hooks that a forward registered.
    """

    def __init__(self, model: nn.Module):
        boxes = [box for box in _boxes(model) if type(box) in _BOXES]
        self.model, self.dtype, self.before = model, None, [(box, box.copy()) for box in boxes]
        placed = _placed(boxes)
        named = [one for one in placed if not isinstance(one[0], set)]
        self.tensors = _tensors(named)
        # those that a list, say, names beside the module that owns them
        self.parameters = [one for one in named if isinstance(one[2], nn.Parameter)]
        self.arrays = [
            (a, a.copy()) for _, _, a in placed if isinstance(a, np.ndarray) and a.flags.writeable
        ]
        self.hooks = [
            (hooks, hooks.copy())
            for m in model.modules()
            for hooks in (m._forward_hooks, m._forward_pre_hooks)
        ]
        self.states = [_state(g) for _, _, g in placed if isinstance(g, GENERATORS)]
        with GLOBAL_GENERATORS:
            self.states += [_state(default_generator), (random.setstate, random.getstate())]
            self.numpys = None if model in _QUIET else np.random.get_state(legacy=False)
        # norms only read theirs in evaluation mode, and they are many
        self.steady = {id(norm._buffers) for norm in norms_of(model)}

    def __enter__(self):
        for box, key, t in self.tensors:
            dtype = self.dtype if self.dtype and t.is_floating_point() else t.dtype
            if dtype != t.dtype or id(box) not in self.steady:
                box[key] = t.detach().to(dtype, copy=True)

    def put_back(self):
        """Arrays and generators as they were when this was made."""
        for array, before in self.arrays:
            array[...] = before
        with GLOBAL_GENERATORS:
            for put, state in self.states:
                put(state)
            if self.numpys and dumps(self.numpys) != dumps(np.random.get_state(legacy=False)):
                np.random.set_state(self.numpys)
            elif sys.exc_info()[0] is None:  # one that failed may not have come to its draws
                _QUIET.add(self.model)
        for hooks, before in self.hooks:
            for key in hooks.keys() - before.keys():
                del hooks[key]

    def __exit__(self, *_):
        for box, before in self.before:
            if isinstance(box, dict):
                dict.update(box, before)
                if len(box) > len(before):
                    for key in box.keys() - before.keys():
                        del box[key]
            else:
                box.clear()
                (box.update if isinstance(box, set) else box.extend)(before)


def _state(generator):
    """(What puts it back, its state)."""
    if isinstance(generator, random.Random):
        return generator.setstate, generator.getstate()
    if isinstance(generator, np.random.Generator):
        bits = generator.bit_generator
        return partial(setattr, bits, "state"), bits.state
    return generator.set_state, generator.get_state()


def copied(model: nn.Module) -> nn.Module:
    """A copy of the model. Tensors of a forward that it keeps, such as features that somebody wants
    to look at, are copied as numbers, without the graph that made them, which nothing can copy.
    A lock, of its own or of a threading.Event, is that of both.

    Raises TypeError where something else of it cannot be copied.
    """
    own = {id(t): t.detach().clone() for t in kept_tensors(model) if not t.is_leaf}
    locks = {id(v): v for _, _, v in _placed(_boxes(model)) if isinstance(v, LOCKS)}
    try:
        return copy.deepcopy(model, own | locks)
    except Exception as error:
        raise TypeError(
            f"{type(model).__name__} cannot be copied: {error}. Make what that names in forward, "
            "or give the model a __deepcopy__"
        ) from error


def kept_tensors(holder) -> list[Tensor]:
    """All that are no parameters, in a model, or in a dict or list."""
    return [t for _, _, t in _tensors(_placed(_boxes(holder)))]


def _tensors(placed):
    """Those of `_placed` that are tensors, and no parameters."""
    return [
        one for one in placed if isinstance(one[2], Tensor) and not isinstance(one[2], nn.Parameter)
    ]


def _placed(boxes):
    """(box, key, value) of what they hold. Flags, words and other boxes apart, which are most of
    it: to ask of each of them what it is would take as long as all else that `Kept` does."""
    return [(box, key, v) for box in boxes for key, v in _items(box) if type(v) not in _COMMON]


def _items(box):
    return box.items() if isinstance(box, dict) else enumerate(box)


def _boxes(holder):
    """Every container and dict of attributes that a model, or a dict, holds or is."""
    seen, stack = {}, [holder]
    while stack:
        box = stack.pop()
        if not isinstance(box, (*_BOXES, tuple)):
            passed = type, ModuleType, Logger, Tensor
            if isinstance(box, passed) or not hasattr(box, "__dict__"):
                continue
            box = vars(box)
        if id(box) in seen:
            continue
        seen[id(box)] = box
        yield box
        for key, value in _items(box):
            if key not in _OF_TORCH and type(value) not in _HOLD_NOTHING:
                stack.append(value)

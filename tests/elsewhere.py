"""What would a GPU say? A device for machines without one: its tensors compute on the CPU,
and refuse to meet a CPU tensor.

    with elsewhere() as waits:
        # every tensor of the task is an Elsewhere, which says that it is on DEVICE
        task = ul.erasure.task(device=DEVICE)
        # AssertionError where a tensor made on the CPU meets one of them
        ul.unlearn(task, ul.GD(), 1)

`waits` counts by file where the program waited for a value from the device. Autograd needs a device
that torch knows: this one is "meta".
"""

import traceback
from collections import Counter
from contextlib import contextmanager
from importlib import import_module
from pathlib import Path

import pytest
import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map

import unlearnlab

PACKAGE = Path(unlearnlab.__file__).parent
DEVICE = "meta"
aten = torch.ops.aten
INDEXING = (aten.index, aten.index_put, aten.index_put_, aten._index_put_impl_)
WAITING = (aten._local_scalar_dense, aten.nonzero, aten.masked_select, aten.equal)


class Elsewhere(torch.Tensor):
    """A tensor on DEVICE. here: its values."""

    @staticmethod
    def __new__(cls, here):
        return torch.Tensor._make_wrapper_subclass(
            cls,
            here.shape,
            strides=here.stride(),
            storage_offset=here.storage_offset(),
            dtype=here.dtype,
            device=DEVICE,
        )

    def __init__(self, here):
        self.here = here

    def data_ptr(self):
        return self.here.data_ptr()

    def tolist(self):
        return self.here.tolist()

    def __getitem__(self, index):
        """torch would make a tensor without values of a list."""
        return super().__getitem__(torch.tensor(index) if isinstance(index, list) else index)

    def numpy(self):
        raise AssertionError("numpy() of a tensor that is elsewhere")

    @classmethod
    def __torch_dispatch__(cls, operation, types, args=(), kwargs=None):
        return _run(operation, args, kwargs or {}, Counter())


class _Generator(torch.Generator):
    def __new__(cls, device="cpu"):
        return super().__new__(cls)


class _Mode(TorchDispatchMode):
    def __init__(self, waits):
        super().__init__()
        self.waits = waits

    def __torch_dispatch__(self, operation, types, args=(), kwargs=None):
        return _run(operation, args, kwargs or {}, self.waits)


@contextmanager
def elsewhere():
    """Inside, DEVICE is such a device, in this thread. Gives the counter of waits."""
    waits = Counter()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(torch, "Generator", _Generator)
        for optimizer in ("sgd", "adam"):
            patch.setattr(
                import_module(f"torch.optim.{optimizer}"),
                "_device_dtype_check_for_fused",
                lambda *args, **kwargs: None,
            )
        with _Mode(waits):
            yield waits


def _run(operation, args, kwargs, waits):
    name, tensors = (
        operation.overloadpacket,
        [x for x in tree_leaves((args, kwargs)) if isinstance(x, torch.Tensor)],
    )
    assert all(isinstance(x, Elsewhere) for x in tensors if x.is_meta), f"no values in {operation}"
    away, near = (
        [x for x in tensors if isinstance(x, Elsewhere) == there] for there in (True, False)
    )
    device = kwargs.get("device")
    goes_away = bool(away) if device is None else torch.device(device).type == DEVICE
    if name in INDEXING:  # the CPU may say which rows
        goes_away, values = (
            isinstance(args[0], Elsewhere),
            [x for x in args[2:3] if isinstance(x, torch.Tensor)],
        )
        _check(goes_away or not away, operation)
        _check(all(isinstance(x, Elsewhere) == goes_away or x.ndim == 0 for x in values), operation)
    elif name not in (aten._to_copy, aten.copy_):
        _check(not away or all(x.ndim == 0 for x in near), operation)
    if away and (name in WAITING or name is aten._to_copy and not goes_away):
        waits[_caller()] += 1
    bare = lambda x: x.here if isinstance(x, Elsewhere) else x
    here = {
        key: torch.device("cpu") if key == "device" and value is not None else tree_map(bare, value)
        for key, value in kwargs.items()
    }
    result = operation(*tree_map(bare, args), **here)
    written = [
        i
        for i, one in enumerate(operation._schema.arguments)
        if one.alias_info is not None and one.alias_info.is_write
    ]
    if (
        written and len(operation._schema.returns) == 1
    ):  # in place or out=: the same object comes back
        return (
            args[written[0]]
            if written[0] < len(args)
            else kwargs[operation._schema.arguments[written[0]].name]
        )
    return tree_map(
        lambda x: Elsewhere(x) if isinstance(x, torch.Tensor) and goes_away else x, result
    )


def _check(fine, operation):
    if not fine:
        raise AssertionError(f"{operation}: a tensor on the CPU meets one on another device")


def _caller():
    """The package's file that is at work. Asked of the package itself: any folder of a path
    may be called unlearnlab."""
    files = [Path(frame.filename) for frame in reversed(traceback.extract_stack())]
    return next((file.name for file in files if file.is_relative_to(PACKAGE)), "")

"""Tensors on disk that are whole, are what they claim to be, and never run code: safetensors and a
hash."""

from contextlib import suppress
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ..ground import files
from ..ground.models import device_of
from ..ground.tensors import digest


class BadCheckpoint(ValueError):
    """The file is damaged, or is not the one asked for. The message names it and what is wrong."""


def held(model: nn.Module) -> dict[str, Tensor]:
    """What a file holds of a network: its state_dict, and the dense buffers that have no part in
    that. Raises TypeError for a state that no file here can hold."""
    state = model.state_dict()
    for name, value in state.items():
        if not isinstance(value, Tensor) or value.layout != torch.strided:
            raise TypeError(
                f"the network's state {name!r} is no dense tensor, and a file holds these alone: "
                "register what it keeps as a buffer"
            )
    others = {name: t for name, t in model.named_buffers() if t.layout == torch.strided}
    return others | state


@torch.no_grad()
def put(model: nn.Module, tensors: dict[str, Tensor]) -> None:
    """Gives a network what `held` said of it, in place where that can be; a buffer that a forward
    would make first is made. Raises RuntimeError or AttributeError for another network's."""
    if missing := sorted(model.state_dict().keys() - tensors.keys()):
        raise RuntimeError(f"it has no {', '.join(missing)}")
    for name, t in tensors.items():
        prefix, _, last = name.rpartition(".")
        module = model.get_submodule(prefix)
        own = getattr(module, last, None)
        if last == "_extra_state":
            module.set_extra_state(t)
        elif last in module._parameters:
            if own.shape != t.shape:
                raise RuntimeError(f"{name} has shape {tuple(t.shape)}, not {tuple(own.shape)}")
            own.copy_(t)
        else:
            with suppress(RuntimeError):  # one of an inference, say, which nobody can write into
                if own is not None and (own.shape, own.dtype) == (t.shape, t.dtype):
                    own.copy_(t)
                    continue
            new, passing = t.to(device_of(model)), module._non_persistent_buffers_set
            module.register_buffer(last, new, persistent=last not in passing)


def write(path: Path, tensors: dict[str, Tensor], facts: dict[str, str]) -> None:
    """Writes tensors and facts to one file, which is whole or not there."""
    tensors = {
        name: t.detach().cpu().contiguous().clone() for name, t in tensors.items()
    }  # tied ones too
    files.write_bytes(path, save(tensors, metadata={**facts, "sha256": digest(tensors, facts)}))


def read(
    path: Path, expected: dict[str, str] | None = None
) -> tuple[dict[str, Tensor], dict[str, str]]:
    """(tensors, facts) of a file.

    Raises FileNotFoundError, or BadCheckpoint when the bytes do not match their hash or a fact in
    `expected` differs.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"no checkpoint {path.name}")
    try:
        with safe_open(path, framework="pt") as file:
            facts = file.metadata() or {}
            tensors = {name: file.get_tensor(name) for name in file.keys()}
    except (SafetensorError, OSError) as error:
        raise BadCheckpoint(f"{path.name} is damaged ({error})") from error
    if facts.pop("sha256", None) != digest(tensors, facts):
        raise BadCheckpoint(f"{path.name} is damaged: its contents do not match their SHA-256")
    for key, wanted in (expected or {}).items():
        if facts.get(key) != wanted:
            raise BadCheckpoint(
                f"{path.name} is for {key} = {facts.get(key)!r}, but {wanted!r} was asked for"
            )
    return tensors, facts

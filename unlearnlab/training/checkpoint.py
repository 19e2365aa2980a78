"""Tensors on disk that are whole, are what they claim to be, and never run code: safetensors and a
hash."""

from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from ..ground import files
from ..ground.tensors import digest


class BadCheckpoint(ValueError):
    """The file is damaged, or is not the one asked for. The message names it and what is wrong."""


def check_kept(model: nn.Module) -> None:
    """Raises TypeError for a network that keeps what no file here can hold."""
    for name, module in model.named_modules():
        if type(module).get_extra_state is not nn.Module.get_extra_state:
            raise TypeError(
                f"layer {name!r} ({type(module).__name__}) has a get_extra_state, and a file holds "
                "tensors alone: register what it keeps as a buffer"
            )


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

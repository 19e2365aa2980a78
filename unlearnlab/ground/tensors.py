"""What tensors are, in one word: a digest of their bytes."""

import hashlib

import torch


def digest(tensors: dict[str, torch.Tensor | None], facts: dict[str, str] | None = None) -> str:
    """SHA-256 over names, dtypes, shapes and bytes, in the order of the names, and over the
    facts."""
    sha = hashlib.sha256(repr(sorted(facts.items())).encode() if facts else b"")
    for name, t in sorted(tensors.items()):
        if t is not None:
            t = t.detach().cpu().contiguous()
            sha.update(f"{name} {t.dtype} {tuple(t.shape)}".encode())
            sha.update(t.reshape(-1).view(torch.uint8).numpy().tobytes())
    return sha.hexdigest()

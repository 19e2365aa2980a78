"""Small data sets, written as they are published."""

import gzip
import shutil
import struct

import numpy as np
import pytest
from PIL import Image

from unlearnlab.data import images

WNIDS = [f"n{i:08d}" for i in range(200)]


def noise(*shape, seed=0):
    return np.random.default_rng(seed).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def mnist(tmp_path, monkeypatch):
    """A folder with a small MNIST, images unpacked and labels packed:
    12 train and 4 test images."""
    monkeypatch.setattr(images, "MNIST_COUNTS", {"train": 12, "t10k": 4})
    raw = tmp_path / "MNIST" / "raw"
    raw.mkdir(parents=True)
    for split, count in images.MNIST_COUNTS.items():
        pixels, labels = noise(count, 28, 28, seed=count), np.arange(count, dtype=np.uint8) % 10
        (raw / f"{split}-images-idx3-ubyte").write_bytes(
            bytes([0, 0, 8, 3]) + struct.pack(">III", count, 28, 28) + pixels.tobytes()
        )
        (raw / f"{split}-labels-idx1-ubyte.gz").write_bytes(
            gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, count]) + labels.tobytes())
        )
    return tmp_path


@pytest.fixture
def cifar10(tmp_path, monkeypatch):
    """A folder with a small CIFAR-10: 4 images in each of the six files."""
    monkeypatch.setattr(images, "CIFAR10_PER_FILE", 4)
    folder = tmp_path / "cifar-10-batches-bin"
    folder.mkdir()
    (folder / "batches.meta.txt").write_text("\n".join("abcdefghij") + "\n\n")
    for i, name in enumerate([*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]):
        rows = np.concatenate(
            [(np.arange(4, dtype=np.uint8) + i)[:, None], noise(4, 3072, seed=i)], 1
        )
        rows.tofile(folder / f"{name}.bin")
    return tmp_path


def jpeg(path, shade, mode="RGB", size=64):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, (size, size), shade if mode == "L" else (shade, 0, 255 - shade)).save(
        path, "JPEG", quality=95
    )


@pytest.fixture(scope="module")
def whole_tiny(tmp_path_factory):
    folder = tmp_path_factory.mktemp("tiny") / "tiny-imagenet-200"
    for i, name in enumerate(WNIDS):
        for copy in range(2):
            jpeg(
                folder / "train" / name / "images" / f"{name}_{copy}.JPEG",
                i,
                mode="L" if i == 7 else "RGB",
            )
        jpeg(folder / "val" / "images" / f"val_{i}.JPEG", 199 - i)
    (folder / "wnids.txt").write_text("\n".join(WNIDS) + "\n")
    lines = [f"val_{i}.JPEG\t{WNIDS[199 - i]}\t0\t0\t63\t63" for i in range(200)]
    (folder / "val" / "val_annotations.txt").write_text("\n".join(lines) + "\n")
    return folder.parent


@pytest.fixture
def tiny(whole_tiny, tmp_path):
    """A folder with a small Tiny ImageNet: two train and one validation image of each class,
    in its own shade."""
    return shutil.copytree(whole_tiny, tmp_path, dirs_exist_ok=True)

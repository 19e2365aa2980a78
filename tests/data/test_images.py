"""Images come out as their publishers put them in, and files that are not as published
are refused by name."""

import dataclasses
import gzip
import hashlib
import io
import shutil
import struct
import subprocess
import sys
import tarfile
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image
from sklearn.datasets import load_digits
from torch.nn.utils import parameters_to_vector

import unlearnlab as ul
from unlearnlab.data import images
from unlearnlab.data.fetch import BadData, Source
from unlearnlab.tasks import erasure
from unlearnlab.training import checkpoint as checkpoints
from unlearnlab.training.recipe import Recipe

UNPACK = Path(__file__).resolve().parents[3] / "shared" / "data" / "unpack.py"
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


def test_digits_are_all_there_once_at_full_contrast_and_split_evenly():
    found, whole = ul.images.load("digits"), load_digits()
    (x, y), (test_x, test_y) = found.train.tensors, found.test.tensors
    assert (
        x.shape == (1437, 1, 8, 8)
        and test_x.shape == (360, 1, 8, 8)
        and x.dtype == torch.uint8
        and y.dtype == torch.int64
    )
    assert found.classes == tuple("0123456789") and found.name == "digits"
    sixteenths = (torch.cat([x, test_x]).flatten(1) * (16 / 255)).round().int()
    both = torch.cat([sixteenths, torch.cat([y, test_y])[:, None]], 1)
    expected = np.concatenate([whole.data, whole.target[:, None]], 1).astype(int)
    assert sorted(map(tuple, both.tolist())) == sorted(map(tuple, expected.tolist()))
    assert sorted(set(x.unique().tolist())) == [round(v * 255 / 16) for v in range(17)]
    shares = test_y.bincount() / torch.from_numpy(whole.target).bincount()
    assert ((shares - 0.2).abs() < 0.01).all()


def test_the_split_of_the_digits_never_changes():
    """Models that ship with the package were trained on it."""
    found = ul.images.load("digits")
    assert checkpoints.digest(
        {
            f"{i}{j}": t
            for i, data in enumerate((found.train, found.test))
            for j, t in enumerate(data.tensors)
        }
    ).startswith("28a9c26a826b")


def test_mnist_is_read_byte_for_byte_packed_or_not(mnist):
    found = images.load("mnist", mnist)
    for data, count in ((found.train, 12), (found.test, 4)):
        assert np.array_equal(data.tensors[0].numpy()[:, 0], noise(count, 28, 28, seed=count))
        assert (
            data.tensors[1].tolist() == [i % 10 for i in range(count)]
            and data.tensors[1].dtype == torch.int64
        )
    path = mnist / "MNIST" / "raw" / "train-images-idx3-ubyte"
    path.with_suffix(".gz").write_bytes(gzip.compress(path.read_bytes()))
    path.unlink()
    for folder in (mnist, mnist / "MNIST" / "raw"):
        assert torch.equal(images.load("mnist", folder).train.tensors[0], found.train.tensors[0])


def test_cifar10_is_read_byte_for_byte(cifar10):
    found = images.load("cifar10", cifar10)
    pixels, labels = found.train.tensors
    assert pixels.shape == (20, 3, 32, 32) and labels.tolist() == [
        i + j for i in range(5) for j in range(4)
    ]
    for i in (0, 4):  # the red of row 2, column 3, then the green, then the blue
        assert (
            pixels[4 * i + 1, :, 2, 3].tolist()
            == noise(4, 3072, seed=i)[1, [67, 1024 + 67, 2048 + 67]].tolist()
        )
    assert found.test.tensors[1].tolist() == [5, 6, 7, 8] and found.test.tensors[0].is_contiguous()
    assert found.classes == tuple("abcdefghij")


def test_tiny_imagenet_is_decoded_and_gray_images_get_three_channels(tiny, capfd):
    found = images.load("tiny-imagenet", tiny)
    assert "600/600" in capfd.readouterr().err
    (x, y), (test_x, test_y) = found.train.tensors, found.test.tensors
    assert x.shape == (400, 3, 64, 64) and x.is_contiguous() and test_x.shape == (200, 3, 64, 64)
    assert y.tolist() == [i // 2 for i in range(400)] and test_y.tolist() == list(
        range(199, -1, -1)
    )
    shades = torch.stack([y, torch.zeros(400), 255 - y], 1)
    shades[14:16] = 7
    assert (x.float().mean((2, 3)) - shades).abs().max() < 3  # JPEG is not exact
    assert (test_x[:, 0].float().mean((1, 2)) - test_y)[test_y != 7].abs().max() < 3
    assert found.classes == tuple(WNIDS)


def test_tiny_imagenets_pixels_are_where_pillow_sees_them(tiny):
    path = tiny / "tiny-imagenet-200" / "val" / "images" / "val_5.JPEG"
    Image.fromarray(noise(64, 64, 3)).save(path, "JPEG")
    row = images.load("tiny-imagenet", tiny, progress=False).test.tensors[0][5]
    with Image.open(path) as image:
        assert all(
            tuple(row[:, y, x].tolist()) == image.getpixel((x, y))
            for x, y in ((0, 0), (63, 2), (10, 40))
        )


def test_tiny_imagenets_classes_have_names_where_the_list_of_words_is_there(tiny):
    (tiny / "tiny-imagenet-200" / "words.txt").write_text(
        f"{WNIDS[3]}\tgoldfish, Carassius auratus\nn99999999\tother\n"
    )
    classes = images.load("tiny-imagenet", tiny, progress=False).classes
    assert classes[3] == "goldfish" and classes[4] == WNIDS[4]


RAW, BIN, TINY = "MNIST/raw/", "cifar-10-batches-bin/", "tiny-imagenet-200/"


def edit(change):
    """Replaces the bytes of a file by what `change` makes of them."""
    return lambda path: path.write_bytes(change(path.read_bytes()))


def repack(change):
    return edit(lambda content: gzip.compress(change(gzip.decompress(content))))


MNIST_DAMAGE = {
    "missing": (
        RAW + "t10k-labels-idx1-ubyte.gz",
        Path.unlink,
        r"t10k-labels-idx1-ubyte is missing, packed \(.gz\) or not",
    ),
    "cut short": (
        RAW + "train-images-idx3-ubyte",
        edit(lambda c: c[:-1]),
        r"does not hold bytes of shape \(12, 28, 28\) in the IDX format",
    ),
    "too long": (
        RAW + "train-images-idx3-ubyte",
        edit(lambda c: c + b"x"),
        r"does not hold bytes of shape \(12, 28, 28\) in the IDX format",
    ),
    "no header": (
        RAW + "train-images-idx3-ubyte",
        edit(lambda c: c[:15]),
        r"does not hold bytes of shape \(12, 28, 28\)",
    ),
    "cut packed": (
        RAW + "train-labels-idx1-ubyte.gz",
        edit(lambda c: c[:-9]),
        "train-labels-idx1-ubyte.gz is damaged or cut short",
    ),
    "not packed": (
        RAW + "train-labels-idx1-ubyte.gz",
        edit(gzip.decompress),
        "train-labels-idx1-ubyte.gz is damaged or cut short",
    ),
    "magic": (
        RAW + "train-labels-idx1-ubyte.gz",
        repack(lambda c: bytes([0, 0, 8, 3]) + c[4:]),
        r"does not hold bytes of shape \(12,\)",
    ),
    "shape": (
        RAW + "train-images-idx3-ubyte",
        edit(lambda c: c[:11] + b"\x1b" + c[12:]),
        r"does not hold bytes of shape \(12, 28, 28\)",
    ),
    "label": (
        RAW + "t10k-labels-idx1-ubyte.gz",
        repack(lambda c: c[:-1] + b"\x0a"),
        "holds the label 10, but labels go from 0 to 9",
    ),
}
CIFAR10_DAMAGE = {
    "missing": (BIN + "data_batch_4.bin", Path.unlink, "data_batch_4.bin is missing"),
    "no names": (BIN + "batches.meta.txt", Path.unlink, "batches.meta.txt is missing"),
    "cut short": (
        BIN + "test_batch.bin",
        edit(lambda c: c[:-3073]),
        "test_batch.bin has 9,219 bytes, but 12,292 were expected",
    ),
    "label": (
        BIN + "data_batch_1.bin",
        edit(lambda c: b"\x0c" + c[1:]),
        "data_batch_1.bin holds the label 12, but labels go from 0 to 9",
    ),
    "names": (
        BIN + "batches.meta.txt",
        edit(lambda c: c[2:]),
        "names 9 classes, but 10 were expected",
    ),
}
TINY_DAMAGE = {
    "no classes": (TINY + "wnids.txt", Path.unlink, "wnids.txt is missing"),
    "classes": (
        TINY + "wnids.txt",
        edit(lambda c: c[10:]),
        "names 199 classes in 199 lines, but 200 were expected",
    ),
    "twice": (
        TINY + "wnids.txt",
        edit(lambda c: c[:10] + c[:10] + c[20:]),
        "names 199 classes in 200 lines, but 200 were expected",
    ),
    "repeated": (
        TINY + "wnids.txt",
        edit(lambda c: c + c[:10]),
        "names 200 classes in 201 lines, but 200 were expected",
    ),
    "class missing": (
        TINY + "train/n00000005",
        shutil.rmtree,
        "train holds 0 images of class n00000005 but 2 of n00000000: files are missing",
    ),
    "image missing": (
        TINY + "train/n00000005/images/n00000005_1.JPEG",
        Path.unlink,
        "train holds 1 images of class n00000005 but 2 of n00000000: files are missing",
    ),
    "no list": (TINY + "val/val_annotations.txt", Path.unlink, "val_annotations.txt is missing"),
    "short list": (
        TINY + "val/val_annotations.txt",
        edit(lambda c: c[c.index(b"\n") + 1 :]),
        "val holds 0 images of class n00000199 but 1 of",
    ),
    "list": (
        TINY + "val/val_annotations.txt",
        edit(lambda c: c.replace(b"val_9.JPEG\tn00000190", b"val_9.JPEG")),
        "gives 'val_9.JPEG' the class '0', which wnids.txt does not name",
    ),
    "validation": (TINY + "val/images/val_9.JPEG", Path.unlink, "val_9.JPEG is missing"),
    "size": (
        TINY + "val/images/val_9.JPEG",
        lambda path: jpeg(path, 3, size=32),
        "val_9.JPEG is 32 x 32 pixels, but 64 x 64 were expected",
    ),
    "damage": (
        TINY + "val/images/val_9.JPEG",
        edit(lambda c: c[:-300]),
        "val_9.JPEG is not a whole image",
    ),
    "no image": (
        TINY + "val/images/val_9.JPEG",
        edit(lambda c: b""),
        "val_9.JPEG is not a whole image",
    ),
}


def refused(name, root, damage):
    file, spoil, message = damage
    spoil(root / file)
    with pytest.raises(BadData, match=message) as error:
        images.load(name, root, progress=False)
    assert str(root) in str(
        error.value
    ) and "Lay the folder out as published, or move it away to have it fetched" in str(error.value)


@pytest.mark.parametrize("damage", MNIST_DAMAGE)
def test_mnist_files_that_are_not_as_published_are_refused_by_name(mnist, damage):
    refused("mnist", mnist, MNIST_DAMAGE[damage])


@pytest.mark.parametrize("damage", CIFAR10_DAMAGE)
def test_cifar10_files_that_are_not_as_published_are_refused_by_name(cifar10, damage):
    refused("cifar10", cifar10, CIFAR10_DAMAGE[damage])


@pytest.mark.parametrize("damage", TINY_DAMAGE)
def test_tiny_imagenet_files_that_are_not_as_published_are_refused_by_name(tiny, damage):
    refused("tiny-imagenet", tiny, TINY_DAMAGE[damage])


def test_what_is_missing_is_fetched_into_the_folder_and_found_there_again(
    cifar10, tmp_path, monkeypatch
):
    buffer, root = io.BytesIO(), tmp_path / "cache"
    with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
        opened.add(cifar10 / "cifar-10-batches-bin", "cifar-10-batches-bin")
    root.mkdir()
    (root / "cifar-10-binary.tar.gz").write_bytes(
        buffer.getvalue()
    )  # as if brought by hand; test_fetch.py downloads
    url = "http://127.0.0.1:9/cifar-10-binary.tar.gz"
    files = {url: f"sha256:{hashlib.sha256(buffer.getvalue()).hexdigest()}"}
    monkeypatch.setitem(images.SOURCES, "cifar10", Source("cifar-10-batches-bin", files))
    monkeypatch.setenv("UNLEARNLAB_DATA", str(root))
    with pytest.raises(
        FileNotFoundError,
        match=r'no cifar10 in .*cache: .*http://127.*load\("digits"\) needs no files',
    ):
        images.load("cifar10", download=False)
    fetched = images.load("cifar10", progress=False)
    (root / "cifar-10-binary.tar.gz").unlink()
    again, direct = (
        images.load("cifar10", download=False),
        images.load("cifar10", cifar10 / "cifar-10-batches-bin"),
    )
    for other in (again, direct):
        assert all(torch.equal(a, b) for a, b in zip(fetched.train.tensors, other.train.tensors))


def test_a_data_folder_that_happens_to_be_called_raw_is_not_taken_for_the_data(mnist):
    inside = mnist / "raw"
    (inside / "MNIST").mkdir(parents=True)
    (mnist / "MNIST" / "raw").rename(inside / "MNIST" / "raw")
    assert len(images.load("mnist", inside, download=False).train) == 12


def test_images_move_to_another_device_and_the_first_stay():
    found = images.load("digits")
    moved = found.to("meta")
    assert {t.device.type for data in (moved.train, moved.test) for t in data.tensors} == {
        "meta"
    } and moved.classes == found.classes
    assert found.train.tensors[0].device.type == "cpu"


def test_an_unknown_name_is_refused_with_the_known_ones():
    with pytest.raises(
        ValueError, match="name must be one of digits, mnist, cifar10, tiny-imagenet, got 'CIFAR'"
    ):
        images.load("CIFAR")


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """Lays a real data set out as published and returns the folder; everything is removed
    at the end."""
    if not UNPACK.exists():
        pytest.skip("the real data sets are not on this machine")
    root = tmp_path_factory.mktemp("published")

    def lay_out(name):
        subprocess.run([sys.executable, UNPACK, name, root], check=True)
        return root

    yield lay_out
    shutil.rmtree(root)


def mean(data):
    """Of every channel, from 0 to 1."""
    pixels = data.tensors[0]
    return pixels.sum((0, 2, 3)) / (255 * pixels[:, 0].numel())


def test_the_real_mnist_has_its_known_counts_and_brightness(published):
    found = images.load("mnist", published("mnist"), download=False)
    assert found.train.tensors[1].bincount().tolist() == [
        5923,
        6742,
        5958,
        6131,
        5842,
        5421,
        5918,
        6265,
        5851,
        5949,
    ]
    assert found.test.tensors[1].bincount().tolist() == [
        980,
        1135,
        1032,
        1010,
        982,
        892,
        958,
        1028,
        974,
        1009,
    ]
    assert found.train.tensors[0].shape == (60_000, 1, 28, 28) and mean(
        found.train
    ).item() == pytest.approx(0.1307, abs=5e-5)


def test_the_real_cifar10_has_its_known_counts_names_and_colors(published):
    root = published("cifar10")
    found = images.load("cifar10", root, download=False)
    assert (
        found.train.tensors[1].bincount().tolist() == [5000] * 10
        and found.test.tensors[1].bincount().tolist() == [1000] * 10
    )
    assert found.classes == (
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    )
    assert mean(found.train).tolist() == pytest.approx(
        [0.4914, 0.4822, 0.4465], abs=2e-3
    )  # pixels come from JPEG copies
    with open(root / "cifar-10-batches-bin" / "data_batch_3.bin", "rb") as file:
        file.seek(3073 * 4567)
        label, planes = file.read(1)[0], file.read(3072)
    assert (
        found.train.tensors[1][24_567] == label
        and found.train.tensors[0][24_567].numpy().tobytes() == planes
    )


@pytest.fixture(scope="module")
def real_tiny(published):
    return images.load("tiny-imagenet", published("tiny-imagenet"), download=False, progress=False)


def test_the_real_tiny_imagenet_has_its_classes_and_colors(real_tiny):
    assert (
        real_tiny.train.tensors[1].bincount().unique().numel() == 1
        and len(real_tiny.classes) == 200
    )
    assert (
        len(real_tiny.train) == 20_000 and len(real_tiny.test) == 5_000
    )  # a part of the published 100,000 and 10,000
    assert mean(real_tiny.train).tolist() == pytest.approx([0.4802, 0.4481, 0.3975], abs=0.01)


def test_every_method_runs_on_the_real_tiny_imagenet(real_tiny, tmp_path, monkeypatch):
    """Its 200 classes are more than a batch has images, and more than the projection has rows."""
    monkeypatch.setattr(images, "load", lambda name, folder=None: real_tiny)
    small = dataclasses.replace(
        erasure.PRESETS["tiny-imagenet", "quick"], train_images=1_200, test_images=100, p_retain=0.1
    )
    monkeypatch.setitem(erasure.PRESETS, ("tiny-imagenet", "quick"), small)
    task = ul.erasure.task(
        "tiny-imagenet",
        recipe=Recipe(epochs=1, batch_size=128, lr=0.03),
        cache=tmp_path,
        progress=lambda *done: None,
    )
    assert len(task.original(task.retain.tensors[0][:2])[0][0]) == 200 and task.retain.tensors[
        0
    ].shape == (120, 3, 64, 64)
    before = parameters_to_vector(task.original.parameters()).detach().clone()
    for name, method in ul.METHODS.items():
        run = ul.unlearn(task, method(n_pert=20) if name == "MinNorm-OG" else method(), epochs=1)
        assert all(0 <= value <= 1 for value in run.metrics.values()) and np.isfinite(
            run.history[0]["loss"]
        )
        assert not torch.equal(parameters_to_vector(run.model.parameters()), before)
        assert run.history[0].get("rank", 40) == 40  # two heads of 20 images, each of another class
    assert torch.equal(parameters_to_vector(task.original.parameters()), before)

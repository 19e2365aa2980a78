"""Images come out as their publishers put them in, and files that are not as published
are refused by name."""

import dataclasses
import gzip
import hashlib
import io
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import image_files
import numpy as np
import pytest
import torch
from image_files import WNIDS, noise
from PIL import Image
from sklearn.datasets import load_digits
from torch.nn.utils import parameters_to_vector

import unlearnlab as ul
from unlearnlab.data import images
from unlearnlab.data.fetch import Source
from unlearnlab.tasks import erasure
from unlearnlab.training import checkpoint as checkpoints
from unlearnlab.training.recipe import Recipe

mnist, cifar10 = image_files.mnist, image_files.cifar10  # fixtures
whole_tiny, tiny = image_files.whole_tiny, image_files.tiny

UNPACK = Path(__file__).resolve().parents[3] / "shared" / "data" / "unpack.py"


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


def test_tiny_imagenets_images_come_by_name_whatever_order_a_folder_lists_them_in(
    tiny, monkeypatch
):
    for i in range(2):
        path = tiny / "tiny-imagenet-200" / "train" / WNIDS[3] / "images" / f"{WNIDS[3]}_{i}.JPEG"
        Image.new("RGB", (64, 64), (100 * i, 0, 0)).save(path, "JPEG")
    glob = Path.glob
    for order in (sorted, lambda paths: sorted(paths, reverse=True)):
        monkeypatch.setattr(Path, "glob", lambda folder, what, o=order: iter(o(glob(folder, what))))
        found = images.load("tiny-imagenet", tiny, progress=False).train.tensors[0]
        assert found[6:8, 0].float().mean((1, 2)).tolist() == pytest.approx([0, 100], abs=3)


def test_what_a_mac_leaves_beside_images_and_a_byte_order_mark_are_passed_over(tiny):
    before = images.load("tiny-imagenet", tiny, progress=False).train.tensors
    folder = tiny / "tiny-imagenet-200"
    for path in [*folder.glob("train/*/images/*.JPEG")][:3]:
        path.with_name(f"._{path.name}").write_bytes(b"Mac OS X")
    words = folder / "wnids.txt"
    words.write_bytes(b"\xef\xbb\xbf" + words.read_bytes())
    after = images.load("tiny-imagenet", tiny, progress=False).train.tensors
    assert all(torch.equal(a, b) for a, b in zip(before, after))


def test_tiny_imagenets_classes_have_names_where_the_list_of_words_is_there(tiny):
    (tiny / "tiny-imagenet-200" / "words.txt").write_text(
        f"{WNIDS[3]}\tgoldfish, Carassius auratus\nn99999999\tother\n"
    )
    classes = images.load("tiny-imagenet", tiny, progress=False).classes
    assert classes[3] == "goldfish" and classes[4] == WNIDS[4]


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


def test_a_folder_that_is_the_data_may_have_another_name_here(cifar10, tmp_path, monkeypatch):
    place = cifar10 / "cifar-10-batches-bin"
    (tmp_path / "mine").symlink_to(place, target_is_directory=True)
    monkeypatch.chdir(place)
    for folder in (".", tmp_path / "mine"):
        assert len(images.load("cifar10", folder, download=False).train) == 20


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
    monkeypatch.setattr(images, "load", lambda name, folder=None, stop=None: real_tiny)
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

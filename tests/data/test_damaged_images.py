"""Are files that are not as published refused by name, whatever is wrong with them?"""

import gzip
import shutil
from pathlib import Path

import image_files
import pytest
from image_files import jpeg

from unlearnlab.data import images
from unlearnlab.data.fetch import BadData

mnist, cifar10 = image_files.mnist, image_files.cifar10  # fixtures
whole_tiny, tiny = image_files.whole_tiny, image_files.tiny

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
    "no text": (
        BIN + "batches.meta.txt",
        edit(lambda c: b"\xe9" + c),
        "batches.meta.txt is no text in UTF-8",
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

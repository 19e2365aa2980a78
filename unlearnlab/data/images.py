"""Digits, MNIST, CIFAR-10 and Tiny ImageNet as uint8 tensors: one `load`, from a folder that is
there or from the publisher."""

import gzip
import struct
import zlib
from collections import Counter
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from torch.utils.data import TensorDataset
from tqdm import tqdm

from ..ground import checks
from ..ground.files import beside, chosen_folder
from ..ground.seeds import on_cpu
from .fetch import BadData, Source, fetch

# The SHA-256 of CIFAR-10 and Tiny ImageNet belong to the files whose published MD5 are c32a1d4a...
# and 90528d7c...
_ROWS = beside(__file__, "sources.json")
SOURCES = {name: Source(**row) for name, row in _ROWS.items()}
NAMES = ("digits", *SOURCES)
MNIST_COUNTS = {"train": 60_000, "t10k": 10_000}
CIFAR10_PER_FILE = 10_000
TINY_CLASSES, TINY_SIZE = 200, 64


@dataclass(frozen=True)
class Images:
    """train, test: TensorDataset(pixels uint8 (n, c, h, w) with c = 1 or 3, labels int64 (n,)).
    classes: their names."""

    name: str
    train: TensorDataset
    test: TensorDataset
    classes: tuple[str, ...]

    def to(self, device: str | torch.device) -> "Images":
        """The same images on another device; these stay where they are."""
        moved = lambda data: TensorDataset(*(t.to(device) for t in data.tensors))
        return Images(self.name, moved(self.train), moved(self.test), self.classes)


def checked(images) -> Images:
    """`images` itself. Raises TypeError unless they are Images."""
    checks.instance("images", images, Images, "what ul.images.load returns")
    return images


@on_cpu()
def load(
    name: str,
    folder: Path | None = None,
    *,
    download: bool = True,
    progress: bool = True,
    stop=None,
) -> Images:
    """The images of "digits", "mnist", "cifar10" or "tiny-imagenet", on the CPU.

    "digits" comes with scikit-learn: 1,437 train and 360 test images of 8x8, always the same, every
    fifth of a class for the test. The others are read from `folder` (default: UNLEARNLAB_DATA, else
    the user cache), which holds, or is, the folder their publisher distributes: MNIST/raw (IDX
    files, packed or not), cifar-10-batches-bin, or tiny-imagenet-200, whose validation images are
    the test set. What is there is used as it is; what is not is downloaded once, if `download`.
    progress: bars on standard error for what takes seconds. stop: a threading.Event; set it to end
    a download within a second by Stopped.

    Raises ValueError for another name, FileNotFoundError when nothing is there and `download` is
    False, BadData (a ValueError) for files that are damaged or not laid out as published,
    ConnectionError without a network, and PermissionError for a folder that cannot be written.
    """
    checks.one_of("name", name, NAMES)
    checks.flag("download", download)
    if name == "digits":
        return _digits()
    source, root = SOURCES[name], chosen_folder(folder)
    itself = any(path.match(source.folder) for path in (root, root.resolve()))
    place = root if root.is_dir() and itself else root / source.folder
    if not place.exists():
        if not download:
            addresses = ", ".join(source.files)
            raise FileNotFoundError(
                f"no {name} in {root}: it has no folder {source.folder}. "
                "Allow the download, or put there what is at "
                f'{addresses}. load("digits") needs no files'
            )
        fetch(source, root, progress=progress, stop=stop)
    if name == "mnist":
        return _mnist(place)
    return _cifar10(place) if name == "cifar10" else _tiny_imagenet(place, progress)


def _digits():
    from sklearn.datasets import load_digits  # takes a second

    digits = load_digits()
    gray = (digits.images.astype(np.int64) * 255 + 8) // 16
    pixels = torch.from_numpy(gray).to(torch.uint8)[:, None]
    labels = torch.from_numpy(digits.target).to(torch.int64)
    test = torch.zeros(len(labels), dtype=torch.bool)
    test[labels.argsort(stable=True)[::5]] = True
    train, test = (TensorDataset(pixels[part], labels[part]) for part in (~test, test))
    return Images("digits", train, test, tuple(map(str, digits.target_names)))


def _mnist(folder):
    splits = []
    for split, count in MNIST_COUNTS.items():
        pixels = _idx(folder, f"{split}-images-idx3-ubyte", (count, 28, 28))
        labels = _idx(folder, f"{split}-labels-idx1-ubyte", (count,))
        labels = _labels(labels, 10, folder / f"{split}-labels-idx1-ubyte")
        splits.append(TensorDataset(pixels[:, None], labels))
    return Images("mnist", *splits, tuple(map(str, range(10))))


def _idx(folder, name, shape):
    """A file of unsigned bytes in the IDX format, packed or not: magic number 8 * 256 + dimensions,
    the shape, the bytes."""
    path = next((path for path in (folder / name, folder / f"{name}.gz") if path.exists()), None)
    if path is None:
        raise _bad(folder / name, "is missing, packed (.gz) or not")
    try:
        content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise _bad(path, f"is damaged or cut short ({error})") from error
    header = struct.pack(f">{1 + len(shape)}I", 8 * 256 + len(shape), *shape)
    if not content.startswith(header) or len(content) != len(header) + prod(shape):
        raise _bad(path, f"does not hold bytes of shape {shape} in the IDX format, and no more")
    pixels = np.frombuffer(content, np.uint8, offset=len(header))
    return torch.from_numpy(pixels.reshape(shape).copy())


def _cifar10(folder):
    classes = _lines(folder / "batches.meta.txt")
    if len(classes) != 10:
        raise _bad(
            folder / "batches.meta.txt", f"names {len(classes)} classes, but 10 were expected"
        )
    parts = [_cifar10_file(folder / f"data_batch_{i}.bin") for i in range(1, 6)]
    train = TensorDataset(*map(torch.cat, zip(*parts)))
    test = TensorDataset(*_cifar10_file(folder / "test_batch.bin"))
    return Images("cifar10", train, test, tuple(classes))


def _cifar10_file(path):
    """(pixels (n, 3, 32, 32), labels (n,)): in the file every image is its label in one byte and
    three planes of 1,024."""
    content = np.frombuffer(_read(path), np.uint8)
    expected = CIFAR10_PER_FILE * (1 + 3072)
    if len(content) != expected:
        raise _bad(path, f"has {len(content):,} bytes, but {expected:,} were expected")
    rows = torch.from_numpy(content.reshape(CIFAR10_PER_FILE, 1 + 3072).copy())
    return rows[:, 1:].contiguous().view(-1, 3, 32, 32), _labels(rows[:, 0], 10, path)


def _tiny_imagenet(folder, progress):
    ids = _lines(folder / "wnids.txt")
    if len(set(ids)) != TINY_CLASSES or len(ids) != TINY_CLASSES:
        raise _bad(
            folder / "wnids.txt",
            f"names {len(set(ids))} classes in {len(ids)} lines, but {TINY_CLASSES} were expected",
        )
    label = {name: i for i, name in enumerate(ids)}
    train = [
        (path, label[name])
        for name in ids
        for path in sorted((folder / "train" / name / "images").glob("[!.]*.JPEG"))
    ]
    splits = {"train": train, "val": _tiny_validation(folder / "val", label)}
    for split, files in splits.items():  # in what is published, classes have equally many
        counts = Counter(y for _, y in files)
        least, most = (pick(range(len(ids)), key=lambda y: counts[y]) for pick in (min, max))
        if not counts[least] == counts[most] > 0:
            raise _bad(
                folder / split,
                f"holds {counts[least]} images of class {ids[least]} but {counts[most]} of "
                f"{ids[most]}: files are missing",
            )
    words = {"desc": "Decoding tiny-imagenet", "unit": "image", "disable": not progress}
    with tqdm(total=sum(map(len, splits.values())), **words) as bar:
        decoded = [_decode(files, bar) for files in splits.values()]
    return Images("tiny-imagenet", *decoded, _tiny_names(folder / "words.txt", ids))


def _tiny_validation(folder, label):
    """[(path, label)] of the validation images. A line of their list: file, class, and the box,
    which is not used."""
    path, files = folder / "val_annotations.txt", []
    for line in _lines(path):
        file, name, *_ = [*line.split("\t"), ""]
        if name not in label:
            raise _bad(path, f"gives {file!r} the class {name!r}, which wnids.txt does not name")
        if not (folder / "images" / file).exists():
            raise _bad(folder / "images" / file, "is missing")
        files.append((folder / "images" / file, label[name]))
    return files


def _tiny_names(path, ids):
    """The first word for each class, or its id where the publisher's list of words is not there (it
    is not needed)."""
    if not path.exists():
        return tuple(ids)
    words = dict(line.split("\t", 1) for line in _lines(path) if "\t" in line)
    return tuple(words.get(name, name).split(",")[0] for name in ids)


def _decode(files, bar):
    pixels = torch.empty(len(files), TINY_SIZE, TINY_SIZE, 3, dtype=torch.uint8)
    for row, (path, _) in zip(pixels.numpy(), files):
        try:
            with Image.open(path, formats=["JPEG"]) as image:
                if image.size != (TINY_SIZE, TINY_SIZE):
                    raise _bad(
                        path,
                        f"is {image.width} x {image.height} pixels, "
                        f"but {TINY_SIZE} x {TINY_SIZE} were expected",
                    )
                row[:] = np.asarray(image.convert("RGB"))  # some are gray
        except OSError as error:
            raise _bad(path, f"is not a whole image ({error})") from error
        bar.update()
    return TensorDataset(
        pixels.permute(0, 3, 1, 2).contiguous(), torch.tensor([y for _, y in files])
    )


def _read(path):
    if not path.exists():
        raise _bad(path, "is missing")
    return path.read_bytes()


def _lines(path):
    try:
        text = _read(path).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise _bad(path, f"is no text in UTF-8 ({error})") from error
    return [line for line in text.splitlines() if line.strip()]


def _labels(values, classes, path):
    if values.max() >= classes:
        raise _bad(
            path, f"holds the label {int(values.max())}, but labels go from 0 to {classes - 1}"
        )
    return values.to(torch.int64)


def _bad(path, what):
    return BadData(
        f"{path} {what}. Lay the folder out as published, or move it away to have it fetched"
    )

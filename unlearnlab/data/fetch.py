"""How does a published data set get onto this machine whole, verified, and nowhere it should not be?"""
import errno
import os
import shutil
import stat
import tarfile
import tempfile
import zipfile
import zlib
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import pooch
import requests
from tqdm import tqdm

from ..ground import files


class BadData(ValueError):
    """A file of a data set is damaged, or not what its publisher distributes. The message names it and what is wrong."""


@dataclass(frozen=True)
class File:
    """One published file. hash: "sha256:..." or "md5:..." of it as published."""

    url: str
    hash: str

    @property
    def name(self) -> str:
        """The last part of its address."""
        return self.url.rsplit("/", 1)[-1]

    @property
    def packed(self) -> bool:
        """Whether it is an archive, whose contents are what counts."""
        return self.name.endswith((".tar.gz", ".zip"))


@dataclass(frozen=True)
class Source:
    """What a publisher offers. folder: where it lies below a data folder, such as "MNIST/raw"; archives hold it as such."""

    folder: str
    files: tuple[File, ...]


def fetch(source: Source, root: Path, *, progress: bool = True) -> Path:
    """Brings all files of a source to root / source.folder, and returns that folder. It appears whole or not at all.

    A file of a source that already lies in `root` is used in place of a download. Every file is verified first, archives
    are unpacked beside their destination, and one rename ends it. progress: bars on standard error.

    Raises PermissionError when `root` cannot be written, OSError when it is full, ConnectionError when a file cannot be had, and
    BadData when one is not as published.
    """
    root = Path(root)
    target = root / source.folder
    files.check_writable(root / "data")
    try:
        with tempfile.TemporaryDirectory(prefix=".incoming-", dir=root) as work:
            _bring(source, root, Path(work), progress)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise OSError(errno.ENOSPC, f"no space left for {source.folder} in {root}. Name another folder (UNLEARNLAB_DATA)") from error
    return target


def _bring(source, root, work, progress):
    contents, target = work / "contents", root / source.folder
    for file in source.files:
        here = root / file.name
        path = here if here.exists() else _download(file, work, progress, source, root)
        remedy = f". Remove it to have it fetched; a folder {target} is used as it is" if path is here else ""
        _verify(path, file, here if path is here else file.url, remedy)
        if file.packed:
            unpack(path, contents, progress=progress)
        else:
            (contents / source.folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, contents / source.folder)
    if not (contents / source.folder).is_dir():
        raise BadData(f"{source.files[0].name} holds no folder {source.folder}: it is not laid out as expected")
    _move(contents / source.folder, target)


def unpack(archive: Path, folder: Path, *, progress: bool = False) -> None:
    """Writes the plain files of a .tar.gz or .zip below `folder`.

    Raises BadData for a damaged archive, and, before anything is written, for one with a link, a device, or a path that
    leads out of `folder`.
    """
    damage = (tarfile.TarError, zipfile.BadZipFile, zlib.error, EOFError)
    try:
        with (zipfile.ZipFile(archive) if archive.name.endswith(".zip") else tarfile.open(archive)) as opened:
            members = _zip_members(opened) if archive.name.endswith(".zip") else _tar_members(opened)
            for name, plain, _ in members:
                _check_member(archive, name, plain)
            for name, _, content in tqdm(members, desc=f"Unpacking {archive.name}", unit="file", disable=not progress):
                if content is not None:
                    path = folder / name
                    path.parent.mkdir(parents=True, exist_ok=True)
                    with content() as packed, open(path, "wb") as written:
                        shutil.copyfileobj(packed, written)
    except damage as error:
        raise BadData(f"{archive} is damaged or cut short ({error})") from error


def _tar_members(opened):
    """[(name, whether it is a plain file or a folder, how to open it: None for a folder)]"""
    return [(one.name, one.isreg() or one.isdir(), (lambda one=one: opened.extractfile(one)) if one.isreg() else None)
            for one in opened.getmembers()]


def _zip_members(opened):
    plain = lambda one: stat.S_IFMT(one.external_attr >> 16) in (0, stat.S_IFREG, stat.S_IFDIR)  # 0: packed where there are no modes
    return [(one.filename, plain(one), None if one.is_dir() else (lambda one=one: opened.open(one))) for one in opened.infolist()]


def _check_member(archive, name, plain):
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:  # the last two lead out on Windows
        raise BadData(f"{archive} holds {name!r}, which leads out of its folder: nothing was unpacked")
    if not plain:
        raise BadData(f"{archive} holds {name!r}, a link or a device: nothing was unpacked")


def _download(file, folder, progress, source, root):
    path = folder / file.name
    try:
        pooch.HTTPDownloader(progressbar=progress, chunk_size=2 ** 16, timeout=30)(file.url, path, None)
    except requests.RequestException as error:
        *others, last = (file.name for file in source.files if not (root / file.name).exists())
        names = f"{', '.join(others)} and {last}" if others else last
        raise ConnectionError(
            f"cannot download {file.url} ({_reason(error)}). Without a network: bring {names} here some other way and put "
            f"{'them' if others else 'it'} in {root}, or name the folder that holds {source.folder}; the next call goes on from there. "
            'load("digits") needs no network') from error
    return path


def _verify(path, file, origin, remedy):
    algorithm, expected = file.hash.split(":")
    found = pooch.file_hash(str(path), alg=algorithm)
    if found != expected:
        raise BadData(f"{origin} is damaged, or not the published file: its {algorithm} is {found}, the publisher's {expected}{remedy}")


def _move(folder, target):
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.replace(folder, target)
    except OSError:
        if not target.is_dir():  # else another process was faster, and its folder is as good
            raise


def _reason(error):
    """The innermost cause in words: requests wraps it in up to three layers of addresses."""
    inner = getattr(error, "reason", None) or next(iter(error.args), None)
    return _reason(inner) if isinstance(inner, Exception) else str(error)

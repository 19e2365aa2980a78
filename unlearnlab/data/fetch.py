"""How does a published data set get onto this machine whole, verified, and nowhere it should not
be?"""

import errno
import io
import lzma
import os
import shutil
import stat
import tarfile
import tempfile
import time
import zipfile
import zlib
from functools import partial
from pathlib import Path, PurePosixPath
from typing import NamedTuple

import pooch
from tqdm import tqdm

from ..ground import files
from ..ground.stopping import Stopped, left_behind

DAMAGE = (
    tarfile.TarError,
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    RuntimeError,
    OSError,
)  # the last two: encrypted; of bz2 and gzip, or a file that is a folder too
# What an OSError says of this machine instead.
DISK = errno.ENOSPC, errno.EDQUOT, errno.EACCES, errno.EIO
# A download ends that brings fewer bytes a second once it had a minute, or more in all.
SLOWEST, PATIENCE, LARGEST = 1000, 60, 2**30


class BadData(ValueError):
    """A file of a data set is damaged, or not what its publisher distributes. The message names it
    and what is wrong."""


class Source(NamedTuple):
    """What a publisher offers. folder: where it lies below a data folder, such as "MNIST/raw";
    archives hold it as such. files: by address, "sha256:..." or "md5:..." of each as published."""

    folder: str
    files: dict[str, str]


def fetch(source: Source, root: Path, *, progress: bool = True, stop=None) -> Path:
    """Brings all files of a source to root / source.folder, and returns that folder. It appears
    whole or not at all.

    A file of a source that already lies in `root` is used in place of a download. Every file is
    verified first, archives are unpacked beside their destination, and one rename ends it.
    progress: bars on standard error. stop: a threading.Event; set it to end within a second by
    Stopped.

    Raises PermissionError when `root` cannot be written, OSError when it is full, ConnectionError
    when a file cannot be had, and BadData when one is not as published.
    """
    root = Path(root)
    files.check_folder(root)
    files.remove_old_temporaries(root)
    try:
        # of a download that was stopped, a thread may hold a file for a moment longer
        how = {"dir": root, "suffix": ".tmp", "ignore_cleanup_errors": True}
        with tempfile.TemporaryDirectory(prefix=".incoming-", **how) as work:
            _bring(source, root, Path(work), progress, stop)
    except OSError as error:
        if error.errno != errno.ENOSPC:
            raise
        raise OSError(
            errno.ENOSPC,
            f"no space left for {source.folder} in {root}. Name another (folder=, UNLEARNLAB_DATA)",
        ) from error
    return root / source.folder


def _bring(source, root, work, progress, stop):
    contents, target = work / "contents", root / source.folder
    for url, published in source.files.items():
        here = root / Path(url).name
        path, origin = here, here
        remedy = f". Remove it to have it fetched; a folder {target} is used as it is"
        if not here.exists():
            path, origin, remedy = work / here.name, url, ""
            load = partial(_download, url, path, progress, source, root)
            left_behind(stop, load, f"the download of {url}")
        algorithm, expected = published.split(":")
        actual = pooch.file_hash(str(path), alg=algorithm)
        if actual != expected:
            raise BadData(
                f"{origin} is damaged, or not the published file: its {algorithm} is {actual}, "
                f"the publisher's {expected}{remedy}"
            )
        if url.endswith((".tar.gz", ".zip")):
            unpack(path, contents, progress=progress, stop=stop)
        else:
            (contents / source.folder).mkdir(parents=True, exist_ok=True)
            shutil.copy(path, contents / source.folder)
    if not (contents / source.folder).is_dir():
        raise BadData(
            f"{path.name} holds no folder {source.folder}: it is not laid out as expected"
        )
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.replace(contents / source.folder, target)
    except OSError:
        if not target.is_dir():  # else another process was faster, and its folder is as good
            raise


def _download(url, path, progress, source, root, left):
    try:
        download = pooch.HTTPDownloader(progressbar=progress, chunk_size=2**10, timeout=30)
        with _Arriving(path, left) as file:
            download(url, file, None)
    except (OSError, ValueError) as error:  # such as no certificates; headers that are none
        if getattr(error, "errno", None) == errno.ENOSPC:
            raise
        names = [Path(each).name for each in source.files]
        missing = [name for name in names if not (root / name).exists()]
        raise ConnectionError(
            f"cannot download {url} ({_reason(error)}). Without a network: bring "
            f"{', '.join(missing)} some other way into {root}, or name the folder that holds "
            f'{source.folder}; the next call goes on from there. load("digits") needs no network'
        ) from None


class _Arriving(io.FileIO):
    """A file that raises OSError while it is written, where it comes too slowly or too large, and
    Stopped when nobody waits for it any more."""

    def __init__(self, path, left):
        super().__init__(path, "wb")
        self.began, self.left = time.monotonic(), left

    def write(self, part):
        if self.left.is_set():
            raise Stopped
        size, seconds = self.tell() + len(part), time.monotonic() - self.began
        if size > LARGEST:
            raise OSError(f"more than {LARGEST} bytes came")
        if seconds > PATIENCE and size < SLOWEST * seconds:
            raise OSError(f"{size} bytes came in {seconds:.0f} seconds")
        return super().write(part)


def unpack(archive: Path, folder: Path, *, progress: bool = False, stop=None) -> None:
    """Writes the plain files of a .tar.gz or .zip below `folder`.

    Raises BadData for a damaged archive, and, before anything is written, for one with a link, a
    device, or a path that leads out of `folder`.
    """
    packed = archive.name.endswith(".zip")
    try:
        with zipfile.ZipFile(archive) if packed else tarfile.open(archive, "r:gz") as opened:
            members = opened.infolist() if packed else opened.getmembers()
            for member in members:
                _check_member(archive, member)
            # of a tar file; not before Python 3.11.4
            opened.extraction_filter = getattr(tarfile, "data_filter", None)
            words = {"desc": f"Unpacking {archive.name}", "unit": "file", "disable": not progress}
            for member in tqdm(members, **words):
                if stop is not None and stop.is_set():
                    raise Stopped(f"stopped while {archive.name} was unpacked")
                opened.extract(member, folder)
    except DAMAGE as error:
        if getattr(error, "errno", None) in DISK:
            raise
        raise BadData(f"{archive} is damaged or cut short ({error})") from error


def _check_member(archive, member):
    if isinstance(member, tarfile.TarInfo):
        name, plain = member.name, member.isreg() or member.isdir()
    else:
        name, kind = member.filename, stat.S_IFMT(member.external_attr >> 16)
        plain = kind in (0, stat.S_IFREG, stat.S_IFDIR)  # 0: no modes
    path = PurePosixPath(name)
    # the last two lead out on Windows
    if path.is_absolute() or ".." in path.parts or "\\" in name or ":" in name:
        raise BadData(
            f"{archive} holds {name!r}, which leads out of its folder: nothing was unpacked"
        )
    if not plain:
        raise BadData(f"{archive} holds {name!r}, a link or a device: nothing was unpacked")


def _reason(error):
    """The innermost cause in words: requests wraps it in up to three layers of addresses."""
    inner = getattr(error, "reason", None) or next(iter(error.args), None)
    return _reason(inner) if isinstance(inner, Exception) else str(error)

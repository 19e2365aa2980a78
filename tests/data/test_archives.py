"""An archive that is damaged, anywhere, is named as such, or comes out whole."""

import io
import lzma
import zipfile
import zlib

import pytest
from test_fetch import tar, zipped

from unlearnlab.data.fetch import BadData, unpack


def undecodable(content):
    """The bytes with the first one flipped, from the middle on, that leaves no valid stream.
    (tarfile does not see the checksum.)"""
    for at in range(len(content) // 2, len(content)):
        damaged = content[:at] + bytes([content[at] ^ 255]) + content[at + 1 :]
        try:
            zlib.decompress(damaged, 31)
        except zlib.error as error:
            if "invalid" in str(error):
                return damaged


def test_a_tar_whose_middle_changed_is_damaged(tmp_path):
    content = tar({"set/squares": b"".join(b"%d " % i**2 for i in range(20_000))})
    (tmp_path / "set.tar.gz").write_bytes(undecodable(content))
    with pytest.raises(BadData, match="set.tar.gz is damaged or cut short"):
        unpack(tmp_path / "set.tar.gz", tmp_path / "in")


def encrypted():
    """A zip whose only member says that it needs a password."""
    content = bytearray(zipped({"set/a": b"a"}))
    content[6] |= 1  # the flags in the member's header
    content[content.index(b"PK\x01\x02") + 8] |= 1  # and in the directory
    return bytes(content)


@pytest.mark.parametrize(
    "name, content",
    [
        ("set.zip", encrypted()),
        ("set.tar.gz", lzma.compress(b"no gzip")),
        ("set.zip", zipped({"set/a": b"a", "set/a/b": b"b"})),
        ("set.tar.gz", tar({"set/a": b"a", "set/a/b": b"b"})),
    ],
    ids=["encrypted", "xz", "file as folder", "file as folder in a tar"],
)
def test_an_archive_that_cannot_be_unpacked_is_named(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(BadData, match=f"{name} is damaged or cut short"):
        unpack(tmp_path / name, tmp_path / "in")


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_a_zip_that_is_damaged_anywhere_is_named_or_whole(tmp_path, method):
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as opened:
        opened.writestr("set/a", bytes(range(256)))
    for at in range(len(buffer.getvalue())):
        damaged = bytearray(buffer.getvalue())
        damaged[at] ^= 255
        (tmp_path / "set.zip").write_bytes(bytes(damaged))
        try:
            unpack(tmp_path / "set.zip", tmp_path / "in")
        except BadData:
            pass


def test_a_zip_whose_contents_changed_is_damaged(tmp_path):
    content = zipped({"set/a": b"a" * 5000, "set/b": bytes(range(256))})
    at = content.index(bytes(range(100)))
    (tmp_path / "set.zip").write_bytes(content[:at] + b"x" + content[at + 1 :])
    with pytest.raises(BadData, match="set.zip is damaged or cut short .*(CRC|[Ee]rror)"):
        unpack(tmp_path / "set.zip", tmp_path / "in")

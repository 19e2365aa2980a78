"""What is fetched arrives whole, verified and inside its folder, or not at all."""

import functools
import hashlib
import http.server
import io
import os
import tarfile
import threading
import time
import zipfile
from pathlib import Path

import pytest
from patience import END

from unlearnlab.data import fetch as module
from unlearnlab.data.fetch import BadData, Source, fetch, unpack
from unlearnlab.ground.stopping import Stopped

CONTENTS = {"set/a.bin": b"a" * 5000, "set/deep/b.txt": b"words"}


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves `files`: path -> bytes. One of /short promises 10 bytes more than it sends."""

    def __init__(self, files, *args):
        self.files = files
        super().__init__(*args)

    def do_GET(self):
        content = self.files.get(self.path)
        if content is None:
            return self.send_error(404)
        self.send_response(200)
        self.send_header("Content-Length", str(len(content) + 10 * self.path.startswith("/short")))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *args):
        pass


@pytest.fixture
def server(monkeypatch):
    """(address, files to serve), on this machine only."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    files = {}
    with http.server.ThreadingHTTPServer(
        ("127.0.0.1", 0), functools.partial(Handler, files)
    ) as running:
        threading.Thread(target=running.serve_forever, args=(0.01,), daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}", files
        running.shutdown()


def tar(contents=CONTENTS, special=None):
    """The bytes of a .tar.gz. special: a TarInfo that is put at its end."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz") as opened:
        for name, content in contents.items():
            one = tarfile.TarInfo(name)
            one.size = len(content)
            opened.addfile(one, io.BytesIO(content))
        if special is not None:
            opened.addfile(special)
    return buffer.getvalue()


def zipped(contents=CONTENTS, mode=None):
    """The bytes of a .zip. mode: of the last member, as stat has it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as opened:
        for name, content in contents.items():
            one = zipfile.ZipInfo(name)
            one.external_attr = (mode or 0) << 16 if name == list(contents)[-1] else 0
            opened.writestr(one, content)
    return buffer.getvalue()


def published(url, content, algorithm="sha256", folder="set"):
    return Source(folder, {url: f"{algorithm}:{hashlib.new(algorithm, content).hexdigest()}"})


def everything(folder):
    """{relative path: bytes} of all files below a folder, hidden ones too."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in Path(folder).rglob("*")
        if path.is_file()
    }


def nothing_is_left(folder):
    return not folder.exists() or list(folder.iterdir()) == []


@pytest.mark.parametrize(
    "name, pack, algorithm", [("set.tar.gz", tar, "sha256"), ("set.zip", zipped, "md5")]
)
def test_an_archive_is_fetched_verified_unpacked_and_removed(
    server, tmp_path, capfd, name, pack, algorithm
):
    address, files = server
    files[f"/{name}"] = pack()
    source = published(f"{address}/{name}", files[f"/{name}"], algorithm)
    assert fetch(source, tmp_path / "new" / "root") == tmp_path / "new" / "root" / "set"
    assert everything(tmp_path / "new" / "root") == CONTENTS
    bars = capfd.readouterr().err
    assert bars.count("100%") == 2 and f"Unpacking {name}: 100%" in bars
    fetch(source, tmp_path / "silent", progress=False)
    assert capfd.readouterr().err == ""


def test_plain_files_are_kept_as_they_are(server, tmp_path):
    address, files = server
    files |= {"/a.gz": b"one", "/b.gz": b"two"}
    parts = {}
    for name, content in files.items():
        parts |= published(f"{address}{name}", content).files
    fetch(Source("MNIST/raw", parts), tmp_path)
    assert everything(tmp_path) == {"MNIST/raw/a.gz": b"one", "MNIST/raw/b.gz": b"two"}


def test_a_file_put_there_by_hand_takes_the_place_of_a_download(tmp_path):
    content = tar()
    (tmp_path / "data").mkdir()  # the reader's
    (tmp_path / "set.tar.gz").write_bytes(content)
    source = published("http://127.0.0.1:9/set.tar.gz", content)
    fetch(source, tmp_path, progress=False)
    assert everything(tmp_path) == {**CONTENTS, "set.tar.gz": content}
    other = tmp_path / "other"
    other.mkdir()
    (other / "set.tar.gz").write_bytes(content[:-1])
    damaged = "other/set.tar.gz is damaged, or not the published file: its sha256 is .*"
    with pytest.raises(BadData, match=damaged + "Remove it .*other/set is used as it is"):
        fetch(source, other, progress=False)
    assert everything(other) == {"set.tar.gz": content[:-1]}


def test_a_wrong_hash_is_an_error_that_gives_both_and_leaves_nothing(server, tmp_path):
    address, files = server
    files["/set.zip"] = zipped()
    with pytest.raises(BadData) as error:
        fetch(published(f"{address}/set.zip", b"something else"), tmp_path / "root", progress=False)
    assert f"{address}/set.zip is damaged, or not the published file" in str(error.value)
    for content in (files["/set.zip"], b"something else"):
        assert hashlib.sha256(content).hexdigest() in str(error.value)
    assert nothing_is_left(tmp_path / "root")


def test_a_download_that_breaks_off_leaves_nothing(server, tmp_path):
    address, files = server
    files["/short/set.zip"] = zipped()
    with pytest.raises(
        ConnectionError, match=r"cannot download http.*/short/set.zip \(.*IncompleteRead"
    ):
        fetch(published(f"{address}/short/set.zip", zipped()), tmp_path / "root", progress=False)
    assert nothing_is_left(tmp_path / "root")


@pytest.mark.parametrize("path", ["/stall", "/slow"])
def test_stop_is_heard_within_a_second_by_a_download_that_stalls_or_crawls(
    path, tmp_path, monkeypatch
):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    begun, over = threading.Event(), threading.Event()

    class Crawling(Handler):
        def do_GET(self):
            self.send_response(200)
            self.send_header("Content-Length", str(10**9))
            self.end_headers()
            begun.set()
            while path == "/slow" and not over.wait(0.01):
                self.wfile.write(b"a" * 2**16)
            over.wait(END)

    stop = threading.Event()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Crawling, {})) as on:
        threading.Thread(target=on.serve_forever, args=(0.01,), daemon=True).start()
        source = published(f"http://127.0.0.1:{on.server_port}{path}", b"")
        asked = []
        asks = lambda: begun.wait(END) and (asked.append(time.monotonic()), stop.set())
        threading.Thread(target=asks, daemon=True).start()
        with pytest.raises(Stopped, match="stopped during the download of http"):
            fetch(source, tmp_path, progress=False, stop=stop)
        assert time.monotonic() - asked[0] < 1 and everything(tmp_path) == {}
        over.set()
        on.shutdown()


def test_stop_is_heard_while_an_archive_is_unpacked(tmp_path):
    (tmp_path / "set.tar.gz").write_bytes(tar())
    (stop := threading.Event()).set()
    with pytest.raises(Stopped, match="stopped while set.tar.gz was unpacked"):
        unpack(tmp_path / "set.tar.gz", tmp_path / "new", stop=stop)
    assert not (tmp_path / "new").exists()


def test_a_page_that_is_gone_is_named(server, tmp_path):
    with pytest.raises(ConnectionError, match="gone.zip.*404"):
        fetch(published(f"{server[0]}/gone.zip", b""), tmp_path, progress=False)
    assert nothing_is_left(tmp_path)


def test_without_a_network_the_error_says_what_to_get_where_to_put_it_and_what_runs_without(
    tmp_path, monkeypatch
):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with http.server.HTTPServer(("127.0.0.1", 0), Handler) as closed:
        url = f"http://127.0.0.1:{closed.server_port}/set.zip"
    with pytest.raises(ConnectionError) as error:
        fetch(published(url, b""), tmp_path / "root", progress=False)
    assert all(
        part in str(error.value)
        for part in (url, "refused", str(tmp_path / "root"), 'load("digits") needs no network')
    )
    assert nothing_is_left(tmp_path / "root")
    (tmp_path / "root" / "b.gz").write_bytes(b"b")
    one = published(url, b"b").files[url]
    three = Source("set", {url.replace("set.zip", n): one for n in ("a.gz", "b.gz", "c.gz")})
    way_out = "bring a.gz, c.gz some other way into .*root, "
    with pytest.raises(ConnectionError, match=way_out + "or name the folder that holds set"):
        fetch(three, tmp_path / "root", progress=False)
    assert everything(tmp_path / "root") == {"b.gz": b"b"}


def test_a_folder_that_cannot_be_written_is_refused_before_any_download(tmp_path, monkeypatch):
    source = published("http://127.0.0.1:9/set.zip", b"")
    (tmp_path / "file").write_text("")
    with pytest.raises(PermissionError, match="cannot make the folder .*file/sub.*UNLEARNLAB_DATA"):
        fetch(source, tmp_path / "file" / "sub")
    monkeypatch.setattr("unlearnlab.ground.files.os.access", lambda *a: False)
    with pytest.raises(PermissionError, match="cannot write to the folder .*UNLEARNLAB_DATA"):
        fetch(source, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


ESCAPES = ["../evil", "set/../../evil", "/tmp/evil", "set\\..\\..\\evil", "C:evil"]


@pytest.mark.parametrize("name", ESCAPES)
@pytest.mark.parametrize("file, pack", [("set.tar.gz", tar), ("set.zip", zipped)])
def test_a_path_that_leads_out_is_refused_before_anything_is_written(tmp_path, file, pack, name):
    archive = tmp_path / file
    archive.write_bytes(pack({**CONTENTS, name: b"evil"}))
    with pytest.raises(BadData, match="evil', which leads out of its folder: nothing was unpacked"):
        unpack(archive, tmp_path / "in" / "side")
    assert [path.name for path in tmp_path.iterdir()] == [file]


@pytest.mark.parametrize(
    "kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.FIFOTYPE, tarfile.CHRTYPE]
)
def test_links_and_devices_in_a_tar_are_refused(tmp_path, kind):
    special = tarfile.TarInfo("set/special")
    special.type, special.linkname = kind, "/etc/hostname"
    (tmp_path / "set.tar.gz").write_bytes(tar(special=special))
    with pytest.raises(BadData, match="'set/special', a link or a device: nothing was unpacked"):
        unpack(tmp_path / "set.tar.gz", tmp_path / "in")
    assert not (tmp_path / "in").exists()


def test_a_link_in_a_zip_is_refused(tmp_path):
    (tmp_path / "set.zip").write_bytes(
        zipped({**CONTENTS, "set/link": b"/etc/hostname"}, mode=0o120777)
    )
    with pytest.raises(BadData, match="'set/link', a link or a device: nothing was unpacked"):
        unpack(tmp_path / "set.zip", tmp_path / "in")
    assert not (tmp_path / "in").exists()


@pytest.mark.parametrize(
    "damage",
    [
        lambda content: content[:-60],
        lambda content: content[:100],
        lambda content: b"no archive",
        lambda content: b"",
    ],
    ids=["end", "most", "all", "empty"],
)
@pytest.mark.parametrize("name, pack", [("set.tar.gz", tar), ("set.zip", zipped)])
def test_a_damaged_archive_leaves_nothing_behind(server, tmp_path, name, pack, damage):
    address, files = server
    files[f"/{name}"] = content = damage(pack())
    with pytest.raises(BadData, match=f"{name} is damaged or cut short"):
        fetch(published(f"{address}/{name}", content), tmp_path / "root", progress=False)
    assert nothing_is_left(tmp_path / "root")


def test_what_a_killed_download_left_a_day_ago_is_removed_and_a_younger_one_stays(tmp_path):
    (tmp_path / "set.zip").write_bytes(zipped())
    for name in (".incoming-old.tmp", ".incoming-young.tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "part").touch()
    os.utime(tmp_path / ".incoming-old.tmp", (0, 0))
    fetch(published("http://127.0.0.1:9/set.zip", zipped()), tmp_path, progress=False)
    assert not (tmp_path / ".incoming-old.tmp").exists()
    assert (tmp_path / ".incoming-young.tmp").exists()


def test_what_others_left_beside_the_data_stays(tmp_path):
    (tmp_path / "set.zip").write_bytes(zipped())
    for name in (".somebody.tmp", ".notes.txt.tmp"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "work").touch()
        os.utime(tmp_path / name, (0, 0))
    fetch(published("http://127.0.0.1:9/set.zip", zipped()), tmp_path, progress=False)
    assert (tmp_path / ".somebody.tmp" / "work").exists()
    assert (tmp_path / ".notes.txt.tmp" / "work").exists()


LIMITS = {
    "more than 10 bytes came": {"LARGEST": 10},
    "bytes came in 0 seconds": {"PATIENCE": 0, "SLOWEST": 1e12},
}


@pytest.mark.parametrize("says", LIMITS)
def test_a_download_that_is_too_large_or_too_slow_ends(server, tmp_path, monkeypatch, says):
    address, files = server
    files["/set.zip"] = zipped()
    for name, limit in LIMITS[says].items():
        monkeypatch.setattr(f"unlearnlab.data.fetch.{name}", limit)
    with pytest.raises(ConnectionError, match=says):
        fetch(published(f"{address}/set.zip", zipped()), tmp_path / "root", progress=False)
    assert nothing_is_left(tmp_path / "root")


def test_a_download_that_takes_long_but_is_fast_enough_arrives(server, tmp_path, monkeypatch):
    address, files = server
    files["/set.zip"] = zipped()
    monkeypatch.setattr(module, "PATIENCE", 0)
    monkeypatch.setattr(module, "SLOWEST", 1e-9)
    fetch(published(f"{address}/set.zip", zipped()), tmp_path, progress=False)
    assert (tmp_path / "set" / "a.bin").read_bytes() == CONTENTS["set/a.bin"]


def test_a_folder_that_cannot_be_put_in_its_place_is_an_error(tmp_path, monkeypatch):
    def refuse(source, target):
        raise PermissionError("not here")

    (tmp_path / "set.zip").write_bytes(zipped())
    monkeypatch.setattr(module.os, "replace", refuse)
    with pytest.raises(PermissionError, match="not here"):
        fetch(published("http://127.0.0.1:9/set.zip", zipped()), tmp_path, progress=False)


def test_an_archive_of_something_else_is_refused_and_leaves_nothing(server, tmp_path):
    address, files = server
    files["/other.zip"] = zipped({"other/a": b"a"})
    with pytest.raises(BadData, match="other.zip holds no folder set"):
        fetch(
            published(f"{address}/other.zip", files["/other.zip"]),
            tmp_path / "root",
            progress=False,
        )
    assert nothing_is_left(tmp_path / "root")


def test_an_interrupted_unpacking_leaves_nothing(server, tmp_path, monkeypatch):
    address, files = server
    files["/set.zip"] = zipped()
    source, copied = published(f"{address}/set.zip", files["/set.zip"]), []

    def interrupted(packed, written):
        copied.append(written.write(packed.read()))
        raise KeyboardInterrupt

    monkeypatch.setattr(module.shutil, "copyfileobj", interrupted)
    with pytest.raises(KeyboardInterrupt):
        fetch(source, tmp_path / "root", progress=False)
    assert copied == [5000] and nothing_is_left(tmp_path / "root")


def test_a_full_disk_is_named_and_nothing_is_left(tmp_path, monkeypatch):
    content, root = zipped(), tmp_path / "root"
    root.mkdir()
    (root / "set.zip").write_bytes(content)
    monkeypatch.setattr(
        module.shutil,
        "copyfileobj",
        lambda *files: (_ for _ in ()).throw(OSError(28, "No space left on device")),
    )
    with pytest.raises(OSError, match="no space left for set in .*Name another"):
        fetch(published("http://127.0.0.1:9/set.zip", content), root, progress=False)
    assert everything(root) == {"set.zip": content}


def test_a_folder_that_another_process_has_put_there_meanwhile_is_kept(tmp_path):
    (tmp_path / "set.zip").write_bytes(zipped())
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "theirs").write_text("first")
    fetch(published("http://127.0.0.1:9/set.zip", zipped()), tmp_path, progress=False)
    assert everything(tmp_path / "set") == {"theirs": b"first"}

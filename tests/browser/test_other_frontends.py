"""Do labs work where there is no JupyterLab: in Notebook 7, as a page that Voila serves, and for
whoever speaks the kernel's protocol, as VS Code does?"""

import os
import socket
import subprocess
import sys
import urllib.error
import urllib.request
from importlib.util import find_spec

import nbformat
import pytest
from browser.lab import PICTURE, Lab
from browser.server import Server, ended
from jupyter_client.manager import start_new_kernel
from nbformat import v4
from patience import wait_for

CODE = "from unlearnlab.chapters import ch02_relaxed as ch\nlab = ch.SpanLab(seed=1)\nlab"
NEEDS = "is not installed: make classroom"


def test_a_lab_moves_in_notebook_7(browser, tmp_path):
    pytest.importorskip("notebook", reason=f"Notebook 7 {NEEDS}")
    (tmp_path / "folder").mkdir()
    server = Server(tmp_path / "folder", tmp_path, app="notebook")
    try:
        lab = Lab(server, browser)
        lab.open(lab.write("lab.ipynb", CODE))
        lab.run_all()
        with lab.new_picture():
            assert lab.slider("off the span").press("End") == "1.00"
        assert [bad for bad in lab.problems() if not bad.startswith("console")] == []
        lab.close()
    finally:
        server.close()


def answers(url):
    try:
        return urllib.request.urlopen(url, timeout=60).status == 200
    except (urllib.error.URLError, OSError):
        return False


@pytest.fixture
def voila(tmp_path):
    """The address of a lab that Voila serves as a page of its own."""
    if not find_spec("voila"):
        pytest.skip(f"Voila {NEEDS}")
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    notebook = v4.new_notebook(cells=[v4.new_code_cell(CODE)], metadata={"kernelspec": kernel})
    nbformat.write(notebook, tmp_path / "lab.ipynb")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    homes = {home: str(tmp_path / home.lower()) for home in ("HOME", "JUPYTER_RUNTIME_DIR")}
    homes |= {"JUPYTER_CONFIG_DIR": str(tmp_path / "config"), "IPYTHONDIR": str(tmp_path / "i")}
    log, flags = tmp_path / "log", ("--no-browser", "--Voila.ip=127.0.0.1", f"--port={port}")
    with log.open("w") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "voila", "lab.ipynb", *flags],
            cwd=tmp_path, env=os.environ | homes, stdout=out, stderr=out,
        )  # fmt: skip
    try:
        wait_for(
            lambda: answers(f"http://127.0.0.1:{port}/"),
            lambda: f"Voila did not start: {log.read_text()[-1500:]}",
            lambda: log.stat().st_size,
        )
        yield f"http://127.0.0.1:{port}/"
    finally:
        ended(process)


def test_a_lab_moves_on_a_page_of_voila(voila, browser):
    page, errors = browser.new_page(), []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.goto(voila)
    picture = page.locator("img.widget-image").first
    picture.wait_for()
    before = picture.evaluate(PICTURE)
    page.locator(".widget-slider .noUi-handle").first.press("ArrowRight")
    wait_for(
        lambda: picture.evaluate(PICTURE) != before,
        "the picture did not change",
        pause=lambda seconds: page.wait_for_timeout(1000 * seconds),
    )
    page.close()
    assert errors == []


def test_a_lab_speaks_the_protocol_of_core_widgets_alone():
    """So any front end that has ipywidgets can show it, and one that has none shows a picture."""
    manager, client = start_new_kernel(kernel_name="python3")
    try:
        heard = []
        client.execute_interactive(CODE, output_hook=heard.append, timeout=600)
        opened = {
            message["content"]["comm_id"]: message["content"]
            for message in heard
            if message["msg_type"] == "comm_open"
        }
        assert {content["target_name"] for content in opened.values()} == {"jupyter.widget"}
        states = {comm: content["data"]["state"] for comm, content in opened.items()}
        core = {"@jupyter-widgets/base", "@jupyter-widgets/controls"}
        assert {state["_model_module"] for state in states.values()} <= core
        (shown,) = [m["content"]["data"] for m in heard if m["msg_type"] == "execute_result"]
        view = "application/vnd.jupyter.widget-view+json"
        assert {view, "image/png", "text/plain"} <= {*shown} and shown[view]["model_id"] in states

        slider = next(c for c, s in states.items() if s.get("description") == "off the span")
        picture = next(c for c, s in states.items() if s["_model_name"] == "ImageModel")
        data = {"method": "update", "state": {"value": 0.5}, "buffer_paths": []}
        client.shell_channel.send(client.session.msg("comm_msg", {"comm_id": slider, "data": data}))
        while True:
            message = client.get_iopub_msg(timeout=120)
            if message["msg_type"] == "comm_msg" and message["content"]["comm_id"] == picture:
                break
        assert bytes(message["buffers"][0]).startswith(b"\x89PNG")
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)

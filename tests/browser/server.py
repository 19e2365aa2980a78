"""JupyterLab and Chromium, with nothing of the user's."""

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
from pathlib import Path

import psutil
from patience import wait_for

BROWSERS = ("chromium", "chromium-browser", "google-chrome-stable", "google-chrome", "chrome")
BROWSER_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
SETTINGS = {
    "notebook-extension/tracker": {"windowingMode": "none"},  # cells out of sight are drawn too
    "apputils-extension/notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
}


# Seconds of work that are a sign of life: a kernel at rest does not come to that in QUIET seconds.
CPU_STEP = 5


class Server:
    """JupyterLab, or Notebook 7, on `folder`, without a browser, with nothing of the user's:
    settings, cache and home are temporary.

    app: "jupyterlab" or "notebook".
    """

    def __init__(self, folder, temporary, app="jupyterlab"):
        self.opens = {"jupyterlab": "doc/tree", "notebook": "notebooks"}[app]  # a notebook's page
        self.folder, self.log, self.token = (
            Path(folder),
            Path(temporary) / "server.log",
            secrets.token_hex(16),
        )
        homes = {
            name: Path(temporary) / name.lower()
            for name in (
                "HOME",
                "JUPYTER_CONFIG_DIR",
                "JUPYTER_DATA_DIR",
                "JUPYTER_RUNTIME_DIR",
                "JUPYTERLAB_SETTINGS_DIR",
                "JUPYTERLAB_WORKSPACES_DIR",
                "IPYTHONDIR",
                "XDG_CACHE_HOME",
            )
        }
        for path in homes.values():
            path.mkdir()
        for name, values in SETTINGS.items():
            path = homes["JUPYTERLAB_SETTINGS_DIR"] / "@jupyterlab" / f"{name}.jupyterlab-settings"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(values))
        flags = [
            "--no-browser",
            "--allow-root",
            "--port=0",
            "--expose-app-in-browser",
            "--LabApp.extension_manager=readonly",
            f"--ServerApp.root_dir={self.folder}",
        ]
        with self.log.open("w") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", app, *flags],
                stdout=log,
                stderr=log,
                cwd=self.folder,
                env=os.environ
                | {name: str(path) for name, path in homes.items()}
                | {"JUPYTER_TOKEN": self.token},
            )
        try:
            port = wait_for(
                lambda: self._port(homes["JUPYTER_RUNTIME_DIR"]), f"{app} did not start", self.signs
            )
        except (AssertionError, ChildProcessError) as error:
            self.close()
            raise RuntimeError(f"{error}:\n{self.log.read_text()[-2000:]}") from error
        self.url = f"http://127.0.0.1:{port}"

    def _port(self, runtime):
        if self.process.poll() is not None:
            raise ChildProcessError("JupyterLab ended at its start")
        for file in runtime.glob("jpserver-*.json"):
            with contextlib.suppress(json.JSONDecodeError):
                return json.loads(file.read_text())["port"]
        return None

    def signs(self):
        """What changes as long as the server or one of its kernels is at work: its log, and their
        processor time in steps."""
        seconds = 0
        with contextlib.suppress(psutil.Error):
            server = psutil.Process(self.process.pid)
            for process in (server, *server.children(recursive=True)):
                with contextlib.suppress(psutil.Error):
                    times = process.cpu_times()
                    seconds += times.user + times.system
        return self.log.stat().st_size, seconds // CPU_STEP

    def close(self):
        """Stops the server; it stops its kernels."""
        ended(self.process)


def ended(process):
    """Asks a process to end; one that does not is ended."""
    process.terminate()
    try:
        process.wait(20)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def launch(playwright, profile):
    """Chromium: the machine's own, else the one Playwright may have installed. Raises
    playwright's Error where there is none.

    profile: a folder for its cache. Whoever launches it there again need not load all of
    JupyterLab's files once more.
    """
    found = next(filter(None, map(shutil.which, BROWSERS)), None)
    return playwright.chromium.launch_persistent_context(
        profile,
        executable_path=found,
        headless=True,
        args=BROWSER_FLAGS,
        viewport={"width": 1280, "height": 1400},
    )

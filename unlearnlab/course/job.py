"""Work behind a widget: in a thread, newest request first, stoppable, and no error lost."""

import threading
from collections.abc import Callable
from contextlib import contextmanager

import ipywidgets

from .lab import Lab, button, message


class Job:
    """Runs `work(stop)` calls one at a time in a thread. A new `start` stops the one before and
    takes its place.

    stop is a threading.Event that work must watch. When work raises, `on_error(exception)` is
    called in the thread and the exception is kept in `error` until the next work begins, so that a
    test can see it.
    """

    def __init__(self, on_error: Callable[[BaseException], None]):
        self._on_error, self._lock = on_error, threading.Lock()
        self._thread, self._stop = None, threading.Event()
        self.error: BaseException | None = None

    def start(self, work: Callable[[threading.Event], None]) -> None:
        """Stops what runs and starts `work(stop)`; returns at once."""
        with self._lock:
            self._stop.set()
            self._stop = threading.Event()
            job = work, self._stop, self._thread
            self._thread = threading.Thread(target=self._run, args=job, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """Asks what runs to end; returns at once."""
        self._stop.set()

    def wait(self, timeout: float | None = None) -> bool:
        """Waits for the newest work to end; whether it did. Tests use it."""
        thread = None
        while thread is not self._thread:  # while another took its place
            thread = self._thread
            thread.join(timeout)
            if thread.is_alive():
                return False
        return True

    def _run(self, work, stop, before):
        if before is not None:
            before.join()
        if stop.is_set():
            return
        self.error = None
        try:
            work(stop)
        except BaseException as error:  # SystemExit too: a thread would swallow it
            self.error = error
            self._on_error(error)


class WorkingLab(Lab):
    """A lab whose work takes seconds: a `job`, a button that stops it, a bar that shows how far it
    is, and a line for what went wrong."""

    def __init__(self):
        self.job = Job(self._fail)
        self.error = None  # what went wrong outside the job
        self.stop = button("Stop", "stop", disabled=True)
        self.progress = ipywidgets.FloatProgress(
            value=0, min=0, max=1, layout=ipywidgets.Layout(width="240px")
        )
        self.status = ipywidgets.HTML()
        self.stop.on_click(self._stop)

    def wait(self, timeout: float = 1800) -> None:
        """Waits for what runs, and raises what went wrong in it. For tests and scripts."""
        if not self.job.wait(timeout):
            raise TimeoutError(f"the lab is still busy after {timeout} s")
        if self.job.error or self.error:
            raise self.job.error or self.error

    def _stop(self, button):
        self.stop.disabled = True  # heard; it may take a moment
        self.job.stop()

    @contextmanager
    def _busy(self):
        """Stop can be pressed while work goes on."""
        self.stop.disabled, self.progress.value = False, 0
        try:
            yield
        finally:
            self.stop.disabled = True

    def _fail(self, error):
        self._say(f"{type(error).__name__}: {error}", "error")

    def _say(self, text, kind="note"):
        self.status.value = message(text, kind) if text else ""

"""Work behind a widget: in a thread, newest request first, stoppable."""

import threading
from collections.abc import Callable


class Job:
    """Runs `work(stop)` calls one at a time in a thread. A new `start` stops the one before and
    takes its place. stop is a threading.Event that work must watch. Work handles its own errors.
    """

    def __init__(self):
        self._lock, self._thread, self._stop = threading.Lock(), None, threading.Event()

    def start(self, work: Callable[[threading.Event], None]) -> None:
        """Stops what runs and starts `work(stop)`; returns at once."""
        with self._lock:
            self.stop()
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
        if not stop.is_set():
            work(stop)

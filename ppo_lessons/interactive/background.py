"""Long work in a thread of its own, piece by piece, so that a button can stop it and another go on."""

import atexit
import threading
import weakref
from collections.abc import Callable


class Background:
    """Repeats a piece of work until there is no more of it, or until it is stopped; it goes on where it stopped.

    Args:
        work: Does one piece, well below a second, and says whether there is more.
        on_end: Called in the thread when it ends, with the exception that ended it or None.
    """

    def __init__(self, work: Callable[[], bool], on_end: Callable[[Exception | None], None]) -> None:
        self._work, self._on_end = work, on_end
        self._stop = threading.Event()
        self._lock = threading.Lock()
        self._asked = threading.Event()
        """Somebody called `start` since the work was last seen to have ended."""
        self._ending = threading.Lock()
        self._thread: threading.Thread | None = None
        self.running = False
        """Whether it is at work."""

    def start(self) -> None:
        """Begin, or go on; nothing happens if it is at work already."""
        with self._lock:
            with self._ending:
                self._asked.set()
                if self.running and not self._stop.is_set():
                    return  # it will look for work once more before it ends
            self._join()
            self._stop.clear()
            self._asked.clear()
            self.running = True
            atexit.register(_stop_at_exit, weakref.ref(self))
            self._thread = threading.Thread(target=self._run, daemon=True)
            self._thread.start()

    def stop(self) -> None:
        """End after the piece that is under way, and wait for that."""
        with self._lock:
            self._stop.set()
            self._join()

    def _join(self) -> None:
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join()

    def _run(self) -> None:
        failed: Exception | None = None
        try:
            while self._goes_on():
                pass
        except Exception as error:  # anything else would vanish with the thread
            failed = error
            self.running = False
        self._on_end(failed)

    def _goes_on(self) -> bool:
        if not self._stop.is_set() and self._work():
            return True
        with self._ending:
            if self._asked.is_set() and not self._stop.is_set():
                self._asked.clear()
                return True
            self.running = False
            return False


def _stop_at_exit(background: "weakref.ref[Background]") -> None:
    if (alive := background()) is not None:
        alive.stop()  # a thread that is within torch when Python ends would abort the process

"""Work off the main thread, of which only the newest request counts: a dragged slider never queues anything up."""

import threading
from collections.abc import Callable
from typing import Any


class LatestOnly:
    """Calls a function with the newest request in a thread of its own; a request that is overtaken is dropped.

    Args:
        work: Called with what was asked, never twice at a time. It must not raise.
    """

    def __init__(self, work: Callable[..., None]) -> None:
        self._work = work
        self._changed = threading.Condition()
        self._waiting: tuple[Any, ...] | None = None
        self._busy = False

    def ask(self, *request: Any) -> None:
        """Ask for work; returns at once."""
        with self._changed:
            self._waiting = request
            self._changed.notify_all()
            if not self._busy:
                self._busy = True
                threading.Thread(target=self._run, daemon=True).start()

    def overtaken(self) -> bool:
        """Say whether a newer request is waiting, so that long work can give up."""
        return self._waiting is not None

    def rests(self, seconds: float) -> bool:
        """Wait, at work, whether a newer request comes; True if none does."""
        with self._changed:
            return not self._changed.wait_for(lambda: self._waiting is not None, seconds)

    def wait(self, seconds: float = 30.0) -> bool:
        """Wait until nothing is left to do; False if that takes longer than `seconds`."""
        with self._changed:
            return self._changed.wait_for(lambda: not self._busy, seconds)

    def _run(self) -> None:
        while True:
            with self._changed:
                if self._waiting is None:
                    self._busy = False
                    self._changed.notify_all()
                    return
                request, self._waiting = self._waiting, None
            self._work(*request)

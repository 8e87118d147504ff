"""Ends a learner's infinite loop, on every system and in every thread, and leaves a traceback that names its line."""

import ctypes
import threading
from collections.abc import Iterator
from contextlib import contextmanager


class TooSlowError(BaseException):
    """Raised inside a function that takes too long; not an Exception, so that `except Exception` does not catch it."""


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TooSlowError` in the block once it has taken that long (between two steps of Python, not inside C).

    Args:
        seconds: Wall time.

    Yields:
        Nothing.

    Raises:
        TooSlowError: If the block takes longer.
    """
    thread = ctypes.c_ulong(threading.get_ident())
    lock, finished = threading.Lock(), False

    def interrupt() -> None:
        with lock:
            if not finished:
                ctypes.pythonapi.PyThreadState_SetAsyncExc(thread, ctypes.py_object(TooSlowError))

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        with lock:
            finished = True
        timer.cancel()
        timer.join()

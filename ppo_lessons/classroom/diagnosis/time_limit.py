"""Ends a learner's infinite loop, on every system and in every thread, and says in which line it was."""

import ctypes
import inspect
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TypeVar

Result = TypeVar("Result")
A_TRY = 0.3
"""Seconds for what is only tried: a changed answer can run for ever."""
GRACE = 1.0
"""So many seconds a function is asked to end before its thread is given up."""


class TooSlowError(BaseException):
    """Raised inside a function that takes too long; not an Exception, so that `except Exception` does not catch it."""

    def __init__(self, line: str = "") -> None:
        """Say in which line it was."""
        super().__init__(line)
        self.line = line


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Raise `TooSlowError` in the block once it has taken that long (between two steps of Python, not inside C).

    Args:
        seconds: CPU time of the process, so that a busy machine does not end what would have been done in time.

    Yields:
        Nothing.

    Raises:
        TooSlowError: If the block takes longer.
    """
    thread, finished = threading.current_thread(), threading.Event()
    lock = threading.Lock()
    began = time.process_time()

    def interrupt() -> None:
        while time.process_time() - began < seconds and not finished.wait(0.05):
            pass  # the machine is busy with something else
        while True:  # once is not enough for `while True: try: ... except: pass`
            with lock:
                if finished.is_set() or not thread.is_alive():
                    return
                _raise_in(thread.ident or 0)
            if finished.wait(0.01):
                return

    timer = threading.Timer(seconds, interrupt)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        try:
            finished.set()
        finally:  # a last request may arrive just there
            finished.set()
            with lock:
                timer.cancel()


def in_time(work: Callable[[], Result], seconds: float, filename: str | None = None) -> Result:
    """Do something in a thread of its own, and be back in time whatever it does: sleep, compute in C, swallow errors.

    Args:
        work: What is to be done.
        seconds: Wall time. A thread that cannot be ended is left behind.
        filename: Of which file the line is wanted.

    Returns:
        What it returned.

    Raises:
        TooSlowError: If it takes longer; it knows the line.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def run() -> None:
        try:
            results.append(work())
        except BaseException as error:  # it is raised again, in the thread that asked
            errors.append(error)

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        thread.join(seconds)
    finally:
        line = _line_in(thread, filename) if thread.is_alive() else ""
        _end(thread)
    if results:
        return results[0]
    raise TooSlowError(line) if not errors or isinstance(errors[0], TooSlowError) else errors[0]


def _end(thread: threading.Thread) -> None:
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that one request in a while falls outside a `try`
    try:
        for _ in range(int(GRACE / 0.002)):
            if not thread.is_alive():
                break
            _raise_in(thread.ident or 0)
            thread.join(0.002)
    finally:
        sys.setswitchinterval(switch)


def _raise_in(thread: int) -> None:
    ctypes.pythonapi.PyThreadState_SetAsyncExc(ctypes.c_ulong(thread), ctypes.py_object(TooSlowError))


def _line_in(thread: threading.Thread, filename: str | None) -> str:
    """Return the innermost line of that file at which a thread is."""
    frame: FrameType | None = sys._current_frames().get(thread.ident or 0)
    while frame is not None and frame.f_code.co_filename != filename:
        frame = frame.f_back
    if frame is None:
        return ""
    context = inspect.getframeinfo(frame).code_context
    return f"line {frame.f_lineno}: {context[0].strip()}" if context else f"line {frame.f_lineno}"

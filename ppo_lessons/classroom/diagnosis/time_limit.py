"""Ends a learner's infinite loop, on every system and in every thread, and says in which line it was."""

import ctypes
import inspect
import sys
import threading
from collections.abc import Callable
from types import FrameType
from typing import TypeVar

Result = TypeVar("Result")
GRACE = 1.0
"""So many seconds a function is asked to end before its thread is given up."""


class TooSlowError(BaseException):
    """Raised inside a function that takes too long; not an Exception, so that `except Exception` does not catch it."""

    def __init__(self, line: str = "") -> None:
        """Say in which line it was."""
        super().__init__(line)
        self.line = line


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
    done = threading.Event()

    def run() -> None:
        try:
            try:
                results.append(work())
            except BaseException as error:  # it is raised again, in the thread that asked
                errors.append(error)
            done.set()
        except TooSlowError:  # asked once more, while it ended
            done.set()

    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    try:
        done.wait(seconds)
    finally:
        line = "" if done.is_set() else _line_in(thread, filename)
        _end(thread, done)
    if results:
        return results[0]
    raise TooSlowError(line) if not errors or isinstance(errors[0], TooSlowError) else errors[0]


def _end(thread: threading.Thread, done: threading.Event) -> None:
    """Ask a thread to end, for a while."""
    switch = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)  # so that one request in a while falls outside a `try`
    try:
        for _ in range(int(GRACE / 0.002)):
            if done.is_set() or not thread.is_alive():
                break
            _raise_in(thread.ident or 0)
            done.wait(0.002)
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

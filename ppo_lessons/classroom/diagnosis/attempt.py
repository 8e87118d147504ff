"""One function at all probes of an exercise: what it did, or how and where it stopped."""

import inspect
import traceback
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

from ppo_lessons.classroom.diagnosis.conditions import set_known_state
from ppo_lessons.classroom.diagnosis.time_limit import TooSlowError
from ppo_lessons.classroom.exercise import Outcome, Probe

PLACE = "line"
"""Where an error happened: told, not compared."""


class _Watched:
    """A function that keeps what it returned last, or its own error."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function
        self.returned: Any = None
        self.error: BaseException | None = None

    def __call__(self, *args: Any) -> Any:
        try:
            self.returned = self.function(*args)
        except BaseException as error:  # whatever it is, it is the answer's own
            self.error = error
            raise
        if inspect.isgenerator(self.returned):
            self.returned = self._one_by_one(self.returned)
        return self.returned

    def _one_by_one(self, pieces: Iterator[Any]) -> Iterator[Any]:
        """Hand on what a generator yields; it works while it is gone through, and an error then is its own, too."""
        try:
            yield from pieces
        except Exception as error:
            self.error = error
            raise


def attempt(probe: Probe, function: Callable[..., Any], *, place: bool = False) -> Outcome:
    """Look at a function with one probe.

    Args:
        probe: Calls it.
        function: A learner's, or any other.
        place: Whether the line of an error is wanted, which takes longer.

    Returns:
        What the probe saw. An error of the function's own stands in it as "error", with its "line"; a result with
        which the probe cannot work as "result" alone.

    Raises:
        TooSlowError: If its time is up.
    """
    watched = _Watched(function)
    set_known_state()
    try:
        return probe(watched)
    except TooSlowError:
        raise
    except BaseException as error:
        if watched.error is None:
            return {"result": watched.returned, "what can be done with the result": "nothing"}
        return {"error": _said(error), PLACE: own_line(error, function) if place else ""}


def is_at_work(frame: FrameType | None) -> bool:
    """Say whether the function that is looked at is at work further up on the stack, and not only its probe."""
    inside = (_Watched.__call__.__code__, _Watched._one_by_one.__code__)
    while frame is not None:
        if frame.f_code in inside:
            return True
        frame = frame.f_back
    return False


def facts(outcome: Outcome) -> Outcome:
    """Return an outcome without the place of its error: the same mistake can stand in any line."""
    return {name: value for name, value in outcome.items() if name != PLACE}


def own_file(function: Callable[..., Any]) -> str | None:
    """Return the file, or the cell, in which a function is written."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return code.co_filename if code else None


def own_line(error: BaseException, function: Callable[..., Any]) -> str:
    """Return the last line of the learner's function that the error passed through."""
    file = own_file(function)
    frames = [frame for frame in traceback.extract_tb(error.__traceback__) if file and frame.filename == file]
    return f"line {frames[-1].lineno}: {frames[-1].line}" if frames else ""


def _said(error: BaseException) -> str:
    try:
        text = " ".join(str(error).split())
    except Exception:  # an exception may be unable to say anything
        text = ""
    return f"{type(error).__name__}: {text}" if text else type(error).__name__

"""What a learner's function does: right, blank, a known mistake, or the first difference; never an exception."""

import inspect
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from ppo_lessons.classroom.exercise import Exercise, Outcome, alike
from ppo_lessons.classroom.time_limit import TooSlowError, time_limit

SECONDS = 5
"""A function may take so long on one probe; all of them take milliseconds."""
TOO_SLOW = f"it was still running after {SECONDS} seconds"
BLANKS = (..., None)
"""What a blank returns: `return ...`, or nothing yet."""


@dataclass(frozen=True)
class Verdict:
    """What a check found."""

    kind: str
    """passed, blank, borrowed, mistake (a known one), different (an unknown one), hidden state or error."""
    text: str
    """One line for the learner."""
    mistake: str | None = None
    """Name of the known mistake."""


def diagnose(exercise: Exercise, function: Callable[..., Any]) -> Verdict:
    """Find out what a function does. It never raises, and leaves all global random numbers as they were.

    Args:
        exercise: What was asked.
        function: The learner's answer.

    Returns:
        The verdict.
    """
    module = getattr(inspect.unwrap(function), "__module__", "") or ""
    if function is exercise.function or module.startswith("ppo_lessons."):
        return Verdict("borrowed", "this is the package's own function. Write yours, it is only a few lines.")
    with _random_numbers_kept():
        expected = [_try(probe, exercise.function) for probe in exercise.probes]
        outcomes: list[Outcome] = []
        for probe in exercise.probes:
            outcomes.append(_try(probe, function))
            if outcomes[-1].get("error") == TOO_SLOW:
                return Verdict("error", f"not yet. With some inputs {TOO_SLOW} ({outcomes[-1]['line']}).")
        if outcomes[0].get("result", "something") in _Blank():
            return Verdict("blank", f'still blank, the package\'s own is used. For a hint: hint("{exercise.number}")')
        if not alike(_facts(outcomes), _facts([_try(probe, function) for probe in exercise.probes])):
            text = "not yet. Called twice with the same inputs it answers differently: what does it remember?"
            return Verdict("hidden state", text)
        if alike(outcomes, expected):
            return Verdict("passed", f"right, on {len(outcomes)} different inputs. Yours is used from here on.")
        for mistake in exercise.mistakes:
            if alike(_facts(outcomes), _facts([_try(probe, mistake.wrong) for probe in exercise.probes])):
                text = f"not yet. It looks like {mistake.name}. {mistake.advice}"
                return Verdict("mistake", text, mistake.name)
    return _first_difference(exercise, outcomes, expected)


class _Blank:
    """Holds what a blank returns, compared by identity (a tensor cannot be compared with `in`)."""

    def __contains__(self, result: object) -> bool:
        return any(result is blank for blank in BLANKS)


def _try(probe: Callable[[Callable[..., Any]], Outcome], function: Callable[..., Any]) -> Outcome:
    """Run a probe; an exception of the function becomes part of the outcome."""
    try:
        with time_limit(SECONDS):
            return probe(function)
    except TooSlowError as error:
        return {"error": TOO_SLOW, "line": _own_line(error, function)}
    except (Exception, SystemExit) as error:  # whatever the learner's function raises, we report it
        return {"error": f"{type(error).__name__}: {error}", "line": _own_line(error, function)}


def _facts(outcomes: list[Outcome]) -> list[Outcome]:
    """Return the outcomes without the places where errors happened: the same mistake can stand in any line."""
    return [{name: value for name, value in outcome.items() if name != "line"} for outcome in outcomes]


def _own_line(error: BaseException, function: Callable[..., Any]) -> str:
    """Return the last line of the learner's function that the error passed through."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    frames = [f for f in traceback.extract_tb(error.__traceback__) if code and f.filename == code.co_filename]
    return f"line {frames[-1].lineno}: {frames[-1].line}" if frames else ""


def _first_difference(exercise: Exercise, outcomes: list[Outcome], expected: list[Outcome]) -> Verdict:
    for probe, got, want in zip(exercise.probes, outcomes, expected, strict=True):
        if alike(got, want):
            continue
        inputs = _inputs_text(exercise, getattr(probe, "inputs", ()))
        if "error" in got and "error" not in want:
            where = f" ({got['line']})" if got["line"] else ""
            return Verdict("error", f"not yet. With {inputs} it stops: {got['error']}{where}")
        for name in [*want, *got]:
            if name not in want or name not in got or not alike(got[name], want[name]):
                return Verdict("different", f"not yet. With {inputs}: {name} is {_compare(got, want, name)}.")
    return Verdict("different", "not yet.")


def _inputs_text(exercise: Exercise, inputs: tuple[Any, ...]) -> str:
    names = list(inspect.signature(exercise.function).parameters)
    return ", ".join(f"{name} = {_show(value)}" for name, value in zip(names, inputs, strict=False)) or "its inputs"


def _compare(got: Outcome, want: Outcome, name: str) -> str:
    """Return what came out and what was expected; shape and dtype are named only where they differ."""
    if name not in got or name not in want:
        return f"{_show(got.get(name, 'missing'))}, expected {_show(want.get(name, 'nothing of the kind'))}"
    kinds = [_kind(got[name]), _kind(want[name])]
    shown = [_show(got[name]), _show(want[name])]
    if kinds[0] != kinds[1]:
        shown = [f"{value} [{kind}]" for value, kind in zip(shown, kinds, strict=True)]
    return f"{shown[0]}, expected {shown[1]}"


def _kind(value: Any) -> str:
    if isinstance(value, (torch.Tensor, np.ndarray)):
        return f"{str(value.dtype).removeprefix('torch.')} of shape {tuple(value.shape)}"
    return type(value).__name__


def _show(value: Any) -> str:
    """Return a value as short text."""
    if isinstance(value, torch.Tensor):
        value = value.detach().numpy()
    if isinstance(value, np.ndarray):
        return " ".join(np.array2string(value, precision=4, threshold=12, separator=", ").split())
    return f"{value:.4g}" if isinstance(value, float) else str(value)


@contextmanager
def _random_numbers_kept() -> Iterator[None]:
    state = np.random.get_state()
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        np.random.seed(0)
        try:
            yield
        finally:
            np.random.set_state(state)

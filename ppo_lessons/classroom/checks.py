"""What a learner's function does: right, blank, a known mistake, what is true of it; never an exception."""

import functools
import inspect
import sys
import types
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from types import FrameType
from typing import Any

from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.diagnosis import words
from ppo_lessons.classroom.diagnosis.attempt import attempt, facts, is_at_work, own_file
from ppo_lessons.classroom.diagnosis.conditions import Kept, known_conditions, random_states
from ppo_lessons.classroom.diagnosis.naming import explain
from ppo_lessons.classroom.diagnosis.source import is_blank
from ppo_lessons.classroom.diagnosis.time_limit import TooSlowError, in_time
from ppo_lessons.classroom.exercise import Exercise, Outcome

SECONDS = 5
"""A function may take so long on all probes; they take milliseconds."""
SECONDS_TO_EXPLAIN = 60
"""For what is tried out to name a mistake. It takes a few seconds at most; only a loop without end is cut off."""
BLANKS = (..., None)
"""What a blank returns: `return ...`, or nothing yet."""


@dataclass(frozen=True)
class Verdict:
    """What a check found."""

    kind: str
    """passed, blank, borrowed, mistake (a known one), explained (what is true of it), different (only values can be
    shown), hidden state or error."""
    text: str
    """One line for the learner."""
    mistake: str | None = None
    """Name of the known mistake, or of the change of the right function."""
    why: str = ""
    """What is the matter, without the example."""


def diagnose(exercise: Exercise, function: Callable[..., Any]) -> Verdict:
    """Find out what a function does. It never raises, is back in time, and leaves everything as it was.

    Args:
        exercise: What was asked.
        function: The learner's answer.

    Returns:
        The verdict.
    """
    if is_borrowed(exercise, function):
        return Verdict("borrowed", "this is the package's own function. Write yours, it is only a few lines.")
    with known_conditions() as kept:
        verdict = _diagnose(exercise, function, kept)
    return replace(verdict, text=words.clipped(verdict.text, words.LONGEST))


def passes(exercise: Exercise, function: Callable[..., Any]) -> bool:
    """Say whether a function is right: `diagnose` without looking for words, and each probe once.

    Args:
        exercise: What was asked.
        function: Any function.
    """

    def look() -> bool:
        return all(alike(attempt(probe, function), attempt(probe, exercise.function)) for probe in exercise.probes)

    with known_conditions():
        try:
            return in_time(look, SECONDS)
        except TooSlowError:
            return False


def is_borrowed(exercise: Exercise, function: Callable[..., Any]) -> bool:
    """Say whether a function is the package's own."""
    inside = inspect.unwrap(function)
    while isinstance(inside, functools.partial):
        inside = inside.func
    module = getattr(inside, "__module__", None) or ""
    return inside is exercise.function or str(module).startswith("ppo_lessons.")


def _diagnose(exercise: Exercise, function: Callable[..., Any], kept: Kept) -> Verdict:
    want = [attempt(probe, exercise.function) for probe in exercise.probes]
    calls: list[str] = []
    runs: list[list[Outcome]] = [[], []]
    drawn: list[bool] = []

    def look() -> None:
        states = random_states()
        for run in runs:
            for probe in exercise.probes:
                with _watching(exercise, calls):
                    run.append(attempt(probe, function, place=True))
            drawn.append(random_states() != states)

    try:
        in_time(look, SECONDS, own_file(function))
    except TooSlowError as error:
        place = sum(map(len, runs)) % len(exercise.probes)  # of the first or the second run
        where = f" ({error.line})" if error.line else ""
        call = words.call_text(exercise, place)
        return Verdict("error", f"not yet. {call} was still running after {SECONDS} seconds{where}.")
    if replaced := kept.put_back():
        return Verdict("error", f"not yet. It puts something else in the place of {replaced[0]}, for all who use it.")
    verdict = _at_first_sight(exercise, function, runs[0], kept)
    if verdict is not None:
        return verdict
    if not all(_the_same(*pair) for pair in zip(runs[1], runs[0], strict=True)):
        why = "does it remember something, draw random numbers, or look at the clock?"
        return Verdict("hidden state", f"not yet. Called twice with the same inputs it answers differently: {why}")
    if alike(runs[0], want):
        if calls:
            return Verdict("borrowed", f"it calls the package's own {exercise.name}. Write yours, in a few lines.")
        return Verdict("passed", f"right, on {len(want)} different inputs.{_cautions(exercise, function)}")
    return _explained(exercise, function, runs[0], want, any(drawn))


def _cautions(exercise: Exercise, function: Callable[..., Any]) -> str:
    """Return a warning about a right answer that breaks down with extreme inputs."""
    for probe in exercise.cautions:
        got, want = attempt(probe, function), attempt(probe, exercise.function)
        if not alike(facts(got), want):
            broken = words.shown(got.get("result", got.get("error")))
            return f" Careful: with {probe.special} it gives {broken}, where {words.shown(want['result'])} is possible."
    return ""


def _the_same(got: Outcome, want: Outcome) -> bool:
    """Say whether two runs gave the same; of what cannot be compared, whether it looks the same."""
    if got.keys() != want.keys():
        return False
    pairs = [(got[name], want[name]) for name in facts(got)]
    looks = [[(words.kind(value), words.shown(value, 12)) for value in pair] for pair in pairs]
    return all(alike(*pair) or look[0] == look[1] for pair, look in zip(pairs, looks, strict=True))


@contextmanager
def _watching(exercise: Exercise, calls: list[str]) -> Iterator[None]:
    """Notice calls of the package's own function while the answer is at work; the probes may call it themselves."""
    code = inspect.unwrap(exercise.function).__code__

    def see(frame: FrameType, event: str, arg: object) -> None:
        if event == "call" and frame.f_code is code and is_at_work(frame):
            calls.append(exercise.name)

    if sys.getprofile() is not None:  # whoever profiles goes on
        yield
        return
    sys.setprofile(see)
    try:
        yield
    finally:
        sys.setprofile(None)


def _at_first_sight(exercise: Exercise, function: Callable[..., Any], got: list[Outcome], kept: Kept) -> Verdict | None:
    """Tell results that no right answer has, whatever was asked."""
    results = [outcome.get("result", "something") for outcome in got]
    first = results[0]
    if all(any(result is blank for blank in BLANKS) for result in results):
        if is_blank(function):
            hint = f'For a hint: hint("{exercise.number}")'
            return Verdict("blank", f"still blank, the package's own is used. {hint}")
        if _returns_nothing(exercise):
            return None  # nothing was changed; the probes say what should have been
        if kept.printed.getvalue().strip():
            return Verdict(
                "explained", "not yet. It prints something, but returns nothing: print shows, return hands on."
            )
        return Verdict(
            "explained", "not yet. It works something out, but returns nothing: the last line needs a return."
        )
    if any(result is None for result in results) and not _returns_nothing(exercise):
        call = words.call_text(exercise, next(place for place, result in enumerate(results) if result is None))
        return Verdict("explained", f"not yet. With some inputs it returns nothing: {call} gives None.")
    if inspect.isgenerator(first):
        return Verdict(
            "explained", "not yet. It returns a generator, which has not begun to work: no yield, and [...] for (...)."
        )
    if isinstance(first, Iterator):
        return Verdict(
            "explained",
            f"not yet. It returns a {type(first).__name__}, which can be gone through only once: list(...) of it?",
        )
    if isinstance(first, (types.FunctionType, types.BuiltinFunctionType, types.MethodType)):
        name = getattr(first, "__name__", type(first).__name__)
        return Verdict(
            "explained", f"not yet. It returns the function {name} itself, not its result: the () are missing."
        )
    return None


def _returns_nothing(exercise: Exercise) -> bool:
    """Say whether a function is asked for that changes something, and returns nothing."""
    return inspect.signature(exercise.function).return_annotation in (None, "None")


def _explained(
    exercise: Exercise, function: Callable[..., Any], got: list[Outcome], want: list[Outcome], draws: bool
) -> Verdict:
    place = words.first_difference(exercise, got, want)
    example = words.example(exercise, place, got[place], want[place])
    try:
        explanation = in_time(lambda: explain(exercise, function, got, want, draws), SECONDS_TO_EXPLAIN)
    except (TooSlowError, Exception, SystemExit):  # it runs pieces of the answer
        explanation = None
    if explanation is not None:
        text = f"not yet. {explanation.text}"
        if explanation.with_example and len(text) + len(example) + 2 < words.LONGEST:
            text = f"{text} {example}."
        kind = "mistake" if explanation.mistake else "explained"
        return Verdict(kind, text, explanation.mistake, explanation.text)
    told = words.is_told(got[place], want[place])
    kind = "error" if "error" in got[place] else "explained" if told else "different"
    return Verdict(kind, f"not yet. {example}.")

"""Finds the words for a wrong answer: a known mistake, a change of a right one, a repair, or what is true of it."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import Any

import numpy as np
import torch

from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.diagnosis.attempt import attempt, facts
from ppo_lessons.classroom.diagnosis.changes import changes_of, pairs
from ppo_lessons.classroom.diagnosis.repairs import Repair, find_repair
from ppo_lessons.classroom.diagnosis.source import built, scope_of, tree_of
from ppo_lessons.classroom.diagnosis.time_limit import TooSlowError
from ppo_lessons.classroom.diagnosis.traits import only_with, traits
from ppo_lessons.classroom.diagnosis.words import is_told
from ppo_lessons.classroom.exercise import Exercise, Outcome

Function = Callable[..., Any]
MOST_PAIRS = 1200
"""So many are tried; some exercises have more inputs than that."""


@dataclass(frozen=True)
class Explanation:
    """Words for what is wrong."""

    text: str
    """One or two sentences."""
    mistake: str | None = None
    """The name of the mistake or change, if it is one."""
    with_example: bool = True
    """Whether the smallest example helps beside it."""


def explain(
    exercise: Exercise, function: Function, got: list[Outcome], want: list[Outcome], draws: bool = False
) -> Explanation | None:
    """Say what is wrong with an answer, in the most telling way that is certain.

    Args:
        exercise: What was asked.
        function: The learner's.
        got: What came of each probe.
        want: What the package's function gives.
        draws: Whether the answer drew random numbers.

    Returns:
        The explanation; None if only values can be shown.
    """
    search = Search(exercise, got, want)
    many_are_right = any(probe.free for probe in exercise.probes)
    if many_are_right or is_told(search.got[search.wrong[0]], search.want[search.wrong[0]]):
        return _known_mistake(search)  # the difference is one in words, which say the rest
    ways: tuple[Callable[[], Explanation | None], ...] = (
        lambda: _known_mistake(search),
        lambda: Explanation("It draws random numbers, and none are asked for.") if draws else None,
        lambda: _only_with(search, function),
        lambda: _change(search),
        lambda: _repair(search, function),
        lambda: _mistake_but_for(search),
        lambda: _two_changes(search),
        lambda: _trait(search, function),
    )
    return next((found for way in ways if (found := way()) is not None), None)


class Search:
    """Compares functions with what came of the learner's, or with what is right, beginning where most is seen.

    Args:
        exercise: What was asked.
        got: What came of each probe.
        want: What the package's function gives.
    """

    def __init__(self, exercise: Exercise, got: list[Outcome], want: list[Outcome]) -> None:
        self.exercise = exercise
        self.got, self.want = [facts(outcome) for outcome in got], [facts(outcome) for outcome in want]
        wrong = [place for place, pair in enumerate(zip(self.got, self.want, strict=True)) if not alike(*pair)]
        self.wrong = wrong
        self._order = [*wrong, *(place for place in range(len(got)) if place not in wrong)]

    def does_the_same(self, function: Function, places: list[int] | None = None) -> bool:
        """Say whether a function does what the learner's did, at all probes or at some."""
        return self._agrees(function, self.got, self._order if places is None else places)

    def is_right(self, function: Function) -> bool:
        """Say whether a function is right."""
        try:
            return self._agrees(function, self.want, self._order)
        except TooSlowError:
            return False

    def shows(self, function: Function) -> bool:
        """Say whether a function differs from the right one, and returns something, at a probe that tells."""
        for place in self.wrong[:2]:
            outcome = facts(attempt(self.exercise.probes[place], function))
            if "error" not in outcome and not alike(outcome, self.want[place]):
                return True
        return False

    def _agrees(self, function: Function, outcomes: list[Outcome], places: list[int]) -> bool:
        return all(alike(facts(attempt(self.exercise.probes[i], function)), outcomes[i]) for i in places)


def _known_mistake(search: Search) -> Explanation | None:
    for mistake in search.exercise.mistakes:
        if search.does_the_same(mistake.wrong):
            return Explanation(f"It looks like {mistake.name}. {mistake.advice}", mistake.name, with_example=False)
    return None


def _only_with(search: Search, function: Function) -> Explanation | None:
    right = [place not in search.wrong for place in range(len(search.want))]
    special = only_with(search.exercise, right)
    if special is None:
        return None
    repair = _repair(search, function)
    return Explanation(f"Right, except with {special}." + (f" {repair.text}" if repair is not None else ""))


def _change(search: Search) -> Explanation | None:
    of_inputs, of_results = changes_of(search.exercise)
    for change in [*of_results, *of_inputs]:
        if search.does_the_same(change.of(search.exercise.function)):
            return Explanation(f"It looks like {change.name}. {change.advice}", change.name)
    return None


def _repair(search: Search, function: Function) -> Explanation | None:
    tree = tree_of(function)
    if tree is None:
        return None
    found = find_repair(tree, scope_of(function), search.is_right)
    if found is None:
        return None
    lines = inspect.getsourcelines(inspect.unwrap(function))[1]
    return Explanation(_said(found, lines + found.line - 1), None)


def _said(found: Repair, line: int) -> str:
    piece = " ".join(found.piece.split())
    piece = piece if len(piece) <= 70 else f"{piece[:67]}..."
    sign = "?" if found.what.startswith(("is ", "have ", "does ")) else "."
    return f"One small change would make it right. Line {line}, `{piece}`: {found.what}{sign}"


def _two_changes(search: Search) -> Explanation | None:
    place = search.wrong[0]
    got, want = search.got[place], search.want[place]
    if ("result" in got) != ("result" in want) or type(got.get("result")) is not type(want.get("result")):
        return None
    if _says_little(want.get("result")) or hasattr(
        search.exercise.function(*search.exercise.probes[0].make()), "_fields"
    ):
        return None
    for name, advice, function in islice(pairs(search.exercise, search.shows), MOST_PAIRS):
        if search.does_the_same(function):
            return Explanation(f"It looks like two things at once: {name}. {advice}", name)
    return None


def _says_little(result: Any) -> bool:
    """Say whether a result is so simple that two changes can hit it by chance."""
    return isinstance(result, int) or getattr(result, "dtype", None) in (torch.bool, np.dtype(bool))


def _mistake_but_for(search: Search) -> Explanation | None:
    """Name a mistake that fits but for the probes with something special."""
    probes = search.exercise.probes
    plain = [place for place, probe in enumerate(probes) if not probe.special]
    if not set(plain) & set(search.wrong) or len(plain) < 2 or len(plain) == len(probes):
        return None
    for name, advice, function in _all_single(search.exercise):
        if search.does_the_same(function, plain):
            other = [probe for place, probe in enumerate(probes) if not search.does_the_same(function, [place])]
            rest = " and ".join(dict.fromkeys(probe.special for probe in other))
            return Explanation(f"It looks like {name}, and with {rest} something else as well. {advice}", name)
    return None


def _all_single(exercise: Exercise) -> Iterator[tuple[str, str, Function]]:
    yield from ((mistake.name, mistake.advice, mistake.wrong) for mistake in exercise.mistakes)
    of_inputs, of_results = changes_of(exercise)
    yield from ((each.name, each.advice, each.of(exercise.function)) for each in [*of_results, *of_inputs])


def _trait(search: Search, function: Function) -> Explanation | None:
    tree = tree_of(function)
    bounded = built(tree, scope_of(function)) if tree is not None else None
    text = next(iter(traits(search.exercise, bounded or function, search.got, search.want)), None)
    return None if text is None else Explanation(f"{text[0].upper()}{text[1:]}.", None)

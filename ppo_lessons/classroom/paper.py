"""Exercises for pen and paper: the answer is a number or a word, and the usual wrong results are known by name."""

import importlib
import math
import pkgutil
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from ppo_lessons.classroom.checks import BLANKS, Verdict

CLOSE = 0.005
"""A number this near is the same: two decimal places are enough."""


@dataclass(frozen=True, kw_only=True)
class OnPaper:
    """One question with one right answer.

    Raises:
        ValueError: If two of its answers cannot be told apart, an answer is none of its choices, or a choice is neither
            right nor a known mistake.
    """

    number: str
    """Lesson and place in it: "4.4"."""
    right: float | str
    """A number, or a word."""
    because: str
    """How one gets there, in a few sentences; said when the answer is right, or when the solution is asked for."""
    mistakes: Mapping[float | str, str]
    """A wrong answer -> what was done, and what to look at next. Each is worked out by hand."""
    hint: str
    """How to go on, for whoever asks and for an answer that nobody foresaw."""
    choices: tuple[str, ...] = ()
    """All that can be chosen, where the answer is a choice."""
    points: int = 1
    """What it counts where a class is graded."""

    def __post_init__(self) -> None:
        """Refuse answers that cannot be told apart."""
        answers = [self.right, *self.mistakes]
        twins = [(a, b) for i, a in enumerate(answers) for b in answers[:i] if _same(a, b) or _same(b, a)]
        if twins:
            raise ValueError(f"Answers to {self.number} must be told apart. Got {twins}")
        strange = [answer for answer in answers if self.choices and answer not in self.choices]
        if strange:
            raise ValueError(f"Answers to {self.number} must be among its choices. Got {strange}")
        silent = [choice for choice in self.choices if choice not in answers]
        if silent:
            raise ValueError(f"Every choice of {self.number} must be right or a known mistake. Got {silent}")


def find_papers(lessons: str) -> tuple[OnPaper, ...]:
    """Return the pen-and-paper exercises of all lessons, in the order of their numbers.

    Args:
        lessons: Dotted name of a package with a folder for each lesson; one with such exercises has a module `on_paper`
            that holds them as `PAPER`.
    """
    modules = pkgutil.iter_modules(importlib.import_module(lessons).__path__, f"{lessons}.")
    paths = {module.name: importlib.import_module(module.name).__path__ for module in modules if module.ispkg}
    with_paper = [
        n for n, path in paths.items() if "on_paper" in {module.name for module in pkgutil.iter_modules(path)}
    ]
    found = [paper for name in with_paper for paper in importlib.import_module(f"{name}.on_paper").PAPER]
    return tuple(sorted(found, key=lambda paper: [int(part) for part in paper.number.split(".")]))


def judge(paper: OnPaper, answer: Any) -> Verdict:
    """Say what an answer is: passed, blank, mistake (a known one), different or error (no answer at all).

    Args:
        paper: What was asked.
        answer: A number of any kind (also as text: "0.5", "0,5", "1/2"), or a word.

    Returns:
        The verdict.
    """
    wanted = f"one of {', '.join(map(repr, paper.choices))}" if paper.choices else "your answer"
    if any(answer is blank for blank in BLANKS) or (isinstance(answer, str) and not answer.strip()):
        return Verdict("blank", f"still blank. Put {wanted} in the place of the dots.")
    if _same(paper.right, answer):
        return Verdict("passed", f"right. {paper.because}")
    for wrong, advice in paper.mistakes.items():
        if _same(wrong, answer):
            return Verdict("mistake", f"not yet. {advice}", str(wrong))
    said = " ".join(str(answer).split())
    said = said if len(said) <= 40 else f"{said[:40]}…"
    if paper.choices:
        return Verdict("error", f"not yet. {said!r} is not to be chosen here. Put {wanted}.")
    if isinstance(paper.right, str) or _number(answer) is not None:
        return Verdict("different", f"not yet. {said} is none of the results that we foresaw. {paper.hint}")
    return Verdict("error", f"not yet. A number is asked for, and {said!r} is none.")


def _same(known: float | str, answer: Any) -> bool:
    """Whether an answer is a known one: a number up to rounding, a word up to capitals and spaces."""
    if isinstance(known, str):
        return isinstance(answer, str) and known.casefold().split() == answer.casefold().split()
    number = _number(answer)
    return number is not None and abs(number - known) <= CLOSE + 1e-9


def _number(answer: Any) -> float | None:
    """Return the number that somebody wrote; None if it is none."""
    if isinstance(answer, bool):
        return None
    try:
        number = float(Fraction(answer.strip().replace(",", "."))) if isinstance(answer, str) else float(answer)
    except (TypeError, ValueError, ZeroDivisionError, OverflowError, RuntimeError):
        return None
    return number if math.isfinite(number) else None

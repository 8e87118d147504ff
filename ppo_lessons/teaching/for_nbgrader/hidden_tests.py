"""What the hidden tests of an nbgrader assignment ask: is it right, also on inputs that the lesson never shows?

They run in the kernel of the answer, so what a notebook puts in the place of the checks themselves is not found out.
That wrong answers pass is.
"""

import functools
from collections.abc import Callable
from typing import Any

from ppo_lessons.classroom.checks import diagnose, passes
from ppo_lessons.classroom.drawn_anew import drawn_anew
from ppo_lessons.classroom.draws import other_inputs
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.paper import judge
from ppo_lessons.lessons import desk

SETS = (1, 2)
"""Which other sets of inputs are tried."""


def trouble_with(number: str, function: Callable[..., Any]) -> str:
    """Return what is the matter with a function, in the words of the lesson's check; "" if it answers the exercise.

    It raises nothing, so that a student's page shows the test alone and no folder of the teacher's; and it prints
    nothing, as nbgrader takes a warning for a failed test.

    Args:
        number: Of the exercise: "7.2".
        function: The learner's.

    Raises:
        ValueError: If there is no such exercise.
    """
    exercise = desk.find(number)
    if exercise is None:
        raise ValueError(f"The number of an exercise is one of the course's. Got {number!r}")
    if not _refuses_what_is_wrong(exercise):
        return "In this notebook wrong answers count as right: it has changed what compares them."
    verdict = diagnose(exercise, function)
    if verdict.kind != "passed":
        return verdict.text
    for which in SETS:
        with other_inputs(which):
            verdict = diagnose(_exercises(which)[number], function)
        if verdict.kind != "passed":
            return f"{verdict.text} That is on other inputs than those of the lesson's check."
    return ""


def trouble_on_paper(number: str, answer: Any) -> str:
    """Return what is the matter with an answer that was found with pen and paper; "" if it is right.

    Args:
        number: "4.4".
        answer: A number or a word.

    Raises:
        ValueError: If nothing on paper has that number.
    """
    paper = next((paper for paper in desk.papers if paper.number == number), None)
    if paper is None:
        raise ValueError(f"The number of what is done on paper is one of the course's. Got {number!r}")
    verdict = judge(paper, answer)
    return "" if verdict.kind == "passed" else verdict.text


def _refuses_what_is_wrong(exercise: Exercise) -> bool:
    """Weigh what is known to be too light: a blank, and a mistake of the table."""

    def blank(*arguments: Any) -> Any:
        return ...

    blank.__module__ = "__main__"  # of this package it would count as borrowed
    return diagnose(exercise, blank).kind != "passed" and not passes(exercise, exercise.mistakes[0].wrong)


@functools.cache
def _exercises(which: int) -> dict[str, Exercise]:
    """Return number -> exercise with another set of inputs."""
    return {exercise.number: exercise for exercise in drawn_anew("ppo_lessons.lessons", which)}

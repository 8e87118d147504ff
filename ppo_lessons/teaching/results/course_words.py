"""What the course itself says of its exercises, looked up by their numbers: lessons, names of mistakes, advice."""

from functools import cache

from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.paper import OnPaper
from ppo_lessons.lessons import EXERCISES, PAPERS
from ppo_lessons.publishing.build import lessons


@cache
def lesson_file(lesson: str) -> str:
    """Return the file of a lesson: "07" -> "07_ratios.ipynb"; "lesson 07" if there is no such lesson."""
    return next((f"{name}.ipynb" for name in lessons() if name[:2] == lesson), f"lesson {lesson}")


def lesson_name(lesson: str) -> str:
    """Return the name of a lesson in words: "07" -> "ratios"; "" if there is no such lesson."""
    file = lesson_file(lesson)
    return file.removesuffix(".ipynb").partition("_")[2].replace("_", " ")


@cache
def _exercises() -> dict[str, Exercise]:
    return {exercise.number: exercise for exercise in EXERCISES}


@cache
def _papers() -> dict[str, OnPaper]:
    return {paper.number: paper for paper in PAPERS}


def mistake_words(exercise: str, mistake: str) -> str:
    """Return a mistake in words: its name, or on paper the answer that was given.

    Args:
        exercise: Number.
        mistake: As `Graded.mistake` has it.
    """
    return f"the answer “{mistake}”" if exercise in _papers() else mistake


def advice(exercise: str, mistake: str) -> str:
    """Return what the course tells whoever makes a mistake; "" if it is none of the table.

    Args:
        exercise: Number.
        mistake: As `Graded.mistake` has it.
    """
    if exercise in _papers():
        told = {str(wrong): text for wrong, text in _papers()[exercise].mistakes.items()}
        return told.get(mistake, "")
    known = _exercises()[exercise].mistakes if exercise in _exercises() else ()
    return next((each.advice for each in known if each.name == mistake), "")

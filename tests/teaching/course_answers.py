"""All answers to the exercises that the tests of this course hold, as if each were by another student."""

import ast
from functools import cache

from ppo_lessons.classroom.diagnosis.source import tree_of
from ppo_lessons.lessons import EXERCISES
from ppo_lessons.teaching.outcomes import RIGHT, UNKNOWN
from tests.answers import RIGHT as RIGHT_ANSWERS
from tests.classroom.exam_answers import read_exam
from tests.teaching.made_up_class import graded, written


@cache
def course_answers():
    """Number -> outcomes; a student's name begins with the exam, or with "tests"."""
    found = {exercise.number: [] for exercise in EXERCISES}
    for exam in ("first", "second"):
        for answer in read_exam(exam):
            found[answer.number].append((exam, RIGHT if answer.is_right else UNKNOWN, written(answer)))
    for exercise in EXERCISES:
        for function in RIGHT_ANSWERS[exercise.number]:
            if (tree := tree_of(function)) is not None:
                tree.name = exercise.name
                found[exercise.number].append(("tests", RIGHT, ast.unparse(tree)))
    return {
        number: tuple(
            graded(f"{source} {place:03}", number, outcome, source=text)
            for place, (source, outcome, text) in enumerate(answers)
        )
        for number, answers in found.items()
    }

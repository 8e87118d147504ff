"""What a class has, as tables for a spreadsheet: one line an answer, and one line a student."""

import csv
import io
import re
from collections.abc import Iterable

from ppo_lessons.teaching.outcomes import Graded
from ppo_lessons.teaching.results.class_result import ClassResult
from ppo_lessons.teaching.results.foreign_text import shown

COLUMNS = ("student", "lesson", "exercise", "outcome", "mistake", "points", "out of", "where", "remarks")
FORMULA = re.compile(r"(^|;)(\s*)([=+\-@＝＋－＠])")
"""Where a spreadsheet would begin to compute. Some read a semicolon as the end of a cell, whatever the file says."""


def answers_csv(result: ClassResult, separator: str = ",") -> bytes:
    """Return one line for each student and exercise, in this order.

    The exercise stands there with its name: "2.10" alone would become the number 2.1 in a spreadsheet, or a day.

    Args:
        result: Of the class.
        separator: Between cells. A spreadsheet in German or French expects ";".

    Returns:
        The file: RFC 4180, in UTF-8 with a byte order mark, without which Excel does not read an umlaut.
    """
    return _file([COLUMNS, *map(_row, result.in_order)], separator)


def _row(each: Graded) -> list[str]:
    exercise = f"{each.exercise} {each.name}".strip()
    told = [each.student, each.lesson, exercise, each.outcome, each.mistake, str(each.points), str(each.out_of)]
    return [*told, each.where, "; ".join(each.remarks)]


def points_csv(result: ClassResult, separator: str = ",") -> bytes:
    """Return one line for each student: the points of each lesson, and their sum.

    Who handed in nothing has empty cells: no points were given, and what that means is the teacher's to say.

    Args:
        result: Of the class.
        separator: Between cells.

    Returns:
        The file, as `answers_csv` makes it.
    """
    head = ["student", *(f"lesson {lesson}" for lesson in result.lessons), "sum", "out of"]
    rows = [_points(result, student) for student in result.students]
    return _file([head, *rows, *([student, *[""] * (len(head) - 1)] for student in result.absent)], separator)


def _points(result: ClassResult, student: str) -> list[str]:
    graded = result.of_student(student)
    by_lesson = [sum(each.points for each in graded if each.lesson == lesson) for lesson in result.lessons]
    return [student, *map(str, by_lesson), str(sum(by_lesson)), str(sum(each.out_of for each in graded))]


def harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula: an apostrophe stands before what begins one.

    Args:
        cell: Whatever a student wrote; line breaks and tabs become spaces.
    """
    return FORMULA.sub(r"\1\2'\3", shown(" ".join(cell.split())))


def _file(rows: Iterable[Iterable[str]], separator: str) -> bytes:
    out = io.StringIO()
    csv.writer(out, delimiter=separator).writerows([harmless(cell) for cell in row] for row in rows)
    return out.getvalue().encode("utf-8-sig")

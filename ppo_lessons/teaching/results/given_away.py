"""What the course itself gives away of an exercise: that two answers share it says nothing."""

import ast
import textwrap
from dataclasses import dataclass
from functools import cache

from ppo_lessons.classroom.desk import solution_source
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.lessons import desk
from ppo_lessons.publishing.build import exercise_of, lessons, read_lesson
from ppo_lessons.teaching.results.code_shape import Shape, in_words, shape_of


@dataclass(frozen=True, kw_only=True)
class GivenAway:
    """Of one exercise."""

    lines: frozenset[str] = frozenset()
    """Of the blank."""
    trees: frozenset[str] = frozenset()
    """Of the blank, and of the third hint, which may be pasted."""
    statements: frozenset[str] = frozenset()
    """Of blank, third hint and the lesson's own cells, without names."""
    words: str = ""
    """All that the lesson says, its hints and its solutions, in words, between spaces."""
    names: frozenset[str] = frozenset()
    """In all of these."""
    solutions: frozenset[str] = frozenset()
    """Trees of the package's own source, as `solution` prints it, and the function alone."""
    docstrings: frozenset[str] = frozenset()
    """Of the package's own source."""

    def own(self, shape: Shape) -> int:
        """Return how many nodes an answer has in statements that stand nowhere in blank, hint and lesson."""
        return sum(statement.size for statement in shape.statements if statement.text not in self.statements)


@dataclass(frozen=True)
class _Lesson:
    words: str
    blanks: dict[str, str]
    code: Shape
    """Of all cells together: a name that one of them chooses is chosen in all."""


@cache
def given_away(number: str) -> GivenAway | None:
    """Return what the course gives away of an exercise; None if it is one on paper, or there is none of this number.

    Args:
        number: For instance "7.2".
    """
    exercise = desk.find(number)
    if exercise is None or (name := _file_of(number)) is None:
        return None
    lesson = _read(name)
    blank, solution = lesson.blanks[number], shape_of(_solution(number))
    empty, hint = shape_of(blank), shape_of(_with_hint(exercise, blank))
    shapes = (empty, hint, lesson.code)
    return GivenAway(
        lines=frozenset(empty.lines),
        trees=frozenset((empty.tree, hint.tree)),
        statements=frozenset(statement.text for shape in shapes for statement in shape.statements),
        words=lesson.words,
        names=frozenset((exercise.name,)).union(*(shape.names for shape in (*shapes, solution))),
        solutions=frozenset((solution.tree, shape_of(_alone(_solution(number))).tree)),
        docstrings=frozenset(solution.docstrings),
    )


def _file_of(number: str) -> str | None:
    return next((name for name in lessons() if name[:2] == number.split(".")[0].zfill(2)), None)


@cache
def _solution(number: str) -> str:
    exercise = desk.find(number)
    assert exercise is not None
    return solution_source(exercise)


@cache
def _read(name: str) -> _Lesson:
    cells = read_lesson(name).cells
    exercises = [(exercise, cell.source) for cell in cells if (exercise := exercise_of(cell)) is not None]
    hints = [hint for exercise, _ in exercises for hint in exercise.hints]
    said = [*(cell.source for cell in cells), *hints, *(_solution(exercise.number) for exercise, _ in exercises)]
    code = shape_of("\n".join(cell.source for cell in cells if cell.cell_type == "code"))
    return _Lesson(f" {in_words(' '.join(said))} ", {each.number: source for each, source in exercises}, code)


def _alone(solution: str) -> str:
    """Return the function alone, of a solution with all that it needs: it is the last."""
    return ast.unparse(ast.parse(solution).body[-1])


def _with_hint(exercise: Exercise, blank: str) -> str:
    """Return the blank with the third hint as its body."""
    function = next(node for node in ast.parse(blank).body if isinstance(node, ast.FunctionDef))
    head = f"def {function.name}({ast.unparse(function.args)}):"
    return f"{head}\n{textwrap.indent(exercise.hints[2], '    ')}"

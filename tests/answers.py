"""Answers to the exercises as text for a cell: a wrong one, which is a known mistake, and a right one."""

import ast
import builtins
import inspect
import runpy
import textwrap
from collections.abc import Callable
from pathlib import Path

from ppo_lessons.classroom.desk import solution_source
from ppo_lessons.classroom.exercise import Exercise, Mistake
from ppo_lessons.lessons import EXERCISES
from ppo_lessons.publishing.build import exercise_of, lessons, read_lesson

WITH_EXERCISES = [name for name in lessons() if any(exercise_of(cell) for cell in read_lesson(name).cells)]

RIGHT: dict[str, list] = {}
for path in sorted((Path(__file__).parent / "lessons").glob("*/right_answers.py")):
    RIGHT |= runpy.run_path(str(path))["RIGHT"]

SLIPS = {
    "1.2": ("forgetting what a fall costs", " + FALL_REWARD * events.fell", ""),
    "3.3": ("forgetting lambda", "gamma * gae_lambda * following", "gamma * following"),
    "9.2": ("the share that was *not* foreseen (1 minus is missing)", "float(1 - (returns", "float((returns"),
    "11.2": ("forgetting zero_grad", "    optimizer.zero_grad()\n", ""),
    "11.3": ("vf_coef and ent_coef swapped", "config.vf_coef, config.ent_coef", "config.ent_coef, config.vf_coef"),
    "11.4": (
        "no detach: the rows keep the graph of the rollout",
        "    rows = steps.detach_rows(rows)  # E\n",
        "",
    ),
    "15.1": ("the number is missing", "torch.cat((joint, numbers), dim=-1)", "joint"),
}
"""Where no mistake of the table can stand alone: its name, and which piece of the package's source becomes what."""


def unfolded(printed: str) -> str:
    """What was said, each paragraph in one line again: printed lines are folded between words."""
    return printed.replace("\n  ", " ")


def exercises_in(name: str) -> list[Exercise]:
    """The exercises of a lesson, in order."""
    return [exercise for exercise in EXERCISES if int(exercise.number.split(".")[0]) == int(name[:2])]


def wrong_cell(exercise: Exercise) -> str:
    """The source of a known mistake."""
    return _wrong(exercise)[1]


def refusal(exercise: Exercise) -> str:
    """The line with which `check` answers the wrong cell."""
    mistake = _wrong(exercise)[0]
    return f"✘ {exercise.number} {exercise.name}: not yet. It looks like {mistake.name}. {mistake.advice}"


def right_cell(exercise: Exercise) -> str:
    """The source of a right answer: the shortest that is written differently from the package and can stand alone.

    Short ones do not loop over rows: what passes in one lesson trains the team in the end.
    """
    sources = [_standing_alone(function, exercise.name) for function in RIGHT[exercise.number]]
    return min(filter(None, sources), key=len, default=solution_source(exercise))


def _wrong(exercise: Exercise) -> tuple[Mistake, str]:
    """The first mistake that can stand alone in a cell, or the slip."""
    for mistake in exercise.mistakes:
        if source := _standing_alone(mistake.wrong, exercise.name):
            return mistake, source
    name, right, wrong = SLIPS[exercise.number]
    source = solution_source(exercise)
    assert source.count(right) == 1, f"The package's {exercise.name} is written in another way now: change SLIPS"
    return next(mistake for mistake in exercise.mistakes if mistake.name == name), source.replace(right, wrong)


def _standing_alone(function: Callable, name: str) -> str | None:
    """A function's source under that name, after its imports; None if it needs more than its own lines."""
    if not inspect.isfunction(function) or function.__closure__:
        return None
    code = function.__code__
    tree = ast.parse(Path(code.co_filename).read_text(encoding="utf-8"))
    functions = [node for node in ast.walk(tree) if isinstance(node, (ast.FunctionDef, ast.Lambda))]
    node = next(node for node in functions if node.lineno == code.co_firstlineno)
    names = [part for part in ast.walk(node) if isinstance(part, ast.Name)]
    own = {part.arg for part in ast.walk(node) if isinstance(part, ast.arg)}
    own |= {part.id for part in names if isinstance(part.ctx, ast.Store)}
    needed = {part.id for part in names} - own - set(dir(builtins))
    imports = _imports(tree)
    if name in needed or not needed <= imports.keys():
        return None
    if isinstance(node, ast.Lambda):
        text = f"def {name}({ast.unparse(node.args)}):\n    return {ast.unparse(node.body)}"
    else:
        text = textwrap.dedent(inspect.getsource(function)).rstrip().replace(f"def {node.name}(", f"def {name}(", 1)
    return "\n".join([*(imports[each] for each in sorted(needed)), "", "", text]).lstrip()


def _imports(tree: ast.Module) -> dict[str, str]:
    """Each name that a module imports, and the line that imports it."""
    lines = {}
    for statement in tree.body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            start = f"from {statement.module} import" if isinstance(statement, ast.ImportFrom) else "import"
            lines |= {alias.asname or alias.name: f"{start} {ast.unparse(alias)}" for alias in statement.names}
    return lines

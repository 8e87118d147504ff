"""A copy of the package without its answers: what a class's functions see while they are graded.

An answer that borrows cannot be right there, however it goes about it: by import, `getattr`, `inspect.getsource`, a
copy of a module or another process. What is asked for is neither in memory nor in a file.
"""

import ast
import inspect
import marshal
from collections.abc import Iterable
from pathlib import Path

from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.publishing.house import HOUSE, modules

LEFT_OUT = {"shipped", "interactive", "doctor", "publishing"}
"""Rooms that no function of an exercise needs; some hold answers in other words."""
OF_GRADING = {"__init__", "confinement", "encoding", "examiner", "left_out", "reading", "slices", "worker"}
"""What of this folder works beside an answer."""
GONE = {"mistakes": "()", "hints": '("", "", "")', "used": '""'}
"""What an exercise is without its answer: wrong answers are nearly right, and the third hint is the right one."""


def write_without_answers(folder: Path, exercises: Iterable[Exercise]) -> None:
    """Write the copy.

    Args:
        folder: Is made, and holds `ppo_lessons` afterwards.
        exercises: Whose answers are left out.
    """
    names = {}
    for exercise in exercises:
        path = Path(inspect.getfile(inspect.unwrap(exercise.function)))
        names.setdefault(path, set()).add(exercise.name)
    for path in modules():
        text = _as_seen(path, names.get(path, set()))
        if text is not None:
            place = folder / HOUSE.name / path.relative_to(HOUSE)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_text(text, encoding="utf-8")


def answer_codes(exercises: Iterable[Exercise]) -> dict[str, bytes]:
    """Return number -> what runs when the package's own function is called, to be put back in the copy."""
    return {each.number: marshal.dumps(inspect.unwrap(each.function).__code__) for each in exercises}


def _as_seen(path: Path, answers: set[str]) -> str | None:
    """Return what the copy holds in place of a module; None if it is left out."""
    room, *rest = path.relative_to(HOUSE).parts
    beside = path.stem in OF_GRADING and (len(rest) < 2 or rest[0] == "grading")
    if room in LEFT_OUT or (room == "teaching" and not beside) or path == HOUSE / "train.py":
        return None
    tree = ast.parse(path.read_text(encoding="utf-8"))
    if room == "lessons" and len(rest) > 1:
        if "exercises" not in rest:
            return "" if path.stem == "__init__" else None
        return _without_mistakes(tree)
    for node in tree.body:
        if isinstance(node, ast.FunctionDef) and node.name in answers:
            _empty(node)
    return ast.unparse(tree) if answers else path.read_text(encoding="utf-8")


def _empty(function: ast.FunctionDef) -> None:
    """Leave nothing of a function but its head and its docstring."""
    told = function.body[:1] if ast.get_docstring(function) is not None else []
    left_out = f"from ppo_lessons.teaching.grading.left_out import left_out\nreturn left_out({function.name!r})"
    function.body = [*told, *ast.parse(f"def f():\n    {left_out.replace(chr(10), chr(10) + '    ')}").body[0].body]


def _without_mistakes(tree: ast.Module) -> str:
    """Return a module of exercises with its inputs alone, and what they need."""
    asked = [node for node in tree.body if "EXERCISE" in _bound(node)]
    for node in asked:
        assert isinstance(node, ast.Assign) and isinstance(node.value, ast.Call)
        for keyword in node.value.keywords:
            if keyword.arg in GONE:
                keyword.value = ast.parse(GONE[keyword.arg], mode="eval").body
    if not asked:
        return ast.unparse(tree)
    needed, kept = set(), list(asked)
    while True:
        needed |= {part.id for node in kept for part in ast.walk(node) if isinstance(part, ast.Name)}
        more = [node for node in tree.body if node not in kept and _bound(node) & needed]
        if not more:
            break
        kept += more
    return ast.unparse(ast.Module([node for node in tree.body if node in kept], []))


def _bound(node: ast.stmt) -> set[str]:
    """Return the names that a statement of a module binds."""
    if isinstance(node, (ast.Import, ast.ImportFrom)):
        return {(alias.asname or alias.name).split(".")[0] for alias in node.names}
    if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
        return {node.name}
    targets = node.targets if isinstance(node, ast.Assign) else [getattr(node, "target", None)]
    return {part.id for target in targets if target for part in ast.walk(target) if isinstance(part, ast.Name)}

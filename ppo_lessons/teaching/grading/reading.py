"""Finds the answers in whatever is said to be a notebook. Nothing of it is run."""

import ast
import copy
import hashlib
import json
import re
import warnings
from typing import Any

import nbformat
from IPython.core.inputtransformer2 import TransformerManager

from ppo_lessons.classroom.diagnosis.source import says_nothing_yet
from ppo_lessons.lessons import EXERCISES
from ppo_lessons.teaching.grading.slices import Statement, is_import, needed_for, statements_of

OF_THE_DESK = ("solution", "hint", "inputs")
DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef)
NAMES = {exercise.name: exercise.number for exercise in EXERCISES}
TITLE = re.compile(r"^# (\d+)\. ([^:\n]+)", flags=re.MULTILINE)
"""The first line of a lesson: "# 7. Ratios: ..."."""
CELL_MAGIC = re.compile(r"\s*%%(time|timeit|capture|prun|debug|memit|mprun|lprun|python3?|ipytest)\b[^\n]*(\n|\Z)")
LINE_MAGIC = re.compile(r"^(\s*(?:\w+ *= *)?)%(?:time|timeit) +(?:-\w+ +)*(\S)", flags=re.MULTILINE)
"""Magics behind which Python stands."""
FENCE = re.compile(r"^\s*```.*$", flags=re.MULTILINE)
PAPER = re.compile(r"check_on_paper\(\s*[\"']?([\d.]+)")


class NoNotebookError(ValueError):
    """Raised for a file in which no cells are found; its text says why."""


def read_notebook(content: bytes, name: str) -> dict[str, Any]:
    """Return what a notebook, or a file of Python, holds of the course.

    Args:
        content: The file.
        name: Of the file; `.py` is Python.

    Returns:
        "unreadable" and why; or "titles" (number and name of each lesson in it), "remarks", "answers" (a list of what
        may be an answer, in order), "papers" (number -> the like), "checked" and "imported" (numbers of exercises that
        are handed to `check`, or only imported).
    """
    try:
        cells, remarks = _cells_of(content, name)
    except NoNotebookError as error:
        return {"unreadable": str(error)}
    except (MemoryError, RecursionError):
        return {"unreadable": "it is too large or too deep to be read"}
    statements: list[Statement] = []
    broken: list[dict[str, Any]] = []
    for cell in cells:
        try:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                statements += statements_of(cell["name"], cell["python"])
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            broken += _broken(cell, error)
    sources = {cell["name"]: cell["python"] for cell in cells}
    kinds = {cell["name"]: cell["kind"] for cell in cells}
    answers = [_told(each, name, statements, sources, kinds) for each in statements for name in _answered(each)]
    found = {"answers": sorted([*answers, *broken], key=lambda each: each["order"])}
    borrowed = [each for each in statements if is_import(each) and "ppo_lessons" in each.source]
    imported = {NAMES[name] for each in borrowed for name in each.binds & NAMES.keys()}
    titles = {title for cell in cells for title in TITLE.findall(cell["text"])}
    return found | {
        "titles": sorted(map(list, titles)),
        "remarks": remarks,
        "papers": _papers(statements, sources, kinds),
        "checked": sorted({NAMES[name] for each in statements for name in _checked(each) & NAMES.keys()}),
        "imported": sorted(imported),
    }


def _cells_of(content: bytes, name: str) -> tuple[list[dict[str, Any]], list[str]]:
    """Return the cells that hold Python, or may, and what is to be remarked about the file."""
    text, remarks = _text_of(content)
    if name.lower().endswith(".py"):
        return [{"name": name, "kind": "code", "python": text, "text": text}], remarks
    try:
        told = json.loads(text)
        old = isinstance(told, dict) and "worksheets" in told
        notebook = nbformat.convert(nbformat.from_dict(told), 4) if old else told
        raw = notebook["cells"]
        pairs = [(str(cell.get("cell_type")), cell.get("source", "")) for cell in raw]
    except RecursionError:
        raise
    except Exception as error:  # whatever stands in the file
        raise NoNotebookError(f"it is no notebook ({type(error).__name__})") from None
    cells = []
    for number, (kind, source) in enumerate(pairs, 1):
        source = "".join(map(str, source)) if isinstance(source, list) else str(source)
        cell = {"name": f"cell {number}", "kind": "code" if kind == "code" else "text", "text": source}
        cells.append(cell | {"python": _python(source) if kind == "code" else _python_in_text(source)})
    return cells, remarks


def _text_of(content: bytes) -> tuple[str, list[str]]:
    if not content.strip():
        raise NoNotebookError("it is empty")
    for encoding in ("utf-8-sig", *(["utf-16"] if content[:2] in (b"\xff\xfe", b"\xfe\xff") else [])):
        try:
            return content.decode(encoding), []
        except UnicodeDecodeError:
            continue
    return content.decode("latin-1"), ["the file is not in UTF-8; it was read as Latin-1"]


def _python(source: str) -> str:
    """Return a cell's source without magics; what stands in a cell that is timed, or silenced, is Python as well."""
    source = source.lstrip("\ufeff").replace("\0", "")
    while magic := CELL_MAGIC.match(source):
        source = "\n" * magic[0].count("\n") + source[magic.end() :]
    source = LINE_MAGIC.sub(r"\1\2", source)
    try:
        return TransformerManager().transform_cell(source) if source.strip() else ""
    except Exception:  # half a line of magic
        return source


def _python_in_text(source: str) -> str:
    """Return what is Python in a cell that has become text; "" where nothing defines an answer."""
    bare = FENCE.sub("", source)
    return bare if any(re.search(rf"^def {name}\(", bare, flags=re.MULTILINE) for name in NAMES) else ""


def _broken(cell: dict[str, Any], error: BaseException) -> list[dict[str, Any]]:
    """Return the answers that a cell would hold if it were Python."""
    line = getattr(error, "lineno", None)
    said = f"line {line}: {getattr(error, 'msg', '') or type(error).__name__}" if line else type(error).__name__
    found = []
    for name, number in NAMES.items():
        if place := re.search(rf"^\s*(async\s+)?def\s+{name}\b", cell["python"], flags=re.MULTILINE):
            order = [_number(cell["name"]), place.start()]
            found.append({"number": number, "syntax": said, "cell": cell["name"], "kind": cell["kind"]})
            found[-1] |= {"source": cell["text"], "order": order, "blank": False}
    return found


def _number(cell: str) -> int:
    return int(cell.split()[-1]) if cell.startswith("cell ") else 0


def _answered(statement: Statement) -> list[str]:
    """Return the exercises that a statement may answer; `name = check(name)` and an import do not."""
    if is_import(statement):
        return []
    node = statement.node
    names = [name for name in NAMES if name in statement.binds]
    if isinstance(node, (ast.Assign, ast.AnnAssign)):
        targets = node.targets if isinstance(node, ast.Assign) else [node.target]
        plain = {target.id for target in targets if isinstance(target, ast.Name)}
        return [name for name in names if name in plain and _may_be_a_function(_without_check(node.value), name)]
    defined = {part.name for part in ast.walk(node) if isinstance(part, (*DEFINITIONS, ast.ClassDef))}
    inside = {name for name in names for part in ast.walk(node) if _assigns_function(part, name)}
    return [name for name in names if name in defined | inside]


def _assigns_function(node: ast.AST, name: str) -> bool:
    named = isinstance(node, ast.Assign) and any(isinstance(t, ast.Name) and t.id == name for t in node.targets)
    return named and isinstance(node.value, ast.Lambda)


def _may_be_a_function(value: ast.expr | None, name: str) -> bool:
    """Say whether an assignment can define an answer, and is no use of one: `clip_fraction = clip_fraction(r, 0.2)`."""
    if isinstance(value, (ast.Lambda, ast.Attribute)):
        return True
    if isinstance(value, ast.Name):
        return value.id != name
    called = value.func if isinstance(value, ast.Call) else None
    return called is not None and not (isinstance(called, ast.Name) and called.id in {*NAMES, *OF_THE_DESK})


def _without_check(value: ast.expr) -> ast.expr:
    """Return what is handed in to `check`; other values as they are."""
    called = value.func if isinstance(value, ast.Call) else None
    name = called.id if isinstance(called, ast.Name) else getattr(called, "attr", "")
    return value.args[0] if isinstance(value, ast.Call) and name == "check" and value.args else value


def _told(
    statement: Statement, name: str, statements: list[Statement], sources: dict[str, str], kinds: dict[str, str]
) -> dict[str, Any]:
    """Return all that is to be known about what may be an answer."""
    place = next(i for i, each in enumerate(statements) if each is statement)
    own = [each for each in statements[:place] if name in each.binds and name in _answered(each)]
    wraps = name in statement.needs and isinstance(statement.node, (ast.Assign, ast.AnnAssign)) and bool(own)
    picks, missing = needed_for(
        statement, statements, frozenset(NAMES) - _others(statements, name), own[-1:] if wraps else []
    )
    definitions = [n for n in ast.walk(statement.node) if isinstance(n, ast.FunctionDef) and n.name == name]
    return {
        "number": NAMES[name],
        "cell": statement.cell,
        "kind": kinds[statement.cell],
        "order": [_number(statement.cell), statement.place],
        "source": statement.source,
        "blank": bool(definitions) and all(map(says_nothing_yet, definitions)),
        "digest": digest(statement.node),
        "cells": {cell: sources[cell] for cell in dict.fromkeys(each.cell for each in picks)},
        "picks": [[each.cell, each.place] for each in picks],
        "missing": sorted(missing - {name}),
    }


def _others(statements: list[Statement], name: str) -> set[str]:
    """Return names of other exercises that stand for something of the learner's own here: no function, or a helper."""
    bound = {each: [s for s in statements if each in s.binds] for each in NAMES if each != name}
    return {each for each, found in bound.items() if found and not any(each in _answered(s) for s in found)
            and not all(is_import(s) or _is_check(s) for s in found)}  # fmt: skip


def _is_check(statement: Statement) -> bool:
    return isinstance(statement.node, ast.Assign) and statement.node.value is not _without_check(statement.node.value)


def digest(node: ast.stmt) -> str:
    """Return what tells one statement from another, whatever its layout and comments."""
    return hashlib.sha256(ast.dump(node).encode()).hexdigest()[:16]


def _checked(statement: Statement) -> set[str]:
    """Return the exercises whose function a statement hands to `check`."""
    calls = [node for node in ast.walk(statement.node) if isinstance(node, ast.Call)]
    inside = [_without_check(call) for call in calls]
    return {
        each.id for each, call in zip(inside, calls, strict=True) if each is not call and isinstance(each, ast.Name)
    }


def _papers(statements: list[Statement], sources: dict[str, str], kinds: dict[str, str]) -> dict[str, Any]:
    """Return number -> the answer that is handed in on paper, as an assignment to `answer`."""
    found: dict[str, Any] = {}
    for place, statement in enumerate(statements):
        call = statement.node.value if isinstance(statement.node, ast.Expr) else None
        if not (isinstance(call, ast.Call) and PAPER.match(ast.unparse(call)) and len(call.args) == 2):
            continue
        number = PAPER.match(ast.unparse(call)).group(1)  # type: ignore[union-attr]
        value = copy.deepcopy(call.args[1])
        before = [each for each in statements[:place] if isinstance(value, ast.Name) and value.id in each.binds]
        if isinstance(value, ast.Name) and not before:
            continue
        answer = before[-1] if before else statement
        inside = answer.node.value if isinstance(answer.node, ast.Assign) else value
        blank = isinstance(inside, ast.Constant) and inside.value in (..., None)
        told = {"cell": answer.cell, "source": answer.source, "blank": blank, "name": getattr(value, "id", "")}
        if before:
            picks, _ = needed_for(answer, statements[:place], frozenset())
            told |= {"picks": [[each.cell, each.place] for each in picks]}
            told |= {"cells": {cell: sources[cell] for cell in dict.fromkeys(each.cell for each in picks)}}
        else:
            told |= {"name": "answer", "cells": {"cell 0": f"answer = {ast.unparse(value)}"}, "picks": [["cell 0", 0]]}
        if kinds[answer.cell] == "code" and not (blank and number in found):
            found[number] = told | {"second": number in found and not found[number]["blank"]}
    return found

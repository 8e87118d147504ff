"""Which of all that a student handed in is the answer to an exercise."""

import ast
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from ppo_lessons.lessons import desk
from ppo_lessons.publishing.build import exercise_of, lessons, read_lesson
from ppo_lessons.teaching import outcomes as found
from ppo_lessons.teaching.grading.reading import NAMES, TITLE, digest


@dataclass(frozen=True, kw_only=True)
class FileRead:
    """What was found in one file of a student."""

    name: str
    """Of the file."""
    told: Mapping[str, Any]
    """See `reading.read_notebook`."""

    @property
    def lessons(self) -> tuple[str, ...]:
        """Numbers of the lessons in it, two digits each. Older versions of the course counted otherwise."""
        known = _numbers()
        titles = self.told.get("titles", ())
        return tuple(sorted({known.get(name.strip(), number.zfill(2)) for number, name in titles}))


@dataclass(frozen=True, kw_only=True)
class Chosen:
    """The answer to one exercise, or why there is none."""

    outcome: str = ""
    """What is known without running it; "" for an answer that is to be run."""
    text: str = ""
    run: Mapping[str, Any] = field(default_factory=dict)
    """ "cells", "picks", "imports" and "name"."""
    source: str = ""
    where: str = ""
    remarks: tuple[str, ...] = ()


def chosen_answer(number: str, name: str, files: Sequence[FileRead]) -> Chosen:
    """Choose a student's answer to an exercise: the last definition in which something was written.

    Args:
        number: Of the exercise.
        name: Of its function.
        files: All of the student's, from old to new.
    """
    answers = [(file, each) for file in files for each in _answers(file, number)]
    written = [pair for pair in answers if not pair[1]["blank"]]
    sound = [pair for pair in written if "syntax" not in pair[1]]
    if not answers:
        return _without_any(number, name, files)
    file, answer = (sound or written or answers)[-1]
    told = {
        "source": answer["source"],
        "where": f"{file.name}, {answer['cell']}" if answer["cell"] != file.name else file.name,
        "remarks": _remarks(file, answer, len(written)),
    }
    if answer["blank"]:
        return Chosen(outcome=found.BLANK, text="still blank.", **told)
    if "syntax" in answer:
        return Chosen(outcome=found.SYNTAX, text=f"it is not Python: {answer['syntax']}.", **told)
    imports = _imports_for(answer["missing"], number.split(".")[0].zfill(2), name)
    return Chosen(run={"cells": answer["cells"], "picks": answer["picks"], "imports": imports, "name": name}, **told)


def chosen_paper(number: str, files: Sequence[FileRead]) -> Chosen:
    """Choose a student's answer to what is worked out on paper.

    Args:
        number: Of the exercise.
        files: All of the student's, from old to new.
    """
    answers = [(file, file.told["papers"][number]) for file in files if number in file.told.get("papers", {})]
    if not answers:
        return _without_any(number, "", files)
    file, answer = ([pair for pair in answers if not pair[1]["blank"]] or answers)[-1]
    told = {"source": answer["source"], "where": f"{file.name}, {answer['cell']}", "remarks": ()}
    if answer["blank"]:
        return Chosen(outcome=found.BLANK, text="still blank.", **told)
    run = {"imports": ["import math", "import numpy as np", "import torch"]}
    return Chosen(run=run | {key: answer[key] for key in ("cells", "picks", "name")}, **told)


def lessons_of(files: Iterable[FileRead]) -> set[str]:
    """Return which lessons were handed in: by their titles, or by what was written."""
    titles = {lesson for file in files for lesson in file.lessons}
    written = [e["number"] for f in files for e in f.told.get("answers", ()) if not e["blank"] and _counts(f, e)]
    return titles | {number.split(".")[0].zfill(2) for number in written}


def _answers(file: FileRead, number: str) -> list[Mapping[str, Any]]:
    return [each for each in file.told.get("answers", ()) if each["number"] == number and _counts(file, each)]


def _counts(file: FileRead, answer: Mapping[str, Any]) -> bool:
    """Say whether a definition is an answer: other lessons use the names of exercises for things of their own."""
    lesson, titles = answer["number"].split(".")[0].zfill(2), file.lessons
    if lesson in titles or answer["number"] in file.told["checked"]:
        return True
    return not titles and (file.name.endswith(".py") or answer.get("digest") not in _own_lines())


def _without_any(number: str, name: str, files: Sequence[FileRead]) -> Chosen:
    if any("unreadable" in file.told for file in files):
        unread = next(file for file in files if "unreadable" in file.told)
        return Chosen(outcome=found.UNREADABLE, text=f"{unread.name} could not be read: {unread.told['unreadable']}.")
    lesson = number.split(".")[0].zfill(2)
    if any(number in file.told["imported"] and lesson in (file.lessons or [lesson]) for file in files):
        text = f"the package's own {name} is imported. Write yours, it is only a few lines."
        return Chosen(outcome=found.BORROWED, text=text)
    return Chosen(outcome=found.MISSING, text="there is no answer in what was handed in.")


def _remarks(file: FileRead, answer: Mapping[str, Any], written: int) -> tuple[str, ...]:
    remarks = list(file.told["remarks"])
    if written > 1:
        remarks.append(f"it is defined {written} times; the last one counts")
    if answer["kind"] == "text":
        remarks.append("its cell had been turned into text")
    if file.lessons and answer["number"].split(".")[0].zfill(2) not in file.lessons:
        remarks.append("it stands in the notebook of another lesson")
    return tuple(remarks)


def _imports_for(missing: Sequence[str], lesson: str, name: str) -> list[str]:
    """Return lines for the names that a notebook lacks: as the lesson imports them, or functions of other exercises."""
    known = _imports_of(lesson)
    lines = [known[each] for each in missing if each in known and each != name]
    package = [each for each in missing if each not in known and each in NAMES]
    return lines + [f"from {_module_of(each)} import {each}" for each in package]


@cache
def _numbers() -> dict[str, str]:
    """Return name -> number of every lesson of today: "Ratios" -> "07"."""
    titles = (TITLE.search(read_lesson(name).cells[0].source) for name in lessons())
    return {title[2].strip(): title[1].zfill(2) for title in titles if title}


@cache
def _module_of(name: str) -> str:
    exercise = desk.find(name)
    assert exercise is not None
    return str(exercise.function.__module__)


@cache
def _imports_of(lesson: str) -> dict[str, str]:
    """Return name -> the line with which a lesson imports it; what everybody knows where the lesson does not."""
    lines = {"torch": "import torch", "np": "import numpy as np", "nn": "from torch import nn", "math": "import math"}
    lines |= {"F": "from torch.nn import functional as F", "Categorical": "from torch.distributions import Categorical"}
    lines |= {"Tensor": "from torch import Tensor"}
    for name in (each for each in lessons() if each.startswith(lesson)):
        for cell in read_lesson(name).cells:
            for node in _nodes(cell.source) if cell.cell_type == "code" else ():
                if isinstance(node, (ast.Import, ast.ImportFrom)):
                    for alias in node.names:
                        line = ast.unparse(type(node)(**{**vars(node), "names": [alias]}))
                        lines[(alias.asname or alias.name).split(".")[0]] = line
    return lines


def _nodes(source: str) -> list[ast.stmt]:
    try:
        return ast.parse(source).body
    except SyntaxError:  # a cell with a magic
        return []


@cache
def _own_lines() -> frozenset[str]:
    """Return what tells the statements of the lessons themselves, outside of exercises."""
    cells = [cell for name in lessons() for cell in read_lesson(name).cells if cell.cell_type == "code"]
    return frozenset(digest(node) for cell in cells if exercise_of(cell) is None for node in _nodes(cell.source))

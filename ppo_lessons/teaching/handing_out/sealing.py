"""Where the answers stand, and how they are sealed: a handout without solutions still runs, and shows none of them.

The package's own functions cannot be left out: a learner whose answer is still wrong goes on with them. So in the copy
for a class each of them keeps decorators, signature and docstring, and its lines are sealed; so are the few functions
that hold the same lines once more. Files that are answers from top to bottom (mistakes, probes and third hints of the
exercises, what is planted in the case files, the doctor's facts) are sealed as a whole. `guards.sealed` opens both as
a module is imported.
"""

import ast
import inspect
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path, PurePosixPath

import ppo_lessons
from ppo_lessons.guards.sealed import is_sealed, seal
from ppo_lessons.lessons import EXERCISES

ROOT = Path(ppo_lessons.__file__).parents[1]
WHOLE = (
    "ppo_lessons/lessons/*/exercises/*.py",
    "ppo_lessons/lessons/*/on_paper.py",
    "ppo_lessons/lessons/case_files/cases.py",
    "ppo_lessons/shipped/case_runs.py",
    "ppo_lessons/shipped/faults.py",
    "ppo_lessons/doctor/facts/*.py",
)
"""Files that are sealed as a whole."""
COPIES: Mapping[str, frozenset[str]] = {
    "ppo_lessons/actor_critic.py": frozenset({"_choose"}),
    "ppo_lessons/losses.py": frozenset({"clipped_value_loss"}),
    "ppo_lessons/shipped/critics.py": frozenset({"foreseen"}),
    "ppo_lessons/shipped/recording.py": frozenset({"_decision"}),
    "ppo_lessons/lessons/clipping/figures.py": frozenset(
        {"show_clipped_surrogate", "show_minimum_and_clip", "show_pushed_rows"}
    ),
    "ppo_lessons/lessons/policy_gradient/stairs.py": frozenset({"surrogate", "clipped_surrogate"}),
    "ppo_lessons/lessons/ratios/first_step.py": frozenset({"first_adam_step"}),
    "ppo_lessons/lessons/team_critic/moments.py": frozenset({"what_came"}),
}
"""File -> functions in which lines of an answer stand once more."""
WIDTH = 100
"""Letters of a sealed line."""


@dataclass(frozen=True)
class Span:
    """Where a function stands in its file: numbers of lines, from 1."""

    name: str
    first: int
    """Of its `def`, or of its first decorator."""
    definition: int
    """Of its `def`."""
    body: int
    """The first one behind its docstring."""
    last: int


def spans_of_answers() -> dict[Path, list[Span]]:
    """Return file -> where the functions stand that an exercise asks for, from the top down."""
    return {
        ROOT / name: spans_in((ROOT / name).read_text("utf-8"), asked) for name, asked in names_of_answers().items()
    }


@cache
def names_of_answers() -> dict[str, frozenset[str]]:
    """Return file -> names of the functions in it that an exercise asks for; files as in "ppo_lessons/losses.py"."""
    found: dict[str, frozenset[str]] = {}
    for exercise in EXERCISES:
        file = Path(str(sys.modules[inspect.unwrap(exercise.function).__module__].__file__))
        name = file.relative_to(ROOT).as_posix()
        found[name] = found.get(name, frozenset()) | {exercise.name}
    return found


def is_sealed_course() -> bool:
    """Say whether this copy of the course is one without solutions already."""
    return any(is_sealed(exercise.function) for exercise in EXERCISES)


def spans_in(text: str, names: frozenset[str]) -> list[Span]:
    """Return where functions stand in the text of a module, from the top down; those whose lines are sealed are not.

    Args:
        text: Python.
        names: Of functions that are defined at its top.
    """
    found = []
    for node in ast.parse(text).body:
        if isinstance(node, ast.FunctionDef) and node.name in names and not _is_sealed(node):
            first = min([node.lineno, *(decorator.lineno for decorator in node.decorator_list)])
            told = ast.get_docstring(node) is not None
            body = (node.body[0].end_lineno or 0) + 1 if told else node.body[0].lineno
            found.append(Span(node.name, first, node.lineno, body, node.end_lineno or node.lineno))
    return found


def _is_sealed(node: ast.FunctionDef) -> bool:
    return any(isinstance(each, ast.Call) and ast.unparse(each.func) == "sealed" for each in node.decorator_list)


def without_answers(name: str, text: str) -> str:
    """Return a file of the course as it stands in a handout without solutions.

    Args:
        name: From the course's own folder: "ppo_lessons/losses.py".
        text: Of the file; what is sealed already stays as it is.
    """
    path = PurePosixPath(name)
    if path.name == "__init__.py":
        return text
    if any(path.match(pattern) for pattern in WHOLE):
        return _sealed_module(text)
    names = names_of_answers().get(name, frozenset()) | COPIES.get(name, frozenset())
    return sealed_functions(text, names) if names else text


def _sealed_module(text: str) -> str:
    """Return a module of which only the docstring stands in clear."""
    if "\nunseal(" in text:
        return text
    story = ast.parse(text).body[0]
    head = text.splitlines()[: story.end_lineno] if ast.get_docstring(ast.parse(text)) is not None else []
    call = ["unseal(", "    globals(),", *_lines(text), ")"]
    return "\n".join([*head, "", "from ppo_lessons.guards.sealed import unseal", "", *call, ""])


def sealed_functions(text: str, names: frozenset[str]) -> str:
    """Return a module in which some functions keep decorators, signature and docstring alone.

    Args:
        text: Python.
        names: Of functions that are defined at its top.
    """
    lines = text.splitlines()
    spans = spans_in(text, names)
    for span in reversed(spans):  # from the bottom up: what stands above keeps its numbers
        source = "\n".join(lines[span.definition - 1 : span.last]) + "\n"
        shown = lines[span.definition - 1 : span.body - 1]
        lines[span.definition - 1 : span.last] = ["@sealed(", *_lines(source), ")", *shown, "    ..."]
    if spans:
        place = next(node.lineno for node in ast.parse(text).body if isinstance(node, (ast.Import, ast.ImportFrom)))
        lines.insert(place - 1, "from ppo_lessons.guards.sealed import sealed")
    return "\n".join(lines) + "\n"


def _lines(source: str) -> list[str]:
    """Return sealed source as a string over several lines, which stand within brackets."""
    blob = seal(source)
    return [f'    "{blob[place : place + WIDTH]}"' for place in range(0, len(blob), WIDTH)]

"""The lesson with every accusation and every repair filled in: it runs as one notebook, and all cases are closed."""

import ast
import inspect
import textwrap

import nbformat
import pytest

from ppo_lessons.classroom.desk import solution_source
from ppo_lessons.lessons import desk
from ppo_lessons.lessons.case_files.case_file import CaseFile
from ppo_lessons.lessons.case_files.cases import CASES
from ppo_lessons.publishing.build import execute, read_lesson
from ppo_lessons.steps import DEFAULT_STEPS
from tests.answers import unfolded

NAME = "17_case_files"
IMPORTS = "import torch\nfrom torch import nn\nfrom ppo_lessons.buffer import Rows\n"


def case_cells() -> dict[int, str]:
    """Number of a case -> the cell in which it is solved."""
    sources = [cell.source for cell in read_lesson(NAME).cells if "case" in cell.metadata.get("tags", [])]
    numbers = [
        next(int(line.split("(")[1].split(",")[0]) for line in source.splitlines() if line.startswith("accuse("))
        for source in sources
    ]
    return dict(zip(numbers, sources, strict=True))


def repaired(step: str) -> str:
    """The package's own source of a step, as a learner would write it."""
    if exercise := desk.find(step):
        return solution_source(exercise)
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(getattr(DEFAULT_STEPS, step)))).body
    assert isinstance(tree, ast.FunctionDef)
    tree.name, tree.returns = step, None
    for argument in tree.args.args:
        argument.annotation = None
    return IMPORTS + ast.unparse(tree)


def solved(case: CaseFile, source: str) -> str:
    """The cell with right answers in the place of its blanks."""
    accusation, repair = f"accuse({case.number}, ..., ...)", f"repair({case.number}, ...)"
    assert source.count(accusation) == 1 and source.count(repair) == bool(case.fault)
    source = source.replace(accusation, f"accuse({case.number}, {case.node!r}, {case.clues[0]!r})")
    functions = "\n\n".join(map(repaired, case.planted))
    return source.replace(repair, f"{functions}\n\nrepair({case.number}, {', '.join(case.planted)})")


def test_every_case_has_its_cell_in_order():
    assert list(case_cells()) == [case.number for case in CASES]


@pytest.mark.slow
def test_the_solved_lesson_runs_and_closes_every_case():
    notebook = read_lesson(NAME)
    cells = [cell for cell in notebook.cells if "case" in cell.metadata.get("tags", [])]
    for case, cell in zip(CASES, cells, strict=True):
        cell.source = solved(case, cell.source)
    notebook.cells.append(nbformat.v4.new_code_cell("show_book()"))
    execute(notebook)
    for case, cell in zip(CASES, cells, strict=True):
        printed = unfolded("".join(output.get("text", "") for output in cell.outputs))
        assert f"✔ case {case.number}: {case.verdict}" in printed
        assert not set("✘□") & set(printed), printed
        assert (f"✔ case {case.number}: closed. " in printed) == bool(case.fault)
    (book,) = [output.data["text/html"] for output in notebook.cells[-1].outputs]
    assert book.count("closed") == len(CASES) and "open" not in book and "begun" not in book

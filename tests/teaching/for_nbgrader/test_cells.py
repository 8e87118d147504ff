"""What nbgrader does with cells, as this course has it: blanks come out as they are, and marks are mended."""

import copy
import os
import sys
from pathlib import Path

import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook
from nbgrader.api import Gradebook
from nbgrader.converters import GenerateAssignment
from nbgrader.preprocessors import ClearSolutions, OverwriteCells

from ppo_lessons.publishing.build import exercise_of, paper_of, read_lesson
from ppo_lessons.teaching.for_nbgrader.cells import RELEASE, SANITIZE, AsReleased, LeaveTheBlank
from ppo_lessons.teaching.for_nbgrader.course import assignment
from tests.answers import WITH_EXERCISES

ANSWER = {"grade": False, "solution": True, "locked": False, "task": False, "schema_version": 3}
TEST = {"grade": True, "solution": False, "locked": True, "task": False, "schema_version": 3, "points": 2}


def cleared(cell: NotebookNode) -> str:
    return LeaveTheBlank().preprocess_cell(cell, {"language": "python"}, 0)[0].source


def answer(text: str, *tags: str) -> NotebookNode:
    return new_code_cell(text, metadata={"nbgrader": {**ANSWER, "grade_id": "one"}, "tags": list(tags)})


@pytest.mark.parametrize("name", [*WITH_EXERCISES, "16_other_worlds"])
def test_what_is_left_is_the_blank_of_the_lesson(name):
    blanks = [cell.source for cell in read_lesson(name).cells if exercise_of(cell) or paper_of(cell)]
    cells = [cell for cell in assignment(name).cells if cell.metadata.get("nbgrader", {}).get("solution")]
    assert [cleared(cell) for cell in cells] == blanks


@pytest.mark.parametrize(
    "text",
    [
        "def f():\n    return ...",
        "def f():\n    return ...\n### BEGIN SOLUTION\nsolution",
        "def f():\n    return ...\nsolution\n### END SOLUTION",
        "def f():\n    return ...\n### BEGIN SOLUTION\n1\n### END SOLUTION\n### BEGIN SOLUTION\n2\n### END SOLUTION",
        "def f():\n    return ...\n# BEGIN SOLUTION\nsolution\n# END SOLUTION",
    ],
)
def test_a_cell_without_one_whole_solution_is_not_handed_out(text):
    with pytest.raises(RuntimeError, match="The cell one holds one solution"):
        cleared(answer(text, "exercise"))


def test_a_teachers_own_cell_is_cleared_as_nbgrader_does_it():
    assert "YOUR CODE HERE" in cleared(answer("x = 1\n### BEGIN SOLUTION\ny = 2\n### END SOLUTION"))
    assert cleared(new_code_cell("print()")) == "print()"


def test_the_other_steps_are_nbgraders():
    usual = GenerateAssignment.preprocessors.default()
    assert [step for step in RELEASE if step is not LeaveTheBlank] == [
        step for step in usual if step is not ClearSolutions
    ]
    assert RELEASE.index(LeaveTheBlank) == usual.index(ClearSolutions)
    assert SANITIZE[0] is AsReleased and OverwriteCells in SANITIZE


@pytest.fixture(scope="module")
def mend(tmp_path_factory):
    """Mends a submission of an assignment with an answer and a test, which the gradebook knows."""
    url = f"sqlite:///{tmp_path_factory.mktemp('course') / 'gradebook.db'}"
    with pytest.MonkeyPatch.context() as change:
        change.setenv("PATH", str(Path(sys.executable).parent), prepend=os.pathsep)  # the gradebook calls alembic
        book = Gradebook(url)
    with book:
        book.add_assignment("lesson")
        book.add_notebook("notebook", "lesson")
        at = ("notebook", "lesson")
        book.add_source_cell(
            "one", *at, cell_type="code", source="def f():\n    return ...", locked=False, checksum="a"
        )
        book.add_solution_cell("one", *at)
        book.add_source_cell("two", *at, cell_type="code", source="assert f()", locked=True, checksum="b")
        book.add_grade_cell("two", *at, cell_type="code", max_score=2)
    resources = {"nbgrader": {"db_url": url, "notebook": "notebook", "assignment": "lesson"}}

    def run(*cells: NotebookNode) -> list[tuple[str, dict]]:
        notebook, _ = AsReleased().preprocess(new_notebook(cells=list(cells)), resources)
        return [(cell.source, dict(cell.metadata.get("nbgrader", {}))) for cell in notebook.cells]

    return run


WHOLE = [("f = 1", {**ANSWER, "grade_id": "one", "cell_type": "code", "checksum": "a"}),
         ("assert f", {**TEST, "grade_id": "two", "cell_type": "code", "checksum": "b"})]  # fmt: skip


def submission() -> list[NotebookNode]:
    return [new_code_cell(text, metadata={"nbgrader": copy.deepcopy(marks)}) for text, marks in WHOLE]


def test_what_is_as_it_was_released_stays_so(mend):
    assert mend(*submission()) == WHOLE


def test_the_last_of_two_keeps_the_mark_and_the_other_is_an_ordinary_cell(mend):
    first, second = submission()[0], submission()[1]
    first.source, second.source = "f = 0", "assert g"
    assert mend(first, second, *submission()) == [("f = 0", {}), ("assert g", {}), *WHOLE]


@pytest.mark.parametrize(
    "points", [{"points": 99}, {"points": "many"}, {"schema_version": 99}, {"grade": False}, {"x": 1}]
)
def test_changed_marks_are_those_of_the_release(mend, points):
    cells = submission()
    for cell in cells:
        cell.metadata.nbgrader.update(points)
    assert mend(*cells) == WHOLE


@pytest.mark.parametrize("strange", [{"grade_id": "three"}, {"grade_id": ["one"]}, {}, "one", None, [1]])
def test_marks_of_no_released_cell_are_taken_off(mend, strange):
    assert mend(new_markdown_cell("text", metadata={"nbgrader": strange}), *submission()) == [("text", {}), *WHOLE]


def test_an_answer_that_is_gone_comes_back_empty_and_nbgrader_can_add_its_test(mend):
    (text, marks) = mend(new_code_cell("print()"))[-1]
    assert text.startswith("# Nothing") and marks == WHOLE[0][1]
    assert mend(*submission()[:1]) == WHOLE[:1], "the test is left to nbgrader"

"""What this course changes of what nbgrader does with cells; `nbgrader_config.py` of a written course names it."""

import re
from typing import Any

from nbformat import NotebookNode
from nbformat.v4 import new_code_cell
from nbgrader import utils
from nbgrader.api import Gradebook, Notebook
from nbgrader.converters import Autograde, GenerateAssignment
from nbgrader.nbgraderformat import SCHEMA_VERSION
from nbgrader.preprocessors import ClearSolutions, NbGraderPreprocessor

REGION = re.compile(r"\n *### BEGIN SOLUTION\n.*?\n *### END SOLUTION(?=\n|$)", flags=re.DOTALL)
OURS = {"exercise", "on-paper"}
"""Tags of the cells that hold a blank of the course and, behind it, the solution."""
Processed = tuple[NotebookNode, dict[str, Any]]


class LeaveTheBlank(ClearSolutions):
    """Takes the solutions out and puts nothing in their place: what is left is the course's own blank."""

    def preprocess_cell(self, cell: NotebookNode, resources: dict[str, Any], cell_index: int) -> Processed:
        """Clear a cell of the course; all others as nbgrader does.

        Raises:
            RuntimeError: If a cell of the course does not hold one solution between its two marks, so that none is
                ever handed out.
        """
        if not (utils.is_solution(cell) and OURS & set(cell.metadata.get("tags", ()))):
            return super().preprocess_cell(cell, resources, cell_index)
        cell.source, found = REGION.subn("", cell.source)
        if found != 1 or self.begin_solution_delimeter in cell.source or self.end_solution_delimeter in cell.source:
            name = cell.metadata.nbgrader["grade_id"]
            raise RuntimeError(f"The cell {name} holds one solution between BEGIN and END SOLUTION. Got {found}")
        return cell, resources


class AsReleased(NbGraderPreprocessor):
    """Gives the cells of a submission the marks that they were released with, before nbgrader reads them.

    A cell that was copied or split has its mark twice, and nbgrader would then stop grading the whole class (its issue
    1083). The last one keeps it. An answer whose cell is gone comes back blank.
    """

    def preprocess(self, nb: NotebookNode, resources: dict[str, Any]) -> Processed:
        """Mend the marks of one submission."""
        asked = resources["nbgrader"]
        with Gradebook(asked["db_url"]) as gradebook:
            left = _marks(gradebook.find_notebook(asked["notebook"], asked["assignment"]))
        for cell in reversed(nb.cells):
            mark = left.pop(_name_of(cell), None)
            cell.metadata.pop("nbgrader", None)
            if mark is not None:
                cell.metadata["nbgrader"] = mark
        nb.cells += [_blank(mark) for mark in left.values() if mark.solution and not mark.grade]  # nbgrader adds tests
        return nb, resources


def _name_of(cell: NotebookNode) -> str:
    """Return the grade id of a cell, whatever has become of its metadata."""
    mark = cell.metadata.get("nbgrader")
    return str(mark.get("grade_id", "")) if isinstance(mark, dict) else ""


def _marks(notebook: Notebook) -> dict[str, NotebookNode]:
    """Return the metadata with which each cell was released, by its grade id."""
    points = {cell.name: cell.max_score for cell in (*notebook.grade_cells, *notebook.task_cells)}
    grades, answers, tasks = (
        {cell.name for cell in kind} for kind in (notebook.grade_cells, notebook.solution_cells, notebook.task_cells)
    )
    marks = {}
    for cell in notebook.source_cells:
        name = cell.name
        marks[name] = NotebookNode(grade_id=name, grade=name in grades, solution=name in answers, task=name in tasks)
        marks[name] |= {"locked": cell.locked, "cell_type": cell.cell_type, "checksum": cell.checksum}
        marks[name] |= {"schema_version": SCHEMA_VERSION, **({"points": points[name]} if name in points else {})}
    return marks


def _blank(mark: NotebookNode) -> NotebookNode:
    """Return a cell in the place of an answer that is gone."""
    cell = new_code_cell("# Nothing was handed in for this cell.", metadata={"nbgrader": mark})
    del cell["id"]  # the notebook may be older than ids
    return cell


RELEASE = [LeaveTheBlank if step is ClearSolutions else step for step in GenerateAssignment.preprocessors.default()]
"""What is done to a source notebook, in this order, before it is handed out."""
SANITIZE = [AsReleased, *Autograde.sanitize_preprocessors.default()]
"""What is done to a submission before it is run."""

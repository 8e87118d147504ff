"""Writes the lessons as a course for nbgrader: an assignment for each lesson with exercises, its settings, its manual.

Run it as `python start.py teacher OUT`.
"""

import argparse
import re
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from ppo_lessons.classroom.desk import solution_source
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.paper import OnPaper
from ppo_lessons.guards.places import as_called
from ppo_lessons.publishing.build import exercise_of, paper_of, read_lesson, write
from ppo_lessons.teaching.chosen import chosen
from ppo_lessons.teaching.for_nbgrader.texts import config, manual
from ppo_lessons.teaching.handing_out.sealing import is_sealed_course

SOLUTION = ("### BEGIN SOLUTION", "### END SOLUTION")
HIDDEN = ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS")


def assignment(name: str) -> NotebookNode:
    """Return a lesson as the source of an assignment.

    In each cell with a blank its solution stands, too, and behind that cell a locked one with the hidden test: before
    the lesson's own check, which puts the package's function in the place of a wrong answer.

    Args:
        name: Of the lesson: "07_ratios".
    """
    notebook = read_lesson(name)
    cells: list[NotebookNode] = []
    for cell in notebook.cells:
        cells.append(cell)
        if cell.cell_type == "markdown":  # they lead on from any folder that lies beside `notebooks`
            cell.source = re.sub(r"\]\((\d\d_\w+\.ipynb)", r"](../notebooks/\1", cell.source)
        asked = exercise_of(cell) or paper_of(cell)
        if asked is not None:
            cell.source = _with_solution(cell.source, asked)
            cell.metadata["nbgrader"] = _mark(f"{grade_id(asked)}-answer", solution=True)
            cells.append(_test_cell(asked))
    notebook.cells = cells
    return notebook


def grade_id(asked: Exercise | OnPaper) -> str:
    """Return the name under which nbgrader keeps the points: "exercise-7-2"."""
    return f"exercise-{asked.number.replace('.', '-')}"


def points_in(notebook: NotebookNode) -> int:
    """Return the points to be had in an assignment; 0 for a lesson without exercises."""
    return sum(cell.metadata.get("nbgrader", {}).get("points", 0) for cell in notebook.cells)


def _with_solution(blank: str, asked: Exercise | OnPaper) -> str:
    begin, end = SOLUTION
    if isinstance(asked, Exercise):
        return "\n".join((blank, begin, solution_source(asked), end))
    return blank.replace("answer = ...", "\n".join(("answer = ...", begin, f"answer = {asked.right!r}", end)))


def _test_cell(asked: Exercise | OnPaper) -> NotebookNode:
    answer, function = (asked.name, "trouble_with") if isinstance(asked, Exercise) else ("answer", "trouble_on_paper")
    begin, end = HIDDEN
    lines = (
        f"# Exercise {asked.number} is graded here: {asked.points} point{'s' * (asked.points > 1)}.",
        begin,
        f"from ppo_lessons.teaching.for_nbgrader.hidden_tests import {function}",
        "",
        f'trouble = {function}("{asked.number}", {answer})',
        "assert not trouble, trouble",
        end,
    )
    cell = nbformat.v4.new_code_cell("\n".join(lines), id=f"test-{asked.number.replace('.', '-')}")
    cell.metadata["nbgrader"] = _mark(grade_id(asked), grade=True, points=asked.points)
    return cell


def _mark(name: str, **more: bool | int) -> NotebookNode:
    """Return nbgrader's metadata of a cell."""
    usual = {"grade": False, "solution": False, "locked": "grade" in more, "task": False, "schema_version": 3}
    return nbformat.from_dict({**usual, **more, "grade_id": name})


def write_course(folder: Path, names: Sequence[str]) -> dict[str, int]:
    """Write a course. Nothing is ever overwritten: in the same folder nbgrader keeps what a class has handed in.

    Args:
        folder: Is made; it may be there if it is empty.
        names: Of the lessons. Those without exercises are left out.

    Returns:
        Name of each assignment -> points to be had in it.

    Raises:
        ValueError: If no lesson of these has exercises, or this is a course without solutions.
        FileExistsError: If something lies in the folder.
        OSError: If it cannot be written.
    """
    if is_sealed_course():
        raise ValueError("This copy of the course came without solutions. Use the one from which it was made.")
    notebooks = {name: assignment(name) for name in names}
    points = {name: points_in(notebook) for name, notebook in notebooks.items() if points_in(notebook)}
    if not points:
        raise ValueError(f"An assignment is a lesson with exercises. Got {', '.join(names) or 'no lesson'}")
    if folder.exists() and any(folder.iterdir()):
        raise FileExistsError(f"A course is written into a new folder. Got {folder}, in which something lies")
    for name in points:
        place = folder / "source" / name
        place.mkdir(parents=True)
        write(notebooks[name], place / f"{name}.ipynb")
    (folder / "nbgrader_config.py").write_text(config(list(points)), encoding="utf-8", newline="\n")
    (folder / "README.md").write_text(manual(points), encoding="utf-8", newline="\n")
    return points


def main(arguments: Sequence[str] | None = None) -> int:
    """Write an nbgrader course of the lessons, and say how it goes on."""
    parser = argparse.ArgumentParser(prog="python start.py teacher", description=main.__doc__)
    parser.add_argument("out", metavar="OUT", help="a new folder")
    parser.add_argument("--lessons", metavar="1-7", help="as in 1-7 or 1,3,5-8; all if not given")
    options = parser.parse_args(arguments)
    folder = as_called(options.out)
    try:
        points = write_course(folder, chosen(options.lessons))
    except (ValueError, OSError) as error:
        print(f"{error.strerror}: {error.filename}" if getattr(error, "strerror", None) else error, file=sys.stderr)
        return 2
    print(f"Written: {len(points)} assignments with {sum(points.values())} points.")
    print(f"What to do with them, and what nbgrader cannot do: {folder / 'README.md'}")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())

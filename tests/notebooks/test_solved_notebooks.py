"""Every lesson with its exercises filled in: right, not at all, and wrong."""

import re
from pathlib import Path

import nbformat
import pytest

from ppo_lessons.lessons import EXERCISES
from ppo_lessons.publishing.build import execute, exercise_of, read_lesson, solve, write
from tests.answers import exercises_in, refusal, unfolded, wrong_cell


def checked(notebook: nbformat.NotebookNode) -> tuple[str, list[str]]:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pages = (output.get("data", {}).get("text/html") for output in outputs)
    printed = unfolded("".join(output.get("text", "") for output in outputs)) + "\n".join(filter(None, pages))
    return printed, [line for line in printed.splitlines() if re.match(r"[✔✘□] \d", line)]


MIXED = ("07_ratios", "11_full_update", "18_beyond_one_machine")
"""One of the core, the one in which all steps of the update meet, and the last one. The browser plays every lesson."""


@pytest.mark.parametrize("name", MIXED)
def test_mixed_notebook_runs_to_its_end_and_every_mistake_is_named(name: str, tmp_path: Path):
    """One right, one left blank, one wrong, as a learner might; right as in a teacher's version, with the package's own
    source, and so on paper. The browser does all wrong, then all right."""
    notebook, exercises = read_lesson(name), exercises_in(name)
    cells = [cell for cell in notebook.cells if exercise_of(cell)]
    blanks = [cell.source for cell in cells]
    solve(notebook)
    for place, (cell, blank, exercise) in enumerate(zip(cells, blanks, exercises, strict=True)):
        cell.source = (cell.source, blank, wrong_cell(exercise))[place % 3]
    execute(notebook)
    write(notebook, tmp_path / f"{name}.ipynb")
    printed, answers = checked(notebook)
    for place, (exercise, answer) in enumerate(zip(exercises, answers, strict=True)):
        begins = (f"✔ {exercise.number} ", f"□ {exercise.number} ", refusal(exercise))[place % 3]
        assert answer.startswith(begins)
    assert f"{len(exercises[::3])} of {len(EXERCISES)}" in printed

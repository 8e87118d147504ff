"""Every lesson with its exercises filled in: right, half of them, and wrong."""

import re
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest

from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.lessons import EXERCISES
from ppo_lessons.publishing.build import execute, exercise_of, read_lesson, solve, write
from tests.answers import WITH_EXERCISES, exercises_in, refusal, right_cell, unfolded, wrong_cell


def run_with(name: str, change: Callable[[int, Exercise], str | None]) -> tuple[str, list[str]]:
    """Run a lesson with other text in its exercise cells; gives all that it printed, and the lines of its checks."""
    notebook = read_lesson(name)
    blanks = [cell for cell in notebook.cells if exercise_of(cell)]
    for place, (cell, exercise) in enumerate(zip(blanks, exercises_in(name), strict=True)):
        cell.source = change(place, exercise) or cell.source
    execute(notebook)
    return checked(notebook)


def checked(notebook: nbformat.NotebookNode) -> tuple[str, list[str]]:
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    pages = (output.get("data", {}).get("text/html") for output in outputs)
    printed = unfolded("".join(output.get("text", "") for output in outputs)) + "\n".join(filter(None, pages))
    return printed, [line for line in printed.splitlines() if re.match(r"[✔✘□] \d", line)]


@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_solved_notebook_runs_and_every_check_passes(name: str, tmp_path: Path):
    """The blanks filled with the package's own source, as in a teacher's version."""
    notebook = solve(read_lesson(name))
    execute(notebook)
    printed, answers = checked(notebook)
    numbers = [exercise.number for exercise in exercises_in(name)]
    assert [line.split()[:2] for line in answers] == [["✔", number] for number in numbers]
    assert f"{len(numbers)} of {len(EXERCISES)}" in printed
    write(notebook, tmp_path / f"{name}.ipynb")


@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_mixed_notebook_runs_to_its_end_and_every_mistake_is_named(name: str):
    """One right, one left blank, one wrong, as a learner might. The browser does all wrong, then all right."""

    def change(place: int, exercise: Exercise) -> str | None:
        return (right_cell(exercise), None, wrong_cell(exercise))[place % 3]

    printed, answers = run_with(name, change)
    exercises = exercises_in(name)
    for place, (exercise, answer) in enumerate(zip(exercises, answers, strict=True)):
        begins = (f"✔ {exercise.number} ", f"□ {exercise.number} ", refusal(exercise))[place % 3]
        assert answer.startswith(begins)
    assert f"{len(exercises[::3])} of {len(EXERCISES)}" in printed

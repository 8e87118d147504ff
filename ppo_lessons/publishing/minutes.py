"""How long a lesson takes most people, by a rule: what is read, run, looked at and written."""

import re
from collections.abc import Sequence

from nbformat import NotebookNode

from ppo_lessons.publishing.build import exercise_of

WORDS_A_MINUTE, LINES_A_MINUTE = 120, 10
"""Text with numbers in it, read attentively; code, read line by line."""
PICTURE, LIVING_FIGURE, REPAIR = 2, 5, 3
"""In minutes: to be looked at; to be played with; a broken function to be repaired."""
REPAIRS = re.compile(r"\brepair\(")
LIVING = re.compile(r"\b(?:clue_board|explore\w*|Theatre|TrainingDashboard|RunsLab|watch_training)\(")
PICTURES = re.compile(r"\bshow_(?!progress)\w+\(")
STOP = "**A place to stop.**"
HEAD = re.compile(r"\*\*(?P<all>\d+) minutes(?: \(a place to stop after \d+\))?")


def minutes_of(cells: Sequence[NotebookNode]) -> float:
    """Return how many minutes these cells take.

    Args:
        cells: Of a lesson, in order.

    Returns:
        Words / 120 + lines of code / 10 + 2 for each picture + 5 for each living figure + 3 for each repair + what the
        exercises say.
    """
    minutes = 0.0
    for cell in cells:
        if cell.cell_type == "markdown":
            minutes += len(cell.source.split()) / WORDS_A_MINUTE
            continue
        exercise = exercise_of(cell)
        if exercise is not None:
            minutes += exercise.minutes
            continue
        lines = [line for line in cell.source.splitlines() if line.strip() and not line.lstrip().startswith("#")]
        minutes += len(lines) / LINES_A_MINUTE + PICTURE * len(PICTURES.findall(cell.source))
        minutes += LIVING_FIGURE * len(LIVING.findall(cell.source)) + REPAIR * len(REPAIRS.findall(cell.source))
    return minutes


def head_of(cells: Sequence[NotebookNode]) -> str:
    """Return the words with which a lesson says how long it takes, in steps of 5 minutes.

    Args:
        cells: Of a lesson, in order. A place to stop is a paragraph that begins with `STOP`.

    Returns:
        "**45 minutes (a place to stop after 25)", without what follows.
    """
    stops = [place for place, cell in enumerate(cells) if cell.cell_type == "markdown" and STOP in cell.source]
    after = f" (a place to stop after {_rounded(minutes_of(cells[: stops[0] + 1]))})" if stops else ""
    return f"**{_rounded(minutes_of(cells))} minutes{after}"


def _rounded(minutes: float) -> int:
    return max(5, 5 * round(minutes / 5))

"""The generated parts of docs/teaching.md: what of each lesson a teacher would otherwise copy, and see grow old."""

import re
from collections.abc import Iterator, Sequence

from nbformat import NotebookNode

from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.paper import OnPaper
from ppo_lessons.publishing.build import exercise_of, lessons, paper_of, read_lesson
from ppo_lessons.publishing.minutes import HEAD, head_of
from ppo_lessons.publishing.reference_pages import DOCS

COURSES = {
    "four": ("00", "01", "03", "08", "12"),
    "eight": ("00", "01", "02", "03", "07", "08", "10", "11", "12"),
    "whole": tuple(name[:2] for name in lessons()),
}
"""A course -> its lessons in order. The first one is read at home."""
SHOWN = 3
"""So many mistakes of an exercise are shown: the first of its table, which is ordered by hand."""
PAGE = DOCS / "teaching.md"
PLANNED = re.compile(r"<!-- lesson (\d\d) -->")
"""Stands in the page where a lesson has a section of its own, written by hand."""
NEEDS = re.compile(r"You need: (?P<needs>.+?)(?=\n\n|\Z)", flags=re.DOTALL)
GOALS = re.compile(r"Afterwards you can: .+", flags=re.DOTALL)
ON_PAPER = re.compile(r"^## Exercise (?P<number>[\d.]+), on paper \((?P<minutes>\d+) minutes\)", flags=re.MULTILINE)


def teaching_parts() -> dict[str, str]:
    """Return name -> text of every generated part: two for each lesson with a plan, one for all others, and courses."""
    cells = {name: read_lesson(name).cells for name in lessons()}
    planned = set(PLANNED.findall(PAGE.read_text(encoding="utf-8")))
    parts = {f"course {title}": course_table(numbers, cells) for title, numbers in COURSES.items()}
    without = []
    for name, own in cells.items():
        number, about_it, tasks = name[:2], about(own), exercises_and_mistakes(own)
        if number in planned:
            parts |= {f"lesson {number}": about_it, f"exercises {number}": tasks}
        else:
            without.append(f"### {number} {name[3:].replace('_', ' ')}\n\n{about_it}\n\n{tasks}")
    return {**parts, "lessons without a plan": "\n\n".join(without) or "Every lesson has its plan above."}


def about(cells: Sequence[NotebookNode]) -> str:
    """Return minutes, place to stop, what is needed and the goals of a lesson, in one paragraph.

    Args:
        cells: Of the lesson, in order; the first one is its head.
    """
    needs, goals = needs_of(cells), GOALS.search(cells[0].source)
    said = [f"{head_of(cells)}.**", f"You need: {needs}" if needs else "", goals[0] if goals else ""]
    # Links lead on from the notebooks' folder, and are to lead on from that of the pages.
    text = re.sub(r"\]\((\d\d_\w+\.ipynb)", r"](../notebooks/\1", " ".join(said)).replace("](../docs/", "](")
    return " ".join(text.split())


def needs_of(cells: Sequence[NotebookNode]) -> str:
    """Return what the head of a lesson says of what comes before it, such as "[09](09_value_loss.ipynb)."; else "".

    Args:
        cells: Of the lesson.
    """
    needs = NEEDS.search(cells[0].source)
    return needs["needs"] if needs else ""


def needed_lessons(cells: Sequence[NotebookNode]) -> tuple[str, ...]:
    """Return the numbers of the lessons that a lesson needs, those left out that would only be better.

    Args:
        cells: Of the lesson.
    """
    return tuple(re.findall(r"\[(\d\d)\]", needs_of(cells).split("better")[0]))


def tasks_of(cells: Sequence[NotebookNode]) -> Iterator[tuple[Exercise | OnPaper, int]]:
    """Yield what is graded in a lesson, in its order, each with the minutes that it takes.

    Args:
        cells: Of the lesson.
    """
    on_paper = {match["number"]: int(match["minutes"]) for cell in cells for match in ON_PAPER.finditer(cell.source)}
    for cell in cells:
        if (exercise := exercise_of(cell)) is not None:
            yield exercise, exercise.minutes
        elif (paper := paper_of(cell)) is not None:
            yield paper, on_paper[paper.number]


def exercises_and_mistakes(cells: Sequence[NotebookNode]) -> str:
    """Return the exercises of a lesson as a table, and below it the first mistakes of each with what is said to them.

    Args:
        cells: Of the lesson.
    """
    tasks = list(tasks_of(cells))
    if not tasks:
        return "Nothing in it is an exercise with points."
    rows = [f"| exercise (points together: {points_of(cells)}) | points | minutes |", "|---|---|---|"]
    rows += [f"| {task.number} {_called(task)} | {task.points} | {minutes} |" for task, minutes in tasks]
    return "\n".join([*rows, "", *(f"- {task.number}, {_mistakes(task)}" for task, _ in tasks)])


def points_of(cells: Sequence[NotebookNode]) -> int:
    """Return how many points a lesson gives.

    Args:
        cells: Of the lesson.
    """
    return sum(task.points for task, _ in tasks_of(cells))


def _called(task: Exercise | OnPaper) -> str:
    return "on paper" if isinstance(task, OnPaper) else f"`{task.name}`"


def _mistakes(task: Exercise | OnPaper) -> str:
    if isinstance(task, OnPaper):
        if task.choices:  # most of them told, the right one would be told as well
            return f"one of {len(task.choices)}: each wrong choice has a sentence of its own."
        known = [(str(wrong), advice) for wrong, advice in task.mistakes.items()]
    else:
        known = [(mistake.name, mistake.advice) for mistake in task.mistakes]
    return " ".join(f'"{_plain(name)}": {_plain(advice)}' for name, advice in known[:SHOWN])


def _plain(text: str) -> str:
    """Return a text in which Markdown reads no signs of its own; code between backticks stays as it is."""
    pieces = re.split(r"(`[^`]*`)", text)
    return "".join(piece if piece[:1] == "`" else re.sub(r"([*<|])", r"\\\1", piece) for piece in pieces)


def course_table(numbers: Sequence[str], cells: dict[str, list[NotebookNode]]) -> str:
    """Return a course as a table: its lessons in order, their minutes and points, and what each of them needs.

    Args:
        numbers: Of its lessons, in order: "01".
        cells: Name of a lesson -> its cells, for every lesson that there is.
    """
    rows = ["| lesson | minutes | points | needs |", "|---|---|---|---|"]
    all_minutes = all_points = 0
    for place, number in enumerate(numbers):
        name, own = next((name, own) for name, own in cells.items() if name[:2] == number)
        minutes, points = minutes_in(own), points_of(own)
        needs = [need if need in numbers[:place] else f"{need} (left out)" for need in needed_lessons(own)]
        link = f"[{name.replace('_', ' ')}](../notebooks/{name}.ipynb)"
        rows.append(f"| {link} | {minutes} | {points or ''} | {', '.join(needs)} |")
        all_minutes, all_points = all_minutes + minutes, all_points + points
    return "\n".join([*rows, f"| **together** | **{all_minutes}** | **{all_points}** | |"])


def minutes_in(cells: Sequence[NotebookNode]) -> int:
    """Return how many minutes the head of a lesson says.

    Args:
        cells: Of the lesson.
    """
    found = HEAD.search(head_of(cells))
    assert found is not None
    return int(found["all"])

"""How far a learner is: which exercises have been tried and passed, kept in one small file.

The file only ever grows by whole lines: two notebooks can be open at once, and a kernel can be killed at any time.
"""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ppo_lessons.classroom.console import say, show
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.flowchart import NODES, draw_flowchart, state_of
from ppo_lessons.classroom.home import home
from ppo_lessons.display.picture import Picture, image
from ppo_lessons.display.tables import Table

MARKS = {"open": "□", "tried": "◪", "passed": "■"}
RANK = list(MARKS)


def progress_file() -> Path:
    """Return the path of the file."""
    return home() / ".progress.jsonl"


def note(number: str, state: str) -> None:
    """Remember that an exercise was tried or passed; what was passed stays passed. A full disk is no reason to stop.

    Args:
        number: Of the exercise, "11.1".
        state: "tried" or "passed".
    """
    if RANK.index(state) <= RANK.index(read_progress().get(number, "open")):
        return
    line = json.dumps({"exercise": number, "state": state, "date": date.today().isoformat()})
    try:
        with open(progress_file(), "a", encoding="utf-8") as file:
            file.write(line + "\n")
    except OSError as error:
        say(f"Your progress could not be written down: {error}")


def read_progress() -> dict[str, str]:
    """Return number -> state of every exercise that was tried or passed.

    A damaged file is set aside under another name, and what can be read of it is kept.
    """
    path = progress_file()
    try:
        lines = path.read_bytes().decode("utf-8", errors="replace").splitlines()
    except OSError:
        return {}
    states: dict[str, str] = {}
    good: list[str] = []
    for line in lines:
        try:
            entry = json.loads(line)
            number, state = str(entry["exercise"]), str(entry["state"])
            rank = RANK.index(state)
        except (ValueError, KeyError, TypeError):
            continue
        good.append(line)
        if rank > RANK.index(states.get(number, "open")):
            states[number] = state
    if len(good) < len([line for line in lines if line.strip()]):
        _set_aside(path, good)
    return states


def show_strip(exercises: Sequence[Exercise], papers: Sequence[str] = ()) -> None:
    """Show how far the learner is: in a notebook the flowchart, what comes next and the strip; on a console as text.

    Args:
        exercises: All of them, in order.
        papers: Numbers of what is done with pen and paper, in order.
    """
    states = read_progress()
    strip = _strip([exercise.number for exercise in exercises], papers, states)
    marks: dict[str, list[str]] = {}
    for exercise in exercises:
        marks.setdefault(exercise.node, []).append(states.get(exercise.number, "open"))
    following = _next(exercises, states)
    chart = Picture(draw_flowchart(marks, MARKS, following and following.node), _in_words(marks))
    page = (
        f"{image(chart.png, chart.width, chart.text)}<p>{_where(exercises, states, link=True)}</p>"
        f"<details><summary>Lesson by lesson</summary>{strip.html()}</details>"
    )
    show(strip, "your progress, lesson by lesson", f'<div class="{OWN}">{page}</div>'.replace("\n", ""))


def _strip(numbers: Sequence[str], papers: Sequence[str], states: dict[str, str]) -> Table:
    """Return a mark for every exercise, lesson by lesson, and in a column of their own those on paper."""
    kinds = [numbers, papers] if papers else [numbers]
    lessons: dict[str, list[str]] = {}
    for column, kind in enumerate(kinds):
        for number in kind:
            row = lessons.setdefault(_lesson_of(number), [""] * len(kinds))
            row[column] += MARKS[states.get(number, "open")]
    legend = ", ".join(f"{mark} {state}" for state, mark in MARKS.items())
    sums = [f"{sum(states.get(number) == 'passed' for number in kind)} of {len(kind)}" for kind in kinds]
    rows = [[lesson, *lessons[lesson]] for lesson in sorted(lessons)]
    return Table([["lesson", legend, "on paper"][: 1 + len(kinds)], *rows, ["passed", *sums]])


def welcome_back(exercises: Sequence[Exercise]) -> None:
    """Say in one line how far the learner is and what comes next.

    Args:
        exercises: All of them, in order.
    """
    states = read_progress()
    greeting = "Welcome back" if states else "Welcome"
    text = f"{greeting}: {_where(exercises, states)}"
    page = f'<div class="{OWN}">{greeting}: {_where(exercises, states, link=True)}</div>'
    show(Table([[text]]), "welcome", page)


OWN = "ppo-progress"
"""Class of what differs from learner to learner; with `tests/notebooks/nbval.cfg` it is not compared."""


def _lesson_of(number: str) -> str:
    return number.split(".")[0].zfill(2)


def _next(exercises: Sequence[Exercise], states: dict[str, str]) -> Exercise | None:
    """Return what comes after the last one that was passed; when that is the end, what was left out."""
    left = [exercise for exercise in exercises if states.get(exercise.number) != "passed"]
    done = [i for i, exercise in enumerate(exercises) if states.get(exercise.number) == "passed"]
    after = [exercise for exercise in left if not done or exercises.index(exercise) > done[-1]]
    return next(iter(after or left), None)


def _where(exercises: Sequence[Exercise], states: dict[str, str], link: bool = False) -> str:
    """Return in one line what is written, what comes next, and how long the rest takes."""
    left = [exercise for exercise in exercises if states.get(exercise.number) != "passed"]
    written = f"{len(exercises) - len(left)} of {len(exercises)} functions written"
    following = _next(exercises, states)
    if following is None:
        return f"{written}. All of them: train your team with them in the lesson on team training."
    lesson, name = _lesson_of(following.number), f"{following.number} {following.name}"
    files = sorted(Path().glob(f"{lesson}_*.ipynb")) if link else []
    where = f"lesson {lesson}"
    if files:  # underlined: a colour alone says nothing to some
        where = f'<a style="text-decoration: underline" href="{files[0].name}">{where}</a>'
    minutes = sum(exercise.minutes for exercise in left)
    return f"{written}. Next: {name} in {where}. About {minutes} minutes of writing are left."


def _in_words(marks: dict[str, list[str]]) -> str:
    """Return what the flowchart shows."""
    full = [node for node in NODES if state_of(marks.get(node, ())) == "passed"]
    begun = [node for node in NODES if state_of(marks.get(node, ())) == "tried"]
    return f"The flowchart of the update. Boxes written: {_names(full)}. Begun: {_names(begun)}."


def _names(nodes: Sequence[str]) -> str:
    return ", ".join(nodes) or "none"


def _set_aside(path: Path, good: list[str]) -> None:
    """Keep the damaged file under another name and go on with its good lines."""
    aside = path.with_name(f"{path.name}.damaged")
    try:
        path.replace(aside)
        path.write_text("".join(line + "\n" for line in good), encoding="utf-8")
        say(f"The progress file was damaged. It is kept as {aside.name}; {len(good)} lines could be saved.")
    except OSError as error:
        say(f"The progress file is damaged and could not be repaired: {error}")

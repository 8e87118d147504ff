"""One strip that shows which exercises have been tried and passed, kept in one small file.

The file only ever grows by whole lines: two notebooks can be open at once, and a kernel can be killed at any time.
"""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path

from ppo_lessons.classroom.console import say, show
from ppo_lessons.classroom.home import home
from ppo_lessons.display.tables import Table

MARKS = {"open": "□", "tried": "◪", "passed": "■"}
RANK = list(MARKS)


def progress_file() -> Path:
    """Return the path of the file."""
    return home() / ".progress.jsonl"


def note(number: str, state: str) -> None:
    """Remember that an exercise was tried or passed; what was passed stays passed. A full disk is no reason to stop.

    Args:
        number: Of the exercise, "10.1".
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


def show_strip(numbers: Sequence[str]) -> None:
    """Show the strip: every exercise, lesson by lesson.

    Args:
        numbers: Of the exercises, in order: "10.1".
    """
    states = read_progress()
    lessons: dict[str, str] = {}
    for number in numbers:
        lesson = number.split(".")[0].zfill(2)
        lessons[lesson] = lessons.get(lesson, "") + MARKS[states.get(number, "open")]
    passed = sum(states.get(number) == "passed" for number in numbers)
    legend = ", ".join(f"{mark} {state}" for state, mark in MARKS.items())
    cells = [["lesson", legend], *map(list, lessons.items()), ["passed", f"{passed} of {len(numbers)}"]]
    show(Table(cells), "your progress, lesson by lesson")


def _set_aside(path: Path, good: list[str]) -> None:
    """Keep the damaged file under another name and go on with its good lines."""
    aside = path.with_name(f"{path.name}.damaged")
    try:
        path.replace(aside)
        path.write_text("".join(line + "\n" for line in good), encoding="utf-8")
        say(f"The progress file was damaged. It is kept as {aside.name}; {len(good)} lines could be saved.")
    except OSError as error:
        say(f"The progress file is damaged and could not be repaired: {error}")

"""The minutes of a lesson follow from a rule, and a long lesson has a place to stop."""

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell

from ppo_lessons.lessons import desk
from ppo_lessons.publishing.build import lessons, read_lesson
from ppo_lessons.publishing.minutes import HEAD, STOP, head_of, minutes_of


def test_by_hand():
    """240 words, 10 lines of code of which one is a comment, a picture, a living figure, an exercise, the progress."""
    exercise = desk.find("10.3")
    cells = [
        new_markdown_cell("word " * 240),
        new_code_cell("# why\n" + "x = 1\n" * 8 + "\nshow_rows(x)"),
        new_code_cell("clipping.explore()\nshow_progress()"),
        new_code_cell("def total_loss(a, b):\n    return ...", metadata={"tags": ["exercise"]}),
    ]
    assert minutes_of(cells) == pytest.approx(2 + 0.9 + 2 + 0.2 + 5 + exercise.minutes)


def test_the_head_names_both_in_steps_of_five_minutes():
    text, stop = new_markdown_cell("word " * 120 * 12), new_markdown_cell(f"{STOP} Here.")
    assert head_of([text]) == "**10 minutes"
    assert head_of([text, stop, text, text]) == "**35 minutes (a place to stop after 10)"
    assert HEAD.search("so: **35 minutes (a place to stop after 10), 2 exercises.**")["all"] == "35"


@pytest.mark.parametrize("name", lessons())
def test_a_lesson_says_the_minutes_of_the_rule_and_where_to_stop(name: str):
    cells = read_lesson(name).cells
    assert head_of(cells) in cells[0].source, "Run `python start.py format`"
    stops = [place for place, cell in enumerate(cells) if STOP in cell.source]
    whole = minutes_of(cells)
    if whole > 40:
        assert len(stops) == 1
        assert 0.25 < minutes_of(cells[: stops[0]]) / whole < 0.75

"""The flowchart of the progress: the boxes of the first page, readable, each as full as its functions."""

import re

import pytest
from matplotlib.colors import to_rgba
from matplotlib.patches import FancyBboxPatch

from ppo_lessons.classroom.flowchart import LOOKS, NODES, arrows, draw_flowchart, place_of, state_of
from ppo_lessons.classroom.progress import MARKS
from ppo_lessons.lessons import EXERCISES
from ppo_lessons.publishing.build import read_lesson
from ppo_lessons.seams import PROMISES
from tests.readable import faults


def test_its_boxes_are_those_of_the_flowchart_in_lesson_00_and_every_exercise_has_one():
    text = "\n".join(cell.source for cell in read_lesson("00_start_here").cells)
    assert list(NODES) == re.findall(r"^\| ([A-P]) \|", text, flags=re.MULTILINE)
    assert {exercise.node for exercise in EXERCISES} <= set(NODES)
    for name in {exercise.number.split(".")[0] for exercise in EXERCISES}:
        assert all(len(exercise.node) == 1 for exercise in EXERCISES if exercise.number.startswith(f"{name}."))


def test_an_exercise_and_the_step_that_it_replaces_stand_in_the_same_box():
    boxes = {exercise.name: exercise.node for exercise in EXERCISES if exercise.name in PROMISES}
    assert boxes == {name: PROMISES[name].node for name in boxes} and len(boxes) > 30


@pytest.mark.parametrize(
    ("states", "state"),
    [
        ([], "none"),
        (["open", "open"], "open"),
        (["open", "tried"], "tried"),
        (["passed", "open"], "tried"),
        (["passed", "passed"], "passed"),
    ],
)
def test_a_box_is_as_full_as_its_functions(states: list[str], state: str):
    assert state_of(states) == state
    figure = draw_flowchart({"L": states}, MARKS, "M")
    box = [patch for patch in figure.axes[0].patches if isinstance(patch, FancyBboxPatch)][list(NODES).index("L")]
    assert box.get_facecolor() == to_rgba(LOOKS[state]["facecolor"])
    said = figure.axes[0].texts[-5].get_text()
    assert said.startswith("L. ") and said.endswith("".join(MARKS[s] for s in states))


def test_arrows_lead_from_each_box_to_the_next():
    ways = list(arrows())
    assert len(ways) == 15
    for (start, end), one, other in zip(ways, NODES, list(NODES)[1:], strict=False):
        assert abs(start[0] - place_of(one)[0]) + abs(start[1] - place_of(one)[1]) < 70
        assert abs(end[0] - place_of(other)[0]) + abs(end[1] - place_of(other)[1]) < 70


@pytest.mark.parametrize("here", [None, "A", "P", "L"])
def test_it_can_be_read(here: str | None):
    marks: dict[str, list[str]] = {}
    for i, exercise in enumerate(EXERCISES):
        marks.setdefault(exercise.node, []).append(list(MARKS)[i % 3])
    assert not faults(draw_flowchart(marks, MARKS, here))

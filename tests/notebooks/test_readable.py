"""Every living picture of every lesson can be read from the last row, at the ends of all knobs.

The stored ones are looked at in `test_reruns.py`, where the lessons are run.
"""

import importlib
from collections.abc import Iterator
from typing import Any

import pytest

from ppo_lessons.display.picture import WIDTHS
from ppo_lessons.interactive.controls import Toggle
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.interactive.live_figure import LiveFigure
from ppo_lessons.interactive.workbench import Workbench
from ppo_lessons.lessons.coefficient_lab import RunsLab
from ppo_lessons.lessons.team_training import TrainingDashboard
from tests.browser.hands import EXPLORERS
from tests.readable import faults

pytestmark = pytest.mark.filterwarnings("error")


def settings_of(explorer: Explorer) -> Iterator[dict[str, Any]]:
    """The start, and every knob at both of its ends."""
    start = explorer.panels[0].controls.values
    yield start
    for knob in explorer.panels[0].controls._knobs.values():
        for value in (False, True) if isinstance(knob, Toggle) else (knob.values[0], knob.values[-1]):
            yield {**start, knob.name: value}


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize(("module", "function"), [(module, function) for _, module, function in EXPLORERS])
def test_every_living_figure_can_be_read_wherever_its_knobs_are(module: str, function: str, columns: int):
    explorer = getattr(importlib.import_module(f"ppo_lessons.lessons.{module}"), function)()
    panel = explorer.panels[0]
    panel.screen.column = WIDTHS[columns]
    assert panel.wait()
    found = []
    for settings in settings_of(explorer):
        panel.screen.face.show(panel._compute(**settings))
        found += [f"{fault} at {settings}" for fault in faults_of_live(panel.screen._figure)]
    assert panel.screen.width <= WIDTHS[columns]
    assert not found, "\n".join(found)


@pytest.mark.parametrize("columns", WIDTHS)
@pytest.mark.parametrize("workbench", [TrainingDashboard, RunsLab])
def test_every_workbench_can_be_read(workbench: type[Workbench], columns: int):
    made = workbench()
    made.screen.column = WIDTHS[columns]
    assert made.wait()
    assert not (found := faults_of_live(made.screen._figure)), "\n".join(found)


def faults_of_live(live: LiveFigure) -> list[str]:
    for artist in live.moving:
        artist.set_animated(False)
    try:
        return faults(live.figure)
    finally:
        for artist in live.moving:
            artist.set_animated(True)

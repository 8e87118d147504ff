"""Every picture of every lesson can be read from the last row: stored, and living at the ends of all knobs."""

import importlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from matplotlib.figure import Figure

from ppo_lessons.display import picture
from ppo_lessons.display.picture import WIDTHS
from ppo_lessons.interactive.controls import Toggle
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.interactive.live_figure import LiveFigure
from ppo_lessons.interactive.workbench import Workbench
from ppo_lessons.lessons.coefficient_lab import RunsLab
from ppo_lessons.lessons.team_training import TrainingDashboard, watching
from ppo_lessons.publishing.build import lessons, read_lesson
from tests.browser.hands import EXPLORERS
from tests.readable import faults

pytestmark = pytest.mark.filterwarnings("error")


@pytest.mark.parametrize("name", lessons())
def test_every_stored_picture_can_be_read(name: str, monkeypatch: pytest.MonkeyPatch):
    """At 580 CSS pixels, the width of an output in a window of 1024."""
    found: list[str] = []
    draw = picture.draw_png

    def look(figure: Figure) -> bytes:
        title = next((axes.get_title("left") or axes.get_title() for axes in figure.axes), "")
        if figure.get_figwidth() * picture.DPI > WIDTHS[2]:
            found.append(f"{title!r} is {figure.get_figwidth() * picture.DPI:.0f} pixels wide")
        found.extend(f"{title!r}: {fault}" for fault in faults(figure))
        return draw(figure)

    monkeypatch.setattr(picture, "draw_png", look)
    monkeypatch.setattr(watching, "display", lambda *_, **__: SimpleNamespace(update=lambda picture: None))
    monkeypatch.chdir("notebooks")
    scope: dict[str, Any] = {"__name__": "__main__"}
    for cell in read_lesson(name).cells:
        if cell.cell_type == "code":
            exec(compile(cell.source, name, "exec"), scope)
    assert not found, "\n".join(found)


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

"""What holds for every explorer of the lessons: it draws all that changes, and is small when stored."""

import importlib
import io

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from PIL import Image

from ppo_lessons.interactive.explorer import Explorer, Panel
from ppo_lessons.publishing.build import lessons
from tests.browser.hands import EXPLORERS

pytestmark = pytest.mark.slow

NAMES = [f"{module}.{function}" for _, module, function in EXPLORERS]


def make(module: str, function: str) -> Explorer:
    return getattr(importlib.import_module(f"ppo_lessons.lessons.{module}"), function)()


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def drawn_anew(panel: Panel) -> np.ndarray:
    """The whole figure, every artist of it, drawn by matplotlib as if nothing had ever been kept."""
    for artist in panel.screen._figure.moving:
        artist.set_animated(False)
    canvas = FigureCanvasAgg(panel.screen._figure.figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., :3]


def test_every_lesson_that_teaches_a_step_has_one():
    with_explorer = {lesson for lesson, *_ in EXPLORERS}
    assert with_explorer == set(lessons()) - {"00_start_here", "12_team_training"}  # these have theatre and dashboard


@pytest.mark.parametrize(("lesson", "module", "function"), EXPLORERS, ids=NAMES)
def test_all_that_changes_is_drawn_again(lesson: str, module: str, function: str):
    """An artist that `show` changes and that its face does not keep would stay as it was at the start."""
    panel = make(module, function).panels[0]
    assert panel.wait()
    for knob in panel.controls._knobs.values():
        values = getattr(knob, "values", (True, False))
        panel.controls.put(**{knob.name: values[-1] if knob.start != values[-1] else values[0]})
        assert panel.wait()
    blitted, anew = pixels(panel.screen.png), drawn_anew(panel)
    differing = (np.abs(blitted.astype(int) - anew).max(axis=2) > 25).mean()
    assert differing < 0.001, f"{differing:.2%} of the pixels"


@pytest.mark.parametrize(("lesson", "module", "function"), EXPLORERS, ids=NAMES)
def test_it_is_told_in_words_and_small(lesson: str, module: str, function: str):
    explorer = make(module, function)
    data, _ = explorer._repr_mimebundle_()
    assert len(data["text/html"]) < 150_000
    assert len(data["text/plain"]) > 30
    assert all(knob["label"] for knob in explorer.panels[0].controls.knobs)

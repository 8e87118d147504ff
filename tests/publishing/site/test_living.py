"""What a page will show is what the explorer's own functions give, for every setting that was chosen."""

import importlib
import io
import json
from functools import cache

import numpy as np
import pytest
from PIL import Image

from ppo_lessons.display.picture import SHARP, WIDTHS
from ppo_lessons.publishing.build import lessons
from ppo_lessons.publishing.site import living
from ppo_lessons.publishing.site.settings import PLANS, plan_of
from ppo_lessons.publishing.site.tiles import Tiles

FUNCTIONS = living.explorers()


@cache
def make(lesson, function):
    return getattr(importlib.import_module(f"ppo_lessons.lessons.{lesson[3:]}"), function)()


def test_the_figures_that_were_promised_are_there():
    rooms = {(lesson[3:], function) for lesson, function in FUNCTIONS}
    assert {("clipping", "explore"), ("ratios", "explore"), ("coefficient_lab", "explore_atlas")} <= rooms


@pytest.mark.slow
@pytest.mark.parametrize(("lesson", "function"), FUNCTIONS, ids=[f"{a}.{b}" for a, b in FUNCTIONS])
def test_every_explorer_can_be_drawn_beforehand(lesson, function):
    explorer = make(lesson, function)
    chosen = plan_of(explorer.title, explorer.knobs)
    settings = list(living.settings_of(explorer, chosen))
    assert len(settings) == np.prod([len(some.values) for some in chosen]) <= 200
    result = explorer.compute(**settings[-1])
    for columns in living.COLUMNS:
        picture, said = explorer.drawer(columns)(result)
        assert picture.shape[1] == SHARP * WIDTHS[columns]
        assert len(said) > 10


def test_no_plan_is_for_an_explorer_that_is_gone():
    assert set(PLANS) <= {make(*function).title for function in FUNCTIONS}


@pytest.mark.slow
def test_files_hold_every_setting_and_the_words_of_jupyterlab(tmp_path, monkeypatch):
    monkeypatch.setitem(PLANS, "Clipping", {"clip_eps": 2, "steps": 3})
    added = []
    monkeypatch.setattr(Tiles, "add", lambda self, picture, add=Tiles.add: (added.append(picture), add(self, picture)))
    lesson = next(name for name in lessons() if name.endswith("_clipping"))
    drawn = living.draw_one(tmp_path, lesson, "explore")
    explorer = make(lesson, "explore")
    assert drawn.text == explorer.text
    settings = list(living.settings_of(explorer, plan_of("Clipping", explorer.knobs)))
    assert settings[1] == {"clip_eps": 0.01, "steps": 8}, "the last knob is the first to move"
    script = (tmp_path / f"{drawn.name}_580.js").read_text(encoding="utf-8")
    data = json.loads(script.partition(" = ")[2].rstrip(";\n"))
    assert [spec["number"] for spec in data["knobs"]] == [3, 3], "the start is always among them"
    panel = explorer.panels[0]
    for number, setting in enumerate(settings):
        panel.controls.put(**setting)
        assert panel.wait()
        assert panel.screen.said == data["said"][number]
        shown = np.asarray(Image.open(io.BytesIO(panel.screen._figure.draw(SHARP))).convert("RGB"))
        assert np.array_equal(added[len(settings) + number], shown)


@pytest.mark.slow
def test_replays_below_a_figure_follow_it():
    lesson = next(name for name in lessons() if name.endswith("_coefficient_lab"))
    explorer = make(lesson, "explore_atlas")
    (theatre,) = explorer.foot
    start = {knob.name: knob.start for knob in explorer.knobs}
    results = [explorer.compute(**{**start, "ent_coef": value}) for value in (0.0, 0.25)]
    told = living._boards(explorer, theatre, results)
    assert [board["title"] for board in told["boards"]] == ["default settings", "chosen settings", "chosen settings"]
    assert told["played"] == [[0, 1], [0, 2]]
    assert explorer.panels[0].result is not None


def test_knobs_are_told_in_the_words_of_jupyterlab():
    lesson = next(name for name in lessons() if name.endswith("_clipping"))
    explorer = make(lesson, "explore")
    (eps, steps) = living.specs(plan_of("Clipping", explorer.knobs))
    assert (eps["texts"][eps["start"]], steps["texts"][steps["start"]]) == ("0.2", "8")
    assert (eps["label"], eps["kind"], steps["play"]) == ("clip_eps", "slider", 300)

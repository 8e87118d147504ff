"""Knobs: what the browser is told of them, and that every value finds its way there and back."""

import json
import re
from typing import Any

import pytest

from ppo_lessons.interactive.controls import HERE, Button, Choice, Controls, Slider, Toggle

KNOBS = (
    Slider("clip_eps", "clip_eps", (0.0, 0.1 + 0.2, 1.0, 1e6), 1.0, "{:.1f}", play=200),
    Slider("epochs", "passes", (1, 2, 4), 2, lambda n: f"{n} times"),
    Choice("age", "age of the team", ("chaos", "mastery"), "mastery"),
    Toggle("clipped", "clip <it>", True),
    Toggle("shown", "show it"),
)
BUTTONS = (Button("go on", "Go on"),)
START = {"clip_eps": 1.0, "epochs": 2, "age": "mastery", "clipped": True, "shown": False}


class Hand:
    """Controls, and what they called."""

    def __init__(self) -> None:
        self.changes: list[dict[str, Any]] = []
        self.presses: list[str] = []
        self.controls = Controls("Knobs", KNOBS, BUTTONS, self.changes.append, self.presses.append)


@pytest.fixture
def hand() -> Hand:
    return Hand()


def test_the_browser_is_told_everything_in_json(hand: Hand):
    specs = hand.controls.knobs
    assert json.loads(json.dumps(specs)) == specs
    assert json.loads(json.dumps(hand.controls.settings)) == hand.controls.settings
    assert [spec["kind"] for spec in specs] == ["slider", "slider", "choice", "toggle", "toggle", "button"]
    assert [spec["name"] for spec in specs] == [*START, "go on"]
    assert specs[0]["texts"] == ["0.0", "0.3", "1.0", "1000000.0"]
    assert specs[1]["texts"] == ["1 times", "2 times", "4 times"]
    assert [spec["play"] for spec in specs[:2]] == [200, 0]
    assert hand.controls.title == "Knobs"


def test_the_browser_is_answered_when_it_asks_whether_anybody_follows(hand: Hand, monkeypatch: pytest.MonkeyPatch):
    said: list[Any] = []
    monkeypatch.setattr(hand.controls, "send", said.append)
    hand.controls._receive(hand.controls, {"ping": True}, [])
    assert said == [{"pong": True}]
    assert hand.presses == hand.changes == []


def test_everything_has_a_label_and_a_maker_in_the_browser(hand: Hand):
    makers = re.search(r"const KINDS = \{ (.*) \};", (HERE / "controls.js").read_text(encoding="utf-8"))
    assert makers
    for spec in hand.controls.knobs:
        assert spec["label"].strip()
        assert spec["kind"] in makers[1].split(", ")
    assert [spec["label"] for spec in hand.controls.knobs] == [item.label for item in (*KNOBS, *BUTTONS)]


@pytest.mark.parametrize("knob", KNOBS, ids=lambda knob: knob.name)
def test_every_value_comes_back(knob: Slider | Choice | Toggle):
    values = (False, True) if isinstance(knob, Toggle) else knob.values
    for value in values:
        packed = json.loads(json.dumps(knob.pack(value)))
        assert knob.unpack(packed) == value
        assert type(knob.unpack(packed)) is type(value)
    assert len({knob.pack(value) for value in values}) == len(values)


def test_knobs_are_put_and_put_back(hand: Hand):
    assert hand.controls.values == START
    hand.controls.put(clip_eps=0.1 + 0.2, shown=True)
    assert hand.controls.values == {**START, "clip_eps": 0.1 + 0.2, "shown": True}
    hand.controls.put(shown=True)
    assert hand.changes == [hand.controls.values], "what stays where it is is no change"
    hand.controls.reset()
    assert hand.changes[1:] == [START]
    assert hand.controls.values == START


def test_what_is_not_there_cannot_be_put(hand: Hand):
    with pytest.raises(ValueError, match=r"not in tuple"):
        hand.controls.put(epochs=3)
    with pytest.raises(KeyError):
        hand.controls.put(gamma=1.0)
    assert hand.controls.values == START
    assert not hand.changes
    with pytest.raises(ValueError, match=r"not in tuple"):
        Controls("Knobs", (Slider("epochs", "epochs", (1, 2), 3),), (), hand.changes.append, hand.presses.append)


def test_the_browser_moves_knobs_and_presses_buttons(hand: Hand):
    hand.controls.set_state({"settings": {"clip_eps": 3, "epochs": 0, "age": 0, "clipped": False, "shown": True}})
    moved = {"clip_eps": 1e6, "epochs": 1, "age": "chaos", "clipped": False, "shown": True}
    assert hand.changes == [moved]
    for message in ({"pressed": "go on"}, {"something": "else"}, "noise"):
        hand.controls._handle_custom_msg(message, [])
    assert hand.presses == ["go on"]
    assert hand.changes == [moved]

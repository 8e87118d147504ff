"""The lesson's explorer: its lengths are those of a backward pass written out here, and its lamps say the same."""

import io
import itertools
import math
import re

import numpy as np
import pytest
from PIL import Image

from ppo_lessons.interactive.explorer import Explorer, Panel
from ppo_lessons.lessons.detaching.explorer import LINKS, GradientFace, explore
from ppo_lessons.lessons.detaching.gradient_trace import FROZEN, LAYERS, LOSSES
from tests.lessons.detaching.test_gradient_trace import trace


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return explore()


@pytest.fixture(scope="module")
def face() -> GradientFace:
    return GradientFace()


def test_lamps_and_arrows_say_what_the_trace_says(face):
    for settings in (dict(), dict(leave=("old_log_probs",)), dict(loss="total_loss", leave=FROZEN, shared_trunk=True)):
        result = trace(**settings)
        face.show(result)
        for link, (line, head) in zip(LINKS, face.lines, strict=True):
            length = link.length(result)
            assert head.get_visible() == (length > 0)
            assert (line.get_linestyle() == "--") == math.isnan(length)
        for name, length in result.boxes.items():
            if name == "logits" or length is None:
                continue
            shared = name == "actor_trunk" and settings.get("shared_trunk")
            lamp, number = face.lamps["shared" if shared else name], face.numbers["shared" if shared else name]
            assert lamp.get_visible() == (not math.isnan(length))
            if lamp.get_visible():
                assert number.get_text() == (f"{length:.3f}" if length else "0")


def test_every_length_can_be_read_and_every_bar_fits(face):
    right = face.figure.axes[1]
    for loss, shared, normalise in itertools.product(LOSSES, (True, False), (True, False)):
        for leave in ((), ("old_log_probs",), ("returns",), FROZEN):
            result = trace(loss, leave=leave, shared_trunk=shared, advantage_normalisation=normalise)
            lengths = [x for x in (*result.layers.values(), *result.boxes.values()) if x is not None and x > 0]
            assert min(lengths) > 0.0005, "three digits show that it is not 0"
            face.show(result)
            for bar, length, said in zip(face.bars, result.layers.values(), face.said, strict=True):
                wanted = 0 if length is None or math.isnan(length) else length
                assert bar.get_width() == wanted < 0.7 * right.get_xlim()[1]
                word = "shared" if length is None else "none" if math.isnan(length) else f"{length:.3f}"
                assert said.get_text().startswith(word if length != 0 else "0: ")


def test_the_line_says_the_numbers(face):
    result = trace(leave=("advantages",))
    said = face.show(result)
    numbers = [float(number) for number in re.findall(r"(?<![.\d])-?\d+\.\d+", said)]
    assert numbers == pytest.approx([result.value, 1, 1, result.grad_norm], abs=6e-4)
    assert "Reaches: " + ", ".join(LAYERS) in said
    assert "another gradient than it should be: critic_trunk.0, critic_trunk.2, critic_head." in said
    assert "no path" not in said
    assert said.endswith("Cut: old_log_probs, returns; with a graph: advantages")
    silent = face.show(trace(leave=("old_log_probs",)))
    assert "Paths cancel to 0 in: actor_trunk.0, actor_trunk.2, actor_head" in silent
    assert "no path to: critic_trunk.0, critic_trunk.2, critic_head" in silent
    assert "Cut: nothing" in face.show(trace(leave=FROZEN))
    assert "with a graph: no field" in face.show(trace())


def shown(panel: Panel, **values: object) -> tuple[bytes, str]:
    panel.controls.put(**values)
    assert panel.wait()
    assert not panel.screen.failed, panel.screen.said
    return panel.screen.png, panel.screen.said


@pytest.mark.parametrize(("loss", "no_grad"), [(LOSSES[0], False), (LOSSES[1], True), (LOSSES[2], False)])
def test_every_knob_changes_picture_and_numbers(explorer, loss, no_grad):
    panel = explorer.panels[0]
    panel.controls.reset()
    first = shown(panel, loss=loss, no_grad=no_grad)
    for name, knob in panel.controls._knobs.items():
        before = panel.controls.values[name]
        for other in getattr(knob, "values", (True, False)):
            if other != before:
                picture, numbers = shown(panel, **{name: other})
                assert picture != first[0] and numbers != first[1], (name, other)
        assert shown(panel, **{name: before}) == first, "nothing stays behind"


def test_nothing_stays_behind(explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    first = shown(panel)
    shown(panel, loss="total_loss", detach_old_log_probs=False, shared_trunk=True, advantage_normalisation=True)
    shown(panel, loss="entropy", detach_old_log_probs=False, no_grad=True, shared_trunk=False)
    panel.controls.reset()
    assert shown(panel) == first


def test_the_stored_picture_is_small_and_its_text_has_no_numbers(explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    assert panel.wait()
    assert len(panel.screen.stored()) < 110_000
    assert Image.open(io.BytesIO(panel.screen.stored())).size == (1160, 1160)
    assert not re.search(r"\d", explorer.text)
    assert np.asarray(Image.open(io.BytesIO(panel.screen.stored())).convert("L")).min() < 100

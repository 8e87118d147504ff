"""Limits are found by asking the pure function, and hold for settings that were not asked."""

from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from ppo_lessons.display.picture import new_figure
from ppo_lessons.interactive.controls import Choice, Slider, Toggle
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.interactive.limits import MARGIN, WITH_TEXTS, Limits, find_limits, probes, set_limits

KNOBS = (
    Slider("size", "size", (1, 2, 3, 50), 2),
    Choice("side", "side", ("left", "right"), "left"),
    Toggle("wide", "w"),
)


class Face:
    """A curve and a bar; the scale of y is the test's choice."""

    def __init__(self, columns: int = 2, scale: str = "linear") -> None:
        self.figure, (left, right) = new_figure(4, 2, 1, 2)
        left.set_yscale(scale)
        left.axhline(1.0)
        (self.line,) = left.plot([], [])
        self.bar = right.bar([0], [0]).patches[0]
        self.said = right.text(0, 0, "")
        right.set_xlim(-1, 1)

    def show(self, result: tuple[np.ndarray, float]) -> str:
        curve, height = result
        self.line.set_data(np.arange(1, len(curve) + 1), curve)
        self.bar.set_height(height)
        return "shown"


def compute(size: int, side: str, wide: bool) -> tuple[np.ndarray, float]:
    if (size, side, wide) == (50, "right", True):
        raise ValueError("a setting that is refused")
    return np.array([1.0, size]) * (10 if wide else 1), float(size) * (-1 if side == "right" else 1)


def test_every_knob_is_asked_at_its_ends_and_its_middle_in_all_combinations():
    asked = list(probes(KNOBS))
    assert len(asked) == 3 * 2 * 2
    assert {setting["size"] for setting in asked} == {1, 3, 50}
    assert {"size": 3, "side": "right", "wide": False} in asked


def test_limits_reach_a_margin_beyond_what_lies_farthest_out():
    face = Face()
    left, right = find_limits(face.figure, face.show, compute, KNOBS).values()
    assert left.x == pytest.approx((1 - MARGIN, 2 + MARGIN)), "what spans the panel in axes coordinates does not count"
    assert right == Limits(None, pytest.approx((-50 - 100 * WITH_TEXTS, 50 + 100 * WITH_TEXTS))), (
        "x was set by the face"
    )


def test_a_margin_is_the_same_share_on_a_log_scale():
    face = Face(scale="log")
    low, high = find_limits(face.figure, face.show, compute, KNOBS)["0"].y
    assert np.log10([low, high]) == pytest.approx([-MARGIN * np.log10(500), np.log10(500) * (1 + MARGIN)])


def test_zero_is_an_end_without_a_margin():
    face = Face()
    knobs = (Slider("size", "size", (0, 4), 4),)
    (_, right) = find_limits(face.figure, face.show, lambda size: (np.ones(2), float(size)), knobs).values()
    assert right.y == (0.0, 4 * (1 + WITH_TEXTS))


def test_panels_with_limits_of_their_own_are_asked_nothing():
    figure = Figure()
    figure.subplots().set(xlim=(0, 1), ylim=(0, 1))

    def refuse(**_: Any) -> None:
        raise AssertionError

    assert find_limits(figure, refuse, refuse, KNOBS) == {"0": Limits(None, None)}
    set_limits(figure, {"0": Limits(None, None)})
    assert figure.axes[0].get_xlim() == (0, 1)


def test_an_image_has_its_own_limits():
    figure, axes = new_figure(2, 2)
    axes.imshow(np.zeros((2, 3)))
    assert find_limits(figure, str, compute, KNOBS) == {"0": Limits(None, None)}


def test_nobody_is_kept_waiting():
    many = [Toggle(f"knob {i}", "knob") for i in range(7)]
    with pytest.raises(ValueError, match=r"sets its limits itself. Got 128"):
        find_limits(Face().figure, str, compute, many)


def test_both_settings_of_an_explorer_have_the_same_limits():
    explorer = Explorer("Two", "two settings", compute, Face, KNOBS)
    explorer._press("compare")
    first, second = ([axes.get_ylim() for axes in panel.screen.face.figure.axes] for panel in explorer.panels)
    assert first == second

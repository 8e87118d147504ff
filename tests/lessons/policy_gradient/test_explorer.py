"""The lesson's explorer: curves and gradients by closed forms, and its knobs show them."""

import io
import re

import numpy as np
import pytest
from PIL import Image

from ppo_lessons.interactive.explorer import Explorer, Panel
from ppo_lessons.lessons.policy_gradient.explorer import GRID, StairsFace, compare, explore


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return explore()


@pytest.mark.parametrize("p", [0.02, 0.2, 0.3, 0.5, 0.98])
@pytest.mark.parametrize("old", [0.05, 0.2, 0.5, 0.95])
def test_numbers_are_those_of_the_closed_forms(p: float, old: float):
    result = compare(p, old, 0.2)
    slope = 1 - 2 * old
    np.testing.assert_allclose(result.heights[:2], [p - p * p, old - old * old + slope * (p - old)], atol=1e-12)
    np.testing.assert_allclose(result.gradients[:2], [p * (1 - p) * (1 - 2 * p), p * (1 - p) * slope], atol=1e-12)
    np.testing.assert_allclose(result.curves[0], GRID - GRID**2, atol=1e-12)
    np.testing.assert_allclose(result.ratios, [p / old, (1 - p) / (1 - old)])
    assert (result.curves[2] <= result.curves[1] + 1e-12).all()


@pytest.mark.parametrize("old", [0.2, 0.6])
def test_at_the_old_policy_all_three_agree(old: float):
    result = compare(old, old, 0.2)
    np.testing.assert_allclose(result.heights, result.heights[0])
    np.testing.assert_allclose(result.gradients, result.gradients[0])


def test_far_away_the_surrogate_still_rises_where_j_falls():
    result = compare(0.8, 0.2, 0.2)
    assert result.gradients[0] < 0 < result.gradients[1]
    assert result.gradients[2] < 0, "the clipped one does not"
    assert compare(0.26, 0.2, 0.2).gradients[2] < 0 < compare(0.26, 0.2, 0.2).gradients[0]
    assert compare(0.5, 0.5, 0.2).gradients == pytest.approx([0, 0, 0], abs=1e-12)


def test_everything_is_in_the_picture():
    face = StairsFace()
    result = compare(0.4, 0.2, 0.2)
    said = face.show(result)
    for line, curve in zip(face.lines, result.curves, strict=True):
        np.testing.assert_array_equal(line.get_ydata(), curve)
    assert [bar.get_height() for bar in face.bars] == result.gradients.tolist()
    assert [mark.get_data()[1][0] for mark in face.marks] == result.heights.tolist()
    numbers = [float(number) for number in re.findall(r"[-+]?\d+\.\d+", said)]
    assert numbers == pytest.approx([0.4, 0.2, 0.2, *result.heights, *result.gradients, 2.0, 0.75], abs=6e-4)


def shown(panel: Panel, **values: object) -> tuple[bytes, str]:
    panel.controls.put(**values)
    assert panel.wait()
    assert not panel.screen.failed, panel.screen.said
    return panel.screen.png, panel.screen.said


@pytest.mark.parametrize("name", ["p", "old_p", "clip_eps"])
def test_every_knob_changes_picture_and_numbers(explorer: Explorer, name: str):
    panel = explorer.panels[0]
    knob = panel.controls._knobs[name]
    panel.controls.reset()
    seen = [shown(panel)]
    for place in (0, len(knob.values) // 3, len(knob.values) - 1):
        seen.append(shown(panel, **{name: knob.values[place]}))
    assert len({numbers for _, numbers in seen}) == len({picture for picture, _ in seen}) == len(seen)
    assert shown(panel, **{name: knob.start}) == seen[0], "nothing stays behind"


def test_the_stored_picture_is_small_and_its_text_has_no_numbers(explorer: Explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    assert panel.wait()
    png = panel.screen.stored()
    assert len(png) < 100_000 and Image.open(io.BytesIO(png)).size[0] == 1160
    assert not re.search(r"\d", explorer.text)

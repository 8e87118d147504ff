"""What is drawn is what the formula says, at every knob's ends."""

import itertools

import pytest

from ppo_lessons.lessons.beyond_one_machine.explorer import (
    HIDDEN,
    HOW,
    NOISE_SCALES,
    ROWS,
    ScalingFace,
    explore,
    in_words,
)
from ppo_lessons.lessons.beyond_one_machine.scaling import MACHINES, NETWORKS, scale
from ppo_lessons.shipped.rank_costs import load_rank_costs

ENDS = list(
    itertools.product(
        (ROWS[0], ROWS[-1]), (HIDDEN[0], HIDDEN[-1]), NETWORKS, HOW, (True, False), (NOISE_SCALES[0], 1e6)
    )
)


@pytest.fixture(scope="module", params=[1, 2, 3])
def face(request):
    return ScalingFace(request.param)


def test_everything_is_in_the_picture(face):
    costs = load_rank_costs()
    for settings in ENDS:
        result = scale(costs, *settings)
        said = face.show(result)
        assert face.speed.get_ydata() == pytest.approx(result.speed)
        assert face.worth.get_ydata() == pytest.approx(result.worth)
        assert face.said.get_text() == f"pays up to {result.pays_until}"
        for place, course in enumerate(result.courses):
            whole = course.play + course.learn + course.talk
            bars = {name: bars[place] for name, bars in face.bars.items()}
            assert bars["talk"].get_height() == pytest.approx(course.talk / whole)
            assert bars["talk"].get_y() + bars["talk"].get_height() == pytest.approx(1)
        assert said == in_words(result)
        low, high = face.speed.axes.get_ylim()
        assert low <= min(result.worth) and max(result.speed) <= high


def test_the_words_name_three_sizes():
    said = in_words(scale(load_rank_costs(), 4096, 64, "10 Gbit/s", HOW[0], True, 1e5))
    assert all(f"{machines} machines: " in said for machines in (8, 64, 512) if machines in MACHINES)


def test_it_opens():
    explorer = explore()
    try:
        assert "8 machines" in explorer.panels[0].text if hasattr(explorer.panels[0], "text") else True
    finally:
        for panel in explorer.panels:
            panel.close()

"""The lesson's explorer: its advantages are the definition's, and every knob moves the picture."""

import numpy as np
import pytest

from ppo_lessons.interactive.live_figure import LiveFigure
from ppo_lessons.lessons.advantages.explorer import AdvantageFace, explore
from ppo_lessons.lessons.advantages.stretches import STRETCHES, TREATMENTS, look_back
from ppo_lessons.shipped.recording import CONFIG

WINS, CUT, FALLS, FULL = STRETCHES
START = dict(
    stretch=WINS, last_step="as it was", gamma=CONFIG.gamma, gae_lambda=CONFIG.gae_lambda, steps_before=4,
    team_credit=True,
)  # fmt: skip


@pytest.fixture(scope="module")
def face():
    return AdvantageFace()


@pytest.fixture(scope="module")
def shown(face: AdvantageFace):
    figure = LiveFigure(face)

    def show(**knobs):
        said = face.show(look_back(**{**START, **knobs}))
        return figure.draw(), said

    return show


@pytest.mark.parametrize(
    "moved",
    [
        *({"stretch": stretch} for stretch in (CUT, FALLS, FULL)),
        *({"last_step": last_step} for last_step in ("truncated", "followed by the row below")),
        *({"gamma": gamma} for gamma in (0.0, 0.4)),
        *({"gae_lambda": gae_lambda} for gae_lambda in (0.05, 0.2, 1.0)),
        *({"steps_before": steps} for steps in (0, 1, 6)),
    ],
)
def test_every_knob_moves_the_picture_and_leaves_nothing_behind(shown, moved: dict):
    before, after, again = shown(), shown(**moved), shown()
    assert before[0] != after[0] and before[1] != after[1]
    assert before == again


@pytest.mark.parametrize(
    "moved",
    [
        dict(stretch=FALLS, last_step="truncated", gamma=0.5, gae_lambda=0.9, steps_before=3, team_credit=False),
        dict(stretch=FALLS, gae_lambda=0.9, steps_before=6),
    ],
)
def test_everything_that_changes_is_drawn_anew(shown, moved: dict):
    fresh = AdvantageFace()
    fresh.show(look_back(**{**START, **moved}))
    assert LiveFigure(fresh).draw() == shown(**moved)[0]


@pytest.mark.parametrize(("gamma", "gae_lambda"), [(0.98, 0.8), (0.1, 0.05)])
def test_team_credit_moves_the_picture_of_a_fall_only(shown, gamma: float, gae_lambda: float):
    for stretch, moves in ((FALLS, True), (WINS, False)):
        knobs = dict(stretch=stretch, gamma=gamma, gae_lambda=gae_lambda)
        with_credit, without = shown(**knobs), shown(**knobs, team_credit=False)
        assert (with_credit[0] != without[0]) is moves
        assert with_credit[1] != without[1], "its sentence says why"


def test_truth_and_its_name_give_the_same_picture(shown):
    assert shown() == shown(last_step="terminated")


@pytest.mark.parametrize("gamma", [0.0, 1.0])
def test_everything_lies_within_the_limits(face: AdvantageFace, gamma: float):
    above, below = (axes.get_ylim() for axes in face.figure.axes)
    for stretch in STRETCHES:
        for last_step in TREATMENTS:
            for gae_lambda in (0.0, 1.0):
                seen = look_back(stretch, last_step, gamma, gae_lambda, 6, True)
                lower = np.concatenate((seen.td_errors, seen.advantages, seen.as_it_was))
                upper = np.concatenate((seen.rewards, seen.values, seen.later_values, [seen.next_value]))
                assert -5 < lower.min() and lower.max() < 5.5 < below[1]
                assert above[0] < upper.min() and upper.max() < above[1]
                assert len(seen.values) + len(seen.later_values) <= 18


def test_explorer_is_small_and_fixed_in_its_words():
    explorer = explore()
    assert len(explorer.panels[0].screen.stored()) < 110_000
    assert "as it was" not in explorer.text and not any(letter.isdigit() for letter in explorer.text)
    assert not explorer.panels[0].screen.failed

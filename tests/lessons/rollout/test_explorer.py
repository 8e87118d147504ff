"""The lesson's explorer: every row is what the buffer and the rules of the game say, and its knobs show it."""

import io

import numpy as np
import pytest
from PIL import Image

from ppo_lessons.interactive.explorer import Explorer, Panel
from ppo_lessons.lessons.rollout.explorer import (
    CASE,
    HIGH,
    LOW,
    RolloutFace,
    explore,
    happened,
    look_at,
    place_of,
    recorded_events,
)
from ppo_lessons.shipped.recorded_update import recording
from ppo_lessons.shipped.recording import BADGES
from ppo_lessons.spirit_world.board import CELL, draw_board
from ppo_lessons.spirit_world.rules import ACTION_NAMES, Events, WorldState, rewards_of

SOME = (*BADGES.values(), (0, 5, 2), (31, 0, 1), (31, 11, 3))


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return explore()


@pytest.fixture(scope="module")
def face() -> RolloutFace:
    return RolloutFace()


@pytest.mark.parametrize("badge", SOME)
def test_a_row_is_what_the_buffer_and_the_network_say(badge: tuple[int, int, int]):
    t, e, a = badge
    data, moment = recording().buffer.data, look_at(t, e, str(a))
    logits = recording().policy(data.obs[badge])[0].detach().double().numpy()
    by_hand = np.exp(logits) / np.exp(logits).sum()
    np.testing.assert_allclose(moment.probabilities, by_hand, atol=1e-6)
    assert moment.log_prob == pytest.approx(np.log(by_hand[data.actions[badge]]), abs=1e-5)
    stored = (data.actions, data.values, data.rewards, data.terminated, data.truncated, data.acting)
    assert (moment.action, moment.value, moment.reward) == tuple(field[badge].item() for field in stored[:3])
    assert (moment.terminated, moment.truncated, moment.acting) == tuple(field[badge].item() for field in stored[3:])
    assert moment.badge == badge and moment.acting
    seen = data.obs[badge][:2] * (CASE.size - 1)
    assert moment.cell == tuple(seen.round().int().tolist()), "where it sees itself"
    np.testing.assert_array_equal(moment.board, draw_board(CASE, recording().board(t, e)))
    np.testing.assert_array_equal(moment.rewards, data.rewards[:, e, a].numpy())


def test_the_events_explain_every_recorded_reward_and_end():
    data = recording().buffer.data
    for t, events in enumerate(recorded_events()):
        np.testing.assert_array_equal(rewards_of(CASE, events), data.rewards[t].numpy())
        over = events.won | events.lost | events.adjourned
        np.testing.assert_array_equal(over, data.episode_over[t].numpy())
        cut = data.truncated[t].numpy().any(axis=1)
        np.testing.assert_array_equal(cut, events.adjourned)


def test_the_fall_is_a_decision_and_what_follows_is_none():
    fall, after = look_at(6, 0, "0"), look_at(7, 0, "0")
    assert fall.acting and fall.terminated and fall.fell[6] and fall.fell.sum() == 1
    assert not after.acting and not after.terminated
    assert np.isnan(after.probabilities).all() and np.isnan([after.value, after.log_prob]).all()
    assert after.waiting.tolist() == [False] * 7 + [True] * 25
    np.testing.assert_array_equal(np.isnan(after.values), after.waiting)
    assert after.rewards[9] == 1, "what the team gains meanwhile"
    assert fall.ends == {31: "lost"}


def test_ends_are_told_apart():
    assert look_at(0, 1, "0").ends == {13: "cut off"}
    assert look_at(0, 12, "0").ends == {9: "won", 26: "won"}
    assert look_at(0, 4, "0").ends == {}


def test_words_name_what_happened():
    nothing = dict(next_to=np.zeros((1, 4, 3), bool), banished=np.zeros((1, 3), bool), fell=np.zeros((1, 4), bool))
    nothing |= dict(health_lost=np.zeros((1, 4), int), won=np.array([False]), lost=np.array([False]))
    quiet = Events(**nothing, adjourned=np.array([False]))
    assert happened(quiet, 0) == "nothing to note"
    assert happened(quiet._replace(adjourned=np.array([True])), 0) == "cut off"
    events = quiet._replace(
        banished=np.array([[True, False, True]]),
        health_lost=np.array([[1, 0, 1, 0]]),
        fell=np.array([[False, False, True, False]]),
    )
    assert happened(events, 0) == "k = 1, 3 banished; 0 drained; 2 falls"
    assert happened(look_events(6), 0) == "k = 1 banished; 0, 2 fall"
    assert happened(look_events(9), 12) == "k = 3 banished; won"


def look_events(step: int) -> Events:
    return recorded_events()[step]


@pytest.mark.parametrize("number", range(4))
def test_the_ring_is_where_the_board_shows_the_detective(number: int):
    def board(health: list[int]) -> np.ndarray:
        standing = np.full((1, 4, 2), (2, 3))
        state = WorldState(standing, np.array([health]), np.zeros((1, 3, 2), int), np.ones((1, 3), bool), np.zeros(1))
        return draw_board(CASE, state).astype(int)

    health = [4, 4, 4, 4]
    health[number] = 0
    rows, columns = np.nonzero((board([4, 4, 4, 4]) != board(health)).any(axis=-1))
    x, y = place_of(number, 2, 3)
    disc = 0.21 * CELL  # and below it the bar of health
    assert columns.min() == pytest.approx(x * CELL - disc, abs=2)
    assert columns.max() == pytest.approx(x * CELL + disc, abs=2)
    assert rows.min() == pytest.approx(y * CELL - disc, abs=2)


def test_everything_fits_into_the_axes():
    data = recording().buffer.data
    for numbers in (data.values[data.acting], data.rewards):
        assert LOW < numbers.min() and numbers.max() < HIGH - 1, "room for the words above"
    words = [happened(events, e) for events in recorded_events() for e in range(data.acting.shape[1])]
    assert max(map(len, words)) <= 30, "as wide as the board"


def test_the_picture_says_what_was_drawn_and_what_was_not(face: RolloutFace):
    moment = look_at(6, 0, "0")
    face.show(moment)
    hatched = [bool(bar.get_hatch()) for bar in face.bars]
    assert hatched == [name == "right" for name in ACTION_NAMES]
    np.testing.assert_allclose([bar.get_height() for bar in face.bars], moment.probabilities)
    assert face.chances[4].get_fontweight() == "bold" and not face.silence.get_text()
    assert (face.arrow.get_xdata()[1] > face.arrow.get_xdata()[0]) and face.arrow.get_marker() == ">"
    line = face.show(look_at(7, 0, "0"))
    assert "no action is drawn" in line and "probability" not in line and "acting False" in line
    assert all(bar.get_height() == 0 and not bar.get_hatch() for bar in face.bars)
    assert "no decision" in face.silence.get_text() and not any(label.get_text() for label in face.chances)
    assert len(face.arrow.get_xdata()) == 0


def test_the_story_breaks_where_a_case_ends(face: RolloutFace):
    face.show(look_at(0, 12, "0"))
    x, y = face.curve.get_data()
    assert np.isnan(x).sum() == 2 and np.isnan(x[[10, 28]]).all() and x[~np.isnan(x)].tolist() == list(range(32))
    np.testing.assert_allclose(y[~np.isnan(x)], recording().buffer.data.values[:, 12, 0])
    assert [label.get_text() for label in face.outcomes] == ["won", "won", ""]
    face.show(look_at(0, 0, "0"))
    ((left, *_, right),) = (box.vertices[[0, 1, 2]][:, 0] for box in face.gap.get_paths())
    assert (left, right) == (6.5, 31.5)


def test_the_line_says_the_numbers(face: RolloutFace):
    assert face.show(look_at(6, 0, "0")) == (
        'badge (6, 0, 0), "falls": action right, probability 0.62, log_prob -0.48; value +0.78; reward -0.20; '
        "terminated True, truncated False, acting True"
    )
    assert "truncated True" in face.show(look_at(13, 1, "0"))


def shown(panel: Panel, **values: object) -> tuple[bytes, str]:
    panel.controls.put(**values)
    assert panel.wait()
    assert not panel.screen.failed, panel.screen.said
    return panel.screen.png, panel.screen.said


@pytest.mark.parametrize("name", ["step", "copy", "detective"])
def test_every_knob_changes_picture_and_numbers(explorer: Explorer, name: str):
    panel = explorer.panels[0]
    knob = panel.controls._knobs[name]
    panel.controls.reset()
    first = shown(panel)
    last = len(knob.values) - 1
    places = {0, 1, 2, last, round(0.2 * last), round(0.8 * last)}
    seen = [shown(panel, **{name: knob.values[place]}) for place in places - {knob.values.index(knob.start)}]
    assert len({picture for picture, _ in [first, *seen]}) == len({line for _, line in [first, *seen]}) == len(seen) + 1
    assert shown(panel, **{name: knob.start}) == first, "nothing stays behind"


def test_nothing_stays_behind_after_any_row(explorer: Explorer):
    panel = explorer.panels[0]
    wins = dict(step=9, copy=12, detective="0")
    first = shown(panel, **wins)
    for t, e, a in ((7, 0, 0), (31, 0, 1), (13, 1, 0), (31, 15, 3)):
        assert shown(panel, step=t, copy=e, detective=str(a)) != first
    assert shown(panel, **wins) == first


def test_the_stored_picture_is_small_and_not_empty(explorer: Explorer):
    png = explorer.panels[0].screen.stored()
    pixels = np.asarray(Image.open(io.BytesIO(png)).convert("L"))
    assert len(png) < 100_000 and (pixels < 200).mean() > 0.01

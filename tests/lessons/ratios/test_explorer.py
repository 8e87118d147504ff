"""The lesson's explorer: ratios by hand, directions by backward, and that its knobs show it."""

import copy
import io
import re

import numpy as np
import pytest
import torch
from PIL import Image
from torch.distributions import Categorical

from ppo_lessons.interactive.explorer import Explorer, Panel
from ppo_lessons.lessons.ratios.explorer import (
    BINS,
    DISTANCES,
    FURTHEST,
    PULLS,
    RatioFace,
    explore,
    push_policy,
    pushed_policy,
    step_direction,
)
from ppo_lessons.shipped.recorded_update import normalised_rows, one_pass, recorded_rows, recording
from ppo_lessons.shipped.recording import BADGES
from ppo_lessons.spirit_world.rules import ACTION_NAMES

ALONE = PULLS[-1]


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return explore()


@pytest.fixture(scope="module")
def face() -> RatioFace:
    return RatioFace()


def place_of(badge: str) -> int:
    return recording().rows_of([BADGES[badge]])[0]


def direction_by_hand(index: list[int]) -> torch.Tensor:
    """Of plain policy gradient: before the first step, the gradient of the ratio is that of the log-probability."""
    policy, rows = copy.deepcopy(recording().policy), normalised_rows()
    log_probs = Categorical(logits=policy(rows.obs[index])[0]).log_prob(rows.actions[index])
    (log_probs * rows.advantages[index]).mean().backward()
    found = [torch.zeros_like(p) if p.grad is None else p.grad for p in policy.parameters()]
    gradient = torch.cat([part.flatten() for part in found])
    return gradient / gradient.norm()


@pytest.mark.parametrize("rows", ["mini-batch", "one row"])
def test_direction_is_that_of_the_policy_gradient(rows):
    index = one_pass()[1].tolist() if rows == "mini-batch" else [place_of("falls")]
    direction = step_direction(tuple(index))
    torch.testing.assert_close(direction, direction_by_hand(index), rtol=1e-3, atol=1e-5)
    assert float(direction.norm()) == pytest.approx(1, abs=1e-5)


@pytest.mark.parametrize("distance", [-0.4, 0.06, 0.4])
def test_the_policy_is_moved_by_this_distance(distance):
    index = tuple(one_pass()[0].tolist())
    pushed, before = pushed_policy(distance, index), recording().policy
    difference = torch.cat(
        [(a - b).flatten() for a, b in zip(pushed.parameters(), before.parameters(), strict=True)]
    ).detach()
    assert float(difference.norm()) == pytest.approx(abs(distance), rel=1e-3)
    assert float(difference @ step_direction(index)) == pytest.approx(distance, rel=1e-3)


@pytest.mark.parametrize(("distance", "follow", "pull"), [(0.2, "wins", PULLS[0]), (-0.3, "cut off", ALONE)])
def test_ratios_are_those_by_hand(distance, follow, pull):
    result, rows, here = push_policy(distance, follow, pull), recorded_rows(), place_of(follow)
    policy = pushed_policy(distance, (here,) if pull == ALONE else tuple(one_pass()[0].tolist()))
    with torch.no_grad():
        logits = policy(rows.obs)[0].double().numpy()
    now = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    taken = rows.actions.numpy()
    ratios = now[np.arange(len(taken)), taken] / np.exp(rows.old_log_probs.double().numpy())
    np.testing.assert_allclose(result.ratios, ratios, rtol=1e-4)
    np.testing.assert_allclose(result.six, ratios[recording().rows_of(BADGES.values())], rtol=1e-4)
    np.testing.assert_allclose(result.now, now[here], atol=1e-6)
    assert result.now.sum() == pytest.approx(1) and result.then.sum() == pytest.approx(1)
    assert result.action == taken[here] and list(BADGES)[result.followed] == follow
    ratio = result.six[result.followed]
    assert ratio == pytest.approx(result.now[result.action] / result.then[result.action], rel=1e-4)
    assert ratio == pytest.approx(np.exp(result.new_log_prob - result.old_log_prob), rel=1e-4)
    assert result.approx_kl == pytest.approx(np.mean(ratios - 1 - np.log(ratios)), rel=1e-3)
    assert result.clip_fraction == pytest.approx(np.mean(np.abs(ratios - 1) > 0.2), abs=2 / len(ratios))
    as_asked = (ratios - 1) * np.sign(normalised_rows().advantages.numpy()) > 1e-4
    assert result.as_asked == pytest.approx(as_asked.mean(), abs=2 / len(ratios))


@pytest.mark.parametrize("pull", PULLS)
def test_at_distance_0_every_ratio_is_1(pull):
    result = push_policy(0.0, "drained", pull)
    np.testing.assert_allclose(result.ratios, 1, atol=1e-5)
    np.testing.assert_allclose(result.now, result.then, atol=1e-6)
    assert result.approx_kl == pytest.approx(0, abs=1e-6)
    assert result.clip_fraction == result.as_asked == 0


@pytest.mark.parametrize("badge", BADGES)
def test_a_row_alone_goes_the_way_of_its_advantage(badge):
    advantage = normalised_rows().advantages[place_of(badge)]
    for distance in (-0.1, 0.02, 0.1):
        result = push_policy(distance, badge, ALONE)
        assert (result.six[result.followed] > 1) == (advantage * distance > 0)


@pytest.mark.parametrize("pull", PULLS[:-1])
def test_a_small_push_lowers_the_loss_of_its_mini_batch(pull):
    index, advantages = one_pass()[PULLS.index(pull)], normalised_rows().advantages.numpy()
    gain = [np.mean(push_policy(d, "wins", pull).ratios[index] * advantages[index]) for d in (-0.02, 0.0, 0.02)]
    assert gain[0] < gain[1] < gain[2]


def test_answers_of_the_lesson():
    """drained, who is to fall, is lifted by mini-batch 1, pushed down by her own, mini-batch 3, and by herself."""
    assert normalised_rows().advantages[place_of("drained")] < -1
    assert place_of("drained") in one_pass()[2].tolist()
    lifted, own, alone = (push_policy(0.2, "drained", pull).six[0] for pull in (PULLS[0], PULLS[2], ALONE))
    assert lifted > 2 and own < 0.6 and alone < 0.2
    wins = push_policy(0.4, "wins", PULLS[0])
    assert wins.then[wins.action] == pytest.approx(0.633, abs=0.001)
    for distance in DISTANCES:
        assert push_policy(distance, "wins", PULLS[0]).six[4] < 1 / 0.633


def test_the_recording_is_left_alone():
    before = [parameter.clone() for parameter in recording().policy.parameters()]
    push_policy(0.4, "wins", ALONE)
    assert all(map(torch.equal, before, recording().policy.parameters()))
    assert all(parameter.grad is None for parameter in recording().policy.parameters())


@pytest.mark.parametrize("distance", [DISTANCES[0], 0.0, 0.02, 0.2, DISTANCES[-1]])
@pytest.mark.parametrize("pull", [PULLS[0], ALONE])
def test_every_row_and_mark_is_in_the_picture(face, distance, pull):
    top, right, _ = face.figure.axes
    for follow in BADGES:
        result = push_policy(distance, follow, pull)
        face.show(result)
        counts = face.bars.get_data().values
        assert counts[counts >= 1].sum() == len(result.ratios)
        assert counts.max() < top.get_ylim()[1]
        for mark, ratio in zip(face.marks, result.six, strict=True):
            assert mark.get_xdata()[0] == pytest.approx(np.clip(ratio, 1 / FURTHEST, FURTHEST), rel=1e-5)
        assert [bar.get_height() for bar in face.now] == result.now.tolist()
        assert [bool(bar.get_hatch()) for bar in face.then] == [n == result.action for n in range(len(ACTION_NAMES))]
        assert right.get_ylim()[1] > 1.3, "room for the words above a probability of 1"
    assert not distance or (counts[[0, -1]] < len(result.ratios) / 4).all(), "few are beyond the axis"


def test_all_ratios_of_1_stand_in_one_bar(face):
    face.show(push_policy(0.0, "wins", PULLS[0]))
    counts = face.bars.get_data().values
    assert (counts >= 1).sum() == 1 and counts[(len(BINS) - 1) // 2] == len(recorded_rows().actions)


def test_marks_say_what_is_asked_and_whether_it_was_done(face):
    result = push_policy(0.2, "drained", PULLS[0])
    face.show(result)
    for mark, ratio, advantage in zip(face.marks, result.six, result.advantages, strict=True):
        assert mark.get_marker() == (">" if advantage > 0 else "<")
        assert (mark.get_markerfacecolor() == "white") == ((ratio > 1) != (advantage > 0))
    face.show(push_policy(0.0, "drained", PULLS[0]))
    assert all(mark.get_markerfacecolor() == "white" for mark in face.marks)


def test_the_line_says_the_numbers(face):
    result = push_policy(0.2, "her mate", PULLS[3])
    said = face.show(result)
    numbers = [float(number) for number in re.findall(r"[-+]?\d+\.?\d*", said)]
    ratio, reach = result.six[2], (result.ratios.min(), result.ratios.max())
    shares = 100 * result.clip_fraction, 100 * result.as_asked
    wanted = [0.2, ratio, result.new_log_prob, result.old_log_prob, *reach, result.approx_kl, 0.8, 1.2, *shares]
    assert numbers == pytest.approx(wanted, rel=0.02, abs=0.06)
    assert "her mate" in said
    then, now = result.then[result.action], result.now[result.action]
    words = f"her mate took “right”:\n{now:.3f} / {then:.3f} = {ratio:.2f}"
    assert face.words.get_text() == words


def shown(panel: Panel, **values: object) -> tuple[bytes, str]:
    panel.controls.put(**values)
    assert panel.wait()
    assert not panel.screen.failed, panel.screen.said
    return panel.screen.png, panel.screen.said


@pytest.mark.parametrize("name", ["distance", "follow", "pull"])
def test_every_knob_changes_picture_and_numbers(explorer, name):
    panel = explorer.panels[0]
    knob = panel.controls._knobs[name]
    panel.controls.reset()
    first, last = shown(panel), len(knob.values) - 1
    places = {0, 1, last, round(0.2 * last), round(0.8 * last)} - {knob.values.index(knob.start)}
    seen = [first, *(shown(panel, **{name: knob.values[place]}) for place in places)]
    assert len({picture for picture, _ in seen}) == len({numbers for _, numbers in seen}) == len(seen)
    assert shown(panel, **{name: knob.start}) == first, "nothing stays behind"


def test_nothing_stays_behind(explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    first = shown(panel)
    shown(panel, distance=-0.4, follow="cut off", pull=ALONE)
    shown(panel, distance=0.0, follow="wins")
    panel.controls.reset()
    assert shown(panel) == first


def test_0_is_in_the_middle_of_the_slider():
    assert DISTANCES[len(DISTANCES) // 2] == 0 and DISTANCES == tuple(sorted(DISTANCES))


def test_the_stored_picture_is_small_and_its_text_has_no_numbers(explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    assert panel.wait()
    assert len(panel.screen.stored()) < 110_000
    assert Image.open(io.BytesIO(panel.screen.stored())).size == (1160, 840)
    assert not re.search(r"\d", explorer.text)

"""The lesson's explorer: its numbers against closed forms and the package's losses; its picture follows."""

import copy
import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from ppo_lessons.lessons.entropy.explorer import ENT_COEFS, TIMES, explore, scale_logits
from ppo_lessons.shipped.recorded_update import recorded_rows, recording
from ppo_lessons.shipped.recording import BADGES, CONFIG
from ppo_lessons.steps import minibatch_losses


def scaled_policy(times: float):
    policy = copy.deepcopy(recording().policy)
    with torch.no_grad():
        for parameter in policy.actor_head.parameters():
            parameter *= times
    return policy


@pytest.mark.parametrize(("times", "ent_coef"), [(0.0, 0.5), (0.3, 0.02), (1.0, 0.0), (1.0, 0.02), (5.0, 0.1)])
def test_parts_are_the_losses_of_a_policy_with_such_a_head(times: float, ent_coef: float):
    result = scale_logits(ent_coef, times, "falls")
    config = replace(CONFIG, ent_coef=ent_coef)
    with torch.no_grad():
        losses = minibatch_losses(scaled_policy(times), recorded_rows(), config)
    wanted = losses.actor_loss, config.vf_coef * losses.value_loss, -ent_coef * losses.entropy
    np.testing.assert_allclose(result.parts, [float(part) for part in wanted], rtol=1e-4, atol=1e-6)
    assert result.total_loss == pytest.approx(float(losses.total_loss), rel=1e-4, abs=1e-6)
    assert sum(result.parts) == pytest.approx(result.total_loss, abs=1e-6)


@pytest.mark.parametrize("badge", BADGES)
def test_pull_is_its_closed_form(badge: str):
    """The slope of H in logit i is -p (ln p + H)."""
    result = scale_logits(0.1, 1.5, badge)
    p = result.probabilities.astype(float)
    entropy = -(p * np.log(p)).sum()
    assert result.followed == pytest.approx(entropy, rel=1e-4)
    assert p.sum() == pytest.approx(1)
    np.testing.assert_allclose(result.pull, -0.1 * p * (np.log(p) + entropy), rtol=1e-3, atol=1e-7)
    assert result.pull.sum() == pytest.approx(0, abs=1e-6)
    assert result.pull[p.argmax()] < 0 < result.pull[p.argmin()]


def test_probabilities_are_those_of_the_row():
    result, rows = scale_logits(0.02, 1.0, "her mate"), recorded_rows()
    (row,) = recording().rows_of([BADGES["her mate"]])
    assert math.log(result.probabilities[rows.actions[row]]) == pytest.approx(float(rows.old_log_probs[row]), abs=1e-5)


def test_pull_vanishes_at_both_ends_and_without_weight():
    lengths = {times: np.linalg.norm(scale_logits(0.5, times, "falls").pull) for times in TIMES}
    assert lengths[0.0] < 1e-6
    assert lengths[50.0] < 1e-6
    assert lengths[1.0] > 0.1
    assert not scale_logits(0.0, 1.0, "falls").pull.any()


def test_uniform_and_certain():
    uniform, certain = scale_logits(0.02, 0.0, "wins"), scale_logits(0.02, 50.0, "wins")
    np.testing.assert_allclose(uniform.entropies, math.log(5), rtol=1e-6)
    np.testing.assert_allclose(uniform.probabilities, 0.2, rtol=1e-6)
    assert certain.entropies.mean() < 0.1
    assert certain.followed >= 0
    means = [scale_logits(0.02, times, "wins").entropies.mean() for times in TIMES]
    assert all(after < before for before, after in pairwise(means))


def test_answers_of_the_lesson():
    """A larger weight moves the lowest total to a less certain policy; the weight alone changes no probability."""
    lowest = {c: min(TIMES, key=lambda times, c=c: scale_logits(c, times, "falls").total_loss) for c in (0.02, 0.5)}
    assert lowest[0.5] < 0.5 < 0.9 < lowest[0.02] < 1.5
    without, with_much = scale_logits(0.0, 1.0, "falls"), scale_logits(0.5, 1.0, "falls")
    np.testing.assert_array_equal(without.probabilities, with_much.probabilities)
    assert without.parts[:2] == with_much.parts[:2]


def test_everything_stays_within_the_limits():
    face = explore().panels[0].screen.face
    edges, limits = face.edges, [axes.get_ylim() for axes in face.figure.axes]
    for times in TIMES:
        for ent_coef in (ENT_COEFS[0], ENT_COEFS[-1]):
            result = scale_logits(ent_coef, times, "her mate")
            face.show(result)
            (_, rows, pull, total) = limits
            assert np.abs(result.pull).max() < pull[1]
            counts = face.rows.get_data().values
            assert counts.sum() == len(result.entropies)
            assert counts.max() < rows[1]
            ends = np.cumsum(result.parts)
            assert total[0] < ends.min()
            assert ends.max() < total[1]
    assert edges[0] == 0
    assert edges[-1] == math.log(5)


def test_every_knob_moves_the_picture_and_leaves_nothing_behind():
    panel = explore().panels[0]

    def look(**values: object) -> tuple[bytes, str]:
        panel._follow({**panel.controls.values, **values})
        return panel.screen.png, panel.screen.said

    first = look()
    changes = dict(ent_coef=0.0), dict(ent_coef=0.001), dict(times=0.0), dict(times=50.0), dict(badge="cut off")
    seen = [first, *(look(**values) for values in changes)]
    assert len({picture for picture, _ in seen}) == len({numbers for _, numbers in seen}) == len(seen)
    assert not any("⚠" in numbers or "-0.000 " in numbers for _, numbers in seen)
    for times in (0.0, 50.0):  # where nothing is pulled every detective looks alike: the names tell them apart
        assert len({look(times=times, badge=badge) for badge in BADGES}) == len(BADGES)
        assert len({look(times=times, ent_coef=ent_coef) for ent_coef in ENT_COEFS}) == len(ENT_COEFS)
    assert look() == first
    assert len(panel.screen.stored()) < 110_000

"""The lesson's explorer: its numbers against autograd, the update's own and the plane's; its picture follows."""

from dataclasses import replace

import numpy as np
import pytest
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.buffer import Rows
from ppo_lessons.display.gradients import gradient_lengths
from ppo_lessons.lessons.value_loss.explorer import VF_COEFS, explore, pull_trunk
from ppo_lessons.shipped.recorded_update import first_policy, one_pass, policy_after, recorded_rows, recorded_update
from ppo_lessons.shipped.recording import CONFIG
from ppo_lessons.steps import minibatch_losses

ACTOR, CRITIC, ENTROPY = range(3)
TRUNK, HEADS = [0, 1], [2, 3]


def config_of(vf_coef: float, shared_trunk: bool = True):
    return replace(CONFIG, vf_coef=vf_coef, shared_trunk=shared_trunk)


@pytest.mark.parametrize("shared_trunk", [True, False])
@pytest.mark.parametrize("vf_coef", [0.1, 5.0])
def test_before_the_first_step_the_gradient_is_the_one_of_the_update(vf_coef: float, shared_trunk: bool):
    result = pull_trunk(vf_coef, 0, shared_trunk)
    first = recorded_update(config_of(vf_coef, shared_trunk))[0]
    assert result.grad_norm == pytest.approx(first.grad_norm, rel=1e-5)
    assert result.kept == pytest.approx(min(1, CONFIG.max_grad_norm / first.grad_norm), rel=1e-5)


@pytest.mark.parametrize("shared_trunk", [True, False])
def test_lengths_are_those_of_a_backward_pass(shared_trunk: bool):
    result, config = pull_trunk(0.5, 3, shared_trunk), config_of(0.5, shared_trunk)
    policy = policy_after(3, config)
    losses = minibatch_losses(policy, Rows(*(tensor[one_pass()[0]] for tensor in recorded_rows())), config)
    terms = {"a": losses.actor_loss, "c": 0.5 * losses.value_loss, "e": config.ent_coef * losses.entropy}
    for term, parts in enumerate(gradient_lengths(policy, terms).values()):
        wanted = [0.0 if found is None or np.isnan(found) else found for found in parts.values()]
        *trunks, actor_head, critic_head = wanted
        assert result.trunk_lengths[term] == pytest.approx(np.hypot.reduce(trunks), rel=1e-4)
        np.testing.assert_allclose(result.lengths[term, HEADS], [actor_head, critic_head], rtol=1e-4)
    np.testing.assert_allclose(np.hypot.reduce(result.lengths[:, TRUNK], axis=1), result.trunk_lengths, rtol=1e-5)


def test_losses_are_those_of_all_rows():
    result, rows = pull_trunk(2.0, 5, True), recorded_rows()
    policy = policy_after(5, config_of(2.0))
    with torch.no_grad():
        values = policy(rows.obs)[1].numpy().astype(float)
    returns = rows.returns.numpy().astype(float)
    np.testing.assert_allclose(result.values, values, rtol=1e-5)
    assert result.value_loss == pytest.approx(np.mean((values - returns) ** 2), rel=1e-5)
    assert result.explained_variance == pytest.approx(1 - np.var(returns - values) / np.var(returns), rel=1e-4)


def test_weight_alone_makes_the_pull_of_the_critic_longer_and_turns_the_sum():
    light, heavy = pull_trunk(0.5, 0, True), pull_trunk(10.0, 0, True)
    np.testing.assert_allclose(heavy.lengths[CRITIC], 20 * light.lengths[CRITIC], rtol=1e-5)
    np.testing.assert_allclose(heavy.lengths[[ACTOR, ENTROPY]], light.lengths[[ACTOR, ENTROPY]], rtol=1e-5)
    assert heavy.cosine == pytest.approx(light.cosine, abs=1e-5)
    assert heavy.from_actor > light.from_actor
    for result in (light, heavy):  # the sum lies in the plane of the two
        actor, critic, _ = result.trunk_lengths
        along, across = actor + critic * result.cosine, critic * (1 - result.cosine**2) ** 0.5
        assert result.from_actor == pytest.approx(np.degrees(np.arctan2(across, along)), abs=0.01)


def test_without_weight_the_critic_does_not_pull_and_yet_a_shared_trunk_moves_it():
    shared, apart = pull_trunk(0.0, 16, True), pull_trunk(0.0, 16, False)
    for result in (shared, apart):
        assert not result.lengths[CRITIC].any()
    assert shared.cosine == 0
    assert shared.from_actor == pytest.approx(0, abs=0.1)
    untouched = pull_trunk(0.5, 0, True).values
    np.testing.assert_array_equal(apart.values, untouched)
    assert np.abs(shared.values - untouched).max() > 0.1


def test_separate_trunks_begin_as_copies_and_share_nothing():
    shared, apart = pull_trunk(0.5, 0, True), pull_trunk(0.5, 0, False)
    np.testing.assert_allclose(apart.values, shared.values, rtol=1e-5)
    np.testing.assert_allclose(apart.lengths, shared.lengths, rtol=1e-4)
    assert np.isnan(apart.cosine)
    assert np.isnan(apart.from_actor)
    policy = first_policy(False)
    assert isinstance(policy, ActorCritic)
    assert not {id(p) for p in policy.actor_trunk.parameters()} & {id(p) for p in policy.critic_trunk.parameters()}
    assert first_policy(True) is policy_after(0)


def test_answers_of_the_lesson():
    """Adam: with a trunk of its own the critic hardly cares for its weight; about 0.1 makes both pull alike."""
    little, much, none = (pull_trunk(vf_coef, 16, False).value_loss for vf_coef in (0.01, 10.0, 0.0))
    assert none - min(little, much) > 5 * abs(little - much)
    assert 30 < pull_trunk(0.1, 0, True).from_actor < 60


def test_everything_stays_within_the_limits():
    face = explore().panels[0].screen.face
    left, right, middle = face.figure.axes
    for vf_coef in (VF_COEFS[0], VF_COEFS[1], VF_COEFS[-1]):
        for steps in (0, 1, 16):
            for shared_trunk in (True, False):
                result = pull_trunk(vf_coef, steps, shared_trunk)
                face.show(result)
                low, high = left.get_ylim()
                assert low < result.values.min()
                assert result.values.max() < high
                pulls = result.lengths[result.lengths > 0]
                low, high = middle.get_ylim()
                assert low < pulls.min() * result.kept
                assert pulls.max() < high
                for tip in face.tips:
                    assert right.get_xlim()[0] < tip.get_position()[0] < right.get_xlim()[1]


def test_every_knob_moves_the_picture_and_leaves_nothing_behind():
    panel = explore().panels[0]

    def look(**values: object) -> tuple[bytes, str]:
        panel._follow({**panel.controls.values, **values})
        return panel.screen.png, panel.screen.said

    first = look()
    changes = dict(vf_coef=0.0), dict(vf_coef=1.0), dict(steps=0), dict(steps=9), dict(shared_trunk=False)
    seen = [first, *(look(**values) for values in changes)]
    assert len({picture for picture, _ in seen}) == len({numbers for _, numbers in seen}) == len(seen)
    assert not any("⚠" in numbers for _, numbers in seen)
    assert look() == first
    assert len(panel.screen.stored()) < 110_000

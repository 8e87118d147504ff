"""The advantages of a stretch are the definition's, whatever its last step is said to have been."""

import numpy as np
import pytest
import torch

from ppo_lessons.lessons.advantages.stretches import STRETCHES, TREATMENTS, final_estimates, look_back
from ppo_lessons.shipped.recorded_update import recording
from ppo_lessons.shipped.recording import CONFIG

WINS, CUT, FALLS, FULL = STRETCHES
START = dict(
    stretch=WINS, last_step="as it was", gamma=CONFIG.gamma, gae_lambda=CONFIG.gae_lambda, steps_before=4,
    team_credit=True,
)  # fmt: skip


def by_hand(rewards, values, next_value, gamma, gae_lambda):
    """Equation 16 for one stretch with one end, as a double sum."""
    count = len(rewards)
    following = np.append(values[1:], next_value)
    delta = rewards + gamma * following - values
    return np.array([sum((gamma * gae_lambda) ** (t - s) * delta[t] for t in range(s, count)) for s in range(count)])


@pytest.mark.parametrize("stretch", STRETCHES)
def test_as_it_was_it_is_the_recording(stretch: str):
    buffer, (first, (last, e, a)) = recording().buffer, STRETCHES[stretch]
    seen = look_back(**{**START, "stretch": stretch})
    wanted = buffer.advantages[first : last + 1, e, a].numpy()
    np.testing.assert_allclose(seen.advantages, wanted, atol=1e-5)
    assert np.array_equal(seen.advantages, seen.as_it_was)
    assert (
        seen.was == seen.treated == {WINS: "terminated", CUT: "truncated", FALLS: "terminated", FULL: "full"}[stretch]
    )
    assert buffer.data.acting[first : last + 1, e, a].all()


@pytest.mark.parametrize("stretch", STRETCHES)
@pytest.mark.parametrize("last_step", TREATMENTS)
@pytest.mark.parametrize(("gamma", "gae_lambda", "team_credit"), [(0.98, 0.8, True), (0.5, 1.0, False), (1, 0.3, True)])
def test_each_treatment_is_the_definition(stretch, last_step, gamma, gae_lambda, team_credit):
    data, (first, (last, e, a)) = recording().buffer.data, STRETCHES[stretch]
    seen = look_back(stretch, last_step, gamma, gae_lambda, 3, team_credit)
    below = recording().last_values[e, a] if stretch == FULL else data.values[last + 1, e, a]
    estimate = below if stretch in (FULL, FALLS) else final_estimates()[last, e, a]  # no next case was laid out
    truly = {WINS: 0.0, CUT: float(data.final_values[last, e, a]), FALLS: 0.0, FULL: float(below)}[stretch]
    expected = dict(zip(TREATMENTS, (truly, float(estimate), 0.0, float(below)), strict=True))[last_step]
    assert seen.next_value == pytest.approx(expected, abs=1e-6)

    rewards = data.rewards[first : last + 1, e, a].numpy().astype(float)
    credit = gamma**3 if stretch == FALLS and team_credit and last_step in ("as it was", "terminated") else 0.0
    assert seen.credit == pytest.approx(credit, abs=1e-6)  # the banishing at t = 9, three steps after the fall
    rewards[-1] += credit
    wanted = by_hand(rewards, seen.values.astype(float), expected, gamma, gae_lambda)
    np.testing.assert_allclose(seen.advantages, wanted, atol=1e-5)
    row = seen.looked_at
    assert row == len(seen.values) - 4
    assert (seen.weights * seen.td_errors).sum() == pytest.approx(wanted[row], abs=1e-5), "the green parts add up"
    assert not seen.weights[:row].any() and seen.weights[row] == 1


def test_a_wrong_end_reaches_back_as_far_as_the_weights_do():
    def change(gae_lambda):
        wrong = look_back(CUT, "terminated", 0.98, gae_lambda, 4, True)
        return wrong.advantages - wrong.as_it_was

    value = look_back(**{**START, "stretch": CUT}).next_value
    steps = np.arange(13, -1, -1)
    np.testing.assert_allclose(change(0.8), -0.98 * value * (0.98 * 0.8) ** steps, atol=1e-5)
    np.testing.assert_allclose(change(1.0), -0.98 * value * 0.98**steps, atol=1e-5)
    alone = change(0.0)
    assert alone[-1] == pytest.approx(-0.98 * value, abs=1e-5) and not alone[:-1].any()


def test_a_full_rollout_is_like_a_truncation():
    first, second = (look_back(**{**START, "stretch": FULL, "last_step": way}) for way in ("as it was", "truncated"))
    np.testing.assert_allclose(first.advantages, second.advantages, atol=1e-6)


def test_without_discount_or_lambda_nothing_comes_from_later():
    blind = look_back(WINS, "as it was", 0.0, 1.0, 6, True)
    np.testing.assert_allclose(blind.advantages, blind.rewards - blind.values, atol=1e-6)
    near = look_back(WINS, "as it was", 1.0, 0.0, 6, True)
    np.testing.assert_allclose(near.advantages, near.td_errors, atol=1e-6)
    assert near.weights.tolist() == [0, 0, 0, 1, 0, 0, 0, 0, 0, 0]
    far = look_back(WINS, "as it was", 1.0, 1.0, 6, True)
    assert far.advantages[0] == pytest.approx(far.rewards.sum() - far.values[0], abs=1e-5)


def test_final_estimates_are_what_the_buffer_knows_of_them():
    data, estimates = recording().buffer.data, final_estimates()
    torch.testing.assert_close(estimates[data.truncated], data.final_values[data.truncated], rtol=0, atol=1e-5)
    goes_on = ~data.episode_over[:-1]
    torch.testing.assert_close(estimates[:-1][goes_on], data.values[1:][goes_on], rtol=0, atol=1e-5)
    assert not torch.allclose(estimates[:-1][~goes_on], data.values[1:][~goes_on], atol=0.1), "another case"

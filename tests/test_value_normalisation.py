"""Fact 39, by hand and by what must not matter: the scale of the rewards."""

import pytest
import torch

from ppo_lessons.buffer import Rows
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.rules import rewards_of
from ppo_lessons.training import TrainingRun, train
from ppo_lessons.value_normalisation import (
    DECAY,
    denormalise_values,
    follow_returns,
    mean_and_std,
    normalise_values,
    rows_in_units,
)

NOTHING = torch.zeros(3, dtype=torch.float64)


def draw(*shape, seed=0):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_the_first_rollout_by_hand():
    """Returns 1, 2 and 6: mean 3, mean square 41 / 3, variance 41 / 3 - 9. Debiased, the weight 0.01 plays no part."""
    statistics = follow_returns(NOTHING, torch.tensor([1.0, 2.0, 6.0]))
    assert statistics.tolist() == pytest.approx([0.03, 0.41 / 3, 0.01])
    mean, std = mean_and_std(statistics)
    assert (float(mean), float(std)) == pytest.approx((3, (41 / 3 - 9) ** 0.5))


def test_the_second_rollout_by_hand():
    """Weights 0.99 * 0.01 and 0.01: the mean of a rollout of mean 3 and one of mean 5 is just above 4."""
    statistics = follow_returns(follow_returns(NOTHING, torch.tensor([3.0, 3.0])), torch.tensor([4.0, 6.0]))
    mean, std = mean_and_std(statistics)
    first, second = DECAY * 0.01, 0.01
    wanted = (3 * first + 5 * second) / (first + second)
    square = (9 * first + 26 * second) / (first + second)
    assert (float(mean), float(std)) == pytest.approx((wanted, (square - wanted**2) ** 0.5))


def test_what_was_handed_in_is_not_changed():
    statistics = follow_returns(NOTHING, draw(5))
    before = statistics.clone()
    follow_returns(statistics, draw(5, seed=1))
    assert torch.equal(statistics, before) and not NOTHING.any()


def test_equal_returns_have_no_spread_and_not_a_negative_one():
    statistics = follow_returns(NOTHING, torch.full((7,), 1 / 3))
    assert all(torch.isfinite(part) for part in mean_and_std(statistics))
    assert float(mean_and_std(statistics)[1]) < 1e-6


def test_one_undoes_the_other():
    values, mean, std = 30 * draw(4, 3) + 7, torch.tensor(7.0), torch.tensor(30.0)
    normalised = normalise_values(values, mean, std)
    torch.testing.assert_close(denormalise_values(normalised, mean, std), values)
    torch.testing.assert_close(normalised, draw(4, 3))


def test_who_has_seen_nothing_expects_nothing():
    mean, std = mean_and_std(NOTHING)
    assert (float(mean), float(std)) == (0, 0)
    assert denormalise_values(draw(9), mean, std).abs().max() < 1e-7


def test_old_values_are_still_returns_less_advantages():
    returns, advantages = 5 * draw(6) + 2, draw(6, seed=1)
    mean, std = torch.tensor(2.0), torch.tensor(5.0)
    rows = Rows(draw(6, 2), torch.zeros(6, dtype=torch.int64), draw(6), returns, advantages)
    changed = rows_in_units(rows, normalise_values(returns, mean, std), std)
    wanted = normalise_values(returns - advantages, mean, std)
    torch.testing.assert_close(changed.returns - changed.advantages, wanted)
    assert changed.obs is rows.obs and changed.actions is rows.actions


def weights(make_config, factor, **changes):
    """Train three cycles in a world whose rewards are this many times as large."""
    config = make_config(num_steps=12, shared_trunk=False, **changes)
    world = SpiritWorld("standard", config.num_envs, rewards_of=lambda *given: rewards_of(*given) * factor)
    run = TrainingRun(world, config)
    reports = list(train(run, 3))
    return run.policy, reports


@pytest.mark.parametrize("critic", ["own", "team"])
def test_the_scale_of_the_rewards_does_not_matter(make_config, critic):
    """Fact 39, for the whole training: 64 is a power of 2, so that every number is rounded alike."""
    small, reports = weights(make_config, 1.0, value_normalisation=True, critic=critic)
    large, same = weights(make_config, 64.0, value_normalisation=True, critic=critic)
    for name, weight in small.named_parameters():
        torch.testing.assert_close(dict(large.named_parameters())[name], weight, rtol=1e-4, atol=1e-5)
    assert [r.update.value_loss for r in same] == pytest.approx([r.update.value_loss for r in reports], rel=1e-3)
    assert same[-1].mean_reward == pytest.approx(64 * reports[-1].mean_reward)


def test_without_it_the_scale_does_matter(make_config):
    small, large = (weights(make_config, factor)[1] for factor in (1.0, 64.0))
    assert large[-1].update.value_loss > 100 * small[-1].update.value_loss


def test_the_critic_learns_in_units_and_the_advantages_are_in_rewards(make_config):
    """The values in the buffer are turned back before the advantages; the statistics move once a cycle."""
    policy, _ = weights(make_config, 100.0, value_normalisation=True)
    mean, std = mean_and_std(policy.return_statistics)
    assert float(policy.return_statistics[2]) == pytest.approx(1 - DECAY**3)
    assert float(std) > 5 and abs(float(mean)) < 1e3

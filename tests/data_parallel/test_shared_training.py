import numpy as np
import pytest
import torch

from ppo_lessons.config import PPOConfig
from ppo_lessons.data_parallel.ranks import RankError
from ppo_lessons.data_parallel.shared_training import begin_on_rank, copies_of_rank, train_on_ranks
from ppo_lessons.data_parallel.shared_update import steps_for
from ppo_lessons.data_parallel.sharing import Sharing
from ppo_lessons.data_parallel.thread_ranks import in_threads
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.steps import DEFAULT_STEPS
from ppo_lessons.training import TrainingRun, train, train_cycle
from ppo_lessons.value_normalisation import follow_returns

CONFIG = PPOConfig(num_envs=6, minibatch_size=64, epochs=1, seed=5)


@pytest.mark.parametrize(("num_envs", "num_ranks"), [(8, 2), (7, 3), (3, 3)])
def test_copies_are_shared_out(num_envs, num_ranks):
    copies = [copies_of_rank(num_envs, num_ranks, rank) for rank in range(num_ranks)]
    assert sum(copies) == num_envs and max(copies) - min(copies) <= 1


def test_fewer_copies_than_ranks_are_refused():
    with pytest.raises(RankError, match="Got num_envs 2 for 3 ranks"):
        copies_of_rank(2, 3, 0)


def test_one_rank_is_a_run_as_ever():
    """The same rows bit for bit, and the same update up to rounding."""
    alone = TrainingRun("standard", CONFIG)
    (expected,) = train(alone, 1)
    (run,) = in_threads(1, lambda ranks: begin_on_rank(ranks, "standard", CONFIG))
    fresh = TrainingRun("standard", CONFIG)
    assert all(torch.equal(*pair) for pair in zip(run.policy.parameters(), fresh.policy.parameters(), strict=True))
    assert np.array_equal(run.env.obs, fresh.env.obs)
    ((report,),) = in_threads(1, lambda ranks: list(train_on_ranks(ranks, "standard", CONFIG, 1)))
    assert vars(report.update) == pytest.approx(vars(expected.update), rel=1e-4, abs=1e-5)
    assert (report.mean_reward, report.agent_steps) == (expected.mean_reward, expected.agent_steps)


def test_ranks_begin_with_equal_weights_and_play_different_cases():
    first, second = in_threads(2, lambda ranks: begin_on_rank(ranks, "standard", CONFIG))
    assert all(torch.equal(*pair) for pair in zip(first.policy.parameters(), second.policy.parameters(), strict=True))
    assert not np.array_equal(first.env.obs, second.env.obs)
    draws = [torch.rand(5, generator=run.action_generator) for run in (first, second)]
    assert not torch.equal(*draws)
    assert torch.equal(*(torch.randperm(9, generator=run.shuffle_generator) for run in (first, second)))


def test_ranks_that_begin_with_other_weights_are_refused():
    own = Sharing(seeds_of_rank=lambda common, own: own)
    with pytest.raises(RankError, match=r"must have the same weights. Got others on rank 1"):
        in_threads(2, lambda ranks: begin_on_rank(ranks, "standard", CONFIG, own))


def test_reports_are_of_all_ranks():
    """Rewards by hand, from what each rank has stored."""

    def job(ranks):
        run = begin_on_rank(ranks, "standard", CONFIG)
        report = train_cycle(run, steps_for(ranks, DEFAULT_STEPS, Sharing()))
        return report, run.buffer.data.rewards.clone(), run.buffer.data.acting.clone()

    told = in_threads(2, job)
    rewards, acting = (torch.cat([part[i] for part in told], dim=1) for i in (1, 2))
    for report, *_ in told:
        assert report.update.num_rows == int(acting.sum())
        assert report.mean_reward == pytest.approx(float(rewards[acting].mean()), abs=1e-7)
        for agent, own in enumerate(report.agent_rewards):
            assert own == pytest.approx(float(rewards[..., agent][acting[..., agent]].mean()), abs=1e-7)
    reports = in_threads(2, lambda ranks: list(train_on_ranks(ranks, "standard", CONFIG, 2)))
    first, second = (each[-1] for each in reports)
    assert first.agent_steps == second.agent_steps == 2 * 8 * 6 * 4
    assert len(first.behaviours) == 2 and [b.cases for b in first.behaviours] == [b.cases for b in second.behaviours]


def test_the_statistics_of_the_returns_are_of_all_ranks():
    config = PPOConfig(num_envs=5, minibatch_size=64, epochs=1, seed=2, value_normalisation=True)

    def job(ranks):
        run = begin_on_rank(ranks, "standard", config)
        train_cycle(run, steps_for(ranks, DEFAULT_STEPS, Sharing()))
        return run.policy.return_statistics, run.buffer.data

    told = in_threads(2, job)

    def returns_of(rank):
        return in_threads(2, lambda ranks: _returns(ranks, config))[rank]

    expected = follow_returns(torch.zeros(3, dtype=torch.float64), torch.cat([returns_of(0), returns_of(1)]))
    for statistics, _ in told:
        torch.testing.assert_close(statistics, expected, atol=1e-9, rtol=1e-6)


def _returns(ranks, config):
    """The returns of a rank's first rollout, as `train_cycle` works them out."""
    seen = {}

    def normalise_values(returns, mean, std):
        seen["returns"] = returns
        return (returns - mean) / (std + 1e-8)

    from dataclasses import replace

    run = begin_on_rank(ranks, "standard", config)
    train_cycle(run, replace(steps_for(ranks, DEFAULT_STEPS, Sharing()), normalise_values=normalise_values))
    return seen["returns"]


def test_a_world_of_ones_own_is_made_for_each_rank():
    made = []

    def world(num_envs):
        made.append(num_envs)
        return SpiritWorld("standard", num_envs)

    in_threads(2, lambda ranks: list(train_on_ranks(ranks, world, PPOConfig(num_envs=5, minibatch_size=64), 1)))
    assert sorted(made) == [2, 3]


def test_numbers_that_are_no_counts_are_refused():
    with pytest.raises(ValueError, match="saved_every must be"):
        in_threads(2, lambda ranks: list(train_on_ranks(ranks, "standard", CONFIG, 1, saved_every=0)))

"""Two ranks, or four, with their shares of the copies are one process with all of them."""

from pathlib import Path

import pytest
import torch

from ppo_lessons.advantages import normalise_advantages
from ppo_lessons.config import PPOConfig
from ppo_lessons.data_parallel import RankError, Sharing, in_threads, train_on_ranks
from ppo_lessons.data_parallel.launch import run_on_processes
from ppo_lessons.data_parallel.shared_update import own_part
from ppo_lessons.steps import Steps
from tests.data_parallel.ten_updates import SETTINGS, UPDATES, by_a_rank, by_one_process, in_float64


@pytest.fixture(autouse=True)
def _in_float64():
    with in_float64():
        yield


def assert_equal_runs(of_ranks, of_one):
    """Every number of every report, and every weight, to 1e-6, and by far."""
    assert len(of_ranks) == len(of_one) == UPDATES
    for (told, weights), (expected, expected_weights) in zip(of_ranks, of_one, strict=True):
        assert told == pytest.approx(expected, abs=1e-8, rel=1e-8, nan_ok=True)
        torch.testing.assert_close(weights, expected_weights, atol=1e-8, rtol=0)


@pytest.mark.parametrize("num_ranks", [2, 4])
@pytest.mark.parametrize("name", SETTINGS)
def test_ranks_are_one_process(name, num_ranks):
    config = PPOConfig(**SETTINGS[name])
    of_one = by_one_process(config, num_ranks)
    stops = [report["stopped_early"] for report, _ in of_one]
    assert any(stops) == (name == "early stops"), "otherwise this holds nothing"
    for of_rank in in_threads(num_ranks, lambda ranks: by_a_rank(ranks, config)):
        assert_equal_runs(of_rank, of_one)


@pytest.mark.parametrize("num_ranks", [2, 4])
def test_ranks_that_are_processes_are_one_process(num_ranks, tmp_path):
    script = str(Path(__file__).with_name("ten_updates.py"))
    run_on_processes(num_ranks, [str(tmp_path / "told.pt")], program=[script])
    told = torch.load(tmp_path / "told.pt", weights_only=True)
    assert_equal_runs(told, by_one_process(PPOConfig(**SETTINGS["usual"]), num_ranks))


WRONG = {
    "every rank normalises its own": Sharing(
        normalise_by_all=lambda advantages, *told: normalise_advantages(advantages)
    ),
    "the mean of the ranks' means": Sharing(rank_weights=lambda rows: torch.full((len(rows),), 1 / len(rows))),
    "equal seeds": Sharing(seeds_of_rank=lambda common, own: common),
}


@pytest.mark.parametrize("name", WRONG)
def test_what_goes_silently_wrong_is_another_update(name):
    """No error, finite numbers, equal weights on all ranks, and not the update that was meant."""
    config = PPOConfig(**SETTINGS["uneven copies"])
    of_one = by_one_process(config, 2)
    first, second = in_threads(2, lambda ranks: by_a_rank(ranks, config, WRONG[name]))
    assert torch.equal(first[-1][1], second[-1][1])
    assert (first[0][1] - of_one[0][1]).abs().max() > 1e-4


def test_a_rank_that_stops_alone_is_missed():
    """Its own rows have gone too far, and it leaves. The others wait for it at the gradient, in vain."""

    def job(ranks):
        own_kl = Sharing(stop_on_all=lambda kls, rows, target_kl: bool(kls[ranks.rank] > 1e-9) and ranks.rank == 1)
        return by_a_rank(ranks, PPOConfig(**SETTINGS["usual"]), own_kl)

    with pytest.raises(RankError, match="Got rank 0 gradient, rank 1 number of rows"):
        in_threads(2, job, timeout=20)


def test_own_part_by_hand():
    """Three ranks with 3, 0 and 2 rows: numbers 0 to 2 are the first's, 3 and 4 the last's."""
    minibatch, counts = torch.tensor([4, 0, 2, 3]), torch.tensor([3, 0, 2])
    parts = [own_part(minibatch, counts, rank) for rank in range(3)]
    assert [own.tolist() for own, _ in parts] == [[0, 2], [], [1, 0]]
    assert all(each.tolist() == [2, 0, 2] for _, each in parts)


def test_steps_of_ones_own_take_part():
    """A learner's ratios are called on every rank; what belongs to all ranks is theirs."""
    called = []

    def importance_ratios(new_log_probs, old_log_probs):
        called.append(len(new_log_probs))
        return (new_log_probs - old_log_probs).exp()

    mine = Steps(importance_ratios=importance_ratios, gradient_step=None, should_stop=None)
    config = PPOConfig(num_envs=4, minibatch_size=64, epochs=1)

    def job(ranks):
        return list(train_on_ranks(ranks, "standard", config, 1, steps=mine))

    (one,), (other,) = in_threads(2, job)
    assert one.update == other.update
    assert len(called) == 2 * (one.update.num_gradient_steps + 1)

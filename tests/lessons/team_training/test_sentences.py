"""What the lesson says in words, held against runs and against what is shipped."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor

from ppo_lessons import PPOConfig, Steps, TrainingRun, make_optimizer, ppo_update, train
from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.buffer import Rows
from ppo_lessons.classroom.checks import passes
from ppo_lessons.lessons import EXERCISES
from ppo_lessons.shipped.ages import REFERENCE, load_seed_curves
from ppo_lessons.shipped.recording import CONFIG, load_recording

LIMIT = 1.5 * 0.01


@torch.no_grad()
def exact_kl(old: ActorCritic, new: ActorCritic, obs: Tensor) -> float:
    was, now = (torch.log_softmax(policy(obs)[0], dim=-1) for policy in (old, new))
    return float((was.exp() * (was - now)).sum(dim=-1).mean())


@pytest.mark.parametrize("learning_rate", [0.008, 0.02])
def test_target_kl_does_not_bound_the_exact_kl(learning_rate: float):
    recording, policy = load_recording(), load_recording().policy
    rows, config = recording.buffer.get(), replace(CONFIG, target_kl=0.01, learning_rate=learning_rate)
    report = ppo_update(policy, make_optimizer(policy, config), rows, config, torch.Generator().manual_seed(0))
    assert report.stopped_early and report.approx_kl < LIMIT
    assert exact_kl(recording.policy, policy, rows.obs) > 2 * LIMIT


@pytest.mark.slow
def test_in_training_it_does_not_bound_it_either():
    kept, beyond = [], []

    def keep(rows: Rows) -> Rows:
        kept.append(rows)
        return Steps().detach_rows(rows)

    for seed in range(4):
        run = TrainingRun("standard", PPOConfig(seed=seed, target_kl=0.01))
        for _ in range(6):
            old = copy.deepcopy(run.policy)
            (report,) = train(run, 1, Steps(detach_rows=keep))
            if report.update.stopped_early:
                beyond.append(exact_kl(old, run.policy, kept[-1].obs))
    assert len(beyond) > 8 and max(beyond) > 1.2 * LIMIT
    assert 0.012 < min(beyond) and max(beyond) < 0.035, "the lesson says 0.015 to 0.023"


def another_shuffle(num_rows: int, generator: torch.Generator) -> Tensor:
    return torch.argsort(torch.rand(num_rows, generator=generator))


def other_ratios(new_log_probs: Tensor, old_log_probs: Tensor) -> Tensor:
    return new_log_probs.exp() / old_log_probs.exp()


def apart(steps: Steps, cycles: int) -> float:
    """How far the weights of two runs are apart, one with the package's steps."""
    runs = [TrainingRun("standard", PPOConfig(seed=2)) for _ in range(2)]
    for run, own in zip(runs, (Steps(), steps), strict=True):
        list(train(run, cycles, own))
    pairs = zip(*(run.policy.parameters() for run in runs), strict=True)
    return max(float((a - b).detach().abs().max()) for a, b in pairs)


def test_a_right_shuffle_may_be_another_run_at_once():
    (shuffling,) = [exercise for exercise in EXERCISES if exercise.name == "shuffle_rows"]
    assert passes(shuffling, another_shuffle)
    assert apart(Steps(shuffle_rows=another_shuffle), 1) > 1e-3


@pytest.mark.slow
def test_right_ratios_are_the_same_numbers_for_some_cycles_and_then_another_run():
    assert apart(Steps(importance_ratios=other_ratios), 3) < 1e-6
    assert apart(Steps(importance_ratios=other_ratios), 40) > 0.1


def test_what_the_shipped_seeds_show():
    curves = load_seed_curves()
    win_rate, survival = np.nan_to_num(curves.win_rate), np.nan_to_num(curves.survival)
    stands, wins = (survival > 0.8).argmax(axis=1), (win_rate > 0.2).argmax(axis=1)
    assert len(curves.seeds) == 20 and (stands < wins).all()
    assert curves.agent_steps[wins.min()] == 64 * 4096 and curves.agent_steps[wins.max()] == 176 * 4096


def test_a_right_run_may_leave_the_band():
    """Each shipped seed against the band of the others."""
    win_rate = np.nan_to_num(load_seed_curves().win_rate)
    out = []
    for place, own in enumerate(win_rate):
        others = np.delete(win_rate, place, axis=0)
        out.append(np.maximum(others.min(axis=0) - own, own - others.max(axis=0)).max())
    assert sum(distance > 0 for distance in out) == 11
    assert sum(distance > 0.05 for distance in out) == 4


@pytest.mark.slow
@pytest.mark.parametrize("seed", [3, 7])
def test_without_a_clip_an_update_goes_farther_and_one_step_goes_least(seed: int):
    """Measured with seeds 2 to 7: 0.06 to 0.16 nats without, 0.011 to 0.017 with, 0.0006 to 0.0023 with one step."""
    config, went, left = replace(REFERENCE, seed=seed), [], []
    kinds = (
        (Steps().with_actor_loss("policy_gradient"), replace(config, epochs=1, minibatch_size=4096)),
        (Steps(), config),
        (Steps().with_actor_loss("surrogate"), config),
    )
    for steps, settings in kinds:
        updates = [report.update for report in train(TrainingRun("standard", settings), 10, steps)]
        went.append(sum(update.kl_after for update in updates) / 10)
        left.append(sum(update.effective_sample_size for update in updates) / 10)
    assert 2 * went[0] < went[1] and 2 * went[1] < went[2]
    assert left[0] > left[1] > left[2] + 0.02

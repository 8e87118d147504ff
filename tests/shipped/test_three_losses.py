"""Three losses: each method is what it says, the step size is chosen on other seeds, and the shipped runs are there."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from ppo_lessons.config import PPOConfig
from ppo_lessons.errors import NonFiniteError
from ppo_lessons.losses import clipped_surrogate_loss
from ppo_lessons.policy_gradient import policy_gradient_loss
from ppo_lessons.shipped import three_losses
from ppo_lessons.shipped.three_losses import (
    CURVES,
    CYCLES,
    EVERY,
    GRIDS,
    METHODS,
    SEEDS,
    TRIED_SEEDS,
    config_of,
    load_three_losses,
    make_three_losses,
    score,
    steps_of,
    train_with,
)
from ppo_lessons.spirit_world.behaviour import recent
from ppo_lessons.steps import Steps
from ppo_lessons.training import TrainingRun, TrainReport, train, train_cycle

SMALL = PPOConfig(num_envs=8, num_steps=4, minibatch_size=64, epochs=2)
GRADIENT, NO_CLIP, PPO = METHODS


def test_the_policy_gradient_is_one_step_with_all_rows():
    config = config_of(GRADIENT, PPOConfig())
    assert (config.epochs, config.minibatch_size) == (1, 8 * 128 * 4)
    assert config_of(NO_CLIP, SMALL) == config_of(PPO, SMALL) == SMALL
    report = train_cycle(TrainingRun("standard", config_of(GRADIENT, SMALL)), steps_of(GRADIENT))
    assert report.update.num_gradient_steps == 1
    assert report.update.approx_kl == pytest.approx(0, abs=1e-6), "before its only step every ratio is 1"


def test_its_step_is_that_of_the_policy_gradient_loss():
    """The surrogate stands in its place; where all ratios are 1 the weights end up the same."""

    def by_log_probs(new_log_probs: torch.Tensor, old_log_probs: torch.Tensor) -> torch.Tensor:
        return new_log_probs  # in the place of the ratios

    def loss(log_probs: torch.Tensor, advantages: torch.Tensor, clip_eps: float) -> torch.Tensor:
        return policy_gradient_loss(log_probs, advantages)

    ends = []
    for steps in (steps_of(GRADIENT), Steps(importance_ratios=by_log_probs, clipped_surrogate_loss=loss)):
        run = TrainingRun("standard", config_of(GRADIENT, SMALL))
        train_cycle(run, steps)
        ends.append(torch.cat([weights.flatten() for weights in run.policy.parameters()]))
    fresh = TrainingRun("standard", config_of(GRADIENT, SMALL)).policy
    start = torch.cat([weights.flatten() for weights in fresh.parameters()])
    assert (ends[0] - ends[1]).norm() < 0.02 * (ends[0] - start).norm()


def test_without_a_clip_and_with_it():
    ratios, advantages = torch.tensor([1.5, 0.5]), torch.tensor([1.0, -1.0])
    unclipped = steps_of(NO_CLIP).clipped_surrogate_loss(ratios, advantages, 0.2)
    assert float(unclipped) == pytest.approx(-0.5)
    assert steps_of(PPO).clipped_surrogate_loss is clipped_surrogate_loss


@pytest.mark.slow
def test_the_curves_are_what_training_gives():
    setting = replace(SMALL, seed=3)
    curves = train_with(NO_CLIP, setting, 8, 4)
    reports = list(train(TrainingRun("standard", setting), 8, steps_of(NO_CLIP)))
    assert curves.shape == (len(CURVES), 2) and curves.dtype == np.float32
    wanted = recent([report.behaviour for report in reports], "survival", least=20)[3::4]
    np.testing.assert_allclose(curves[CURVES.index("survival")], wanted, rtol=1e-6)
    entropies = [np.mean([report.update.entropy for report in reports[i : i + 4]]) for i in (0, 4)]
    np.testing.assert_allclose(curves[CURVES.index("entropy")], entropies, rtol=1e-5)


def test_a_run_that_is_no_longer_finite_leaves_nan_and_scores_no_wins(monkeypatch: pytest.MonkeyPatch):
    def breaks_off(run: TrainingRun, cycles: int, steps: Steps) -> Iterator[TrainReport]:
        yield from train(run, 5, steps)
        raise NonFiniteError("Losses must be finite. Got nan")

    monkeypatch.setattr(three_losses, "train", breaks_off)
    curves = train_with(PPO, SMALL, 12, 4)
    assert np.isfinite(curves[CURVES.index("entropy")]).tolist() == [True, False, False]
    curves[CURVES.index("win_rate")] = [0.6, np.nan, np.nan]
    assert score(curves) == pytest.approx(0.2)


@pytest.mark.slow
def test_the_best_step_size_is_chosen_and_shown_on_other_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    asked = []

    def pretend(method: str, config: PPOConfig, cycles: int, every: int) -> np.ndarray:
        asked.append((method, config.learning_rate, config.seed))
        curves = np.zeros((len(CURVES), cycles // every), np.float32)
        curves[0] = {0.1: 0.3, 0.2: 0.5, 0.3: 0.4}[config.learning_rate] + 0.001 * config.seed
        return curves

    monkeypatch.setattr(three_losses, "train_with", pretend)
    grids = dict.fromkeys(METHODS, (0.1, 0.2, 0.3))
    make_three_losses(tmp_path / "made.npz", grids, (5, 6), (7, 8), (4, 2), SMALL)
    made = load_three_losses(tmp_path / "made.npz")
    assert made.methods == METHODS and made.chosen == (0.2, 0.2, 0.2)
    assert made.tried.shape == (3, 3, 2) and made.learning_rates.shape == (3, 3)
    np.testing.assert_array_equal(made.agent_steps, [2 * 4 * 8 * 4, 4 * 4 * 8 * 4])
    np.testing.assert_allclose(made.curves["win_rate"][1], [[0.507] * 2, [0.508] * 2], rtol=1e-3)
    assert [entry for entry in asked if entry[0] == PPO] == [
        *((PPO, rate, seed) for rate in (0.1, 0.2, 0.3) for seed in (5, 6)),
        *((PPO, 0.2, seed) for seed in (7, 8)),
    ]


def test_a_seed_that_helped_to_choose_is_not_shown(tmp_path: Path):
    with pytest.raises(ValueError, match="must not be shown"):
        make_three_losses(tmp_path / "made.npz", GRIDS, (1, 2), (2, 3), (2, 1), SMALL)
    with pytest.raises(FileNotFoundError):
        make_three_losses(tmp_path / "no folder" / "made.npz")


def test_the_shipped_runs_are_there():
    runs = load_three_losses()
    assert runs.methods == METHODS and runs.learning_rates.tolist() == [list(GRIDS[method]) for method in METHODS]
    assert runs.tried.shape == (3, 3, len(TRIED_SEEDS)) and len(set(SEEDS)) == 10
    assert len(runs.agent_steps) == CYCLES // EVERY and runs.agent_steps[-1] == CYCLES * 8 * 128 * 4
    assert {curve.shape for curve in runs.curves.values()} == {(3, 10, CYCLES // EVERY)}
    for m, chosen in enumerate(runs.chosen):
        assert chosen == runs.learning_rates[m, runs.tried[m].mean(axis=1).argmax()]

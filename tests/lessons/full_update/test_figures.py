"""The lesson's pictures show the numbers of the update."""

import pytest
import torch

from ppo_lessons.config import PPOConfig
from ppo_lessons.lessons.full_update import figures
from ppo_lessons.rollout import collect
from ppo_lessons.steps import MinibatchLosses
from ppo_lessons.training import TrainingRun
from ppo_lessons.update import ppo_update

SMALL = PPOConfig(num_envs=16, num_steps=8, minibatch_size=128, seed=1)


def minibatch_history(config: PPOConfig) -> tuple[list[MinibatchLosses], TrainingRun]:
    run, history = TrainingRun("standard", config), []
    last_values = collect(run.env, run.policy, run.buffer, run.action_generator)
    run.buffer.finish(last_values, config.gamma, config.gae_lambda)
    before = {name: tensor.clone() for name, tensor in run.policy.state_dict().items()}
    ppo_update(
        run.policy, run.optimizer, run.buffer.get(), config, run.shuffle_generator,
        on_minibatch=lambda index, losses, norm: history.append(losses),
    )  # fmt: skip
    changes = figures.show_weight_changes(before, run.policy.state_dict())
    unchanged = figures.show_weight_changes(before, before)
    assert "every layer moved: True" in changes.text and "every layer moved: False" in unchanged.text
    return history, run


def test_update_figures_show_the_numbers_of_the_update():
    history, _ = minibatch_history(SMALL)
    picture = figures.show_update(history, SMALL.epochs, SMALL.clip_eps)
    assert f"{len(history)} gradient steps in {SMALL.epochs} epochs" in picture.text
    terms = figures.show_loss_terms(history[-1], SMALL)
    total = history[-1].total_loss.item()
    assert terms.text.endswith(f"= total_loss {total:+.3f}")
    parts = [float(part.split()[-1]) for part in terms.text.split(", ")]
    assert sum(parts[:3]) == pytest.approx(parts[3], abs=0.002)


def test_ratio_figure_counts_what_is_outside():
    after = torch.tensor([0.5, 1.0, 1.1, 1.5])
    picture = figures.show_ratios(torch.ones(4), after, 0.2)
    assert "every ratio is 1, to six digits: True" in picture.text
    assert "0.50 to 1.50, 50% outside" in picture.text
    assert "digits: False" in figures.show_ratios(after, after, 0.2).text


def test_the_mean_of_normalised_advantages_has_no_sign_in_the_picture_of_the_losses():
    terms = [torch.tensor(x) for x in (-1.5e-9, 0.3, 1.1, 0.15, 0.0, 0.0)]
    assert "actor_loss +0.000" in repr(figures.show_loss_terms(MinibatchLosses(*terms), SMALL))

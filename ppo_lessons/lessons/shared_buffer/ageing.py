"""How experience ages: the recorded rows, looked at again by a team that goes on learning."""

import torch
from torch import Tensor

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.buffer import Rows
from ppo_lessons.shipped.recording import CONFIG, load_recording
from ppo_lessons.training import TrainingRun, train


def ratios_while_training(cycles: int) -> list[Tensor]:
    """Train a fresh copy of the recorded team, and ask after each cycle how likely the recorded actions are now.

    Args:
        cycles: Of training, each with a new rollout of 32 steps in 16 copies.

    Returns:
        Before the first cycle and after each: probability now / probability when recorded, (B,), cycles + 1 of them.
    """
    fresh = load_recording()
    rows = fresh.buffer.get()
    run = TrainingRun("standard", CONFIG, policy=fresh.policy)
    ratios = [_ratios(run.policy, rows)]
    for _ in train(run, cycles=cycles):
        ratios.append(_ratios(run.policy, rows))
    return ratios


@torch.no_grad()
def _ratios(policy: ActorCritic, rows: Rows) -> Tensor:
    log_probs, _, _ = policy.evaluate_actions(rows.obs, rows.actions)
    return torch.exp(log_probs - rows.old_log_probs)

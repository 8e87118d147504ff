"""A long update on the recorded rollout, with a loss of the learner's own."""

import copy
from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor

from ppo_lessons.losses import importance_ratios
from ppo_lessons.optimisation import make_optimizer
from ppo_lessons.shipped.recorded_update import SEED, log_probs_under, recorded_rows, recording
from ppo_lessons.shipped.recording import CONFIG
from ppo_lessons.steps import Steps
from ppo_lessons.update import ppo_update


def long_update(loss: Callable[[Tensor, Tensor, float], Tensor], clip_eps: float, epochs: int = 20) -> list[Tensor]:
    """Update a copy of the recorded policy for many epochs on the one rollout.

    Args:
        loss: Takes the place of `clipped_surrogate_loss`.
        clip_eps: Half the width of the interval.
        epochs: Passes over the rows.

    Returns:
        The ratios of all rows after each gradient step, each (B,).
    """
    policy, rows, after = copy.deepcopy(recording().policy), recorded_rows(), []
    config = replace(CONFIG, epochs=epochs, clip_eps=clip_eps)

    def look(*_: object) -> None:
        after.append(importance_ratios(log_probs_under(policy, rows), rows.old_log_probs))

    what = policy, make_optimizer(policy, config), rows, config, torch.Generator().manual_seed(SEED)
    ppo_update(*what, steps=Steps(clipped_surrogate_loss=loss), on_minibatch=look)
    return after

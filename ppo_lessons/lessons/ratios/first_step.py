"""How far Adam moves each weight in its first step, and what the size of the loss has to do with it."""

import copy

import torch
from torch import Tensor, nn
from torch.nn.utils import parameters_to_vector

from ppo_lessons.buffer import Rows
from ppo_lessons.optimisation import make_optimizer
from ppo_lessons.shipped.recorded_update import one_pass, recorded_rows, recording
from ppo_lessons.shipped.recording import CONFIG
from ppo_lessons.steps import minibatch_losses


def first_adam_step(scale: float) -> Tensor:
    """Return how far each weight moves in the first step on the recording's first mini-batch.

    Args:
        scale: The total loss is multiplied by it.

    Returns:
        The distance of each weight, in step sizes (`learning_rate`): 1 is a full step, one number for each weight.

    References:
        Kingma and Ba (2015), algorithm 1, https://arxiv.org/abs/1412.6980
    """
    policy = copy.deepcopy(recording().policy)
    before = parameters_to_vector(policy.parameters()).detach()
    minibatch = Rows(*(tensor[one_pass()[0]] for tensor in recorded_rows()))
    loss = scale * minibatch_losses(policy, minibatch, CONFIG).total_loss
    loss.backward()
    nn.utils.clip_grad_norm_(policy.parameters(), CONFIG.max_grad_norm)
    make_optimizer(policy, CONFIG).step()
    with torch.no_grad():
        return (parameters_to_vector(policy.parameters()) - before).abs() / CONFIG.learning_rate

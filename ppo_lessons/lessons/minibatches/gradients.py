"""Where the gradient of some rows points, for each part of the loss apart."""

import torch
from torch import Tensor

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.buffer import Rows
from ppo_lessons.config import PPOConfig
from ppo_lessons.steps import minibatch_losses

PARTS = ("actor", "critic", "entropy")
"""Of the loss."""


def gradients_of_parts(policy: ActorCritic, rows: Rows, config: PPOConfig) -> dict[str, Tensor]:
    """Return the gradient of each part of the loss of some rows, as one long arrow.

    Args:
        policy: Where the gradients are taken; nothing is changed.
        rows: The rows, B of them.
        config: As in an update: clip_eps, and whether the advantages are normalised.

    Returns:
        Part -> one number for each weight of the network, without the part's coefficient; 0 where no path leads.
    """
    found = minibatch_losses(policy, rows, config)
    weights = tuple(policy.parameters())
    arrows = {}
    for part, loss in zip(PARTS, (found.actor_loss, found.value_loss, -found.entropy), strict=True):
        options = dict(retain_graph=True, allow_unused=True, materialize_grads=True)
        arrows[part] = torch.cat([g.flatten() for g in torch.autograd.grad(loss, weights, **options)])
    return arrows


def cosines_of_parts(
    policy: ActorCritic, rows: Rows, orders: list[Tensor], sizes: tuple[int, ...], config: PPOConfig
) -> dict[str, list[list[float]]]:
    """Compare the gradient of each mini-batch with that of all rows.

    Args:
        policy: Where the gradients are taken.
        rows: All rows, B of them.
        orders: Orders of the row numbers to be split, each (B,).
        sizes: Rows in a mini-batch; a smaller rest is left out.
        config: As in an update.

    Returns:
        Part of the loss -> for each size, the cosine of every mini-batch.
    """
    whole = gradients_of_parts(policy, rows, config)
    cosines: dict[str, list[list[float]]] = {part: [[] for _ in sizes] for part in PARTS}
    for number, size in enumerate(sizes):
        for piece in (piece for order in orders for piece in order.split(size) if len(piece) == size):
            arrows = gradients_of_parts(policy, Rows(*(tensor[piece] for tensor in rows)), config)
            for part in PARTS:
                cosines[part][number].append(float(torch.cosine_similarity(arrows[part], whole[part], dim=0)))
    return cosines

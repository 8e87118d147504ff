"""The update of `steps.update_policy`, made by all ranks together: the same course, with four lines more."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor, nn

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.buffer import Rows
from ppo_lessons.config import PPOConfig
from ppo_lessons.data_parallel.device import on_device
from ppo_lessons.data_parallel.ranks import Ranks, rows_of_all
from ppo_lessons.data_parallel.sharing import DEFAULT_SHARING, Sharing, moments
from ppo_lessons.seams import CheckedSteps, checked
from ppo_lessons.steps import MinibatchLosses, Steps

CPU = torch.device("cpu")


def own_part(minibatch: Tensor, counts: Tensor, rank: int) -> tuple[Tensor, Tensor]:
    """Return which rows of a common mini-batch lie on a rank, and how many on each.

    All rows are numbered through, those of rank 0 first. All ranks draw the same mini-batches out of these numbers, so
    that nobody need be asked who has what.

    Args:
        minibatch: Numbers of all ranks' rows, int64, (B,).
        counts: How many rows each rank has in all, int64, (R,).
        rank: Whose part is wanted.

    Returns:
        The rank's own row numbers, from 0, in the order of the mini-batch, (b,); and how many rows of the mini-batch
        lie on each rank, float64, (R,).
    """
    ends = counts.cumsum(0)
    owners = torch.bucketize(minibatch, ends, right=True)
    own = minibatch[owners == rank] - (ends[rank] - counts[rank])
    return own, torch.bincount(owners, minlength=len(counts)).double()


def shared_update(
    policy: ActorCritic,
    optimizer: torch.optim.Optimizer,
    rows: Rows,
    config: PPOConfig,
    generator: torch.Generator,
    steps: "RankSteps",
) -> Iterator[tuple[Tensor, MinibatchLosses, Tensor]]:
    """Go through nodes E to O with all other ranks, as `steps.update_policy` does alone.

    Args:
        policy: Its weights are changed in place; they are the same on all ranks.
        optimizer: Changes them.
        rows: This rank's rows of the rollout.
        config: Its minibatch_size is that of all ranks together.
        generator: Draws the shuffles, the same on all ranks.
        steps: The boxes, and the ranks. `gradient_step` and `should_stop` are those of all ranks.

    Yields:
        After each gradient step: this rank's row numbers (b,), the losses of all rows, the gradient's length.
    """
    ranks, device = steps.ranks, steps.device
    with on_device(device, policy, optimizer):
        rows = steps.detach_rows(_on(device, rows))  # E
        counts = ranks.all_of(torch.tensor(len(rows.actions)), "row counts")
        total = int(counts.sum())
        for order in steps.each_minibatch(total, config, generator, steps):  # F, G, H
            index, each = own_part(order, counts, ranks.rank)
            part = _picked(rows, index)
            losses, kls = shared_losses(policy, part, config, steps, each)  # I to N
            if steps.should_stop((kls, each), config.target_kl):
                return
            length = shared_step(losses, policy, optimizer, config, ranks)  # O
            yield index, losses, length


def _on(device: torch.device, rows: Rows) -> Rows:
    return Rows(*(quantity.to(device) for quantity in rows))


def _picked(rows: Rows, index: Tensor) -> Rows:
    return Rows(*(quantity.index_select(0, index.to(quantity.device)) for quantity in rows))


def shared_losses(
    policy: ActorCritic, minibatch: Rows, config: PPOConfig, steps: "RankSteps", each: Tensor
) -> tuple[MinibatchLosses, Tensor]:
    """Work out the losses of a mini-batch of which each rank has a part.

    Args:
        policy: The current policy.
        minibatch: This rank's rows, b; there may be none.
        config: As for one process.
        steps: The boxes, and the ranks.
        each: How many rows each rank has, (R,).

    Returns:
        The losses over all B rows, the same numbers on every rank; the graph of `total_loss` is that of this rank's
        share, so that the sum of all ranks' gradients is the gradient of the whole. And approx_kl of each rank, (R,).
    """
    ranks, sharing = steps.ranks, steps.sharing
    if config.advantage_normalisation:
        told = ranks.all_of(moments(minibatch.advantages).cpu(), "advantages").to(minibatch.advantages)
        steps = replace(steps, normalise_advantages=partial(_normalised, sharing, told))
    has_rows = len(minibatch.actions) > 0
    own = steps.minibatch_losses(policy, minibatch, config, steps) if has_rows else _no_losses(policy)
    numbers = ranks.all_of(torch.stack(own).detach().cpu(), "losses")  # (R, 6)
    weights = sharing.rank_weights(each).to(numbers)
    of_all = MinibatchLosses(*(weights @ numbers).to(own.total_loss.device))
    share = weights[ranks.rank].to(own.total_loss) * own.total_loss
    return of_all._replace(total_loss=share + (of_all.total_loss - share).detach()), numbers[:, 4]


def _normalised(sharing: Sharing, told: Tensor, advantages: Tensor) -> Tensor:
    return sharing.normalise_by_all(advantages, *told.T)


def _no_losses(policy: ActorCritic) -> MinibatchLosses:
    """Return losses of 0 with a gradient of 0: this rank has no row of the mini-batch."""
    nothing = sum((weights.sum() * 0 for weights in policy.parameters()), torch.zeros(()))
    return MinibatchLosses(*[nothing] * len(MinibatchLosses._fields))


def shared_step(
    losses: MinibatchLosses, policy: nn.Module, optimizer: torch.optim.Optimizer, config: PPOConfig, ranks: Ranks
) -> Tensor:
    """Do what `gradient_step` does, with the gradients of all ranks added up before they are shortened.

    Args:
        losses: Of all rows; the total has the graph of this rank's share.
        policy: Its parameters are changed.
        optimizer: Changes them.
        config: The gradient of all rows is shortened to its max_grad_norm.
        ranks: All of them.

    Returns:
        The length of the gradient before it was shortened, a scalar, the same on all ranks.
    """
    optimizer.zero_grad()
    losses.total_loss.backward()
    weights = [part for part in policy.parameters() if part.requires_grad]
    gradient = torch.cat([(torch.zeros_like(w) if w.grad is None else w.grad).flatten() for w in weights])
    ranks.add_up(gradient, "gradient")
    for part, own in zip(weights, gradient.split([w.numel() for w in weights]), strict=True):
        part.grad = own.view_as(part).clone()
    grad_norm = nn.utils.clip_grad_norm_(policy.parameters(), config.max_grad_norm)
    optimizer.step()
    return grad_norm


@dataclass(frozen=True, kw_only=True)
class RankSteps(CheckedSteps):
    """The boxes of the flowchart for one of several ranks; made by `steps_for`."""

    ranks: Any = None
    """All of them, a `Ranks`."""
    sharing: Sharing = DEFAULT_SHARING
    """What they make of what they tell each other."""
    device: torch.device = CPU
    """Where the update is computed. The worlds, the rollout and the buffer stay on the processor."""

    def of_all_ranks(self, quantity: Tensor) -> Tensor:
        """Return all ranks' rows of a quantity, (B, ...), for the report and the statistics of the returns."""
        return rows_of_all(self.ranks, quantity, "rows")


def steps_for(ranks: Ranks, steps: Steps, sharing: Sharing, device: str | torch.device = "cpu") -> RankSteps:
    """Return steps that make the update together with all other ranks.

    Args:
        ranks: All of them.
        steps: The boxes, each as for one process. Four are not asked: `update_policy`, `gradient_step` and
            `should_stop` are those of all ranks, and in a mini-batch so is `normalise_advantages`.
        sharing: What the ranks make of what they tell each other.
        device: Where the update is computed.
    """
    own = {**vars(checked(steps)), "update_policy": shared_update}
    own["should_stop"] = lambda told, target_kl: sharing.stop_on_all(*told, target_kl)
    return RankSteps(**own, ranks=ranks, sharing=sharing, device=torch.device(device))

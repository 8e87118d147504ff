"""Was this action better than expected? Generalised advantage estimation for a team, as a pure function."""

from collections.abc import Callable

import torch
from torch import Tensor


def next_values(
    values: Tensor, terminated: Tensor, truncated: Tensor, final_values: Tensor, last_values: Tensor
) -> Tensor:
    """Return what the critic expects after each step, or what takes its place at an end.

    Args:
        values: The critic's estimate before step t, (T, ...).
        terminated: Really over for this agent with step t, bool, (T, ...).
        truncated: Only cut off with step t, bool, (T, ...).
        final_values: The critic's estimate of the final observation, read only where truncated, (T, ...).
        last_values: The critic's estimate after the last row, (...).

    Returns:
        0 after a termination (also if both flags are set), `final_values` after a truncation, `last_values` after the
        last row, and `values[t + 1]` otherwise, (T, ...).

    References:
        Pardo et al. (2018), https://arxiv.org/abs/1712.00378
    """
    following = torch.cat((values[1:], last_values.unsqueeze(0)))
    following = torch.where(truncated, final_values, following)
    return torch.where(terminated, torch.zeros_like(following), following)


def td_errors(rewards: Tensor, values: Tensor, next_values: Tensor, gamma: float) -> Tensor:
    """Return by how much each step turned out better than the critic expected: r + gamma V(next) - V.

    Args:
        rewards: (T, ...).
        values: The critic's estimate before each step, (T, ...).
        next_values: The critic's estimate after it, 0 where it was the end, (T, ...).
        gamma: Discount, 0 to 1.

    Returns:
        The one-step (temporal-difference) errors delta, (T, ...).

    References:
        Schulman et al. (2016), section 3: the TD residual, defined after equation 9, https://arxiv.org/abs/1506.02438
    """
    return rewards + gamma * next_values - values


def gae(td_errors: Tensor, ends: Tensor, gamma: float, gae_lambda: float) -> Tensor:
    """Return the generalised advantage estimate of every stored action: its TD error and, fading, those that follow.

    A_t = delta_t + gamma lambda A_{t+1}. The sum stops at an end (a termination or a truncation) and at the last row.

    Args:
        td_errors: One-step errors delta, (T, ...).
        ends: It was over with step t, terminated or cut off, bool, (T, ...).
        gamma: Discount, 0 to 1.
        gae_lambda: 0: the one-step error itself; 1: all errors up to the end, discounted.

    Returns:
        The advantages, (T, ...).

    References:
        Schulman et al. (2016), equation 16, https://arxiv.org/abs/1506.02438
    """
    advantages = torch.empty_like(td_errors)
    nothing = following = torch.zeros_like(td_errors[0])
    for t in reversed(range(len(td_errors))):
        following = torch.where(ends[t], nothing, following)  # selected, not multiplied by 0: 0 * NaN is NaN
        following = td_errors[t] + gamma * gae_lambda * following
        advantages[t] = following
    return advantages


def with_team_credit(rewards: Tensor, acting: Tensor, episode_over: Tensor, gamma: float) -> Tensor:
    """Credit each agent, in the row of its fall, with what it gets after its own fall.

    A fallen agent goes on to receive the team's reward. Cutting at its own fall would hide a win that it may have
    made possible. So the rewards of its fallen rows, discounted, are added to its last row; they are summed up to the
    end of the episode or of the rollout, without an estimate beyond (there is no value of having fallen). They are
    discounted by gamma alone: the credit goes past lambda. MAPPO instead keeps value estimates of the fallen.

    Args:
        rewards: (T, E, A).
        acting: The row was a decision of a living agent, bool, (T, E, A).
        episode_over: The team's episode ended with step t, bool, (T, E).
        gamma: Discount, 0 to 1.

    Returns:
        Rewards for the TD errors, (T, E, A); other than `rewards` only in the rows of a fall and of the fallen.

    References:
        Yu et al. (2022), https://arxiv.org/abs/2103.01955 (death masking; a team's return is cut when the team is done)
    """
    credited = rewards.clone()
    later = torch.zeros_like(rewards[0])  # discounted rewards of the fallen rows that follow directly
    for t in reversed(range(len(rewards))):
        later = torch.where(episode_over[t].unsqueeze(-1), torch.zeros_like(later), later)
        credited[t] = rewards[t] + gamma * later
        later = torch.where(acting[t], torch.zeros_like(later), credited[t])
    return credited


def estimate_advantages(
    rewards: Tensor,
    values: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    final_values: Tensor,
    last_values: Tensor,
    gamma: float,
    gae_lambda: float,
    *,
    next_values: Callable[..., Tensor] = next_values,
    td_errors: Callable[..., Tensor] = td_errors,
    gae: Callable[..., Tensor] = gae,
) -> Tensor:
    """Return the advantage of every stored action: `next_values`, then `td_errors`, then `gae`.

    Args:
        rewards: Reward of step t, (T, ...), as all of the following unless said otherwise.
        values: The critic's estimate before step t.
        terminated: Really over for this agent with step t, bool.
        truncated: Only cut off with step t, bool.
        final_values: The critic's estimate of the final observation; read only where truncated.
        last_values: The critic's estimate after the last row, (...).
        gamma: Discount, 0 to 1.
        gae_lambda: 0: one-step error; 1: discounted return minus value.
        next_values: The first of the three functions.
        td_errors: The second.
        gae: The third.

    Returns:
        The advantages, (T, ...). Returns are `advantages + values`, with these (old) values.

    Raises:
        ValueError: If the shapes differ.
    """
    for name, tensor in (
        ("values", values),
        ("terminated", terminated),
        ("truncated", truncated),
        ("final_values", final_values),
    ):
        if tensor.shape != rewards.shape:
            raise ValueError(
                f"{name} must have the shape of rewards, {tuple(rewards.shape)}. Got {tuple(tensor.shape)}"
            )
    if last_values.shape != rewards.shape[1:]:
        raise ValueError(f"last_values must have shape {tuple(rewards.shape[1:])}. Got {tuple(last_values.shape)}")
    following = next_values(values, terminated, truncated, final_values, last_values)
    errors = td_errors(rewards, values, following, gamma)
    return gae(errors, terminated | truncated, gamma, gae_lambda)


def normalise_advantages(advantages: Tensor, eps: float = 1e-8) -> Tensor:
    """Return the advantages with mean 0 and (unbiased) standard deviation 1.

    Done for each mini-batch, as in Stable-Baselines3 and CleanRL; MAPPO does it once over the whole buffer. One row
    alone has no spread and is returned as it is.

    Args:
        advantages: (B,).
        eps: Added to the standard deviation, so that equal advantages give 0 and not NaN.

    Returns:
        Normalised advantages, (B,). The returns, which the critic learns, are never normalised.
    """
    if len(advantages) < 2:
        return advantages
    return (advantages - advantages.mean()) / (advantages.std() + eps)

"""The losses of PPO, each a pure function of the size of its equation. B is the number of rows of a mini-batch."""

import torch
from torch import Tensor


def require_same_shape(**tensors: Tensor) -> None:
    """Refuse tensors of different shapes: (B,) with (B, 1) would silently broadcast to (B, B)."""
    if len({tensor.shape for tensor in tensors.values()}) > 1:
        got = ", ".join(f"{name} {tuple(tensor.shape)}" for name, tensor in tensors.items())
        raise ValueError(f"All must have the same shape (B,). Got {got}")


def importance_ratios(new_log_probs: Tensor, old_log_probs: Tensor) -> Tensor:
    """Return how much likelier each stored action is now than when it was taken.

    Args:
        new_log_probs: Log-probability under the current policy, in nats, (B,).
        old_log_probs: The same at rollout time, without gradient, (B,).

    Returns:
        The ratios, (B,); all 1, up to rounding, before the first gradient step.

    Raises:
        ValueError: If the shapes differ.

    References:
        Schulman et al. (2017), section 3, https://arxiv.org/abs/1707.06347
    """
    require_same_shape(new_log_probs=new_log_probs, old_log_probs=old_log_probs)
    return torch.exp(new_log_probs - old_log_probs)


def clipped_surrogate_loss(ratios: Tensor, advantages: Tensor, clip_eps: float) -> Tensor:
    """Return the actor's loss: the pessimist's surrogate for how much better the new policy is, with a minus sign.

    It stands in for the expected return near the old policy only; normalised advantages change its scale and origin.

    Args:
        ratios: pi_new / pi_old of the stored actions, (B,).
        advantages: Their (normalised) advantages, without gradient, (B,).
        clip_eps: How far from 1 a ratio may go before a row that went the right way stops pushing.

    Returns:
        -mean(min(r A, clip(r, 1 - eps, 1 + eps) A)), a scalar to minimise.

    Raises:
        ValueError: If the shapes differ.

    References:
        Schulman et al. (2017), equation 7, https://arxiv.org/abs/1707.06347
    """
    require_same_shape(ratios=ratios, advantages=advantages)
    unclipped = ratios * advantages
    clipped = ratios.clamp(1 - clip_eps, 1 + clip_eps) * advantages
    return -torch.min(unclipped, clipped).mean()


def value_loss(values: Tensor, returns: Tensor) -> Tensor:
    """Return the critic's loss: the mean squared error. Convention of this house: MSE, times vf_coef in the total.

    Args:
        values: The critic's estimates now, (B,).
        returns: What it should have said (advantage + old value), without gradient, (B,).

    Returns:
        mean((values - returns)^2), a scalar.

    Raises:
        ValueError: If the shapes differ.

    References:
        Schulman et al. (2017), equation 9 (L^VF), https://arxiv.org/abs/1707.06347
    """
    require_same_shape(values=values, returns=returns)
    return (values - returns).square().mean()


def clipped_value_loss(values: Tensor, old_values: Tensor, returns: Tensor, value_clip: float) -> Tensor:
    """Return the critic's loss with a clip like the actor's: no reward for going far from the old values.

    How far is far depends on the scale of the rewards, and whether it helps is doubtful; off by default.

    Args:
        values: The critic's estimates now, (B,).
        old_values: Its estimates at rollout time, without gradient, (B,).
        returns: What it should have said, without gradient, (B,).
        value_clip: How far from its old value a value may go.

    Returns:
        mean(max((v - R)^2, (clip(v, old - c, old + c) - R)^2)), a scalar.

    Raises:
        ValueError: If the shapes differ.

    References:
        Engstrom et al. (2020), section 3 (value function clipping), https://arxiv.org/abs/2005.12729
    """
    require_same_shape(values=values, old_values=old_values, returns=returns)
    near = old_values + (values - old_values).clamp(-value_clip, value_clip)
    return torch.max((values - returns).square(), (near - returns).square()).mean()


def entropy_bonus(entropy: Tensor) -> Tensor:
    """Return the mean entropy, which the total loss rewards: how undecided the policy is.

    Args:
        entropy: Entropy of the action distribution of each row, in nats, (B,).

    Returns:
        A scalar; ln N for a uniform choice among N actions, 0 for a certain one.

    References:
        Schulman et al. (2017), equation 9 (S), https://arxiv.org/abs/1707.06347
    """
    return entropy.mean()


def total_loss(actor_loss: Tensor, critic_loss: Tensor, entropy: Tensor, vf_coef: float, ent_coef: float) -> Tensor:
    """Return the one number to minimise: actor + vf_coef * critic - ent_coef * entropy.

    Args:
        actor_loss: The clipped surrogate loss, a scalar.
        critic_loss: The value loss, a scalar.
        entropy: The mean entropy, a scalar; its sign is minus, because more of it is better.
        vf_coef: Weight of the critic.
        ent_coef: Weight of the entropy.

    Returns:
        A scalar.

    References:
        Schulman et al. (2017), equation 9 with the sign turned, https://arxiv.org/abs/1707.06347
    """
    return actor_loss + vf_coef * critic_loss - ent_coef * entropy


@torch.no_grad()
def approx_kl(new_log_probs: Tensor, old_log_probs: Tensor) -> Tensor:
    """Return an estimate of how far the policy has moved, KL(old || new), that is never negative.

    Args:
        new_log_probs: Log-probability of the stored actions now, in nats, (B,).
        old_log_probs: The same at rollout time, (B,).

    Returns:
        mean((r - 1) - ln r), in nats, a scalar of 0 or more.

    References:
        Schulman (2020), http://joschu.net/blog/kl-approx.html (the estimator k3)
    """
    log_ratios = new_log_probs - old_log_probs
    return (torch.expm1(log_ratios) - log_ratios).mean()


@torch.no_grad()
def clip_fraction(ratios: Tensor, clip_eps: float) -> Tensor:
    """Return the share of rows whose ratio is outside 1 - eps ... 1 + eps. Some of them still have a gradient.

    Args:
        ratios: pi_new / pi_old, (B,).
        clip_eps: Half the width of the interval.

    Returns:
        0 to 1, a scalar.
    """
    return ((ratios - 1).abs() > clip_eps).to(ratios.dtype).mean()


@torch.no_grad()
def still_pushed(ratios: Tensor, advantages: Tensor, clip_eps: float) -> Tensor:
    """Say of each row whether the clipped surrogate loss still has a gradient for it.

    A row stops pushing once its ratio has left the interval *in the direction that its advantage asked for*: above
    1 + eps with a positive advantage, below 1 - eps with a negative one. Outside on the other side it is pushed back.
    The ends themselves have no one slope; here they count as pushed, by convention.

    Args:
        ratios: pi_new / pi_old, (B,).
        advantages: (B,); a row with advantage 0 is never pushed.
        clip_eps: Half the width of the interval.

    Returns:
        bool, (B,).

    References:
        Schulman et al. (2017), figure 1, https://arxiv.org/abs/1707.06347
    """
    far_enough_up = (ratios > 1 + clip_eps) & (advantages > 0)
    far_enough_down = (ratios < 1 - clip_eps) & (advantages < 0)
    return ~(far_enough_up | far_enough_down) & (advantages != 0)


def should_stop(kl: float, target_kl: float | None) -> bool:
    """Say whether the policy has moved so far that the update should end before its next step.

    Args:
        kl: approx_kl of the next mini-batch, before its step, in nats.
        target_kl: How far is wanted; None: no limit.

    Returns:
        Whether kl is above 1.5 times the target.

    References:
        The rule of Stable-Baselines3's and Spinning Up's PPO.
    """
    return target_kl is not None and kl > 1.5 * target_kl


def explained_variance(values: Tensor, returns: Tensor) -> float:
    """Return how much of the spread of the returns the critic foresaw.

    Args:
        values: The critic's estimates at rollout time, (B,).
        returns: The returns, (B,).

    Returns:
        1 - Var(returns - values) / Var(returns): 1 perfect, 0 no better than a constant; NaN if the returns do not
        vary.
    """
    spread = returns.var(correction=0)
    if spread == 0:
        return float("nan")
    return float(1 - (returns - values).var(correction=0) / spread)

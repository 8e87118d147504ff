"""What an agent chooses in one step, and what the actor's outputs say about it.

The Spirit world asks for one action out of N. Other worlds ask for several choices at once, for real numbers, or allow
only some actions at a time. Axes: any leading axes (...), N outputs of the actor.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

ILLEGAL = -1e9
"""Logit of an action that is not allowed: its probability is exactly 0, and 0 * ln 0 stays 0 and is not NaN."""


class ActionKind(NamedTuple):
    """What an agent chooses in one step; plain data, which is saved with a network."""

    heads: tuple[int, ...] = ()
    """Sizes of several independent choices (Gymnasium's MultiDiscrete); empty: one choice out of N."""
    continuous: bool = False
    """The outputs are the means of N real numbers, drawn from normal distributions."""
    masked: bool = False
    """The last N numbers that an agent sees are its action mask: 1 where an action is legal, 0 where it is not."""

    def shape(self, num_actions: int) -> tuple[int, ...]:
        """Return the axes that an action has beyond (E, A): none for one choice."""
        return (len(self.heads),) if self.heads else (num_actions,) if self.continuous else ()

    @property
    def dtype(self) -> torch.dtype:
        """Of the actions."""
        return torch.float32 if self.continuous else torch.int64


ONE_CHOICE = ActionKind()


class LookUp(NamedTuple):
    """How actions are looked up in what the actor says, for one kind of action."""

    log_probs_of: Callable[[Tensor, Tensor], Tensor]
    """Outputs (..., N) and actions -> log-probabilities, in nats, (...)."""
    entropy_of: Callable[[Tensor], Tensor]
    """Log-probabilities of all actions (..., N) -> entropies, in nats, (...)."""


def only_legal(logits: Tensor, legal: Tensor) -> Tensor:
    """Take away the probability of every action that is not legal, whatever the network thinks of it.

    Args:
        logits: The actor's outputs, (..., N).
        legal: Which actions are legal, bool, (..., N).

    Returns:
        The logits (..., N), with `ILLEGAL` in the place of the others, through which no gradient flows.

    References:
        Huang & Ontañón (2022), https://arxiv.org/abs/2006.14171
    """
    return torch.where(legal, logits, logits.new_tensor(ILLEGAL))


def gaussian_log_probs(means: Tensor, log_std: Tensor, actions: Tensor) -> Tensor:
    """Return the log-density of real-valued actions: independent normal distributions, so their logarithms add up.

    Args:
        means: The actor's outputs, (..., N).
        log_std: Logarithms of the standard deviations, (N,).
        actions: The numbers that were chosen, (..., N).

    Returns:
        sum(-((a - m) / s)^2 / 2 - ln s - ln(2 pi) / 2) over the last axis, in nats, (...).
    """
    z = (actions - means) * torch.exp(-log_std)
    return (-0.5 * z.square() - log_std - 0.5 * math.log(2 * math.pi)).sum(dim=-1)


def gaussian_entropy(log_std: Tensor) -> Tensor:
    """Return the entropy of independent normal distributions, which their means do not change.

    Args:
        log_std: Logarithms of the standard deviations, (N,).

    Returns:
        sum(ln s + ln(2 pi e) / 2), in nats, a scalar; unlike that of a choice it can be negative.
    """
    return (log_std + 0.5 * math.log(2 * math.pi * math.e)).sum()


def look_up(
    kind: ActionKind,
    log_std: Tensor | None,
    one: LookUp,
    log_probabilities: Callable[[Tensor], Tensor],
    gaussian_log_probs: Callable[[Tensor, Tensor, Tensor], Tensor] = gaussian_log_probs,
) -> LookUp:
    """Return how actions of this kind are looked up, given how it is done for one choice.

    Args:
        kind: Of the actions.
        log_std: Of a policy for real numbers, (N,).
        one: For one choice out of N: a learner's, or the package's own.
        log_probabilities: Logits -> log-probabilities, over the last axis.
        gaussian_log_probs: The log-density of real-valued actions.

    Returns:
        For one choice what was given. For several, both are sums over the choices, which are independent.
    """
    if kind.continuous:
        assert log_std is not None
        spread = log_std
        return LookUp(
            lambda means, actions: gaussian_log_probs(means, spread, actions),
            lambda means: gaussian_entropy(spread).expand(means.shape[:-1]),
        )
    if not kind.heads:
        return one

    def log_probs_of(logits: Tensor, actions: Tensor) -> Tensor:
        parts = zip(logits.split(kind.heads, dim=-1), actions.unbind(dim=-1), strict=True)
        return torch.stack([one.log_probs_of(part, chosen) for part, chosen in parts]).sum(dim=0)

    def entropy_of(all_log_probs: Tensor) -> Tensor:
        # each part is normalised once more: what was given may have been so over all choices together
        parts = all_log_probs.split(kind.heads, dim=-1)
        return torch.stack([one.entropy_of(log_probabilities(part)) for part in parts]).sum(dim=0)

    return LookUp(log_probs_of, entropy_of)

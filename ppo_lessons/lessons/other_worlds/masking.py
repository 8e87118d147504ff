"""Four ways to keep an agent from what it must not do, on one row: only one of them is right."""

import math
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.action_kinds import only_legal
from ppo_lessons.actor_critic import entropy_of, log_probabilities
from ppo_lessons.spirit_world.rules import ACTION_NAMES

LOGITS = (1.2, 0.4, -0.3, 0.8, -0.9)
"""What the actor says of the five actions."""
MASKS = {
    "everything": (True, True, True, True, True),
    "all but one": (True, False, True, True, True),
    "two of five": (True, False, False, True, False),
    "one alone": (True, False, False, False, False),
}
"""What is legal, in words -> which actions are."""
ENT_COEF = 0.1
WAYS = ("-1e9 in its place", "0 in its place", "minus infinity", "chances times mask")
"""What is done about the others."""


class Masked(NamedTuple):
    """One row, with something of it forbidden."""

    legal: np.ndarray
    """(N,)."""
    before: np.ndarray
    """Probabilities without a mask, (N,)."""
    chances: np.ndarray
    """Probabilities with it, (N,)."""
    entropy: float
    """In nats; may be NaN."""
    pull: np.ndarray
    """Gradient of ln pi of the first legal action plus `ENT_COEF` times the entropy, for each logit, (N,)."""
    chosen: int
    """The first legal action."""
    way: str


def mask_row(legal: str, way: str, times: float) -> Masked:
    """Forbid some actions in one of four ways, and look at what is drawn, at the entropy, and at the gradient.

    Args:
        legal: One of `MASKS`.
        way: One of `WAYS`.
        times: What the logits are multiplied by.

    Returns:
        What came of it.
    """
    logits = (times * torch.tensor([LOGITS])).requires_grad_()
    mask = torch.tensor([MASKS[legal]])
    all_log_probs = _log_probs(logits, mask, way)
    chosen = int(mask[0].int().argmax())
    entropy = entropy_of(all_log_probs)
    (pull,) = torch.autograd.grad(all_log_probs[0, chosen] + ENT_COEF * entropy.sum(), logits)
    with torch.no_grad():
        before, chances = log_probabilities(logits)[0].exp(), all_log_probs[0].exp()
    found = (mask[0].numpy(), before.numpy(), chances.numpy())
    return Masked(*found, float(entropy.detach()) + 0.0, pull[0].numpy(), chosen, way)


def _log_probs(logits: Tensor, mask: Tensor, way: str) -> Tensor:
    """Return the log-probability of each action, as this way has it, (1, N)."""
    if way == WAYS[0]:
        return log_probabilities(only_legal(logits, mask))
    if way == WAYS[3]:
        return (log_probabilities(logits).exp() * mask).clamp(min=1e-12).log()
    return log_probabilities(logits.masked_fill(~mask, 0.0 if way == WAYS[1] else -math.inf))


def in_words(result: Masked) -> str:
    """Say what came of it, in a line."""
    wrong = float(result.chances[~result.legal].sum())
    chances = ", ".join(f"{name} {p:.3f}" for name, p in zip(ACTION_NAMES, result.chances, strict=True))
    illegal = f"on the logits of what is illegal: {float(np.abs(result.pull[~result.legal]).sum()):.3f}"
    pulls = "on the legal logits: NaN" if np.isnan(result.pull).any() else illegal
    return (
        f"{result.way}: {chances}; together {float(result.chances.sum()):.3f}, of it illegal {wrong:.3f}. Entropy "
        f"{result.entropy:.3f}. Pull {pulls}"
    )

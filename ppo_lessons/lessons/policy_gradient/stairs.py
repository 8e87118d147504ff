"""One detective at the stairs of a dark house: a world so small that everything can be summed.

In s0 it goes on (+1, a weak spirit is banished, and it stands in s1) or turns back (0, the case is over); in s1 it goes
on (-1, a strong spirit) or turns back (0), and the case is over. It goes on with the same probability p =
sigmoid(theta) in both, and nothing is discounted. Float64 throughout.
"""

import torch
from torch import Tensor

DECISIONS = ("s0 go on", "s0 turn back", "s1 go on", "s1 turn back")
"""The order of every last axis below."""
REWARDS = torch.tensor([1.0, 0.0, -1.0, 0.0], dtype=torch.float64)
CASES = ("turns back at once", "goes on, then turns back", "goes on twice")
RETURNS = torch.tensor([0.0, 1.0, 0.0], dtype=torch.float64)
"""Sum of the rewards of each case."""


def case_probabilities(p: Tensor) -> Tensor:
    """Return how likely each of `CASES` is, (..., 3), for probabilities p of going on, (...)."""
    return torch.stack([1 - p, p * (1 - p), p * p], dim=-1)


def expected_return(p: Tensor) -> Tensor:
    """Return J, the mean return over all cases that may come, (...)."""
    return (case_probabilities(p) * RETURNS).sum(dim=-1)


def probabilities(p: Tensor) -> Tensor:
    """Return how likely each decision is where it is to be made, (..., 4)."""
    return torch.stack([p, 1 - p, p, 1 - p], dim=-1)


def visits(p: Tensor) -> Tensor:
    """Return how often a case comes to the place of each decision, (..., 4): s0 always, s1 only after going on."""
    ones = torch.ones_like(p)
    return torch.stack([ones, ones, p, p], dim=-1)


def state_values(p: Tensor) -> Tensor:
    """Return V of the place of each decision, (..., 4): what is still to come there, on average."""
    return torch.stack([p - p * p, p - p * p, -p, -p], dim=-1)


def action_values(p: Tensor) -> Tensor:
    """Return Q of each decision, (..., 4): its reward, and V of where it leads."""
    nothing = torch.zeros_like(p)
    return REWARDS + torch.stack([-p, nothing, nothing, nothing], dim=-1)


def advantages(p: Tensor) -> Tensor:
    """Return A = Q - V of each decision, (..., 4)."""
    return action_values(p) - state_values(p)


def ratios(p: Tensor, old_p: Tensor) -> Tensor:
    """Return how much likelier each decision is under p than under old_p, (..., 4)."""
    return probabilities(p) / probabilities(old_p)


def surrogate(p: Tensor, old_p: Tensor) -> Tensor:
    """Return J(old_p) + the mean over the old policy's cases of the sum of r A, (...): a straight line in p."""
    return expected_return(old_p) + (_played(old_p) * ratios(p, old_p) * advantages(old_p)).sum(dim=-1)


def clipped_surrogate(p: Tensor, old_p: Tensor, clip_eps: float) -> Tensor:
    """Return the same with the smaller of r A and clip(r) A for each decision, (...)."""
    r, a = ratios(p, old_p), advantages(old_p)
    smaller = torch.minimum(r * a, r.clamp(1 - clip_eps, 1 + clip_eps) * a)
    return expected_return(old_p) + (_played(old_p) * smaller).sum(dim=-1)


def _played(p: Tensor) -> Tensor:
    """How often each decision is made in a case, on average, (..., 4)."""
    return visits(p) * probabilities(p)


def draw_cases(p: float, cases: int, generator: torch.Generator) -> Tensor:
    """Play so many cases; return the place of each in `CASES`, int64, (cases,).

    Args:
        p: Probability of going on.
        cases: How many.
        generator: Draws them.
    """
    luck = torch.rand(cases, generator=generator, dtype=torch.float64)
    return (luck >= 1 - p).long() + (luck >= 1 - p * p).long()


def rows_of_cases(cases: Tensor) -> Tensor:
    """Return the decisions that were made in some cases, as places in `DECISIONS`, int64, (B,).

    Args:
        cases: Places in `CASES`, (cases,).
    """
    of_case = (torch.tensor([1]), torch.tensor([0, 3]), torch.tensor([0, 2]))
    return torch.cat([of_case[case] for case in cases.tolist()])

"""One detective's steps up to an end of some kind, and what the advantages make of them."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.advantages import estimate_advantages, next_values, td_errors, with_team_credit
from ppo_lessons.shipped.recorded_update import recording
from ppo_lessons.shipped.recording import BADGES, FOLDER, NUM_ENVS, SEED, SKIPPED_STEPS
from ppo_lessons.spirit_world.env import SpiritWorld

SLOTS = 18
"""Steps in the picture: those of the stretch, and what the buffer holds after it."""
STRETCHES = {
    "wins (9, 12, 0)": (0, BADGES["wins"]),
    "is cut off (13, 1, 0)": (0, BADGES["cut off"]),
    "falls (6, 0, 0)": (0, BADGES["falls"]),
    "rollout full (31, 15, 0)": (18, (31, 15, 0)),
}
"""Name -> first step, and the badge (t, e, a) of the last row."""
TREATMENTS = ("as it was", "truncated", "terminated", "followed by the row below")
"""What the last step is said to have been."""


class Stretch(NamedTuple):
    """One detective's L steps up to an end of some kind."""

    badge: tuple[int, int, int]
    """(t, e, a) of the last row."""
    first: int
    """Step t of the first row."""
    looked_at: int
    """Place of the row that is looked at, 0 to L - 1."""
    rewards: np.ndarray
    """(L,)."""
    credit: float
    """Team credit that the last row got on top of its reward."""
    values: np.ndarray
    """(L,)."""
    next_value: float
    """What is expected after the last row."""
    td_errors: np.ndarray
    """(L,)."""
    weights: np.ndarray
    """By how much each TD error counts for the row that is looked at: (gamma * gae_lambda) ** steps, (L,)."""
    advantages: np.ndarray
    """(L,)."""
    as_it_was: np.ndarray
    """Advantages with the flags of the recording and with team credit, (L,)."""
    later_rewards: np.ndarray
    """What the buffer holds after the last row, of the next case or of a fallen detective, (up to SLOTS - L,)."""
    later_values: np.ndarray
    """The same length."""
    later: str
    """Whose rows these are."""
    was: str
    """What the last step was: terminated, truncated or full."""
    treated: str
    """terminated, truncated, full or below."""
    fell: bool
    """The detective fell with the last step, and its case went on."""
    team_credit: bool
    decay: float
    """gamma * gae_lambda."""


@lru_cache(maxsize=1)
def final_estimates() -> Tensor:
    """Return what the critic makes of the last thing seen in each step, before a next case is laid out, (T, E, A).

    The buffer has it only where a detective was cut off. Here it is asked everywhere, to see what a wrong flag does.
    """
    world = SpiritWorld("standard", NUM_ENVS)
    world.reset(SEED)
    taken = np.load(FOLDER / "actions.npy", allow_pickle=False).astype(np.int64)
    seen = [torch.from_numpy(world.step(actions).final_obs.copy()) for actions in taken]
    return recording().policy.estimate_values(torch.stack(seen[SKIPPED_STEPS:]))


def look_back(
    stretch: str, last_step: str, gamma: float, gae_lambda: float, steps_before: int, team_credit: bool
) -> Stretch:
    """Work out the advantages of one detective's steps up to an end.

    Args:
        stretch: One of `STRETCHES`.
        last_step: What the last step is said to have been, one of `TREATMENTS`.
        gamma: Discount, 0 to 1.
        gae_lambda: 0 to 1.
        steps_before: How many steps before the last one the row lies that is looked at, 0 to 6.
        team_credit: Whether a fallen detective is credited with what its team gets later.

    Returns:
        The stretch. Its advantages are those of `gae`; the one looked at is the sum of `weights * td_errors`.
    """
    first, badge = STRETCHES[stretch]
    last, e, a = badge
    data, rows = recording().buffer.data, slice(first, last + 1)
    later = slice(last + 1, first + SLOTS)
    fell = bool(data.terminated[last, e, a] & ~data.episode_over[last, e])
    was = "terminated" if data.terminated[last, e, a] else "truncated" if data.truncated[last, e, a] else "full"
    below = "full" if last + 1 == len(data.rewards) else "below"  # below the last row of all there is none
    treated = dict(zip(TREATMENTS, (was, "truncated", "terminated", below), strict=True))[last_step]

    settings = gamma, gae_lambda
    rewards, values, deltas, advantages, following = _advantages(badge, first, treated, team_credit, *settings)
    *_, as_it_was, _ = _advantages(badge, first, was, True, *settings)
    looked_at = len(values) - 1 - steps_before
    ahead = np.arange(len(values)) - looked_at
    return Stretch(
        badge,
        first,
        looked_at,
        data.rewards[rows, e, a].numpy(),
        float(rewards[-1] - data.rewards[last, e, a]),
        values.numpy(),
        float(following),
        deltas.numpy(),
        np.where(ahead >= 0, (gamma * gae_lambda) ** np.maximum(ahead, 0).astype(float), 0.0),
        advantages.numpy(),
        as_it_was.numpy(),
        data.rewards[later, e, a].numpy(),
        data.values[later, e, a].numpy(),
        "no rows" if below == "full" else "fallen, waiting" if fell else "another case",
        was,
        treated,
        fell,
        team_credit,
        gamma * gae_lambda,
    )


def _advantages(
    badge: tuple[int, int, int], first: int, treated: str, team_credit: bool, gamma: float, gae_lambda: float
) -> tuple[Tensor, ...]:
    """Return rewards, values, TD errors and advantages of a stretch, each (L,), and the last of its next values."""
    last, e, a = badge
    data, last_values = recording().buffer.data, recording().last_values
    rows = slice(first, last + 1)
    rewards, values = data.rewards[rows, e, a], data.values[rows, e, a]
    if team_credit and treated == "terminated":  # who is said to be alive still has an estimate, and no credit
        copy, agent = slice(e, e + 1), slice(a, a + 1)
        column = data.rewards[:, copy, agent], data.acting[:, copy, agent], data.episode_over[:, copy]
        rewards = with_team_credit(*column, gamma)[rows, 0, 0]
    is_last = torch.arange(len(values)) == len(values) - 1
    ends = (
        is_last & (treated == "terminated"),
        is_last & (treated == "truncated"),
        final_estimates()[rows, e, a],
        last_values[e, a] if treated == "full" or last + 1 == len(data.values) else data.values[last + 1, e, a],
    )
    following = next_values(values, *ends)
    advantages = estimate_advantages(rewards, values, *ends, gamma, gae_lambda)
    return rewards, values, td_errors(rewards, values, following, gamma), advantages, following[-1]

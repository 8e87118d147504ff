"""An action mask as it came: its flags, one row for each choice, or why it is none."""

from typing import Any

import numpy as np
from gymnasium.spaces import Space

from ppo_lessons.other_worlds import promises
from ppo_lessons.other_worlds.promises import Finding
from ppo_lessons.other_worlds.spaces import MASK, Choice, Layout, Sight


def mask_as_it_came(sight: Sight, seen: Any, info: Any) -> Any:
    """Return the mask that came with an observation, or in its infos; None if none came."""
    try:
        return sight.mask(seen, info)
    except Exception:  # an observation that is not of its space
        return None


def sizes_of(choices: Space) -> list[int]:
    """Return how many actions there are to choose from, in each choice; nothing for real numbers."""
    choice = Choice(choices)
    return [] if choice.continuous else list(choice.heads or (choice.size,))


def flags_of(mask: Any, sizes: list[int]) -> list[np.ndarray] | None:
    """Return the flags of each choice, as the adapters read them; None if they do not fit."""
    try:
        several = mask if isinstance(mask, tuple) and any(map(np.ndim, mask)) else (mask,)
        parts = [np.ravel(part) for part in several]
    except Exception:  # uneven lists, a tensor of a graph, ...
        return None
    if len(parts) == 1 and sizes and len(parts[0]) == sum(sizes):
        parts = np.split(parts[0], np.cumsum(sizes)[:-1])  # those of several choices, one after the other
    fits = [len(part) for part in parts] == sizes and all(part.dtype.kind in "fiub" for part in parts)
    return parts if fits and sizes else None


def of_mask(space: Space, choices: Space, mask: Any, goes_on: bool, agent: Any = None) -> Finding | None:
    """Say what is wrong with a mask, if something is.

    Args:
        space: Of the observations.
        choices: Of the actions.
        mask: As it came.
        goes_on: Whether its agent acts once more: only then something must be legal.
        agent: Whose it is.
    """
    sizes = sizes_of(choices)
    if not sizes:  # the adapters' own words
        try:
            Layout([(space, choices)], agent_id=False, masked=True)
        except ValueError as error:
            return promises.no_layout(error)._replace(agent=agent)
    flags = flags_of(mask, sizes)
    if flags is None or not all(np.isin(part, (0, 1)).all() for part in flags):
        return promises.no_mask(MASK, mask, sizes, agent)
    if goes_on and not all(part.any() for part in flags):
        return promises.nothing_legal(agent)
    return None

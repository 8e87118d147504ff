"""From Gymnasium's spaces to the numbers that a network reads, and from what it chooses to actions of the world."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Space, Text, Tuple, flatdim, flatten

from ppo_lessons.action_kinds import ActionKind

MOST_NUMBERS = 10_000
"""An agent that sees more than this is shown pictures, for which two hidden layers are the wrong network."""
ENDLESS = 1e6
"""Ends of a space of real-valued actions that are beyond this are none."""
MASK = "action_mask"
"""PettingZoo's name for it, in an observation or in the infos."""


class Sight:
    """How what one agent sees becomes `size` numbers.

    Any space is flattened: a choice out of n becomes n numbers, one-hot. Bytes (uint8) are scaled to 0 ... 1. An action
    mask beside the observation is taken out of it.

    Args:
        space: Of the observations.

    Raises:
        ValueError: If the space cannot be flattened, or holds pictures that are too large.
    """

    def __init__(self, space: Space) -> None:
        """Find out how."""
        self.declared, self.inner, self.masked = space, space, False
        if isinstance(space, Dict) and MASK in space.spaces:
            rest = {name: part for name, part in space.spaces.items() if name != MASK}
            self.masked, self._alone = True, next(iter(rest)) if len(rest) == 1 else None
            self.inner = next(iter(rest.values())) if len(rest) == 1 else Dict(rest)
        if isinstance(self.inner, Text):
            raise ValueError(f"Observations must be numbers: a text has to become some first. Got {space}")
        try:
            self.size = flatdim(self.inner)
        except (NotImplementedError, ValueError, TypeError) as error:
            raise ValueError(f"Observations must be of a space of fixed size. Got {space}: {error}") from None
        if self.size > MOST_NUMBERS:
            raise ValueError(
                f"An agent may see up to {MOST_NUMBERS:,} numbers: pictures ask for another network. Got {space}, "
                f"{self.size:,} numbers. Make them smaller and grey first (gymnasium.wrappers.ResizeObservation and "
                "GrayscaleObservation; supersuit.resize_v1 and color_reduction_v0), or let the world say what it shows"
            )
        self._is_box = isinstance(self.inner, Box)
        scale = _scale(self.inner)
        self._scale = None if (scale == 1).all() else scale

    def write(self, seen: Any, row: np.ndarray) -> None:
        """Write the numbers into the first places of a row, (D,).

        Raises:
            ValueError, TypeError, KeyError: If this is no observation of the space.
        """
        if self.masked:
            seen = seen[self._alone] if self._alone is not None else {k: seen[k] for k in self.inner.spaces}
        if self._is_box:
            array = np.asarray(seen)
            if array.shape != self.inner.shape:
                raise ValueError(f"shape {array.shape}")
            row[: self.size] = array.ravel()
        else:
            row[: self.size] = flatten(self.inner, seen)
        if self._scale is not None:
            row[: self.size] *= self._scale

    def mask(self, seen: Any, info: Any) -> Any:
        """Return the action mask that came with an observation, or in its infos; None if there is none."""
        return seen[MASK] if self.masked else info.get(MASK) if isinstance(info, Mapping) else None

    def mask_parts(self, seen: Any, info: Any) -> tuple[np.ndarray, ...] | None:
        """Return the mask as it came, one array for each choice; None if none came."""
        try:
            legal = self.mask(seen, info)
        except (KeyError, TypeError):  # an observation that is not of its space
            return None
        return None if legal is None else tuple(map(np.atleast_1d, legal if isinstance(legal, tuple) else (legal,)))


def _scale(space: Space) -> np.ndarray:
    """Return what each number is multiplied by: bytes by what makes their upper end 1."""
    if isinstance(space, (Dict, Tuple)):
        parts = space.spaces.values() if isinstance(space, Dict) else space.spaces
        return np.concatenate([np.ones(0), *map(_scale, parts)])
    is_bytes = isinstance(space, Box) and space.dtype == np.uint8
    return np.full(flatdim(space), 1 / max(1, int(space.high.max(initial=1))) if is_bytes else 1.0)


class Choice:
    """What one agent chooses: `size` outputs of the actor, of a kind, and how they become an action of the world.

    Real numbers are chosen in units of the space: -1 and 1 are its ends, and what is beyond is cut off. Where an end is
    missing, or the ends are farther apart than anybody would mean, they are taken as they are, and cut off at what end
    there is.

    Args:
        space: Of the actions.

    Raises:
        ValueError: If it is another kind of space.
    """

    def __init__(self, space: Space) -> None:
        """Find out which kind."""
        self.space, self.heads, self.continuous = space, (), False
        if isinstance(space, Discrete):
            self.size, self._first = int(space.n), int(space.start)
        elif isinstance(space, MultiDiscrete) and space.nvec.ndim == 1:
            self.heads, self._first = tuple(int(n) for n in space.nvec), space.start
        elif isinstance(space, MultiBinary) and len(space.shape) == 1:
            self.heads, self._first = (2,) * int(space.shape[0]), np.zeros(space.shape, space.dtype)
        elif isinstance(space, Box) and np.issubdtype(space.dtype, np.floating):
            self.size, self.continuous = int(np.prod(space.shape)), True
            ends = (np.abs(space.low, dtype=float) < ENDLESS) & (np.abs(space.high, dtype=float) < ENDLESS)
            low, high = np.where(ends, space.low, -1.0), np.where(ends, space.high, 1.0)
            self._middle, self._half = (high + low) / 2, (high - low) / 2
        else:
            kinds = "Discrete, MultiDiscrete, MultiBinary (one axis) or a Box of real numbers"
            raise ValueError(f"Actions must be {kinds}. Got {space}")
        if self.heads:
            self.size = sum(self.heads)

    def action(self, chosen: np.ndarray) -> Any:
        """Return the action of the world for what the policy chose: one whole number, or (k,)."""
        if self.continuous:
            numbers = (self._middle + self._half * chosen.reshape(self.space.shape)).astype(self.space.dtype)
            return numbers.clip(self.space.low, self.space.high)  # after the rounding, so that it is in the space
        if self.heads:
            return (self._first + chosen).astype(self.space.dtype)
        return self._first + int(chosen)

    def kind(self, masked: bool) -> ActionKind:
        """Return the kind of its actions."""
        return ActionKind(self.heads, self.continuous, masked)


class Layout:
    """Where everything stands in the row of an agent: what it sees, its number, its kind, its action mask.

    Args:
        spaces: Of each agent, (observations, actions).
        agent_id: Whether each agent sees its own number, one-hot.
        own_networks: Whether each agent's kind is to be told, one-hot: a network for each kind reads it.
        masked: Whether the world tells masks in its infos.

    Raises:
        ValueError: If agents differ in what cannot be padded: choices of several, or real numbers.
    """

    def __init__(
        self, spaces: list[tuple[Space, Space]], agent_id: bool, own_networks: bool = False, masked: bool = False
    ) -> None:
        """Lay out the rows."""
        self.sights = [Sight(space) for space, _ in spaces]
        self.choices = [Choice(space) for _, space in spaces]
        agents, first = len(spaces), self.choices[0]
        kinds = [_kind(sight, choice) for sight, choice in zip(self.sights, self.choices, strict=True)]
        named = sorted(set(kinds), key=kinds.index)
        self.kinds_seen, self.num_kinds = len(named), len(named) if own_networks else 1
        self.seen_size = max(sight.size for sight in self.sights)
        self.num_actions = max(choice.size for choice in self.choices)
        padded = any(choice.size != self.num_actions for choice in self.choices)
        if any(choice.heads != first.heads or choice.continuous != first.continuous for choice in self.choices) or (
            padded and (first.heads or first.continuous)
        ):
            got = [choice.space for choice in self.choices]
            raise ValueError(f"Agents of one team may differ in how many actions they choose from, no more. Got {got}")
        masked = masked or padded or any(sight.masked for sight in self.sights)
        if masked and first.continuous:
            raise ValueError("Real-valued actions cannot be masked. Got a world with action masks for them")
        self.kind = first.kind(masked)
        parts = [np.zeros((agents, self.seen_size))]
        if agent_id:
            parts.append(np.eye(agents))
        if own_networks and self.num_kinds > 1:
            parts.append(np.eye(self.num_kinds)[[named.index(kind) for kind in kinds]])
        if masked:
            parts.append(np.array([[n < choice.size for n in range(self.num_actions)] for choice in self.choices]))
        self.blank = np.concatenate(parts, axis=1).astype(np.float32)
        """What those see who see nothing, (A, D)."""

    def write(self, a: int, seen: Any, info: Any, row: np.ndarray) -> None:
        """Write what agent a sees, and what it may do, into its row, (D,); the rest of the row is as in `blank`.

        Raises:
            ValueError, TypeError, KeyError: If this is no observation of the space, or no mask for the actions.
        """
        sight = self.sights[a]
        sight.write(seen, row)
        if self.kind.masked:
            legal, start, size = sight.mask(seen, info), len(row) - self.num_actions, self.choices[a].size
            if legal is None:  # everything is legal, whatever was before
                row[start:] = self.blank[a, start:]
                return
            flags = np.concatenate([np.ravel(part) for part in legal]) if isinstance(legal, tuple) else np.ravel(legal)
            if len(flags) != size:  # one flag would be laid into all places
                raise ValueError(f"a mask of {len(flags)} for {size} actions")
            row[start : start + size] = flags
        elif info and MASK in info:
            raise ValueError("a mask that was not told of")

    def legal(self, rows: np.ndarray) -> np.ndarray:
        """Return which actions are legal, bool, (..., N)."""
        return rows[..., -self.num_actions :] > 0

    def can_act(self, rows: np.ndarray) -> np.ndarray:
        """Return whether each agent has something legal to choose, in each of its choices, bool, (...)."""
        legal = self.legal(rows)
        if not self.kind.heads:
            return legal.any(axis=-1)
        ends = np.cumsum(self.kind.heads)
        return np.logical_and.reduce([p.any(axis=-1) for p in np.split(legal, ends[:-1], axis=-1)])


def _kind(sight: Sight, choice: Choice) -> tuple[Any, ...]:
    """Return what tells kinds of agents apart: how much they see and what they choose; bounds do not count."""
    return sight.size, type(sight.inner).__name__, choice.size, choice.heads, choice.continuous

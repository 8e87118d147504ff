"""A world that others wrote, played as it is, for the check: what it told last, and what is wrong with that."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from gymnasium.spaces import Discrete, MultiDiscrete, Space

from ppo_lessons.other_worlds import promises
from ppo_lessons.other_worlds.promises import Finding
from ppo_lessons.other_worlds.spaces import MASK, Sight

LARGE = 1000.0
"""Numbers beyond this drown all others in the first layer of a network."""


class RawWorld:
    """One copy of a world, and what it told with its last reset or step.

    Args:
        env: The copy.
    """

    seen: Any
    """What was seen last."""

    def __init__(self, env: Any) -> None:
        """Look at the world as it is."""
        self.env = env
        self.outcome: Any = None
        self.can_go_on, self.over = True, False

    def reset(self, seed: int | None) -> Finding | None:
        """Lay out an episode; returns what the world raised, if it did."""
        return self._call("reset", seed=seed)

    def spaces_of_all(self) -> list[tuple[Space, Space]]:
        """Return the spaces of each agent."""
        raise NotImplementedError

    def actions(self, rng: np.random.Generator) -> Any:
        """Draw legal actions."""
        raise NotImplementedError

    def step(self, actions: Any) -> Finding | None:
        """Play; returns what the world raised, if it did."""
        return self._call("step", actions)

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with what was told last; notes whether it can go on, and whether the episode is over."""
        raise NotImplementedError

    def told(self) -> Any:
        """Return what was told last, to be compared."""
        return self.outcome[:-1] if isinstance(self.outcome, tuple) else self.outcome

    def close(self) -> None:
        """Close the world."""
        if hasattr(self.env, "close"):
            self.env.close()

    def _call(self, name: str, *given: Any, **named: Any) -> Finding | None:
        self._is_reset = name == "reset"
        try:
            self.outcome = getattr(self.env, name)(*given, **named)
        except Exception as error:
            return promises.of_call(name, error)
        return None


class RawParallel(RawWorld):
    """A PettingZoo `ParallelEnv`.

    Args:
        env: The copy.
    """

    def __init__(self, env: Any) -> None:
        """Look at the world as it is."""
        super().__init__(env)
        self.agents = list(env.possible_agents)
        self.spaces = {agent: (env.observation_space(agent), env.action_space(agent)) for agent in self.agents}
        self.acting = list(self.agents)
        self.seen: Any = {}

    def spaces_of_all(self) -> list[tuple[Space, Space]]:
        """Return the spaces of each agent."""
        return list(self.spaces.values())

    def actions(self, rng: np.random.Generator) -> dict[Any, Any]:
        """Draw a legal action for each agent that acts."""
        infos = self.outcome[-1]
        return {agent: draw(*self.spaces[agent], self.seen.get(agent), infos.get(agent), rng) for agent in self.acting}

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with what was told last."""
        if self._is_reset:
            found = list(promises.of_parallel_reset(self.agents, self.outcome, self.env.agents))
            asked: list[Any] = list(self.agents)
        else:
            found = list(promises.of_parallel_step(self.acting, self.outcome, self.env.agents))
            asked = self.acting
        yield from found
        fits = isinstance(self.outcome, (tuple, list)) and all(isinstance(part, Mapping) for part in self.outcome)
        if not fits or len(self.outcome) != (2 if self._is_reset else 5):
            self.can_go_on = False
            return
        self.seen = self.outcome[0]
        if not self._is_reset:
            others = [agent for agent in self.agents if agent not in asked]
            for name, part in zip(promises.PARALLEL_STEP[:4], self.outcome, strict=False):
                yield from promises.of_strangers(name, part, others)
        self.acting = [agent for agent in self.agents if agent in self.env.agents]
        self.over = not self.acting
        infos = self.outcome[-1]
        for agent in asked:
            goes_on = agent in self.acting
            if agent in self.seen:
                yield from of_seen(*self.spaces[agent], self.seen[agent], infos.get(agent), goes_on, agent)
            if not self._is_reset and agent in self.outcome[1]:
                yield from of_reward(self.outcome[1][agent], agent)


class RawGymnasium(RawWorld):
    """A Gymnasium environment.

    Args:
        env: The copy.
    """

    def __init__(self, env: Any) -> None:
        """Look at the world as it is."""
        super().__init__(env)
        self.spaces = (env.observation_space, env.action_space)
        self.seen: Any = None

    def spaces_of_all(self) -> list[tuple[Space, Space]]:
        """Return the spaces of the one agent."""
        return [self.spaces]

    def actions(self, rng: np.random.Generator) -> Any:
        """Draw a legal action."""
        return draw(*self.spaces, self.seen, self.outcome[-1], rng)

    def findings(self) -> Iterator[Finding]:
        """Yield what is wrong with what was told last."""
        of = promises.of_gymnasium_reset if self._is_reset else promises.of_gymnasium_step
        found = list(of(self.outcome))
        yield from found
        if not isinstance(self.outcome, (tuple, list)) or len(self.outcome) != (2 if self._is_reset else 5):
            self.can_go_on = False
            return
        self.seen = self.outcome[0]
        self.over = not self._is_reset and bool(np.any(self.outcome[2]) or np.any(self.outcome[3]))
        yield from of_seen(*self.spaces, self.seen, self.outcome[-1], not self.over)
        if not self._is_reset:
            yield from of_reward(self.outcome[1])


def draw(space: Space, choices: Space, seen: Any, info: Any, rng: np.random.Generator) -> Any:
    """Return an action of a space that the mask allows, if there is one."""
    choices.seed(int(rng.integers(2**31)))
    parts = mask_of(space, choices, seen, info)
    if parts is None or [len(part) for part in parts] != sizes_of(choices):
        return choices.sample()
    as_bytes = tuple(np.asarray(part, np.int8) for part in parts)
    return choices.sample(mask=as_bytes if isinstance(choices, MultiDiscrete) else as_bytes[0])


def mask_of(space: Space, choices: Space, seen: Any, info: Any) -> tuple[np.ndarray, ...] | None:
    """Return the mask that came with an observation, one array for each choice; None if none came."""
    parts, sizes = Sight(space).mask_parts(seen, info), sizes_of(choices)
    if parts is not None and len(parts) == 1 and len(parts[0]) == sum(sizes):
        return tuple(np.split(parts[0], np.cumsum(sizes)[:-1]))  # those of several choices, one after the other
    return parts


def sizes_of(choices: Space) -> list[int]:
    """Return how many actions there are to choose from, in each choice."""
    return [int(choices.n)] if isinstance(choices, Discrete) else [int(n) for n in getattr(choices, "nvec", ())]


def of_seen(space: Space, choices: Space, seen: Any, info: Any, goes_on: bool, agent: Any = None) -> Iterator[Finding]:
    """Yield what is wrong with one observation and its mask."""
    numbers = _numbers(seen)
    if numbers is not None and not np.isfinite(numbers).all():
        yield promises.not_finite("An observation", float(numbers[~np.isfinite(numbers)][0]), agent)
    elif not space.contains(seen):
        yield promises.of_observation(seen, space, agent)
    elif (largest := _largest(Sight(space), seen)) > LARGE:
        yield promises.too_large("observations", largest, LARGE, agent)
    parts, sizes = mask_of(space, choices, seen, info), sizes_of(choices)
    if parts is None:
        return
    if [len(part) for part in parts] != sizes or not all(np.isin(part, (0, 1)).all() for part in parts):
        yield promises.no_mask(MASK, [np.shape(part) for part in parts], sizes, agent)
    elif goes_on and not all(np.any(part) for part in parts):
        yield promises.nothing_legal(agent)


def of_reward(reward: Any, agent: Any = None) -> Iterator[Finding]:
    """Yield what is wrong with the size of a reward."""
    if np.ndim(reward) == 0 and np.asarray(reward).dtype.kind in "fiu":
        if not np.isfinite(reward):
            yield promises.not_finite("A reward", float(reward), agent)
        elif abs(float(reward)) > LARGE:
            yield promises.too_large("rewards", abs(float(reward)), LARGE, agent)


def _largest(sight: Sight, seen: Any) -> float:
    """Return the size of the largest number that a network reads of an observation."""
    row = np.zeros(sight.size)
    sight.write(seen, row)
    return float(np.abs(row).max(initial=0))


def _numbers(seen: Any) -> np.ndarray | None:
    """Return an observation as numbers, (n,), if it consists of them."""
    if isinstance(seen, (Mapping, tuple)):
        parts = [_numbers(part) for part in (seen.values() if isinstance(seen, Mapping) else seen)]
        found = [part for part in parts if part is not None]
        return np.concatenate(found) if found else None
    array = np.asarray(seen) if isinstance(seen, (np.ndarray, list, float, int, np.number)) else None
    return array.ravel().astype(float) if array is not None and array.dtype.kind in "fiu" else None

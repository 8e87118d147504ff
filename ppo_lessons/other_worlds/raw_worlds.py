"""A world that others wrote, played as it is, for the check: what it told last, and what is wrong with that."""

import warnings
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from gymnasium.spaces import Space

from ppo_lessons.other_worlds import promises, words
from ppo_lessons.other_worlds.masks import flags_of, mask_as_it_came, of_mask, sizes_of
from ppo_lessons.other_worlds.promises import Finding
from ppo_lessons.other_worlds.spaces import Choice, Sight

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
        """Return a copy of what was told last, to be compared; infos may hold anything."""
        return words.snapshot(self.outcome[:-1] if isinstance(self.outcome, (tuple, list)) else self.outcome)

    def close(self) -> Finding | None:
        """Close the world; returns what it raised, if it did."""
        try:
            if hasattr(self.env, "close"):
                self.env.close()
        except Exception as error:
            return promises.of_call("close", error)
        return None

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
        left = getattr(self.env, "agents", None)
        if self._is_reset:
            asked: list[Any] = list(self.agents)
            yield from promises.of_parallel_reset(asked, self.outcome, left)
        else:
            asked = self.acting
            yield from promises.of_parallel_step(asked, self.outcome, left)
        fits = isinstance(self.outcome, (tuple, list)) and all(isinstance(part, Mapping) for part in self.outcome)
        if not fits or len(self.outcome) != (2 if self._is_reset else 5):
            self.can_go_on = False
            return
        self.seen = self.outcome[0]
        if not self._is_reset:
            others = [agent for agent in self.agents if agent not in asked]
            for name, part in zip(promises.PARALLEL_STEP[:4], self.outcome, strict=False):
                yield from promises.of_strangers(name, part, others)
        self.acting = [agent for agent in self.agents if agent in words.names(left)]
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
        yield from of(self.outcome)
        if not isinstance(self.outcome, (tuple, list)) or len(self.outcome) != (2 if self._is_reset else 5):
            self.can_go_on = False
            return
        self.seen = self.outcome[0]
        self.over = not self._is_reset and any(map(words.is_set, self.outcome[2:4]))
        yield from of_seen(*self.spaces, self.seen, self.outcome[-1], not self.over)
        if not self._is_reset:
            yield from of_reward(self.outcome[1])


def draw(space: Space, choices: Space, seen: Any, info: Any, rng: np.random.Generator) -> Any:
    """Return an action of a space that the mask allows, if there is one."""
    choices.seed(int(rng.integers(2**31)))
    flags = flags_of(mask_as_it_came(Sight(space), seen, info), sizes_of(choices))
    if flags is None or not all((part > 0).any() for part in flags):
        return choices.sample()
    chosen = [int(rng.choice(np.flatnonzero(part > 0))) for part in flags]
    choice = Choice(choices)
    return choice.action(np.array(chosen if choice.heads else chosen[0]))


def of_seen(space: Space, choices: Space, seen: Any, info: Any, goes_on: bool, agent: Any = None) -> Iterator[Finding]:
    """Yield what is wrong with one observation and its mask."""
    sight, numbers = Sight(space), _numbers(seen)
    if numbers is not None and not np.isfinite(numbers).all():
        yield promises.not_finite("An observation", float(numbers[~np.isfinite(numbers)][0]), agent)
    elif not _holds(space, seen) or (largest := _largest(sight, seen)) is None:
        yield promises.of_observation(seen, space, agent)
    elif largest > LARGE:
        yield promises.too_large("observations", largest, LARGE, agent)
    mask = mask_as_it_came(sight, seen, info)
    if mask is not None and (finding := of_mask(space, choices, mask, goes_on, agent)):
        yield finding


def of_reward(reward: Any, agent: Any = None) -> Iterator[Finding]:
    """Yield what is wrong with the size of a reward."""
    if words.is_number(reward):
        value = float(np.asarray(reward))
        if not np.isfinite(value):
            yield promises.not_finite("A reward", value, agent)
        elif abs(value) > LARGE:
            yield promises.too_large("rewards", abs(value), LARGE, agent)


def _holds(space: Space, seen: Any) -> bool:
    """Say whether an observation is of its space; tensors and lists are as good as arrays, as they are in training."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # Gymnasium's, about lists
        try:
            return bool(space.contains(words.with_arrays(seen)))
        except Exception:
            return False


def _largest(sight: Sight, seen: Any) -> float | None:
    """Return the size of the largest number that a network reads of an observation; None if it could read none."""
    row = np.zeros(sight.size)
    try:
        sight.write(seen, row)
    except Exception:
        return None
    return float(np.abs(row).max(initial=0))


def _numbers(seen: Any) -> np.ndarray | None:
    """Return an observation as numbers, (n,), if it consists of them."""
    array = None if isinstance(seen, Mapping) else words.as_array(seen)
    if array is not None and array.dtype.kind in "fiu":
        return array.ravel().astype(float)
    if isinstance(seen, (Mapping, tuple, list)):
        parts = [_numbers(part) for part in (seen.values() if isinstance(seen, Mapping) else seen)]
        found = [part for part in parts if part is not None]
        return np.concatenate(found) if found else None
    return None

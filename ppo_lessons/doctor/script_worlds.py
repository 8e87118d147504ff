"""Worlds that follow a script and keep a record: what a rollout has stored is compared with what happened.

What an agent sees is a number of its own, a badge: no two decisions have the same.
"""

from collections.abc import Iterator
from itertools import count
from typing import Any, ClassVar, NamedTuple

import gymnasium
import numpy as np
from gymnasium.spaces import Box, Discrete
from pettingzoo import ParallelEnv

SEEN, MOVES = Box(0, np.inf, (1,), np.float32), Discrete(3)


class Happened(NamedTuple):
    """What came of one decision."""

    action: int
    reward: float
    truncated: bool = False


class ScriptEnv(gymnasium.Env):
    """One agent; episodes of three steps end in turn by a termination and by a truncation."""

    def __init__(self, record: dict[int, Happened], badges: Iterator[int] | None = None) -> None:
        """Note in this record; worlds that share it share the badges, too, which begin with 1."""
        self.record, self.badges = record, badges or count(1)
        self.badge, self.episode, self.time = 0, 0, 0
        self.observation_space, self.action_space = SEEN, MOVES

    def _see(self) -> np.ndarray:
        self.badge = next(self.badges)
        return np.array([self.badge], np.float32)

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[np.ndarray, dict]:
        """Begin the next episode."""
        super().reset(seed=seed)
        self.episode, self.time = self.episode + 1, 0
        return self._see(), {}

    def step(self, action: Any) -> tuple[np.ndarray, float, bool, bool, dict]:
        """Note the decision, and pay half its badge."""
        reward = self.badge / 2
        self.time += 1
        terminated, truncated = (self.time == 3 and self.episode % 2 == odd for odd in (1, 0))
        self.record[self.badge] = Happened(int(action), reward, truncated)
        return self._see(), reward, terminated, truncated, {}


class ScriptTeam(ParallelEnv):
    """Three agents that are paid differently; ben falls in his second step, the episode is over after four."""

    metadata: ClassVar[dict[str, Any]] = {"name": "script"}

    def __init__(self, record: dict[int, Happened], badges: Iterator[int] | None = None) -> None:
        """Note in this record; worlds that share it share the badges, too, which begin with 1."""
        self.possible_agents = ["ada", "ben", "cleo"]
        self.record, self.badges, self.time = record, badges or count(1), 0
        self.seen: dict[str, int] = {}

    def observation_space(self, agent: str) -> Box:
        """Badges."""
        return SEEN

    def action_space(self, agent: str) -> Discrete:
        """Three of them."""
        return MOVES

    def _see(self, agents: list[str]) -> dict[str, np.ndarray]:
        for agent in agents:
            self.seen[agent] = next(self.badges)
        return {agent: np.array([self.seen[agent]], np.float32) for agent in agents}

    def reset(self, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[dict, dict]:
        """Begin the next episode."""
        self.agents, self.time = self.possible_agents[:], 0
        return self._see(self.agents), {agent: {} for agent in self.agents}

    def step(self, actions: dict[str, Any]) -> tuple[dict, dict, dict, dict, dict]:
        """Note all decisions; everybody is paid half the badge."""
        acted, self.time = self.agents, self.time + 1
        rewards = {agent: self.seen[agent] / 2 for agent in acted}
        for agent in acted:
            self.record[self.seen[agent]] = Happened(int(actions[agent]), rewards[agent])
        over = {agent: self.time == 4 or (agent == "ben" and self.time == 2) for agent in acted}
        never = dict.fromkeys(acted, False)
        self.agents = [agent for agent in acted if not over[agent]]
        return self._see(acted), rewards, over, never, {agent: {} for agent in acted}

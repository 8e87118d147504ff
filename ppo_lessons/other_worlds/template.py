"""A world to begin with: `python start.py new-world NAME` writes a copy of it, to be changed into your own.

Some agents stand in a corridor in which as many lanterns hang. A lantern shines while somebody stands beneath it, and
everybody is paid for every lantern that shines. So they have to spread, each to another one.
"""

from typing import Any, ClassVar

import numpy as np
from gymnasium.spaces import Box, Discrete, Space
from pettingzoo import ParallelEnv


class Template(ParallelEnv):
    """Agents in a corridor with lanterns.

    What helps a world to train: agents see what they need, as numbers of about the size of 1, in an order that means
    something; the reward comes soon after what earned it; `truncations` and not `terminations` say that we only stop
    watching (if the rules end the game, it is a termination, and agents should see the time); every random number comes
    from `self.rng`.
    """

    metadata: ClassVar = {"name": "template_v0"}

    def __init__(self, num_agents: int = 3, num_cells: int = 7, num_steps: int = 12) -> None:
        """Say who takes part, what they see, and what they can do. The spaces are made once and never change."""
        self.possible_agents = [f"agent_{a}" for a in range(num_agents)]
        self.agents: list[str] = []
        self.num_cells, self.num_steps = num_cells, num_steps
        self.rng = np.random.default_rng()
        low, high = -np.ones(2 * num_agents, np.float32), np.ones(2 * num_agents, np.float32)
        self._views = {agent: Box(low, high) for agent in self.possible_agents}
        self._moves = {agent: Discrete(3) for agent in self.possible_agents}  # to the left, stay, to the right

    def observation_space(self, agent: str) -> Space:
        """Return what this agent sees: the same object each time."""
        return self._views[agent]

    def action_space(self, agent: str) -> Space:
        """Return what this agent can do: the same object each time."""
        return self._moves[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]]:
        """Lay out an episode: everything that changes in it is set here, and `agents` holds everybody again."""
        if seed is not None:  # without one the random numbers go on
            self.rng = np.random.default_rng(seed)
        self.agents = self.possible_agents[:]
        self.steps = 0
        self.lanterns = np.sort(self.rng.permutation(self.num_cells)[: len(self.agents)])
        self.places = np.full(len(self.agents), self.num_cells // 2)
        return self._seen(), {agent: {} for agent in self.agents}

    def step(
        self, actions: dict[str, int]
    ) -> tuple[dict[str, np.ndarray], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Play one action of each agent in `agents`, and answer for each of them, its last step included."""
        for a, agent in enumerate(self.possible_agents):
            self.places[a] += int(actions[agent]) - 1
        self.places = self.places.clip(0, self.num_cells - 1)
        self.steps += 1
        shining = float(np.isin(self.lanterns, self.places).mean())
        seen, acted = self._seen(), self.agents
        is_up = self.steps >= self.num_steps
        if is_up:
            self.agents = []  # who is terminated or truncated leaves, in this very step
        rewards = dict.fromkeys(acted, shining)
        terminations = dict.fromkeys(acted, False)  # really over: here nobody falls
        truncations = dict.fromkeys(acted, is_up)  # only cut off: the lanterns would go on shining
        return seen, rewards, terminations, truncations, {agent: {} for agent in acted}

    def _seen(self) -> dict[str, np.ndarray]:
        """Return what everybody sees: its place, and from there the lanterns and the others; a new array each time."""
        middle, seen = (self.num_cells - 1) / 2, {}
        for a, agent in enumerate(self.agents):
            others = np.roll(self.places, -a)[1:]
            numbers = [self.places[a] - middle, *(self.lanterns - self.places[a]), *(others - self.places[a])]
            seen[agent] = np.array(numbers, np.float32) / (self.num_cells - 1)
        return seen

"""The Spirit world as a PettingZoo `ParallelEnv`: the same rules with dictionaries, one copy.

An agent that falls leaves `agents` with that step, as PettingZoo asks; what the team earns later it is not told. The
rules, the tables of observations, actions and rewards stand in `ppo_lessons.spirit_world.rules`.
"""

from collections.abc import Mapping
from typing import Any, ClassVar, SupportsIndex

import numpy as np
from gymnasium.spaces import Box, Discrete, Space
from pettingzoo import ParallelEnv

from ppo_lessons.errors import NotReadyError
from ppo_lessons.guards.fields import whole
from ppo_lessons.spirit_world.board import draw_board
from ppo_lessons.spirit_world.cases import Case
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.rules import ACTION_NAMES, VERSION


class SpiritParallelEnv(ParallelEnv[str, np.ndarray, np.int64]):
    """One copy of the Spirit world for PettingZoo.

    Args:
        case: Name of a preset, or a case.
        render_mode: "rgb_array" or None.

    Raises:
        ValueError: If the case or the render mode is not known.
    """

    metadata: ClassVar[dict[str, Any]] = {  # type: ignore[misc]  # PettingZoo does not say ClassVar
        "name": f"spirit_world_v{VERSION}",
        "render_modes": ["rgb_array"],
        "render_fps": 4,
        "is_parallelizable": True,
    }

    def __init__(self, case: str | Case = "standard", render_mode: str | None = None) -> None:
        """Make the world; call `reset` before the first step."""
        if render_mode not in (None, "rgb_array"):
            raise ValueError(f"render_mode must be 'rgb_array' or None. Got {render_mode!r}")
        self.world = SpiritWorld(case, 1)
        self.render_mode = render_mode
        self.possible_agents = [f"detective_{a}" for a in range(self.world.num_agents)]
        self._started = False
        self._later_seeds = np.random.default_rng()
        size = self.world.obs_size
        self.observation_spaces = {agent: Box(-1.0, 1.0, (size,), np.float32) for agent in self.possible_agents}
        self.action_spaces = {agent: Discrete(len(ACTION_NAMES)) for agent in self.possible_agents}

    @property
    def agents(self) -> list[str]:  # type: ignore[override]
        """Who still stands in the case that is under way; read off the world, so that the two can never disagree."""
        events = self.world.events
        if not self._started or (events is not None and (events.won | events.lost | events.adjourned)[0]):
            return []
        return [agent for agent, acts in zip(self.possible_agents, self.world.acting[0], strict=True) if acts]

    def observation_space(self, agent: str) -> Space[np.ndarray]:
        """Return the agent's space, always the same object."""
        return self.observation_spaces[agent]

    def action_space(self, agent: str) -> Space[np.int64]:
        """Return the agent's space, always the same object."""
        return self.action_spaces[agent]

    def reset(
        self, seed: int | None = None, options: dict[str, Any] | None = None
    ) -> tuple[dict[str, np.ndarray], dict[str, dict[str, Any]]]:
        """Lay out a fresh case.

        Args:
            seed: Makes this case and its drift, and all that follow without a seed, repeatable; None: the next of them.
            options: Not used.

        Returns:
            What each detective sees, and an empty info for each.
        """
        if seed is None:
            seed = int(self._later_seeds.integers(2**32))
        else:
            seed = whole("seed", seed, 0)
            self._later_seeds = np.random.default_rng(seed)
        self.world.reset(seed)
        self._started = True
        seen = self.world.obs[0].copy()
        return dict(zip(self.possible_agents, seen, strict=True)), {agent: {} for agent in self.possible_agents}

    def step(
        self, actions: Mapping[str, SupportsIndex]
    ) -> tuple[dict[str, np.ndarray], dict[str, float], dict[str, bool], dict[str, bool], dict[str, dict[str, Any]]]:
        """Play one step.

        Args:
            actions: One action for each detective in `agents`.

        Returns:
            Observations, rewards, terminations, truncations and infos of those that were in `agents`.

        Raises:
            NotReadyError: Before the first `reset`, or after the case has ended.
            ValueError: If an agent has no action, or its action is not 0 to 4.
        """
        agents = self.agents
        if not agents:
            raise NotReadyError("Call reset() before step(): a case must be under way. Got a world without agents")
        if missing := [agent for agent in agents if agent not in actions]:
            raise ValueError(f"Every agent in `agents` needs an action. Missing: {missing}")
        chosen = np.array([[actions[agent] if agent in agents else 0 for agent in self.possible_agents]])
        result = self.world.step(chosen)
        acted = {agent: a for a, agent in enumerate(self.possible_agents) if agent in agents}
        seen = result.final_obs[0].copy()
        return (
            {agent: seen[a] for agent, a in acted.items()},
            {agent: float(result.rewards[0, a]) for agent, a in acted.items()},
            {agent: bool(result.terminated[0, a]) for agent, a in acted.items()},
            {agent: bool(result.truncated[0, a]) for agent, a in acted.items()},
            {agent: {} for agent in acted},
        )

    def render(self) -> np.ndarray | None:
        """Return the board as a picture, RGB, uint8, (height, width, 3); None without a render mode."""
        if self.render_mode is None:
            return None
        state = self.world.state if self.agents or self.world.played is None else self.world.played
        return draw_board(self.world.case, state)

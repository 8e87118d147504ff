"""Other worlds for the same training: any PettingZoo `ParallelEnv`, and any Gymnasium environment as a team of one.

Observations of any space are flattened to numbers; actions must be discrete. Dictionaries end here.
"""

from collections.abc import Callable
from typing import Any

import gymnasium
import numpy as np
from gymnasium.spaces import Discrete, Space, flatdim, flatten
from pettingzoo import ParallelEnv

from ppo_lessons.errors import NotReadyError
from ppo_lessons.team_env import TeamStep, check_actions


class PettingZooTeam:
    """E copies of a PettingZoo `ParallelEnv` as a `TeamEnv`.

    All agents must have alike spaces, and the same ones must take part in every episode. An agent that leaves
    `agents` has fallen: it sees zeros and does not act until its team's episode is over.

    Args:
        make_env: Makes one copy.
        num_envs: E.
        agent_id: Whether each agent also sees its own number, one-hot (the weights are shared; this tells them apart).

    Raises:
        ValueError: If the agents' spaces differ, or actions are not discrete.
    """

    def __init__(self, make_env: Callable[[], ParallelEnv], num_envs: int = 1, *, agent_id: bool = True) -> None:
        """Make the copies; call `reset` before the first step."""
        if num_envs < 1:
            raise ValueError(f"num_envs must be 1 or more. Got {num_envs}")
        self.envs = [make_env() for _ in range(num_envs)]
        self.agents = list(self.envs[0].possible_agents)
        self.num_envs, self.num_agents = num_envs, len(self.agents)
        self.space = self._one_space([self.envs[0].observation_space(agent) for agent in self.agents])
        actions = self._one_space([self.envs[0].action_space(agent) for agent in self.agents])
        self.num_actions, self.first_action = _discrete(actions)
        self.agent_id = agent_id
        self.obs_size = flatdim(self.space) + (self.num_agents if agent_id else 0)
        self._ready = False

    @staticmethod
    def _one_space(spaces: list[Space]) -> Space:
        if any(space != spaces[0] for space in spaces):
            raise ValueError(f"All agents must have the same spaces to share one network. Got {spaces}")
        return spaces[0]

    def reset(self, seed: int) -> None:
        """Lay out the first episodes."""
        self.obs = np.zeros((self.num_envs, self.num_agents, self.obs_size), np.float32)
        self.acting = np.zeros((self.num_envs, self.num_agents), bool)
        for e, env in enumerate(self.envs):
            self._begin(e, env.reset(seed=seed + e)[0])
        self._ready = True

    def step(self, actions: np.ndarray) -> TeamStep:
        """Play one step in every copy; see `TeamEnv.step`."""
        if not self._ready:
            raise NotReadyError("Call reset(seed) before step(). Got a world that was never reset")
        check_actions(actions, self.num_envs, self.num_agents, self.num_actions)
        shape = (self.num_envs, self.num_agents)
        rewards = np.zeros(shape, np.float32)
        terminated, truncated = np.zeros(shape, bool), np.zeros(shape, bool)
        over = np.zeros(self.num_envs, bool)
        final_obs, was_acting = self._blank(), self.acting
        self.obs, self.acting = self._blank(), np.zeros(shape, bool)
        for e, env in enumerate(self.envs):
            chosen = {name: self.first_action + int(actions[e, a]) for a, name in self._named(was_acting[e])}
            seen, earned, ended, cut, _ = env.step(chosen)
            for a, name in self._named(was_acting[e]):
                final_obs[e, a] = self._flat(a, seen[name])
                rewards[e, a] = earned[name]
                terminated[e, a] = ended[name]
                truncated[e, a] = cut[name] and not ended[name]
            over[e] = not env.agents
            if over[e]:
                self._begin(e, env.reset()[0])
            else:
                self.acting[e] = [name in env.agents for name in self.agents]
                self.obs[e] = np.where(self.acting[e][:, None], final_obs[e], self._blank()[e])
        return TeamStep(rewards, terminated, truncated, over, final_obs)

    def _named(self, acting: np.ndarray) -> list[tuple[int, Any]]:
        return [(a, name) for a, name in enumerate(self.agents) if acting[a]]

    def _begin(self, e: int, seen: dict[Any, Any]) -> None:
        if set(seen) != set(self.agents):
            raise ValueError(f"All of possible_agents must take part in every episode. Got {sorted(seen)}")
        for a, name in enumerate(self.agents):
            self.obs[e, a] = self._flat(a, seen[name])
        self.acting[e] = True

    def _blank(self) -> np.ndarray:
        """What fallen agents see: zeros and their own number, (E, A, D)."""
        blank = np.zeros((self.num_envs, self.num_agents, self.obs_size), np.float32)
        if self.agent_id:
            blank[..., -self.num_agents :] = np.eye(self.num_agents, dtype=np.float32)
        return blank

    def _flat(self, a: int, seen: Any) -> np.ndarray:
        numbers = np.asarray(flatten(self.space, seen), np.float32)
        return np.concatenate((numbers, np.eye(self.num_agents, dtype=np.float32)[a])) if self.agent_id else numbers


class GymnasiumTeam:
    """E copies of a Gymnasium environment as a `TeamEnv`: a team of one.

    Args:
        make_env: Makes one copy.
        num_envs: E.

    Raises:
        ValueError: If the actions are not discrete.
    """

    num_agents = 1

    def __init__(self, make_env: Callable[[], gymnasium.Env], num_envs: int = 1) -> None:
        """Make the copies; call `reset` before the first step."""
        if num_envs < 1:
            raise ValueError(f"num_envs must be 1 or more. Got {num_envs}")
        self.envs = [make_env() for _ in range(num_envs)]
        self.num_envs = num_envs
        self.space = self.envs[0].observation_space
        self.num_actions, self.first_action = _discrete(self.envs[0].action_space)
        self.obs_size = flatdim(self.space)
        self.acting = np.ones((num_envs, 1), bool)
        self._ready = False

    def reset(self, seed: int) -> None:
        """Lay out the first episodes."""
        seen = [env.reset(seed=seed + e)[0] for e, env in enumerate(self.envs)]
        self.obs = np.stack([self._flat(one) for one in seen])[:, None]
        self._ready = True

    def step(self, actions: np.ndarray) -> TeamStep:
        """Play one step in every copy; see `TeamEnv.step`."""
        if not self._ready:
            raise NotReadyError("Call reset(seed) before step(). Got a world that was never reset")
        check_actions(actions, self.num_envs, 1, self.num_actions)
        rewards = np.zeros((self.num_envs, 1), np.float32)
        terminated, truncated = np.zeros((self.num_envs, 1), bool), np.zeros((self.num_envs, 1), bool)
        final_obs = np.zeros_like(self.obs)
        for e, env in enumerate(self.envs):
            seen, rewards[e, 0], ended, cut, _ = env.step(self.first_action + int(actions[e, 0]))
            final_obs[e, 0] = self._flat(seen)
            terminated[e, 0], truncated[e, 0] = ended, cut and not ended
        over = (terminated | truncated)[:, 0]
        self.obs = final_obs.copy()
        for e in np.flatnonzero(over):
            self.obs[e, 0] = self._flat(self.envs[e].reset()[0])
        return TeamStep(rewards, terminated, truncated, over, final_obs)

    def _flat(self, seen: Any) -> np.ndarray:
        return np.asarray(flatten(self.space, seen), np.float32)


def _discrete(space: Space) -> tuple[int, int]:
    """Number of actions, and the number of the first one."""
    if not isinstance(space, Discrete):
        raise ValueError(f"Actions must be Discrete, one out of N. Got {space}")
    return int(space.n), int(space.start)

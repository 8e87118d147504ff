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
from ppo_lessons.guards.fields import whole
from ppo_lessons.team_env import TeamStep, check_actions


class _Copies:
    """E separate worlds, played one after the other; what `PettingZooTeam` and `GymnasiumTeam` share.

    A step happens as a whole or not at all: `obs` and `acting` are new once every copy has been played. If it is broken
    off before (an error of a copy, Ctrl-C), nobody knows where the copies stand that had their turn. Their episodes are
    cut off with the next step: truncated, with reward 0 and what was seen last, and the next ones are laid out.
    """

    obs: np.ndarray
    acting: np.ndarray

    def __init__(self, make_env: Callable[[], Any], num_envs: int) -> None:
        self.num_envs = whole("num_envs", num_envs, 1)
        self.envs = [make_env() for _ in range(self.num_envs)]
        self._ready = False

    def reset(self, seed: int) -> None:
        """Lay out the first episodes; broken off, it must be called again."""
        seed = whole("seed", seed, 0)
        self._ready = False
        obs = np.stack([self._begin(env, seed + e) for e, env in enumerate(self.envs)])
        acting = np.ones(obs.shape[:2], bool)
        vars(self).update(obs=obs, acting=acting, _unknown=np.zeros(self.num_envs, bool), _ready=True)

    def step(self, actions: np.ndarray) -> TeamStep:
        """Play one step in every copy; see `TeamEnv.step`."""
        if not self._ready:
            raise NotReadyError("Call reset(seed) before step(). Got a world whose reset was not called or broken off")
        check_actions(actions, self.num_envs, self.num_agents, self.num_actions)
        shape = (self.num_envs, self.num_agents)
        ends = (np.zeros(shape, bool), np.zeros(shape, bool), np.zeros(self.num_envs, bool))
        result = TeamStep(np.zeros(shape, np.float32), *ends, final_obs=self.obs.copy())
        acting = np.ones(shape, bool)
        for e in range(self.num_envs):
            if self._unknown[e]:
                result.truncated[e], result.episode_over[e] = self.acting[e], True
            else:
                self._unknown[e] = True  # before its turn: whatever breaks the step off finds this said
                acting[e] = self._play(e, actions[e], result)
        acting |= result.episode_over[:, None]
        obs = np.where(acting[..., None], result.final_obs, self._blank())
        for e in np.flatnonzero(result.episode_over):
            obs[e] = self._begin(self.envs[e])
        # One call, so that an interrupt comes before all of it or after.
        vars(self).update(obs=obs, acting=acting, _unknown=np.zeros(self.num_envs, bool))
        return result

    def _begin(self, env: Any, seed: int | None = None) -> np.ndarray:
        """Lay out an episode of one copy, and return what its agents see, (A, D)."""
        raise NotImplementedError

    def _play(self, e: int, actions: np.ndarray, result: TeamStep) -> list[bool]:
        """Play the actions (A,) in copy e, write into row e of the result, and return who goes on, (A,)."""
        raise NotImplementedError

    def _blank(self) -> np.ndarray:
        """What fallen agents see, (A, D)."""
        return np.zeros((self.num_agents, self.obs_size), np.float32)


class PettingZooTeam(_Copies):
    """E copies of a PettingZoo `ParallelEnv` as a `TeamEnv`.

    All agents must have alike spaces, and the same ones must take part in every episode. An agent that leaves
    `agents` has fallen: it sees zeros and does not act until its team's episode is over. A step that is broken off
    (Ctrl-C, an error) cuts off the episodes of the copies that it had reached.

    Args:
        make_env: Makes one copy.
        num_envs: E.
        agent_id: Whether each agent also sees its own number, one-hot (the weights are shared; this tells them apart).

    Raises:
        ValueError: If the agents' spaces differ, or actions are not discrete.
    """

    def __init__(self, make_env: Callable[[], ParallelEnv], num_envs: int = 1, *, agent_id: bool = True) -> None:
        """Make the copies; call `reset` before the first step."""
        super().__init__(make_env, num_envs)
        self.agents = list(self.envs[0].possible_agents)
        self.num_agents = len(self.agents)
        self.space = self._one_space([self.envs[0].observation_space(agent) for agent in self.agents])
        actions = self._one_space([self.envs[0].action_space(agent) for agent in self.agents])
        self.num_actions, self.first_action = _discrete(actions)
        self.agent_id = agent_id
        self.obs_size = flatdim(self.space) + (self.num_agents if agent_id else 0)

    @staticmethod
    def _one_space(spaces: list[Space]) -> Space:
        if any(space != spaces[0] for space in spaces):
            raise ValueError(f"All agents must have the same spaces to share one network. Got {spaces}")
        return spaces[0]

    def _begin(self, env: ParallelEnv, seed: int | None = None) -> np.ndarray:
        seen = env.reset(seed=seed)[0]
        if set(seen) != set(self.agents):
            raise ValueError(f"All of possible_agents must take part in every episode. Got {sorted(seen)}")
        return np.stack([self._flat(a, seen[name]) for a, name in enumerate(self.agents)])

    def _play(self, e: int, actions: np.ndarray, result: TeamStep) -> list[bool]:
        env = self.envs[e]
        acting = [(a, name) for a, name in enumerate(self.agents) if self.acting[e, a]]
        seen, earned, ended, cut, _ = env.step({name: self.first_action + int(actions[a]) for a, name in acting})
        for a, name in acting:
            result.final_obs[e, a] = self._flat(a, seen[name])
            result.rewards[e, a] = earned[name]
            result.terminated[e, a] = ended[name]
            result.truncated[e, a] = cut[name] and not ended[name]
        result.episode_over[e] = not env.agents
        return [name in env.agents for name in self.agents]

    def _blank(self) -> np.ndarray:
        """Zeros and their own number, (A, D)."""
        blank = super()._blank()
        if self.agent_id:
            blank[:, -self.num_agents :] = np.eye(self.num_agents, dtype=np.float32)
        return blank

    def _flat(self, a: int, seen: Any) -> np.ndarray:
        numbers = np.asarray(flatten(self.space, seen), np.float32)
        return np.concatenate((numbers, np.eye(self.num_agents, dtype=np.float32)[a])) if self.agent_id else numbers


class GymnasiumTeam(_Copies):
    """E copies of a Gymnasium environment as a `TeamEnv`: a team of one.

    A step that is broken off (Ctrl-C, an error) cuts off the episodes of the copies that it had reached.

    Args:
        make_env: Makes one copy.
        num_envs: E.

    Raises:
        ValueError: If the actions are not discrete.
    """

    num_agents = 1

    def __init__(self, make_env: Callable[[], gymnasium.Env], num_envs: int = 1) -> None:
        """Make the copies; call `reset` before the first step."""
        super().__init__(make_env, num_envs)
        self.space = self.envs[0].observation_space
        self.num_actions, self.first_action = _discrete(self.envs[0].action_space)
        self.obs_size = flatdim(self.space)

    def _begin(self, env: gymnasium.Env, seed: int | None = None) -> np.ndarray:
        return self._flat(env.reset(seed=seed)[0])[None]

    def _play(self, e: int, actions: np.ndarray, result: TeamStep) -> list[bool]:
        seen, earned, ended, cut, _ = self.envs[e].step(self.first_action + int(actions[0]))
        result.final_obs[e, 0] = self._flat(seen)
        result.rewards[e, 0] = earned
        result.terminated[e, 0], result.truncated[e, 0] = ended, cut and not ended
        result.episode_over[e] = ended or cut
        return [True]

    def _flat(self, seen: Any) -> np.ndarray:
        return np.asarray(flatten(self.space, seen), np.float32)


def _discrete(space: Space) -> tuple[int, int]:
    """Number of actions, and the number of the first one."""
    if not isinstance(space, Discrete):
        raise ValueError(f"Actions must be Discrete, one out of N. Got {space}")
    return int(space.n), int(space.start)

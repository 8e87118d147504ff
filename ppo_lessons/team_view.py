"""What a critic of the whole team sees besides its agent's own view: the joint observation, and whose row it is.

Only the critic sees it, and only in training: the actor's input is the same with both critics.
"""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.team_env import TeamEnv, TeamStep


def team_obs(obs: Tensor, acting: Tensor) -> Tensor:
    """Return what the team's critic sees for each agent: what all living agents see, and the agent's own number.

    Without the number all agents would get one value. A fallen agent's view is zeros for everybody, and its own row is
    fixed: zeros and its number, whatever happens in the world (the paper's death masking).

    Args:
        obs: What each agent sees, float32, (E, A, D).
        acting: Which agents are alive, bool, (E, A).

    Returns:
        For each agent the views of agents 0 to A-1, one after the other, and its number, one-hot, (E, A, A D + A).

    References:
        Yu et al. (2022), https://arxiv.org/abs/2103.01955 (input of the value function, death masking)
    """
    copies, agents, _ = obs.shape
    seen = torch.where(acting.unsqueeze(-1), obs, torch.zeros_like(obs))  # selected: 0 * NaN is NaN
    joint = seen.reshape(copies, 1, -1).expand(-1, agents, -1)  # (E, A, A D)
    joint = torch.where(acting.unsqueeze(-1), joint, torch.zeros_like(joint))
    numbers = torch.eye(agents, dtype=obs.dtype).expand(copies, -1, -1)
    return torch.cat((joint, numbers), dim=-1)


def team_size(num_agents: int, obs_size: int) -> int:
    """Return C, how many numbers `team_obs` gives for each agent."""
    return num_agents * obs_size + num_agents


class TeamView:
    """A `TeamEnv` whose `obs` hold the team's view behind each agent's own, (E, A, D + C). It keeps no state itself.

    Args:
        env: The world that is played.
        team_obs: What the critic sees.
    """

    def __init__(self, env: TeamEnv, team_obs: Callable[[Tensor, Tensor], Tensor] = team_obs) -> None:
        """Look at the world as it is."""
        self.env, self._team_obs = env, team_obs
        self.num_envs, self.num_agents, self.num_actions = env.num_envs, env.num_agents, env.num_actions
        self.obs_size = env.obs_size + team_size(env.num_agents, env.obs_size)

    @property
    def obs(self) -> np.ndarray:
        """What each agent sees now, and behind it what its critic sees, float32, (E, A, D + C)."""
        return self._with_team(self.env.obs, self.env.acting)

    @property
    def acting(self) -> np.ndarray:
        """Which agents take part in the next step, bool, (E, A)."""
        return self.env.acting

    def reset(self, seed: int) -> None:
        """Lay out the first episodes."""
        self.env.reset(seed)

    def step(self, actions: np.ndarray) -> TeamStep:
        """Play one step; its final observations hold the team's view as well."""
        was_acting = self.env.acting.copy()
        step = self.env.step(actions)
        if not step.truncated.any():  # nobody reads them then
            return step._replace(final_obs=np.zeros((*was_acting.shape, self.obs_size), np.float32))
        return step._replace(final_obs=self._with_team(step.final_obs, was_acting & ~step.terminated))

    def _with_team(self, obs: np.ndarray, acting: np.ndarray) -> np.ndarray:
        own, alive = torch.from_numpy(obs), torch.from_numpy(acting)
        return torch.cat((own, self._team_obs(own, alive)), dim=-1).numpy()

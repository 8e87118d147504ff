"""Stable-Baselines3's PPO with our network and our settings, on our game, fed in the two ways that there are."""

import time
from typing import Any, NamedTuple

import numpy as np
import torch
from gymnasium.spaces import Box, Discrete
from pettingzoo import ParallelEnv
from pettingzoo.utils import BaseParallelWrapper
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.torch_layers import BaseFeaturesExtractor
from stable_baselines3.common.vec_env import VecEnv
from supersuit import black_death_v3, concat_vec_envs_v1, pettingzoo_env_to_vec_env_v1
from torch import Tensor, nn

from ppo_lessons import ActorCritic, PPOConfig, Rows, SpiritWorld
from ppo_lessons.spirit_world.parallel_env import SpiritParallelEnv
from ppo_lessons.team_env import TeamEnv


class CycleSeconds(NamedTuple):
    """CPU time of one cycle."""

    rollout: float
    update: float


class Trunk(BaseFeaturesExtractor):
    """The two hidden layers of `ActorCritic`; with `net_arch=[]` the heads follow directly."""

    def __init__(self, observation_space: Box, hidden_size: int) -> None:
        super().__init__(observation_space, hidden_size)
        sizes = int(observation_space.shape[0]), hidden_size
        self.layers = nn.Sequential(nn.Linear(*sizes), nn.ReLU(), nn.Linear(hidden_size, hidden_size), nn.ReLU())

    def forward(self, observations: Tensor) -> Tensor:
        """Return the features (..., hidden_size)."""
        return self.layers(observations)


def make_sb3(env: VecEnv, config: PPOConfig, *, own_network: bool = False) -> PPO:
    """Return Stable-Baselines3's PPO with the network and the settings of our config.

    Args:
        env: One SB3 environment for each agent in each copy of the world.
        config: All of it is used; `team_credit` and `anneal_cycles` have no counterpart.
        own_network: True: the `MlpPolicy` that people get who ask for nothing else, a 2 x 64 tanh network each for
            actor and critic. False: our network.

    Returns:
        The model, before its first rollout.
    """
    torch.manual_seed(config.seed)
    network: dict[str, Any] = {
        "features_extractor_class": Trunk,
        "features_extractor_kwargs": {"hidden_size": config.hidden_size},
        "share_features_extractor": config.shared_trunk,
        "net_arch": [],
    }
    if own_network:
        network = {"net_arch": [config.hidden_size, config.hidden_size]}
    return PPO(
        "MlpPolicy",
        env,
        learning_rate=config.learning_rate,
        n_steps=config.num_steps,
        batch_size=config.minibatch_size,
        n_epochs=config.epochs,
        gamma=config.gamma,
        gae_lambda=config.gae_lambda,
        clip_range=config.clip_eps,
        normalize_advantage=config.advantage_normalisation,
        ent_coef=config.ent_coef,
        vf_coef=config.vf_coef,
        max_grad_norm=config.max_grad_norm,
        target_kl=config.target_kl,
        policy_kwargs=network,
        device="cpu",
    )


class _Clock(BaseCallback):
    """Notes the CPU time at the three corners of a cycle."""

    def _on_rollout_start(self) -> None:
        self.start = time.process_time()

    def _on_step(self) -> bool:
        return True

    def _on_rollout_end(self) -> None:
        self.middle = time.process_time()

    def _on_training_end(self) -> None:
        self.end = time.process_time()


def train_one_cycle(model: PPO) -> CycleSeconds:
    """Let Stable-Baselines3 do one rollout and one update, without logs."""
    clock = _Clock()
    steps = model.n_steps * model.n_envs
    model.learn(steps, callback=clock, log_interval=None, reset_num_timesteps=False)  # type: ignore[arg-type]
    return CycleSeconds(clock.middle - clock.start, clock.end - clock.middle)


def give_rows(model: PPO, rows: Rows) -> None:
    """Put our rows into Stable-Baselines3's buffer, so that its `train()` learns from them and nothing else."""
    num_rows = len(rows.actions)
    buffer = RolloutBuffer(num_rows, model.observation_space, model.action_space, device="cpu")
    buffer.observations[:, 0] = rows.obs
    buffer.actions[:, 0, 0] = rows.actions
    buffer.log_probs[:, 0] = rows.old_log_probs
    buffer.returns[:, 0] = rows.returns
    buffer.advantages[:, 0] = rows.advantages
    buffer.values[:, 0] = rows.returns - rows.advantages
    buffer.pos, buffer.full = num_rows, True
    model.rollout_buffer = buffer
    model.set_logger(Logger(None, []))


def give_weights(model: PPO, policy: ActorCritic) -> None:
    """Put our weights into Stable-Baselines3's network, and a fresh Adam beside them."""
    model.policy.pi_features_extractor.layers.load_state_dict(policy.actor_trunk.state_dict())
    model.policy.vf_features_extractor.layers.load_state_dict(policy.critic_trunk.state_dict())
    model.policy.action_net.load_state_dict(policy.actor_head.state_dict())
    model.policy.value_net.load_state_dict(policy.critic_head.state_dict())
    model.policy.optimizer.state.clear()


class TeamVecEnv(VecEnv):
    """A `TeamEnv` for Stable-Baselines3, as thin as it goes: each agent in each copy is one SB3 environment.

    A fallen agent goes on as a row of its own, with zeros to see, until its team's episode is over. What was only cut
    off is told as such.
    """

    def __init__(self, world: TeamEnv, seed: int = 0) -> None:
        self.world = world
        self.first_seed = seed
        space = Box(-np.inf, np.inf, (world.obs_size,), np.float32)
        super().__init__(world.num_envs * world.num_agents, space, Discrete(world.num_actions))

    def reset(self) -> np.ndarray:
        """Return what all agents see, (E * A, D)."""
        self.world.reset(self.first_seed)
        return self._rows(self.world.obs)

    def step_async(self, actions: np.ndarray) -> None:
        """Take one action for each agent, (E * A,)."""
        self.actions = actions.reshape(self.world.num_envs, self.world.num_agents)

    def step_wait(self) -> tuple[np.ndarray, np.ndarray, np.ndarray, list[dict[str, Any]]]:
        """Play the step."""
        step = self.world.step(self.actions)
        over = step.terminated | step.truncated | step.episode_over[:, None]
        infos: list[dict[str, Any]] = [{}] * self.num_envs
        final_obs = self._rows(step.final_obs)
        for row in np.flatnonzero(step.truncated):
            infos[row] = {"terminal_observation": final_obs[row], "TimeLimit.truncated": True}
        return self._rows(self.world.obs), step.rewards.ravel(), over.ravel(), infos

    @staticmethod
    def _rows(obs: np.ndarray) -> np.ndarray:
        return obs.reshape(-1, obs.shape[-1])

    def close(self) -> None:
        """Nothing is open."""

    def get_attr(self, attr_name: str, indices: Any = None) -> list[Any]:
        """Return the render mode, which SB3 asks for: none."""
        return [None] * self.num_envs

    def set_attr(self, attr_name: str, value: Any, indices: Any = None) -> None:
        """Not supported."""
        raise NotImplementedError

    def env_method(self, method_name: str, *args: Any, indices: Any = None, **kwargs: Any) -> list[Any]:
        """Not supported."""
        raise NotImplementedError

    def env_is_wrapped(self, wrapper_class: Any, indices: Any = None) -> list[bool]:
        """No wrappers here."""
        return [False] * self.num_envs


class SpiritVecEnv(TeamVecEnv):
    """Our own batched world."""

    def __init__(self, case: str, num_envs: int, seed: int = 0) -> None:
        super().__init__(SpiritWorld(case, num_envs), seed)


class EndsForBlackDeath(BaseParallelWrapper):
    """Sets both flags at the end of a case, without which SuperSuit 3.11's `black_death_v3` never ends one.

    It asks for terminated *and* truncated: https://github.com/Farama-Foundation/SuperSuit/pull/265
    """

    def step(self, actions: dict) -> tuple[dict, dict, dict, dict, dict]:
        """Play one step."""
        observations, rewards, terminations, truncations, infos = self.env.step(actions)
        if not self.env.agents:
            terminations = truncations = dict.fromkeys(terminations, True)
        return observations, rewards, terminations, truncations, infos


def supersuit_env(case: str, num_envs: int) -> VecEnv:
    """Return copies of the PettingZoo game, chained up for Stable-Baselines3 as SuperSuit's tutorials do it."""
    return through_supersuit(black_death_v3(EndsForBlackDeath(SpiritParallelEnv(case))), num_envs)


def through_supersuit(env: ParallelEnv, num_envs: int) -> VecEnv:
    """Return copies of a world in which nobody falls, chained up for Stable-Baselines3: each agent is a row."""
    return concat_vec_envs_v1(pettingzoo_env_to_vec_env_v1(env), num_envs, num_cpus=1, base_class="stable_baselines3")

"""Who learns in worlds that others wrote: our training, and Stable-Baselines3's PPO; both are watched alike."""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

import numpy as np
import torch
from pettingzoo import ParallelEnv
from pettingzoo.utils import BaseParallelWrapper
from stable_baselines3.common.utils import set_random_seed
from stable_baselines3.common.vec_env import VecEnv
from supersuit import black_death_v3, flatten_v0

from benchmarks.peers import EndsForBlackDeath, TeamVecEnv, make_sb3, through_supersuit, train_one_cycle
from ppo_lessons import PPOConfig, TrainingRun
from ppo_lessons.other_worlds import PettingZooTeam
from ppo_lessons.training import TrainReport, train_cycle

MakeWorld = Callable[[], ParallelEnv]


class Player(Protocol):
    """Whoever decides for a team."""

    agent_id: bool
    """Whether it is told which agent it decides for."""

    def decide(self, obs: np.ndarray) -> np.ndarray:
        """Return an action for each agent, (E, A), for what they see, (E, A, D)."""


class RandomPlayer:
    """Draws every action alike."""

    agent_id = False

    def __init__(self, num_actions: int, seed: int) -> None:
        self.num_actions, self.rng = num_actions, np.random.default_rng(seed)

    def decide(self, obs: np.ndarray) -> np.ndarray:
        """Draw."""
        return self.rng.integers(0, self.num_actions, obs.shape[:2])


class OurLearner:
    """Our training in a world that others wrote."""

    agent_id = True

    def __init__(self, make_env: MakeWorld, config: PPOConfig) -> None:
        self.run = TrainingRun(PettingZooTeam(make_env, config.num_envs), config)
        self.generator = torch.Generator().manual_seed(config.seed)

    def train_to(self, agent_steps: int, watch: Callable[[TrainReport], None] = lambda report: None) -> None:
        """Train whole cycles until so many agent-steps were played; `watch` is shown every report."""
        while self.run.agent_steps < agent_steps:
            watch(train_cycle(self.run))

    def decide(self, obs: np.ndarray) -> np.ndarray:
        """Draw as in training."""
        return self.run.policy.choose_actions(torch.from_numpy(obs), self.generator).numpy()


class Sb3Learner:
    """Stable-Baselines3's PPO with the network and the settings of our config, the falling step size included.

    Args:
        env: One SB3 environment for each agent in each copy of the world.
        config: As in `make_sb3`.
        agent_id: Whether the world tells the agents' numbers.
    """

    def __init__(self, env: VecEnv, config: PPOConfig, *, agent_id: bool = False) -> None:
        self.agent_id = agent_id
        set_random_seed(config.seed)
        self.model = model = make_sb3(env, config)
        if config.anneal_cycles is not None:
            rate, rows, cycles = config.learning_rate, model.n_steps * model.n_envs, config.anneal_cycles
            model.lr_schedule = lambda _: rate * max(0.0, 1 - (model.num_timesteps / rows - 1) / cycles)

    def train_to(self, agent_steps: int) -> None:
        """Train whole cycles until so many agent-steps were played."""
        while self.model.num_timesteps < agent_steps:
            train_one_cycle(self.model)

    def decide(self, obs: np.ndarray) -> np.ndarray:
        """Draw as in training."""
        return self.model.predict(obs.reshape(-1, obs.shape[-1]), deterministic=False)[0].reshape(obs.shape[:2])


def sb3_through_supersuit(make_env: MakeWorld, config: PPOConfig, *, agents_fall: bool) -> Sb3Learner:
    """Return Stable-Baselines3's PPO, fed as SuperSuit's tutorials do it."""
    env = flatten_v0(make_env())
    chained = through_supersuit(black_death_v3(EndsForBlackDeath(env)) if agents_fall else env, config.num_envs)
    chained.venv.reset(seed=config.seed)  # the chain's own seed() leads nowhere; later resets go on from here
    return Sb3Learner(chained, config)


def sb3_on_our_adapter(make_env: MakeWorld, config: PPOConfig) -> Sb3Learner:
    """Return Stable-Baselines3's PPO, fed by `PettingZooTeam`: it sees what we see, time limits included."""
    env = TeamVecEnv(PettingZooTeam(make_env, config.num_envs), config.seed)
    return Sb3Learner(env, config, agent_id=True)


def mean_return(player: Player, make_env: MakeWorld, copies: int, episodes: int, seed: int) -> float:
    """Return what the team earns in an episode, all agents together.

    Args:
        player: Decides.
        make_env: Makes one copy of the world.
        copies: How many are played at once.
        episodes: So many count of each copy, the first ones: however short the episodes are, none is preferred.
        seed: Of the world.
    """
    team = PettingZooTeam(make_env, copies, agent_id=player.agent_id)
    team.reset(seed)
    running, earned = np.zeros(copies), [[] for _ in range(copies)]
    while min(map(len, earned)) < episodes:
        step = team.step(player.decide(team.obs))
        running += step.rewards.sum(axis=1)
        for e in np.flatnonzero(step.episode_over):
            earned[e].append(running[e])
            running[e] = 0
    return float(np.mean([each[:episodes] for each in earned]))


class CountsActions(BaseParallelWrapper):
    """Counts the actions that its living agents are given, and those that others are given."""

    def __init__(self, env: ParallelEnv) -> None:
        super().__init__(env)
        self.living = self.others = 0

    def step(self, actions: dict) -> tuple[dict, dict, dict, dict, dict]:
        """Count, and play one step."""
        living = set(self.env.agents)
        self.living += len(living & set(actions))
        self.others += len(set(actions) - living)
        return self.env.step(actions)


def settings(config: PPOConfig) -> str:
    """Name what differs from the defaults."""
    default = PPOConfig()
    changed = {
        name: value for name, value in vars(config).items() if value != getattr(default, name) and name != "seed"
    }
    return f"`PPOConfig({', '.join(f'{name}={value!r}' for name, value in changed.items())})`"


def small(config: PPOConfig, quick: bool) -> PPOConfig:
    return replace(config, num_envs=2, num_steps=25, minibatch_size=50) if quick else config

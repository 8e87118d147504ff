"""CartPole, a team of one: how soon the pole is balanced, beside Stable-Baselines3 with rl-zoo's settings."""

import time
from collections import deque
from collections.abc import Iterable
from dataclasses import replace
from statistics import median
from typing import Any, NamedTuple

import gymnasium
import numpy as np
from stable_baselines3 import PPO
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.env_util import make_vec_env

from benchmarks.foreign_peers import settings, small
from benchmarks.measure import in_turns, ratio
from benchmarks.report import Goal, Outcome, Row, table
from ppo_lessons import PPOConfig, TrainingRun
from ppo_lessons.other_worlds import GymnasiumVectorTeam
from ppo_lessons.team_env import TeamStep
from ppo_lessons.training import train_cycle

SEEDS = range(1000, 1005)
CONFIG = PPOConfig(
    num_envs=8,
    num_steps=64,
    epochs=6,
    minibatch_size=128,
    learning_rate=3e-3,
    anneal_cycles=98,
    gamma=0.99,
    gae_lambda=0.95,
    vf_coef=0.5,
    ent_coef=0.0,
    hidden_size=32,
    shared_trunk=False,
    value_normalisation=True,
)
GOAL_RETURN, EPISODES, GOAL_STEPS = 475.0, 100, 60_000
"""This mean return over so many of the last episodes, after so many steps."""
GOAL_SECONDS = Goal("at most", 0.67)
"""CPU time, of Stable-Baselines3's."""
ZOO: dict[str, Any] = dict(n_steps=32, batch_size=256, gae_lambda=0.8, gamma=0.98, n_epochs=20, ent_coef=0.0)
"""The settings of rl-zoo for CartPole, 8 copies; step size and clip fall in a straight line over 100,000 steps."""
ZOO_COPIES, ZOO_STEPS = 8, 100_000
HEADER = ("who", "seed", "reached", "steps", "CPU seconds")


class Arrival(NamedTuple):
    """One seed's way."""

    seed: int
    reached: bool
    steps: int
    """Of the environment."""
    cpu_seconds: float

    def cells(self, name: str) -> tuple[str, ...]:
        """Return it as text, in the order of `HEADER`."""
        reached = "yes" if self.reached else "**no**"
        return name, str(self.seed), reached, f"{self.steps:,}", f"{self.cpu_seconds:.1f}"


class Milestone:
    """Notes when the mean return of the last episodes first reaches a goal.

    Args:
        goal: What it is to reach.
        episodes: How many of the last episodes count.
    """

    def __init__(self, goal: float, episodes: int) -> None:
        self.goal, self.last = goal, deque[float](maxlen=episodes)
        self.start, self.reached_after = time.process_time(), None

    @property
    def reached(self) -> bool:
        """Whether it is reached."""
        return self.reached_after is not None

    @property
    def seconds(self) -> float:
        """CPU time until then, or until now."""
        return time.process_time() - self.start if self.reached_after is None else self.reached_after

    def add(self, returns: Iterable[float]) -> bool:
        """Take in the episodes that ended with a step; say whether the goal is reached."""
        for earned in returns:
            self.last.append(earned)
            if not self.reached and len(self.last) == self.last.maxlen and sum(self.last) >= self.goal * len(self.last):
                self.reached_after = self.seconds
        return self.reached


class CountedTeam(GymnasiumVectorTeam):
    """Gymnasium's vector environment as ours, with a milestone; a step that only begins an episode does not count."""

    def __init__(self, env: gymnasium.vector.VectorEnv, milestone: Milestone) -> None:
        super().__init__(env)
        self.milestone, self.running, self.steps = milestone, np.zeros(self.num_envs), 0

    def step(self, actions: np.ndarray) -> TeamStep:
        """Play one step, and count it unless the goal is reached."""
        decisions = int(self.acting.sum())
        step = super().step(actions)
        if not self.milestone.reached:
            self.steps += decisions
            self.running += step.rewards[:, 0]
            over = (step.terminated | step.truncated)[:, 0]
            self.milestone.add(self.running[over].tolist())
            self.running[over] = 0
        return step


def our_way(config: PPOConfig, goal: float, episodes: int, most_steps: int) -> Arrival:
    """Train until the goal is reached, or so many steps are played."""
    milestone = Milestone(goal, episodes)
    env = gymnasium.make_vec("CartPole-v1", config.num_envs, vectorization_mode="vector_entry_point")
    team = CountedTeam(env, milestone)
    training = TrainingRun(team, config)
    while not milestone.reached and team.steps < most_steps:
        train_cycle(training)
    return Arrival(config.seed, milestone.reached, team.steps, milestone.seconds)


class _UntilReached(BaseCallback):
    """Ends the training at a milestone."""

    def __init__(self, milestone: Milestone) -> None:
        super().__init__()
        self.milestone = milestone

    def _on_step(self) -> bool:
        return not self.milestone.add(info["episode"]["r"] for info in self.locals["infos"] if "episode" in info)


def sb3_way(seed: int, goal: float, episodes: int, most_steps: int) -> Arrival:
    """Train Stable-Baselines3's PPO with rl-zoo's settings until the goal is reached, or so many steps are played."""
    milestone = Milestone(goal, episodes)
    env = make_vec_env("CartPole-v1", n_envs=ZOO_COPIES, seed=seed)
    falling = {"learning_rate": lambda left: 1e-3 * left, "clip_range": lambda left: 0.2 * left}
    model = PPO("MlpPolicy", env, seed=seed, device="cpu", **ZOO, **falling)
    model.learn(most_steps, callback=_UntilReached(milestone), log_interval=None)  # type: ignore[arg-type]
    return Arrival(seed, milestone.reached, model.num_timesteps, milestone.seconds)


def cartpole(quick: bool) -> Outcome:
    """Measure; quick: one seed, the first episode is enough."""
    goal, episodes, most = (0.0, 1, 300) if quick else (GOAL_RETURN, EPISODES, ZOO_STEPS)
    config, seeds = small(CONFIG, quick), SEEDS[:1] if quick else SEEDS
    our_way(config, 0.0, 1, 1)  # torch loads a part of itself with the first optimizer
    for_ours, for_sb3 = iter(seeds), iter(seeds)
    ways = in_turns(
        {
            "ours": lambda: our_way(replace(config, seed=next(for_ours)), goal, episodes, most),
            "SB3": lambda: sb3_way(next(for_sb3), goal, episodes, most),
        },
        len(seeds),
        warm_up=0,
    )
    steps, theirs = (median(way.steps for way in ways[name]) for name in ("ours", "SB3"))
    seconds = {name: [way.cpu_seconds for way in arrivals] for name, arrivals in ways.items()}
    times = ratio(seconds["ours"], seconds["SB3"])
    ours, most_allowed = f"{steps:,.0f} steps", f"{GOAL_STEPS:,} steps"
    what = f"CartPole-v1, to a mean return of {GOAL_RETURN:g}, median of {len(seeds)} seeds"
    rows = [
        Row(name=what, ours=ours, peer=most_allowed, ratio=steps / GOAL_STEPS, goal=Goal("at most", 1)),
        Row(name=f"{what}, steps of SB3's", ours=ours, peer=f"{theirs:,.0f} steps", ratio=steps / theirs),
        Row(
            name=f"{what}, CPU time of SB3's",
            ours=f"{median(seconds['ours']):.1f} s",
            peer=f"{median(seconds['SB3']):.1f} s",
            ratio=times.median,
            goal=GOAL_SECONDS,
        ),
    ]
    notes = (
        f"*CartPole-v1*: {GOAL_RETURN:g} in the mean of the last {EPISODES} episodes of the training; given up after "
        f"{ZOO_STEPS:,} steps. Ours through `GymnasiumVectorTeam`, {settings(config)}. SB3 with rl-zoo's settings, "
        f"{ZOO_COPIES} copies. CPU time from nothing: making, playing, learning; ratio, seed by seed: {times}.\n\n"
        + table(HEADER, [way.cells(name) for name, arrivals in ways.items() for way in arrivals])
    )
    return Outcome(rows, notes)

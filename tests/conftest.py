"""Fixtures of the core's tests: a scripted world, a filled buffer, rows, and policies to go with them."""

import os

import numpy as np
import pytest
import torch

from ppo_lessons.action_kinds import ActionKind
from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.buffer import Rows, SharedBuffer, Transition
from ppo_lessons.config import PPOConfig
from ppo_lessons.team_env import TeamStep

pytest_plugins = ["tests.browser.jupyter_lab", "tests.long_first"]


@pytest.fixture(autouse=True, scope="session")
def _one_thread():
    torch.set_num_threads(1)


@pytest.fixture(autouse=True, scope="session")
def _called_from_nowhere():
    """`start.py` tells what it starts where it was called: a test that names a file means its own folder."""
    os.environ.pop("PPO_LESSONS_CALLED_FROM", None)


class ScriptedWorld:
    """Plays a script: every number that an agent sees, gets and meets is known before.

    An agent sees [time, copy, agent, 1]; with a step the time goes up by one, and the *final* observation holds
    [time + 0.5, copy, agent, 1], which no next observation ever does. The reward is time + 10 copy + 100 agent.

    Args:
        falls: (time, copy, agent) with which this agent falls.
        ends: (time, copy) -> "won" or "adjourned": the copy's episode is over with that step.
    """

    obs_size, num_actions = 4, 3

    def __init__(self, num_envs=2, num_agents=3, falls=(), ends=None):
        self.num_envs, self.num_agents = num_envs, num_agents
        self.falls, self.ends = set(falls), ends or {}
        self.played = []

    def reset(self, seed):
        self.time = 0
        self.acting = np.ones((self.num_envs, self.num_agents), bool)
        self.obs = self._see(0)

    def _see(self, time):
        e, a = np.indices((self.num_envs, self.num_agents))
        return np.stack((np.full_like(e, time, dtype=float), e, a, np.ones_like(e)), axis=-1).astype(np.float32)

    def step(self, actions):
        self.played.append(actions.copy())
        shape = (self.num_envs, self.num_agents)
        rewards = (self.obs[..., 0] + 10 * self.obs[..., 1] + 100 * self.obs[..., 2]).astype(np.float32)
        terminated, truncated = np.zeros(shape, bool), np.zeros(shape, bool)
        for t, e, a in self.falls:
            terminated[e, a] |= t == self.time
        over = np.array([(self.time, e) in self.ends for e in range(self.num_envs)])
        for e in np.flatnonzero(over):
            if self.ends[(self.time, e)] == "won":
                terminated[e] = True
            else:
                truncated[e] = self.acting[e] & ~terminated[e]
        self.acting = (self.acting & ~terminated) | over[:, None]
        self.time += 1
        self.obs = self._see(self.time)
        return TeamStep(rewards, terminated, truncated, over, self._see(self.time - 0.5))


@pytest.fixture
def scripted_world():
    return ScriptedWorld


class AskingWorld(ScriptedWorld):
    """The same for 4 copies and 4 agents, which are asked for more than one action out of N; it can tell its state.

    Args:
        kind: "masked": the agents see their action mask, too, and action `time % 3` is illegal. "continuous": they
            choose two real numbers.
    """

    def __init__(self, kind):
        super().__init__(num_envs=4, num_agents=4)
        self.action_kind = ActionKind(**{kind: True})
        self.obs_size, self.num_actions = (7, 3) if kind == "masked" else (4, 2)

    def _see(self, time):
        seen = super()._see(time)
        legal = (np.arange(3) != int(time) % 3) * np.ones((*seen.shape[:2], 3))
        return np.concatenate((seen, legal), axis=-1)[..., : self.obs_size].astype(np.float32)

    def get_state(self):
        return {"time": np.array(self.time)}

    def set_state(self, state):
        self.reset(0)
        self.time = int(state["time"])
        self.obs = self._see(self.time)


WORLDS = {"only_legal": "masked", "gaussian_log_probs": "continuous"}
"""Name of a step -> what a world must ask for, without which it is not called."""


@pytest.fixture
def world_with():
    """A world with 4 copies in which this step of the flowchart takes part."""
    return lambda step: AskingWorld(WORLDS[step]) if step in WORLDS else "standard"


OPTIONAL = {
    "team_obs": {"critic": "team", "shared_trunk": False},
    **{name: {"value_normalisation": True} for name in ("mean_and_std", "normalise_values", "denormalise_values")},
    "clipped_value_loss": {"value_clip": 0.2},
}
"""Name of a step -> the settings without which it is not called."""


@pytest.fixture
def config_with(make_config):
    """Settings with which this step of the flowchart takes part."""
    return lambda step, **settings: make_config(**{**settings, **OPTIONAL.get(step, {})})


@pytest.fixture
def make_policy():
    """A small policy with weights large enough to have opinions (fresh ones are almost uniform)."""

    def make(obs_size=4, num_actions=3, hidden_size=8, *, shared_trunk=True, seed=0, opinionated=True):
        policy = ActorCritic(obs_size, num_actions, hidden_size, shared_trunk=shared_trunk, seed=seed)
        if opinionated:
            with torch.no_grad():
                policy.actor_head.weight.mul_(50)
        return policy

    return make


@pytest.fixture
def make_rows():
    """Rows as a rollout of that policy gives them: its own actions, log-probabilities and values."""

    def make(policy, num_rows=24, seed=0):
        generator = torch.Generator().manual_seed(seed)
        obs = torch.randn(num_rows, policy.obs_size, generator=generator)
        actions, log_probs, values = policy.sample_actions(obs, generator)
        advantages = torch.randn(num_rows, generator=generator)
        return Rows(obs, actions, log_probs, advantages + values, advantages)

    return make


@pytest.fixture
def make_config():
    """Small sizes; no test depends on the defaults."""

    def make(**changes):
        small = dict(num_envs=4, num_steps=8, epochs=2, minibatch_size=32, learning_rate=1e-3, hidden_size=16)
        fixed = dict(gamma=0.97, gae_lambda=0.95, clip_eps=0.2, vf_coef=0.5, ent_coef=0.01, max_grad_norm=0.5)
        return PPOConfig(**{**small, **fixed, **changes})

    return make


@pytest.fixture
def badge_transition():
    """A step in which every field of (t, e, a) can be told from every other."""

    def make(t, num_envs=2, num_agents=3, acting=None):
        e, a = np.indices((num_envs, num_agents))
        badge = torch.from_numpy(100.0 * t + 10 * e + a).float()
        flags = torch.zeros(num_envs, num_agents, dtype=torch.bool)
        return Transition(
            obs=torch.stack((torch.full_like(badge, t), torch.from_numpy(e), torch.from_numpy(a)), dim=-1).float(),
            actions=badge.long(),
            log_probs=-badge,
            values=badge + 0.25,
            rewards=badge + 0.5,
            terminated=flags.clone(),
            truncated=flags.clone(),
            final_values=torch.zeros_like(badge),
            acting=~flags if acting is None else acting,
            episode_over=torch.zeros(num_envs, dtype=torch.bool),
        )

    return make


@pytest.fixture
def badge_buffer(badge_transition):
    """A full, finished buffer of badges, T = 4; `acting` (T, E, A) tells who acted."""

    def make(acting=None, gamma=0.0, gae_lambda=0.0):
        buffer = SharedBuffer(4, 2, 3, 3)
        for t in range(4):
            buffer.add(badge_transition(t, acting=None if acting is None else acting[t]))
        buffer.finish(torch.zeros(2, 3), gamma, gae_lambda)
        return buffer

    return make

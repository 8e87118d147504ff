"""The curves of teams in worlds that others wrote: made as the file says, and what the shipped ones say."""

import gymnasium
import numpy as np
import pytest

from ppo_lessons.config import PPOConfig
from ppo_lessons.other_worlds.adapters import GymnasiumTeam
from ppo_lessons.shipped.elsewhere import (
    POINTS,
    SEEDS,
    WORLDS,
    Elsewhere,
    by_chance,
    knights,
    learned,
    load_elsewhere,
    make_elsewhere,
    spread,
)


class Two(gymnasium.Env):
    """Two steps, each worth 1 for action 1: the return of an episode is what was chosen."""

    observation_space, action_space = gymnasium.spaces.Box(0, 1, (1,), np.float32), gymnasium.spaces.Discrete(2)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.steps += 1
        return np.full(1, self.steps / 2, np.float32), float(action), False, self.steps == 2, {}


SMALL = Elsewhere(
    lambda copies: GymnasiumTeam(Two, copies), PPOConfig(num_envs=4, num_steps=8, minibatch_size=16, seed=1), 20
)


def test_a_team_learns_and_the_curve_says_so():
    curve = learned(SMALL, seed=3, points=5)
    assert curve.shape == (5,)
    assert 0.5 < curve[0] < 1.8
    assert curve[-1] > 1.9


def test_chance_earns_half():
    assert by_chance(SMALL, steps=200) == pytest.approx(1.0, abs=0.15)
    assert by_chance(SMALL, steps=200) == by_chance(SMALL, steps=200)


def test_what_is_made_is_what_is_read(tmp_path):
    path = tmp_path / "elsewhere.npz"
    make_elsewhere(path, {"two": SMALL}, seeds=(3, 4), points=5, random_steps=50)
    steps, returns, chance = load_elsewhere(path)["two"]
    assert steps.tolist() == [128, 256, 384, 512, 640], "20 cycles of 4 copies and 8 steps"
    assert returns.shape == (2, 5)
    np.testing.assert_allclose(returns[0], learned(SMALL, 3, 5), rtol=1e-6)
    assert chance == by_chance(SMALL, 50)
    with pytest.raises(FileNotFoundError):
        make_elsewhere(tmp_path / "nowhere" / "elsewhere.npz", {"two": SMALL})


def test_the_shipped_curves_are_those_of_these_settings():
    found = load_elsewhere()
    assert found.keys() == WORLDS.keys()
    for name, (steps, returns, _) in found.items():
        config, agents = WORLDS[name].config, WORLDS[name].make_team(1).num_agents
        assert returns.shape == (len(SEEDS), POINTS)
        assert steps[-1] == WORLDS[name].cycles * config.num_envs * config.num_steps * agents
        assert np.isfinite(returns).all()


def test_every_team_gets_far_beyond_chance():
    for name, (_, returns, chance) in load_elsewhere().items():
        first, last = returns[:, 0], returns[:, -5:].mean(axis=1)
        assert (last > np.maximum(first, chance)).all(), name


def test_the_worlds_are_those_that_are_named():
    assert spread().metadata["name"] == "simple_spread_v3"
    assert knights().metadata["name"].startswith("knights_archers_zombies")

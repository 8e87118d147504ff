"""Settings take any library's numbers, and answer a wrong name with the right one."""

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.config import PPOConfig
from ppo_lessons.other_worlds.adapters import PettingZooTeam
from ppo_lessons.spirit_world.cases import CASES, Case
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.evaluation import evaluate, record
from ppo_lessons.spirit_world.parallel_env import SpiritParallelEnv
from ppo_lessons.spirit_world.players import cautious_player, policy_player, random_player
from ppo_lessons.steps import Steps
from ppo_lessons.training import TrainingRun, train


@pytest.mark.parametrize("whole", [np.int64(4), np.int32(4), np.uint8(4), np.array(4), torch.tensor(4)])
@pytest.mark.parametrize("number", [np.float32(0.5), np.float64(0.5), np.array(0.5), torch.tensor(0.5)])
def test_numbers_of_numpy_and_torch_are_numbers(whole, number):
    """And are kept as Python's own, so that settings compare and are saved as data."""
    given = {"num_envs": whole, "anneal_cycles": whole, "gamma": number, "target_kl": number, "value_clip": number}
    config = PPOConfig(**given, team_credit=np.bool_(False))
    same = PPOConfig(num_envs=4, anneal_cycles=4, gamma=0.5, target_kl=0.5, value_clip=0.5, team_credit=False)
    assert config == same
    assert [type(value) for value in asdict(config).values()] == [type(value) for value in asdict(same).values()]
    case = Case(name="mine", size=whole + 3, toughness=(whole, 1), drift=number)
    assert case == Case(name="mine", size=7, toughness=(4, 1), drift=0.5)
    assert {type(k) for k in case.toughness} == {int}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("num_envs", np.bool_(True)),
        ("num_envs", np.float64(4)),
        ("num_envs", np.array([4, 4])),
        ("seed", torch.tensor(-1)),
        ("gamma", np.float32("nan")),
        ("learning_rate", torch.tensor(math.inf)),
        ("learning_rate", torch.ones(2)),
        ("shared_trunk", np.int64(1)),
    ],
)
def test_what_is_out_of_range_is_so_in_every_library(name, value):
    with pytest.raises(ValueError, match=rf"^{name} must be .+\. Got "):
        PPOConfig(**{name: value})


@pytest.mark.parametrize(
    ("make", "name", "meant"),
    [
        (PPOConfig, "lerning_rate", "learning_rate"),
        (PPOConfig, "clip_epsilon", "clip_eps"),
        (lambda **wrong: replace(PPOConfig(), **wrong), "entropy_coef", "ent_coef"),
        (Steps, "importance_ratio", "importance_ratios"),
        (lambda **wrong: replace(CASES["fog"], **wrong), "step_limits", "step_limit"),
    ],
)
def test_a_wrong_name_is_answered_with_the_right_one(make, name, meant):
    with pytest.raises(TypeError, match=rf"takes the names of its fields\. Got '{name}'\. Did you mean '{meant}'\?$"):
        make(**{name: 0.1})


def test_a_name_like_none_is_answered_with_all():
    with pytest.raises(TypeError, match=r"Got 'x'\. There are: num_envs, num_steps, .*, seed$"):
        PPOConfig(x=1)


SMALL = dict(num_envs=2, num_steps=2, minibatch_size=8, hidden_size=4)
TAKES = {
    "cases": lambda n: repr(evaluate(cautious_player, "stray", cases=n)),
    "seed of evaluate": lambda n: repr(evaluate(cautious_player, "stray", cases=2, seed=n)),
    "seed of record": lambda n: record(cautious_player, "stray", seed=n).rewards.tolist(),
    "seed of SpiritWorld.reset": lambda n: _first_sight(SpiritWorld("stray", 2), n),
    "seed of adapters": lambda n: _first_sight(PettingZooTeam(SpiritParallelEnv, 2), n),
    "seed of SpiritParallelEnv": lambda n: SpiritParallelEnv().reset(n)[0]["detective_0"].tolist(),
    "seed of random_player": lambda n: random_player(n)(_world()).tolist(),
    "seed of policy_player": lambda n: policy_player(ActorCritic(_world().obs_size, 5, 4), seed=n)(_world()).tolist(),
    "seed of ActorCritic": lambda n: ActorCritic(3, 2, 4, seed=n).actor_head.weight.tolist(),
    "num_envs of SpiritWorld": lambda n: (SpiritWorld("stray", n).num_envs, type(SpiritWorld("stray", n).num_envs)),
    "num_envs of adapters": lambda n: len(PettingZooTeam(SpiritParallelEnv, n).envs),
    "obs_size": lambda n: ActorCritic(n, 2, 4).obs_size,
    "num_actions": lambda n: ActorCritic(3, n, 4).num_actions,
    "hidden_size": lambda n: ActorCritic(3, 2, n).hidden_size,
    "cycles": lambda n: [report.cycle for report in train(TrainingRun("stray", PPOConfig(**SMALL)), n)],
}
"""What is counted or seeded by a number that somebody gives -> something that tells one number from another."""


def _world():
    world = SpiritWorld("stray", 2)
    world.reset(0)
    return world


def _first_sight(world, seed):
    world.reset(seed)
    return world.obs.tolist()


@pytest.mark.slow
@pytest.mark.parametrize("number", [np.int64(3), np.uint8(3), np.array(3), torch.tensor(3)])
@pytest.mark.parametrize("name", TAKES)
def test_counts_and_seeds_of_any_library_are_those_of_python(name, number):
    assert TAKES[name](number) == TAKES[name](3)


@pytest.mark.parametrize("wrong", [True, np.bool_(True), 1.0, np.float64(1), float("nan"), "2", -1, [1]])
@pytest.mark.parametrize("name", TAKES)
def test_counts_and_seeds_are_whole_numbers(name, wrong):
    """By the name that was given, never in the words of another library."""
    with pytest.raises(ValueError, match=rf"^{name.split()[0]} must be a whole number, [01] or more\. Got "):
        TAKES[name](wrong)

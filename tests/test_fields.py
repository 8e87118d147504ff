"""Settings take any library's numbers, and answer a wrong name with the right one."""

import math
from dataclasses import asdict, replace

import numpy as np
import pytest
import torch

from ppo_lessons.cases import CASES, Case
from ppo_lessons.config import PPOConfig
from ppo_lessons.steps import Steps


@pytest.mark.parametrize("whole", [np.int64(4), np.int32(4), np.uint8(4), np.array(4), torch.tensor(4)])
@pytest.mark.parametrize("number", [np.float32(0.5), np.float64(0.5), np.array(0.5), torch.tensor(0.5)])
def test_numbers_of_numpy_and_torch_are_numbers(whole, number):
    """And are kept as Python's own, so that settings compare and are saved as data."""
    config = PPOConfig(num_envs=whole, anneal_cycles=whole, gamma=number, target_kl=number, team_credit=np.bool_(False))
    assert config == PPOConfig(num_envs=4, anneal_cycles=4, gamma=0.5, target_kl=0.5, team_credit=False)
    assert {type(value) for value in asdict(config).values()} == {int, float, bool}
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

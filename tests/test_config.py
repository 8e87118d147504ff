import inspect
import math
from dataclasses import FrozenInstanceError, asdict, fields, replace

import numpy as np
import pytest
import torch

from ppo_lessons.cases import CASES, Case
from ppo_lessons.config import PPOConfig
from ppo_lessons.steps import Steps

WHOLE_FROM_1 = ("num_envs", "num_steps", "epochs", "hidden_size")
BAD = {
    **{name: (0, -1, 1.5, True, "4", None) for name in WHOLE_FROM_1},
    "minibatch_size": (1, 0, -8, 2.0, True, None),
    "seed": (-1, 0.5, False, None),
    **{name: (0, -1e-3, float("nan"), float("inf")) for name in ("learning_rate", "clip_eps", "max_grad_norm")},
    **{name: (-1e-9, float("nan"), float("inf")) for name in ("vf_coef", "ent_coef")},
    **{name: (-0.01, 1.01, float("nan")) for name in ("gamma", "gae_lambda")},
    "target_kl": (0, -0.01, float("nan"), float("inf")),
    "anneal_cycles": (0, -5, 2.5, True),
    **{name: (1, 0, "yes", None) for name in ("normalise_advantages", "team_credit", "shared_trunk")},
}
EDGES = dict(gamma=(0, 1), gae_lambda=(0, 1), vf_coef=(0,), ent_coef=(0,), minibatch_size=(2,), seed=(0,))
EDGES |= {name: (1,) for name in WHOLE_FROM_1} | dict(target_kl=(None, 0.01), anneal_cycles=(None, 1))


def test_every_field_has_its_bad_values():
    assert set(BAD) == {field.name for field in fields(PPOConfig)}


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in BAD.items() for value in values])
def test_refuses_a_field_out_of_its_range(name, value):
    with pytest.raises(ValueError, match=rf"^{name} must be .+\. Got {value!r}$"):
        PPOConfig(**{name: value})


@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in EDGES.items() for value in values])
def test_takes_the_edge_of_the_range(name, value):
    assert getattr(PPOConfig(**{name: value}), name) == value


def test_cannot_be_changed_behind_the_back_of_a_run():
    with pytest.raises(FrozenInstanceError):
        PPOConfig().gamma = 0.5


def test_fields_are_named_never_counted():
    with pytest.raises(TypeError):
        PPOConfig(8)


@pytest.mark.parametrize("name", ["learning_rate", "clip_eps", "vf_coef", "gamma", "target_kl", "max_grad_norm"])
@pytest.mark.parametrize("wrong", ["x", True, [0.1]])
def test_a_number_must_be_a_number(name, wrong):
    with pytest.raises(ValueError, match=rf"{name} must be .* Got"):
        PPOConfig(**{name: wrong})


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


def test_what_is_said_of_the_default_mini_batch_holds():
    config = PPOConfig()
    rows = config.num_steps * config.num_envs * CASES["standard"].num_detectives
    assert (
        f"{config.num_steps} x {config.num_envs} x {CASES['standard'].num_detectives} rows, in two"
        in inspect.getsource(PPOConfig)
    )
    assert rows == 2 * config.minibatch_size

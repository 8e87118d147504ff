import inspect
from dataclasses import FrozenInstanceError, fields

import pytest

from ppo_lessons.config import PPOConfig
from ppo_lessons.spirit_world.cases import CASES

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
    "value_clip": (0, -0.1, float("nan"), float("inf")),
    "critic": ("other", None, True),
    **{
        name: (1, 0, "yes", None)
        for name in ("advantage_normalisation", "team_credit", "shared_trunk", "value_normalisation")
    },
}
EDGES = dict(gamma=(0, 1), gae_lambda=(0, 1), vf_coef=(0,), ent_coef=(0,), minibatch_size=(2,), seed=(0,))
EDGES |= {name: (1,) for name in WHOLE_FROM_1} | dict(target_kl=(None, 0.01), anneal_cycles=(None, 1))
EDGES |= dict(value_clip=(None, 0.2), critic=("own",))


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


def test_what_is_said_of_the_default_mini_batch_holds():
    config = PPOConfig()
    rows = config.num_steps * config.num_envs * CASES["standard"].num_detectives
    assert (
        f"{config.num_steps} x {config.num_envs} x {CASES['standard'].num_detectives} rows, in two"
        in inspect.getsource(PPOConfig)
    )
    assert rows == 2 * config.minibatch_size


def test_a_critic_of_the_whole_team_has_a_trunk_of_its_own():
    with pytest.raises(ValueError, match="shared_trunk must be False with a critic of the whole team"):
        PPOConfig(critic="team")
    assert PPOConfig(critic="team", shared_trunk=False).critic == "team"

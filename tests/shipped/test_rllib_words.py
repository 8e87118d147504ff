"""Every setting of ours is said to RLlib, or refused; what is said is what docs/names.md says."""

import math
from dataclasses import fields, replace
from pathlib import Path

import pytest

from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped.rllib_words import VERSION, WITHOUT_WORD, WORDS, in_rllibs_words

NAMES = (Path(__file__).parents[2] / "docs" / "names.md").read_text(encoding="utf-8")
CONFIG = PPOConfig(team_credit=False, seed=3)


def test_no_setting_of_ours_is_forgotten():
    said = {word.ours for word in WORDS} - {None}
    assert said | WITHOUT_WORD.keys() == {field.name for field in fields(PPOConfig)}
    assert not said & WITHOUT_WORD.keys()


def test_our_defaults_in_their_words():
    """As docs/names.md has them, where each was read in RLlib's source."""
    parts = in_rllibs_words(CONFIG)
    assert parts == {
        "env_runners": {"num_envs_per_env_runner": 128},
        "training": {
            "train_batch_size_per_learner": 4096,
            "num_epochs": 4,
            "minibatch_size": 2304,
            "lr": 5e-3,
            "gamma": 0.95,
            "lambda_": 0.75,
            "clip_param": 0.2,
            "vf_loss_coeff": 1.0,
            "vf_clip_param": math.inf,
            "entropy_coeff": 0.025,
            "use_kl_loss": False,
            "grad_clip": 1.0,
            "grad_clip_by": "global_norm",
        },
        "multi_agent": {"count_steps_by": "agent_steps"},
        "model": {"fcnet_hiddens": [64, 64], "fcnet_activation": "relu", "vf_share_layers": True},
        "debugging": {"seed": 3},
    }
    example = NAMES.split("### RLlib")[1].split("###")[0]
    for name in ("train_batch_size_per_learner=4096", "minibatch_size=2304", "lambda_=0.75", "use_kl_loss=False"):
        assert name in example
    assert f"ray {VERSION}" in NAMES


def test_what_follows_from_several_settings():
    words = in_rllibs_words(replace(CONFIG, num_envs=32, num_steps=32, minibatch_size=1000), agents=3)["training"]
    assert words["train_batch_size_per_learner"] == 32 * 32 * 3
    assert words["minibatch_size"] == math.ceil(1000 * 33 / 32)
    whole = in_rllibs_words(replace(CONFIG, minibatch_size=10**6))["training"]
    assert whole["minibatch_size"] == whole["train_batch_size_per_learner"], "RLlib refuses more"


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("anneal_cycles", 5),
        ("target_kl", 0.01),
        ("advantage_normalisation", False),
        ("team_credit", True),
        ("value_normalisation", True),
        ("value_clip", 0.2),
    ],
)
def test_what_rllib_has_no_word_for_is_refused(name: str, value: object):
    with pytest.raises(ValueError, match=rf"no word for {name}; it must be .* Got {value}"):
        in_rllibs_words(replace(CONFIG, **{name: value}))


def test_a_critic_of_the_whole_team_is_refused():
    with pytest.raises(ValueError, match="no word for critic"):
        in_rllibs_words(replace(CONFIG, critic="team", shared_trunk=False))

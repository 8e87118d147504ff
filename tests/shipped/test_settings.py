"""Settings that are said in words have the types of their fields, and what is no setting is refused."""

from dataclasses import fields

import pytest

from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped.settings import number_in, read_settings


@pytest.mark.parametrize("field", fields(PPOConfig), ids=lambda field: field.name)
def test_every_field_is_read_by_its_type(field):
    value = read_settings([f"{field.name}={field.default}"])[field.name]
    assert value == field.default and type(value) is type(field.default)


def test_what_may_be_none_may_be_a_number():
    settings = read_settings(["target_kl=0.02", "anneal_cycles=300", "value_clip=none", "shared_trunk=false"])
    assert settings == {"target_kl": 0.02, "anneal_cycles": 300, "value_clip": None, "shared_trunk": False}
    assert PPOConfig(**settings, critic="team").anneal_cycles == 300


def test_what_is_no_number_stays_a_text():
    assert (number_in("7", int), number_in("7.5", int), number_in("7.5", float)) == (7, "7.5", 7.5)
    assert read_settings(["clip_eps=small", "nonsense=1"]) == {"clip_eps": "small", "nonsense": "1"}


def test_what_is_no_pair_or_comes_twice_is_refused():
    with pytest.raises(ValueError, match=r"NAME=VALUE\. Got 'clip_eps'"):
        read_settings(["clip_eps"])
    with pytest.raises(ValueError, match="given once"):
        read_settings(["seed=1", "seed=2"])

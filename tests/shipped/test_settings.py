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


def test_what_is_no_pair_and_what_comes_twice_is_refused():
    with pytest.raises(ValueError, match=r"takes NAME=VALUE. Got 'seed'"):
        read_settings(["seed"])
    with pytest.raises(ValueError, match=r"given once. Got seed twice"):
        read_settings(["seed=1", "seed=2"])


def test_what_is_no_number_stays_a_text():
    assert (number_in("3", int), number_in("3.5", int), number_in("x", float)) == (3, "3.5", "x")

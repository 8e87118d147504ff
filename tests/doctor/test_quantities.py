"""The words for what a function takes and gives."""

import pytest

from ppo_lessons.doctor.quantities import ALSO, QUANTITIES, words_of
from ppo_lessons.doctor.subject import KINDS


def test_every_word_says_what_it_means():
    assert all(
        quantity.means and quantity.kind in ("float", "flag", "whole", "other") for quantity in QUANTITIES.values()
    )
    assert {quantity.axes for quantity in QUANTITIES.values()} == {"rows", "columns", "", "rows K", "rows D"}


def test_other_names_are_no_quantities_and_mean_one():
    assert not set(ALSO) & set(QUANTITIES)
    assert set(ALSO.values()) <= set(QUANTITIES)


@pytest.mark.parametrize("name", ["eps", "epsilon", "logits_", "batch_size"])
def test_names_with_two_meanings_are_nobodys(name):
    """`eps` may be the clip's, or what is added to a spread; a batch may be a rollout or a mini-batch."""
    assert name not in ALSO


def test_every_part_is_told_in_these_words():
    for kind in KINDS.values():
        assert set(f"{kind.gives} {kind.may_take} {kind.must_give}".split()) <= set(QUANTITIES)


def test_every_word_is_of_use():
    used = {word for kind in KINDS.values() for word in f"{kind.gives} {kind.may_take} {kind.must_give}".split()}
    assert set(QUANTITIES) - used == set()


@pytest.mark.parametrize(
    "text",
    ["rewards values gamma", "rewards, values, gamma", "reward,value\n discount", ["rewards", "values", "gamma"]],
)
def test_names_in_one_line(text):
    assert words_of(text) == ("rewards", "values", "gamma")


def test_no_names():
    assert words_of("") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("rewards gama", r"Did you mean gamma\? Got gama: no quantity"),
        ("advantge retruns", r"Did you mean advantages, returns\? Got advantge, retruns: no quantity"),
        ("rewards xyz", r"A quantity is one of rewards, values, .+\. Got xyz$"),
    ],
)
def test_a_word_that_is_none(text, message):
    with pytest.raises(ValueError, match=message):
        words_of(text)

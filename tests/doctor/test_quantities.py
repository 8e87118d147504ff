"""The words for what a function takes and gives."""

import pytest

from ppo_lessons.doctor.mishaps import in_words
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


@pytest.mark.parametrize("name", ["eps", "epsilon", "logits_", "batch_size", "logp"])
def test_names_with_two_meanings_are_nobodys(name):
    """`eps` may be the clip's, or what is added to a spread; a batch may be a rollout or a mini-batch;
    `logp` that of now, or of then."""
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


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("rew val act last_val", "rewards values actions last_values"),
        ("logp_old ret clip_ratio", "old_log_probs returns clip_eps"),
    ],
)
def test_names_of_spinning_up(theirs, ours):
    assert words_of(theirs) == tuple(ours.split())


def test_no_names():
    assert words_of("") == ()


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "rewards gama",
            r"^Got 'gama', which is no quantity\. Did you mean gamma\? All of them stand in docs/doctor\.md",
        ),
        ("advantge retruns", r"^Got 'advantge', 'retruns', no quantities\. Did you mean advantages or returns"),
        ("rewards logp_odl", r"^Got 'logp_odl', which is no quantity\. Did you mean old_log_probs"),
        ("rewards Values_", r"Did you mean values"),
        ("rewards xyz", r"^Got 'xyz', which is no quantity\. All of them stand in docs/doctor\.md, and in ppo_lessons"),
    ],
)
def test_a_word_that_is_none(text, message):
    with pytest.raises(ValueError, match=message):
        words_of(text)


def test_a_word_that_is_none_is_read_before_a_sentence_is_cut():
    """A message is held to a length, and the word must not be what falls off."""
    with pytest.raises(ValueError) as refused:
        words_of("rewards logp_odl")
    assert in_words(refused.value).endswith("QUANTITIES") and "'logp_odl'" in in_words(refused.value)

"""What somebody's own code has raised, in words."""

import argparse

import numpy as np
import pytest
import torch

from ppo_lessons.doctor.mishaps import LONGEST, hint_of, in_words, place_of
from ppo_lessons.doctor.part import part
from ppo_lessons.doctor.subject import Subject


def caught(call):
    try:
        call()
    except BaseException as error:
        return error
    raise AssertionError("nothing was raised")


def test_in_words():
    assert in_words(ValueError("a\n b")) == "ValueError: a b"
    assert in_words(ValueError()) == "ValueError"
    assert len(in_words(ValueError("x" * 1000))) == LONGEST


def test_the_place_is_the_last_of_somebodys_own():
    """Not that in torch, into which it went."""
    place = place_of(caught(lambda: torch.zeros(2) @ torch.zeros(3)))
    assert place.startswith(" (test_mishaps.py, line ")
    inside = place_of(caught(lambda: torch.nn.Linear(2, 2)(torch.zeros(3))))
    assert inside.startswith(" (test_mishaps.py, line ")


def test_where_it_was_not_reached_there_is_no_place():
    assert place_of(ValueError("never raised")) == ""
    assert place_of(caught(lambda: compile("def f(:", "<string>", "exec"))).startswith(" (test_mishaps.py")


def test_the_place_is_not_in_the_library_nor_in_our_own_guards():
    assert place_of(caught(lambda: argparse.ArgumentParser().parse_args(["x"]))).startswith(" (test_mishaps.py, line ")
    assert place_of(caught(lambda: Subject(name="x", kl=len))).startswith(" (test_mishaps.py, line ")


def flags_of(flags, arrays="torch"):
    return part(lambda dones: 0, flags=flags, arrays=arrays)


FLAG, NUMBER = torch.tensor([True]), torch.tensor([1.0])


@pytest.mark.parametrize(
    ("call", "own", "hint"),
    [
        (lambda: 1 - FLAG, flags_of("bool"), 'flags="float"'),
        (lambda: -FLAG, flags_of("bool"), 'flags="float"'),
        (lambda: FLAG - FLAG, flags_of("bool"), 'flags="float"'),
        (lambda: -FLAG.numpy(), flags_of("bool", "numpy"), 'flags="float"'),
        (lambda: ~NUMBER, flags_of("float"), 'flags="bool"'),
        (lambda: ~NUMBER.numpy(), flags_of("float", "numpy"), 'flags="bool"'),
        (lambda: NUMBER | NUMBER, flags_of("float"), 'flags="bool"'),
        (lambda: torch.where(NUMBER, 1, 0), flags_of("float"), 'flags="bool"'),
        (lambda: NUMBER[NUMBER], flags_of("float"), 'flags="bool"'),
        (lambda: NUMBER.masked_fill(NUMBER, 0), flags_of("float"), 'flags="bool"'),
        (lambda: NUMBER.numpy().clone(), flags_of("bool", "numpy"), 'arrays="torch"'),
        (lambda: torch.exp(NUMBER.numpy()), flags_of("bool", "numpy"), 'arrays="torch"'),
        (lambda: NUMBER.copy(), flags_of("bool"), 'arrays="numpy"'),
        (lambda: np.ones(2) + torch.ones(2), flags_of("bool"), 'arrays="numpy"'),
        (lambda: torch.from_numpy(torch.ones(2)), flags_of("bool"), 'arrays="numpy"'),
        (lambda: np.ones(2) + torch.ones(2), flags_of("bool", "numpy"), ""),
        (lambda: torch.cat((NUMBER.numpy(),)), flags_of("bool", "numpy"), 'arrays="torch"'),
        (lambda: NUMBER.numpy().mean(dim=0), flags_of("bool", "numpy"), 'arrays="torch"'),
        (lambda: np.exp(torch.ones(1, requires_grad=True)), flags_of("bool"), 'arrays="numpy"'),
    ],
)
def test_what_may_have_to_be_said(call, own, hint):
    assert hint in hint_of(caught(call), own)


def test_no_hint_where_it_would_be_untrue():
    assert hint_of(caught(lambda: 1 - FLAG), flags_of("float")) == ""
    assert hint_of(caught(lambda: ~NUMBER), part(lambda rewards: 0, flags="float")) == "", "it takes no flags"
    assert hint_of(ValueError("too many"), flags_of("bool")) == ""

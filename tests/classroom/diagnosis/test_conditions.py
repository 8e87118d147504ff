"""Known conditions are set, and all is put back; more of it is held by `tests/classroom/test_unusual_answers.py`."""

import random

import numpy as np
import torch

from ppo_lessons.classroom.diagnosis.conditions import known_conditions, random_states, set_known_state


def test_what_was_bent_is_named_and_put_back():
    kept_where, kept_mean = torch.where, torch.Tensor.mean
    with known_conditions() as kept:
        torch.where = max
        torch.Tensor.mean = len
        print("hello")
        assert sorted(kept.put_back()) == ["Tensor.mean", "torch.where"]
        assert kept.put_back() == [] and kept.printed.getvalue() == "hello\n"
    assert torch.where is kept_where and torch.Tensor.mean is kept_mean


def test_a_drawn_number_is_seen_whoever_draws_it():
    for draw in (lambda: torch.rand(1), lambda: np.random.rand(), random.random):
        set_known_state()
        at_first = random_states()
        draw()
        assert random_states() != at_first
    after = random_states()
    with known_conditions():
        torch.rand(1), np.random.rand(), random.random()
    assert random_states() == after, "and nothing of it is left outside"

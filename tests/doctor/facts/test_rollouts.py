"""The doctor's own rollouts: their right answers are those by hand and the package's; what a failure tells is true."""

from functools import partial

import pytest
import torch
from torch import Tensor

from ppo_lessons.advantages import estimate_advantages
from ppo_lessons.doctor import part
from ppo_lessons.doctor.facts.rollouts import Rollout, in_words, normalises, own_settings, rollout
from ppo_lessons.doctor.subject import Asked

BARE = "rewards values last_values"
WORLDS = [
    rollout([1], [2], 3),
    rollout([1, -2, 3, 0], [0.5, 1, -1, 2], -2, terminated=(1,), truncated=(2,), final=5),
    rollout([1, 1, 1], [10, 10, 100], 100, truncated=(1,), final=10, gamma=0.99, gae_lambda=0.95),
    rollout([[1, 0], [2, 5]], [[0, 1], [1, 0]], [3, 4], terminated=(0,)),
]


@pytest.mark.parametrize("case", WORLDS)
def test_the_double_sum_equals_the_recursion(case: Rollout):
    table = (case.rewards, case.values, case.terminated, case.truncated, case.final_values, case.last_values)
    right = estimate_advantages(*table, case.gamma, case.gae_lambda)
    torch.testing.assert_close(case.right().float(), right)


def test_one_step_by_hand():
    """1 + 0.9 x 3 - 2."""
    assert rollout([1], [2], 3).right().item() == pytest.approx(1.7)


def test_flags_are_shifted_by_one_and_the_last_is_apart():
    given = rollout([0, 0, 0], [0, 0, 0], 0, terminated=(0, 2)).quantities()
    assert given["dones"][:, 0].tolist() == [True, False, True]
    assert given["starts"][:, 0].tolist() == [False, True, False] and given["last_dones"].tolist() == [True]


def test_a_column_is_what_it_was():
    torch.testing.assert_close(WORLDS[3].right()[:, 1:], WORLDS[3].column(1).right())


def gae(rewards: Tensor, values: Tensor, last_values: Tensor, gamma: float, gae_lambda: float) -> Tensor:
    never = torch.zeros_like(rewards, dtype=torch.bool)
    return estimate_advantages(rewards, values, never, never, values * 0, last_values, gamma, gae_lambda)


@pytest.mark.parametrize(("gamma", "gae_lambda"), [(0.99, 0.95), (0.9, 1.0), (1.0, 0.5)])
def test_what_a_function_has_of_its_own_is_found(gamma: float, gae_lambda: float):
    own = own_settings(Asked("advantages", part(partial(gae, gamma=gamma, gae_lambda=gae_lambda), BARE)))
    assert own == {"gamma": pytest.approx(gamma), "gae_lambda": pytest.approx(gae_lambda)}
    assert "It takes no gamma; its own is" in in_words(own)


def test_what_it_takes_is_not_its_own():
    assert own_settings(Asked("advantages", part(gae, f"{BARE} gamma gae_lambda"))) == {}


def test_normalised_advantages_are_told_from_others():
    def spread(*given: Tensor) -> Tensor:
        found = gae(*given, 0.99, 0.95)
        return (found - found.mean()) / found.std()

    assert normalises(Asked("advantages", part(spread, BARE)))
    assert not normalises(Asked("advantages", part(partial(gae, gamma=0.99, gae_lambda=0.95), BARE)))

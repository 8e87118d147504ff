"""The answers on paper, counted again from a network, and each named wrong number by the mistake that it names."""

import torch

from ppo_lessons.config import PPOConfig
from ppo_lessons.lessons.team_critic.on_paper import PAPER
from ppo_lessons.spirit_world.cases import CASES
from ppo_lessons.spirit_world.rules import ACTION_NAMES
from ppo_lessons.training import TrainingRun

NUMBERS, CHANGES = PAPER
CASE = CASES["fog"]


def read_by_the_actor() -> int:
    """How many numbers of a row of the training move the action probabilities."""
    run = TrainingRun("fog", PPOConfig(num_envs=1, shared_trunk=False, critic="team"))
    row = torch.ones(1, run.policy.input_size, requires_grad=True)
    logits, _ = run.policy(row)
    (slopes,) = torch.autograd.grad((logits * torch.arange(1.0, 6.0)).sum(), row)
    return int((slopes != 0).sum())


def test_as_many_numbers_as_move_the_actor():
    assert NUMBERS.right == read_by_the_actor() == CASE.obs_size


def test_each_wrong_number_is_what_its_mistake_gives():
    own, agents = CASE.obs_size, CASE.num_detectives
    by_mistake = {
        174: own + agents * own + agents,
        140: agents * own + agents,
        136: agents * own,
        38: own + agents,
        170: own + agents * own,
        4: agents,
        5: len(ACTION_NAMES),
        64: PPOConfig.hidden_size,
        1: 1,
    }
    assert by_mistake == {number: number for number in NUMBERS.mistakes}


def test_nothing_changes_without_a_critic():
    """`tests/test_team_view.py` plays a whole case without one; here only that every choice is answered."""
    assert CHANGES.right == "nothing" and {"nothing", *CHANGES.mistakes} == set(CHANGES.choices)

"""When to go on, what was lost, and the whole way."""

import math

import pytest
import torch

from ppo_lessons.spirit_world.behaviour import TeamBehaviour
from ppo_lessons.spirit_world.cases import Case
from ppo_lessons.spirit_world.curriculum import Way, cases_and_wins, forgetting, is_ready, train_through
from ppo_lessons.steps import Steps
from ppo_lessons.transfer import carry_over


@pytest.mark.parametrize(
    ("cases", "wins", "ready"),
    [
        ([10, 10], [0, 9], True),  # the last cycle alone holds ten
        ([10, 9], [10, 9], True),  # two cycles are needed
        ([10, 9], [7, 9], False),  # 16 of 19
        ([100, 5, 5], [0, 5, 4], True),  # 9 of 10: what is long ago does not count
        ([9], [9], False),  # too few
        ([], [], False),
        ([0, 0, 12, 0], [0, 0, 11, 0], True),
        ([10], [8], False),
    ],
)
def test_ready_by_hand(cases, wins, ready):
    assert is_ready(cases, wins, 0.9, 10) is ready


def test_forgetting_by_hand():
    """After stage 0, 1, 2 in three cases: the first was best at stage 1, the second at stage 1, the third never."""
    rates = torch.tensor([[0.9, 0.2, 0.0], [1.0, 0.8, 0.1], [0.4, 0.7, 0.6]])
    torch.testing.assert_close(forgetting(rates), torch.tensor([0.6, 0.1, -0.5]))


def test_nothing_is_finished_in_a_short_cycle():
    nan = math.nan
    numbers = dict.fromkeys(
        ("survival", "case_length", "team_return", "teaming_up", "mate_distance", "health_lost_alone"), nan
    )
    behaviour = TeamBehaviour(cases=0, win_rate=nan, banished={}, visits=torch.zeros(1).numpy(), **numbers)
    assert cases_and_wins(behaviour) == (0, 0)


EASY = Case(name="easy", toughness=(1,), size=4, num_detectives=2)
NEXT = Case(name="next", toughness=(1,), size=5, num_detectives=2)


def test_the_way_goes_on_when_the_rule_says_so(make_config):
    asked, carried = [], []

    def soon(cases, wins, goal, least):
        asked.append((len(cases), len(wins), goal, least))
        return len(cases) == 3

    def carry(old, new, critic):
        carried.append(critic)
        carry_over(old, new, critic)

    way = Way(is_ready=soon, carry_over=carry)
    cycles = list(train_through((EASY, NEXT), make_config(), goal=0.7, least=20, critic=False, way=way))
    assert [(each.stage, each.report.cycle, each.run.env.case.name) for each in cycles] == [
        *((0, k, "easy") for k in (1, 2, 3)),
        *((1, k, "next") for k in (1, 2, 3)),
    ]
    assert asked == [(k, k, 0.7, 20) for k in (1, 2, 3)] * 2
    assert carried == [False]


def test_a_stage_ends_after_so_many_cycles_ready_or_not(make_config):
    never = Way(is_ready=lambda *given: False)
    cycles = list(train_through((EASY, NEXT), make_config(), most_cycles=2, way=never))
    assert [each.stage for each in cycles] == [0, 0, 1, 1]


def test_the_team_of_before_begins_the_next_case(make_config):
    *_, first = train_through((EASY,), make_config(), most_cycles=2)
    second = next(train_through((NEXT,), make_config(learning_rate=1e-9), first.run.policy))
    assert second.run.policy is first.run.policy
    through = [each for each in train_through((EASY, NEXT), make_config(), most_cycles=2) if each.stage == 1]
    assert through[0].run.policy is not first.run.policy


def test_it_learns_an_easy_case_and_stops(make_config):
    config = make_config(num_envs=32, minibatch_size=256, learning_rate=5e-3)
    cycles = list(train_through((EASY,), config, goal=0.9, least=100, most_cycles=300))
    assert len(cycles) < 300
    assert cycles[-1].report.behaviour.win_rate > 0.6


def test_each_case_may_have_its_own_goal(make_config):
    asked = []
    way = Way(is_ready=lambda cases, wins, goal, least: asked.append(goal) or True)
    list(train_through((EASY, NEXT), make_config(), goal=(0.5, 0.8), way=way))
    assert asked == [0.5, 0.8]
    with pytest.raises(ValueError, match="shorter"):
        list(train_through((EASY, NEXT), make_config(), goal=(0.5,), way=way))


def test_own_steps_take_part(make_config):
    called = []

    def counted(*given):
        called.append(1)
        return Steps().total_loss(*given)

    list(train_through((EASY, NEXT), make_config(), most_cycles=1, steps=Steps(total_loss=counted)))
    assert called

import math

import numpy as np
import pytest

from ppo_lessons.config import PPOConfig
from ppo_lessons.spirit_world.behaviour import BehaviourMeter, TeamBehaviour, recent
from ppo_lessons.spirit_world.cases import Case
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.players import random_player
from ppo_lessons.training import TrainingRun, train

STAY, UP, DOWN, LEFT, RIGHT = range(5)
CASE = Case(name="still", size=5, num_detectives=3, toughness=(1, 2, 2), drift=0.0, step_limit=10)


@pytest.fixture
def watched():
    """Play one hand-made copy: a layout, then some steps; returns the meter."""

    def play(detectives, spirits, *steps, case=CASE, **changes):
        world = SpiritWorld(case, 1)
        world.reset(0)
        state = {**world.get_state(), "detectives": np.array([detectives]), "spirits": np.array([spirits])}
        world.set_state({**state, **{name: np.array(value) for name, value in changes.items()}})
        meter = BehaviourMeter(world)
        for actions in steps or [[STAY] * case.num_detectives]:
            step = world.step(np.array([actions]))
            meter.watch(world, step.rewards)
        return meter

    return play


FAR = [(0, 0), (0, 1), (0, 2)]


def test_nothing_is_known_before_anything_was_seen():
    """NaN where nothing was there to be measured; and nothing warns."""
    world = SpiritWorld(CASE, 1)
    world.reset(0)
    behaviour = BehaviourMeter(world).summary()
    assert behaviour.cases == 0
    assert set(behaviour.banished) == {1, 2}
    numbers = [behaviour.win_rate, behaviour.survival, behaviour.case_length, behaviour.team_return]
    numbers += [
        behaviour.teaming_up,
        behaviour.mate_distance,
        behaviour.health_lost_alone,
        *behaviour.banished.values(),
    ]
    assert all(math.isnan(number) for number in numbers)
    assert np.isnan(behaviour.visits).all()


def test_a_case_under_way_is_not_counted_yet(watched):
    behaviour = watched([(4, 4)] * 3, FAR).summary()
    assert behaviour.cases == 0
    assert math.isnan(behaviour.win_rate)
    assert behaviour.mate_distance == 0


def test_a_case_that_is_won(watched):
    """Fact 18: a reward for everyone is counted once, not once for each agent."""
    places, spirits = [(4, 4)] * 3, [(4, 3), (4, 4), (3, 4)]
    behaviour = watched(places, spirits).summary()
    assert (behaviour.cases, behaviour.win_rate, behaviour.survival, behaviour.case_length) == (1, 1, 1, 1)
    assert behaviour.team_return == pytest.approx(0.5 * (1 + 2 + 2) + 2)
    assert behaviour.banished == {1: 1, 2: 1}
    assert behaviour.teaming_up == 3
    assert behaviour.health_lost_alone == 0


def test_a_case_that_is_lost(watched):
    """One detective stands, next to two spirits of toughness 2, with two health left."""
    behaviour = watched(
        [(2, 2), (4, 4), (4, 4)], [(0, 0), (2, 1), (2, 3)], health=[[2, 0, 0]], banished=[[True, False, False]]
    ).summary()
    assert (behaviour.cases, behaviour.win_rate, behaviour.survival) == (1, 0, 0)
    assert behaviour.team_return == pytest.approx((2 * -0.2 - 0.5) / 3)
    assert behaviour.banished == {1: 1, 2: 0}
    assert behaviour.teaming_up == 1
    assert behaviour.health_lost_alone == 200  # 2 health in one step of one living detective
    assert math.isnan(behaviour.mate_distance)


def test_a_case_that_is_adjourned(watched):
    behaviour = watched(
        [(4, 4), (4, 4), (4, 0)], FAR, clock=[9], health=[[4, 0, 4]], banished=[[False, True, False]]
    ).summary()
    assert (behaviour.cases, behaviour.win_rate, behaviour.case_length) == (1, 0, 10)
    assert behaviour.survival == pytest.approx(2 / 3)
    assert behaviour.banished == {1: 0, 2: 0.5}
    assert behaviour.mate_distance == 4


def test_a_return_is_the_sum_over_the_case(watched):
    """Fact 18, over several steps: drained alone, then joined, then won."""
    case = Case(name="still", size=5, num_detectives=2, toughness=(2,), drift=0.0)
    steps = ([STAY, LEFT], [STAY, LEFT])
    meter = watched([(2, 2), (2, 4)], [(2, 1)], [STAY, STAY], *steps, case=case)
    behaviour = meter.summary()
    assert behaviour.cases == 1
    assert behaviour.case_length == 3
    drained = -0.2 / 2
    assert behaviour.team_return == pytest.approx(drained + drained + (0.5 * 2 + 2))
    assert behaviour.teaming_up == pytest.approx((1 + 1 + 2) / 3)
    assert behaviour.health_lost_alone == pytest.approx(100 * 2 / 6)
    assert behaviour.mate_distance == pytest.approx((2 + 1 + 0) / 3)
    assert meter.running_return.tolist() == [0]


def test_teaming_up_looks_at_tough_spirits_that_somebody_is_next_to(watched):
    """Not at those of toughness 1, not at those that nobody is near."""
    places = [(2, 2), (2, 3), (4, 4)]
    case = Case(name="still", size=5, num_detectives=3, toughness=(1, 3, 3), drift=0.0)
    behaviour = watched(places, [(4, 4), (2, 2), (0, 0)], case=case).summary()
    assert behaviour.teaming_up == 2


def test_health_lost_together_is_not_lost_alone(watched):
    case = Case(name="still", size=5, num_detectives=3, toughness=(3,), drift=0.0)
    assert watched([(2, 2), (2, 3), (4, 4)], [(2, 2)], case=case).summary().health_lost_alone == 0
    assert watched([(2, 2), (4, 4), (4, 4)], [(2, 2)], case=case).summary().health_lost_alone == pytest.approx(100 / 3)


def test_visits_are_the_steps_of_the_living(watched):
    """Where they are after their move; who falls in a step has still lived in it."""
    behaviour = watched(
        [(4, 4), (4, 3), (0, 4)], [(0, 0), (3, 3), (0, 2)], [STAY, LEFT, STAY], health=[[4, 1, 0]]
    ).summary()
    wanted = np.zeros((5, 5))
    wanted[4, 4] = wanted[4, 2] = 0.5
    assert np.array_equal(behaviour.visits, wanted)
    falls = watched([(4, 4), (3, 3), (0, 4)], [(0, 0), (3, 3), (0, 2)], health=[[4, 1, 0]]).summary()
    assert falls.visits[3, 3] == 0.5


def test_clear_forgets_the_sums_but_not_the_case_under_way(watched):
    case = Case(name="still", size=5, num_detectives=2, toughness=(2,), drift=0.0)
    meter = watched([(2, 2), (4, 4)], [(2, 1)], case=case)
    assert meter.running_return.tolist() == pytest.approx([-0.1])
    meter.clear()
    assert meter.running_return.tolist() == pytest.approx([-0.1])
    assert math.isnan(meter.summary().mate_distance)


def test_sums_over_copies_are_those_of_the_events():
    """A second count, by hand, over many cases of a random team."""
    world, player = SpiritWorld("standard", 20), random_player(0)
    world.reset(0)
    meter = BehaviourMeter(world)
    won = over = standing = length = total = 0
    banished, running = np.zeros(3), np.zeros(20)
    for _ in range(200):
        step = world.step(player(world))
        meter.watch(world, step.rewards)
        running += step.rewards.mean(axis=1)
        for e in np.flatnonzero(step.episode_over):
            won += int(world.played.banished[e].all())
            over += 1
            standing += (world.played.health[e] > 0).mean()
            length += world.played.clock[e]
            banished += world.played.banished[e]
            total, running[e] = total + running[e], 0
    behaviour = meter.summary()
    assert over > 40
    assert behaviour.cases == over
    assert behaviour.win_rate == won / over
    assert behaviour.survival == pytest.approx(standing / over)
    assert behaviour.case_length == pytest.approx(length / over)
    assert behaviour.team_return == pytest.approx(total / over, abs=1e-6)
    assert list(behaviour.banished.values()) == pytest.approx(list(banished / over))
    assert behaviour.visits.sum() == pytest.approx(1)


def test_each_copy_can_be_counted_until_its_first_end_only():
    """So that long cases count as often as short ones."""
    world, player = SpiritWorld("standard", 30), random_player(0)
    world.reset(0)
    meter = BehaviourMeter(world, first_case_only=True)
    lengths = np.zeros(30)
    for t in range(1, 100):
        step = world.step(player(world))
        meter.watch(world, step.rewards)
        lengths[step.episode_over & (lengths == 0)] = t
    behaviour = meter.summary()
    assert not meter.counting.any()
    assert behaviour.cases == 30
    assert behaviour.case_length == lengths.mean()


def test_refuses_a_world_that_has_not_played():
    world = SpiritWorld("standard", 2)
    world.reset(0)
    with pytest.raises(ValueError, match=r"^watch\(\) takes a world that has just played a step\. Got"):
        BehaviourMeter(world).watch(world, np.zeros((2, 4)))


# ---- smoothed over the last cases


def behaviours(*pairs):
    """(cases, win rate) of each cycle."""
    rest = dict.fromkeys(
        ("survival", "case_length", "team_return", "teaming_up", "mate_distance", "health_lost_alone"), math.nan
    )
    return [TeamBehaviour(cases=n, win_rate=rate, banished={}, visits=np.zeros((1, 1)), **rest) for n, rate in pairs]


def test_recent_weighs_by_cases_and_looks_back_so_many():
    history = behaviours((1, 0.0), (3, 1.0), (4, 0.5), (4, 0.0))
    assert recent(history, "win_rate", cases=100) == pytest.approx([0, 3 / 4, 5 / 8, 5 / 12])
    assert recent(history, "win_rate", cases=4) == pytest.approx([0, 3 / 4, 0.5, 0])


def test_recent_takes_no_notice_of_cycles_without_a_case():
    history = behaviours((0, math.nan), (2, 0.5), (0, math.nan), (2, 1.0))
    smooth = recent(history, "win_rate", cases=100)
    assert math.isnan(smooth[0])
    assert smooth[1:] == pytest.approx([0.5, 0.5, 0.75])
    assert recent([], "win_rate") == []


def test_recent_is_the_mean_over_the_last_cases():
    small = PPOConfig(num_envs=16, num_steps=8, minibatch_size=128, seed=1)
    behaviours = [report.behaviour for report in train(TrainingRun("standard", small), 12)]
    weights = np.array([b.cases for b in behaviours], float)
    wins = np.array([b.win_rate for b in behaviours], float)
    smooth = recent(behaviours, "win_rate", cases=10**9)
    for i in range(len(behaviours)):
        if weights[: i + 1].sum():
            known = weights[: i + 1] > 0
            want = (wins[: i + 1] * weights[: i + 1])[known].sum() / weights[: i + 1].sum()
            assert smooth[i] == pytest.approx(want)
        else:
            assert np.isnan(smooth[i])

import numpy as np
import pytest
import torch

from ppo_lessons.spirit_world.cases import CASES, Case
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.evaluation import evaluate, record
from ppo_lessons.spirit_world.players import (
    cautious_player,
    cooperative_player,
    policy_player,
    random_player,
    scripted_player,
)

STAY, UP, DOWN, LEFT, RIGHT = range(5)


def laid_out(detectives, spirits, toughness=(2,), **changes):
    """One copy of a still world, laid out by hand."""
    case = Case(name="still", num_detectives=len(detectives), toughness=toughness, drift=0.0)
    world = SpiritWorld(case, 1)
    world.reset(0)
    state = {**world.get_state(), "detectives": np.array([detectives]), "spirits": np.array([spirits])}
    world.set_state({**state, **{name: np.array(value) for name, value in changes.items()}})
    return world


@pytest.fixture(scope="module")
def behaviour():
    """How the scripts and chance do on each case, on the same 100 cases."""
    players = {"random": random_player(0), "cautious": cautious_player, "cooperative": cooperative_player}
    table = {}

    def of(case, player):
        if (case, player) not in table:
            table[case, player] = evaluate(players[player], case, cases=100)
        return table[case, player]

    return of


@pytest.mark.parametrize("case", CASES)
def test_keeping_away_is_survival_and_gathering_is_mastery(behaviour, case):
    """The three ages: chance falls, caution survives without winning, cooperation wins."""
    chance, caution, cooperation = (behaviour(case, player) for player in ("random", "cautious", "cooperative"))
    assert caution.survival > 0.95 > chance.survival
    assert caution.win_rate < 0.05
    assert cooperation.win_rate > 0.95 > chance.win_rate
    assert cooperation.survival > chance.survival
    assert cooperation.team_return > caution.team_return + 2
    assert cooperation.team_return > chance.team_return + 2
    assert cooperation.case_length < caution.case_length
    assert cooperation.teaming_up > chance.teaming_up + 1
    assert caution.health_lost_alone < 0.1 * chance.health_lost_alone


@pytest.mark.parametrize("case", [name for name in CASES if name != "stray"])
def test_the_rewards_rank_the_three_ages(behaviour, case):
    """On "standard" and all that is harder, wandering is worse than keeping away. On "stray" luck alone earns some."""
    returns = [behaviour(case, player).team_return for player in ("random", "cautious", "cooperative")]
    assert returns[0] < returns[1] - 0.1 < returns[1] < returns[2]
    assert behaviour(case, "random").survival < 0.6
    assert behaviour(case, "random").win_rate < 0.05


def test_chance_does_worse_on_tougher_cases(behaviour):
    stray, standard, pack = (behaviour(case, "random") for case in ("stray", "standard", "pack"))
    assert stray.team_return > standard.team_return > pack.team_return
    assert stray.win_rate > standard.win_rate
    assert stray.survival > standard.survival > pack.survival


def test_the_cautious_walk_away_from_the_nearest_spirit():
    world = laid_out([(3, 3), (0, 0), (6, 6)], [(3, 4)])
    assert cautious_player(world).tolist()[0][0] in (UP, LEFT, DOWN)
    assert cautious_player(laid_out([(3, 3)], [(3, 4)], (1,))).tolist() != [[RIGHT]]
    between = laid_out([(3, 3)], [(3, 2), (3, 4)], (1, 1))
    assert cautious_player(between)[0, 0] in (UP, DOWN)
    assert cautious_player(laid_out([(3, 3)], [(3, 2), (3, 4)], (1, 1), banished=[[True, False]]))[0, 0] != RIGHT


def test_the_cautious_do_not_fear_the_banished():
    assert cautious_player(laid_out([(3, 3)], [(3, 4), (0, 0)], (1, 1), banished=[[True, False]])).tolist() == [[STAY]]


def test_the_cooperative_wait_two_steps_away_and_strike_together():
    waiting = laid_out([(3, 1), (6, 6)], [(3, 3)])
    assert cooperative_player(waiting)[0, 0] == STAY
    assert cooperative_player(waiting)[0, 1] in (UP, LEFT)
    gathered = laid_out([(3, 1), (3, 5)], [(3, 3)])
    assert cooperative_player(gathered).tolist() == [[RIGHT, LEFT]]
    gathered.step(cooperative_player(gathered))
    assert gathered.events.won[0]


def test_the_cooperative_do_not_count_on_the_fallen():
    world = laid_out([(3, 1), (3, 5), (6, 6)], [(3, 3)], health=[[4, 0, 4]])
    assert cooperative_player(world)[0, 0] == STAY


def test_the_cooperative_begin_with_the_least_tough():
    world = laid_out([(3, 3), (3, 3)], [(0, 3), (6, 3)], (2, 1))
    assert cooperative_player(world).tolist() == [[DOWN, DOWN]]


def test_chance_draws_evenly_from_a_source_of_its_own():
    world = SpiritWorld("standard", 500)
    world.reset(0)
    before = np.random.get_state()[1].copy()
    first, again, other = (random_player(seed)(world) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert np.bincount(first.ravel()) / first.size == pytest.approx([0.2] * 5, abs=0.04)
    assert np.array_equal(np.random.get_state()[1], before)


def test_a_policy_plays_by_sampling_or_greedily(make_policy):
    """Fact 41: both are possible, and neither touches the global random numbers."""
    world = SpiritWorld("standard", 50)
    world.reset(0)
    policy = make_policy(world.obs_size, world.num_actions)
    before = torch.get_rng_state()
    likeliest = policy(torch.from_numpy(world.obs))[0].argmax(-1).numpy()
    assert np.array_equal(policy_player(policy, greedy=True)(world), likeliest)
    first, again, other = (policy_player(policy, seed=seed)(world) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert not np.array_equal(first, likeliest)
    player = policy_player(policy, seed=1)
    assert not np.array_equal(player(world), player(world))
    assert torch.equal(torch.get_rng_state(), before)
    assert first.shape == (50, 4)
    assert first.dtype == np.int64


def test_a_script_is_repeated_step_by_step():
    taken = record(cooperative_player, seed=5)
    again = record(scripted_player(taken.actions[:, None]), seed=5)
    assert again.outcome == taken.outcome
    assert np.array_equal(again.actions, taken.actions)
    assert np.array_equal(again.rewards, taken.rewards)
    for one, other in zip(again.states, taken.states, strict=True):
        assert np.array_equal(one, other)

    world = SpiritWorld("standard", 3)
    world.reset(0)
    script = np.random.default_rng(0).integers(0, 5, (4, 3, 4))
    player = scripted_player(script)
    for actions in script:
        assert np.array_equal(player(world), actions)
        world.step(actions)

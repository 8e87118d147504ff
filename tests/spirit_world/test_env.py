import numpy as np
import pytest

from ppo_lessons.errors import NotReadyError
from ppo_lessons.other_worlds.check import check_team_env
from ppo_lessons.spirit_world.cases import CASES, Case
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.players import random_player
from ppo_lessons.spirit_world.rules import WorldState, observe, rewards_of
from ppo_lessons.team_env import who_acts_next


def started(case="standard", num_envs=3, seed=0):
    world = SpiritWorld(case, num_envs)
    world.reset(seed)
    return world


def put(world, **arrays):
    """Lay the world out by hand."""
    state = world.get_state()
    for name, array in arrays.items():
        state[name] = np.array(array, dtype=state[name].dtype)
    world.set_state(state)


def history(world, steps, seed=1):
    """Everything that a world shows over some steps of one and the same player."""
    player, shown = random_player(seed), []
    for _ in range(steps):
        step = world.step(player(world))
        shown.append([*step, world.obs, world.acting, *world.state, *world.played, *world.events])
    return shown


def same(first, second):
    return all(np.array_equal(a, b) for x, y in zip(first, second, strict=True) for a, b in zip(x, y, strict=True))


@pytest.mark.parametrize("case", [*CASES, "alone", "pair", "crowd"])
def test_keeps_the_promise_of_a_team_env(case):
    own = {
        "alone": Case(name="alone", num_detectives=1, toughness=(1, 1)),
        "pair": Case(name="pair", num_detectives=2, toughness=(2,), step_limit=10),
        "crowd": Case(name="crowd", num_detectives=16, toughness=(5, 16), health=1),
    }
    check_team_env(SpiritWorld(own.get(case, case), 6))


def test_sizes_are_those_of_the_case():
    world = SpiritWorld("standard", 5)
    assert (world.num_envs, world.num_agents, world.obs_size, world.num_actions) == (5, 4, 34, 5)


def test_the_same_seed_is_the_same_world_over_many_episodes():
    """Fact 36: compared step by step to the end, not at the first step alone."""
    first, again, other = (history(started(seed=seed), 300) for seed in (5, 5, 6))
    assert same(first, again)
    assert not same(first, other)
    assert sum(step[3].sum() for step in first) > 5  # episodes that ended on the way


def test_a_reset_starts_anew():
    world = started(seed=5)
    first = history(world, 30)
    world.reset(5)
    assert world.events is None
    assert world.played is None
    assert same(history(world, 30), first)


def test_touches_no_global_randomness():
    before = np.random.get_state()[1].copy()
    history(started(), 100)
    assert np.array_equal(np.random.get_state()[1], before)


def test_two_teams_meet_the_same_case_and_the_same_drift():
    """Whatever they do: copies, layouts and the spirits' ways are equal as long as no spirit is banished."""
    case = Case(name="x", toughness=(4, 4), health=1000, step_limit=1000)
    worlds = [started(case, 2), started(case, 2)]
    for t in range(50):
        worlds[0].step(np.zeros((2, 4), int))
        worlds[1].step(np.full((2, 4), 2 if t % 2 else 4))
        assert np.array_equal(worlds[0].state.spirits, worlds[1].state.spirits)
    assert not np.array_equal(worlds[0].state.detectives, worlds[1].state.detectives)


def test_the_next_case_is_laid_out_at_once_and_the_final_observation_is_kept():
    """Fact 2: final_obs is what was seen after the step; obs is the next case's."""
    world = started(num_envs=2)
    put(world, clock=[63, 10], detectives=[[[6, 0]] * 4] * 2, spirits=[[[0, 6]] * 3] * 2)
    step = world.step(np.zeros((2, 4), int))
    assert step.episode_over.tolist() == [True, False]
    assert np.array_equal(step.final_obs, observe(world.case, world.played))
    assert np.array_equal(world.obs, observe(world.case, world.state))
    assert world.played.clock.tolist() == [64, 11]
    assert world.state.clock.tolist() == [0, 11]
    assert not np.array_equal(step.final_obs[0], world.obs[0])
    assert np.array_equal(step.final_obs[1], world.obs[1])
    assert (world.state.health[0] == 4).all()


def test_copies_that_go_on_are_not_touched_by_the_end_of_another():
    world = started(num_envs=2)
    put(world, clock=[63, 10])
    world.step(np.zeros((2, 4), int))
    for played, now in zip(world.played, world.state, strict=True):
        assert np.array_equal(played[1], now[1])


def ends_of(case, **arrays):
    world = started(case, 1)
    put(world, **arrays)
    step = world.step(np.zeros((1, 4), int))
    return step.terminated[0].tolist(), step.truncated[0].tolist(), bool(step.episode_over[0]), world


STILL = Case(name="still", toughness=(2,), drift=0.0, step_limit=10)


def test_a_fall_terminates_this_agent_alone():
    """Facts 1, 15: the others play on."""
    places = [[[3, 3], [6, 6], [6, 6], [6, 6]]]
    terminated, truncated, over, world = ends_of(STILL, detectives=places, spirits=[[[3, 3]]], health=[[1, 4, 4, 4]])
    assert terminated == [True, False, False, False]
    assert truncated == [False] * 4
    assert not over
    assert world.acting.tolist() == [[False, True, True, True]]
    step = world.step(np.zeros((1, 4), int))
    assert not step.terminated.any()
    assert world.acting.tolist() == [[False, True, True, True]]


def test_a_win_terminates_everybody():
    """Fact 1."""
    terminated, truncated, over, world = ends_of(STILL, detectives=[[[3, 3]] * 4], spirits=[[[3, 3]]], clock=[9])
    assert (terminated, truncated, over) == ([True] * 4, [False] * 4, True)
    assert world.acting.all()


def test_the_last_fall_terminates():
    health = [[1, 0, 0, 0]]
    terminated, truncated, over, world = ends_of(
        STILL, detectives=[[[3, 3]] * 4], spirits=[[[3, 3]]], health=health, clock=[9]
    )
    assert terminated[0]
    assert truncated == [False] * 4
    assert over
    assert world.acting.all()


def test_the_step_limit_truncates_those_still_standing():
    """Facts 1, 4: the fallen, and who falls in this very step, are not cut off."""
    places = [[[6, 6], [3, 3], [6, 6], [6, 6]]]
    terminated, truncated, over, _ = ends_of(
        STILL, detectives=places, spirits=[[[3, 3]]], health=[[4, 1, 0, 4]], clock=[9]
    )
    assert terminated == [False, True, False, False]
    assert truncated == [True, False, False, True]
    assert over


def test_rewards_are_those_of_the_rules():
    world = started(num_envs=20)
    player = random_player(0)
    seen = np.zeros(0)
    for _ in range(60):
        step = world.step(player(world))
        assert np.array_equal(step.rewards, rewards_of(world.case, world.events))
        seen = np.union1d(seen, step.rewards)
    assert len(seen) > 4


def test_the_actions_of_the_fallen_have_no_effect():
    shown = []
    for action in (0, 3):
        world = started(num_envs=1)
        put(world, health=[[4, 0, 4, 4]])
        actions = np.zeros((1, 4), int)
        actions[0, 1] = action
        shown.append([[*world.step(actions), world.obs]])
    assert same(*shown)


@pytest.mark.parametrize(
    ("actions", "rule"),
    [
        (np.full((3, 4), 5), r"actions must be 0 to 4\. Got 5 to 5"),
        (np.array([[-1, 0, 0, 0]] * 3), r"actions must be 0 to 4\. Got -1 to 0"),
        (np.zeros((4, 3), int), r"actions must have shape \(E, A\) = \(3, 4\)\. Got \(4, 3\)"),
        (np.zeros((3, 4, 1), int), r"shape .*Got \(3, 4, 1\)"),
        (np.zeros(4, int), r"shape .*Got \(4,\)"),
        (np.zeros((3, 4)), r"whole numbers \(int64\)\. Got float64"),
        (np.zeros((3, 4), bool), r"whole numbers \(int64\)\. Got bool"),
    ],
)
def test_refuses_actions_that_are_none_and_plays_nothing(actions, rule):
    world, quiet = started(), started()
    with pytest.raises(ValueError, match=rule):
        world.step(actions)
    assert same(history(world, 20), history(quiet, 20))


def test_refuses_to_play_before_the_first_reset():
    world = SpiritWorld("standard", 2)
    with pytest.raises(NotReadyError, match=r"^Call reset\(seed\) before"):
        world.step(np.zeros((2, 4), int))
    with pytest.raises(NotReadyError, match=r"^Call reset\(seed\) before"):
        _ = world.state


def test_refuses_no_copies_and_unknown_cases():
    with pytest.raises(ValueError, match=r"num_envs must be a whole number, 1 or more\. Got 0"):
        SpiritWorld("standard", 0)
    with pytest.raises(ValueError, match=r"^A case is one of .*Got 'easy'"):
        SpiritWorld("easy")


# ---- a state that can be kept


def test_goes_on_exactly_from_a_kept_state():
    world = started(seed=3)
    history(world, 25)
    kept = world.get_state()
    first = history(world, 200, seed=9)
    other = SpiritWorld("standard", 3)
    other.set_state(kept)
    assert same(history(other, 200, seed=9), first)
    world.set_state(kept)
    assert same(history(world, 200, seed=9), first)


def test_a_kept_state_does_not_change_when_the_world_goes_on():
    world = started()
    kept = world.get_state()
    before = {name: np.array(kept[name]) for name in WorldState._fields}
    history(world, 30)
    assert all(np.array_equal(kept[name], before[name]) for name in before)


@pytest.mark.parametrize("name", WorldState._fields)
def test_refuses_a_state_of_another_world_and_keeps_its_own(name):
    world, quiet = started(), started()
    state = world.get_state()
    for wrong in (state[name][:2], state[name].astype(np.float32)):
        with pytest.raises(ValueError, match=rf"^{name} must be .*Got "):
            world.set_state({**state, name: wrong})
    assert same(history(world, 20), history(quiet, 20))


@pytest.mark.parametrize("broken", ["advance", "observe", "new_cases", "check_actions"])
def test_a_step_that_is_broken_off_has_not_happened(monkeypatch, broken):
    """Whatever it was at: state, sight, events and who acts stay those of before, and the world goes on from there."""
    world, player = started(num_envs=30), random_player(0)
    for _ in range(200):
        before = [*world.state, world.obs, world.acting]
        copies = [array.copy() for array in before]
        events, played = world.events, world.played

        def pressed(*given):
            raise KeyboardInterrupt

        with monkeypatch.context() as patch:
            patch.setattr(f"ppo_lessons.spirit_world.env.{broken}", pressed)
            try:
                world.step(player(world))
                assert broken == "new_cases"  # which is called at ends only
                continue
            except KeyboardInterrupt:
                pass
        assert all(map(np.array_equal, [*world.state, world.obs, world.acting], copies))
        assert world.events is events
        assert world.played is played
        if broken == "new_cases":
            break
        world.step(player(world))
    check_team_env(world)


def test_the_rules_can_be_ones_own():
    """Rewards ten times as large; who has fallen in one copy is in play again at once."""

    def everybody(acting, terminated, truncated, episode_over):
        return who_acts_next(acting, terminated, truncated, episode_over) | True

    plain, own = (
        SpiritWorld("standard", 8),
        SpiritWorld(
            "standard", 8, rewards_of=lambda case, events: 10 * rewards_of(case, events), who_acts_next=everybody
        ),
    )
    rng, falls = np.random.default_rng(0), 0
    plain.reset(3), own.reset(3)
    for _ in range(30):
        actions = rng.integers(0, 5, (8, 4))
        one, other = plain.step(actions), own.step(actions)
        np.testing.assert_allclose(other.rewards, 10 * one.rewards, rtol=1e-6)
        np.testing.assert_array_equal(plain.acting, plain.state.health > 0)
        falls += (~plain.acting).sum()
        assert own.acting.all()
    assert falls > 0

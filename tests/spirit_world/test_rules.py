import numpy as np
import pytest

from ppo_lessons.spirit_world.cases import Case
from ppo_lessons.spirit_world.rules import ACTION_NAMES, MOVES, WorldState, advance, new_cases, observe, rewards_of

STAY, UP, DOWN, LEFT, RIGHT = range(5)


def case_of(**changes):
    """A still 7 x 7 world of 4 detectives and one spirit of toughness 2."""
    return Case(**{"name": "test", "toughness": (2,), "drift": 0.0, **changes})


def world(detectives, spirits, health=None, banished=None, clock=0):
    """One copy, laid out by hand."""
    return WorldState(
        detectives=np.array([detectives], np.int64),
        health=np.array([health or [4] * len(detectives)], np.int64),
        spirits=np.array([spirits], np.int64),
        banished=np.array([banished or [False] * len(spirits)]),
        clock=np.array([clock], np.int64),
    )


def play(case, state, actions=None, rng=None):
    actions = np.array([actions or [STAY] * case.num_detectives])
    return advance(case, state, actions, rng or np.random.default_rng(0))


# ---- 1. moves


@pytest.mark.parametrize(
    ("action", "name", "to"),
    [(0, "stay", (3, 3)), (1, "up", (2, 3)), (2, "down", (4, 3)), (3, "left", (3, 2)), (4, "right", (3, 4))],
)
def test_moves(action, name, to):
    case = case_of(num_detectives=1, toughness=(1,))
    after, _ = play(case, world([(3, 3)], [(0, 0)]), [action])
    assert tuple(after.detectives[0, 0]) == to
    assert ACTION_NAMES[action] == name
    assert tuple(MOVES[action]) == (to[0] - 3, to[1] - 3)


@pytest.mark.parametrize(("place", "action"), [((0, 3), UP), ((6, 3), DOWN), ((3, 0), LEFT), ((3, 6), RIGHT)])
def test_a_move_into_a_wall_is_a_stay(place, action):
    case = case_of(num_detectives=1, toughness=(1,))
    after, _ = play(case, world([place], [(3, 3)]), [action])
    assert tuple(after.detectives[0, 0]) == place


def test_detectives_may_share_a_cell():
    after, _ = play(case_of(), world([(5, 1), (5, 3), (4, 2), (6, 2)], [(0, 6)]), [RIGHT, LEFT, DOWN, UP])
    assert (after.detectives[0] == (5, 2)).all()


def test_the_fallen_do_not_move():
    after, events = play(case_of(), world([(5, 1)] * 4, [(0, 6)], health=[0, 4, 4, 4]), [RIGHT] * 4)
    assert after.detectives[0].tolist() == [[5, 1], [5, 2], [5, 2], [5, 2]]
    assert not events.fell.any()


# ---- 2. banishing


@pytest.mark.parametrize("toughness", [1, 2, 3, 4])
@pytest.mark.parametrize("number", [0, 1, 2, 3, 4])
def test_a_spirit_is_banished_when_as_many_stand_next_to_it_as_it_is_tough(toughness, number):
    near, far = [(3, 3), (2, 3), (3, 4), (4, 3)], [(6, 6)]
    after, events = play(case_of(toughness=(toughness,)), world(near[:number] + far * (4 - number), [(3, 3)]))
    assert events.next_to[0, :, 0].tolist() == [True] * number + [False] * (4 - number)
    assert bool(events.banished[0, 0]) is bool(after.banished[0, 0]) is (number >= toughness)
    assert bool(events.won[0]) is (number >= toughness)


@pytest.mark.parametrize("row", range(1, 6))
@pytest.mark.parametrize("col", range(1, 6))
def test_next_to_is_the_cell_and_its_four_neighbours(row, col):
    case = case_of(num_detectives=1, toughness=(1,))
    _, events = play(case, world([(row, col)], [(3, 3)]))
    assert bool(events.next_to[0, 0, 0]) is (abs(row - 3) + abs(col - 3) <= 1)


def test_counts_after_the_moves():
    """Stepping up banishes; stepping away does not."""
    case = case_of()
    _, together = play(case, world([(3, 1), (3, 5), (6, 6), (6, 6)], [(3, 3)]), [RIGHT, LEFT, STAY, STAY])
    _, apart = play(case, world([(3, 2), (3, 4), (6, 6), (6, 6)], [(3, 3)]), [LEFT, STAY, STAY, STAY])
    assert together.banished[0, 0]
    assert not apart.banished[0, 0]


def test_the_fallen_do_not_count():
    _, events = play(case_of(), world([(3, 3), (3, 3), (6, 6), (6, 6)], [(3, 3)], health=[4, 0, 4, 4]))
    assert events.next_to[0, :, 0].tolist() == [True, False, False, False]
    assert not events.banished.any()


def test_a_banished_spirit_is_gone_for_good():
    """It does not drain, cannot be banished again, and nobody stands next to it."""
    case = case_of(toughness=(1, 4))
    after, events = play(case, world([(3, 3), (3, 3), (6, 6), (6, 6)], [(3, 3), (0, 0)], banished=[True, False]))
    assert not events.next_to.any()
    assert not events.banished.any()
    assert not events.health_lost.any()
    assert after.banished.tolist() == [[True, False]]


# ---- 3. health


def test_a_spirit_that_is_left_takes_one_health_from_each_next_to_it():
    after, events = play(case_of(toughness=(3,)), world([(3, 3), (3, 4), (6, 6), (6, 6)], [(3, 3)]))
    assert events.health_lost.tolist() == [[1, 1, 0, 0]]
    assert after.health.tolist() == [[3, 3, 4, 4]]


def test_two_spirits_take_two():
    _, events = play(case_of(toughness=(3, 3)), world([(3, 3), (6, 6), (6, 6), (6, 6)], [(3, 3), (3, 4)]))
    assert events.health_lost.tolist() == [[2, 0, 0, 0]]


def test_a_spirit_that_is_banished_takes_nothing_in_that_step():
    """Banishing comes before draining, for this spirit alone."""
    case = case_of(toughness=(2, 3))
    _, events = play(case, world([(3, 3), (3, 3), (6, 6), (6, 6)], [(3, 3), (3, 4)]))
    assert events.banished.tolist() == [[True, False]]
    assert events.health_lost.tolist() == [[1, 1, 0, 0]]


def test_nobody_loses_more_health_than_is_left():
    after, events = play(
        case_of(toughness=(3, 3)), world([(3, 3), (6, 6), (6, 6), (6, 6)], [(3, 3), (3, 4)], health=[1, 4, 4, 4])
    )
    assert events.health_lost[0, 0] == 1
    assert after.health[0, 0] == 0


def test_a_detective_falls_once():
    case, state = case_of(toughness=(3,)), world([(3, 3), (6, 6), (6, 6), (6, 6)], [(3, 3)], health=[1, 4, 4, 4])
    state, events = play(case, state)
    assert events.fell.tolist() == [[True, False, False, False]]
    state, events = play(case, state)
    assert not events.fell.any()
    assert not events.health_lost.any()
    assert state.health[0, 0] == 0


def test_who_falls_in_a_step_still_helps_in_it():
    """Two spirits: one of them is banished with the last breath of a detective whom the other one drains."""
    case = case_of(toughness=(2, 4))
    state = world([(3, 3), (3, 2), (6, 6), (6, 6)], [(3, 2), (3, 4)], health=[1, 4, 4, 4])
    _, events = play(case, state)
    assert events.banished.tolist() == [[True, False]]
    assert events.fell.tolist() == [[True, False, False, False]]


# ---- 4. drift


def test_spirits_drift_after_everything_else():
    """With drift 1 the spirit leaves, but only after it was banished or has drained."""
    case = case_of(toughness=(2,), drift=1.0)
    _, events = play(case, world([(3, 3), (3, 4), (6, 6), (6, 6)], [(3, 3)]))
    assert events.banished[0, 0]
    after, events = play(case, world([(3, 3), (6, 6), (6, 6), (6, 6)], [(3, 3)]))
    assert events.health_lost[0, 0] == 1
    assert np.abs(after.spirits[0, 0] - (3, 3)).sum() == 1


def many(spirit, copies=4000, banished=False):
    one = world([(6, 6)] * 4, [spirit], banished=[banished])
    return WorldState(*(np.repeat(array, copies, axis=0) for array in one))


@pytest.mark.parametrize(("drift", "share"), [(0.0, 0.0), (0.3, 0.3), (1.0, 1.0)])
def test_drift_is_a_probability_and_goes_in_all_directions(drift, share):
    after, _ = advance(case_of(drift=drift), many((2, 3)), np.zeros((4000, 4), int), np.random.default_rng(0))
    moved = after.spirits[:, 0] - (2, 3)
    assert (np.abs(moved).sum(axis=1) <= 1).all()
    assert np.abs(moved).sum(axis=1).mean() == pytest.approx(share, abs=0.03)
    for direction in MOVES[1:]:
        assert (moved == direction).all(axis=1).mean() == pytest.approx(share / 4, abs=0.03)


def test_walls_stop_a_drifting_spirit():
    after, _ = advance(case_of(drift=1.0), many((0, 0)), np.zeros((4000, 4), int), np.random.default_rng(0))
    places, counts = np.unique(after.spirits[:, 0], axis=0, return_counts=True)
    assert places.tolist() == [[0, 0], [0, 1], [1, 0]]
    assert counts[0] / 4000 == pytest.approx(0.5, abs=0.04)


def test_a_banished_spirit_does_not_drift():
    case = case_of(drift=1.0)
    after, _ = advance(case, many((2, 3), banished=True), np.zeros((4000, 4), int), np.random.default_rng(0))
    assert (after.spirits == (2, 3)).all()


# ---- rewards


def reward(case, state, actions=None):
    return rewards_of(case, play(case, state, actions)[1])[0].tolist()


@pytest.mark.parametrize("toughness", [1, 2, 3])
def test_banishing_is_rewarded_by_toughness_to_everybody(toughness):
    """+0.5 k for each, the fallen too."""
    state = world([(3, 3)] * 3 + [(6, 0)], [(3, 3), (0, 0)], health=[4, 4, 4, 0])
    assert reward(case_of(toughness=(toughness, 4)), state) == pytest.approx([0.5 * toughness] * 4)


def test_the_last_spirit_is_worth_two_more_to_everybody():
    state = world([(3, 3)] * 3 + [(6, 0)], [(3, 3), (0, 0)], health=[4, 4, 4, 0], banished=[False, True])
    assert reward(case_of(toughness=(3, 4)), state) == pytest.approx([1.5 + 2] * 4)


def test_two_spirits_at_once_are_worth_their_sum():
    state = world([(3, 3)] * 4, [(3, 3), (3, 4), (0, 0)])
    assert reward(case_of(toughness=(1, 3, 4)), state) == pytest.approx([0.5 + 1.5] * 4)


def test_health_lost_and_a_fall_cost_the_one_alone():
    state = world([(3, 3), (3, 4), (6, 6), (6, 6)], [(3, 3), (2, 3)], health=[4, 1, 4, 4])
    assert reward(case_of(toughness=(4, 4)), state) == pytest.approx([-0.4, -0.2 - 0.5, 0, 0])


def test_nothing_happens_nothing_is_rewarded():
    rewards = rewards_of(case_of(), play(case_of(), world([(6, 6)] * 4, [(0, 0)]))[1])
    assert rewards.dtype == np.float32
    assert rewards.tolist() == [[0, 0, 0, 0]]


# ---- ends


def flags(case, state):
    _, events = play(case, state)
    return bool(events.won[0]), bool(events.lost[0]), bool(events.adjourned[0])


def test_ends():
    """Facts 1, 4, 5: won and lost are decided; the step limit only cuts off, and never when something is decided."""
    case = case_of(toughness=(1,), step_limit=10)
    near, apart, weak = [(3, 3)] * 4, [(6, 6)] * 4, [1, 1, 1, 1]
    assert flags(case, world(apart, [(3, 3)], clock=0)) == (False, False, False)
    assert flags(case, world(near, [(3, 3)], clock=0)) == (True, False, False)
    assert flags(case, world(near, [(3, 3)], clock=9)) == (True, False, False)
    assert flags(case, world(apart, [(3, 3)], clock=8)) == (False, False, False)
    assert flags(case, world(apart, [(3, 3)], clock=9)) == (False, False, True)
    lonely = case_of(num_detectives=2, toughness=(2,), step_limit=10)
    one_left = world([(3, 3), (6, 6)], [(3, 3)], health=[1, 0])
    assert flags(lonely, one_left) == (False, True, False)
    assert flags(lonely, one_left._replace(clock=np.array([9]))) == (False, True, False)
    assert flags(case_of(toughness=(4,)), world([(3, 3)] * 3 + [(6, 6)], [(3, 3)], health=weak)) == (
        False,
        False,
        False,
    )


def test_the_clock_counts_steps():
    after, _ = play(case_of(), world([(6, 6)] * 4, [(0, 0)], clock=5))
    assert after.clock.tolist() == [6]


def test_the_state_before_the_step_is_not_changed():
    case = case_of(toughness=(2, 4), drift=1.0)
    state = world([(3, 3), (3, 3), (3, 4), (6, 6)], [(3, 3), (3, 4)])
    before = [array.copy() for array in state]
    play(case, state, [UP] * 4)
    assert all(np.array_equal(a, b) for a, b in zip(state, before, strict=True))


def test_copies_do_not_touch_each_other():
    """Three hand-made copies at once do what each does alone."""
    case = case_of(toughness=(2, 4))
    single = [
        world([(3, 3), (3, 3), (6, 6), (6, 6)], [(3, 3), (0, 0)]),
        world([(0, 0), (6, 6), (6, 6), (6, 6)], [(3, 3), (0, 0)], health=[1, 4, 4, 4], clock=63),
        world([(5, 5)] * 4, [(3, 3), (0, 0)], banished=[True, False]),
    ]
    actions = [[0, 0, 1, 1], [0, 0, 0, 0], [1, 2, 3, 4]]
    together = WorldState(*(np.concatenate(arrays) for arrays in zip(*single, strict=True)))
    after, events = advance(case, together, np.array(actions), np.random.default_rng(0))
    for e, (state, action) in enumerate(zip(single, actions, strict=True)):
        alone, own = play(case, state, action)
        assert all(np.array_equal(a[e], b[0]) for a, b in zip(after, alone, strict=True))
        assert all(np.array_equal(a[e], b[0]) for a, b in zip(events, own, strict=True))
        assert np.array_equal(rewards_of(case, events)[e], rewards_of(case, own)[0])


# ---- observations, position by position


def test_the_table_of_observations():
    case = case_of(size=9, num_detectives=3, toughness=(1, 3), health=4)
    state = world([(4, 2), (8, 2), (4, 6)], [(4, 3), (0, 0)], health=[3, 4, 2])
    seen = observe(case, state)
    assert seen.dtype == np.float32
    assert seen.shape == (1, 3, case.obs_size) == (1, 3, 3 + 3 + 8 + 10)
    wanted = [4 / 8, 2 / 8, 3 / 4]  # own row, column, health
    wanted += [1, 0, 0]  # own number
    wanted += [4 / 8, 0, 4 / 4, 1]  # mate 1: four rows down
    wanted += [0, 4 / 8, 2 / 4, 1]  # mate 2: four columns right
    wanted += [0, 1 / 8, 1 / 3, 1 / 3, 1]  # spirit 0, toughness 1, one detective next to it
    wanted += [-4 / 8, -2 / 8, 3 / 3, 0, 1]  # spirit 1, toughness 3, nobody next to it
    np.testing.assert_allclose(seen[0, 0], wanted, atol=1e-7)
    np.testing.assert_allclose(seen[0, 1, 3:14], [0, 1, 0, -4 / 8, 0, 3 / 4, 1, -4 / 8, 4 / 8, 2 / 4, 1], atol=1e-7)
    np.testing.assert_allclose(seen[0, 2, 3:10], [0, 0, 1, 0, -4 / 8, 3 / 4, 1], atol=1e-7)
    assert seen[0, 1, 14 + 3] == seen[0, 0, 14 + 3]  # how many are next to a spirit is the same for all


def test_next_to_counts_the_living():
    case = case_of(num_detectives=4, toughness=(4,))
    state = world([(3, 3), (3, 2), (2, 3), (3, 3)], [(3, 3)], health=[4, 4, 4, 0])
    assert observe(case, state)[0, :3, -2].tolist() == [0.75, 0.75, 0.75]


def test_the_fallen_and_the_banished_are_not_seen():
    case = case_of(num_detectives=2, toughness=(1, 2))
    state = world([(3, 3), (3, 4)], [(3, 3), (0, 0)], health=[4, 0], banished=[True, False])
    seen = observe(case, state)[0, 0]
    assert seen[5:9].tolist() == [0, 0, 0, 0]
    assert seen[9:14].tolist() == [0, 0, 0, 0, 0]
    assert seen[-1] == 1


def test_a_fallen_detective_sees_nothing_but_its_own_number():
    """Fact 17: the same vector whatever happens in the world."""
    case = case_of(toughness=(1, 2))
    first = world([(3, 3)] * 4, [(3, 3), (0, 0)], health=[4, 0, 4, 4])
    other = world([(1, 2), (5, 5), (0, 0), (6, 6)], [(1, 1), (2, 2)], health=[1, 0, 0, 2], banished=[True, False])
    wanted = np.zeros(case.obs_size, np.float32)
    wanted[3 + 1] = 1
    for state in (first, other):
        assert np.array_equal(observe(case, state)[0, 1], wanted)


@pytest.mark.parametrize("sight", [1, 2, 3, None])
def test_sight_hides_what_is_farther_away(sight):
    """In steps: rows + columns; at exactly that many steps a thing is still seen."""
    case = case_of(num_detectives=2, toughness=(1,), sight=sight)
    for distance, (row, col) in {1: (3, 4), 2: (4, 4), 3: (5, 4), 4: (5, 5), 6: (6, 6)}.items():
        visible = sight is None or distance <= sight
        mate = observe(case, world([(3, 3), (row, col)], [(3, 3)]))[0, 0, 5:9]
        spirit = observe(case, world([(3, 3), (3, 3)], [(row, col)]))[0, 0, 9:14]
        assert bool(mate[3]) is bool(spirit[4]) is visible
        assert mate.any() == spirit.any() == visible


def test_the_whole_grid_is_seen_from_corner_to_corner():
    case = case_of(size=32, num_detectives=2, toughness=(1,))
    seen = observe(case, world([(0, 0), (31, 31)], [(31, 31)]))[0, 0]
    assert seen[5:9].tolist() == [1, 1, 1, 1]
    assert seen[9:11].tolist() == [1, 1]


def test_the_time_left_is_not_observed():
    """Fact 5: the limit is a convenience, so it truncates and is not part of the state."""
    early, late = (world([(3, 3)] * 4, [(0, 0)], clock=clock) for clock in (0, 63))
    assert np.array_equal(observe(case_of(), early), observe(case_of(), late))


def test_observations_stay_in_the_range_of_the_table():
    case, rng = Case(name="x", size=5, toughness=(1, 2, 4), health=2), np.random.default_rng(0)
    state = new_cases(case, 50, rng)
    for _ in range(30):
        seen = observe(case, state)
        assert seen.min() >= -1
        assert seen.max() <= 1
        assert (seen[..., :3] >= 0).all()
        state, _ = advance(case, state, rng.integers(0, 5, (50, 4)), rng)


# ---- layouts and chance


@pytest.mark.parametrize("size", [4, 5, 7, 32])
def test_fresh_cases(size):
    """Detectives in the two lowest rows, spirits at least two rows above them; everybody well, nothing banished."""
    case = Case(name="x", size=size, toughness=(1, 2, 3))
    state = new_cases(case, 2000, np.random.default_rng(0))
    rows = state.detectives[..., 0]
    assert set(np.unique(rows)) == {size - 2, size - 1}
    assert state.spirits[..., 0].min() == 0
    assert state.spirits[..., 0].max() == size - 4
    for places in (state.detectives, state.spirits):
        assert set(np.unique(places[..., 1])) == set(range(size))
    assert (state.health == 4).all()
    assert not state.banished.any()
    assert not state.clock.any()


def test_the_same_seed_gives_the_same_cases():
    """Fact 36."""
    case = Case(name="x")
    first, again, other = (new_cases(case, 20, np.random.default_rng(seed)) for seed in (1, 1, 2))
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first.detectives, other.detectives)


def test_the_number_of_draws_does_not_depend_on_the_state_or_the_actions():
    """So two teams with the same seed meet the same drift."""
    case = case_of(toughness=(1, 2), drift=0.5)
    states = [
        world([(3, 3)] * 4, [(3, 3), (0, 0)]),
        world([(6, 6)] * 4, [(3, 3), (0, 0)], banished=[True, False]),
        world([(6, 6)] * 4, [(3, 3), (0, 0)], health=[0, 0, 0, 1]),
    ]
    after = []
    for state, actions in zip(states, ([0] * 4, [1, 2, 3, 4], [4] * 4), strict=True):
        rng = np.random.default_rng(0)
        play(case, state, actions, rng)
        after.append(rng.bit_generator.state)
    assert after[0] == after[1] == after[2] != np.random.default_rng(0).bit_generator.state


@pytest.mark.parametrize("team", [1, 2, 16])
def test_teams_of_other_sizes(team):
    case = Case(name="x", num_detectives=team, toughness=(1, team))
    state = new_cases(case, 3, np.random.default_rng(0))
    seen = observe(case, state)
    assert seen.shape == (3, team, case.obs_size)
    assert np.array_equal(seen[..., 3 : 3 + team], np.broadcast_to(np.eye(team), (3, team, team)))
    after, events = advance(case, state, np.full((3, team), UP), np.random.default_rng(0))
    assert events.next_to.shape == (3, team, 2)
    assert rewards_of(case, events).shape == (3, team)
    assert (after.detectives[..., 0] == state.detectives[..., 0] - 1).all()


@pytest.mark.parametrize("team", [1, 2, 16])
def test_a_team_of_another_size_can_win(team):
    case = case_of(num_detectives=team, toughness=(team,))
    _, events = play(case, world([(3, 3)] * team, [(3, 4)]))
    assert events.won[0]
    assert rewards_of(case, events)[0].tolist() == pytest.approx([0.5 * team + 2] * team)

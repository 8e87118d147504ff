import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Sequence, Text, Tuple, flatten

from ppo_lessons.action_kinds import ONE_CHOICE, ActionKind
from ppo_lessons.other_worlds.adapters import GymnasiumTeam, PettingZooTeam
from ppo_lessons.other_worlds.spaces import MOST_NUMBERS, Choice, Layout, Sight
from tests.other_worlds import broken_worlds as worlds

TWO = Box(-1, 1, (2,), np.float32)


def numbers(space, seen):
    sight = Sight(space)
    row = np.full(sight.size + 1, 7.0, np.float32)
    sight.write(seen, row)
    assert row[-1] == 7  # nothing beyond its own places
    return row[:-1].tolist()


# ---- what is seen


@pytest.mark.parametrize(
    ("space", "seen", "row"),
    [
        (Box(-9, 9, (2, 2), np.float32), np.float32([[1, 2], [3, 4]]), [1, 2, 3, 4]),
        (Box(-9, 9, (), np.float32), np.float32(3), [3]),
        (Box(-9, 9, (2,), np.int64), np.array([3, -4]), [3, -4]),
        (Discrete(3, start=5), 6, [0, 1, 0]),
        (MultiDiscrete([2, 3]), np.array([1, 0]), [0, 1, 1, 0, 0]),
        (MultiBinary(3), np.array([1, 0, 1], np.int8), [1, 0, 1]),
        (Tuple([Discrete(2), TWO]), (1, np.float32([0.5, -1])), [0, 1, 0.5, -1]),
        (Dict({"b": Discrete(2), "a": TWO}), {"a": np.float32([0.5, -1]), "b": 0}, [0.5, -1, 1, 0]),
    ],
)
def test_any_space_of_fixed_size_becomes_numbers(space, seen, row):
    """As Gymnasium's own `flatten` lays them out."""
    assert numbers(space, seen) == row
    assert np.array_equal(flatten(space, seen), row)


def test_small_pictures_are_scaled_to_0_to_1():
    picture = np.array([[0, 51], [255, 102]], np.uint8)
    assert numbers(Box(0, 255, (2, 2), np.uint8), picture) == pytest.approx([0, 0.2, 1, 0.4])
    assert numbers(Dict({"a": Box(0, 255, (2, 2), np.uint8), "b": Discrete(2)}), {"a": picture, "b": 1})[-3:] == (
        pytest.approx([0.4, 0, 1])
    )
    assert numbers(Box(0, 1, (2,), np.uint8), np.uint8([0, 1])) == [0, 1]
    assert numbers(Box(0, 255, (1,), np.float32), np.float32([255])) == [255]

    class Picture(worlds.GoodAlone):
        observation_space = Box(0, 255, (8, 8, 3), np.uint8)

        def see(self):
            return self.np_random.integers(0, 256, (8, 8, 3), dtype=np.uint8)

    world = GymnasiumTeam(Picture, 2)
    world.reset(0)
    assert world.obs.shape == (2, 1, 192)
    assert world.obs.min() >= 0
    assert 0.9 < world.obs.max() <= 1


def test_large_pictures_are_refused_with_what_makes_them_small():
    side = int(MOST_NUMBERS**0.5)
    assert Sight(Box(0, 255, (side, side), np.uint8)).size == MOST_NUMBERS
    with pytest.raises(
        ValueError, match=r"(?s)up to 10,000 numbers: pictures.*10,100 numbers.*GrayscaleObs.*supersuit"
    ):
        Sight(Box(0, 255, (side, side + 1), np.uint8))


@pytest.mark.parametrize("space", [Sequence(Discrete(2)), Dict({"a": TWO, "b": Sequence(Discrete(2))})])
def test_a_space_of_no_fixed_size_is_refused(space):
    with pytest.raises(ValueError, match=r"^Observations must be of a space of fixed size. Got "):
        Sight(space)


@pytest.mark.parametrize("seen", [np.zeros(3), np.zeros((1, 2)), 0.5, None, "ab", {"a": 1}])
def test_what_is_no_observation_of_the_space_is_refused(seen):
    with pytest.raises((ValueError, TypeError, KeyError)):
        numbers(TWO, seen)


@pytest.mark.parametrize("others", [{}, {"more": Discrete(2)}], ids=["one part", "two parts"])
def test_a_mask_beside_the_observation_is_taken_out_of_it(others):
    mask = np.array([1, 0, 1], np.int8)
    space = Dict({"observation": TWO, "action_mask": Box(0, 1, (3,), np.int8), **others})
    seen = {"observation": np.float32([0.5, 1]), "action_mask": mask, "more": 1}
    assert numbers(space, seen) == ([0, 1, 0.5, 1] if others else [0.5, 1])
    assert Sight(space).mask(seen, {}) is mask


def test_a_mask_in_the_infos_is_found_if_there_is_one():
    sight = Sight(TWO)
    assert sight.mask(np.zeros(2), {"action_mask": [1, 0]}) == [1, 0]
    assert sight.mask(np.zeros(2), {}) is sight.mask(np.zeros(2), None) is None
    (part,) = sight.mask_parts(np.zeros(2), {"action_mask": [1, 0]})
    assert part.tolist() == [1, 0]
    assert len(sight.mask_parts(np.zeros(2), {"action_mask": ([1, 0], [1])})) == 2


# ---- what is chosen


@pytest.mark.parametrize(
    ("space", "chosen", "action"),
    [
        (Discrete(3), 2, 2),
        (Discrete(3, start=5), 0, 5),
        (Discrete(3, start=-1), 0, -1),
        (MultiDiscrete([2, 3]), [1, 2], [1, 2]),
        (MultiDiscrete([2, 3], start=[4, 5]), [1, 2], [5, 7]),
        (MultiBinary(3), [1, 0, 1], [1, 0, 1]),
    ],
)
def test_choices_become_actions_of_the_world(space, chosen, action):
    made = Choice(space).action(np.array(chosen))
    assert np.array_equal(made, action)
    assert space.contains(made)


def test_several_choices_are_heads_side_by_side():
    assert (Choice(MultiDiscrete([2, 5])).heads, Choice(MultiDiscrete([2, 5])).size) == ((2, 5), 7)
    assert (Choice(MultiBinary(3)).heads, Choice(MultiBinary(3)).size) == ((2, 2, 2), 6)


def test_real_numbers_are_chosen_in_units_of_the_space_and_cut_off_at_its_ends():
    space = Box(np.float32([-2, 0, -np.inf]), np.float32([2, 10, np.inf]))
    choice = Choice(space)
    for chosen, action in (([0, 0, 0], [0, 5, 0]), ([-1, 1, 3], [-2, 10, 3]), ([9, -9, -99], [2, 0, -99])):
        made = choice.action(np.float32(chosen))
        assert made.tolist() == pytest.approx(action)
        assert made.dtype == np.float32
        assert space.contains(made)


@pytest.mark.parametrize("shape", [(1,), (2, 3)])
def test_real_numbers_get_the_shape_of_the_space(shape):
    space = Box(-3, 3, shape, np.float64)
    made = Choice(space).action(np.linspace(-2, 2, int(np.prod(shape)), dtype=np.float32))
    assert space.contains(made)
    assert Choice(space).size == np.prod(shape)


@pytest.mark.parametrize("space", [Text(3), Box(0, 9, (2,), np.int64), MultiDiscrete([[2, 3]]), MultiBinary((2, 2))])
def test_other_actions_are_refused(space):
    with pytest.raises(ValueError, match=r"^Actions must be Discrete, MultiDiscrete, MultiBinary .* Got "):
        Choice(space)


# ---- where everything stands in a row


def test_a_row_is_what_is_seen_the_number_the_kind_and_the_mask():
    spaces = [(TWO, Discrete(2)), (Box(-1, 1, (3,), np.float32), Discrete(3))]
    layout = Layout(spaces, agent_id=True, own_networks=True)
    rows = layout.blank.copy()
    layout.write(0, np.float32([0.5, 1]), {}, rows[0])
    layout.write(1, np.float32([0.1, 0.2, 0.3]), {"action_mask": [0, 1, 1]}, rows[1])
    assert rows[0].tolist() == pytest.approx([0.5, 1, 0, *(1, 0), *(1, 0), *(1, 1, 0)])
    assert rows[1].tolist() == pytest.approx([0.1, 0.2, 0.3, *(0, 1), *(0, 1), *(0, 1, 1)])
    assert layout.legal(rows).tolist() == [[True, True, False], [False, True, True]]
    assert (layout.num_kinds, layout.kinds_seen, layout.num_actions, layout.kind) == (2, 2, 3, ActionKind(masked=True))
    padded = Layout(spaces, agent_id=False)
    assert (padded.blank.shape, padded.num_kinds, padded.kinds_seen) == ((2, 6), 1, 2)


def test_agents_alike_need_neither_kind_nor_mask():
    layout = Layout([(TWO, Discrete(2))] * 3, agent_id=False, own_networks=True)
    assert (layout.blank.shape, layout.num_kinds, layout.kind) == ((3, 2), 1, ONE_CHOICE)


def test_other_bounds_are_no_other_kind():
    spaces = [(TWO, Discrete(2)), (Box(-5, 5, (2,), np.float32), Discrete(2, start=3))]
    layout = Layout(spaces, agent_id=False)
    assert (layout.kinds_seen, layout.kind) == (1, ONE_CHOICE)
    assert [choice.action(np.array(1)) for choice in layout.choices] == [1, 4]


@pytest.mark.parametrize(
    "choices",
    [
        [Discrete(2), Box(-1, 1, (2,))],
        [Discrete(2), MultiDiscrete([2])],
        [MultiDiscrete([2, 3]), MultiDiscrete([3, 2])],
        [Box(-1, 1, (2,)), Box(-1, 1, (3,))],
    ],
)
def test_what_cannot_be_padded_is_refused(choices):
    with pytest.raises(
        ValueError, match=r"^Agents of one team may differ in how many actions they choose from, no more"
    ):
        Layout([(TWO, choice) for choice in choices], agent_id=True)


def test_real_numbers_cannot_be_masked():
    with pytest.raises(ValueError, match=r"^Real-valued actions cannot be masked"):
        Layout([(TWO, Box(-1, 1, (2,)))], agent_id=False, masked=True)


@pytest.mark.parametrize("mask", [(np.array([0, 1]), np.array([1, 0, 1])), np.array([0, 1, 1, 0, 1])])
def test_masks_of_several_choices_stand_side_by_side(mask):
    layout = Layout([(TWO, MultiDiscrete([2, 3]))], agent_id=False, masked=True)
    rows = layout.blank.copy()
    layout.write(0, np.zeros(2), {"action_mask": mask}, rows[0])
    assert rows[0].tolist() == [0, 0, 0, 1, 1, 0, 1]
    assert layout.can_act(rows).tolist() == [True]


def test_who_has_nothing_legal_in_one_choice_cannot_act():
    layout = Layout([(TWO, MultiDiscrete([2, 3]))] * 3, agent_id=False, masked=True)
    rows = np.concatenate([np.zeros((3, 2)), [[0, 1, 0, 0, 0], [0, 0, 1, 1, 1], [1, 0, 0, 0, 1]]], axis=1)
    assert layout.can_act(rows).tolist() == [False, False, True]


def test_without_a_mask_everything_is_legal():
    layout = Layout([(TWO, Discrete(3))], agent_id=False, masked=True)
    rows = layout.blank.copy()
    layout.write(0, np.zeros(2), {}, rows[0])
    assert layout.legal(rows).all()


@pytest.mark.parametrize("mask", [[1, 0], [1, 0, 1, 1], "legal"])
def test_a_mask_of_another_length_is_refused(mask):
    layout = Layout([(TWO, Discrete(3))], agent_id=False, masked=True)
    with pytest.raises((ValueError, TypeError)):
        layout.write(0, np.zeros(2), {"action_mask": mask}, layout.blank[0].copy())


def test_agents_who_differ_are_padded_through_the_adapter():
    class Different(worlds.Good):
        def observation_space(self, agent):
            return TWO if agent == "a" else Box(-1, 1, (3,), np.float32)

        def action_space(self, agent):
            return Discrete(2 if agent == "a" else 4)

        def see_as(self, agent):
            return self.rng.uniform(-1, 1, self.observation_space(agent).shape).astype(np.float32)

    with pytest.raises(ValueError, match=r"^Agents that see or choose differently ask for your choice"):
        PettingZooTeam(Different)
    padded = PettingZooTeam(Different, different_agents="padded")
    padded.reset(0)
    assert (padded.obs_size, padded.num_actions, padded.num_kinds) == (3 + 2 + 4, 4, 1)
    assert padded.obs[0, 0, 2] == 0
    assert padded.obs[0, :, 5:].tolist() == [[1, 1, 0, 0], [1, 1, 1, 1]]
    with pytest.raises(ValueError, match=r"^actions must be legal: .* Got 2 of agent 'a' \(good_v0, copy 0\)"):
        padded.step(np.array([[2, 0]]))
    padded.step(np.array([[1, 3]]))
    own = PettingZooTeam(Different, different_agents="own_networks")
    assert (own.obs_size, own.num_kinds) == (3 + 2 + 2 + 4, 2)
    with pytest.raises(ValueError, match=r"^different_agents must be None, 'padded' or 'own_networks'. Got 'both'"):
        PettingZooTeam(Different, different_agents="both")


def test_a_mask_that_is_told_no_more_holds_no_more():
    """Who tells one only where something is forbidden means everything where it tells none."""
    layout = Layout([(Box(-1, 1, (1,), np.float32), Discrete(3))], agent_id=False, masked=True)
    row = layout.blank[0].copy()
    layout.write(0, np.zeros(1, np.float32), {"action_mask": np.array([1, 0, 0], np.int8)}, row)
    assert row[-3:].tolist() == [1, 0, 0]
    layout.write(0, np.zeros(1, np.float32), {}, row)
    assert row[-3:].tolist() == [1, 1, 1]
    with pytest.raises(ValueError, match="a mask of 1 for 3 actions"):
        layout.write(0, np.zeros(1, np.float32), {"action_mask": np.array([1])}, row)


ENDS = [
    Box(0, np.inf, (2,), np.float32),
    Box(-np.inf, np.float32(0.3), (2,), np.float32),
    Box(np.finfo(np.float32).min, np.finfo(np.float32).max, (2,), np.float32),
    Box(np.finfo(float).min, np.finfo(float).max, (2,), float),
    Box(np.float32(-1), np.float32(0.7), (2,), np.float32),
    Box(-0.1, 0.3, (2,), np.float64),
]


@pytest.mark.parametrize("space", ENDS, ids=str)
def test_what_is_chosen_is_in_the_space_whatever_its_ends(space):
    choice = Choice(space)
    for units in (-1e9, -1.0, -0.3, 0.0, 0.999, 1.0, 7.5):
        assert space.contains(choice.action(np.full(2, units, np.float32)))


def test_random_ends_are_never_left_by_rounding():
    rng = np.random.default_rng(0)
    for dtype in (np.float32, np.float64):
        for _ in range(300):
            low, wide = rng.normal(0, 3), rng.exponential(2)
            space = Box(low, low + wide, (1,), dtype)
            assert all(space.contains(Choice(space).action(np.array([end], np.float32))) for end in (-1, 1))

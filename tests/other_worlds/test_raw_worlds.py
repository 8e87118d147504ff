import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple

from ppo_lessons.other_worlds.raw_worlds import RawGymnasium, RawParallel, draw, of_reward, of_seen
from tests.other_worlds import broken_worlds as worlds

TWO = Box(-1, 1, (2,), np.float32)
WITH_MASK = Dict({"observation": TWO, "action_mask": Box(0, 1, (4,), np.int8)})


def drawn(space, choices, seen, info, times=300):
    rng = np.random.default_rng(0)
    return [draw(space, choices, seen, info, rng) for _ in range(times)]


# ---- drawing


@pytest.mark.parametrize("first", [0, 5])
def test_only_legal_actions_are_drawn_and_all_of_them(first):
    seen = {"observation": np.zeros(2, np.float32), "action_mask": np.array([0, 1, 0, 1], np.int8)}
    assert set(drawn(WITH_MASK, Discrete(4, start=first), seen, {})) == {first + 1, first + 3}
    seen, info = np.zeros(2, np.float32), {"action_mask": [True, False, False, True]}
    assert set(drawn(TWO, Discrete(4, start=first), seen, info)) == {first, first + 3}
    assert len(set(drawn(TWO, Discrete(4, start=first), seen, {}))) == 4


@pytest.mark.parametrize(
    "mask",
    [(np.array([0, 1], np.int8), np.array([1, 0, 1], np.int8)), np.array([0, 1, 1, 0, 1])],
    ids=["one for each choice", "one after the other"],
)
def test_of_several_choices_each_has_its_own_mask(mask):
    actions = drawn(TWO, MultiDiscrete([2, 3]), np.zeros(2, np.float32), {"action_mask": mask})
    assert {tuple(map(int, action)) for action in actions} == {(1, 0), (1, 2)}


def test_of_switches_each_has_a_flag_for_off_and_one_for_on():
    actions = drawn(TWO, MultiBinary(3), np.zeros(2, np.float32), {"action_mask": [1, 0, 1, 1, 0, 1]})
    assert {tuple(map(int, action)) for action in actions} == {(0, 0, 1), (0, 1, 1)}
    assert all(MultiBinary(3).contains(action) for action in actions)


@pytest.mark.parametrize("mask", [[[0], [1], [0], [1]], [0, 1, -1, 1], [0, 0.5, 0, 0.5], (0, 1, 0, 1)])
def test_what_the_adapters_take_for_legal_is_drawn(mask):
    """What is said of such a mask is one thing; a world that looks does not get a second fault."""
    assert set(drawn(TWO, Discrete(4), np.zeros(2, np.float32), {"action_mask": mask})) == {1, 3}


UNEVEN, OF_A_GRAPH = [[1, 0], [1]], torch.ones(4, requires_grad=True) * 1


@pytest.mark.parametrize("mask", [[1, 1], [1] * 5, np.zeros(0), UNEVEN, OF_A_GRAPH, "no", np.zeros(4)])
def test_a_mask_that_does_not_fit_is_left_alone(mask):
    assert len(set(drawn(TWO, Discrete(4), np.zeros(2), {"action_mask": mask}))) == 4


@pytest.mark.parametrize("seen", [None, {}, {"observation": 3}, 7, np.zeros(2), [1, 2]])
def test_what_is_no_observation_breaks_no_draw(seen):
    assert len(set(drawn(WITH_MASK, Discrete(4), seen, None))) == 4


def test_the_same_chance_draws_the_same():
    for choices in (Discrete(9), Box(-1, 1, (3,)), MultiBinary(4)):
        one, other = (np.stack(drawn(TWO, choices, np.zeros(2), {}, 20)) for _ in range(2))
        assert np.array_equal(one, other)
        assert len(np.unique(one)) > 1


# ---- looking


def rules(space, seen, *, choices=None, info=None, goes_on=True):
    return [finding.rule.split(" ")[0:4] for finding in of_seen(space, choices or Discrete(4), seen, info, goes_on)]


@pytest.mark.parametrize(
    ("space", "seen"),
    [
        (TWO, np.float32([1, -1])),
        (Discrete(5000), 4321),
        (Discrete(5000), np.int64(4321)),
        (Box(0, 255, (2, 2), np.uint8), np.full((2, 2), 255, np.uint8)),
        (Tuple([Discrete(3), TWO]), (2, np.zeros(2, np.float32))),
        (MultiDiscrete([4000, 2]), np.array([3999, 1])),
        (Box(-np.inf, np.inf, (1,)), np.float32([999])),
        (TWO, [0.5, 1]),
        (TWO, torch.zeros(2)),
        (Tuple([Discrete(3), TWO]), [2, np.zeros(2, np.float32)]),
        (Dict(x=TWO, y=Discrete(3)), {"x": torch.zeros(2), "y": torch.tensor(2)}),
    ],
)
def test_what_is_small_to_the_network_is_not_blamed(space, seen):
    """A choice out of many becomes zeros and a one, and bytes are scaled."""
    assert rules(space, seen) == []


@pytest.mark.parametrize("wrap", [lambda part: part, lambda part: {"x": part}, lambda part: (part, part)])
def test_large_numbers_and_nan_are_found_wherever_they_are(wrap):
    part = Box(-np.inf, np.inf, (2,), np.float32)
    space = Dict({"x": part}) if isinstance(wrap(0), dict) else Tuple([part, part]) if wrap(0) != 0 else part
    assert rules(space, wrap(np.float32([1, 2]))) == []
    assert rules(space, wrap(np.float32([1, -1001]))) == [["observations", "should", "be", "of"]]
    assert rules(space, wrap(np.float32([1, np.nan]))) == [["An", "observation", "must", "be"]]
    (finding,) = of_seen(space, Discrete(4), wrap(np.float32([-np.inf, 2])), None, True, "x")
    assert (finding.got, finding.agent) == ("-inf", "x")


def test_a_mask_counts_only_as_long_as_its_agent_goes_on():
    nothing = {"action_mask": np.zeros(4, np.int8)}
    assert rules(TWO, np.zeros(2, np.float32), info=nothing) == [["An", "action", "mask", "must"]]
    assert rules(TWO, np.zeros(2, np.float32), info=nothing, goes_on=False) == []
    one_head = {"action_mask": (np.ones(2, np.int8), np.zeros(2, np.int8))}
    assert len(rules(TWO, np.zeros(2, np.float32), choices=MultiDiscrete([2, 2]), info=one_head)) == 1


@pytest.mark.parametrize(
    ("reward", "found"),
    [
        (1, None),
        (-1000.0, None),
        (np.float32(2), None),
        (True, None),
        (1001, "rewards should be of the size of 1"),
        (-1e9, "rewards should be of the size of 1"),
        (np.nan, "A reward must be finite"),
        (-np.inf, "A reward must be finite"),
        ("1", None),
        (None, None),
        (np.ones(2), None),
        (np.array(np.nan), "A reward must be finite"),
        (torch.tensor(2000.0), "rewards should be of the size of 1"),
        (torch.tensor(np.inf), "A reward must be finite"),
        (torch.tensor(2000.0, requires_grad=True), None),
    ],
)
def test_rewards_are_weighed(reward, found):
    """What is no number at all is another promise's."""
    (rule,) = [finding.rule for finding in of_reward(reward)] or [None]
    assert rule is None if found is None else rule.startswith(found)


# ---- playing


def test_a_team_is_asked_for_those_who_act():
    world, rng = RawParallel(worlds.Good()), np.random.default_rng(0)
    assert world.reset(0) is None
    lives = []
    while not world.over:
        assert list(world.findings()) == []
        if world.over:
            break
        actions = world.actions(rng)
        lives.append(list(actions))
        assert world.step(actions) is None
    assert lives == [["a", "b"]] * 4 + [["a"]] * 2
    assert world.can_go_on


@pytest.mark.parametrize("cut", [{"truncated": 5}, {"terminated": 2}])
def test_one_alone_is_over_with_either_flag(cut):
    class Short(worlds.GoodAlone):
        def falls(self):
            return self.time == cut.get("terminated")

    world, rng = RawGymnasium(Short()), np.random.default_rng(0)
    world.reset(0)
    list(world.findings())
    while not world.over:
        world.step(world.actions(rng))
        assert list(world.findings()) == []
    assert world.env.time == next(iter(cut.values()))
    world.reset(None)
    list(world.findings())
    assert not world.over


@pytest.mark.parametrize(("name", "raw"), [("Raises", RawParallel), ("RaisesAlone", RawGymnasium)])
def test_what_a_world_raises_is_returned(name, raw):
    world, rng = raw(getattr(worlds, name)()), np.random.default_rng(0)
    assert world.reset(0) is None
    for _ in range(3):
        list(world.findings())
        assert world.step(world.actions(rng)) is None
    list(world.findings())
    finding = world.step(world.actions(rng))
    assert finding.got == "ZeroDivisionError: division by zero"


def test_an_interrupt_is_no_fault_of_the_world():
    class Stopped(worlds.GoodAlone):
        def reset(self, *, seed=None, options=None):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        RawGymnasium(Stopped()).reset(0)


@pytest.mark.parametrize(
    ("name", "raw"), [("BareReset", RawParallel), ("BareResetAlone", RawGymnasium)], ids=["team", "alone"]
)
def test_what_cannot_be_read_ends_the_game(name, raw):
    world = raw(getattr(worlds, name)())
    world.reset(0)
    assert len(list(world.findings())) == 1
    assert not world.can_go_on


def test_infos_are_not_compared_as_they_may_hold_anything():
    world = RawGymnasium(gymnasium.make("CartPole-v1"))
    world.reset(0)
    assert len(world.told()) == 1
    list(world.findings())
    world.step(0)
    assert len(world.told()) == 4
    world.close()


def test_lists_are_told_like_tuples():
    """Without the infos too."""

    class Lists(worlds.GoodAlone):
        def reset(self, *, seed=None, options=None):
            return list(super().reset(seed=seed))

        def step(self, action):
            return list(super().step(action))

    world = RawGymnasium(Lists())
    world.reset(0)
    assert list(world.findings()) == [] and len(world.told()) == 1
    world.step(0)
    assert list(world.findings()) == [] and len(world.told()) == 4


def test_what_was_told_stays_as_it_was():
    world = RawParallel(worlds.SameArray())
    world.reset(0)
    told, array = world.told(), world.outcome[0]["a"]
    before = told[0]["a"].copy()
    array += 1
    assert np.array_equal(told[0]["a"], before) and not np.array_equal(array, before)


@pytest.mark.parametrize("flag", [True, 1, np.bool_(True), torch.tensor(True), 2])
@pytest.mark.parametrize("which", ["terminated", "truncated"])
def test_any_flag_that_says_yes_ends_the_episode(flag, which):
    class Ends(worlds.GoodAlone):
        def step(self, action):
            seen, reward, *_ = super().step(action)
            return seen, reward, *((flag, False) if which == "terminated" else (False, flag)), {}

    world = RawGymnasium(Ends())
    world.reset(0)
    list(world.findings())
    world.step(0)
    assert len(list(world.findings())) == (flag is not True and flag == 2) and world.over

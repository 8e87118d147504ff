"""Masks as they come: what the check reads of them is what the adapters read."""

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete

from ppo_lessons.other_worlds.masks import flags_of, mask_as_it_came, of_mask, sizes_of
from ppo_lessons.other_worlds.spaces import Layout, Sight

TWO = Box(-1, 1, (2,), np.float32)
WITH_MASK = Dict({"observation": TWO, "action_mask": Box(0, 1, (4,), np.int8)})


@pytest.mark.parametrize(
    ("choices", "sizes"),
    [
        (Discrete(4), [4]),
        (Discrete(4, start=3), [4]),
        (MultiDiscrete([2, 3]), [2, 3]),
        (MultiBinary(3), [2, 2, 2]),
        (Box(-1, 1, (3,)), []),
    ],
)
def test_each_choice_has_so_many_flags(choices, sizes):
    assert sizes_of(choices) == sizes


@pytest.mark.parametrize(
    ("mask", "flags"),
    [
        ([1, 0, 0, 1, 1], [[1, 0], [0, 1, 1]]),
        (np.array([[1], [0], [0], [1], [1]]), [[1, 0], [0, 1, 1]]),
        (([1, 0], [0, 1, 1]), [[1, 0], [0, 1, 1]]),
        ((1, 0, 0, 1, 1), [[1, 0], [0, 1, 1]]),
        (torch.tensor([True, False, False, True, True]), [[1, 0], [0, 1, 1]]),
        ([1, -1, 0.5, 2, 0], [[1, -1], [0.5, 2, 0]]),
    ],
    ids=["list", "column", "a tuple of two", "a tuple of flags", "tensor", "other numbers"],
)
def test_flags_are_read_in_any_shape_as_the_adapters_read_them(mask, flags):
    assert [part.tolist() for part in flags_of(mask, [2, 3])] == flags
    layout = Layout([(TWO, MultiDiscrete([2, 3]))], agent_id=False, masked=True)
    row = layout.blank[0].copy()
    layout.write(0, np.zeros(2, np.float32), {"action_mask": mask}, row)
    assert row[2:].tolist() == [*flags[0], *flags[1]]


NO_FLAGS = {
    "too few": [1, 0, 1, 1],
    "too many": [1] * 6,
    "one": 1,
    "none": [],
    "uneven lists": [[1, 0], [0, 0, 1]],
    "parts the wrong way round": ([0, 1, 1], [1, 0]),
    "no parts": (),
    "a tensor of a graph": torch.ones(5, requires_grad=True) * 1,
    "texts": ["1", "0", "0", "1", "1"],
    "a dictionary": {"a": 1},
    "anything": object(),
}


@pytest.mark.parametrize("name", NO_FLAGS)
def test_what_is_no_mask_has_no_flags(name):
    mask = NO_FLAGS[name]
    assert flags_of(mask, [2, 3]) is None
    assert of_mask(TWO, MultiDiscrete([2, 3]), mask, True).rule.startswith(
        "An action_mask must be 0 or 1 for each action"
    )


def test_real_numbers_have_no_flags():
    assert flags_of([], []) is None and flags_of([1, 1], []) is None
    finding = of_mask(TWO, Box(-1, 1, (2,)), [1, 1], True, "a")
    assert (finding.rule, finding.agent) == ("Real-valued actions cannot be masked", "a")
    with pytest.raises(ValueError, match=f"^{finding.rule}. Got {finding.got}$"):
        Layout([(TWO, Box(-1, 1, (2,)))], agent_id=False, masked=True)


@pytest.mark.parametrize("seen", [None, 3, np.zeros(2), [], {"observation": np.zeros(2)}, torch.zeros(2)])
@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence:UserWarning")  # of torch: a tensor for a dictionary
def test_an_observation_that_is_none_has_no_mask(seen):
    assert mask_as_it_came(Sight(WITH_MASK), seen, {"action_mask": [1, 1, 1, 1]}) is None


def test_a_mask_comes_with_the_observation_or_in_the_infos():
    seen = {"observation": np.zeros(2, np.float32), "action_mask": [1, 0, 0, 1]}
    assert mask_as_it_came(Sight(WITH_MASK), seen, None) == [1, 0, 0, 1]
    assert mask_as_it_came(Sight(TWO), np.zeros(2), {"action_mask": [1, 0]}) == [1, 0]
    assert [mask_as_it_came(Sight(TWO), np.zeros(2), info) for info in ({}, None, 3)] == [None] * 3


@pytest.mark.parametrize(
    ("mask", "goes_on", "rule"),
    [
        ([1, 0, 1, 0], True, None),
        ([True, False, False, False], True, None),
        ([0, 0, 0, 0], True, "An action mask must leave an agent that goes on at least one action"),
        ([0, 0, 0, 0], False, None),
        ([1, 0, -1, 0], False, "An action_mask must be 0 or 1 for each action, of length [4]"),
        ([1, 0, 0.5, 0], True, "An action_mask must be 0 or 1 for each action, of length [4]"),
        ([1, 0, np.nan, 0], True, "An action_mask must be 0 or 1 for each action, of length [4]"),
        ([1, 0, 1], True, "An action_mask must be 0 or 1 for each action, of length [4]"),
    ],
)
def test_a_mask_is_0_or_1_and_leaves_something(mask, goes_on, rule):
    finding = of_mask(TWO, Discrete(4), mask, goes_on)
    assert (finding and finding.rule) == rule


def test_each_of_several_choices_is_left_something():
    assert of_mask(TWO, MultiBinary(2), [1, 1, 0, 0], True).got == "a mask of zeros only"
    assert of_mask(TWO, MultiBinary(2), [1, 1, 0, 1], True) is None

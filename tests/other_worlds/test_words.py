import copy
import enum

import numpy as np
import pytest
import torch

from ppo_lessons.other_worlds import words
from ppo_lessons.other_worlds.words import same


class Unreadable:
    """Raises whatever it is asked."""

    __hash__ = None

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no array")

    def __eq__(self, other):
        raise RuntimeError("not to be compared")

    def __bool__(self):
        raise RuntimeError("neither")


GRAPH = torch.ones(2, requires_grad=True) * 1
ANYTHING = [None, "no", 2, 10**20, 1j, [1, [2]], {}, {1}, (), object(), Unreadable(), np.zeros(0), GRAPH, GRAPH.sum()]
ANYTHING += [torch.zeros((), dtype=torch.bfloat16), torch.zeros(3).to_sparse(), np.array(None, object), lambda: 0]


@pytest.mark.parametrize("value", ANYTHING, ids=lambda value: type(value).__name__)
def test_nothing_is_raised_whatever_it_is(value):
    """As it is, and as a part of something."""
    for each in (value, [value], (value, value), {"a": value}):
        assert isinstance(words.in_words(each), str) and isinstance(words.in_numbers(each), str)
        assert isinstance(words.short(each), str)
        for says in (words.is_number, words.is_flag, words.is_set, words.is_attached, words.is_listing, words.is_name):
            assert says(each) in (True, False)
        assert isinstance(words.listed(each), list) and isinstance(words.names(each), set)
        words.as_array(each), words.with_arrays(each)
        assert same(words.snapshot(each), words.snapshot(each))
        assert words.snapshot(each) is not None or each is None


@pytest.mark.parametrize(
    ("value", "said"),
    [
        (np.float32([1, 3]), "an array of float32, shape (2,), 1 to 3"),
        (np.zeros((0, 2)), "an array of float64, shape (0, 2)"),
        (np.array(["x"]), "an array of <U1, shape (1,)"),
        (torch.zeros(2), "a tensor of float32, shape (2,)"),
        (GRAPH, "a tensor of float32, shape (2,), with requires_grad"),
        (torch.zeros(2, device="meta"), "a tensor of float32, shape (2,), on meta"),
        ((1, "x"), "a tuple of 2: int, str"),
        ([1.0] * 200, "a list of 200: float, float, float, float, float, ..."),
        (None, "None"),
        (np.int64(2), "2"),
        (np.bool_(True), "True"),
        ("1.0", "'1.0'"),
        ("x" * 500, "'" + "x" * 85 + " ..."),
        (10**5000, "a very large int"),
        ({"a": 1}, "a dict"),
        (object(), "an object"),
    ],
    ids=lambda value: type(value).__name__,
)
def test_what_was_got_is_said_shortly(value, said):
    assert words.in_words(value) == said


def test_a_list_of_numbers_is_said_as_an_array():
    assert words.in_numbers([1, -1, 0]) == "an array of int64, shape (3,), -1 to 1"
    assert words.in_numbers([[1, 0], [1]]) == "a list of 2: list, list"
    assert words.in_numbers(["1"]) == "a list of 1: str"


class Light(enum.IntEnum):
    OFF, ON = 0, 1


@pytest.mark.parametrize(
    ("value", "number", "flag", "says_yes"),
    [
        (True, True, True, True),
        (False, True, True, False),
        (np.bool_(True), True, True, True),
        (np.array(False), True, True, False),
        (torch.tensor(True), True, True, True),
        (torch.tensor(False), True, True, False),
        (1, True, True, True),
        (np.uint8(0), True, True, False),
        (Light.ON, True, True, True),
        (2, True, False, True),
        (-1, True, False, True),
        (np.int64(2), True, False, True),
        (0.5, True, False, True),
        (0.0, True, False, False),
        (1.0, True, False, True),
        (float("nan"), True, False, True),
        (np.float16(1), True, False, True),
        (torch.tensor(0.5), True, False, True),
        (10**20, False, False, False),
        ("1.0", False, False, False),
        (None, False, False, False),
        (1j, False, False, False),
        ([0.5], False, False, False),
        (np.array([True]), False, False, False),
        (GRAPH.sum(), False, False, False),
    ],
)
def test_numbers_and_flags_are_told_by_what_they_are(value, number, flag, says_yes):
    assert (words.is_number(value), words.is_flag(value), words.is_set(value)) == (number, flag, says_yes)


@pytest.mark.parametrize(
    ("array", "flags"),
    [([True, False], True), ([0, 1], True), ([0, 2], False), ([1.0, 0.0], False), ([-1], False), (["1"], False)],
)
def test_arrays_of_flags(array, flags):
    assert words.are_flags(np.array(array)) is flags


@pytest.mark.parametrize(
    ("agents", "who"),
    [
        (["a", "b"], ["a", "b"]),
        (("a", 1), ["a", 1]),
        ({"a": 0, "b": 1}, ["a", "b"]),
        ({"a": 0}.keys(), ["a"]),
        ("ab", []),
        (None, []),
        (2, []),
        (np.array(["a"]), []),
        ((name for name in "ab"), []),
    ],
)
def test_who_is_listed(agents, who):
    assert words.listed(agents) == who
    assert words.is_listing(agents) == bool(who)


def test_who_cannot_be_a_key_is_no_name():
    assert words.names(["a", ["b"], 1, np.zeros(1)]) == {"a", 1}


def test_what_numpy_cannot_read_is_found_wherever_it_is():
    for wrap in (lambda part: part, lambda part: {"x": part}, lambda part: [0, (part,)]):
        assert words.is_attached(wrap(GRAPH)) and not words.is_attached(wrap(GRAPH.detach()))
    assert words.is_attached(torch.zeros(2, device="meta"))


def test_tensors_become_arrays_wherever_they_are():
    read = words.with_arrays({"x": torch.ones(2), "y": [torch.tensor(3), 4], "z": (GRAPH, "text")})
    assert isinstance(read["x"], np.ndarray) and read["x"].dtype == np.float32
    assert read["y"] == [np.array(3), 4] and isinstance(read["y"], list)
    assert read["z"][0] is GRAPH and isinstance(read["z"], tuple)


def test_a_snapshot_stays_as_it_was():
    array, tensor = np.zeros(2), torch.zeros(2)
    seen = {"array": array, "parts": [tensor, (1, GRAPH)], "name": "x", "other": Unreadable()}
    before = words.snapshot(seen)
    again = copy.deepcopy(before)
    assert same(before, words.snapshot(seen))
    array += 1
    assert same(before, again) and not same(before, words.snapshot(seen))
    array -= 1
    tensor += 1
    assert same(before, again) and not same(before, words.snapshot(seen))


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ({"a": np.array([1, np.nan])}, {"a": np.array([1, np.nan])}, True),
        ({"a": np.array([1.0])}, {"a": np.array([2.0])}, False),
        ({"a": 1}, {"b": 1}, False),
        ((1, "x"), (1, "x"), True),
        ((1, "x"), (1, "y"), False),
        ((1, 2), (1, 2, 3), False),
        ((1, 2), [1, 2], True),
        ((1, 2), 3, False),
        (3, (1, 2), False),
        ((1,), None, False),
        ({"a": 1}, 1, False),
        ([np.zeros(2), [np.ones(3)]], (np.zeros(2), (np.ones(3),)), True),
        (None, None, True),
        (None, 0, False),
    ],
)
def test_what_is_told_is_compared_part_by_part(one, other, alike):
    assert same(one, other) is alike

"""Values as text, there and back; and what is no such text."""

import json

import numpy as np
import pytest
import torch

from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.diagnosis.attempt import attempt
from ppo_lessons.classroom.diagnosis.conditions import known_conditions
from ppo_lessons.lessons import EXERCISES
from ppo_lessons.teaching.grading.encoding import MOST, Other, as_json, decode, encode


def there_and_back(value):
    return decode(json.loads(as_json(encode(value))))


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, 0, -3, 10**20, 0.1, float("inf"), "ä", [], [1, [2.5, "x"]], {"a": [1], "b": {}}, {1: 2},
        torch.tensor([1.0, float("nan"), -0.0]), torch.tensor(3), torch.zeros(0, 3), torch.tensor([True, False]),
        torch.arange(6, dtype=torch.float64).reshape(2, 3).T, torch.tensor([1.5], dtype=torch.bfloat16),
        np.array([[1, 2], [3, 4]])[:, ::-1], np.array([True]), np.zeros((0, 2), np.float32), np.float32(0.1),
        np.int64(-1), np.bool_(True),
    ],
)  # fmt: skip
def test_there_and_back(value):
    told = there_and_back(value)
    assert alike(told, value)
    assert alike(value, told)
    for attribute in ("dtype", "shape"):
        assert getattr(told, attribute, None) == getattr(value, attribute, None)


def test_tuples_come_back_as_lists():
    assert there_and_back((1, (2,))) == [1, [2]]


def test_of_what_is_unknown_the_kind_is_told():
    assert there_and_back(object()) == Other("object")
    assert there_and_back(len) == Other("builtin_function_or_method", "len")
    assert there_and_back(object()) != Other("set")
    assert there_and_back([...]) == [Other("ellipsis")]
    assert there_and_back(torch.zeros(MOST)) == Other("Tensor", "large")
    assert there_and_back([torch.zeros(5000)] * 10) == Other("list", "large")
    itself = []
    itself.append(itself)
    assert "list" in str(as_json(encode(itself)))


class Hostile:
    def __getattribute__(self, name):
        raise SystemError


def test_a_hostile_value_is_told_by_its_kind():
    assert there_and_back(Hostile()) == Other("Hostile")


@pytest.mark.parametrize(
    "forged",
    [
        None, 1, "x", [], ["x"], ["plain"], ["plain", []], ["int", "x"], ["tensor", "load", [1], "AAAA"],
        ["tensor", "float32", [10**12], ""], ["tensor", "float32", [7], "AAAAAA=="], ["array", "f4", [2], "AAAA"],
        ["array", "O", [1], "AAAAAAAAAAA="], ["row", 3], ["row", [["x"]]], ["mapping", [[["row", []], ["plain", 1]]]],
        {"a": 1},
    ],
)  # fmt: skip
def test_forged_text_is_refused(forged):
    with pytest.raises(ValueError, match="kinds that are known"):
        decode(forged)


def test_a_deep_forgery_is_refused():
    deep = ["plain", 1]
    for _ in range(100_000):
        deep = ["row", [deep]]
    with pytest.raises(ValueError, match="kinds that are known"):
        decode(deep)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.number)
def test_right_answers_survive_and_mistakes_stay_different(exercise):
    with known_conditions():
        right = [attempt(probe, exercise.function) for probe in exercise.probes]
        told = [there_and_back(outcome) for outcome in right]
        assert alike(told, right)
        for mistake in exercise.mistakes:
            assert not alike([there_and_back(attempt(probe, mistake.wrong)) for probe in exercise.probes], told)

"""The smallest example: a call that can be pasted, what came, and what was expected, told so that they differ."""

import math

import numpy as np
import pytest
import torch

from ppo_lessons.classroom.diagnosis.words import call_text, clipped, code, compared, is_told, kind, shown
from ppo_lessons.lessons import EXERCISES, desk


@pytest.mark.parametrize(
    "value",
    [
        2, 0.5, True, None, "word", 1e-8, 3.0, torch.tensor([1.0, math.nan]), torch.tensor([[True, False]]),
        torch.tensor([1.5], dtype=torch.float64), torch.arange(3), torch.tensor(2.0),
        torch.tensor([1.0, 2.0]).reshape(2, 1, 1), np.array([[1.0, 2.0]]), np.array([True]),
    ],
)  # fmt: skip
def test_a_value_as_code_gives_the_value(value: object):
    text = code(value)
    assert text is not None
    again = eval(text, {"torch": torch, "np": np})
    assert type(again) is type(value)
    if isinstance(value, torch.Tensor):
        assert again.shape == value.shape and again.dtype == value.dtype
        assert torch.equal(again.nan_to_num(7), value.nan_to_num(7))
    elif isinstance(value, np.ndarray):
        assert again.shape == value.shape and np.array_equal(again, value)
    else:
        assert again == value


def test_what_cannot_be_written_in_a_line_is_handed_over_by_its_place():
    assert code(torch.zeros(100)) is None and code(object()) is None
    gae = desk.find("3.3")
    assert gae is not None and call_text(gae, 1) == 'gae(*inputs("3.3", 2))'
    assert all(len(call_text(e, place)) <= 170 for e in EXERCISES for place in range(len(e.probes)))


@pytest.mark.parametrize(
    ("got", "want", "text"),
    [
        (1.25, 1.5, "1.25, expected 1.5"),
        (torch.ones(2), 1.0, "[1., 1.] (float32 tensor of shape (2,)), expected 1 (float)"),
        (torch.tensor(6), 6, "6 (int64 tensor with one number), expected 6 (int)"),
        (1.00001, 1.00002, "1.00001, expected 1.00002"),
        ([1], (1, 2), "[1], expected (1, 2)"),
        (torch.arange(10.0), torch.arange(10.0) + (torch.arange(10) == 3),
         "3 at [3], expected 4 (1 of 10 numbers differ)"),
        (np.bool_(True), False, "True (bool), expected False (bool)"),
    ],
)  # fmt: skip
def test_what_came_and_what_was_expected_are_never_the_same_text(got: object, want: object, text: str):
    assert compared(got, want) == text or got is np.bool_(True)


class Silent:
    """Cannot be shown."""

    def __repr__(self) -> str:
        raise ValueError


def test_whatever_it_is_it_is_shown_on_one_line():
    loop: list = []
    loop.append(loop)
    for value in (
        Silent(),
        loop,
        torch.eye(3).to_sparse(),
        torch.ones(2).bfloat16(),
        "two\nlines",
        np.array([object()]),
    ):
        text = shown(value)
        assert text and "\n" not in text and len(text) <= 100
    assert clipped("word " * 100, 20) == "word word word wo..."
    assert (
        kind(torch.tensor(1.0)) == "float32 tensor with one number"
        and kind(np.zeros(2)) == "float64 array of shape (2,)"
    )


def test_a_difference_in_words_tells_itself():
    assert is_told({"the order": "the same"}, {"the order": "another"})
    assert not is_told({"result": 1.0}, {"result": 2.0})
    assert is_told({"result": 1.0, "argument 1 after the call": 3}, {"result": 1.0})

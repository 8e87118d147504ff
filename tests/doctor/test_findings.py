"""What a fact says, and how numbers are written down."""

import numpy as np
import pytest
import torch

from ppo_lessons.doctor.examination import FACTS
from ppo_lessons.doctor.findings import (
    CONVENTION,
    FAILED,
    NOT_APPLICABLE,
    NOT_ASKED,
    PASSED,
    TOLERANCE,
    VERDICTS,
    Different,
    Unasked,
    Unfit,
    Wrong,
    finding_of,
    given,
    is_close,
    shown,
)

FACT = FACTS[0]


def test_verdicts():
    assert finding_of(FACT, None).verdict == PASSED
    wrong = finding_of(FACT, Wrong("in", "out", "other", "why"))
    assert (wrong.verdict, wrong.given, wrong.got, wrong.right, wrong.text) == (FAILED, "in", "out", "other", "why")
    assert finding_of(FACT, Wrong("in", "out", "other")).text == ""
    for outcome, verdict in ((Different("so"), CONVENTION), (Unfit("so"), NOT_APPLICABLE)):
        finding = finding_of(FACT, outcome)
        assert (finding.verdict, finding.text, finding.got) == (verdict, "so", "")
    unasked = finding_of(FACT, Unasked("in", "TypeError: no", "say so"))
    assert (unasked.verdict, unasked.given, unasked.got, unasked.text) == (NOT_ASKED, "in", "TypeError: no", "say so")
    assert {PASSED, FAILED, NOT_ASKED, CONVENTION, NOT_APPLICABLE} == set(VERDICTS)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (torch.tensor([-9.0, 0.5]), "[-9, 0.5]"),
        (torch.tensor([[1.0, 2.0], [3.0, 4.0]]), "[[1, 2], [3, 4]]"),
        (torch.tensor([[1.0], [2.0]]), "[1, 2]"),
        (torch.tensor([[5.0]]), "[5]"),
        (torch.tensor(0.25), "0.25"),
        (torch.tensor([True, False]), "[True, False]"),
        (torch.tensor([1, 2]), "[1, 2]"),
        (torch.tensor([1.0], requires_grad=True), "[1]"),
        (torch.zeros(0), "[]"),
        (np.array([0.1], np.float32), "[0.1]"),
        (np.bool_(True), "True"),
        (-0.0, "0"),
        (float("nan"), "nan"),
        (1 / 3, "0.33333"),
        (1e6, "1e+06"),
        (7, "7"),
        (True, "True"),
        ([1, 2.5], "[1, 2.5]"),
        (range(3), "[0, 1, 2]"),
        ("text", "text"),
    ],
)
def test_numbers_are_written_down_short(value, text):
    assert shown(value) == text


def test_inputs_are_written_down_with_their_names():
    assert given(rewards=torch.tensor([[1.0], [2.0]]), gamma=0.9) == "rewards [1, 2], gamma 0.9"


def test_close_is_what_float32_can_mean():
    assert is_close(1 / 3, np.float32(1 / 3)) and is_close([1.0, 2.0], torch.tensor([1.0, 2.0], requires_grad=True))
    assert is_close(0.0, TOLERANCE / 2) and not is_close(0.0, 3 * TOLERANCE)
    assert not is_close([1.0], 1.0) and not is_close([[1.0]], [1.0])
    assert not is_close(float("nan"), float("nan"))


@pytest.mark.parametrize("number", [0.5, 1.0, 9.99, 10.0, 123.4, 99999.0])
def test_numbers_that_are_not_close_look_different(number):
    """Otherwise a report said: got 10, right 10."""
    other = number + 1.01 * TOLERANCE * (1 + number)
    assert not is_close(other, number) and shown(other) != shown(number)

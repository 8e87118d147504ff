"""What is said of a wrong answer is true of it: where it is wrong, what it never looks at, what it always is."""

from dataclasses import replace

import pytest
import torch

from ppo_lessons.classroom.diagnosis.attempt import attempt
from ppo_lessons.classroom.diagnosis.traits import only_with, traits
from ppo_lessons.classroom.exercise import Exercise, call_with


def clamped(x, low, flag):
    return torch.where(flag, x, x.clamp(min=low))


X, FLAG = torch.tensor([1.0, -2.0, 3.0, -4.0]), torch.tensor([True, True, False, False])
EXERCISE = Exercise(
    number="0.1",
    node="A",
    function=clamped,
    difficulty=1,
    minutes=1,
    probes=(
        call_with(X, -1.0, FLAG),
        call_with(X.flip(0), 0.5, FLAG),
        call_with(X[:1], 2.0, ~FLAG[:1], special="a single row"),
    ),
    mistakes=(),
    hints=("", "", ""),
)


def said(answer) -> list[str]:
    """All that is said of an answer."""
    got, want = ([attempt(probe, function) for probe in EXERCISE.probes] for function in (answer, clamped))
    return list(traits(EXERCISE, answer, got, want))


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (lambda x, low, flag: torch.where(flag, x, x.clamp(min=-1.0)), "your answer does not depend on low"),
        (lambda x, low, flag: x.clamp(min=low), "right, except in rows where x is below 0 and flag is True"),
        (lambda x, low, flag: 3 * clamped(x, low, flag), "it is 3 times what is asked for, with all inputs"),
        (lambda x, low, flag: 0 * x, "your answer does not depend on x"),
        (lambda x, low, flag: clamped(x, low, flag) + 0.5, "it is 0.5 too large, with all inputs"),
        (
            lambda x, low, flag: clamped(x, low, flag).double(),
            "it returns a float64 tensor of shape (4,), and asked for is a float32 tensor of shape (4,)",
        ),
    ],
)
def test_what_is_true_is_said(answer, text: str):
    assert any(text in each for each in said(answer)), said(answer)


def test_only_special_inputs():
    assert only_with(EXERCISE, [True, True, False]) == "a single row"
    assert only_with(EXERCISE, [True, False, False]) is None
    assert only_with(EXERCISE, [False, True, True]) is None


def test_numbers_that_are_right_without_their_gradient():
    def double(x):
        return 2 * x

    probes = (call_with(X, gradients=(0,)), call_with(X.flip(0), gradients=(0,)))
    exercise = replace(EXERCISE, function=double, probes=probes)
    got, want = ([attempt(probe, each) for probe in probes] for each in (lambda x: (2 * x).detach(), double))
    assert any("no gradient flows back" in each for each in traits(exercise, double, got, want))

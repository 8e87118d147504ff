"""The most telling words that are certain: a known mistake, one change, a repair, two changes, what is true."""

import pytest
import torch

from ppo_lessons.classroom.diagnosis.attempt import attempt
from ppo_lessons.classroom.diagnosis.naming import Explanation, explain
from ppo_lessons.lessons import desk
from tests.classroom.cells import define, typed

SURROGATE = "clipped_surrogate_loss(ratios, advantages, clip_eps)"


def explanation(number: str, signature: str, *lines: str) -> Explanation:
    """What is said of a wrong answer."""
    exercise = desk.find(number)
    assert exercise is not None
    function = typed(define(signature, *lines), exercise.name, {"__name__": "__main__", "torch": torch})
    got, want = ([attempt(probe, each) for probe in exercise.probes] for each in (function, exercise.function))
    found = explain(exercise, function, got, want)
    assert found is not None
    return found


@pytest.mark.parametrize(
    ("lines", "text"),
    [
        (["low, high = 1 - clip_eps, 1 + clip_eps",
          "return -torch.max(ratios * advantages, ratios.clamp(low, high) * advantages).mean()"],
         "It looks like the larger of the two (max for min)."),
        (["low, high = 1 - clip_eps, 1 + clip_eps",
          "return torch.max(ratios * advantages, ratios.clamp(low, high) * advantages).mean()"],
         "It looks like two things at once: max for min, and no minus sign."),
        (["low, high = 1 - clip_eps, 1 + clip_eps",
          "return torch.min(ratios * advantages, ratios.clamp(low, high) * advantages).sum()"],
         "and the sum instead of the mean. Equation 7 is maximised."),
        (["low, high = 1 - clip_eps, 1 + clip_eps",
          "return -torch.min(ratios * advantages, ratios.clamp(low, high) * advantages).median()"],
         "One small change would make it right. Line 3, `median`: look at the name."),
        (["return -(ratios * advantages).mean() / 2"],
         "It looks like two things at once: no clipping at all; and the half"),
    ],
)  # fmt: skip
def test_the_most_telling_words(lines: list[str], text: str):
    assert text in explanation("8.1", SURROGATE, *lines).text


def test_a_mistake_and_something_else_with_special_inputs():
    found = explanation("11.1", "normalise_advantages(advantages)", "return advantages - advantages.mean()")
    assert "It looks like only taking the mean away, and with a single row something else as well." in found.text


def test_right_but_for_special_inputs():
    lines = "if len(advantages) <= 2:", "    return advantages", "centred = advantages - advantages.mean()"
    found = explanation(
        "11.1", "normalise_advantages(advantages)", *lines, "return centred / (advantages.std() + 1e-8)"
    )
    assert found.text == "Right, except with two rows. One small change would make it right. Line 2, " \
        "`len(advantages) <= 2`: look at the comparison."  # fmt: skip


def test_a_repair_that_loops_for_ever_is_left_behind():
    """With one comparison turned this never ends; it is given up after a moment, and the slip is still found."""
    lines = "total, k = 0, 0", "while k < num_rows:", "    total, k = total + 1, k + minibatch_size", "return total"
    found = explanation("6.3", "count_gradient_steps(num_rows, minibatch_size, epochs)", *lines)
    assert found.text

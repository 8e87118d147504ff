"""A change stands before or behind a function; fields of a value can be looked up and replaced."""

from ppo_lessons.buffer import Rows
from ppo_lessons.classroom.diagnosis.change import Change, after, before, changed_value, contents, with_content
from ppo_lessons.config import PPOConfig


def test_before_and_after():
    def function(x, y):
        return x - y

    assert after(lambda result: -result)(function)(5, 3) == -2
    assert before(lambda args: args[::-1])(function)(5, 3) == -2
    assert changed_value(Change("twice", "", after(lambda result: 2 * result)), 4) == 8


def test_fields():
    rows = Rows(1, 2, 3, 4, 5)  # type: ignore[arg-type]
    assert contents(rows)["returns"] == 4 and with_content(rows, "returns", 9).returns == 9
    config = PPOConfig()
    assert contents(config)["clip_eps"] == config.clip_eps
    assert with_content(config, "clip_eps", 0.1).clip_eps == 0.1 and contents(3.0) == {}

"""Steps that keep a record of who asked for them."""

from ppo_lessons.classroom.counted import counted, times
from ppo_lessons.steps import Steps


def test_the_named_steps_are_written_down_in_order_and_do_what_they_did():
    given = Steps(count_gradient_steps=lambda rows, size, epochs: rows * epochs)
    steps, record = counted(given, "should_stop", "count_gradient_steps")
    assert record == [] and steps.gradient_step is given.gradient_step
    assert steps.should_stop(0.1, target_kl=0.01) is True
    assert steps.count_gradient_steps(3, 2, 4) == 12 and steps.should_stop(0.1, None) is False
    assert record == ["should_stop", "count_gradient_steps", "should_stop"]
    assert counted(given, "should_stop")[1] == [], "each has a record of its own"


def test_how_often_in_words():
    assert [times(count) for count in (0, 1, 2, 16)] == ["never", "once", "2 times", "16 times"]

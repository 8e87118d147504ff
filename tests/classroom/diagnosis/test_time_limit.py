"""What takes too long is ended, in a thread of its own, or given up; what is done in time is left alone."""

import time

import pytest

from ppo_lessons.classroom.diagnosis.time_limit import TooSlowError, in_time


def spin() -> None:
    while True:
        try:
            time.perf_counter()
        except Exception:
            pass


def swallow_everything() -> None:
    while True:
        try:
            sum(range(100))
        except:  # noqa: E722
            pass


def test_what_is_given_up_is_left_behind_in_time_with_its_line():
    began = time.monotonic()
    for stuck in (spin, swallow_everything, lambda: time.sleep(60)):
        with pytest.raises(TooSlowError) as caught:
            in_time(stuck, 0.2, __file__)
        assert "line" in caught.value.line
    assert time.monotonic() - began < 20


def test_what_is_done_in_time_is_left_alone():
    assert in_time(lambda: 3, 5.0) == 3
    with pytest.raises(ZeroDivisionError):
        in_time(lambda: 1 / 0, 5.0)
    with pytest.raises(KeyboardInterrupt):
        in_time(lambda: (_ for _ in ()).throw(KeyboardInterrupt), 5.0)


def test_many_that_end_just_at_the_limit_leave_nothing_behind():
    """Whoever is asked to end while it ends: the next one, in a thread of the same number, is not asked."""
    for round_ in range(100):
        try:
            in_time(lambda: time.sleep(0.002), 0.002)
        except TooSlowError:
            pass
        assert in_time(lambda: sum(range(1000)), 5.0) == 499500, round_

"""A loop without end is ended, in every thread, and a block that is done in time is left alone."""

import threading
import time

import pytest

from ppo_lessons.classroom.diagnosis.time_limit import TooSlowError, in_time, time_limit


def spin() -> None:
    while True:
        try:
            time.perf_counter()
        except Exception:
            pass


def test_an_endless_loop_is_ended_though_it_swallows_every_exception():
    with pytest.raises(TooSlowError), time_limit(0.2):
        spin()


def test_what_is_done_in_time_is_left_alone():
    with time_limit(0.2):
        pass
    time.sleep(0.3)


def test_it_holds_in_a_thread_that_is_not_the_main_one():
    ended: list[bool] = []

    def work() -> None:
        with pytest.raises(TooSlowError), time_limit(0.2):
            spin()
        ended.append(True)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join(timeout=10)
    assert ended == [True]


def swallow_everything() -> None:
    while True:
        try:
            sum(range(100))
        except:  # noqa: E722
            pass


def test_a_loop_that_swallows_everything_is_asked_until_it_ends():
    with pytest.raises(TooSlowError), time_limit(0.2):
        swallow_everything()


def test_what_is_given_up_is_left_behind_in_time_with_its_line():
    began = time.monotonic()
    for stuck in (swallow_everything, lambda: time.sleep(60), spin):
        with pytest.raises(TooSlowError) as caught:
            in_time(stuck, 0.2, __file__)
        assert "line" in caught.value.line
    assert time.monotonic() - began < 20
    assert in_time(lambda: 3, 5.0) == 3
    with pytest.raises(ZeroDivisionError):
        in_time(lambda: 1 / 0, 5.0)

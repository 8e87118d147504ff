"""A loop without end is ended, in every thread, and a block that is done in time is left alone."""

import threading
import time

import pytest

from ppo_lessons.classroom.diagnosis.time_limit import TooSlowError, time_limit


def spin() -> None:
    while True:
        try:
            time.sleep(0.001)
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

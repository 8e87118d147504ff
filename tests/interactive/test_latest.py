"""Only the newest request is worked, one at a time."""

import threading

from ppo_lessons.interactive.latest import LatestOnly


def test_of_forty_requests_the_first_and_the_last_are_worked():
    begun, go_on, worked = threading.Event(), threading.Event(), []

    def work(request: int) -> None:
        worked.append(request)
        begun.set()
        assert go_on.wait(30)

    latest = LatestOnly(work)
    latest.ask(0)
    assert begun.wait(30)
    for request in range(1, 40):
        latest.ask(request)
    assert not latest.wait(0.01), "still at work"
    go_on.set()
    assert latest.wait()
    assert worked == [0, 39]


def test_never_two_at_a_time_and_the_last_is_worked():
    alone, clashes, worked = threading.Lock(), [], []

    def work(request: int) -> None:
        if not alone.acquire(blocking=False):
            clashes.append(request)
            return
        worked.append(request)
        sum(range(2000))
        alone.release()

    latest, together = LatestOnly(work), threading.Barrier(4)

    def ask(first: int) -> None:
        together.wait(30)
        for request in range(first, first + 200):
            latest.ask(request)

    for _ in range(3):
        threads = [threading.Thread(target=ask, args=(1000 * i,)) for i in range(3)]
        for thread in threads:
            thread.start()
        together.wait(30)
        for thread in threads:
            thread.join()
        latest.ask("last")
        assert latest.wait()
        assert worked[-1] == "last"
        together.reset()
    assert not clashes


def test_work_hears_that_it_is_overtaken():
    begun, go_on, heard = threading.Event(), threading.Event(), []

    def work(request: int) -> None:
        before = latest.overtaken()
        begun.set()
        assert go_on.wait(30)
        heard.append((request, before, latest.overtaken()))

    latest = LatestOnly(work)
    assert not latest.overtaken()
    latest.ask(0)
    assert begun.wait(30)
    latest.ask(1)
    go_on.set()
    assert latest.wait()
    assert heard == [(0, False, True), (1, False, False)]
    assert not latest.overtaken()


def test_work_may_ask_again_and_a_pause_does_not_end_it():
    worked = []

    def work(request: int) -> None:
        worked.append(request)
        if request % 10 < 3:
            latest.ask(request + 1)

    latest = LatestOnly(work)
    assert latest.wait(0), "nothing was asked for"
    for first in (0, 10):
        latest.ask(first)
        assert latest.wait()
    assert worked == [0, 1, 2, 3, 10, 11, 12, 13]


def test_all_that_was_asked_is_handed_on():
    worked = []
    latest = LatestOnly(lambda *request: worked.append(request))
    for request in ((), (1, "a")):
        latest.ask(*request)
        assert latest.wait()
    assert worked == [(), (1, "a")]

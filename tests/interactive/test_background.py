"""Work in the background: started, stopped, gone on with, and never twice at a time."""

import subprocess
import sys
import threading

import pytest

from ppo_lessons.interactive.background import Background


class Counter:
    """Counts its pieces; waits in the one that is named until it is let go."""

    def __init__(self, pieces: int, halt: int = -1) -> None:
        self.pieces, self.halt = pieces, halt
        self.done, self.threads, self.ends = 0, set(), []
        self.halted, self.let_go, self.ended = threading.Event(), threading.Event(), threading.Event()
        self.background = Background(self.work, self.end)

    def work(self) -> bool:
        self.threads.add(threading.get_ident())
        if self.done == self.halt:
            self.halted.set()
            assert self.let_go.wait(30)
        self.done = min(self.pieces, self.done + 1)
        return self.done < self.pieces

    def end(self, failed: Exception | None) -> None:
        assert not self.background.running
        self.ends.append(failed)
        self.ended.set()


def stop_within_a_piece(counter: Counter) -> None:
    """Press stop while a piece is under way; it has to be finished first."""
    assert counter.halted.wait(30)
    stopper = threading.Thread(target=counter.background.stop)
    stopper.start()
    assert counter.background._stop.wait(30)
    counter.let_go.set()
    stopper.join(30)
    assert not stopper.is_alive()


def test_it_works_until_there_is_no_more():
    counter = Counter(5)
    assert not counter.background.running
    counter.background.start()
    assert counter.ended.wait(30)
    assert (counter.done, counter.ends, counter.background.running) == (5, [None], False)
    assert threading.get_ident() not in counter.threads


def test_stop_finishes_the_piece_and_nothing_happens_afterwards():
    counter = Counter(1000, halt=3)
    counter.background.start()
    stop_within_a_piece(counter)
    assert (counter.done, counter.ends, counter.background.running) == (4, [None], False)
    assert not counter.background._thread.is_alive()
    counter.background.stop()
    assert (counter.done, counter.ends) == (4, [None])


def test_it_goes_on_where_it_stopped():
    counter = Counter(8, halt=3)
    counter.background.start()
    stop_within_a_piece(counter)
    counter.ended.clear()
    counter.background.start()
    assert counter.ended.wait(30)
    assert (counter.done, counter.ends) == (8, [None, None])


def test_started_twice_it_is_one_thread():
    counter = Counter(20, halt=1)
    before = threading.active_count()
    counter.background.start()
    assert counter.halted.wait(30)
    for _ in range(3):
        counter.background.start()
    assert threading.active_count() == before + 1
    assert counter.background.running
    counter.let_go.set()
    assert counter.ended.wait(30)
    assert (counter.done, len(counter.threads), counter.ends) == (20, 1, [None])


def test_stop_at_once_is_no_deadlock():
    counter = Counter(10**9)
    for _ in range(50):
        counter.background.start()
        counter.background.stop()
        assert not counter.background.running
    assert len(counter.ends) == 50
    Counter(1).background.stop()  # never started


def test_an_exception_ends_it_and_it_can_be_started_again():
    class Bad(Counter):
        def work(self) -> bool:
            super().work()
            if self.done == 2:
                raise ValueError("no")
            return self.done < 5

    counter = Bad(5)
    counter.background.start()
    assert counter.ended.wait(30)
    (failed,) = counter.ends
    assert isinstance(failed, ValueError)
    assert counter.done == 2
    counter.ended.clear()
    counter.background.start()
    assert counter.ended.wait(30)
    assert (counter.done, counter.ends[1:]) == (5, [None])


def test_the_work_may_stop_itself():
    counter = Counter(10**9)
    work = counter.background._work

    def stop_after_three() -> bool:
        more = work()
        if counter.done == 3:
            counter.background.stop()
        return more

    counter.background._work = stop_after_three
    counter.background.start()
    assert counter.ended.wait(30)
    assert (counter.done, counter.ends) == (3, [None])


def test_work_that_arrives_while_it_ends_is_done():
    todo, looked, go_on, ended = [], threading.Event(), threading.Event(), threading.Event()

    def work() -> bool:
        if todo:
            todo.pop()
            return True
        if not looked.is_set():
            looked.set()
            assert go_on.wait(30)
        return False

    background = Background(work, lambda failed: ended.set())
    background.start()
    assert looked.wait(30)
    todo.append("late")  # there was none when it looked
    background.start()
    go_on.set()
    assert ended.wait(30)
    background._thread.join(30)
    assert todo == []


@pytest.mark.slow
def test_python_may_end_while_it_works():
    """A kernel that is shut down or restarted during a training."""
    script = """if True:
        import threading, torch
        from ppo_lessons.interactive.background import Background
        at_work, layer = threading.Event(), torch.nn.Linear(500, 500)
        def work():
            layer(torch.ones(500, 500)).sum().backward()
            at_work.set()
            return True
        Background(work, print).start()
        assert at_work.wait(30)
    """
    ended = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=120)
    assert (ended.returncode, ended.stderr) == (0, "")

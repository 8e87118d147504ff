"""A workbench: its picture follows work and knobs, and what ends the work is said."""

import threading

import pytest

from ppo_lessons.display.picture import image, new_figure
from ppo_lessons.interactive.controls import Button, Slider
from ppo_lessons.interactive.workbench import Workbench


class PointFace:
    def __init__(self, columns: int = 2) -> None:
        self.figure, axes = new_figure(3.0, 2.0, layout=None)
        axes.set(xlim=(-1, 21), ylim=(-1, 3))
        (self.point,) = axes.plot([], [], "o")

    def show(self, result: tuple[int, int]) -> str:
        self.point.set_data([result[0]], [result[1]])
        return f"{result[0]} done, knob at {result[1]}"


class Bench(Workbench):
    """Counts to 20. Waits at `halt` until it is let go, fails at `fail`."""

    def __init__(self, halt: int = -1, fail: int = -1) -> None:
        self.done, self.halt, self.fail = 0, halt, fail
        self.halted, self.let_go = threading.Event(), threading.Event()
        knobs = (Slider("knob", "knob", (0, 1, 2), 0),)
        super().__init__("Bench", "a bench", PointFace, knobs, (Button("go", "Go"), Button("stop", "Stop")))

    def work(self) -> bool:
        if self.done == self.halt:
            self.halted.set()
            assert self.let_go.wait(30)
        if self.done == self.fail:
            self.fail = -1
            raise ValueError("<no>")
        self.done = min(20, self.done + 1)
        return self.done < 20

    def look(self) -> tuple[int, int]:
        return self.done, self.controls.values["knob"]

    def press(self, button: str) -> None:
        {"go": self.start, "stop": self.stop}[button]()

    def hear(self, button: str) -> None:
        """A press as the browser sends it."""
        self.controls._handle_custom_msg({"pressed": button}, [])

    def end(self) -> str:
        """Wait until the work has ended and the picture is up to date, and return the numbers."""
        self._background._thread.join(30)
        assert not self.running
        assert self.wait()
        return self.screen.said

    def stop_within_a_piece(self) -> None:
        assert self.halted.wait(30)
        stopper = threading.Thread(target=self.hear, args=("stop",))
        stopper.start()
        assert self._background._stop.wait(30)
        self.let_go.set()
        stopper.join(30)


def test_it_works_in_the_background_and_ends():
    bench = Bench()
    first = bench.screen.png
    assert bench.screen.said == "0 done, knob at 0"
    assert not bench.running
    bench.hear("go")
    assert bench.end() == "20 done, knob at 0"
    assert bench.screen.png != first
    assert bench.screen.png == bench.screen._figure.draw()


class OtherBench(Bench):
    """Of another kind."""


def test_a_new_one_stops_the_older_one_of_its_kind_and_no_other():
    """As when a cell is run again: nobody sees the older one any more, but it would go on until the kernel ends."""
    older, other = Bench(halt=3), OtherBench(halt=4)
    older.start(), other.start()
    assert older.halted.wait(30) and other.halted.wait(30)
    made: list[Bench] = []
    maker = threading.Thread(target=lambda: made.append(Bench()))
    maker.start()
    assert older._background._stop.wait(30)
    older.let_go.set()
    maker.join(30)
    assert older.end() == "4 done, knob at 0"
    assert not made[0].running
    other.let_go.set()
    assert other.end() == "20 done, knob at 0"
    older.hear("go")
    assert older.end() == "20 done, knob at 0", "it can be gone on with"


def test_stop_and_go_on():
    bench = Bench(halt=7)
    bench.hear("go")
    bench.stop_within_a_piece()
    assert bench.end() == "8 done, knob at 0"
    assert bench.done == 8
    bench.hear("go")
    bench.hear("go")
    assert bench.end() == "20 done, knob at 0"


def test_go_and_stop_at_once():
    bench = Bench()
    for _ in range(20):
        bench.hear("go")
        bench.hear("stop")
    assert bench.end() == f"{bench.done} done, knob at 0"
    bench.stop()


def test_the_picture_follows_the_knobs_while_it_works():
    bench = Bench(halt=3)
    bench.hear("go")
    assert bench.halted.wait(30)
    assert bench.running
    seen = []
    for knob in (1, 2):
        bench.controls.put(knob=knob)
        assert bench.wait()
        assert bench.screen.said == f"3 done, knob at {knob}"
        seen.append(bench.screen.png)
    assert seen[0] != seen[1]
    bench.let_go.set()
    assert bench.end() == "20 done, knob at 2"


def test_what_ends_the_work_is_said_until_it_goes_on():
    bench = Bench(fail=5)
    bench.hear("go")
    said = bench.end()
    assert bench.screen.failed
    assert "ValueError: <no>" in said
    assert bench.done == 5
    bench.halt = 9
    bench.hear("go")
    assert bench.halted.wait(30)
    bench.follow()
    assert bench.wait()
    said = bench.screen.said
    bench.let_go.set()
    assert bench.end() == "20 done, knob at 0"
    assert said == "9 done, knob at 0"


def test_a_mistake_in_the_picture_is_said(monkeypatch: pytest.MonkeyPatch):
    bench = Bench()
    with monkeypatch.context() as patch:
        patch.setattr(bench, "look", lambda: 1 / 0)
        bench.follow()
        assert bench.wait()
        assert "ZeroDivisionError" in bench.screen.said
        assert bench.screen.failed
    bench.follow()
    assert bench.wait()
    assert bench.screen.said == "0 done, knob at 0"


def test_after_a_failure_the_picture_still_follows():
    bench = Bench(fail=5)
    bench.hear("go")
    bench.end()
    before = bench.screen.png
    bench.controls.put(knob=2)
    assert bench.wait()
    assert bench.screen.png != before


def test_a_failure_that_comes_while_it_is_started_again_is_not_kept(monkeypatch: pytest.MonkeyPatch):
    joined = threading.Event()

    class Slow(Bench):
        def _ended(self, failed: Exception | None) -> None:
            if failed is not None:
                assert joined.wait(30)
            super()._ended(failed)

    bench = Slow(halt=5, fail=5)
    join = bench._background._join

    def join_and_tell() -> None:
        joined.set()
        join()

    bench.hear("go")
    assert bench.halted.wait(30)
    bench.let_go.set()
    first = bench._background._thread
    while bench.running:  # until it has failed; it has not said so yet
        first.join(0.01)
    monkeypatch.setattr(bench._background, "_join", join_and_tell)
    bench.halt = 9
    bench.halted.clear()
    bench.let_go.clear()
    bench.hear("go")
    assert bench.halted.wait(30)
    bench.follow()
    assert bench.wait()
    said = bench.screen.said
    bench.let_go.set()
    bench.end()
    assert said == "9 done, knob at 0"


def test_a_reader_without_a_kernel_gets_picture_and_text():
    bench = Bench()
    data, _ = bench._repr_mimebundle_()
    assert data["text/plain"] == "a bench"
    assert data["text/html"] == image(bench.screen.stored(), 300, "a bench")
    assert data["application/vnd.jupyter.widget-view+json"]["model_id"] == bench.model_id

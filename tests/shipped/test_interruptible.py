"""A sitting ends at any moment without a trace of that moment, and shows how it goes."""

import io
import signal
import sys
import threading

import pytest

from ppo_lessons.errors import NonFiniteError
from ppo_lessons.shipped import interruptible, kept_run
from ppo_lessons.shipped.interruptible import CtrlC, train_on
from ppo_lessons.shipped.kept_run import Start, begin, files_of, go_on
from ppo_lessons.steps import Steps
from ppo_lessons.training import train


@pytest.fixture(autouse=True)
def _slow_machines_save_no_more_often(monkeypatch):
    monkeypatch.setattr(interruptible, "SAVED_SECONDS", float("inf"))


@pytest.fixture
def started(tmp_path, tiny):
    def start(name="team", cases=("stray",)):
        return begin(files_of(tmp_path / f"{name}.pt"), cases, tiny, Start())

    return start


@pytest.fixture
def again(tiny):
    return lambda kept, cases=("stray",): go_on(kept.files, cases, tiny, Start())


@pytest.fixture
def straight(started, kept_in):
    """What is in the files of a run of five cycles that nobody stops."""
    kept = started("straight")
    assert train_on(kept, 5) is False
    return kept_in(kept.files.team)


# ---- Ctrl-C


@pytest.mark.parametrize(("when", "done"), [("in it", 2), ("behind it", 3)])
def test_ctrl_c_ends_it_and_it_goes_on_bit_for_bit(started, again, straight, kept_in, press, when, done):
    """A cycle under way leaves no trace; one that is counted is kept with all that it reported."""
    kept = started()
    press(3, when)
    assert train_on(kept, 5) is True
    assert kept.run.cycle == len(kept.diary.counts["stray"].won) == done
    other = again(kept)
    press(0, "never")
    assert train_on(other, 5) is False
    assert kept_in(kept.files.team) == straight


@pytest.mark.parametrize("part", ["save_run", "save_policy", "write_whole"])
def test_ctrl_c_while_it_is_saved_waits_however_often_it_is_pressed(
    started, again, straight, kept_in, listening, monkeypatch, part
):
    kept, write = started(), getattr(kept_run, part)
    monkeypatch.setattr(interruptible, "SAVED_EVERY", 2)

    def pressed(*given):
        signal.raise_signal(signal.SIGINT)
        write(*given)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as pressing:
        pressing.setattr(kept_run, part, pressed)
        assert train_on(kept, 5) is True
    other = again(kept)
    assert other.run.cycle == 2
    assert train_on(other, 5) is False
    assert kept_in(kept.files.team) == straight


def test_a_second_press_does_not_stop_the_saving_that_the_first_began(started, again, press, monkeypatch):
    kept, save = started(), kept_run.KeptRun.save

    def pressed(self):
        signal.raise_signal(signal.SIGINT)
        save(self)

    monkeypatch.setattr(kept_run.KeptRun, "save", pressed)
    press(3, "in it")
    assert train_on(kept, 5) is True
    assert again(kept).run.cycle == 2


def test_ctrl_c_is_afterwards_what_it_was(started, listening):
    train_on(started(), 1)
    assert signal.getsignal(signal.SIGINT) is signal.default_int_handler


def test_ctrl_c_that_is_switched_off_stays_so(started, listening):
    """As for a job in the background of a script."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    kept = started()
    with CtrlC(kept.run) as ctrl_c:
        signal.raise_signal(signal.SIGINT)
        assert not ctrl_c.pressed
    assert signal.getsignal(signal.SIGINT) is signal.SIG_IGN


def test_it_works_in_a_thread_that_may_not_listen(started):
    kept = started()
    thread = threading.Thread(target=train_on, args=(kept, 2))
    thread.start()
    thread.join()
    assert kept.run.cycle == 2


# ---- when it ends


def test_it_ends_when_the_goal_is_reached_and_not_later_after_a_break(started, again, press, monkeypatch):
    asked = []

    def third(finished, won, goal, least):
        asked.append((goal, least))
        return len(finished) >= 3

    monkeypatch.setattr(kept_run, "is_ready", third)
    kept = started()
    press(2, "behind it")
    assert train_on(kept, 9, 0.8) is True
    assert train_on(again(kept), 9, 0.8) is False
    other = again(kept)
    assert other.run.cycle == 3 and set(asked) == {(0.8, 400)}
    assert train_on(other, 9, 0.8) is False and other.run.cycle == 3, "it is still reached"
    assert train_on(other, 4) is False and other.run.cycle == 4


def test_cycles_are_counted_in_all(started):
    kept = started()
    train_on(kept, 3)
    train_on(kept, 2)
    assert kept.run.cycle == 3


def test_what_gets_lost_is_saved_as_it_was_before(started, again, straight, kept_in, monkeypatch):
    def play(run, cycles):
        yield from train(run, 2)
        yield from train(run, cycles, Steps(total_loss=lambda *losses, **more: float("nan") * sum(losses)))

    kept = started()
    with monkeypatch.context() as broken, pytest.raises(NonFiniteError, match="cycle 3"):
        broken.setattr(interruptible, "train", play)
        train_on(kept, 5)
    other = again(kept)
    assert other.run.cycle == 2
    train_on(other, 5)
    assert kept_in(kept.files.team) == straight


# ---- saved as it goes


@pytest.mark.parametrize(("every", "seconds", "saved"), [(2, float("inf"), [2, 4, 5]), (100, -1.0, [1, 2, 3, 4, 5, 5])])
def test_it_is_saved_after_cycles_or_seconds(started, monkeypatch, every, seconds, saved):
    monkeypatch.setattr(interruptible, "SAVED_EVERY", every)
    monkeypatch.setattr(interruptible, "SAVED_SECONDS", seconds)
    kept, seen, save = started(), [], kept_run.KeptRun.save
    monkeypatch.setattr(kept_run.KeptRun, "save", lambda self: (seen.append(self.run.cycle), save(self)))
    train_on(kept, 5)
    assert seen == saved


# ---- how it shows


class Terminal(io.StringIO):
    """Somebody sits in front of it."""

    def isatty(self):
        return True


def test_in_a_terminal_there_is_a_bar(started, monkeypatch):
    monkeypatch.setattr(interruptible, "SAVED_EVERY", 1)
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    train_on(started(), 3)
    text = screen.getvalue()
    assert "| 0/3 cycles, " in text and "| 3/3 cycles, " in text and text.endswith(" steps/s\n")
    assert "won/standing stray " in text and "cycle 3 of 3" not in text


def test_elsewhere_there_is_a_line_whenever_it_is_saved(started, monkeypatch, capsys):
    monkeypatch.setattr(interruptible, "SAVED_EVERY", 2)
    kept = started(cases=("stray", "pack"))
    train_on(kept, 4)
    shown = capsys.readouterr()
    lines = shown.err.splitlines()
    assert shown.out == "" and [line[:14] for line in lines] == ["cycle 2 of 4, ", "cycle 4 of 4, "]
    assert "stray " in lines[0] and ", pack " in lines[0] and lines[0].endswith(" steps/s") and "nan" not in lines[0]


def test_without_tqdm_there_are_lines_too(started, monkeypatch):
    """A bare installation of the package has none."""
    monkeypatch.setitem(sys.modules, "tqdm", None)
    monkeypatch.setattr(interruptible, "SAVED_EVERY", 1)
    monkeypatch.setattr(sys, "stderr", screen := Terminal())
    train_on(started(), 1)
    assert screen.getvalue().startswith("cycle 1 of 1, of the last 400 cases won/standing stray ")

"""One sitting of a long training: it shows how it goes, is saved as it goes, and ends with Ctrl-C at any time."""

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Iterator
from types import FrameType
from typing import Any

from ppo_lessons.shipped.kept_run import LAST_CASES, KeptRun
from ppo_lessons.training import TrainingRun, TrainReport, train

SAVED_EVERY, SAVED_SECONDS = 50, 60.0
"""A run is saved after so many cycles, or after the first cycle that ends so many seconds after the last time."""

BAR = "{percentage:3.0f}%|{bar:12}| {n_fmt}/{total_fmt} cycles, {remaining} left{postfix}"


class CtrlC:
    """Ctrl-C in the block under it: a cycle under way is broken off, which `train` undoes; all else is finished first.

    Args:
        run: What is trained.
    """

    def __init__(self, run: TrainingRun) -> None:
        """Take note of the run; nothing changes before the block begins."""
        self.pressed = False
        self._run = run
        self._under_way: int | None = None  # as many cycles are done while the next one is played

    def __enter__(self) -> "CtrlC":
        """Listen, unless another thread must, or Ctrl-C was switched off."""
        self._usual = signal.getsignal(signal.SIGINT)
        self._listens = callable(self._usual) and threading.current_thread() is threading.main_thread()
        if self._listens:
            signal.signal(signal.SIGINT, self._press)
        return self

    def __exit__(self, *error: object) -> None:
        """Leave Ctrl-C as it was."""
        if self._listens:
            signal.signal(signal.SIGINT, self._usual)

    def next_report(self, reports: Iterator[TrainReport]) -> TrainReport | None:
        """Return the report of the next cycle; None if Ctrl-C broke it off, which leaves the run before it."""
        try:
            self._under_way = self._run.cycle
            return next(reports)
        except KeyboardInterrupt:
            self.pressed = True
            return None
        finally:
            self._under_way = None

    def _press(self, number: int, frame: FrameType | None) -> None:
        first, self.pressed = not self.pressed, True
        if first and self._run.cycle == self._under_way:  # a cycle that is counted already is not given up
            raise KeyboardInterrupt


class Progress:
    """A bar, if stderr is a terminal; if not, one line whenever the run is saved.

    Args:
        kept: The run; its diary tells what to show.
        cycles: How many there are to be in all.
    """

    def __init__(self, kept: KeptRun, cycles: int) -> None:
        """Draw nothing yet."""
        self._kept, self._cycles, self._speed = kept, cycles, 0.0
        self._bar: Any = None

    def __enter__(self) -> "Progress":
        """Draw the bar."""
        self._bar = _bar(self._kept.run.cycle, self._cycles) if sys.stderr.isatty() else None
        return self

    def __exit__(self, *error: object) -> None:
        """Leave the bar as it is."""
        if self._bar is not None:
            self._bar.close()

    def show(self, report: TrainReport) -> None:
        """Show one more cycle."""
        self._speed = report.agent_steps_per_second
        if self._bar is not None:
            self._bar.set_postfix_str(self.text(), refresh=False)
            self._bar.update()

    def saved(self) -> None:
        """Say how it goes where no bar does."""
        if self._bar is None:
            done = f"cycle {self._kept.run.cycle:,} of {self._cycles:,}"
            print(f"{done}, of the last {LAST_CASES} cases {self.text()}", file=sys.stderr, flush=True)

    def text(self) -> str:
        """Return how the team does in each case, and how fast it goes, in agent-steps per second."""
        diary = self._kept.diary
        shares = (f"{case} {won:.0%}/{standing:.0%}" for case in diary.counts for won, standing in [diary.recent(case)])
        return f"won/standing {', '.join(shares)}; {self._speed:,.0f} steps/s".replace("nan%", "-")


def _bar(done: int, cycles: int) -> Any:
    """Return a bar; None where tqdm is not installed, which a bare installation of the package is."""
    with contextlib.suppress(ImportError):
        from tqdm import tqdm

        return tqdm(initial=done, total=cycles, bar_format=BAR, dynamic_ncols=True, file=sys.stderr)
    return None


def train_on(kept: KeptRun, cycles: int, goal: float | None = None) -> bool:
    """Train until a run has so many cycles, or the goal is reached, or Ctrl-C is pressed; then save.

    Args:
        kept: What is trained, with its files.
        cycles: How many there are to be in all, earlier sittings included.
        goal: The share of the last cases that is to be won, in each case; None: no goal.

    Returns:
        Whether Ctrl-C ended it.

    Raises:
        NonFiniteError: If the training got lost; the run is saved as it was before that cycle.
        OSError: If a file cannot be written; the one that was written last is whole.
    """
    run, diary = kept.run, kept.diary
    with CtrlC(run) as ctrl_c, Progress(kept, cycles) as progress:
        try:
            reports, last = train(run, max(cycles - run.cycle, 0)), time.monotonic()
            while run.cycle < cycles and not ctrl_c.pressed and not diary.is_ready(goal):
                report = ctrl_c.next_report(reports)
                if report is None:
                    break
                diary.note(report.behaviour)
                progress.show(report)
                if run.cycle % SAVED_EVERY == 0 or time.monotonic() - last > SAVED_SECONDS:
                    kept.save()
                    progress.saved()
                    last = time.monotonic()
        finally:
            kept.save()
    return ctrl_c.pressed

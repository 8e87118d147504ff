"""Watch a training run while it learns: curves that grow, and Jupyter's stop button to end it."""

import time

from IPython.display import display

from ppo_lessons.classroom.console import say
from ppo_lessons.lessons.team_training.figures import show_curves
from ppo_lessons.spirit_world.curriculum import cases_and_wins, is_ready
from ppo_lessons.steps import DEFAULT_STEPS, Steps
from ppo_lessons.training import TrainingRun, TrainReport, train


def watch_training(
    run: TrainingRun,
    cycles: int,
    *,
    until: float | None = None,
    reports: list[TrainReport] | None = None,
    steps: Steps = DEFAULT_STEPS,
    redraw_seconds: float = 0.5,
) -> list[TrainReport]:
    """Train, and draw the learning curves as they grow.

    Jupyter's stop button (interrupt) ends it at any time; the team and the reports are kept, and calling it again
    goes on.

    Args:
        run: What is trained.
        cycles: At most so many more.
        until: Stop when this share of the last 400 cases was won.
        reports: Reports of earlier cycles of this run, drawn as well; new ones are added to this list.
        steps: Every node of the flowchart, replaceable by name.
        redraw_seconds: Time between two drawings.

    Returns:
        All reports.
    """
    reports = [] if reports is None else reports
    at_most = len(reports) + cycles
    panel = display(show_curves(reports, at_most), display_id=True)
    next_drawing = time.monotonic() + redraw_seconds
    try:
        for report in train(run, cycles, steps):
            reports.append(report)
            if (start := time.monotonic()) > next_drawing:
                panel.update(show_curves(reports, at_most))
                end = time.monotonic()
                next_drawing = end + max(redraw_seconds, 4 * (end - start))  # on a slow machine, train rather than draw
            if until is not None and is_won(reports, until):
                break
    except KeyboardInterrupt:
        say(f"Stopped in cycle {run.cycle + 1}. The team and the curves are kept; run the cell again to go on.")
    panel.update(show_curves(reports, at_most))
    return reports


def is_won(reports: list[TrainReport], share: float, cases: int = 400) -> bool:
    """Say whether at least that share of the last `cases` finished cases was won."""
    played = [cases_and_wins(report.behaviour) for report in reports if report.behaviour is not None]
    return is_ready([n for n, _ in played], [won for _, won in played], share, cases)

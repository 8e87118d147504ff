"""Pictures of a training run: learning curves, and a team at its three ages."""

import textwrap
from collections.abc import Sequence
from dataclasses import fields

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ppo_lessons.display.picture import (
    BLUE,
    DARK,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    SMALL,
    Picture,
    legend_above,
    new_figure,
    plain,
)
from ppo_lessons.shipped.ages import SeedCurves
from ppo_lessons.spirit_world.behaviour import recent
from ppo_lessons.steps import Steps
from ppo_lessons.training import TrainReport


def draw_curves(reports: Sequence[TrainReport], cycles: int) -> Figure:
    """Draw the learning curves of a run.

    Args:
        reports: One a cycle, in order; behaviour is averaged over the last 400 cases.
        cycles: How many were asked for, for the progress bar on top.

    Returns:
        A matplotlib figure.
    """
    figure, grid = new_figure(5.8, 4.8, 2, 2, layout=None)
    figure.subplots_adjust(left=0.07, right=0.96, bottom=0.1, top=0.83, wspace=0.2, hspace=0.55)
    panels = list(grid.flat)
    steps = [report.agent_steps / 1e6 for report in reports]
    behaviours = [report.behaviour for report in reports if report.behaviour is not None]
    smooth = {
        name: recent(behaviours, name, least=20) for name in ("win_rate", "survival", "teaming_up", "health_lost_alone")
    }
    updates = [report.update for report in reports]
    lines = (
        (panels[0], "win_rate", smooth["win_rate"], ORANGE, "-"),
        (panels[0], "survival", smooth["survival"], BLUE, "--"),
        (panels[1], "teaming_up", smooth["teaming_up"], GREEN, "-"),
        (panels[1], "health_lost_alone", smooth["health_lost_alone"], PINK, "--"),
        (panels[2], "value_loss", [u.value_loss for u in updates], GREEN, "-"),
        (panels[2], "entropy", [u.entropy for u in updates], ORANGE, "--"),
        (panels[3], "approx_kl", [u.approx_kl for u in updates], DARK, "-"),
        (panels[3], "clip_fraction", [u.clip_fraction for u in updates], GREY, "--"),
    )
    for axes, name, values, colour, style in lines:
        axes.plot(steps, values, linestyle=style, color=colour, linewidth=1.6, label=name.replace("health_", ""))
    titles = ("what the team achieves", "how it behaves", "losses", "how far each update goes")
    for axes, title in zip(panels, titles, strict=True):
        plain(axes, title, "million agent-steps" if axes in grid[1] else "")
        legend_above(axes)
        if axes is not panels[3]:
            axes.set_ylim(bottom=0)
    panels[0].set_ylim(0, 1.02)
    panels[3].set_yscale("log")
    panels[3].set_ylim(1e-4, 1)
    _put_progress(figure, reports, cycles)
    return figure


def _put_progress(figure: Figure, reports: Sequence[TrainReport], cycles: int) -> None:
    left, width, height = 0.07, 0.3, 0.965
    done = min(1.0, len(reports) / max(cycles, 1))
    for end, colour in ((left + width, "#E4E4DF"), (left + width * done, BLUE)):
        figure.add_artist(Line2D((left, end), (height, height), color=colour, linewidth=7, solid_capstyle="butt"))
    played = f", {reports[-1].agent_steps / 1e6:.2f} million agent-steps" if reports else ""
    text = f"cycle {len(reports)} of at most {cycles}{played}"
    figure.text(left + width + 0.01, height, text, fontsize=SMALL, va="center", color=DARK)


def show_curves(reports: Sequence[TrainReport], cycles: int | None = None) -> Picture:
    """Draw the learning curves of a run as a picture; see `draw_curves`."""
    figure = draw_curves(reports, cycles or len(reports))
    return Picture(figure, "Learning curves: win_rate, survival, teaming_up, health_lost_alone, losses and diagnostics")


def draw_band(axes: Axes, curves: SeedCurves) -> None:
    """Draw where the win rates of the shipped seeds lie: from the lowest to the highest, and their median."""
    known = np.isfinite(curves.win_rate).all(axis=0)
    steps, rates = curves.agent_steps[known] / 1e6, curves.win_rate[:, known]
    name = f"{len(curves.seeds)} shipped seeds"
    axes.fill_between(steps, rates.min(axis=0), rates.max(axis=0), color="#E4E4DF", linewidth=0, label=name)
    axes.plot(steps, np.median(rates, axis=0), ":", color=GREY, linewidth=2.2, label="their median")


def show_certificate(reports: Sequence[TrainReport], curves: SeedCurves, own_steps: Sequence[str]) -> Picture:
    """Lay the learner's learning curve into the band of shipped seeds, and say which steps are the learner's own.

    Args:
        reports: Of the learner's run, one a cycle.
        curves: Of runs that the package's own steps made.
        own_steps: Names of the learner's functions that took part.

    Returns:
        The picture.
    """
    figure, axes = new_figure(5.8, 3.6)
    behaviours = [report.behaviour for report in reports if report.behaviour is not None]
    steps = [report.agent_steps / 1e6 for report in reports]
    draw_band(axes, curves)
    axes.plot(steps, recent(behaviours, "win_rate", least=20), "-", color=ORANGE, linewidth=1.6, label="this run")
    axes.axhline(0.95, color=DARK, linewidth=0.8, linestyle=":")
    plain(axes, "share of the last 400 cases won", "million agent-steps")
    axes.set_ylim(0, 1.02)
    legend_above(axes)
    names = ", ".join(sorted(own_steps)) or "none yet"
    title = f"{len(own_steps)} of the {len(fields(Steps))} steps of this training are the learner's own"
    lines = [title, *textwrap.wrap(names, 80)]
    figure.suptitle("\n".join(lines), fontsize=SMALL, color=DARK, x=0.02, ha="left")
    words = f"win rate of this run, laid into the band of {len(curves.seeds)} shipped seeds"
    return Picture(figure, f"{words}, and which of its steps are the learner's own")

"""Pictures of a training run: learning curves, and a team at its three ages."""

import io
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import fields

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from PIL import Image

from ppo_lessons.board import draw_board
from ppo_lessons.evaluation import Replay
from ppo_lessons.interactive.picture import (
    BLUE,
    DARK,
    GREEN,
    GREY,
    ORANGE,
    PINK,
    Picture,
    legend_above,
    new_figure,
    plain,
    rounded,
)
from ppo_lessons.interactive.rollout_figures import put_board
from ppo_lessons.interactive.tables import Table
from ppo_lessons.steps import Steps
from ppo_lessons.team import TeamBehaviour, recent
from ppo_lessons.training import TrainReport


def draw_curves(reports: Sequence[TrainReport], cycles: int) -> Figure:
    """Draw the learning curves of a run.

    Args:
        reports: One a cycle, in order; behaviour is averaged over the last 400 cases.
        cycles: How many were asked for, for the progress bar on top.

    Returns:
        A matplotlib figure.
    """
    figure, panels = new_figure(10.5, 3.4, 1, 4, layout=None, gridspec_kw={"width_ratios": (1.25, 1, 1, 1)})
    figure.subplots_adjust(left=0.035, right=0.99, bottom=0.15, top=0.72, wspace=0.22)
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
        axes.plot(steps, values, linestyle=style, color=colour, linewidth=1.6, label=name)
    titles = ("what the team achieves", "how it behaves", "losses", "how far each update goes")
    for axes, title in zip(panels, titles, strict=True):
        plain(axes, title, "million agent-steps", "")
        legend_above(axes)
        if axes is not panels[3]:
            axes.set_ylim(bottom=0)
    panels[0].set_ylim(0, 1.02)
    panels[3].set_yscale("log")
    panels[3].set_ylim(1e-4, 1)
    _put_progress(figure, reports, cycles)
    return figure


def _put_progress(figure: Figure, reports: Sequence[TrainReport], cycles: int) -> None:
    left, width, height = 0.035, 0.3, 0.955
    done = min(1.0, len(reports) / max(cycles, 1))
    for end, colour in ((left + width, "#E4E4DF"), (left + width * done, BLUE)):
        figure.add_artist(Line2D((left, end), (height, height), color=colour, linewidth=7, solid_capstyle="butt"))
    played = f", {reports[-1].agent_steps / 1e6:.2f} million agent-steps" if reports else ""
    text = f"cycle {len(reports)} of at most {cycles}{played}"
    figure.text(left + width + 0.01, height, text, fontsize=9, va="center", color=DARK)


def show_curves(reports: Sequence[TrainReport], cycles: int | None = None) -> Picture:
    """Draw the learning curves of a run as a picture; see `draw_curves`."""
    figure = draw_curves(reports, cycles or len(reports))
    return Picture(figure, "Learning curves: win_rate, survival, teaming_up, health_lost_alone, losses and diagnostics")


def show_certificate(
    reports: Sequence[TrainReport], reference: Sequence[tuple[int, float]], own_steps: Sequence[str]
) -> Picture:
    """Draw the learner's learning curve beside the reference's, and say which steps are the learner's own.

    Args:
        reports: Of the learner's run, one a cycle.
        reference: (agent-steps, win rate) of the run that the package's own steps made.
        own_steps: Names of the learner's functions that took part.

    Returns:
        The picture.
    """
    figure, axes = new_figure(8.5, 3.4)
    behaviours = [report.behaviour for report in reports if report.behaviour is not None]
    steps = [report.agent_steps / 1e6 for report in reports]
    axes.plot(
        [s / 1e6 for s, _ in reference], [w for _, w in reference], "--", color=GREY, linewidth=3, label="reference"
    )
    axes.plot(steps, recent(behaviours, "win_rate", least=20), "-", color=ORANGE, linewidth=1.6, label="this run")
    axes.axhline(0.95, color=DARK, linewidth=0.8, linestyle=":")
    plain(axes, "", "million agent-steps", "share of the last 400 cases won")
    axes.set_ylim(0, 1.02)
    axes.legend(fontsize=9, frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))
    names = ", ".join(sorted(own_steps)) or "none yet"
    title = f"{len(own_steps)} of the {len(fields(Steps))} steps of this training are the learner's own"
    figure.suptitle(title, fontsize=11, color=DARK)
    lines = textwrap.wrap(names, 100)
    axes.set_title("\n".join(lines), fontsize=8, color=BLUE)
    return Picture(figure, "win rate of this run beside the reference's, and which of its steps are the learner's own")


def show_ages(replays: Mapping[str, Replay], behaviours: Mapping[str, TeamBehaviour]) -> Picture:
    """Draw a team at several ages side by side: a telling moment of the same case, where it walks, what it achieves.

    Args:
        replays: Age -> a case, the same for all.
        behaviours: Age -> behaviour over many cases.

    Returns:
        The picture.
    """
    figure, panels, beside = _two_rows_of_squares(len(replays))
    shades = PowerNorm(0.4, vmin=0, vmax=max(behaviour.visits.max() for behaviour in behaviours.values()))
    for column, (age, replay) in enumerate(replays.items()):
        behaviour, f = behaviours[age], telling_frame(replay)
        achieved = f"wins {behaviour.win_rate:.0%}, survival {behaviour.survival:.0%}"
        put_board(panels[0, column], replay.case, replay.frame(f), f"{age}: {achieved}\nstep {f}: {_moment(replay, f)}")
        axes = panels[1, column]
        extent = (0, replay.case.size, replay.case.size, 0)
        image = axes.imshow(behaviour.visits, cmap="Blues", norm=shades, extent=extent)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color("#D6D6D0")
        alone = f"health lost alone {behaviour.health_lost_alone:.1f} per 100 steps"
        axes.set_title(f"{behaviour.teaming_up:.1f} together at a tough spirit\n{alone}", fontsize=9, color=DARK)
    bar = figure.colorbar(image, cax=beside)
    bar.set_label("share of steps in a cell", fontsize=8)
    bar.ax.tick_params(labelsize=7)
    text = "; ".join(f"{age}: wins {b.win_rate:.0%}, survival {b.survival:.0%}" for age, b in behaviours.items())
    return Picture(figure, text)


def _two_rows_of_squares(columns: int) -> tuple[Figure, np.ndarray, Axes]:
    """Return a figure with panels of one size, (2, columns), and a narrow one beside the lower row."""
    side, gap, head, edge, right = 2.8, 0.3, 0.5, 0.1, 0.8  # inches
    width, height = edge + columns * (side + gap) - gap + right, 2 * (side + head) + edge
    figure = Figure(figsize=(width, height), dpi=100, facecolor="white")

    def panel(left: float, bottom: float, wide: float, high: float) -> Axes:
        return figure.add_axes((left / width, bottom / height, wide / width, high / height))

    bottoms = edge + side + head, edge
    panels = [[panel(edge + i * (side + gap), bottom, side, side) for i in range(columns)] for bottom in bottoms]
    return figure, np.array(panels), panel(width - right + 0.15, edge + 0.15 * side, 0.12, 0.7 * side)


def telling_frame(replay: Replay) -> int:
    """Return the frame before the last spirit was banished; two thirds into a case that was not won."""
    if replay.outcome == "won":
        return len(replay) - 2
    return 2 * len(replay) // 3


def _moment(replay: Replay, f: int) -> str:
    spirits, standing = int((~replay.states.banished[f]).sum()), int((replay.states.health[f] > 0).sum())
    left = "won" if spirits == 0 else f"{spirits} spirit{'s' * (spirits > 1)} left"
    return f"{left}, {standing} standing"


def show_replays(replays: Mapping[str, Replay], text: str, milliseconds: int = 250, frames: int = 40) -> Picture:
    """Show the beginnings of several replays of the same case at once, moving (an animated PNG).

    Not a GIF: HTML exports and GitHub show none out of a notebook, and nbval would compare it byte for byte.

    Args:
        replays: Name -> replay; drawn from left to right. A shorter one stands still at its end.
        text: What a reader without the picture gets.
        milliseconds: Time for a step.
        frames: At most so many, to keep notebooks small.

    Returns:
        The moving picture.
    """
    length = min(frames, max(len(replay) for replay in replays.values()))
    pictures = [Image.fromarray(_row_of_boards(list(replays.values()), f)) for f in range(length)]
    palette = pictures[0].quantize(64, dither=Image.Dither.NONE)
    pictures = [picture.quantize(palette=palette, dither=Image.Dither.NONE) for picture in pictures]
    stream = io.BytesIO()
    durations = [milliseconds] * (length - 1) + [2500]
    pictures[0].save(
        stream, "PNG", save_all=True, append_images=pictures[1:], duration=durations, loop=0, optimize=True
    )
    picture = Picture.__new__(Picture)
    picture.png, picture.text = stream.getvalue(), text
    return picture


def _row_of_boards(replays: list[Replay], f: int) -> np.ndarray:
    boards = [draw_board(replay.case, replay.frame(min(f, len(replay) - 1))) for replay in replays]
    gap = np.full((len(boards[0]), 16, 3), 255, np.uint8)
    pieces = [piece for board in boards for piece in (board, gap)][:-1]
    return np.concatenate(pieces, axis=1)


def behaviour_table(behaviours: Mapping[str, TeamBehaviour]) -> Table:
    """Return the behaviour of several teams as a table, one column a team."""
    rows = {
        "cases won": lambda b: f"{b.win_rate:.0%}",
        "detectives standing at the end": lambda b: f"{b.survival:.0%}",
        "steps of a case": lambda b: f"{b.case_length:.0f}",
        "return per detective": lambda b: f"{rounded(b.team_return, 1):.1f}",
        "together at a tough spirit": lambda b: f"{b.teaming_up:.1f}",
        "steps between two mates": lambda b: f"{b.mate_distance:.1f}",
        "health lost alone (per 100 steps)": lambda b: f"{b.health_lost_alone:.1f}",
    }
    toughness = sorted(next(iter(behaviours.values())).banished)
    for k in toughness:
        rows[f"spirits of toughness {k} banished"] = lambda b, k=k: f"{b.banished[k]:.0%}"
    body = [[name, *(show(behaviour) for behaviour in behaviours.values())] for name, show in rows.items()]
    return Table([["", *behaviours], *body])

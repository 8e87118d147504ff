"""Pictures of lesson 00: a team at its three ages."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from ppo_lessons.display.picture import DARK, SMALL, Picture
from ppo_lessons.display.team import put_board
from ppo_lessons.spirit_world.behaviour import TeamBehaviour
from ppo_lessons.spirit_world.evaluation import Replay


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
        axes.set_title(f"{behaviour.teaming_up:.1f} together at a tough spirit\n{alone}", fontsize=SMALL, color=DARK)
    bar = figure.colorbar(image, cax=beside)
    bar.set_label("share of steps in a cell", fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)
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

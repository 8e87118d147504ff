"""The lesson's pictures: a team at its three ages, moving and at a glance."""

from collections.abc import Iterable, Mapping

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import PowerNorm
from matplotlib.figure import Figure

from ppo_lessons.display.picture import DARK, SMALL, Picture
from ppo_lessons.display.team import put_board
from ppo_lessons.interactive.theatre import Theatre
from ppo_lessons.shipped.ages import AGES, load_age
from ppo_lessons.spirit_world.behaviour import TeamBehaviour
from ppo_lessons.spirit_world.evaluation import Replay, evaluate, record
from ppo_lessons.spirit_world.players import policy_player

CASE_SEED = 106
"""Of the case that all ages play."""


def watch_ages() -> Theatre:
    """Show the shipped team at its three ages on the same case, playing by itself."""
    replays = {age: record(policy_player(load_age(age)), seed=CASE_SEED) for age in AGES}
    text = f"the same case, played by one team at three ages, moving: {', '.join(replays)}"
    return Theatre("Three ages", replays, text, autoplay=True)


def show_ages(replays: Mapping[str, Replay], behaviours: Mapping[str, TeamBehaviour]) -> Picture:
    """Draw a team at several ages side by side: a telling moment of the same case, where it walks, what it achieves.

    Args:
        replays: Age -> a case, the same for all.
        behaviours: Age -> behaviour over many cases.

    Returns:
        The picture.
    """
    figure, panels, below = _two_rows_of_squares(len(replays))
    shades = PowerNorm(0.4, vmin=0, vmax=max(behaviour.visits.max() for behaviour in behaviours.values()))
    for column, (age, replay) in enumerate(replays.items()):
        behaviour, f = behaviours[age], telling_frame(replay)
        achieved = f"wins {behaviour.win_rate:.0%}, survives {behaviour.survival:.0%}"
        title = f"{age}\n{achieved}\nstep {f}: {_moment(replay, f)}"
        put_board(panels[0, column], replay.case, replay.frame(f), title, numbered=False)
        axes = panels[1, column]
        extent = (0, replay.case.size, replay.case.size, 0)
        image = axes.imshow(behaviour.visits, cmap="Blues", norm=shades, extent=extent)
        axes.set(xticks=[], yticks=[])
        axes.spines[:].set_color("#D6D6D0")
        toughest = behaviour.banished[max(behaviour.banished)]
        alone = f"{behaviour.health_lost_alone:.1f} lost alone"
        axes.set_title(f"toughest {toughest:.0%}, {alone}", fontsize=SMALL, color=DARK)
    bar = figure.colorbar(image, cax=below, orientation="horizontal", ticks=[0, 0.1, 0.2, 0.4, 0.7])
    bar.set_label("share of steps in a cell (400 cases)", fontsize=SMALL)
    bar.ax.tick_params(labelsize=SMALL)
    text = "; ".join(f"{age}: wins {b.win_rate:.0%}, survival {b.survival:.0%}" for age, b in behaviours.items())
    return Picture(figure, text)


def returns_of(ages: Iterable[str], seeds: Iterable[int], cases: int = 200) -> dict[str, list[float]]:
    """Let each age play other cases than those of the table.

    Args:
        ages: Of the shipped team.
        seeds: One for each evaluation; it lays out the cases and draws the actions.
        cases: In each evaluation.

    Returns:
        Age -> mean sum of rewards of a case, per detective, one number for each seed.
    """
    seeds = list(seeds)
    return {
        age: [evaluate(policy_player(load_age(age), seed=s), cases=cases, seed=s).team_return for s in seeds]
        for age in ages
    }


def _two_rows_of_squares(columns: int) -> tuple[Figure, np.ndarray, Axes]:
    """Return a figure with panels of one size, (2, columns), and a flat one below them."""
    width, gap, edge, head, foot = 5.8, 0.15, 0.1, (0.28, 0.58), 0.6  # inches; of the lower row and of the upper one
    side = (width - 2 * edge - (columns - 1) * gap) / columns
    height = 2 * side + sum(head) + foot
    figure = Figure(figsize=(width, height), dpi=100, facecolor="white")

    def panel(left: float, bottom: float, wide: float, high: float) -> Axes:
        return figure.add_axes((left / width, bottom / height, wide / width, high / height))

    bottoms = foot + side + head[0], foot
    panels = [[panel(edge + i * (side + gap), bottom, side, side) for i in range(columns)] for bottom in bottoms]
    return figure, np.array(panels), panel(0.2 * width, foot - 0.18, 0.6 * width, 0.1)


def telling_frame(replay: Replay) -> int:
    """Return the frame before the last spirit was banished; two thirds into a case that was not won."""
    if replay.outcome == "won":
        return len(replay) - 2
    return 2 * len(replay) // 3


def _moment(replay: Replay, f: int) -> str:
    spirits = int((~replay.states.banished[f]).sum())
    return "won" if spirits == 0 else f"{spirits} spirit{'s' * (spirits > 1)} left"

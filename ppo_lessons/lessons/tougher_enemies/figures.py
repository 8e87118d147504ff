"""The lesson's pictures: what it costs to get to a case, by which way."""

from collections.abc import Mapping

import numpy as np
from matplotlib.axes import Axes

from ppo_lessons.display.picture import BLUE, DARK, GREY, SMALL, Picture, new_figure, plain
from ppo_lessons.shipped.ways import Walked


def steps_until(walked: Walked, case: str, goal: float = 0.9) -> np.ndarray:
    """Return the agent-steps after which each seed first won so many of its last 400 cases, from the beginning on.

    Args:
        walked: A way with a stage of this case alone.
        case: Which one.
        goal: The share of wins.

    Returns:
        (S,), to the next point of the curve; infinite where that was not reached at this stage.
    """
    stage = next(i for i, each in enumerate(walked.stages) if each.cases == (case,))
    reached = np.nan_to_num(walked.curves[stage]["win_rate"]) >= goal  # (S, P)
    first = walked.agent_steps[stage][reached.argmax(axis=1)].astype(float)
    return np.where(reached.any(axis=1), first, np.inf)


def show_costs(ways: Mapping[str, Walked], case: str, goal: float = 0.9) -> Picture:
    """Draw how long each seed needed, the whole way counted, until it won so many cases.

    Args:
        ways: Name -> way, each with a stage of this case alone.
        case: Which one.
        goal: The share of wins.

    Returns:
        The picture.
    """
    figure, axes = new_figure(5.8, 0.8 + 0.48 * len(ways))
    most = max(each.agent_steps[-1][-1] for each in ways.values()) / 1e6
    said = []
    for row, (name, walked) in enumerate(ways.items()):
        steps = steps_until(walked, case, goal) / 1e6
        said.append(f"{name}: {_dots(axes, row, steps, most)}")
    axes.set(ylim=(len(ways) - 0.5, -0.7), xlim=(0, most * 1.06))
    axes.set_yticks(range(len(ways)), list(ways))
    plain(
        axes, f"until {goal:.0%} of {case} are won", "million agent-steps, all stages (bar: median; ring: not reached)"
    )
    return Picture(figure, f"Million agent-steps until {goal:.0%} of {case}: {'; '.join(said)}")


def _dots(axes: Axes, row: int, steps: np.ndarray, most: float) -> str:
    """Put a dot for each seed into a row, and return the row in words."""
    there = np.isfinite(steps)
    heights = row + np.linspace(-0.16, 0.16, len(steps))
    axes.plot(steps[there], heights[there], "o", color=BLUE, markersize=6)
    axes.plot(
        np.full((~there).sum(), most * 1.02), heights[~there], "o", color="white", markeredgecolor=GREY, markersize=6
    )
    median = np.median(steps)
    if np.isfinite(median):
        axes.plot([median] * 2, [row - 0.3, row + 0.3], color=DARK, linewidth=2)
        axes.text(median, row - 0.31, f"{median:.1f}", fontsize=SMALL, ha="center", va="bottom", color=DARK)
    return ", ".join(f"{each:.1f}" if np.isfinite(each) else "not reached" for each in steps)

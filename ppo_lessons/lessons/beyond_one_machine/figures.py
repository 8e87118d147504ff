"""The lesson's pictures: whose rows a mini-batch holds, and what goes silently wrong."""

from collections.abc import Mapping

import numpy as np

from ppo_lessons.display.picture import BLUE, DARK, GREEN, GREY, ORANGE, SMALL, Picture, legend_above, new_figure, plain
from ppo_lessons.lessons.beyond_one_machine.silent import Told

NEAR = 1e-9
"""Weights that differ by less than this are those of the same run, rounded otherwise."""
COLORS, HATCHES = (BLUE, ORANGE, GREEN, GREY), ("", "//", "..", "xx")


def show_parts(parts: np.ndarray) -> Picture:
    """Draw how the rows of each mini-batch lie on the ranks.

    Args:
        parts: Rows of each mini-batch on each rank, (mini-batches, R); at most four ranks.
    """
    figure, axes = new_figure(5.8, 0.7 + 0.38 * len(parts))
    places, left = np.arange(len(parts)), np.zeros(len(parts))
    for rank in range(parts.shape[1]):
        look = dict(color=COLORS[rank], hatch=HATCHES[rank], edgecolor="white", linewidth=0)
        axes.barh(places, parts[:, rank], 0.75, left=left, label=f"rank {rank}", **look)
        for place, (start, count) in enumerate(zip(left, parts[:, rank], strict=True)):
            box = dict(facecolor="white", edgecolor="none", pad=1.2)
            axes.text(start + count / 2, place, count, ha="center", va="center", fontsize=SMALL, color=DARK, bbox=box)
        left += parts[:, rank]
    axes.invert_yaxis()
    axes.set_yticks(places, [f"mini-batch {place + 1}" for place in places])
    plain(axes, "", "rows")
    legend_above(axes, parts.shape[1])
    shares = ", ".join(f"rank {rank} {parts[:, rank].tolist()}" for rank in range(parts.shape[1]))
    return Picture(figure, f"Rows of {len(parts)} mini-batches on {parts.shape[1]} ranks: {shares}")


def show_silent(told: Mapping[str, Told]) -> Picture:
    """Draw how far two ranks come apart from one process that learns from the same rows, for each way of sharing.

    Args:
        told: Name of a way -> what it has led to.
    """
    figure, axes = new_figure(5.8, 3.2)
    styles = ("o-", "s--", "^:", "D-.")
    for (name, one), style, color in zip(told.items(), styles, COLORS, strict=False):
        updates = np.arange(1, len(one.apart) + 1)
        axes.plot(updates, np.maximum(one.apart, 1e-17), style, color=color, markersize=5, label=name)
    axes.set_yscale("log")
    axes.set(ylim=(1e-17, 10))
    axes.set_xticks(updates)
    plain(axes, "", "updates", "largest difference of a weight")
    legend_above(axes, 2)
    ends = ", ".join(f"{name} {'lies with it' if one.apart[-1] < NEAR else 'does not'}" for name, one in told.items())
    return Picture(figure, f"Weights of two ranks against those of one process, after {len(updates)} updates: {ends}")

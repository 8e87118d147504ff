"""Pictures of epochs and mini-batches: neighbours that look alike, who goes where, and what size and passes do."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.colors import ListedColormap
from matplotlib.patches import Patch
from torch import Tensor

from ppo_lessons.display.picture import (
    BLUE,
    DARK,
    GREY,
    ORANGE,
    SMALL,
    Picture,
    legend_above,
    new_figure,
    plain,
    rounded,
)

SHADES = ("#0B2545", "#2F7FBF", "#F0A04B", "#FBE3B5")
"""Of four mini-batches, from dark to light, so that also the brightness tells them apart."""


def correlation(first: Tensor, second: Tensor) -> float:
    """Return Pearson's correlation of two flat tensors: 1 if they rise together, near 0 if neither foretells the other.

    Args:
        first: (B,).
        second: (B,).

    Returns:
        -1 to 1, rounded to two decimals (and never -0).
    """
    return rounded(torch.corrcoef(torch.stack((first, second)).double())[0, 1], 2)


def show_neighbours(quantity: Tensor, order: Tensor, name: str = "values") -> Picture:
    """Draw a quantity of each row against that of the row after it, in the buffer's order and in another one.

    Args:
        quantity: (B,).
        order: Row numbers in the other order, (B,).
        name: Of the quantity, for the axes.

    Returns:
        The picture.
    """
    figure, panels = new_figure(5.8, 3.4, 1, 2, sharex=True, sharey=True)
    found = []
    looks = (("in order", quantity, BLUE, "o"), ("shuffled", quantity[order], ORANGE, "x"))
    for axes, (title, ordered, colour, marker) in zip(panels, looks, strict=True):
        found.append(correlation(ordered[:-1], ordered[1:]))
        axes.plot(ordered[:-1], ordered[1:], marker, color=colour, markersize=2.5, alpha=0.8, markeredgewidth=0.8)
        plain(axes, f"{title}: correlation {found[-1]:.2f}", f"{name} of a row", f"{name} of the next row")
        axes.set_aspect("equal")
    panels[1].set_ylabel("")
    return Picture(figure, f"correlation of {name} with the next row: {found[0]:.2f}; shuffled: {found[1]:.2f}")


def place_of(row: int, pieces: Sequence[Tensor]) -> list[int]:
    """Return in which mini-batches a row stands, counted from 0."""
    return [number for number, piece in enumerate(pieces) if bool((piece == row).any())]


def show_assignment(
    passes: Mapping[str, Sequence[Tensor]], badges: Tensor, shape: tuple[int, int, int], row: int
) -> Picture:
    """Draw for each pass over the rows which mini-batch every row goes to.

    Args:
        passes: Title -> the row numbers of each mini-batch, at most four of them.
        badges: (t, e, a) of every row, (B, 3).
        shape: (T, E, A) of the buffer.
        row: One row to ring.

    Returns:
        The picture.
    """
    steps, copies, agents = shape
    figure, panels = new_figure(5.8, 3.6, 1, len(passes), sharey=True, squeeze=False)
    t, e, a = badges.T
    spot = tuple(badges[row].tolist())
    found = []
    for axes, (title, pieces) in zip(panels[0], passes.items(), strict=True):
        number = torch.full((len(badges),), -1)
        for k, piece in enumerate(pieces):
            number[piece] = k
        table = np.full((steps, copies * agents), np.nan)
        table[t, e * agents + a] = np.where(number < 0, np.nan, number)
        axes.imshow(table, cmap=ListedColormap(SHADES), vmin=-0.5, vmax=3.5, aspect="auto", interpolation="nearest")
        axes.plot(spot[1] * agents + spot[2], spot[0], "o", markersize=13, markerfacecolor="none",
                  markeredgecolor="white", markeredgewidth=4)  # fmt: skip
        axes.plot(spot[1] * agents + spot[2], spot[0], "o", markersize=13, markerfacecolor="none",
                  markeredgecolor="#C2185B", markeredgewidth=2)  # fmt: skip
        places = place_of(row, pieces)
        found.append(f"{title} {places}")
        plain(axes, f"{title}\n{spot}: in {', '.join(map(str, places))}", "copy e, its 4 agents", "")
        axes.set_xticks(range(0, copies * agents, 4 * agents), [str(c) for c in range(0, copies, 4)])
        axes.set_facecolor("white")
    panels[0, 0].set_ylabel("step t", fontsize=SMALL)
    handles = [Patch(facecolor=shade, edgecolor=GREY, label=f"mini-batch {k}") for k, shade in enumerate(SHADES)]
    handles.append(Patch(facecolor="white", edgecolor=GREY, label="fallen: no row"))
    figure.legend(handles=handles, fontsize=SMALL, frameon=False, loc="outside lower center", ncols=3)
    return Picture(figure, f"mini-batches that hold {spot}: {'; '.join(found)}")


def show_agreement(
    sizes: Sequence[int], shuffled: Sequence[Sequence[float]], neighbours: Sequence[Sequence[float]]
) -> Picture:
    """Draw how well the gradient of a mini-batch points where that of all rows points.

    Args:
        sizes: Rows in a mini-batch.
        shuffled: For each size, the cosine between the two gradients of every mini-batch of shuffled rows.
        neighbours: The same for mini-batches of neighbouring rows.

    Returns:
        The picture.
    """
    figure, axes = new_figure(5.8, 3.4)
    axes.axhline(0, color=DARK, linewidth=0.8)
    words = []
    looks = (("shuffled rows", shuffled, BLUE, "o-", 0.97), ("neighbouring rows", neighbours, ORANGE, "s--", 1.03))
    for name, cosines, colour, style, shift in looks:
        places = [size * shift for size in sizes]  # side by side
        middle, worst = [float(np.mean(c)) for c in cosines], [float(np.min(c)) for c in cosines]
        axes.vlines(places, worst, middle, color=colour, linewidth=1)
        axes.plot(places, worst, "v", color=colour, markersize=4, markerfacecolor="white")
        axes.plot(places, middle, style, color=colour, label=name)
        words.append(f"{name} " + ", ".join(f"{m:.2f}" for m in middle))
    axes.set_xscale("log", base=2)
    axes.set_xticks(sizes, [str(size) for size in sizes])
    axes.minorticks_off()
    axes.set_ylim(top=1.08)
    plain(
        axes,
        "1: the same direction, 0: at a right angle",
        "minibatch_size (rows)",
        "cosine with the gradient\nof all rows",
    )
    named = {label: handle for handle, label in zip(*axes.get_legend_handles_labels(), strict=True)}
    legend_above(axes, 3, {**named, "the worst one": axes.lines[1]})
    return Picture(figure, f"mean cosine at {list(sizes)} rows: {'; '.join(words)}")


def show_learning(curves: Mapping[int, Sequence[float]]) -> Picture:
    """Draw how the same team learns with more or fewer passes over each rollout.

    Args:
        curves: `epochs` -> mean reward of the rollout of each cycle.

    Returns:
        The picture. Its words name the curves only: the numbers of a training differ between machines.
    """
    figure, axes = new_figure(5.8, 3)
    looks = (("o:", GREY), ("s-", BLUE), ("^--", ORANGE), ("d-.", DARK))
    for (epochs, rewards), (style, colour) in zip(curves.items(), looks, strict=False):
        label = f"{epochs} epoch{'s' * (epochs > 1)}"
        axes.plot(range(1, len(rewards) + 1), rewards, style, color=colour, markersize=4, label=label)
    axes.axhline(0, color=DARK, linewidth=0.6)
    plain(axes, "mean reward of a decision", "cycle (one rollout each)")
    legend_above(axes, 3)
    cycles = max(len(rewards) for rewards in curves.values())
    axes.xaxis.get_major_locator().set_params(integer=True)
    return Picture(figure, f"mean reward in {cycles} cycles with {', '.join(map(str, curves))} epochs a rollout")

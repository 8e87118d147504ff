"""Pictures of epochs and mini-batches: neighbours that look alike, who goes where, and what size and passes do."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
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
LAST = 4
"""Cycles at the end of a training over which its reward is averaged."""


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


def show_arrows(pairs: Sequence[tuple[tuple[float, float], tuple[float, float]]]) -> Picture:
    """Draw pairs of arrows in a plane, each with the cosine of the angle between the two.

    Args:
        pairs: The ends of two arrows that begin at (0, 0).

    Returns:
        The picture.
    """
    ends = np.array([(0, 0), *(end for pair in pairs for end in pair)], float)
    (left, low), (right, high) = ends.min(0) - 0.5, ends.max(0) + 0.5
    width = 5.8 / len(pairs)
    size = width * min((high - low) / (right - left), 1.6) + 0.6
    figure, panels = new_figure(5.8, size, 1, len(pairs), sharex=True, sharey=True, squeeze=False)
    said = []
    for axes, pair in zip(panels[0], pairs, strict=True):
        first, second = (torch.tensor(end, dtype=torch.float64) for end in pair)
        cosine = rounded(torch.cosine_similarity(first, second, dim=0), 2)
        for end, colour, style in ((first, BLUE, "-"), (second, ORANGE, "--")):
            look = dict(arrowstyle="->", color=colour, linestyle=style, linewidth=2, shrinkA=0, shrinkB=0)
            axes.annotate("", end.tolist(), (0, 0), arrowprops=look)
        axes.set(xlim=(left, right), ylim=(low, high), aspect="equal", xticks=(), yticks=())
        plain(axes, f"cosine {cosine:.2f}")
        axes.spines[:].set_visible(False)
        axes.plot(0, 0, "o", color=DARK, markersize=4)
        said.append(f"{pair[0]} and {pair[1]}: {cosine:.2f}")
    return Picture(figure, f"cosine of two arrows: {'; '.join(said)}")


def show_agreement(
    sizes: Sequence[int],
    shuffled: Mapping[str, Sequence[Sequence[float]]],
    neighbours: Mapping[str, Sequence[Sequence[float]]],
) -> Picture:
    """Draw for each part of the loss how well the gradient of a mini-batch points where that of all rows points.

    Args:
        sizes: Rows in a mini-batch.
        shuffled: Part of the loss -> for each size, the cosine between the two gradients of every mini-batch of
            shuffled rows.
        neighbours: The same for mini-batches of neighbouring rows.

    Returns:
        The picture. Its text says the means to one decimal.
    """
    figure, panels = new_figure(5.8, 3.4, 1, len(shuffled), sharey=True, squeeze=False)
    said = []
    for axes, part in zip(panels[0], shuffled, strict=True):
        axes.axhline(0, color=DARK, linewidth=0.8)
        means = [_draw_cosines(axes, sizes, shuffled[part], BLUE, "o-", 0.95)]
        means.append(_draw_cosines(axes, sizes, neighbours[part], ORANGE, "s--", 1.05))
        axes.set_xscale("log", base=2)
        axes.set_xticks(sizes[::2], [str(size) for size in sizes[::2]])
        axes.minorticks_off()
        axes.set_ylim(-1, 1.08)
        plain(axes, part, "minibatch_size")
        words = [", ".join(f"{rounded(mean, 1):.1f}" for mean in of_sizes) for of_sizes in means]
        said.append(f"{part}: shuffled rows {words[0]}, neighbouring rows {words[1]}")
    panels[0, 0].set_ylabel("cosine with the gradient of all rows", fontsize=SMALL)
    lines = panels[0, 0].lines
    named = {"shuffled rows": lines[2], "neighbouring rows": lines[4], "the worst one": lines[1]}
    look = dict(fontsize=SMALL, frameon=False, columnspacing=1, handletextpad=0.4)
    figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=3, **look)
    return Picture(figure, f"mean cosine at {list(sizes)} rows: {'; '.join(said)}")


def _draw_cosines(
    axes: Axes, sizes: Sequence[int], cosines: Sequence[Sequence[float]], colour: str, style: str, shift: float
) -> list[float]:
    """Draw the mean and the worst cosine of each size; return the means."""
    places = [size * shift for size in sizes]  # side by side
    middle, worst = [float(np.mean(c)) for c in cosines], [float(np.min(c)) for c in cosines]
    axes.vlines(places, worst, middle, color=colour, linewidth=1)
    axes.plot(places, worst, "v", color=colour, markersize=4, markerfacecolor="white")
    axes.plot(places, middle, style, color=colour, markersize=5)
    return middle


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


def show_ten_seeds(rewards: Mapping[str, Sequence[Sequence[float]]]) -> Picture:
    """Draw how ten teams of each kind ended: one dot a team, lines join the teams of one seed.

    Args:
        rewards: Kind -> for each seed, the mean reward of each cycle. See `ten_seeds.load_rewards`.

    Returns:
        The picture.
    """
    ends = {name: [float(np.mean(run[-LAST:])) for run in runs] for name, runs in rewards.items()}
    places = np.arange(len(ends))
    figure, axes = new_figure(5.8, 3)
    for of_one_seed in zip(*ends.values(), strict=True):
        axes.plot(places, of_one_seed, "-", color=GREY, linewidth=0.7)
    looks = ((GREY, "o"), (BLUE, "s"), (ORANGE, "^"), (DARK, "x"))
    for place, (name, dots), (colour, marker) in zip(places, ends.items(), looks, strict=False):
        axes.plot([place] * len(dots), dots, marker, color=colour, markersize=6, label=name)
        axes.plot([place - 0.18, place + 0.18], [np.mean(dots)] * 2, color=colour, linewidth=3)
    axes.set_xticks(places, [f"{name}\nmean {np.mean(dots):.3f}" for name, dots in ends.items()])
    axes.set(xlim=(-0.5, len(ends) - 0.5))
    axes.set_ylim(bottom=0)
    plain(axes, f"mean reward of a decision, last {LAST} of {len(next(iter(rewards.values()))[0])} cycles")
    words = ", ".join(f"{name} {np.mean(dots):.3f}" for name, dots in ends.items())
    return Picture(figure, f"{len(dots)} seeds, mean reward in the last {LAST} cycles: {words}")

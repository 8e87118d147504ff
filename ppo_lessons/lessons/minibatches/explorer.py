"""The lesson's explorer: an epoch deals every row into one mini-batch; only shuffled, each is a sample of the whole."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap, to_rgb
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.patheffects import withStroke
from torch import Tensor

from ppo_lessons.display.picture import BLUE, DARK, GREY, ORANGE, SMALL, TITLE, legend_above, new_panels, plain
from ppo_lessons.interactive.controls import Slider, Toggle
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.interactive.marks import segments
from ppo_lessons.minibatches import count_gradient_steps, shuffle_rows, split_rows
from ppo_lessons.shipped.recorded_update import recorded_rows, recording
from ppo_lessons.shipped.recording import BADGES, CONFIG

FOLLOWED = BADGES["falls"]
"""The badge (t, e, a) that is followed."""
PALE = "#DCE8F1", "#86B6D9"
"""The first and the last mini-batch of an epoch, both much lighter than the one of this step."""
RING = dict(marker="o", markerfacecolor="none", linestyle="none", markeredgecolor=DARK)
"""Around the followed row."""
LEVELS = 16
"""Shades from the first mini-batch to the last."""


class Dealt(NamedTuple):
    """The rows at one gradient step of an update."""

    step: int
    """Gradient step, counted from 1."""
    epoch: int
    """Counted from 1."""
    current: int
    """Mini-batch of this step, counted from 0 in each epoch."""
    minibatch_of: np.ndarray
    """Mini-batch of each row in this epoch, int, (B,)."""
    edges: np.ndarray
    """Where each mini-batch begins in this epoch's order, and the end of the last one, int, (pieces + 1,)."""
    mean_returns: np.ndarray
    """Of each mini-batch, (pieces,)."""
    other_means: np.ndarray
    """Of the mini-batches of the other order: in the buffer's order if these are shuffled, else shuffled, (pieces,)."""
    times_seen: np.ndarray
    """How often each row has been in a mini-batch up to and with this step, int, (B,)."""
    followed: tuple[int, ...]
    """In which mini-batch the followed row was in each epoch up to this one."""
    place: int
    """Of the followed row in this epoch's order."""
    minibatch_size: int
    steps_of_all: int
    """Gradient steps of the update of the recording's settings, with this mini-batch size."""
    shuffled: bool


@lru_cache(maxsize=64)
def _orders(epochs: int, seed: int) -> tuple[Tensor, ...]:
    """Return the shuffled row numbers of each epoch, drawn one after the other as in an update, each (B,)."""
    generator = torch.Generator().manual_seed(seed)
    return tuple(shuffle_rows(len(recorded_rows().actions), generator) for _ in range(epochs))


@lru_cache(maxsize=1)
def _followed() -> int:
    return recording().rows_of([FOLLOWED])[0]


def _means(quantity: Tensor, pieces: tuple[Tensor, ...]) -> np.ndarray:
    return np.array([float(quantity[piece].mean()) for piece in pieces])


def deal_rows(minibatch_size: int, step: int, shuffle: bool, seed: int) -> Dealt:
    """Shuffle and split the recorded rows epoch by epoch, and stop at one gradient step.

    Args:
        minibatch_size: Rows in a mini-batch, 2 or more.
        step: Gradient step to stop at, 1 or more.
        shuffle: False: the rows stay in the buffer's order.
        seed: Of the shuffles.

    Returns:
        Who is in which mini-batch, and what the mini-batches are like.
    """
    returns = recorded_rows().returns
    num_rows, followed = len(returns), _followed()
    per_epoch = count_gradient_steps(num_rows, minibatch_size, 1)
    epoch, current = (step - 1) // per_epoch, (step - 1) % per_epoch
    shuffled, in_order = _orders(epoch + 1, seed), torch.arange(num_rows)
    passes = [split_rows(order if shuffle else in_order, minibatch_size) for order in shuffled]
    other = split_rows(in_order if shuffle else shuffled[-1], minibatch_size)

    pieces = passes[-1]
    sizes = [len(piece) for piece in pieces]
    numbers = torch.repeat_interleave(torch.arange(per_epoch), torch.tensor(sizes))  # of each place in the order
    order = torch.cat(pieces)
    minibatch_of = torch.empty(num_rows, dtype=torch.int64)
    minibatch_of[order] = numbers
    return Dealt(
        step,
        epoch + 1,
        current,
        minibatch_of.numpy(),
        np.cumsum([0, *sizes]),
        _means(returns, pieces),
        _means(returns, other),
        epoch + (minibatch_of <= current).numpy().astype(int),
        tuple(next(k for k, piece in enumerate(split) if (piece == followed).any()) for split in passes),
        int((order == followed).nonzero()),
        minibatch_size,
        count_gradient_steps(num_rows, minibatch_size, CONFIG.epochs),
        shuffle,
    )


class MinibatchFace:
    """Left every row at its place in the rollout, right what the mini-batches are like and how far the epoch is."""

    def __init__(self, columns: int = 2) -> None:
        plans = {
            1: "rows / rows / rows / rows / rows / means / means / means / means / seen / seen",
            2: "rows means / rows means / rows means / rows means / rows seen / rows seen",
        }
        self.figure, panels = new_panels(columns, plans, 0.56 if columns == 1 else 0.62)
        self.acting = recording().buffer.data.acting.numpy()
        self.num_rows = int(self.acting.sum())
        ring = self._make_rollout(panels["rows"])
        self._make_means(panels["means"])
        self._make_pass(panels["seen"])
        named = {
            "of this step": Patch(facecolor=ORANGE),
            "the first one": Patch(facecolor=PALE[0], edgecolor=GREY),
            "... the last one": Patch(facecolor=PALE[1], edgecolor=GREY),
            "fallen: no row": Patch(facecolor="white", edgecolor=GREY),
            f"{FOLLOWED}": ring,
        }
        look = dict(fontsize=SMALL, frameon=False, columnspacing=1, handletextpad=0.4)
        self.figure.legend(named.values(), named.keys(), loc="outside lower center", ncols=2 * columns - 1 or 1, **look)

    def _make_rollout(self, axes: Axes) -> Line2D:
        """Draw every row at its place; return the ring around the followed one."""
        steps, copies, agents = self.acting.shape
        plain(axes, " ", "copy e, its 4 agents", "step t")
        self.title = axes.text(0, 1.02, "", transform=axes.transAxes, fontsize=TITLE, color=DARK)
        first, last = (np.array(to_rgb(colour)) for colour in PALE)
        shades = ListedColormap([*(first + (last - first) * k for k in np.linspace(0, 1, LEVELS)), ORANGE])
        nothing = np.full((steps, copies * agents), np.nan)
        look = dict(vmin=-0.5, vmax=LEVELS + 0.5, aspect="auto", interpolation="nearest")
        self.cells = axes.imshow(nothing, shades, **look)
        axes.set_xticks(range(0, copies * agents, 4 * agents), [str(copy) for copy in range(0, copies, 4)])
        t, e, a = FOLLOWED
        (ring,) = axes.plot(e * agents + a, t, **RING, clip_on=False, markersize=13, markeredgewidth=2)
        ring.set_path_effects([withStroke(linewidth=4.5, foreground="white")])
        return ring

    def _make_means(self, axes: Axes) -> None:
        plain(axes, "mean returns")
        axes.set(xlim=(0, self.num_rows), ylim=(0.4, 2))
        axes.tick_params(labelbottom=False)
        everybody = float(recorded_rows().returns.mean())
        self.means = axes.hlines([], [], [], color=BLUE, linewidth=3, label="each", zorder=2.2)
        self.other = axes.hlines([], [], [], color=GREY, linewidth=1.2, label="other order")
        axes.axhline(everybody, color=DARK, linewidth=0.8, linestyle=":", label="all")
        self.lit = axes.hlines([], [], [], color=ORANGE, linewidth=5, zorder=2.3)
        (self.here,) = axes.plot([], [], **RING, markersize=9, markeredgewidth=1.6, zorder=2.4)
        legend_above(axes, columns=3)

    def _make_pass(self, axes: Axes) -> None:
        plain(axes, "how often seen", "place in this epoch's order")
        axes.set(xlim=(0, self.num_rows), ylim=(0, 1), yticks=())
        axes.spines["left"].set_visible(False)
        self.seen = axes.axvspan(0, 1, color=PALE[1], linewidth=0)
        self.waiting = axes.axvspan(0, 1, color=PALE[0], linewidth=0)
        look = dict(fontsize=SMALL, va="center", transform=axes.transAxes)
        self.counts = [axes.text(x, 0.5, "", ha=side, **look) for x, side in ((0.02, "left"), (0.98, "right"))]

    def show(self, result: Dealt) -> str:
        """Light the mini-batch of this step, and put the others where they are."""
        pieces, k, edges = len(result.mean_returns), result.current, result.edges
        shade = result.minibatch_of * (LEVELS - 1) // max(pieces - 1, 1)
        table = np.full(self.acting.shape, np.nan)
        table[self.acting] = np.where(result.minibatch_of == k, LEVELS, shade)
        self.cells.set_data(table.reshape(len(table), -1))
        self.title.set_text(f"epoch {result.epoch}, mini-batch {k} (0 to {pieces - 1})")

        begin, end, means = edges[:-1], edges[1:], result.mean_returns
        self.means.set_segments(segments(begin, means, end, means))
        self.lit.set_segments(segments(begin[k], means[k], end[k], means[k]))
        self.other.set_segments(segments(begin, result.other_means, end, result.other_means))
        self.here.set_data([result.place], [result.mean_returns[result.followed[-1]]])
        done, left = int(edges[k + 1]), self.num_rows - int(edges[k + 1])
        self.seen.set_width(done)
        self.waiting.set(x=done, width=left)
        self.counts[0].set_text(f"{_times(result.epoch)}: {done} rows")
        self.counts[1].set_text(f"{_times(result.epoch - 1)}: {left} rows" if left else "")
        return self._say(result, pieces)

    def _say(self, result: Dealt, pieces: int) -> str:
        of_all = result.steps_of_all
        steps = f"{result.step} of {of_all}" if result.step <= of_all else f"{result.step}, more than the {of_all}"
        means = [f"{m.min():.2f} to {m.max():.2f}" for m in (result.mean_returns, result.other_means)]
        how = ("shuffled", "in the buffer's order")[:: 1 if result.shuffled else -1]
        *before, now = result.followed
        earlier = f", before in {', '.join(map(str, before[-5:]))}" if before else ""
        return (
            f"{self.num_rows} rows, {pieces} mini-batch{'es' * (pieces > 1)} an epoch, gradient step {steps} (of "
            f"{CONFIG.epochs} epochs); mean returns {how[0]} {means[0]}, {how[1]} {means[1]}; {FOLLOWED} is in "
            f"mini-batch {now} of this epoch{earlier}"
        )


def _times(count: int) -> str:
    return {0: "never", 1: "once", 2: "twice"}.get(count, f"{count} times")


def explore() -> Explorer:
    """Shuffle and split the recorded rows, and go through the mini-batches one by one."""
    num_rows = len(recorded_rows().actions)
    knobs = (
        Slider("minibatch_size", "minibatch_size", (64, 128, 256, 512, 1024, num_rows - 1, num_rows), 512),
        Slider("step", "gradient step", tuple(range(1, 33)), 2, play=400),
        Toggle("shuffle", "shuffle", True),
        Slider("seed", "seed of the shuffles", tuple(range(10)), 1),
    )
    text = "Explorer: minibatch_size, gradient step, shuffle and seed against the mini-batches of the recorded rows"
    return Explorer("Mini-batches", text, deal_rows, MinibatchFace, knobs)

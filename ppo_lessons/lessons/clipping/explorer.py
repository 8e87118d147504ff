"""The lesson's explorer: clip epsilon on real rows; where a row lies decides whether it still pushes."""

from typing import NamedTuple

import numpy as np
import torch

from ppo_lessons.display.picture import (
    BLUE,
    DARK,
    GREY,
    ORANGE,
    SMALL,
    SOFT_BLUE,
    legend_above,
    new_panels,
    plain,
    signed,
)
from ppo_lessons.interactive.controls import Slider
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.losses import approx_kl, clip_fraction, clipped_surrogate_loss, importance_ratios, still_pushed
from ppo_lessons.shipped.recorded_update import log_probs_under, normalised_rows, policy_after

REGIONS = ("below", "inside", "above")
"""Where the ratio lies: below 1 - eps, inside, above 1 + eps."""


class Clipping(NamedTuple):
    """All rows of the recording in the middle of an update."""

    ratios: np.ndarray
    """(B,)."""
    advantages: np.ndarray
    """Normalised, (B,)."""
    pushed: np.ndarray
    """Whether a row has a gradient, bool, (B,)."""
    counts: np.ndarray
    """Rows in each of the six regions: good rows (advantage above 0) and bad ones, by `REGIONS`, (2, 3)."""
    silent: np.ndarray
    """Those of them without gradient, (2, 3)."""
    clip_eps: float
    actor_loss: float
    clip_fraction: float
    approx_kl: float


def clip_rows(clip_eps: float, steps: int) -> Clipping:
    """Look at the recorded rows after some gradient steps of their update, through one clip epsilon.

    Args:
        clip_eps: Half the width of the interval.
        steps: Gradient steps of the recorded update (with its own epsilon of 0.2), 0 to 16.

    Returns:
        The rows, and what the clipped surrogate loss says of them.
    """
    rows = normalised_rows()
    new_log_probs = log_probs_under(policy_after(steps), rows)
    ratios = importance_ratios(new_log_probs, rows.old_log_probs)
    pushed = still_pushed(ratios, rows.advantages, clip_eps)
    region = (ratios >= 1 - clip_eps).int() + (ratios > 1 + clip_eps).int()
    counts, silent = np.zeros((2, 3), int), np.zeros((2, 3), int)
    for sign, side in enumerate((rows.advantages > 0, rows.advantages < 0)):
        counts[sign] = torch.bincount(region[side], minlength=3).numpy()
        silent[sign] = torch.bincount(region[side & ~pushed], minlength=3).numpy()
    return Clipping(
        ratios.numpy(),
        rows.advantages.numpy(),
        pushed.numpy(),
        counts,
        silent,
        clip_eps,
        float(clipped_surrogate_loss(ratios, rows.advantages, clip_eps)),
        float(clip_fraction(ratios, clip_eps)),
        float(approx_kl(new_log_probs, rows.old_log_probs)),
    )


class ClippingFace:
    """Every row by ratio and advantage, and the rows in each of the six regions."""

    def __init__(self, columns: int = 2) -> None:
        plans = {1: "rows / regions", 2: "rows regions"}
        self.figure, panels = new_panels(columns, plans, 3.4)
        left, right = panels["rows"], panels["regions"]
        plain(left, "every row of the recording", "ratio (log scale)", "normalised advantage")
        left.set_xscale("log")
        left.set_xticks([0.25, 0.5, 1, 2, 4], ["0.25", "0.5", "1", "2", "4"])
        left.minorticks_off()
        left.axhline(0, color=DARK, linewidth=0.8)
        self.interval = left.axvspan(0.8, 1.2, color=SOFT_BLUE, linewidth=0, zorder=0)
        looks = (
            dict(marker=">", color=BLUE, label="pushed up"),
            dict(marker="<", color=ORANGE, label="pushed down"),
            dict(marker="o", color=GREY, markerfacecolor="white", label="silent"),
        )
        self.points = [left.plot([], [], linestyle="none", markersize=4, **look)[0] for look in looks]
        legend_above(left, 3)

        plain(right, "rows in the six regions")
        right.set_xticks(range(3), ["below", "inside", "above"])
        self.bars, self.hollow, self.labels = [], [], []
        for sign, colour in enumerate((BLUE, ORANGE)):
            at = np.arange(3) + (sign - 0.5) * 0.4
            hatch = ("", "...")[sign]
            self.bars += right.bar(at, 0, 0.38, color=colour, hatch=hatch, edgecolor="white").patches
            self.hollow += right.bar(at, 0, 0.38, color="white", edgecolor=GREY, hatch="///").patches
            self.labels += [right.text(x, 0, "", ha="center", va="bottom", fontsize=SMALL) for x in at]
        named = {"good": self.bars[0], "bad": self.bars[3], "silent": self.hollow[0]}
        legend_above(right, 3, named)

    def show(self, result: Clipping) -> str:
        """Put points and bars where the rows are."""
        self.interval.set(x=1 - result.clip_eps, width=2 * result.clip_eps)
        groups = (result.pushed & (result.advantages > 0), result.pushed & (result.advantages < 0), ~result.pushed)
        for points, which in zip(self.points, groups, strict=True):
            points.set_data(result.ratios[which], result.advantages[which])
        both = zip(result.counts.ravel(), result.silent.ravel(), strict=True)
        for bar, hollow, label, (count, silent) in zip(self.bars, self.hollow, self.labels, both, strict=True):
            bar.set_height(count)
            hollow.set_height(silent)
            hollow.set_visible(silent > 0)
            label.set(y=count, text=str(count))
        total = len(result.ratios)
        return (
            f"clip_eps {result.clip_eps:g}: actor_loss {signed(result.actor_loss, 4)}, outside (clip_fraction) "
            f"{result.clip_fraction:.1%}, silent {1 - result.pushed.mean():.1%} of {total} rows, ratios "
            f"{result.ratios.min():.2f} to {result.ratios.max():.2f}, approx_kl {result.approx_kl:.4f}"
        )


def explore() -> Explorer:
    """Move clip epsilon over the recorded rows, at any step of their update."""
    epsilons = tuple(round(0.01 * i, 2) for i in range(1, 61))
    knobs = (
        Slider("clip_eps", "clip_eps", epsilons, 0.2),
        Slider("steps", "gradient steps so far", tuple(range(17)), 8, play=300),
    )
    text = "Explorer: clip_eps and gradient steps against the ratios, advantages and six regions of the recorded rows"
    return Explorer("Clipping", text, clip_rows, ClippingFace, knobs)

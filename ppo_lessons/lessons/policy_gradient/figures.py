"""The lesson's pictures: the stairs, sampled gradients, the surrogate far from the old policy, and three teams."""

from collections.abc import Mapping
from itertools import pairwise

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from ppo_lessons.display.picture import (
    BLUE,
    DARK,
    GREEN,
    ORANGE,
    SMALL,
    Picture,
    legend_above,
    new_figure,
    plain,
)
from ppo_lessons.lessons.policy_gradient import stairs
from ppo_lessons.shipped.three_losses import ThreeLosses

PLACES = {"s0": (0.8, 2.0), "s1": (3.4, 3.0), "back": (3.4, 1.0), "twice": (6.0, 3.6), "then": (6.0, 2.4)}
"""Where the places of the house stand in the picture."""
LOOKS = ((ORANGE, "-.", "s"), (GREEN, "--", "^"), (BLUE, "-", "o"))
"""Colour, line and mark of the plain policy gradient, of the surrogate without a clip, and of PPO."""


def show_stairs(p: float) -> Picture:
    """Draw the house as a tree: two places, two ways out of each, and how each case ends.

    Args:
        p: Probability of going on.

    Returns:
        The picture.
    """
    figure, axes = new_figure(5.8, 2.7)
    axes.set(xlim=(0, 7.9), ylim=(0.5, 4.1))
    axes.set_axis_off()
    chances = stairs.case_probabilities(torch.tensor(p, dtype=torch.float64)).tolist()
    ends = dict(zip(("back", "then", "twice"), zip(chances, stairs.RETURNS.tolist(), strict=True), strict=True))
    for start, end, words in (
        ("s0", "s1", "go on: +1"),
        ("s0", "back", "turn back: 0"),
        ("s1", "twice", "go on: -1"),
        ("s1", "then", "turn back: 0"),
    ):
        _way(axes, PLACES[start], PLACES[end], words)
    for name in ("s0", "s1"):
        axes.text(*PLACES[name], name, ha="center", va="center", fontsize=SMALL + 2, color="white",
                  bbox=dict(boxstyle="circle,pad=0.4", facecolor=BLUE, edgecolor=BLUE))  # fmt: skip
    for name, (chance, total) in ends.items():
        x, y = PLACES[name]
        axes.text(x + 0.1, y, f"probability {chance:.2f}\nreturn {total:.0f}", va="center", fontsize=SMALL, color=DARK)
    said = ", ".join(f"{case}: probability {c:.2f}" for case, c in zip(stairs.CASES, chances, strict=True))
    return Picture(figure, f"The house as a tree. {said}")


def _way(axes: Axes, start: tuple[float, float], end: tuple[float, float], words: str) -> None:
    (x, y), (to_x, to_y) = start, end
    look = dict(arrowstyle="-|>", color=DARK, linewidth=1.3, shrinkA=16, shrinkB=14 if to_x < 5 and to_y > 2 else 2)
    axes.annotate("", end, start, arrowprops=look)
    above = to_y > y
    axes.text((x + to_x) / 2, (y + to_y) / 2 + (0.28 if above else -0.28), words, fontsize=SMALL, color=DARK,
              ha="center", va="bottom" if above else "top")  # fmt: skip


def show_estimates(estimates: Mapping[int, Tensor], exact: float) -> Picture:
    """Draw many sampled gradients, each the mean over some cases, around the exact one.

    Args:
        estimates: Cases in an estimate -> several estimates, each (n,).
        exact: The gradient of J.

    Returns:
        The picture. Its text draws conclusions only.
    """
    figure, axes = new_figure(5.8, 3.1)
    for place, found in enumerate(estimates.values()):
        offsets = place + np.linspace(-0.28, 0.28, len(found))
        axes.plot(offsets, found, ".", color=BLUE, markersize=5, label="one estimate" if not place else None)
    axes.axhline(exact, color=ORANGE, linewidth=1.6, linestyle="--", label="exact gradient", zorder=1)
    axes.set_xticks(range(len(estimates)), [f"{cases:,}" for cases in estimates])
    plain(axes, "sampled gradients of J", "cases in one estimate", "gradient with respect to theta")
    legend_above(axes)
    spreads = [float(found.std()) for found in estimates.values()]
    narrower = all(wide > 2 * narrow for wide, narrow in pairwise(spreads))
    around = all(abs(float(f.mean()) - exact) < float(f.std()) for f in estimates.values())
    says = f"around the exact one: {_yes(around)}; narrower each time: {_yes(narrower)}"
    return Picture(figure, f"Estimates from {', '.join(map(str, estimates))} cases, {says}")


def _yes(held: bool) -> str:
    return "yes" if held else "no"


def show_far_away(old_p: float, clip_eps: float) -> Picture:
    """Draw J, the surrogate of an old policy, and the clipped surrogate over all policies.

    Args:
        old_p: The old policy's probability of going on.
        clip_eps: Half the width of the interval.

    Returns:
        The picture.
    """
    p, old = torch.linspace(0, 1, 501, dtype=torch.float64), torch.tensor(old_p, dtype=torch.float64)
    figure, axes = new_figure(5.8, 3.6)
    curves = curves_of(p, old, clip_eps)
    for name, (look, curve) in curves.items():
        axes.plot(p, curve, label=name, linewidth=1.8, **look)
    height = float(stairs.expected_return(old))
    axes.plot([old_p], [height], "o", color=DARK, markersize=7, label="the old policy")
    plain(axes, "what is said of a policy, and what is true", "p, the probability of going on", "return of a case")
    legend_above(axes)
    best = [f"{name} highest at p = {float(p[curve.argmax()]):.2f}" for name, (_, curve) in curves.items()]
    return Picture(figure, "; ".join(best))


def curves_of(p: Tensor, old: Tensor, clip_eps: float) -> dict[str, tuple[dict[str, str], Tensor]]:
    """Return name -> look and heights of J, the surrogate and the clipped surrogate over policies p, (P,)."""
    return {
        "J": (dict(color=DARK, linestyle="-"), stairs.expected_return(p)),
        "surrogate": (dict(color=ORANGE, linestyle="--"), stairs.surrogate(p, old)),
        "clipped surrogate": (dict(color=BLUE, linestyle="-."), stairs.clipped_surrogate(p, old, clip_eps)),
    }


def show_three_losses(runs: ThreeLosses, quantity: str = "win_rate") -> Picture:
    """Draw a curve of each method over agent-steps: the median of its seeds, and all of them from lowest to highest.

    Args:
        runs: What `three_losses` holds.
        quantity: Which of its curves.

    Returns:
        The picture. It draws shipped numbers, the same on every machine.
    """
    figure, axes = new_figure(5.8, 3.4)
    millions = runs.agent_steps / 1e6
    said = []
    for method, (colour, line, _), curves in zip(runs.methods, LOOKS, runs.curves[quantity], strict=True):
        middle, low, high = (reduce(curves, axis=0) for reduce in (np.nanmedian, np.nanmin, np.nanmax))
        axes.fill_between(millions, low, high, color=colour, alpha=0.16, linewidth=0)
        axes.plot(millions, middle, color=colour, linestyle=line, linewidth=1.8, label=method)
        said.append(f"{method}: {middle[-1]:.0%} at the end (median of {len(curves)} seeds)")
    plain(axes, f"{quantity.replace('_', ' ')}: median and range", "million agent-steps", quantity.replace("_", " "))
    axes.set_ylim(-0.02, 1.02)
    legend_above(axes, 3)
    return Picture(figure, "; ".join(said))

"""The lesson's explorer: what is true of a policy, what the surrogates say of it, and which way each would push."""

from typing import NamedTuple

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from ppo_lessons.display.picture import BLUE, DARK, ORANGE, SMALL, legend_above, new_panels, plain, signed
from ppo_lessons.interactive.controls import Slider
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.lessons.policy_gradient import stairs

NAMES = ("J", "surrogate", "clipped")
LOOKS = (dict(color=DARK, linestyle="-"), dict(color=ORANGE, linestyle="--"), dict(color=BLUE, linestyle="-."))
"""Of the three, in every panel."""
HATCHES = ("", "//", "..")
GRID = np.linspace(0, 1, 201)
"""Policies over which the curves are drawn."""


class Compared(NamedTuple):
    """One policy p, an old one, and what is said of p by the true return and by both surrogates."""

    p: float
    old_p: float
    clip_eps: float
    curves: np.ndarray
    """J, surrogate and clipped surrogate over `GRID`, (3, 201)."""
    heights: np.ndarray
    """The three at p, (3,)."""
    gradients: np.ndarray
    """Their gradients at p with respect to theta, (3,)."""
    ratios: np.ndarray
    """Of going on and of turning back, (2,)."""


def three_of(p: Tensor, old: Tensor, clip_eps: float) -> tuple[Tensor, Tensor, Tensor]:
    """Return J, surrogate and clipped surrogate of policies p, each (...)."""
    return (
        stairs.expected_return(p),
        stairs.surrogate(p, old).expand_as(p),
        stairs.clipped_surrogate(p, old, clip_eps),
    )


def compare(p: float, old_p: float, clip_eps: float) -> Compared:
    """Sum up everything that can happen under p, and what the rows of the old policy say of p.

    Args:
        p: Probability of going on, above 0 and below 1.
        old_p: That of the policy which played.
        clip_eps: Half the width of the interval.

    Returns:
        Curves, heights and gradients.
    """
    old = torch.tensor(old_p, dtype=torch.float64)
    theta = torch.tensor(p, dtype=torch.float64).logit().requires_grad_()
    here = three_of(theta.sigmoid(), old, clip_eps)
    gradients = [torch.autograd.grad(height, theta, retain_graph=True)[0] for height in here]
    curves = torch.stack(three_of(torch.from_numpy(GRID), old, clip_eps))
    return Compared(
        p,
        old_p,
        clip_eps,
        curves.numpy(),
        torch.stack(here).detach().numpy(),
        torch.stack(gradients).numpy(),
        stairs.ratios(torch.tensor(p, dtype=torch.float64), old)[:2].numpy(),
    )


class StairsFace:
    """The three curves with this policy on them, and beside them the three gradients."""

    def __init__(self, columns: int = 2) -> None:
        plans = {1: "curves / gradients", 2: "curves curves gradients"}
        self.figure, panels = new_panels(columns, plans, 3.4)
        self._curves(panels["curves"])
        self._gradients(panels["gradients"])

    def _curves(self, axes: Axes) -> None:
        plain(axes, "return of a case: true, and as said", "p, the probability of going on")
        axes.set_xlim(0, 1)
        self.lines = [
            axes.plot(GRID, 0 * GRID, linewidth=1.8, label=name, **look)[0]
            for name, look in zip(NAMES, LOOKS, strict=True)
        ]
        (self.old,) = axes.plot([], [], "o", color=DARK, markersize=7, label="the old policy")
        self.marks = [
            axes.plot([], [], marker, color=look["color"], markersize=6, linestyle="none")[0]
            for marker, look in zip("Dsv", LOOKS, strict=True)
        ]
        (self.here,) = axes.plot([], [], color=DARK, linewidth=0.9, linestyle=":")
        legend_above(axes)

    def _gradients(self, axes: Axes) -> None:
        plain(axes, "gradient at p (theta)")
        axes.axhline(0, color=DARK, linewidth=0.8)
        axes.set_xticks(range(3), ["J", "surr.", "clipped"])
        self.bars = [
            axes.bar(place, 0, 0.62, color=look["color"], hatch=hatch, edgecolor="white").patches[0]
            for place, (look, hatch) in enumerate(zip(LOOKS, HATCHES, strict=True))
        ]
        self.labels = [axes.text(place, 0, "", ha="center", fontsize=SMALL) for place in range(3)]

    def show(self, result: Compared) -> str:
        """Put curves, marks and bars where the result says."""
        for line, curve in zip(self.lines, result.curves, strict=True):
            line.set_ydata(curve)
        for mark, height in zip(self.marks, result.heights, strict=True):
            mark.set_data([result.p], [height])
        self.here.set_data([result.p, result.p], [result.heights.min(), result.heights.max()])
        self.old.set_data([result.old_p], [result.old_p - result.old_p**2])
        for bar, label, gradient in zip(self.bars, self.labels, result.gradients, strict=True):
            bar.set_height(gradient)
            label.set(y=gradient, va="bottom" if gradient >= 0 else "top", text=signed(gradient, 3))
        true, said, clipped = (signed(height, 3) for height in result.heights)
        slopes = ", ".join(
            f"{name} {signed(gradient, 3)}" for name, gradient in zip(NAMES, result.gradients, strict=True)
        )
        on, back = result.ratios
        return (
            f"p {result.p:g}, old p {result.old_p:g}, clip_eps {result.clip_eps:g}: J {true}, surrogate {said}, "
            f"clipped surrogate {clipped}; gradients {slopes}; ratio of going on {on:.3f}, of turning back {back:.3f}"
        )


def explore() -> Explorer:
    """Move the policy away from the one that played."""
    chances = tuple(round(0.02 * place, 2) for place in range(1, 50))
    knobs = (
        Slider("p", "p, going on", chances, 0.4, play=150),
        Slider("old_p", "old p", tuple(round(0.05 * place, 2) for place in range(1, 20)), 0.2),
        Slider("clip_eps", "clip_eps", tuple(round(0.05 * place, 2) for place in range(1, 20)), 0.2),
    )
    text = (
        "Explorer: a policy, the old policy and clip_eps against the true return, both surrogates and their gradients"
    )
    return Explorer("Policy gradient", text, compare, StairsFace, knobs)

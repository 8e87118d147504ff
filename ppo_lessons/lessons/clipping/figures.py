"""The lesson's pictures: which rows the clipped surrogate still pushes, and how far the policy goes all the same."""

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from torch import Tensor

from ppo_lessons.display.picture import (
    BLUE,
    DARK,
    GREEN,
    GREY,
    ORANGE,
    SMALL,
    SOFT_BLUE,
    Picture,
    legend_above,
    new_figure,
    plain,
)
from ppo_lessons.losses import still_pushed

LINES = ("-", "--", "-.", ":")


def show_clipped_surrogate(ratios: Tensor, advantages: Tensor, clip_eps: float) -> Picture:
    """Draw the clipped surrogate over the ratio, for good and for bad actions, with some rows on it.

    Args:
        ratios: pi_new / pi_old, (B,).
        advantages: (B,), none of them 0.
        clip_eps: Half the width of the interval.

    Returns:
        The picture.
    """
    pushed = still_pushed(ratios, advantages, clip_eps)
    heights = torch.min(ratios * advantages, ratios.clamp(1 - clip_eps, 1 + clip_eps) * advantages)
    over = torch.linspace(0.5, 1.5, 201)
    figure, panels = new_figure(5.8, 3.6, 1, 2)
    signs = (("A > 0: a good action", 1), ("A < 0: a bad action", -1))
    for axes, (title, sign) in zip(panels, signs, strict=True):
        mark_interval(axes, clip_eps, vertical=True)
        sizes = sorted({float(a) for a in advantages if a * sign > 0}, key=abs)
        for style, size in zip(LINES, sizes, strict=False):
            surrogate = torch.min(over * size, over.clamp(1 - clip_eps, 1 + clip_eps) * size)
            axes.plot(over, surrogate, style, color=DARK, linewidth=1.3, label=f"A = {size:+g}")
        for i in range(len(ratios)):
            if advantages[i] * sign > 0:
                height = float(heights[i])
                axes.plot(float(ratios[i]), height, **_marker(bool(pushed[i]), sign, 10))
                axes.annotate(f"row {i + 1}", (float(ratios[i]), height), (0, 10), textcoords="offset points",
                              ha="center", fontsize=SMALL)  # fmt: skip
        plain(axes, title, "ratio r", "the smaller of r A and clip(r) A" if sign > 0 else "")
        axes.margins(y=0.18)
        _legend(axes, sign)
    said = [f"row {i + 1} {'pushed' if push else 'not'}" for i, push in enumerate(pushed)]
    return Picture(figure, ", ".join(said))


def show_minimum_and_clip(clip_eps: float) -> Picture:
    """Draw the surrogate, the clip alone and the smaller of the two over the ratio, for advantages of +1 and -1.

    Args:
        clip_eps: Half the width of the interval.

    Returns:
        The picture.
    """
    over = torch.linspace(0.5, 1.5, 201)
    figure, panels = new_figure(5.8, 3.6, 1, 2)
    outside = {"below": over < 1 - clip_eps - 1e-6, "above": over > 1 + clip_eps + 1e-6}
    said = []
    for axes, sign in zip(panels, (1, -1), strict=True):
        mark_interval(axes, clip_eps, vertical=True)
        plain_surrogate, clipped = over * sign, over.clamp(1 - clip_eps, 1 + clip_eps) * sign
        smaller = torch.min(plain_surrogate, clipped)
        axes.plot(over, smaller, "-", color=BLUE, linewidth=6, label="the smaller", solid_capstyle="butt")
        axes.plot(over, plain_surrogate, ":", color=DARK, linewidth=2, label="r A")
        axes.plot(over, clipped, "--", color=ORANGE, linewidth=2, label="clip(r) A")
        plain(axes, f"A = {sign:+d}", "ratio r")
        legend_above(axes)
        steep = [name for name, part in outside.items() if bool((smaller[part].diff() != 0).all())]
        said.append(
            f"A = {sign:+d}: outside, the clip alone is flat; the smaller one still slopes {' and '.join(steep)}"
        )
    return Picture(figure, "; ".join(said))


def show_rows_over_steps(
    ratios_of: Mapping[str, Sequence[float]], advantages: Mapping[str, float], clip_eps: float
) -> Picture:
    """Follow the ratios of some rows through an update, and mark where they push and where they are silent.

    Args:
        ratios_of: Name of a row -> its ratio before the first gradient step and after each.
        advantages: Name -> its advantage.
        clip_eps: Half the width of the interval.

    Returns:
        The picture. Its text draws conclusions only.
    """
    figure, axes = new_figure(5.8, 3.4)
    mark_interval(axes, clip_eps, vertical=False)
    said = []
    for (name, ratios), style in zip(ratios_of.items(), LINES, strict=False):
        history, advantage = torch.tensor(ratios), torch.tensor(advantages[name])
        pushed = still_pushed(history, advantage.expand(len(history)), clip_eps)
        sign = 1 if advantage > 0 else -1
        steps = torch.arange(len(history))
        colour = BLUE if sign > 0 else ORANGE
        axes.plot(steps, history, style, color=colour, linewidth=1, label=f"{name}, A = {advantage:+.1f}")
        towards = "pushed up" if sign > 0 else "pushed down"
        axes.plot(steps[pushed], history[pushed], **_marker(True, sign, 7), label=f"{name}: {towards}")
        if not pushed.all():
            axes.plot(steps[~pushed], history[~pushed], **_marker(False, sign, 8), label=f"{name}: silent")
        said.append(f"{name}: {towards} {'at every step' if pushed.all() else 'at first, silent at some step'}")
    plain(axes, "the ratio of two rows in the course of an update", "gradient steps so far", "ratio")
    legend_above(axes, 3)
    return Picture(figure, "; ".join(said))


def mark_interval(axes: Axes, clip_eps: float, *, vertical: bool) -> None:
    """Shade 1 - eps ... 1 + eps.

    Args:
        axes: Where.
        clip_eps: Half the width of the interval.
        vertical: True: the ratio is on the x axis. False: on the y axis.
    """
    span = axes.axvspan if vertical else axes.axhspan
    span(1 - clip_eps, 1 + clip_eps, color=SOFT_BLUE, linewidth=0, label=f"1 ± {clip_eps:g}")


def _marker(pushed: bool, sign: int, size: float) -> dict:
    """Filled triangles point where a pushed row is to go; a hollow circle is a row that is not pushed."""
    if not pushed:
        return dict(marker="o", markerfacecolor="white", markeredgecolor=GREY, markersize=size * 0.8, linestyle="none")
    marker, colour = (">", BLUE) if sign > 0 else ("<", ORANGE)
    return dict(marker=marker, color=colour, markersize=size, linestyle="none")


def _legend(axes: Axes, sign: int) -> None:
    towards = "pushed up" if sign > 0 else "pushed down"
    axes.plot([], [], **_marker(True, sign, 8), label=towards)
    axes.plot([], [], **_marker(False, sign, 8), label="not pushed")
    legend_above(axes)


def show_pushed_rows(ratios: Tensor, advantages: Tensor, clip_eps: float) -> Picture:
    """Draw every row of a mini-batch by its ratio and its advantage: pushed up, pushed down or not pushed.

    Args:
        ratios: pi_new / pi_old, (B,).
        advantages: Normalised, (B,).
        clip_eps: Half the width of the interval.

    Returns:
        The picture. Its text draws conclusions only: the ratios of a trained policy differ a little between machines.
    """
    ratios, advantages = ratios.detach(), advantages.detach()
    pushed, outside = still_pushed(ratios, advantages, clip_eps), (ratios - 1).abs() > clip_eps
    figure, axes = new_figure(5.8, 3.6)
    mark_interval(axes, clip_eps, vertical=True)
    groups = (
        (pushed & (advantages > 0), _marker(True, 1, 4), "pushed up"),
        (pushed & (advantages < 0), _marker(True, -1, 4), "pushed down"),
        (~pushed, _marker(False, 1, 6), "not pushed"),
    )
    for which, look, name in groups:
        axes.plot(ratios[which], advantages[which], label=f"{name}: {int(which.sum())} rows", **look)
    axes.axhline(0, color=DARK, linewidth=0.8)
    plain(axes, f"{int(outside.sum())} of {len(ratios)} rows are outside the interval", "ratio", "normalised advantage")
    legend_above(axes)
    said = (
        f"outside and not pushed: {_some(outside & ~pushed)}; outside and still pushed: {_some(outside & pushed)}; "
        f"inside and not pushed: {_some(~outside & ~pushed & (advantages != 0))}"
    )
    return Picture(figure, said)


def _some(which: Tensor) -> str:
    return "some" if bool(which.any()) else "none"


def show_motion(
    ratios_of: Mapping[str, Sequence[Tensor]], kl_of: Mapping[str, Sequence[float]], clip_eps: float
) -> Picture:
    """Draw how far the ratios and approx_kl went in the course of an update.

    Args:
        ratios_of: Name of a run -> ratios of all rows after each gradient step, each (B,).
        kl_of: Name of a run -> approx_kl after each gradient step.
        clip_eps: Half the width of the interval.

    Returns:
        The picture. Its text draws conclusions only.
    """
    figure, (left, right) = new_figure(5.8, 3.2, 1, 2)
    mark_interval(left, clip_eps, vertical=False)
    said = []
    for (name, history), colour, style in zip(ratios_of.items(), (BLUE, ORANGE, GREEN), LINES, strict=False):
        look = dict(color=colour, linestyle=style, linewidth=1.5)
        steps = np.arange(1, len(history) + 1)
        largest = [float(ratios.max()) for ratios in history]
        left.plot(steps, largest, label=name, **look)
        right.plot(steps, kl_of[name], label=name, **look)
        inside = all(ratio <= 1 + clip_eps for ratio in largest)
        said.append(f"{name}: the largest ratio stays inside the interval: {'yes' if inside else 'no'}")
    left.set_yscale("log")
    left.set_yticks([1, 1.2, 2, 4, 8, 16], ["1", "1.2", "2", "4", "8", "16"])
    left.minorticks_off()
    right.set_yscale("log")
    plain(left, "largest ratio (log scale)", "gradient step")
    plain(right, "approx_kl in nats (log scale)", "gradient step")
    left.set_ylim(bottom=0.7)
    legend_above(left)
    legend_above(right)
    return Picture(figure, "; ".join(said))

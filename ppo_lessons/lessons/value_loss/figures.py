"""Pictures of the critic: what it says against what came, the broadcasting trap, and its pull on the shared trunk."""

from collections.abc import Mapping, Sequence
from itertools import pairwise

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Rectangle
from torch import Tensor

from ppo_lessons.display.picture import (
    BLUE,
    DARK,
    GREY,
    ORANGE,
    SMALL,
    SOFT_BLUE,
    TITLE,
    Picture,
    legend_above,
    new_figure,
    plain,
    rounded,
)
from ppo_lessons.losses import explained_variance

MARKERS = "osD^vPX*"


def show_pairs(values: Tensor, returns: Tensor) -> Picture:
    """Draw the squared error of every value with every return: the rows' own pairs are the diagonal.

    Args:
        values: The critic's estimates, (B,), a few rows.
        returns: (B,).

    Returns:
        The picture.
    """
    values, returns = values.detach(), returns.detach()
    pairs = (values.unsqueeze(1) - returns).square()  # (B, B)
    own, everything = float(pairs.diagonal().mean()), float(pairs.mean())
    figure, axes = new_figure(5.8, 3.7)
    axes.imshow(np.sqrt(pairs.numpy()), cmap="Blues", vmin=0, vmax=3 * float(pairs.max()) ** 0.5, aspect="auto")
    for i, j in np.ndindex(*pairs.shape):
        look = dict(color="black", weight="bold") if i == j else dict(color="#303030")
        axes.text(j, i, f"{pairs[i, j]:.2f}", ha="center", va="center", fontsize=SMALL, **look)
    for i in range(len(values)):
        axes.add_patch(_frame(i))
    ticks = range(len(values))
    axes.set_xticks(ticks, [f"{x:.2f}" for x in returns.tolist()])
    axes.set_yticks(ticks, [f"{x:.2f}" for x in values.tolist()])
    title = f"framed: each row with its own return, mean {own:.2f}\nall {pairs.numel()} pairs: mean {everything:.2f}"
    plain(axes, title, "returns, (B,)", "values, (B, 1)")
    return Picture(figure, f"{len(values)} own pairs: mean {own:.2f}; all {pairs.numel()} pairs: mean {everything:.2f}")


def _frame(i: int) -> Rectangle:
    return Rectangle((i - 0.47, i - 0.47), 0.94, 0.94, fill=False, edgecolor=ORANGE, linewidth=2.2)


def show_predictions(values: Tensor | Mapping[str, Tensor], returns: Tensor) -> Picture:
    """Draw what the critic said over what came, one point a row; on the line it was right.

    Args:
        values: The critic's estimates, (B,); or several of them by name, drawn side by side.
        returns: (B,).

    Returns:
        The picture. Its words give the number for one critic, and for several only whether each explains more than the
        one before (numbers after training differ between machines).
    """
    critics = values if isinstance(values, Mapping) else {"": values}
    explained = [explained_variance(said.detach(), returns) for said in critics.values()]
    rows, columns = (1, 1) if len(critics) == 1 else ((len(critics) + 1) // 2, 2)
    shape = dict(sharex=True, sharey=True, squeeze=False)
    figure, panels = new_figure(2.9 * max(columns, 1.6), 2.8 * rows - 0.3 * (rows > 1), rows, columns, **shape)
    for unused in panels.flat[len(critics) :]:
        unused.remove()
    low, high = float(returns.min()) - 0.3, float(returns.max()) + 0.3
    for axes, (name, said), share in zip(panels.flat, critics.items(), explained, strict=False):
        axes.plot([low, high], [low, high], "-", color=ORANGE, linewidth=1.5, zorder=3, label="right")
        axes.axhline(float(returns.mean()), color=DARK, linewidth=1.2, linestyle=":", zorder=3, label="mean return")
        axes.plot(returns, said.detach(), "o", color=BLUE, markersize=3, alpha=0.75, markeredgewidth=0)
        title = f"explained variance {rounded(share, 2):.2f}"
        plain(axes, f"{name}\n{title}" if name else title)
        legend_above(axes)
    for axes in panels[-1]:
        axes.set_xlabel("returns", fontsize=SMALL)
    for axes in panels[:, 0]:
        axes.set_ylabel("values", fontsize=SMALL)
    if len(critics) == 1:
        return Picture(figure, f"{len(returns)} rows, explained variance {explained[0]:.2f}")
    rises = [bool(after > before) for before, after in pairwise(explained)]
    return Picture(figure, f"{', '.join(critics)}: more explained than in the panel before: {rises}")


def show_tug_of_war(actor_pull: Tensor, value_pull: Tensor, vf_coefs: Sequence[float]) -> Picture:
    """Draw where the sum of both gradients points, and how long its two parts are, for several vf_coef.

    Args:
        actor_pull: Gradient of the actor's loss with respect to the shared trunk, flat.
        value_pull: Gradient of the value loss (without vf_coef), flat.
        vf_coefs: Which weights to draw.

    Returns:
        The picture.
    """
    angles = [_angle(actor_pull, actor_pull + vf_coef * value_pull) for vf_coef in vf_coefs]
    right_angle = _angle(actor_pull, value_pull)
    figure, (fan, lengths) = new_figure(5.8, 3.2, 1, 2)
    shades = [GREY if vf_coef == 0 else BLUE for vf_coef in vf_coefs]
    for place, (vf_coef, angle, colour) in enumerate(zip(vf_coefs, angles, shades, strict=True)):
        _arrow(fan, angle, 1.0, colour, "-")
        reach = 1.06 if place % 2 == 0 else 1.2  # neighbours in two rings, so that their names do not touch
        x, y = reach * np.cos(np.radians(angle)), reach * np.sin(np.radians(angle))
        fan.text(x, y, f"{vf_coef:g}", fontsize=SMALL, ha="left" if angle < 70 else "center", va="center")
    _arrow(fan, right_angle, 0.72, ORANGE, "--")
    fan.text(-0.06, 0.36, "value loss alone", fontsize=SMALL, color=ORANGE, rotation=90, ha="right", va="center")
    fan.text(0.5, -0.07, "actor's loss alone", fontsize=SMALL, color=DARK, ha="center", va="top")
    fan.set(xlim=(min(-0.2, 1.2 * np.cos(np.radians(right_angle))), 1.25), ylim=(-0.2, 1.32), aspect="equal")
    fan.set_title("which way, by vf_coef", fontsize=TITLE, loc="left", color=DARK)
    fan.set_axis_off()
    _draw_lengths(lengths, float(actor_pull.norm()), float(value_pull.norm()), vf_coefs)
    degrees = ", ".join(f"{angle:.0f} at {vf_coef:g}" for vf_coef, angle in zip(vf_coefs, angles, strict=True))
    return Picture(figure, f"degrees between the sum and the actor's own pull, by vf_coef: {degrees}")


def _angle(one: Tensor, other: Tensor) -> float:
    cosine = torch.cosine_similarity(one.double(), other.double(), dim=0).clamp(-1, 1)
    return float(torch.rad2deg(torch.acos(cosine)))


def _arrow(axes: Axes, degrees: float, length: float, colour: str, style: str) -> None:
    tip = length * np.cos(np.radians(degrees)), length * np.sin(np.radians(degrees))
    look = dict(arrowstyle="-|>", color=colour, linewidth=1.8, linestyle=style, shrinkA=0, shrinkB=0)
    axes.annotate("", tip, (0, 0), arrowprops=look)


def _draw_lengths(axes: Axes, actor: float, value: float, vf_coefs: Sequence[float]) -> None:
    places = range(len(vf_coefs))
    axes.plot(places, [actor] * len(vf_coefs), "s--", color=DARK, label="actor's loss")
    axes.plot(places, [c * value for c in vf_coefs], "o-", color=BLUE, label="value loss")
    axes.set_yscale("symlog", linthresh=0.1)
    axes.set_ylim(bottom=-0.01)
    axes.set_yticks([0, 0.1, 1, 10], ["0", "0.1", "1", "10"])
    axes.minorticks_off()
    axes.set_xticks(places, [f"{c:g}" for c in vf_coefs])
    plain(axes, "how hard each pulls (log scale)", "vf_coef")
    legend_above(axes)


def show_shared_clip(lengths: Mapping[str, tuple[float, float]], max_grad_norm: float) -> Picture:
    """Draw how long the actor's part of the gradient is before and after the whole gradient was shortened.

    Args:
        lengths: Name of a setting -> length of the actor's part (before, after).
        max_grad_norm: For the title.

    Returns:
        The picture.
    """
    figure, axes = new_figure(5.8, 2.9)
    places = np.arange(len(lengths))
    before, after = zip(*lengths.values(), strict=True)
    looks = (
        (before, -0.2, SOFT_BLUE, "", "before the clip"),
        (after, 0.2, BLUE, "//", "after it: the actor's step"),
    )
    for heights, shift, colour, hatch, name in looks:
        bars = axes.bar(
            places + shift, heights, 0.38, color=colour, edgecolor=DARK, linewidth=0.6, hatch=hatch, label=name
        )
        axes.bar_label(bars, [f"{height:.3f}" for height in heights], fontsize=SMALL, padding=2)
    axes.set_xticks(places, [name.replace(", ", ",\n") for name in lengths])
    axes.margins(y=0.15)
    plain(axes, f"one clip for all parameters, max_grad_norm {max_grad_norm:g}", "", "length of the actor's part")
    legend_above(axes)
    left = ", ".join(f"{name}: {b:.3f} to {a:.3f}" for name, (b, a) in lengths.items())
    return Picture(figure, f"length of the actor's part before and after the clip; {left}")

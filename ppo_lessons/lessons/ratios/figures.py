"""The lesson's pictures: stored actions looked up again, how far the ratios spread, and two estimates of the KL."""

from collections.abc import Iterable, Mapping

import numpy as np
import torch
from matplotlib.ticker import FixedLocator, FormatStrFormatter, NullLocator
from torch import Tensor

from ppo_lessons.display.picture import BLUE, DARK, GREEN, ORANGE, SMALL, Picture, legend_above, new_figure, plain
from ppo_lessons.spirit_world.rules import ACTION_NAMES

RATIO_TICKS = (0.125, 0.25, 0.5, 1, 2, 4, 8, 16)
"""A ratio of 2 is as far from 1 as a ratio of 0.5, so ratios are drawn on a log axis."""


def show_lookup(logits: Tensor, actions: Tensor, titles: Iterable[str]) -> Picture:
    """Draw the action distribution of some rows, and which action is looked up in each.

    Args:
        logits: The actor's outputs, (B, N).
        actions: The stored actions, int64, (B,).
        titles: One for each row.

    Returns:
        The picture.
    """
    chances, titles = torch.softmax(logits, dim=-1).detach().numpy(), list(titles)
    columns = len(titles) // 2 if len(titles) % 2 == 0 else len(titles)
    lines = len(titles) // columns
    figure, panels = new_figure(5.8, 0.7 + 1.6 * lines, lines, columns, sharex=True, sharey=True, squeeze=False)
    found = []
    for row, (axes, title) in enumerate(zip(panels.flat, titles, strict=True)):
        taken = int(actions[row])
        colours = [ORANGE if n == taken else BLUE for n in range(len(ACTION_NAMES))]
        bars = axes.bar(ACTION_NAMES, chances[row], color=colours)
        bars[taken].set_hatch("//")
        axes.annotate(f"{chances[row, taken]:.2f}", (taken, chances[row, taken]), (0, 3), textcoords="offset points",
                      ha="center", fontsize=SMALL, color=ORANGE)  # fmt: skip
        plain(axes, title, "", "probability" if row % columns == 0 else "")
        axes.tick_params(axis="x", labelrotation=60)
        found.append(f"{title}: {ACTION_NAMES[taken]} {chances[row, taken]:.2f}")
    panels[0, 0].set_ylim(0, 1.05)
    return Picture(figure, "looked up (hatched): " + ", ".join(found))


def show_ratio_spread(ratios_after: Mapping[int, Tensor]) -> Picture:
    """Draw the ratios of all rows after some numbers of gradient steps.

    Args:
        ratios_after: Number of steps -> ratios, (B,).

    Returns:
        The picture. Its text draws conclusions only: the ratios of a trained policy differ a little between machines.
    """
    arrays = {steps: ratios.detach().numpy() for steps, ratios in ratios_after.items()}
    furthest = max(1.5, *(float(np.exp(np.abs(np.log(array)).max())) for array in arrays.values())) * 1.1
    bins = np.geomspace(1 / furthest, furthest, 62)
    figure, panels = new_figure(5.8, 1.25 * len(arrays) + 0.4, len(arrays), 1, sharex=True, sharey=True, squeeze=False)
    for axes, (steps, array) in zip(panels[:, 0], arrays.items(), strict=True):
        axes.hist(array, bins=bins, color=BLUE)
        axes.axvline(1, color=DARK, linewidth=1, linestyle=":")
        title = f"after {steps} gradient step{'' if steps == 1 else 's'}: ratios {array.min():.2f} to {array.max():.2f}"
        plain(axes, title, "", "rows (log)")
        axes.set(xscale="log", yscale="log", ylim=(0.7, None))
        axes.xaxis.set_major_locator(FixedLocator(RATIO_TICKS))
        axes.xaxis.set_major_formatter(FormatStrFormatter("%g"))
        axes.xaxis.set_minor_locator(NullLocator())
    panels[-1, 0].set_xlabel("ratio (log scale)", fontsize=SMALL)
    said = [f"{steps}: {_spread_in_words(array)}" for steps, array in arrays.items()]
    return Picture(figure, "ratios by number of gradient steps; " + "; ".join(said))


def _spread_in_words(ratios: np.ndarray) -> str:
    if np.abs(ratios - 1).max() < 1e-5:
        return "all 1"
    return "on both sides of 1" if ratios.min() < 1 < ratios.max() else "on one side of 1"


def show_kl_estimates(k1: Tensor, k3: Tensor, exact: float) -> Picture:
    """Draw many estimates of the same KL divergence, each from a sample of its own.

    Args:
        k1: Estimates mean(-ln r), one a sample.
        k3: Estimates mean((r - 1) - ln r), from the same samples.
        exact: The KL divergence worked out from all probabilities, in nats.

    Returns:
        The picture. Its text draws conclusions only.
    """
    k1, k3 = k1.detach().numpy(), k3.detach().numpy()
    bins = np.linspace(min(k1.min(), 0), max(k1.max(), k3.max()), 50)
    figure, axes = new_figure(5.8, 3.0)
    axes.hist(k3, bins=bins, color=BLUE, label="k3: mean of (r - 1) - ln r")
    axes.hist(k1, bins=bins, histtype="step", color=ORANGE, hatch="//", linewidth=1.5, label="k1: mean of -ln r")
    axes.axvline(0, color=DARK, linewidth=1)
    axes.axvline(exact, color=GREEN, linewidth=2, linestyle="--", label=f"exact KL, {exact:.3f}")
    axes.axvspan(bins[0], 0, facecolor="#F3DDE8", hatch="..", edgecolor="white", label="below 0: no KL is here")
    plain(axes, "samples by their estimate of KL(old || new), in nats", "estimate", "samples")
    legend_above(axes)
    below = ["some" if (estimates < 0).any() else "none" for estimates in (k1, k3)]
    narrower = "k3" if k3.std() < k1.std() else "k1"
    return Picture(
        figure, f"samples with an estimate below 0: k1 {below[0]}, k3 {below[1]}; less scattered: {narrower}"
    )

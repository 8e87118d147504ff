"""Pictures of gradients: which loss reaches which part of the network, and a loss that falls for nothing."""

from itertools import pairwise

import numpy as np
from matplotlib.patches import Rectangle

from ppo_lessons.display.gradients import GROUPS
from ppo_lessons.display.picture import BLUE, DARK, ORANGE, SMALL, Picture, new_figure, plain


def show_gradient_xray(lengths: dict[str, dict[str, float | None]], title: str = "") -> Picture:
    """Draw which loss (columns) reaches which part of the network (rows), and how strongly.

    Args:
        lengths: What `gradient_lengths` returned; a line break in a name breaks it in the picture too.
        title: Of the picture.

    Returns:
        The picture.
    """
    parts = [part for part in GROUPS if any(column[part] is not None for column in lengths.values())]
    figure, axes = new_figure(5.8, 1.2 + 0.42 * len(parts))
    for x, column in enumerate(lengths.values()):
        for y, part in enumerate(parts):
            value = column[part]
            reached = not np.isnan(value)
            shade = min(0.6, 0.1 + 0.15 * value) if reached and value > 0 else 0.0
            colour = (1 - shade, 1 - 0.55 * shade, 1 - 0.30 * shade)
            style = dict(facecolor=colour, edgecolor="#B0B0AA", linewidth=1)
            axes.add_patch(Rectangle((x, y), 1, 1, **style, hatch=None if reached else "///"))
            box = dict(facecolor="white", edgecolor="none", pad=1.5) if not reached else None
            nothing = f"{value:.3f}" == "0.000"
            axes.text(x + 0.5, y + 0.5, f"{value:.3f}" if reached else "none", ha="center", va="center", fontsize=SMALL,
                      color=ORANGE if nothing else DARK, weight="bold" if nothing else None, bbox=box)  # fmt: skip
    axes.set(xlim=(0, len(lengths)), ylim=(len(parts), 0))
    axes.set_xticks([x + 0.5 for x in range(len(lengths))], list(lengths))
    axes.set_yticks([y + 0.5 for y in range(len(parts))], parts)
    plain(axes, title)
    axes.spines[:].set_visible(False)
    axes.tick_params(length=0, labelsize=SMALL)
    return Picture(figure, "\n".join(_in_words(name, column) for name, column in lengths.items()))


def _in_words(name: str, column: dict[str, float | None]) -> str:
    """Return one column in one line: "value: critic_trunk 1.329, critic_head 1.648"."""
    reached = [f"{part} {v:.3f}" for part, v in column.items() if v is not None and not np.isnan(v)]
    return f"{name.replace(chr(10), ' ')}: {', '.join(reached) or 'reaches nothing'}"


def show_false_progress(actor_losses: list[float], foreseen: list[float]) -> Picture:
    """Draw an actor's loss that falls while the critic gets worse.

    Args:
        actor_losses: One for each gradient step.
        foreseen: The critic's explained variance at the same steps.

    Returns:
        The picture.
    """
    figure, (left, right) = new_figure(5.8, 2.4, 1, 2)
    left.plot(actor_losses, "o-", color=BLUE, markersize=3)
    plain(left, "actor_loss falls ...", "gradient step")
    right.plot(foreseen, "s--", color=ORANGE, markersize=3)
    right.axhline(0, color=DARK, linewidth=0.8, linestyle=":")
    plain(right, "... explained_variance too", "gradient step")
    falls = all(later < earlier for earlier, later in pairwise(actor_losses))
    text = (
        f"{len(actor_losses)} gradient steps; actor_loss falls in each: {falls}; "
        f"explained_variance above 0.5 at first: {foreseen[0] > 0.5}, below 0 at last: {foreseen[-1] < 0}"
    )
    return Picture(figure, text)

"""Pictures of advantages: along one copy of the world, and at the two kinds of end."""

import numpy as np
from matplotlib.axes import Axes
from torch import Tensor

from ppo_lessons.display.picture import BLUE, DARK, GREEN, ORANGE, PINK, SMALL, Picture, legend_above, new_figure, plain

LOOKS = (("o", "-", BLUE), ("s", "--", ORANGE), ("D", ":", GREEN), ("^", "-.", PINK), ("v", "-", DARK))
"""A marker, a line style and a colour for each series."""


def show_along_copy(
    rewards: Tensor, values: Tensor, deltas: Tensor, advantages: Tensor, acting: Tensor, ends: tuple[Tensor, Tensor]
) -> Picture:
    """Draw rewards, values, TD errors and advantages of every detective of one copy of the world.

    Args:
        rewards: (T, A), as all of the following.
        values: The critic's estimates before each step.
        deltas: TD errors.
        advantages: Advantages.
        acting: Real decisions, bool; the other rows are left empty.
        ends: `terminated` and `truncated`, each bool.

    Returns:
        The picture.
    """
    steps, agents = rewards.shape
    rows = (agents + 1) // 2
    figure, panels = new_figure(5.8, 0.6 + 1.9 * rows, rows, 2, sharex=True, sharey=True)
    for a, axes in enumerate(panels.flat[:agents]):
        t = acting[:, a].nonzero().flatten().numpy()
        reward, value, delta, advantage = (x[t, a].numpy() for x in (rewards, values, deltas, advantages))
        for step in (~acting[:, a]).nonzero().flatten().tolist():
            axes.axvspan(step - 0.5, step + 0.5, color="#DBDBDB", linewidth=0, label="fallen, waiting")
        axes.axhline(0, color=DARK, linewidth=0.8)
        axes.bar(t, reward, color="#B9B9B4", width=0.7, label="reward")
        axes.plot(t, value, "-", color=BLUE, linewidth=1.5, label="value V")
        axes.plot(t, delta, "D", color=GREEN, markerfacecolor="white", markersize=4.5, label="TD error")
        axes.plot(t, advantage, ".--", color=ORANGE, markersize=6, linewidth=1, label="advantage")
        _mark_ends(axes, t, [flag[:, a].numpy() for flag in ends])
        plain(axes, f"detective {a}", "step t of the rollout" if a >= agents - 2 else "")
    panels.flat[0].set_xlim(-0.8, steps - 0.2)
    named = {}
    for axes in panels.flat[:agents]:
        named |= dict(zip(*reversed(axes.get_legend_handles_labels()), strict=True))
    figure.legend(named.values(), named.keys(), fontsize=SMALL, frameon=False, loc="outside lower center", ncols=4)
    ended = ", ".join(f"detective {a} at t={_last(acting, ends, a)}" for a in range(agents) if _last(acting, ends, a))
    text = f"{int(acting.sum())} real decisions of {acting.numel()}; end marked: {ended or 'nobody'}"
    return Picture(figure, text)


def _mark_ends(axes: Axes, steps: np.ndarray, flags: list[np.ndarray]) -> None:
    """Put a mark on the base line where one of these rows ended."""
    for flag, marker, colour, name in zip(flags, "X|", (DARK, DARK), ("terminated", "truncated"), strict=True):
        ended = steps[flag[steps]]
        axes.plot(ended, np.zeros(len(ended)), marker, color=colour, markersize=9, zorder=4, linestyle="none",
                  markeredgewidth=2.5 if marker == "|" else 0.5, label=name if len(ended) else None)  # fmt: skip


def _last(acting: Tensor, ends: tuple[Tensor, Tensor], agent: int) -> str:
    ended = (ends[0] | ends[1])[:, agent] & acting[:, agent]
    return " and ".join(str(t) for t in ended.nonzero().flatten().tolist())


def show_ends(treatments: dict[str, Tensor]) -> Picture:
    """Draw the advantages of the same rows when their last step is treated in different ways.

    Args:
        treatments: Name -> advantages, each (T,).

    Returns:
        The picture.
    """
    figure, axes = new_figure(5.8, 3)
    width = 0.8 / len(treatments)
    for i, (name, advantages) in enumerate(treatments.items()):
        places = np.arange(len(advantages)) + (i - (len(treatments) - 1) / 2) * width
        colour, hatch = (BLUE, ORANGE, GREEN)[i % 3], ("", "///", "..")[i % 3]
        axes.bar(places, advantages.numpy(), width, color=colour, hatch=hatch, edgecolor="white", label=name)
        for place, value in zip(places.tolist(), advantages.tolist(), strict=True):
            up = 4 if value >= 0 or abs(value) < 0.05 else -12
            axes.annotate(f"{_no_minus(value):.1f}", (place, value), (0, up), textcoords="offset points",
                          ha="center", fontsize=SMALL)  # fmt: skip
    axes.axhline(0, color=DARK, linewidth=0.8)
    axes.set_xticks(range(len(advantages)))
    axes.margins(y=0.2)
    axes.set_ylim(top=axes.get_ylim()[1] + 0.1 * np.ptp(axes.get_ylim()))  # room for the numbers of bars of no height
    plain(axes, "", "step t", "advantage")
    legend_above(axes)
    said = (f"{name}: {[round(_no_minus(v), 1) for v in a.tolist()]}" for name, a in treatments.items())
    return Picture(figure, "; ".join(said))


def _no_minus(value: float) -> float:
    """Return 0 without a minus sign for what rounds to 0."""
    return 0.0 if abs(value) < 0.05 else value

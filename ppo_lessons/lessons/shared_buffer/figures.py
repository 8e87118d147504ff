"""Pictures of the shared buffer: how it fills, the way of one badge, rows in wrong places, and how experience ages."""

from collections.abc import Sequence

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.patches import Patch, Rectangle
from torch import Tensor

from ppo_lessons.display.picture import (
    BLUE,
    DARK,
    GREY,
    ORANGE,
    SMALL,
    SOFT_BLUE,
    SOFT_ORANGE,
    Picture,
    legend_above,
    new_figure,
    plain,
)

FALLEN = "#D4D4CF"
Badge = tuple[int, int, int]


def show_filling(acting: Tensor, moments: Sequence[int], copies: int = 2) -> Picture:
    """Draw a buffer at several moments: which places hold a real decision, which are of fallen agents, which are empty.

    Args:
        acting: Of the full buffer, bool, (T, E, A).
        moments: How many steps are stored in each panel, from left to right.
        copies: How many copies of the world to draw.

    Returns:
        The picture.
    """
    steps, _, agents = acting.shape
    rows = acting[:, :copies].permute(1, 2, 0).reshape(-1, steps).numpy()  # (copies * A, T)
    figure, panels = new_figure(5.8, 1.1 + 0.2 * len(rows), 1, len(moments), sharey=True, squeeze=False)
    counts = []
    for axes, stored in zip(panels[0], moments, strict=True):
        for (row, t), acts in np.ndenumerate(rows):
            _put_cell(axes, t, row, "empty" if t >= stored else "acting" if acts else "fallen")
        state = "full" if stored == steps else "not full yet" if stored else "empty"
        plain(axes, f"{stored} of {steps} steps: {state}", "step t", "")
        if stored < steps:
            look = dict(arrowstyle="->", color=DARK, linewidth=1.2)
            box = dict(facecolor="white", edgecolor="none", pad=1.5)
            middle = 0.75 * len(rows) - 0.5
            where = (min(stored + 3, steps - 9), middle)
            axes.annotate(
                "the next add", (stored, middle), where, va="center", fontsize=SMALL, bbox=box, arrowprops=look
            )
        axes.set(xlim=(-0.6, steps - 0.4), ylim=(len(rows) - 0.4, -0.6))
        for copy in range(1, copies):
            axes.axhline(copy * agents - 0.5, color=DARK, linewidth=1)
        axes.set_yticks(range(len(rows)), [f"({e}, {a})" for e in range(copies) for a in range(agents)])
        counts.append(f"{stored}: {int(acting[:stored].sum())} of {acting[:stored].numel()}")
    panels[0, 0].set_ylabel("(copy e, agent a)", fontsize=SMALL)
    handles = [Patch(facecolor=SOFT_BLUE, edgecolor=BLUE, label="acting"),
               Patch(facecolor=FALLEN, edgecolor=GREY, hatch="////", label="fallen"),
               Patch(facecolor="white", edgecolor=FALLEN, label="empty")]  # fmt: skip
    figure.legend(handles=handles, fontsize=SMALL, frameon=False, loc="outside lower center", ncols=3)
    return Picture(figure, f"real decisions among the places filled, by steps stored: {'; '.join(counts)}")


def _put_cell(axes: Axes, x: float, y: float, state: str, text: str = "", width: float = 0.9) -> None:
    face, edge, hatch = {
        "acting": (SOFT_BLUE, BLUE, None),
        "fallen": (FALLEN, GREY, "////"),
        "empty": ("white", FALLEN, None),
        "badge": (ORANGE, DARK, None),
        "wrong": (SOFT_ORANGE, ORANGE, None),
    }[state]
    corner = (x - width / 2, y - 0.425)
    axes.add_patch(Rectangle(corner, width, 0.85, facecolor=face, edgecolor=edge, hatch=hatch, linewidth=0.6))
    if text:
        bold = dict(color="white", fontweight="bold") if state == "badge" else dict(color=DARK)
        if state == "fallen":  # readable over the hatch
            bold["bbox"] = dict(facecolor=FALLEN, edgecolor="none", pad=0.8)
        axes.text(x, y, text, ha="center", va="center", fontsize=SMALL, **bold)


def show_way(acting: Tensor, badge: Badge, window: int = 16) -> Picture:
    """Draw the way of one badge: from its slice of the buffer, through the flat order, to its row.

    Args:
        acting: bool, (T, E, A).
        badge: Step t, copy e, agent a of a real decision.
        window: How many places to draw from the badge on.

    Returns:
        The picture.
    """
    (_, copies, agents), (t, e, a) = acting.shape, badge
    place = (t * copies + e) * agents + a
    flat = acting.flatten()
    row = int(flat[:place].sum())
    figure, (above, below) = new_figure(5.8, 3.8, 2, 1, gridspec_kw={"height_ratios": (1, 0.85)})
    for copy in range(copies):
        for agent in range(agents):
            state = "badge" if (copy, agent) == (e, a) else "acting" if acting[t, copy, agent] else "fallen"
            _put_cell(above, copy, agent, state, f"{copy},{agent}")
    above.set(xlim=(-0.6, copies - 0.4), ylim=(agents - 0.4, -0.6), xticks=range(copies), yticks=range(agents))
    plain(above, f"slice t = {t} of the buffer, axes (E, A); hatched: fallen", "copy e", "agent a")
    next_row = row
    for x in range(window):
        here = place + x
        copy, agent = here // agents % copies, here % agents
        state = "badge" if x == 0 else "acting" if flat[here] else "fallen"
        _put_cell(below, x, 0, state, f"{copy},{agent}")
        below.text(x, -0.62, here, ha="center", fontsize=SMALL, color=DARK)
        if flat[here]:
            target = next_row - row
            below.annotate("", (target, 1.5), (x, 0.47), arrowprops=dict(arrowstyle="->", color=GREY, linewidth=0.8))
            _put_cell(below, target, 2, state, f"{copy},{agent}")
            below.text(target, 2.75, next_row, ha="center", fontsize=SMALL, color=DARK)
            next_row += 1
    below.set(xlim=(-0.6, max(window, copies) - 0.4), ylim=(3.1, -1.0), xticks=[])
    below.set_yticks([-0.72, 0, 2, 2.65], ["place", "all", "acting", "row"])
    plain(below, "in the order t, e, a; then the fallen are selected away")
    below.spines[["left", "bottom"]].set_visible(False)
    below.tick_params(length=0)
    before = place - row
    return Picture(figure, f"badge {badge}: place {place}, {before} rows of fallen agents before it, so row {row}")


def show_places(right: Tensor, wrong: Tensor, badge: Badge, steps: int = 8) -> Picture:
    """Draw for copy 0 which badge stands at which place, if all went well and if the axes were mixed up.

    Args:
        right: The badge found at each place, int64, (T, E, A, 3).
        wrong: The same after the mistake.
        badge: The one to outline.
        steps: How many steps to draw.

    Returns:
        The picture.
    """
    agents = right.shape[2]
    figure, panels = new_figure(5.8, 4, 2, 1, sharex=True)
    own = torch.cartesian_prod(*(torch.arange(size) for size in right.shape[:3])).view_as(right)
    shares = []
    for axes, found, title in zip(panels, (right, wrong), ("permute", "reshape"), strict=True):
        at_home = (found == own).all(dim=-1)
        shares.append(int(at_home.sum()))
        for t in range(steps):
            for a in range(agents):
                text = ",".join(map(str, found[t, 0, a].tolist()))
                _put_cell(axes, t, a, "acting" if at_home[t, 0, a] else "wrong", text, width=0.94)
        t, _, a = badge
        axes.add_patch(Rectangle((t - 0.47, a - 0.44), 0.94, 0.88, fill=False, edgecolor=DARK, linewidth=2.4))
        axes.set(xlim=(-0.6, steps - 0.4), ylim=(agents - 0.4, -0.6), xticks=range(steps), yticks=range(agents))
        plain(
            axes,
            f"{title}: {shares[-1]} of {at_home.numel()} badges at home",
            "step t (copy 0)" if axes is panels[1] else "",
            "agent a",
        )
    found = tuple(wrong[badge].tolist())
    text = f"at home after permute {shares[0]}, after reshape {shares[1]}; at place {badge} then stands {found}"
    return Picture(figure, text)


def show_ageing(ratios: Sequence[Tensor], limit: float = 0.2) -> Picture:
    """Draw how the likelihood of recorded actions changes while the team goes on learning.

    Args:
        ratios: After each cycle from 0 on: how much likelier each recorded action is now than when it was taken, (B,).
        limit: What counts as far away from 1.

    Returns:
        The picture. Its words state conclusions only: the numbers of a training differ between machines.
    """
    table = torch.stack(list(ratios)).double().numpy()  # (cycles + 1, B)
    far = (np.abs(table - 1) > limit).mean(axis=1)
    twice = ((table <= 0.5) | (table >= 2)).mean(axis=1)
    low, middle, high = np.quantile(table, (0.05, 0.5, 0.95), axis=1)
    cycles = range(len(table))
    figure, (left, right) = new_figure(5.8, 2.9, 1, 2)
    left.axhspan(
        1 - limit,
        1 + limit,
        facecolor=SOFT_ORANGE,
        edgecolor=ORANGE,
        hatch="//",
        linewidth=0,
        label=f"{1 - limit:.1f} ... {1 + limit:.1f}",
    )
    left.fill_between(cycles, low, high, facecolor=SOFT_BLUE, edgecolor=BLUE, alpha=0.7, label="9 of 10 old rows")
    left.plot(cycles, middle, "o-", color=BLUE, markersize=4, label="median")
    left.set_yscale("log")
    left.set_yticks([0.25, 0.5, 1, 2, 4], ["1/4", "1/2", "1", "2", "4"])
    left.minorticks_off()
    plain(left, "times as likely as then", "cycles of training since")
    legend_above(left, 1)
    right.plot(cycles, far, "s--", color=ORANGE, markersize=4, label=f"outside {1 - limit:.1f} ... {1 + limit:.1f}")
    right.plot(cycles, twice, "D:", color=DARK, markersize=4, label="halved or doubled")
    right.set_ylim(0, 1)
    plain(right, "share of the old rows", "cycles of training since")
    legend_above(right, 1)
    text = f"at the start no row outside: {bool(far[0] == 0)}; after {len(table) - 1} cycles more than a third: "
    return Picture(
        figure, f"{text}{bool(far[-1] > 1 / 3)}; more than 1 in 20 halved or doubled: {bool(twice[-1] > 0.05)}"
    )

"""The flowchart of the update with what a learner has written of it: a box is full when all of its functions are."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import pairwise

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch

from ppo_lessons.display.picture import DARK, GREEN, GREY, ORANGE, SMALL, SOFT_ORANGE, new_figure

NODES = {
    "A": "Collect from\nall agents",
    "B": "Store in the\nshared buffer",
    "C": "Buffer full?\n(no: back to A)",
    "D": "Extract rows,\nadvantages",
    "E": "Detach\nall tensors",
    "F": "For each\nepoch",
    "G": "Shuffle\nthe rows",
    "H": "Split into\nmini-batches",
    "I": "Forward pass\nthrough policy",
    "J": "New log_probs\nand entropy",
    "K": "Importance\nratios",
    "L": "Clipped\nactor loss",
    "M": "Critic's\nvalue loss",
    "N": "Combine\nthe losses",
    "O": "Backpropagate\nand step",
    "P": "Clear buffer\n(and again: A)",
}
"""Letter -> what the box does, in two short lines."""
WIDE, HIGH, GAP_X, GAP_Y = 125, 66, 26, 16
"""Of a box and of the space between two, in CSS pixels."""
LOOKS = {
    "passed": dict(facecolor=GREEN, edgecolor=GREEN),
    "tried": dict(facecolor=SOFT_ORANGE, edgecolor=ORANGE),
    "open": dict(facecolor="white", edgecolor=GREY),
    "none": dict(facecolor="white", edgecolor=GREY, linestyle=":"),
}
"""State of a box -> how it is drawn; its marks say the same."""


def draw_flowchart(marks: Mapping[str, Sequence[str]], signs: Mapping[str, str], here: str | None) -> Figure:
    """Draw the sixteen boxes, four in a row, back and forth as the arrows go.

    Args:
        marks: Letter of a box -> state of each of its functions: open, tried or passed.
        signs: State -> the sign that is written for it.
        here: The box that comes next; None when all is done.

    Returns:
        The figure.
    """
    width, height = 4 * WIDE + 3 * GAP_X + 2, 4 * HIGH + 3 * GAP_Y + 14
    figure, axes = new_figure(width / 100, height / 100, layout=None)
    axes.set_position((0, 0, 1, 1))
    axes.set(xlim=(-1, width - 1), ylim=(height - 11, -3))
    axes.set_axis_off()
    for start, end in arrows():
        axes.annotate(
            "", end, start, arrowprops=dict(arrowstyle="-|>", color=DARK, linewidth=1.2, shrinkA=0, shrinkB=0)
        )
    for node in NODES:
        _draw_box(axes, node, list(marks.get(node, ())), signs, node == here)
    return figure


def place_of(node: str) -> tuple[float, float]:
    """Return the middle of a box."""
    row, column = divmod(list(NODES).index(node), 4)
    column = column if row % 2 == 0 else 3 - column
    return column * (WIDE + GAP_X) + WIDE / 2, row * (HIGH + GAP_Y) + HIGH / 2


def arrows() -> Iterator[tuple[tuple[float, float], tuple[float, float]]]:
    """Yield where each arrow starts and ends: from the edge of a box to the edge of the next."""
    for one, other in pairwise(NODES):
        (x, y), (next_x, next_y) = place_of(one), place_of(other)
        side, down = (next_x > x) - (next_x < x), next_y > y
        yield (x + side * WIDE / 2, y + down * HIGH / 2), (next_x - side * WIDE / 2, next_y - down * HIGH / 2)


def state_of(states: Sequence[str]) -> str:
    """Return the state of a box: passed when every function is, tried when one is begun; none if none is one's own."""
    if not states:
        return "none"
    if all(state == "passed" for state in states):
        return "passed"
    return "open" if all(state == "open" for state in states) else "tried"


def _draw_box(axes: Axes, node: str, states: list[str], signs: Mapping[str, str], is_here: bool) -> None:
    (x, y), state = place_of(node), state_of(states)
    look = {"linewidth": 1.2, **LOOKS[state], **(dict(edgecolor=DARK, linewidth=3) if is_here else {})}
    corner = x - WIDE / 2 + 2, y - HIGH / 2 + 2
    axes.add_patch(FancyBboxPatch(corner, WIDE - 4, HIGH - 4, boxstyle="round,pad=0,rounding_size=6", **look))
    colour = "white" if state == "passed" else GREY if state == "none" else DARK
    line = "".join(signs[state] for state in states) + (" here" if is_here else "")
    axes.text(x, y, f"{node}. {NODES[node]}\n{line}".strip(), ha="center", va="center", fontsize=SMALL, color=colour)

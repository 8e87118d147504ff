"""A finished figure, shown as a PNG by JupyterLab, GitHub and HTML exports, that says its numbers in a line of text."""

import io
import math
from typing import Any

from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, GREY, DARK = "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#8C8C8C", "#282828"
"""Colours that also the colour-blind can tell apart; a marker, a line style or a label always says the same."""
SOFT_BLUE, SOFT_ORANGE, PAPER = "#D6E8F3", "#F9E0D0", "#FAFAF7"


class Picture:
    """A matplotlib figure without pyplot state, shown as PNG.

    Args:
        figure: The figure; it is drawn when the picture is made, and not kept.
        text: What a reader without the picture gets: the numbers in one line. nbval compares it.
    """

    def __init__(self, figure: Figure, text: str) -> None:
        self.png = draw_png(figure)
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"image/png": self.png, "text/plain": self.text}


def draw_png(figure: Figure) -> bytes:
    """Draw a figure as PNG; the same figure gives the same bytes."""
    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream, metadata={"Software": None}, pil_kwargs={"compress_level": 9})
    return stream.getvalue()


def new_figure(
    width: float, height: float, rows: int = 1, columns: int = 1, *, layout: str | None = "constrained", **options: Any
) -> tuple[Figure, Any]:
    """Make a figure in the style of the house.

    Args:
        width: In inches, of 100 pixels.
        height: In inches.
        rows: Of panels.
        columns: Of panels.
        layout: How matplotlib fits panels and labels; None (no fitting) draws twice as fast.
        options: For `Figure.subplots`.

    Returns:
        The figure and its panels.
    """
    figure = Figure(figsize=(width, height), dpi=100, facecolor="white", layout=layout)
    return figure, figure.subplots(rows, columns, **options)


def rounded(number: float, digits: int) -> float:
    """Round a number that is shown with its sign: what rounds to zero is 0.0, on every processor, and never -0.0."""
    return round(float(number), digits) + 0.0


def signed(number: float, digits: int) -> str:
    """Write a number with its sign; zero has a plus."""
    return f"{rounded(number, digits):+.{digits}f}"


def plain(axes: Axes, title: str = "", x: str = "", y: str = "") -> Axes:
    """Give a panel its labels, and no frame on top and right."""
    axes.set_title(title, fontsize=10, loc="left", color=DARK)
    axes.set_xlabel(x, fontsize=9)
    axes.set_ylabel(y, fontsize=9)
    axes.tick_params(labelsize=8)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def legend_above(axes: Axes, columns: int = 2) -> None:
    """Put the legend of a panel between its title and its frame, where no curve ever comes.

    Args:
        axes: With its title and everything that has a label.
        columns: Of the legend.
    """
    place = dict(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1)
    legend = axes.legend(fontsize=8, frameon=False, ncols=columns, handlelength=1.6, columnspacing=1, **place)
    rows = math.ceil(len(legend.texts) / columns)
    axes.set_title(axes.get_title("left"), fontsize=10, loc="left", color=DARK, pad=6 + 13 * rows)

"""A finished figure, shown as an image by JupyterLab, GitHub and HTML exports, that says its numbers in a line of text.

A picture is drawn for the width at which it is read: 580 CSS pixels, no letter smaller than 12 of them.
"""

import base64
import io
import math
from collections.abc import Mapping
from html import escape
from typing import Any

from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

BLUE, ORANGE, GREEN, PINK, GREY, DARK = "#0072B2", "#C25200", "#007F5F", "#A8467F", "#707070", "#282828"
"""Colours that the colour-blind can tell apart as well; a marker, a line style or a hatch always says the same.

Each stands out from white by 4.5 to 1, so that letters of any of them can be read. In JupyterLab's dark theme the
browser turns their lightness over and keeps their hue (`lab.css`): one palette, seen in two lights.
"""
SOFT_BLUE, SOFT_ORANGE, PAPER = "#D6E8F3", "#F9E0D0", "#FAFAF7"

WIDTHS = {1: 360, 2: 580, 3: 840}
"""Panels side by side -> width of a figure in CSS pixels. 580 is what an output has room for in a window of 1024."""
DPI = 100
"""An inch of a figure is this many CSS pixels, so that 9 points are 12.5 of them."""
SMALL, TITLE = 9, 10
"""Points: the smallest letters of any picture, and those of a panel's title."""
SHARP = 2
"""Device pixels for a CSS pixel in what is stored."""


class Picture:
    """A matplotlib figure without pyplot state, shown as an image that a screen reader can read.

    Args:
        figure: The figure; it is drawn when the picture is made, and not kept.
        text: What a reader without the picture gets: the numbers in one line. nbval compares it.
    """

    def __init__(self, figure: Figure, text: str) -> None:
        self.png = draw_png(figure)
        self.width = round(figure.get_figwidth() * DPI)
        self.text = text

    def __repr__(self) -> str:
        return self.text

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/html": image(self.png, self.width, self.text), "text/plain": self.text}


def image(png: bytes, width: int, alt: str, kind: str = "") -> str:
    """Return an image as HTML that carries its own bytes: only so does its sentence reach who cannot see it.

    Args:
        png: The bytes.
        width: In CSS pixels; on a narrower page it shrinks.
        alt: What is to be seen.
        kind: Another class, for what JupyterLab is to do with it.
    """
    source = f"data:image/png;base64,{base64.b64encode(png).decode()}"
    look = " ".join(("ppo-picture", kind)).strip()
    return f'<img class="{look}" width="{width}" alt="{escape(alt)}" src="{source}">'


def draw_png(figure: Figure) -> bytes:
    """Draw a figure as PNG, sharp on screens of two device pixels; the same figure gives the same bytes."""
    figure.set_dpi(SHARP * DPI)
    stream = io.BytesIO()
    FigureCanvasAgg(figure).print_png(stream, metadata={"Software": None}, pil_kwargs={"compress_level": 9})
    return stream.getvalue()


def new_figure(
    width: float, height: float, rows: int = 1, columns: int = 1, *, layout: str | None = "constrained", **options: Any
) -> tuple[Figure, Any]:
    """Make a figure in the style of the house.

    Args:
        width: In inches, of 100 CSS pixels; 5.8 at most in what is stored.
        height: In inches.
        rows: Of panels.
        columns: Of panels.
        layout: How matplotlib fits panels and labels; None (no fitting) draws twice as fast.
        options: For `Figure.subplots`.

    Returns:
        The figure and its panels.
    """
    figure = Figure(figsize=(width, height), dpi=DPI, facecolor="white", layout=layout)
    return figure, figure.subplots(rows, columns, **options)


def new_panels(columns: int, plans: Mapping[int, str], row_height: float) -> tuple[Figure, dict[str, Axes]]:
    """Make a figure whose panels stand as the width of the page allows.

    Args:
        columns: 1, 2 or 3 panels side by side.
        plans: Columns -> plan: the names of the panels, rows divided by "/": "losses losses moved / kl clipped moved".
            A name that is repeated spans several places; "." stays empty. Without a plan for so many columns the next
            narrower one is stretched.
        row_height: In inches, of one row of the plan.

    Returns:
        The figure and name -> panel.
    """
    plan = [row.split() for row in plans[max(number for number in plans if number <= columns)].split("/")]
    size = (WIDTHS[columns] / DPI, row_height * len(plan))
    figure = Figure(figsize=size, dpi=DPI, facecolor="white", layout="constrained")
    return figure, figure.subplot_mosaic(plan)


def rounded(number: float, digits: int) -> float:
    """Round a number that is shown with its sign: what rounds to zero is 0.0, on every processor, and never -0.0."""
    return round(float(number), digits) + 0.0


def signed(number: float, digits: int) -> str:
    """Write a number with its sign; zero has a plus."""
    return f"{rounded(number, digits):+.{digits}f}"


def plain(axes: Axes, title: str = "", x: str = "", y: str = "") -> Axes:
    """Give a panel its labels, and no frame on top and right."""
    axes.set_title(title, fontsize=TITLE, loc="left", color=DARK)
    axes.set_xlabel(x, fontsize=SMALL)
    axes.set_ylabel(y, fontsize=SMALL)
    axes.tick_params(labelsize=SMALL)
    axes.spines[["top", "right"]].set_visible(False)
    return axes


def legend_above(axes: Axes, columns: int = 2, named: Mapping[str, Artist] | None = None) -> None:
    """Put the legend of a panel between its title and its frame, where no curve ever comes.

    Args:
        axes: With its title.
        columns: Of the legend.
        named: Words -> what they are about; by default everything that has a label.
    """
    place = dict(loc="lower left", bbox_to_anchor=(0, 1), borderaxespad=0.1)
    look = dict(fontsize=SMALL, frameon=False, handlelength=1.4, columnspacing=0.8, handletextpad=0.4)
    what = {} if named is None else dict(handles=list(named.values()), labels=list(named))
    legend = axes.legend(**what, ncols=columns, **look, **place)
    title = axes.get_title("left")
    legend.set_in_layout(not title)  # a title makes room above, and a panel may be narrower than its legend
    rows = math.ceil(len(legend.texts) / columns)
    axes.set_title(title, fontsize=TITLE, loc="left", color=DARK, pad=6 + 14 * rows)

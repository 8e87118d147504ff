"""The picture of a living figure and its line of numbers, drawn for the column in which it stands."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import anywidget
import traitlets
from matplotlib.figure import Figure

from ppo_lessons.display.picture import SHARP, WIDTHS
from ppo_lessons.interactive.live_figure import DRAWING, LiveFigure

HERE = Path(__file__).parent
REST = 0.15
"""Seconds without a move after which a picture is drawn sharply."""


class Face(Protocol):
    """The artists of a living figure. Panels without limits of their own get such that every setting fits."""

    figure: Figure

    def show(self, result: Any) -> str:
        """Put the artists where the result says, and return its numbers in one line."""
        ...


class Screen(anywidget.AnyWidget):
    """A picture that knows how wide it is shown, and what it says.

    The browser tells the width of the column and how many device pixels a CSS pixel has; where nobody tells, the
    picture is drawn for 580 CSS pixels.

    Args:
        text: What the picture is, for whoever does not see it; its numbers follow.
        face: Number of panels side by side -> the artists.
        on_resize: Called when the column has got another width: what is shown is to be drawn anew.
    """

    _esm = HERE / "screen.js"
    _css = HERE / "controls.css"
    png = traitlets.Bytes().tag(sync=True)
    width = traitlets.Int().tag(sync=True)
    """Of the picture, in CSS pixels."""
    text = traitlets.Unicode().tag(sync=True)
    said = traitlets.Unicode().tag(sync=True)
    failed = traitlets.Bool().tag(sync=True)
    """Whether what is said is a complaint."""
    column = traitlets.Int(WIDTHS[2]).tag(sync=True)
    """Width in CSS pixels, as the browser told it."""
    density = traitlets.Int(1).tag(sync=True)
    """Device pixels for a CSS pixel, as the browser told it."""

    def __init__(self, text: str, face: Callable[[int], Face], on_resize: Callable[[], None]) -> None:
        self._make = face
        self._set_up(columns_in(self.column))
        super().__init__(text=text, width=self._figure.size[0])
        self.observe(lambda _: on_resize(), ("column", "density"))

    def _set_up(self, columns: int) -> None:
        self._columns = columns
        with DRAWING:
            self.face = self._make(columns)
            self._figure = LiveFigure(self.face)

    def show(self, result: Any) -> bool:
        """Put a result on the screen.

        Returns:
            Whether it is as sharp as the screen; otherwise `sharpen` makes it so.

        Raises:
            Exception: What the face raises; the picture stays as it is.
        """
        with DRAWING:
            if columns_in(self.column) != self._columns:
                self._set_up(columns_in(self.column))
            said = self.face.show(result)
            png = self._figure.draw()
        with self.hold_sync():
            self.png, self.width, self.said, self.failed = png, self._figure.size[0], said, False
        return self.density <= 1

    def sharpen(self) -> None:
        """Draw what is shown once more, with the pixels that the screen has."""
        self.png = self._figure.draw(min(self.density, SHARP))

    def complain(self, error: Exception) -> None:
        """Say what went wrong; the picture stays."""
        with self.hold_sync():
            self.said, self.failed = f"⚠ {type(error).__name__}: {error}", True

    def stored(self) -> bytes:
        """Return the picture as it is stored: small, and sharp on every screen."""
        return self._figure.draw(SHARP, small=True)


def columns_in(column: int) -> int:
    """Return how many panels stand side by side in a column of some CSS pixels."""
    return max((number for number, width in WIDTHS.items() if width <= column), default=1)

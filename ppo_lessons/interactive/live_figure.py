"""A figure that is laid out once and then only has its moving parts drawn again: fast enough to follow a slider."""

import io
import struct
import threading
import zlib
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
from matplotlib.artist import Artist
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from PIL import Image

from ppo_lessons.display.picture import DPI
from ppo_lessons.interactive.pixels import Kept

DRAWING = threading.RLock()
"""Held while anything is drawn: matplotlib's caches (fonts, texts) are not made for threads."""


class LiveFigure:
    """A face's matplotlib figure, without pyplot state, whose background is kept and whose moving artists are blitted.

    An artist that a face keeps (`self.line`, in a list, in a dict, in a part of its own) moves; with it all lines and
    patches that lie above it. Whatever a face only draws stands still: a change of it is not seen.

    Args:
        face: Has a `figure`. As it is laid out now, it stays.
    """

    def __init__(self, face: Any) -> None:
        self.figure: Figure = face.figure
        kept = set(_kept_by(face))
        self.moving = [
            artist for panel in self.figure.axes if panel.get_visible() for artist in _moving_in(panel, kept)
        ]
        self.moving += [artist for artist in (*self.figure.artists, *self.figure.texts) if artist in kept]
        for artist in self.moving:
            artist.set_animated(True)
        self._stages: dict[int, tuple[FigureCanvasAgg, Any]] = {}
        self._stage(1)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in CSS pixels."""
        width, height = self.figure.get_size_inches()
        return round(width * DPI), round(height * DPI)

    def draw(self, density: int = 1, *, small: bool = False) -> bytes:
        """Draw the moving artists over the background.

        Args:
            density: Device pixels for a CSS pixel.
            small: True: for a file that is kept. It takes longer, and has the 256 colours that tell a plot best.

        Returns:
            A PNG.
        """
        pixels = self.pixels(density)
        return encode_small(pixels) if small else encode_png(pixels)

    def pixels(self, density: int = 1) -> np.ndarray:
        """Draw the moving artists over the background.

        Args:
            density: Device pixels for a CSS pixel.

        Returns:
            RGB, uint8, (height, width, 3).
        """
        with DRAWING:
            canvas, background = self._stage(density)
            canvas.restore_region(background)
            for artist in self.moving:
                self.figure.draw_artist(artist)
            return np.asarray(canvas.buffer_rgba())[..., :3].copy()  # the next drawing changes the canvas

    def _stage(self, density: int) -> tuple[FigureCanvasAgg, Any]:
        """Return canvas and background of a density, with the figure set up for it."""
        with DRAWING:
            if density in self._stages:
                canvas, background = self._stages[density]
                self.figure.set_canvas(canvas)
                self.figure.set_dpi(density * DPI)
                return canvas, background
            self.figure.set_dpi(density * DPI)
            canvas = FigureCanvasAgg(self.figure)
            canvas.draw()
            self.figure.set_layout_engine("none")  # it has been found; a second search would shift the background
            self._stages[density] = canvas, canvas.copy_from_bbox(self.figure.bbox)
            return self._stages[density]


def _kept_by(part: Any) -> Iterator[Artist]:
    """Yield every artist that a face keeps, however deep; what is kept for its axes or its figure does not count."""
    if isinstance(part, Artist):
        if not isinstance(part, (Axes, Figure)):
            yield part
    elif isinstance(part, (list, tuple, dict)):
        for inner in part.values() if isinstance(part, dict) else part:
            yield from _kept_by(inner)
    elif type(part).__module__.startswith(("ppo_lessons.", "tests.")) or isinstance(part, SimpleNamespace):
        yield from _kept_by(vars(part))


def _moving_in(panel: Axes, kept: set[Artist]) -> Iterator[Artist]:
    """Yield what moves in a panel and what would be covered by it, in drawing order."""
    in_groups = {artist for group in panel.artists if isinstance(group, Kept) for artist in group.artists}
    drawn_over = {*panel.lines, *panel.patches, *panel.collections, *(panel.spines.values() if panel.axison else ())}
    something_moves = False
    for artist in sorted(panel.get_children(), key=lambda artist: artist.zorder):
        if artist in in_groups:
            continue
        something_moves |= artist in kept
        if artist in kept or (something_moves and artist in drawn_over):
            yield artist


def encode_small(pixels: np.ndarray) -> bytes:
    """Return a picture as a PNG of half the size: a plot has few colours, and between them only soft edges.

    Args:
        pixels: RGB, uint8, (height, width, 3).
    """
    stream = io.BytesIO()
    picture = Image.fromarray(pixels).quantize(256, dither=Image.Dither.NONE)
    picture.save(stream, "PNG", optimize=True)
    return stream.getvalue()


def encode_png(pixels: np.ndarray) -> bytes:
    """Return a picture as PNG, without the search for a filter on which Pillow spends more than half of its time.

    Args:
        pixels: RGB, uint8, (height, width, 3).

    Returns:
        The PNG.

    References:
        PNG specification, third edition, sections 5 and 9, https://www.w3.org/TR/png-3/
    """
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + 3 * width), np.uint8)  # in front of each line the number of its filter, 0 for none
    lines[:, 1:] = pixels.reshape(height, 3 * width)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits a channel, 2: RGB
    chunks = (b"IHDR", head), (b"IDAT", zlib.compress(lines, 1)), (b"IEND", b"")
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)

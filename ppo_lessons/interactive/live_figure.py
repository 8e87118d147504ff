"""A figure that is laid out once and then only has its moving parts drawn again: fast enough to follow a slider."""

import struct
import threading
import zlib
from collections.abc import Sequence

import numpy as np
from matplotlib.artist import Artist
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

DRAWING = threading.RLock()
"""Held while anything is drawn: matplotlib's caches (fonts, texts) are not made for threads."""


class LiveFigure:
    """A matplotlib figure, without pyplot state, whose background is kept and whose moving artists are blitted.

    Args:
        figure: With fixed axis limits; everything that does not move is drawn once, here.
        moving: The artists that change, in drawing order. A changed property of any other artist is not seen.
    """

    def __init__(self, figure: Figure, moving: Sequence[Artist]) -> None:
        self.figure, self.moving = figure, tuple(moving)
        for artist in self.moving:
            artist.set_animated(True)
        with DRAWING:
            self._canvas = FigureCanvasAgg(figure)
            self._canvas.draw()
            figure.set_layout_engine("none")  # the layout has been found; a second search would shift the background
            self._background = self._canvas.copy_from_bbox(figure.bbox)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        return self._canvas.get_width_height()

    def draw(self, compress_level: int = 1) -> bytes:
        """Draw the moving artists over the background.

        Args:
            compress_level: 1 (quick) to 9 (small); the pixels are the same.

        Returns:
            A PNG.
        """
        with DRAWING:
            self._canvas.restore_region(self._background)
            for artist in self.moving:
                self.figure.draw_artist(artist)
            pixels = np.asarray(self._canvas.buffer_rgba())[..., :3].copy()  # the next drawing changes the canvas
        return encode_png(pixels, compress_level)


def encode_png(pixels: np.ndarray, compress_level: int) -> bytes:
    """Return a picture as PNG, without the search for a filter on which Pillow spends more than half of its time.

    Args:
        pixels: RGB, uint8, (height, width, 3).
        compress_level: 1 (quick) to 9 (small).

    Returns:
        The PNG.

    References:
        PNG specification, third edition, sections 5 and 9, https://www.w3.org/TR/png-3/
    """
    height, width, _ = pixels.shape
    lines = np.zeros((height, 1 + 3 * width), np.uint8)  # in front of each line the number of its filter, 0 for none
    lines[:, 1:] = pixels.reshape(height, 3 * width)
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)  # 8 bits a channel, 2: RGB
    chunks = (b"IHDR", head), (b"IDAT", zlib.compress(lines, compress_level)), (b"IEND", b"")
    parts = [
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data)) for kind, data in chunks
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)

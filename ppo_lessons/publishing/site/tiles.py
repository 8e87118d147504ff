"""Hundreds of pictures of one figure in little room: cut into tiles, of which each is kept once.

From setting to setting most of a figure stays as it is, so that a sheet of all different tiles, and for every picture
the list of its tiles, take about a tenth of what the pictures would.
"""

import base64
import io
import math
import zlib
from typing import Any

import numpy as np
from PIL import Image

SIDE = 16
"""Of a tile, in device pixels."""
COLOURS = 128
BITS = 5
"""Of each channel that decide which colour a pixel gets."""


class Tiles:
    """Take pictures of the same size, one after the other.

    Args:
        samples: Some of the pictures, from which the colours are chosen; RGB, uint8, each (height, width, 3).
    """

    def __init__(self, samples: list[np.ndarray]) -> None:
        self.height, self.width, _ = samples[0].shape
        sheet = Image.fromarray(np.concatenate(samples))
        self._palette = with_white(sheet.quantize(COLOURS, dither=Image.Dither.NONE))
        self._colour = nearest(np.array(self._palette.getpalette(), np.int64).reshape(-1, 3)[:COLOURS])
        self._rows, self._columns = math.ceil(self.height / SIDE), math.ceil(self.width / SIDE)
        self._places: dict[bytes, int] = {}
        self._before: np.ndarray | None = None
        self._table: list[np.ndarray] = []

    def add(self, picture: np.ndarray) -> None:
        """Take one more picture.

        Args:
            picture: RGB, uint8, (height, width, 3).
        """
        pad = ((0, self._rows * SIDE - self.height), (0, self._columns * SIDE - self.width), (0, 0))
        cut = np.pad(picture, pad, mode="edge").reshape(self._rows, SIDE, self._columns, SIDE, 3)
        cut = cut.swapaxes(1, 2).reshape(-1, SIDE, SIDE, 3)
        if self._before is None:
            changed, line = np.ones(len(cut), bool), np.zeros(len(cut), np.int64)
        else:
            changed, line = (cut != self._before).any(axis=(1, 2, 3)), self._table[-1].copy()
        thin = (cut[changed] >> (8 - BITS)).astype(np.int64)
        coloured = self._colour[(thin[..., 0] << 2 * BITS) + (thin[..., 1] << BITS) + thin[..., 2]]
        for place, tile in zip(np.flatnonzero(changed), coloured, strict=True):
            line[place] = self._places.setdefault(tile.tobytes(), len(self._places))
        self._before = cut
        self._table.append(line)

    def sheet(self) -> bytes:
        """Return all different tiles, side by side in rows, as a PNG."""
        columns = self._in_a_row()
        rows = math.ceil(len(self._places) / columns)
        tiles = np.zeros((rows * columns, SIDE, SIDE), np.uint8)
        tiles[: len(self._places)] = np.frombuffer(b"".join(self._places), np.uint8).reshape(-1, SIDE, SIDE)
        pixels = tiles.reshape(rows, columns, SIDE, SIDE).swapaxes(1, 2).reshape(rows * SIDE, columns * SIDE)
        picture = Image.fromarray(np.ascontiguousarray(pixels))
        picture.putpalette(self._palette.getpalette() or [])
        stream = io.BytesIO()
        picture.save(stream, "PNG", compress_level=9)
        return stream.getvalue()

    def plan(self) -> dict[str, Any]:
        """Return where the tiles of every picture lie, as the browser needs it.

        Returns:
            Sizes in device pixels; `table`: of every picture the numbers of its tiles, row by row, each less that of
            the picture before, little-endian uint16, deflated, in base64.
        """
        table = np.diff(np.array(self._table), axis=0, prepend=0).astype(np.uint16)
        packed = zlib.compress(table.astype("<u2").tobytes(), 9)
        sizes = {"width": self.width, "height": self.height, "side": SIDE, "columns": self._in_a_row()}
        return {**sizes, "table": base64.b64encode(packed).decode()}

    def picture(self, number: int) -> np.ndarray:
        """Return a picture as the browser will put it together.

        Args:
            number: From 0, in the order in which they were taken.

        Returns:
            RGB, uint8, (height, width, 3).
        """
        every = np.frombuffer(b"".join(self._places), np.uint8).reshape(-1, SIDE, SIDE)
        tiles = every[self._table[number]].reshape(self._rows, self._columns, SIDE, SIDE)
        whole = tiles.swapaxes(1, 2).reshape(self._rows * SIDE, self._columns * SIDE)
        colours = np.array(self._palette.getpalette() or [], np.uint8).reshape(-1, 3)
        return colours[whole[: self.height, : self.width]]

    def _in_a_row(self) -> int:
        return max(1, math.isqrt(len(self._places) - 1) + 1)


def nearest(colours: np.ndarray) -> np.ndarray:
    """Return which colour of a palette is nearest to each that BITS of three channels can tell.

    Args:
        colours: RGB, 0 to 255, (C, 3).

    Returns:
        Places in the palette, uint8, (8 ** BITS,); red counts most.
    """
    steps = (np.arange(1 << BITS) * (255 / ((1 << BITS) - 1))).round().astype(np.int64)
    others = np.stack(np.meshgrid(steps, steps, indexing="ij"), axis=-1).reshape(-1, 1, 2)
    planes = [((others - colours[:, 1:]) ** 2).sum(axis=-1) + (step - colours[:, 0]) ** 2 for step in steps]
    return np.concatenate([plane.argmin(axis=1) for plane in planes]).astype(np.uint8)


def with_white(picture: Image.Image) -> Image.Image:
    """Return a picture whose lightest colour is white itself: the paper of a figure is that of the page.

    Args:
        picture: With a palette.
    """
    colours = np.array(picture.getpalette(), np.uint8).reshape(-1, 3)
    colours[colours.sum(axis=1).argmax()] = 255
    picture.putpalette(colours.tobytes())
    return picture

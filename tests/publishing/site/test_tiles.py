"""Tiles: put together again they are the pictures that were taken, in much less room."""

import base64
import io
import zlib

import numpy as np
import pytest
from PIL import Image

from ppo_lessons.publishing.site.tiles import BITS, SIDE, Tiles, nearest, with_white


@pytest.fixture
def pictures():
    """A plot-like figure in which one bar grows; its size is no multiple of a tile's."""
    frames = np.full((12, 100, 150, 3), 255, np.uint8)
    frames[:, 20:80, 20:40] = (0, 114, 178)
    for i, frame in enumerate(frames):
        frame[90 - 5 * i : 90, 60:80] = (194, 82, 0)
    return frames


def as_the_browser_does(plan, sheet, number):
    """What living.js does, in numpy."""
    across, down = -(-plan["width"] // plan["side"]), -(-plan["height"] // plan["side"])
    table = np.frombuffer(zlib.decompress(base64.b64decode(plan["table"])), "<u2").reshape(-1, across * down)
    tiles = np.cumsum(table, axis=0, dtype=np.uint16)[number]
    canvas = np.zeros((down * SIDE, across * SIDE, 3), np.uint8)
    for place, tile in enumerate(tiles.tolist()):
        y, x = SIDE * (place // across), SIDE * (place % across)
        v, u = SIDE * (tile // plan["columns"]), SIDE * (tile % plan["columns"])
        canvas[y : y + SIDE, x : x + SIDE] = sheet[v : v + SIDE, u : u + SIDE]
    return canvas[: plan["height"], : plan["width"]]


def test_every_picture_can_be_put_together_again(pictures):
    tiles = Tiles(list(pictures[::3]))
    for picture in pictures:
        tiles.add(picture)
    plan = tiles.plan()
    sheet = np.asarray(Image.open(io.BytesIO(tiles.sheet())).convert("RGB"))
    for number, picture in enumerate(pictures):
        shown = as_the_browser_does(plan, sheet, number)
        assert np.array_equal(shown, tiles.picture(number))
        assert np.abs(shown.astype(int) - picture).max() <= 8, "of 256: what five bits of a channel leave out"


def test_a_tile_is_kept_once(pictures):
    tiles = Tiles(list(pictures[:1]))
    for _ in range(3):
        for picture in pictures:
            tiles.add(picture)
    single = Tiles(list(pictures[:1]))
    for picture in pictures:
        single.add(picture)
    assert tiles.sheet() == single.sheet()
    assert Image.open(io.BytesIO(single.sheet())).size[0] < 12 * SIDE


def test_paper_is_white():
    grey = Image.fromarray(np.full((4, 4, 3), 250, np.uint8)).quantize(4)
    assert np.asarray(with_white(grey).convert("RGB")).min() == 255


def test_the_nearest_colour_is_taken():
    places = nearest(np.array([[255, 255, 255], [0, 0, 0], [255, 0, 0]]))
    assert places.shape == (8**BITS,)
    assert (places[-1], places[0], places[31 << 2 * BITS]) == (0, 1, 2)

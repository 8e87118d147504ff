"""The lesson's grid: every place of the buffer as a small tile, copied rather than drawn."""

from functools import lru_cache

import numpy as np
from matplotlib.colors import to_rgb

from ppo_lessons.display.picture import DARK, GREY
from ppo_lessons.lessons.shared_buffer.figures import FALLEN
from ppo_lessons.shipped.recording import NUM_ENVS, NUM_STEPS
from ppo_lessons.spirit_world.cases import get_case

SHAPE = T, E, A = NUM_STEPS, NUM_ENVS, get_case("standard").num_detectives
"""Of the recording: steps, copies of the world, detectives."""
EMPTY, ACTING, FALLEN_WAITING, OUTSIDE = range(4)
"""What a place holds: nothing yet, a real decision, nobody's decision; or there is no such place."""
FULL = "#A9CDE6"
"""Between `SOFT_BLUE` and `BLUE`: a small cell must be told from an empty one."""
CELL = 7
"""CSS pixels of one place in the grid, where there is room."""


@lru_cache
def _tiles(cell: int) -> np.ndarray:
    """Return how a place looks that holds EMPTY, ACTING or FALLEN_WAITING, uint8, (3, cell, cell, 3)."""
    faces, edges = ("white", FULL, FALLEN), (FALLEN, FULL, GREY)
    tiles = np.empty((3, cell, cell, 3))
    for tile, face, edge in zip(tiles, faces, edges, strict=True):
        tile[:] = to_rgb("white")
        tile[1:, 1:] = to_rgb(edge)
        tile[2:-1, 2:-1] = to_rgb(face)
    cross = np.arange(2, cell - 1)
    tiles[FALLEN_WAITING, cross, cross] = tiles[FALLEN_WAITING, cross, cross[::-1]] = to_rgb(DARK)
    return (255 * tiles).round().astype(np.uint8)


def draw_grid(grid: np.ndarray, faded: bool, cell: int = CELL) -> np.ndarray:
    """Draw what each place holds, a line for each step.

    Args:
        grid: (T, E, A).
        faded: Whether places of fallen agents are crossed out only.
        cell: Width of a place in CSS pixels.

    Returns:
        RGB, uint8, (T * cell, E * A * cell, 3).
    """
    tiles = _tiles(cell).copy()
    if faded:
        tiles[FALLEN_WAITING] = np.where(tiles[FALLEN_WAITING] == round(255 * to_rgb(DARK)[0]), 140, 255)
    picture = tiles[grid.reshape(T, E * A)].swapaxes(1, 2).reshape(T * cell, E * A * cell, 3)
    picture[:, :: A * cell] = round(255 * to_rgb(GREY)[0])
    return picture

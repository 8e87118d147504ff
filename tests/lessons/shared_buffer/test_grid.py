"""Every place of the buffer is drawn with the tile of what it holds."""

import numpy as np

from ppo_lessons.lessons.shared_buffer.grid import CELL, FALLEN_WAITING, A, E, T, _tiles, draw_grid


def test_every_place_is_drawn_with_its_own_tile():
    grid = np.random.default_rng(0).integers(0, 3, (T, E, A))
    picture = draw_grid(grid, faded=False)
    for t, e, a in ((0, 0, 1), (6, 0, 2), (31, 15, 3), (9, 12, 1)):
        column = (e * A + a) * CELL
        tile = picture[t * CELL : (t + 1) * CELL, column : column + CELL]
        np.testing.assert_array_equal(tile, _tiles(CELL)[grid[t, e, a]])
    looks = {_tiles(CELL)[kind].mean(axis=-1).tobytes() for kind in range(3)}
    assert len(looks) == 3, "told apart without colour"
    faded = draw_grid(grid, faded=True)
    changed = (faded != picture).any(axis=-1).reshape(T, CELL, E * A, CELL).any(axis=(1, 3))
    np.testing.assert_array_equal(changed, grid.reshape(T, E * A) == FALLEN_WAITING)

"""Many lines at once lie where they should."""

import numpy as np
from matplotlib.collections import LineCollection

from ppo_lessons.interactive.marks import segments


def test_every_line_goes_from_its_first_point_to_its_second():
    lines = segments([1, 2, 3], 0, [1, 2, 4], [5.0, 6.0, 7.0])
    assert lines.tolist() == [[[1, 0], [1, 5]], [[2, 0], [2, 6]], [[3, 0], [4, 7]]]
    found = LineCollection(lines).get_segments()
    assert all(np.array_equal(line, wanted) for line, wanted in zip(found, lines, strict=True))


def test_there_may_be_none():
    assert segments([], 0, [], []).shape == (0, 2, 2)

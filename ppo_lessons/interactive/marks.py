"""Marks of which there are many at once."""

import numpy as np
from numpy.typing import ArrayLike


def segments(x0: ArrayLike, y0: ArrayLike, x1: ArrayLike, y1: ArrayLike) -> np.ndarray:
    """Return straight lines from (x0, y0) to (x1, y1), as `LineCollection.set_segments` takes them.

    Args:
        x0: One for each line, (n,), or the same for all; so are the others.
        y0: As above.
        x1: As above.
        y1: As above.

    Returns:
        (n, 2, 2).
    """
    ends = np.broadcast_arrays(x0, y0, x1, y1)
    return np.stack(ends, axis=-1).reshape(-1, 2, 2)

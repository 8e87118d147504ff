"""The six rows that the lessons follow, with any quantity of the buffer beside them."""

from torch import Tensor

from ppo_lessons.buffer import flatten_rows
from ppo_lessons.display.tables import Table, row_table
from ppo_lessons.shipped.recording import BADGES, Recording


def six_rows(recording: Recording, **quantities: Tensor) -> Table:
    """Show some quantities of the six rows.

    Args:
        recording: The recorded rollout.
        quantities: Name -> one number for each place of the buffer, (T, E, A).

    Returns:
        The table.
    """
    buffer = recording.buffer
    flat = {name: flatten_rows(quantity, buffer.data.acting) for name, quantity in quantities.items()}
    return row_table(buffer.badges(), recording.rows_of(BADGES.values()), BADGES, **flat)

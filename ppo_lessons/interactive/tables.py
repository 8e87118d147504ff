"""Tables in text, in which every row carries its badge: whose decision it was, where and when."""

from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor


def row_cells(
    badges: Tensor, rows: Sequence[int], names: Iterable[str] = (), digits: int = 3, **columns: Tensor
) -> list[list[str]]:
    """Return some rows of flat tensors as the cells of a table, its head first.

    Args:
        badges: (t, e, a) of every row, (B, 3), as `SharedBuffer.badges` gives them.
        rows: Which rows to show.
        names: What to call each of them, in the first column; for instance `recorded.BADGES`.
        digits: Of numbers that are not whole.
        columns: Name -> flat tensor, (B,).

    Returns:
        The cells, row by row.
    """
    names = list(names) or [""] * len(rows)
    table = [["", "badge (t, e, a)", *columns]]
    for name, row in zip(names, rows, strict=True):
        badge = "({:2d}, {:2d}, {})".format(*badges[row].tolist())
        table.append([name, badge, *(_show(tensor[row], digits) for tensor in columns.values())])
    return table


def row_table(badges: Tensor, rows: Sequence[int], *args: Any, **columns: Any) -> str:
    """Return the cells of `row_cells` as text, one line a row."""
    return as_text(row_cells(badges, rows, *args, **columns))


def as_text(table: Sequence[Sequence[str]]) -> str:
    """Return cells as text, one line a row: two columns of names, then numbers."""
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    return "\n".join(
        "  ".join(_pad(cell, width, i) for i, (cell, width) in enumerate(zip(line, widths, strict=True)))
        for line in table
    )


def _pad(cell: str, width: int, place: int) -> str:
    return cell.ljust(width) if place < 2 else cell.rjust(width)


def _show(number: Tensor, digits: int) -> str:
    if number.dtype == torch.bool:
        return "yes" if number else "no"
    if not number.is_floating_point():
        return str(int(number))
    return f"{float(number):.{digits}f}"

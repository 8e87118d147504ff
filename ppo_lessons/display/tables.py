"""Tables: columns in a page and for screen readers, text for nbval and in print."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.display.picture import rounded


class Table:
    """A table; printed, it is text, one line a row.

    Args:
        cells: Row by row; the first row and the first column are the heads.
        names: So many columns hold names and not numbers.
    """

    def __init__(self, cells: Sequence[Sequence[str]], names: int = 1) -> None:
        self.cells, self.names = cells, names

    def __str__(self) -> str:
        widths = [max(map(len, column)) for column in zip(*self.cells, strict=True)]

        def pad(place: int, cell: str) -> str:
            return cell.ljust(widths[place]) if place < self.names else cell.rjust(widths[place])

        return "\n".join("  ".join(pad(i, cell) for i, cell in enumerate(row)) for row in self.cells)

    __repr__ = __str__

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/html": self.html(), "text/plain": str(self)}

    def html(self) -> str:
        """Return it as a page shows it."""
        head, *body = [[escape(cell) for cell in row] for row in self.cells]
        rows = ["".join(f'<th scope="col">{cell}</th>' if cell else "<td></td>" for cell in head)]
        for name, *numbers in body:
            cells = "".join(f"<td>{_together(number)}</td>" for number in numbers)
            rows.append(f'<th scope="row">{name}</th>{cells}')
        lines = "\n".join(f"<tr>{row}</tr>" for row in rows)
        return f"<table>\n{lines}\n</table>"


def _together(cell: str) -> str:
    """Words may go over two lines on a narrow page, a badge or a number not."""
    return cell if any(map(str.isalpha, cell)) else cell.replace(" ", "&nbsp;")


class Note:
    """A table that differs between machines or readers: shown, and with `tests/notebooks/nbval.cfg` not compared.

    Args:
        table: Its heads are compared.
        says: What stands for it where only text is kept.
        page: HTML that is shown for the table, if it is more than that.
    """

    def __init__(self, table: Table, says: str = "numbers of this run", page: str = "") -> None:
        self.table, self.says, self.page = table, says, page

    def _repr_mimebundle_(self, **_: Any) -> dict[str, Any]:
        return {"text/html": self.page or self.table.html(), "text/plain": self.says}


def row_table(
    badges: Tensor, rows: Sequence[int], names: Iterable[str] = (), digits: int = 3, **columns: Tensor
) -> Table:
    """Return some rows of flat tensors as a table. Each carries its badge: whose decision it was, where and when.

    Args:
        badges: (t, e, a) of every row, (B, 3), as `SharedBuffer.badges` gives them.
        rows: Which rows to show.
        names: What to call each of them, in the first column; for instance `recorded.BADGES`.
        digits: Of numbers that are not whole.
        columns: Name -> flat tensor, (B,).

    Returns:
        The table.
    """
    names = list(names) or [""] * len(rows)
    cells = [["", "badge (t, e, a)", *columns]]
    for name, row in zip(names, rows, strict=True):
        badge = "({:2d}, {:2d}, {})".format(*badges[row].tolist())
        cells.append([name, badge, *(_show(tensor[row], digits) for tensor in columns.values())])
    return Table(cells, names=2)


def _show(number: Tensor, digits: int) -> str:
    if number.dtype == torch.bool:
        return "yes" if number else "no"
    if not number.is_floating_point():
        return str(int(number))
    return f"{rounded(number, digits):.{digits}f}"

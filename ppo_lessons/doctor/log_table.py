"""Logs whose rows say where in the run they stand: cells become numbers, and columns series over the steps."""

from array import array
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np

from ppo_lessons.doctor.log_names import STEPS, is_known, our_name, rank

MAX_BYTES = 200_000_000
MAX_ROWS = 1_000_000
"""Rows of a table, or records of an event file."""

NOTHING = ("", "none", "null", "na", "n/a", "<na>", "nat")
"""Texts that stand for no reading. "nan" does not: it may be what the run has computed."""


class LogError(ValueError):
    """A log cannot be read: what one must be, then what was got, and where."""


class Series(NamedTuple):
    """The readings of one name; the missing ones are not there."""

    steps: np.ndarray
    """Where in the run each was taken, float64 (N,), in the order of the log."""
    values: np.ndarray
    """float64 (N,)."""


def number_in(cell: Any) -> float | None:
    """Return the number in a cell of a log.

    Args:
        cell: A number of any library, a text, or None.

    Returns:
        The number, which may be NaN or infinite; None where the cell holds no reading.

    Raises:
        LogError: If it holds something else.
    """
    if isinstance(cell, float):
        return float(cell)
    text = "" if cell is None else str(cell).strip()
    if text.lower() in NOTHING:
        return None
    try:
        if "_" in text or isinstance(cell, (bool, np.bool_)):  # Python alone takes 1_000 and True for numbers
            raise ValueError
        return float(cell)
    except OverflowError:  # a whole number beyond all floats
        return float("inf") if cell > 0 else float("-inf")
    except (ValueError, TypeError):
        raise LogError(f"A cell holds a number such as 0.5 or 1e5, or nothing. Got {short(text)}") from None


def short(text: str) -> str:
    """Return a text in quotes, on one line, cut where it is long."""
    return repr(text if len(text) <= 40 else f"{text[:37]}...")


def listed(names: Iterable[str]) -> str:
    """Return names in a row, the first few of them."""
    names = list(names)
    more = f" and {len(names) - 6} more" if len(names) > 6 else ""
    return f"{', '.join(short(name) for name in names[:6])}{more}"


def require_once(names: Sequence[str], where: str) -> None:
    """Refuse a name that is known and stands over two columns.

    Args:
        names: Of the columns, in order.
        where: For the error: "line 1".

    Raises:
        LogError: Which, and over which columns, from 1.
    """
    first: dict[str, int] = {}
    for i, name in enumerate(names, start=1):
        if name in first and is_known(name):
            raise LogError(f"A name stands over one column. Got {short(name)} over {first[name]} and {i} ({where})")
        first.setdefault(name, i)


class Table:
    """What is known of a log, row by row.

    Args:
        word: What a place is, for errors: "line" or "row".
    """

    def __init__(self, word: str) -> None:
        """Start empty."""
        self._word = word
        self._places = array("q")
        self._columns: dict[str, tuple[array[int], array[float]]] = {}
        self._unread: dict[str, None] = {}
        self.notes: list[str] = []
        """What a reader of it should know, a sentence each."""

    @property
    def rows(self) -> int:
        """How many rows were begun."""
        return len(self._places)

    def know(self, name: str) -> bool:
        """Take in the name of a column; returns whether its cells are to be numbers."""
        if is_known(name):
            self._columns.setdefault(name, (array("q"), array("d")))
        else:
            self._unread[name] = None
        return name in self._columns

    def begin_row(self, place: int) -> None:
        """Begin with the next row.

        Args:
            place: Its line, or its number from 1.

        Raises:
            LogError: If there are too many.
        """
        if len(self._places) >= MAX_ROWS:
            raise LogError(f"A log has at most {MAX_ROWS:,} rows. Got more ({self._word} {place})")
        self._places.append(place)

    def take(self, name: str, cell: Any) -> None:
        """Take in a cell of the row that was begun last.

        Args:
            name: What stands over its column.
            cell: A number, a text, or None; never looked at if the name is not known.

        Raises:
            LogError: If it has to be a number, and is none.
        """
        if name in self._unread or (name not in self._columns and not self.know(name)):
            return
        rows, values = self._columns[name]
        try:
            value = number_in(cell)
        except LogError as error:
            raise LogError(f"{error} ({self._place(-1, name)})") from None
        if value is not None:
            rows.append(len(self._places) - 1)
            values.append(value)

    def series(self) -> tuple[dict[str, Series], list[str]]:
        """Return the readings of every name of a vital sign over the steps, and the names that were not read.

        Raises:
            LogError: If a row with a reading has no step, or one that lies before that of an earlier row.
        """
        columns = {name: (np.array(rows), np.array(values)) for name, (rows, values) in self._columns.items()}
        signs = {name: column for name, column in columns.items() if our_name(name)}
        used = np.unique(np.concatenate([np.zeros(0, int), *(rows for rows, _ in signs.values())]))
        places = {name: column for name, column in columns.items() if name not in signs}
        best = min(places, key=lambda name: (-np.isin(used, places[name][0]).sum(), rank(name)), default="")
        steps = np.arange(1.0, len(self._places) + 1)
        if best:
            rows, values = places.pop(best)
            steps = np.full(len(steps), np.nan)
            steps[rows] = values
            self._require_steps(steps, used, best)
        elif used.size:
            self.notes.append(f"No column says where in the run a row stands, such as {STEPS[0]}: rows are counted.")
        series = {name: Series(steps[rows], values) for name, (rows, values) in signs.items()}
        return series, [*places, *self._unread]

    def _require_steps(self, steps: np.ndarray, used: np.ndarray, name: str) -> None:
        """Refuse rows with readings, `used`, whose steps are missing or fall."""
        if (bad := used[~np.isfinite(steps[used])]).size:
            raise LogError(f"A row with a reading has a finite step. Got none ({self._place(bad[0], name)})")
        if (falls := np.flatnonzero(np.diff(steps[used]) < 0)).size:
            before, row = steps[used[falls[0]]], used[falls[0] + 1]
            raise LogError(f"{fallen(before, steps[row])} ({self._place(row, name)})")

    def _place(self, row: int, name: str) -> str:
        return f"{self._word} {self._places[row]}, column {short(name)}"


def fallen(before: float, step: float) -> str:
    """Return the sentence about steps that fall, to which the place is to be added."""
    return f"A log is of one run, whose steps do not fall. Got {step:.12g} after {before:.12g}"

"""Reads the log of a run, whoever wrote it. Logs are data: nothing in them is executed or unpickled."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path
from typing import Any

from ppo_lessons.doctor.event_files import event_files_in, is_event_file, read_event_files
from ppo_lessons.doctor.log_names import is_known, our_name
from ppo_lessons.doctor.log_table import MAX_BYTES, LogError, Table, listed, number_in, require_once, short
from ppo_lessons.doctor.readings import Readings, from_series

__all__ = ["LogError", "Readings", "read_log"]

MAX_LINE = 1_000_000
"""Characters of a line."""

TABLES = ("progress.csv", "progress.json")
"""What Stable-Baselines3 writes into a folder besides event files."""


def read_log(path: str | Path, *, num_actions: int | None = None) -> Readings:
    """Return the vital signs in a log.

    What it is is decided by what is in it: an event file of TensorBoard; JSON, one object a line, as Stable-Baselines3
    writes it; else a CSV whose first line names the columns, with `,`, `;` or a tab between them. An empty cell is a
    missing reading. A last line that has no line end may be half of one; it is left out, and `notes` say so.

    Args:
        path: A file, or a folder with event files or with what Stable-Baselines3 writes, in itself or in one folder
            below. At most 200 MB and 1,000,000 rows.
        num_actions: How many actions there are to choose from; no log says so.

    Raises:
        LogError: If it cannot be read right: the rule, what was got, and where.
    """
    path = Path(path)
    try:
        if path.is_dir():
            return _read_folder(path, num_actions)
        if not path.is_file():
            got = "neither" if path.exists() else "nothing there"
            raise LogError(f"A log is a file or a folder. Got {path}, {got}")
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)
        if is_event_file(path.name, data):
            return read_event_files([path], path.name, num_actions=num_actions)
    except OSError as error:
        raise LogError(f"A log can be opened and read. Got {path}: {error.strerror}") from None
    if len(data) > MAX_BYTES:
        raise LogError(f"A log has at most {MAX_BYTES // 10**6} MB. Got more ({path.name})")
    return _read_text(data, path.name, num_actions)


def _read_folder(folder: Path, num_actions: int | None) -> Readings:
    name = folder.resolve().name
    here = [folder] if _has_log(folder) else [below for below in sorted(folder.iterdir()) if _has_log(below)]
    if not here:
        rule = f"A folder with a log holds an event file of TensorBoard or a {TABLES[0]}"
        raise LogError(f"{rule}. Got {folder} with none")
    if len(here) > 1:
        names = listed(run.name for run in here)
        raise LogError(f"A log is of one run. Got those of {len(here)} in {folder}: {names}")
    if here[0] != folder:
        name = f"{name}/{here[0].name}"
    if files := event_files_in(here[0]):
        return read_event_files(files, name, num_actions=num_actions)
    return read_log(next(here[0] / table for table in TABLES if (here[0] / table).is_file()), num_actions=num_actions)


def _has_log(folder: Path) -> bool:
    return folder.is_dir() and (bool(event_files_in(folder)) or any((folder / table).is_file() for table in TABLES))


def _read_text(data: bytes, name: str, num_actions: int | None) -> Readings:
    if not data.strip():
        raise LogError(f"A log has a header, and rows below it. Got an empty file ({name})")
    end = max(data.rfind(b"\n"), data.rfind(b"\r")) + 1
    whole, rest = data[:end], data[end:]
    table = Table(f"{name}, line")
    if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        if _parsed(rest.decode("utf-8-sig", errors="replace")) is not None:
            whole, rest = data, b""
        read = _read_json
    else:
        read = _read_csv
    _require_text(whole or rest, name)
    read(whole, table, name)
    if rest.strip():
        last = len(whole.splitlines()) + 1
        table.notes.append(f"The last line of {name}, {last}, has no end, as if it was being written: it is left out.")
    if not table.rows:
        raise LogError(f"A log has at least one row that ends in a line end. Got none ({name})")
    series, unread = table.series()
    return from_series(name, series, unread, table.notes, num_actions=num_actions)


def _require_text(data: bytes, name: str) -> None:
    try:
        data.decode("utf-8")
        at = data.find(b"\0")
    except UnicodeDecodeError as error:
        at = error.start
    if at >= 0:
        line = len(data[: at + 1].splitlines())
        raise LogError(f"A log that is no event file is text in UTF-8. Got byte 0x{data[at]:02x} ({name}, line {line})")


def _lines(data: bytes, name: str) -> Iterator[str]:
    """Yield the lines of a text, each with its end, of whatever system."""
    for number, line in enumerate(io.TextIOWrapper(io.BytesIO(data), "utf-8-sig", newline=""), start=1):
        if len(line) > MAX_LINE:
            raise LogError(f"A line has at most {MAX_LINE:,} characters. Got {len(line):,} ({name}, line {number})")
        yield line


def _read_csv(data: bytes, table: Table, name: str) -> None:
    lines, above = _lines(data, name), 0
    for first in lines:
        if first.strip() and not first.startswith("#"):
            break
        above += 1
    else:
        return
    reader = csv.reader(chain([first], lines), delimiter=max(",;\t", key=first.count), strict=True)
    known: list[tuple[int, str]] = []
    width, line = 0, above + 1
    try:
        for cells in reader:
            if not width or _is_header(cells):
                if width:
                    table.notes.append(f"{name} begins anew with a header in line {line}: the run was continued.")
                width, known = len(cells), _columns(cells, table, f"{name}, line {line}")
            elif len(cells) > 1 or any(map(str.strip, cells)):
                if len(cells) != width:
                    raise LogError(
                        f"A row has {width} cells, as the header has. Got {len(cells)} ({name}, line {line})"
                    )
                table.begin_row(line)
                for i, column in known:
                    table.take(column, cells[i])
            line = above + reader.line_num + 1
    except csv.Error as error:
        raise LogError(
            f"Rows have cells and quotes as a CSV has them. Got this: {error} ({name}, line {line})"
        ) from None


def _columns(cells: Sequence[str], table: Table, where: str) -> list[tuple[int, str]]:
    """Return the columns that are known, (index, name); the table is told of the others."""
    names = [cell.strip() for cell in cells]
    require_once(names, where)
    if not any(map(our_name, names)):
        rule = "The first line of a CSV names its columns, one of them known, such as entropy (docs/doctor.md)"
        raise LogError(f"{rule}. Got {listed(names)} ({where})")
    return [(i, name) for i, name in enumerate(names) if table.know(name)]


def _is_header(cells: Sequence[str]) -> bool:
    """Whether a row names columns: one of its cells is a name that is known, and none is a number."""
    return any(map(is_known, cells)) and not any(map(_is_number, cells))


def _is_number(cell: str) -> bool:
    try:
        return number_in(cell) is not None
    except LogError:
        return False


def _read_json(data: bytes, table: Table, name: str) -> None:
    for number, line in enumerate(_lines(data, name), start=1):
        if not line.strip():
            continue
        pairs = _parsed(line)
        if pairs is None:
            raise LogError(f"Every line of a JSON log is one object. Got {short(line.strip())} ({name}, line {number})")
        require_once([key for key, _ in pairs], f"{name}, line {number}")
        table.begin_row(number)
        for key, value in pairs:
            table.take(key, value)


def _parsed(line: str) -> Sequence[tuple[str, Any]] | None:
    """Return the pairs of a JSON object, those of the same name too; None if it is none."""
    try:
        pairs = json.loads(line, object_pairs_hook=tuple)
    except (ValueError, RecursionError):
        return None
    return pairs if isinstance(pairs, tuple) else None

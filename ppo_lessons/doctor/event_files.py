"""TensorBoard's event files, read by TensorBoard's own reader, which is asked for only here."""

import struct
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from ppo_lessons.doctor.log_names import is_known
from ppo_lessons.doctor.log_table import MAX_BYTES, MAX_ROWS, LogError, Series
from ppo_lessons.doctor.readings import Readings, from_series

KEPT = {"scalars": 0, "tensors": 0, "images": 1, "audio": 1, "histograms": 1, "compressedHistograms": 1}
"""How many of a tag TensorBoard's reader keeps; 0: all. Newer writers store scalars as tensors."""


def is_event_file(name: str, beginning: bytes) -> bool:
    """Whether a file is one of TensorBoard's, by its name or its first record."""
    return ("tfevents" in name and not name.endswith(".profile-empty")) or b"brain.Event:" in beginning[:64]


def event_files_in(folder: Path) -> list[Path]:
    """Return the event files that lie in a folder itself, in the order in which TensorBoard reads them."""
    return sorted(file for file in folder.iterdir() if is_event_file(file.name, b"") and file.is_file())


def read_event_files(files: Sequence[Path], source: str, *, num_actions: int | None = None) -> Readings:
    """Return the readings of one run.

    Args:
        files: One event file, or all those of one folder: TensorBoard takes these for one run.
        source: What they are called in reports.
        num_actions: How many actions there are to choose from.

    Raises:
        LogError: If TensorBoard is not installed, a file is too large or damaged other than by a cut at its end, there
            is no scalar that is known, or the steps of one fall, as they do where the files are of several runs.
    """
    try:
        from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
        from tensorboard.backend.event_processing.event_file_loader import RawEventFileLoader
    except ImportError:
        words = "Event files are read by TensorBoard, which has to be installed: pip install tensorboard"
        raise LogError(f"{words}. Got {source} without it") from None
    if (size := sum(file.stat().st_size for file in files)) > MAX_BYTES:
        raise LogError(f"A log has at most {MAX_BYTES // 10**6} MB. Got {size / 10**6:.0f} ({source})")
    for file in files:
        if "tfevents" not in file.name:
            raise LogError(f'TensorBoard reads files whose names hold "tfevents". Got {file.name}: rename it')
    notes = [note for file in files if (note := _note_on(file, RawEventFileLoader))]
    accumulator = EventAccumulator(str(files[0] if len(files) == 1 else files[0].parent), size_guidance=KEPT)
    try:
        accumulator.Reload()
        series, unread = _series_in(accumulator)
    except Exception as error:  # whatever a reader of others says to a record that is whole and makes no sense
        words = " ".join(f"{type(error).__name__}: {error}".split())
        raise LogError(f"The records of an event file are events. Got {words} ({source})") from None
    where = source if len(files) == 1 else f"{source}, {len(files)} event files"
    return from_series(where, series, unread, notes, num_actions=num_actions)


def _series_in(accumulator: Any) -> tuple[dict[str, Series], list[str]]:
    """Return the scalars whose names are known, and the names of the others."""
    from tensorboard.util.tensor_util import make_ndarray

    tags = accumulator.Tags()
    pairs = {
        tag: [(each.step, each.value) for each in accumulator.Scalars(tag)] for tag in filter(is_known, tags["scalars"])
    }
    for tag in filter(is_known, tags["tensors"]):
        if tag not in pairs and accumulator.SummaryMetadata(tag).plugin_data.plugin_name == "scalars":
            pairs[tag] = [(each.step, make_ndarray(each.tensor_proto).item()) for each in accumulator.Tensors(tag)]
    series = {tag: Series(*np.array(each, dtype=np.float64).reshape(-1, 2).T) for tag, each in pairs.items()}
    return series, [tag for tag in tags["scalars"] if tag not in pairs]


def _note_on(file: Path, loader: Any) -> str | None:
    """Return what is to be said of a file whose last record is cut, as of a run that goes on.

    Its records are counted by their lengths. TensorBoard's reader checks their sums, ends at the first that is wrong,
    and says nothing.
    """
    data = file.read_bytes()
    count, at, length_is_right, fits = 0, 0, True, True
    while at + 12 <= len(data):
        length, checksum = struct.unpack_from("<QI", data, at)
        if at + 16 + length > len(data):
            length_is_right, fits = checksum == _checksum(data[at : at + 8]), length <= MAX_BYTES
            break
        count, at = count + 1, at + 16 + length
    if count > MAX_ROWS:
        raise LogError(f"An event file has at most {MAX_ROWS:,} records. Got {count:,} ({file.name})")
    fetched = fits or not length_is_right  # else the reader would ask for more memory than there is
    read = sum(1 for _ in loader(str(file)).Load()) if fetched else count
    if read < count or not (length_is_right and fits):
        raise LogError(f"The records of an event file are whole. Got a damaged one (record {read + 1} of {file.name})")
    return f"{file.name} ends in the middle of record {count + 1}, which is left out." if at < len(data) else None


def _checksum(data: bytes) -> int:
    """Return the masked CRC-32C that stands behind a record's length."""
    crc = 0xFFFFFFFF
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ (0x82F63B78 if crc & 1 else 0)
    crc ^= 0xFFFFFFFF
    return ((crc >> 15 | crc << 17) + 0xA282EAD8) & 0xFFFFFFFF

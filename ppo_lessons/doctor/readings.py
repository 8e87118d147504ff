"""The vital signs of a training run, under our names, whoever wrote them down."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from ppo_lessons.doctor.log_names import VITAL_SIGNS, our_name, rank, sign
from ppo_lessons.doctor.log_table import LogError, Series, Table, fallen, listed, require_once, short
from ppo_lessons.guards.fields import is_number, whole

if TYPE_CHECKING:
    from ppo_lessons.training import TrainReport

__all__ = ["VITAL_SIGNS", "LogError", "Readings", "from_frame", "from_reports", "from_series"]

BEHAVIOUR = {
    "mean_return": ("team_return", "mean_return"),
    "survival": ("survival",),
    "episode_length": ("case_length", "mean_length"),
}
"""Our names, each with the fields of `TeamBehaviour` and `Episodes` that hold it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Readings:
    """The vital signs of one run.

    Raises:
        LogError: If the shapes differ, a name is none of `VITAL_SIGNS`, or the steps do not grow.
    """

    source: str
    """What was read, for reports."""
    steps: np.ndarray
    """Where in the run each reading was taken, float64 (P,): steps, or numbers of cycles or rows. They grow."""
    values: dict[str, np.ndarray]
    """Name of a vital sign -> float64 (P,), NaN where a reading is missing. One that has no reading is not there."""
    num_actions: int | None = None
    """How many actions there are to choose from; None if nobody said so. No log knows it."""
    unread: tuple[str, ...] = ()
    """Names in the log that were not read: they are not known, have no reading, or another was better."""
    notes: tuple[str, ...] = ()
    """What else is to be known, a sentence each."""
    lost_at: dict[str, float] = field(default_factory=dict)
    """Name of a vital sign -> the step from which on all that the log itself gives for it is NaN or infinite, up to its
    end. A missing reading is nothing that the log gives."""

    def __post_init__(self) -> None:
        """Refuse what could not be read right."""
        if self.num_actions is not None:
            whole("num_actions", self.num_actions, 1)
        steps = np.asarray(self.steps, dtype=np.float64)
        values = {name: np.asarray(each, dtype=np.float64) for name, each in self.values.items()}
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "values", values)
        if unknown := [name for name in (*values, *self.lost_at) if name not in VITAL_SIGNS]:
            raise LogError(f"The vital signs are {', '.join(VITAL_SIGNS)}. Got {short(str(unknown[0]))}")
        if steps.ndim != 1 or not np.isfinite(steps).all() or (np.diff(steps) <= 0).any():
            raise LogError(f"The steps of readings are finite, (P,), and grow. Got {short(str(steps.tolist()))}")
        for name, each in values.items():
            if each.shape != steps.shape:
                raise LogError(f"There is one value a step, {steps.shape}. Got {each.shape} for {name}")


def from_reports(reports: Iterable["TrainReport"], *, num_actions: int | None = None) -> Readings:
    """Return the readings of a run of this package.

    Args:
        reports: What `train` has yielded, in order.
        num_actions: How many actions there are to choose from.

    Raises:
        LogError: If there are none, or they are not of one run.
    """
    taken: dict[str, list[tuple[float, float]]] = {}
    reports = list(reports)
    for report in reports:
        for name in VITAL_SIGNS:
            held = [getattr(report.behaviour, each, None) for each in BEHAVIOUR.get(name, ())]
            held = [each for each in held if each == each]  # NaN there: no episode has ended
            value = next((each for each in (getattr(report.update, name, None), *held) if is_number(each)), None)
            if value is not None:
                taken.setdefault(name, []).append((report.agent_steps, value))
    if not reports:
        raise LogError("A run has at least one report. Got none")
    series = {name: Series(*np.array(pairs, dtype=np.float64).T) for name, pairs in taken.items()}
    return from_series(f"{len(reports)} reports", series, num_actions=num_actions)


def from_frame(frame: Any, *, source: str = "a frame", num_actions: int | None = None) -> Readings:
    """Return the readings of a table in memory.

    Args:
        frame: Anything with `columns` and `frame[name]`, as pandas and polars have it, or a mapping
            name -> sequence (R,). None and NaN are missing readings.
        source: What it is called in reports.
        num_actions: How many actions there are to choose from.

    Raises:
        LogError: If it is no table, has no name that is known, or a cell is no number: in which row, from 1.
    """
    names = list(frame) if isinstance(frame, Mapping) else list(getattr(frame, "columns", ()))
    if not names:
        raise LogError(f"A frame has columns, or maps names to sequences. Got {short(repr(frame))}")
    require_once([str(name).strip() for name in names], source)
    table = Table("row")
    columns = {str(name): _cells(frame[name], str(name)) for name in names if table.know(str(name))}
    if len(set((lengths := {name: len(cells) for name, cells in columns.items()}).values())) > 1:
        raise LogError(f"Every column has one value a row. Got lengths of {lengths} ({source})")
    for row, cells in enumerate(zip(*columns.values(), strict=True), start=1):
        table.begin_row(row)
        for name, cell in zip(columns, cells, strict=True):
            table.take(name, None if isinstance(cell, float) and cell != cell else cell)
    series, unread = table.series()
    return from_series(source, series, unread, table.notes, num_actions=num_actions)


def _cells(column: Any, name: str) -> list[Any]:
    """Return the cells of one column of a frame."""
    try:
        array = np.asarray(column)
    except (ValueError, TypeError, RuntimeError):  # of ragged lists, or of another library
        array = np.zeros(())
    if array.ndim != 1:
        raise LogError(
            f"A column of a frame is a sequence of numbers. Got {short(repr(column))} (column {short(name)})"
        )
    return array.tolist()


def from_series(
    source: str,
    series: Mapping[str, Series],
    unread: Sequence[str] = (),
    notes: Sequence[str] = (),
    *,
    num_actions: int | None = None,
) -> Readings:
    """Return the readings of a log whose names have steps of their own: on the union of all steps.

    Several readings of one name at the same step, as of episodes that ended in it, are averaged.

    Args:
        source: What was read, for reports.
        series: Name of anybody's -> its readings.
        unread: Names that were left out before.
        notes: What else is to be known.
        num_actions: How many actions there are to choose from.

    Raises:
        LogError: If no name is known, none has a reading, or the steps of one fall.
    """
    chosen: dict[str, str] = {}
    notes = list(notes)
    for theirs in sorted(filter(our_name, series), key=rank):
        if len(series[theirs].steps):
            best = chosen.setdefault(str(our_name(theirs)), theirs)
            if best != theirs:
                notes.append(f"{our_name(theirs)} is read from {short(best)}, not from {short(theirs)}.")
    unread = [name for name in (*series, *unread) if name and name not in chosen.values()]
    if not chosen:
        if empty := [name for name in unread if our_name(name)]:
            raise LogError(f"A log has a reading of at least one vital sign. Got none under {listed(empty)} ({source})")
        got = f"only {listed(unread)}" if unread else "no name at all"
        raise LogError(f"A log has vital signs such as entropy (docs/doctor.md). Got {got} ({source})")
    for theirs in chosen.values():
        _require_order(theirs, series[theirs].steps, source)
    steps = np.unique(np.concatenate([series[theirs].steps for theirs in chosen.values()]))
    taken = {ours: _averaged(series[chosen[ours]], sign(chosen[ours])) for ours in VITAL_SIGNS if ours in chosen}
    return Readings(
        source=source,
        steps=steps,
        values={ours: _spread(each, steps) for ours, each in taken.items()},
        num_actions=num_actions,
        unread=tuple(unread),
        notes=tuple(notes),
        lost_at={ours: lost for ours, each in taken.items() if (lost := _lost_at(each)) is not None},
    )


def _require_order(name: str, steps: np.ndarray, source: str) -> None:
    if (falls := np.flatnonzero(np.diff(steps) < 0)).size:
        raise LogError(f"{fallen(steps[falls[0]], steps[falls[0] + 1])} ({source}, {short(name)})")


def _averaged(series: Series, factor: int) -> Series:
    """Return one value a step."""
    steps, index, counts = np.unique(series.steps, return_inverse=True, return_counts=True)
    return Series(steps, factor * np.bincount(index, weights=series.values) / counts)


def _spread(series: Series, steps: np.ndarray) -> np.ndarray:
    values = np.full(len(steps), np.nan)
    values[np.searchsorted(steps, series.steps)] = series.values
    return values


def _lost_at(series: Series) -> float | None:
    finite = np.flatnonzero(np.isfinite(series.values))
    first = finite[-1] + 1 if finite.size else 0
    return float(series.steps[first]) if first < len(series.steps) else None

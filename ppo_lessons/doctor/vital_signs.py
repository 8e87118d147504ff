"""What a run's readings say: which are not those of healthy runs, since when, whom that leaves, and what decides.

The bands and the suspects come from runs that are shipped (`ppo_lessons.shipped.vital_runs`), healthy ones and ill ones
with settings drawn at random. How often that is right is measured on other runs (`alarm_rates`, `docs/doctor.md`).
"""

import math
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from ppo_lessons.doctor.features import FLOORS, features_of
from ppo_lessons.doctor.readings import LogError, Readings, from_frame, from_reports
from ppo_lessons.doctor.suspects import DECIDES
from ppo_lessons.shipped.faults import FAULTS
from ppo_lessons.shipped.traces import Trace
from ppo_lessons.shipped.vital_runs import HEALTHY, MEASURED, load_vital_runs
from ppo_lessons.spirit_world.rules import ACTION_NAMES

MARGIN = 1.0
"""How far beyond every healthy run a feature must lie to be a sign, in standard deviations of healthy runs."""
LEAST = 4
"""A run with fewer readings says nothing."""
NEAR = 49.0
"""A feature that differs by more than seven standard deviations counts as seven: one alone does not decide."""
NAMED = 3
NOTHING = (
    "Nothing is out of the ordinary. A fault that does not show in these readings stays hidden: the facts (python -m "
    "ppo_lessons.doctor my_doctor.py) look at the functions themselves."
)
SHARES = ("clip_fraction", "rows_used", "survival", "entropy")
NO_SIGN = {
    "explained_variance, early": (-0.2, math.inf),  # a critic that has not learned yet is no illness
    "explained_variance, late": (math.inf, math.inf),
    "explained_variance, highest": (math.inf, math.inf),
    "survival, early": (math.inf, math.inf),
    "survival, late": (math.inf, math.inf),
    "mean_return, trend": (math.inf, math.inf),
}
"""Feature -> how far down, at most, and how far up the band reaches: a good critic is no sign, whatever the world."""
LEAST_SHOWN = 0.5
"""A fault shows in a feature if at least so many of its runs do."""
WHEN = {
    "early": "in the first tenth",
    "late": "in the second half",
    "lowest": "at its lowest",
    "highest": "at its highest",
    "left out": "1 minus it, at its highest",
    "beyond 1": "at its highest (1 where it never reaches the limit)",
    "change": "from the first tenth to the second half, a factor of",
    "trend": "its rank against time",
}


class Sign(NamedTuple):
    """A feature that no healthy run shows."""

    reading: str
    when: str
    """A key of `WHEN`."""
    value: float
    low: float
    high: float
    """What healthy runs show, with the margin."""
    since: float
    """The step from which on the reading stays out of the band of its feature; NaN if that cannot be said."""


class Suspicion(NamedTuple):
    """A fault that would look like this."""

    fault: str
    node: str
    """Letter of its box in the flowchart."""
    test: str
    """The fact that decides, "part: name"."""


@dataclass(frozen=True)
class Diagnosis:
    """What the readings of one run say."""

    readings: Readings
    signs: tuple[Sign, ...]
    """The clearest first."""
    suspects: tuple[Suspicion, ...]
    """The likeliest first; none for a run without a sign."""

    @property
    def healthy(self) -> bool:
        """Whether nothing is out of the ordinary."""
        return not self.signs and not self.lost

    @property
    def lost(self) -> dict[str, float]:
        """Readings that are no numbers any more -> since which step; a variance of 0 leaves nothing to explain."""
        return {name: step for name, step in self.readings.lost_at.items() if name != "explained_variance"}

    def data(self) -> dict[str, Any]:
        """Return it as plain data."""
        return {
            "source": self.readings.source,
            "healthy": self.healthy,
            "signs": [{name: _plain(value) for name, value in sign._asdict().items()} for sign in self.signs],
            "lost": self.lost,
            "suspects": [each._asdict() for each in self.suspects],
            "notes": list(self.readings.notes),
        }

    def text(self) -> str:
        """Return it as lines for a terminal."""
        names = ", ".join(self.readings.values)
        lines = [f"{self.readings.source}: {len(self.readings.steps)} readings of {names}", ""]
        for name, step in self.lost.items():
            lines.append(f"{name} is no number any more since step {step:g}: look for the first NaN or infinity.")
        if self.healthy:
            lines.append(NOTHING)
        if self.signs:
            lines += ["Out of the ordinary", *map(_in_words, self.signs), "", "Suspects, the likeliest first"]
            lines += [f"    {each.fault} (box {each.node}). What decides: {each.test}" for each in self.suspects]
        lines += [f"Note: {note}" for note in self.readings.notes]
        return "\n".join(_folded(line) for line in lines) + "\n"


def _plain(value: Any) -> Any:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _folded(line: str) -> str:
    indent = line[: len(line) - len(line.lstrip())]
    return textwrap.fill(line, 100, subsequent_indent=f"{indent}    ", drop_whitespace=True) if line.strip() else ""


def _in_words(sign: Sign) -> str:
    value, band = _number(sign.reading, sign.when, sign.value), _band(sign.reading, sign.when, sign.low, sign.high)
    since = "" if math.isnan(sign.since) else f", since step {sign.since:g}"
    share = " (as a share of its maximum)" if sign.reading == "entropy" else ""
    where = "above" if sign.value > sign.high else "below"
    return f"    {sign.reading}{share}, {WHEN[sign.when]}: {value}, {where} what is usual ({band}){since}"


def _band(reading: str, when: str, low: float, high: float) -> str:
    ends = [_number(reading, when, end) for end in (low, high)]
    return f"at least {ends[0]}" if math.isinf(high) else f"{ends[0]} to {ends[1]}"


def _number(reading: str, when: str, value: float) -> str:
    """Write a feature in the units of its reading; what counts as 0 is 0, and no share is below 0."""
    if reading in FLOORS and when != "change":
        return f"{10**value if value > math.log10(FLOORS[reading]) else 0.0:.3g}"
    if reading in FLOORS or when == "left out":
        return f"{10**value:.3g}"
    return f"{max(value, 0.0) if reading in SHARES else value:.3g}"


class Known(NamedTuple):
    """What the shipped runs say: F features, K faults."""

    names: tuple[str, ...]
    low: np.ndarray
    high: np.ndarray
    """Of healthy runs, with the margin, (F,)."""
    spread: np.ndarray
    """Within runs of one fault, (F,)."""
    centres: dict[str, np.ndarray]
    """Fault -> the middle of its runs, (F,)."""


def band_of(known: Known, i: int) -> str:
    """Return what is usual of a feature, in words.

    Args:
        known: From `known`.
        i: Place of the feature.
    """
    reading, when = known.names[i].split(", ")
    return _band(reading, when, float(known.low[i]), float(known.high[i]))


def learn(features: np.ndarray, illness: np.ndarray, names: tuple[str, ...], margin: float = MARGIN) -> Known:
    """Learn bands and suspects from runs.

    Args:
        features: (R, F).
        illness: Name of the fault, or "healthy", (R,).
        names: Of the features.
        margin: See `MARGIN`.
    """
    well = features[illness == HEALTHY]
    spread = np.nanstd(well, axis=0) + 1e-3
    centres = {fault: np.nanmedian(features[illness == fault], axis=0) for fault in FAULTS if (illness == fault).any()}
    within = np.concatenate([features[illness == fault] - centre for fault, centre in centres.items()])
    low, high = np.nanmin(well, axis=0) - margin * spread, np.nanmax(well, axis=0) + margin * spread
    wide = np.array([NO_SIGN.get(name, (math.inf, -math.inf)) for name in names])
    low, high = np.minimum(low, wide[:, 0]), np.maximum(high, wide[:, 1])
    return Known(names, low, high, np.maximum(np.nanstd(within, axis=0), spread / 2), centres)


@lru_cache(maxsize=1)
def known() -> Known:
    """Return what the shipped runs say; not to be changed."""
    runs = load_vital_runs()
    there = np.flatnonzero(runs.group != MEASURED)
    each = [features_of({name: values[i] for name, values in runs.values.items()}, len(ACTION_NAMES)) for i in there]
    names = tuple(each[0])
    table = np.array([[found[name] for name in names] for found in each])
    return learn(table, runs.illness[there], names)


def diagnose(run: Any, *, num_actions: int | None = None) -> Diagnosis:
    """Say what the readings of a run mean.

    Args:
        run: `Readings` (from `read_log`), the reports of `train`, a `Trace`, or a table: a data frame, or a mapping
            from names to sequences.
        num_actions: How many actions an agent chooses from, if the readings do not know; without it the entropy is
            compared with its own highest.

    Returns:
        The diagnosis. It compares with runs of the Spirit world: in a very different world a sign is a question.

    Raises:
        LogError: If there is nothing to be read, or too little.
    """
    readings = _judged(_readings(run))
    if len(readings.steps) < LEAST:
        raise LogError(f"A run has at least {LEAST} readings. Got {len(readings.steps)} ({readings.source})")
    return diagnosed(readings, num_actions or readings.num_actions, known())


def _judged(readings: Readings) -> Readings:
    """Leave out an estimate of the distance that may be below 0: its size says little."""
    kl = readings.values.get("approx_kl")
    if kl is None or not bool((kl < 0).any()):
        return readings
    others = {name: values for name, values in readings.values.items() if name != "approx_kl"}
    note = "approx_kl is below 0 now and then: the estimate mean(-ln r). It is not judged."
    return replace(readings, values=others, notes=(*readings.notes, note))


def _readings(run: Any) -> Readings:
    if isinstance(run, Readings):
        return run
    if isinstance(run, Trace):
        return from_frame({"cycle": run.cycles, **run.values}, source="a trace")
    if isinstance(run, Mapping) or hasattr(run, "columns"):
        return from_frame(run)
    return from_reports(run)


def diagnosed(readings: Readings, num_actions: int | None, known: Known) -> Diagnosis:
    """Say what readings mean, measured by what is known.

    Args:
        readings: Of one run.
        num_actions: Choices of an agent; None: nobody knows.
        known: From `learn`.
    """
    found = features_of(readings.values, num_actions)
    values = np.array([found[name] for name in known.names])
    beyond = np.fmax(known.low - values, values - known.high) / known.spread
    order = [i for i in np.argsort(-np.nan_to_num(beyond, nan=-np.inf)) if beyond[i] > 0]
    signs = tuple(_sign(readings, known, values, int(i)) for i in order)
    suspects = _suspects(values, known) if signs else ()
    return Diagnosis(readings, signs, suspects)


def _sign(readings: Readings, known: Known, values: np.ndarray, i: int) -> Sign:
    reading, when = known.names[i].split(", ")
    low, high = float(known.low[i]), float(known.high[i])
    since = math.nan
    if when in ("early", "late") and reading != "entropy":
        series = np.asarray(readings.values[reading])
        scaled = np.log10(np.maximum(series, FLOORS[reading])) if reading in FLOORS else series
        read = np.flatnonzero(np.isfinite(scaled))
        inside = read[(scaled[read] >= low) & (scaled[read] <= high)]
        after = read[read > inside[-1]] if len(inside) else read
        since = float(readings.steps[after[0]]) if len(after) else math.nan
    return Sign(reading, when, float(values[i]), low, high, since)


def _suspects(values: np.ndarray, known: Known) -> tuple[Suspicion, ...]:
    """Return the faults whose runs are nearest, feature by feature."""
    distances = {}
    for fault, centre in known.centres.items():
        apart = np.minimum(((values - centre) / known.spread) ** 2, NEAR)
        distances[fault] = float(np.nanmean(apart)) if np.isfinite(apart).any() else math.inf
    nearest = sorted(distances, key=distances.__getitem__)[:NAMED]
    return tuple(Suspicion(fault, FAULTS[fault].node, DECIDES[fault]) for fault in nearest)

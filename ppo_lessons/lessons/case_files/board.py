"""The clue board, a living figure: the readings of a suspect and its healthy twin, against what is usual.

What someone understands afterwards: one look at the readings, at the right time, says more than the whole curve of the
return; and which of them is out of the ordinary from the first cycles on.
"""

from functools import lru_cache, partial
from typing import NamedTuple

import numpy as np
from matplotlib.axes import Axes

from ppo_lessons.display.picture import BLUE, DARK, GREY, ORANGE, TITLE, legend_above, new_panels, plain
from ppo_lessons.interactive.controls import Choice, Slider
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.interactive.theatre import Theatre
from ppo_lessons.shipped.case_runs import CYCLES, EVERY, SUSPECT, TWIN, CaseRuns, load_case_runs


class Reading(NamedTuple):
    """How a reading is shown."""

    words: str
    least: float
    """Half of the narrowest band of what is usual: nobody is suspicious for less."""
    floor: float = 0.0
    """Above 0: it is shown as a power of ten, and nothing below this."""

    def scaled(self, values: np.ndarray) -> np.ndarray:
        """Return values as they are drawn."""
        return np.log10(np.maximum(values, self.floor)) if self.floor else values


SHOWN = {
    "mean_return": Reading("return of a case", 0.15),
    "survival": Reading("detectives standing", 0.02),
    "entropy": Reading("entropy", 0.03),
    "approx_kl": Reading("approx_kl", 0.2, 1e-5),
    "clip_fraction": Reading("clip_fraction", 0.02),
    "explained_variance": Reading("explained_variance", 0.05),
    "value_loss": Reading("value_loss", 0.15, 1e-3),
    "first_ratio": Reading("first_ratio", 0.5, 1e-4),
    "actor_grad": Reading("actor_grad", 0.15, 1e-5),
    "critic_grad": Reading("critic_grad", 0.15, 1e-5),
    "step_grad": Reading("step_grad", 0.1, 1e-3),
    "rows_used": Reading("rows_used", 0.02),
}
"""Name of a reading -> how it is shown, in the order of the board."""


@lru_cache(maxsize=1)
def shipped() -> CaseRuns:
    """Return the shipped runs; not to be changed."""
    return load_case_runs()


def usual(name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return the lowest and the highest that healthy runs show of a reading at each point, as drawn, (P,)."""
    low, high = SHOWN[name].scaled(shipped().usual[name])
    middle, half = (low + high) / 2, np.maximum((high - low) / 2, SHOWN[name].least)
    return middle - half, middle + half


def places(number: int, who: str) -> np.ndarray:
    """Return where a run stands in what is usual, for every reading and point, (Q, P): from -1 to 1 it is inside."""
    found = []
    for name, reading in SHOWN.items():
        low, high = usual(name)
        values = reading.scaled(shipped().traces[number][who].values[name])
        found.append((values - (low + high) / 2) / ((high - low) / 2))
    return np.array(found)


class Look(NamedTuple):
    """What the board shows."""

    reading: str
    point: int
    curves: dict[str, np.ndarray]
    """Twin and suspect -> the reading, as drawn, (P,)."""
    low: np.ndarray
    high: np.ndarray
    places: dict[str, np.ndarray]
    """Twin and suspect -> where each reading stands at that point, (Q,)."""


def look(number: int, reading: str, until: int) -> Look:
    """Look at a case.

    Args:
        number: Of the case.
        reading: One of `SHOWN`.
        until: Cycle.

    Returns:
        What there is to be seen.
    """
    point = until // EVERY - 1
    scaled = SHOWN[reading].scaled
    traces = shipped().traces[number]
    curves = {who: scaled(traces[who].values[reading]) for who in (TWIN, SUSPECT)}
    return Look(reading, point, curves, *usual(reading), {who: places(number, who)[:, point] for who in curves})


FAR = 3.6
"""Where a reading is drawn that is further out than that."""
NAN = float("nan")


class BoardFace:
    """Left one reading over the whole run, right all of them at one moment."""

    def __init__(self, columns: int = 2) -> None:
        plans = {1: "curve / all", 2: "curve all", 3: "curve curve all"}
        self.figure, panels = new_panels(columns, plans, {1: 2.8, 2: 3.3, 3: 3.3}[columns])
        self._curve(panels["curve"], 2 if columns == 1 else 1)
        self._all(panels["all"])

    def _curve(self, axes: Axes, rows: int) -> None:
        self.axes, self.scale, self.cycles = axes, axes.yaxis, shipped().cycles
        self.band = axes.fill_between(self.cycles, 0, 1, color=GREY, alpha=0.25, linewidth=0, label="usual")
        self.lines = {
            TWIN: axes.plot(self.cycles, self.cycles * NAN, color=BLUE, linewidth=1.4, linestyle="--", label=TWIN)[0],
            SUSPECT: axes.plot(self.cycles, self.cycles * NAN, color=ORANGE, linewidth=2, label=SUSPECT)[0],
        }
        self.now = axes.axvline(0, color=DARK, linewidth=0.8, linestyle=":")
        axes.set(xlim=(0, CYCLES), ylim=(-0.05, 0.05))  # room for the widest labels
        plain(axes, "one reading", "cycle")
        legend_above(axes, 2 if rows == 2 else 3)
        self.title = axes.set_title("one reading", fontsize=TITLE, loc="left", color=DARK, pad=6 + 14 * rows)

    def _all(self, axes: Axes) -> None:
        rows = np.arange(len(SHOWN))
        axes.axvspan(-1, 1, color=GREY, alpha=0.25, linewidth=0)
        axes.set_yticks(rows, [reading.words for reading in SHOWN.values()])
        axes.set(xlim=(-4, 4), ylim=(len(SHOWN) - 0.5, -0.5))
        axes.set_xticks([-1, 1], ["lowest", "highest"])
        for label, side in zip(axes.get_xticklabels(), ("right", "left"), strict=True):  # away from each other
            label.set_horizontalalignment(side)
        look = dict(linestyle="none", markeredgecolor=DARK, markeredgewidth=0.5)
        self.marks = {
            TWIN: axes.plot(rows * NAN, rows, marker="o", color=BLUE, markersize=6, label=TWIN, **look)[0],
            SUSPECT: axes.plot(rows * NAN, rows, marker="D", color=ORANGE, markersize=7, label=SUSPECT, **look)[0],
        }
        plain(axes, "all, against healthy runs")
        legend_above(axes)

    def show(self, result: Look) -> str:
        """Put curves and marks where the result says."""
        reading = SHOWN[result.reading]
        seen = np.arange(len(self.cycles)) <= result.point
        for who, line in self.lines.items():
            line.set_ydata(np.where(seen, result.curves[who], NAN))
        self.band.set_data(self.cycles, result.low, result.high)
        self.now.set_xdata([self.cycles[result.point]] * 2)
        everything = np.concatenate((*result.curves.values(), result.low, result.high))
        low, high = np.nanmin(everything), np.nanmax(everything)
        margin = 0.06 * max(high - low, 2 * reading.least)
        self.axes.set(ylim=(low - margin, high + margin))
        power = "log10 of " if reading.floor else ""
        self.title.set_text(f"{power}{reading.words}")
        for who, mark in self.marks.items():
            mark.set_xdata(np.clip(result.places[who], -FAR, FAR))
        return in_words(result)


def in_words(result: Look) -> str:
    """Say which readings of the suspect are not usual at that moment."""
    places = dict(zip(SHOWN, result.places[SUSPECT], strict=True))
    high = [name for name, place in places.items() if place > 1]
    low = [name for name, place in places.items() if place < -1]
    parts = [f"{words}: {', '.join(names)}" for words, names in (("above the usual", high), ("below", low)) if names]
    cycle = (result.point + 1) * EVERY
    return f"cycle {cycle}; suspect {'; '.join(parts) or 'as usual in everything'}"


def clue_board(number: int = 1) -> Explorer:
    """Lay out the clues of a case.

    Args:
        number: Of the case, 1 and up.

    Raises:
        ValueError: If there is no such case.
    """
    if number not in shipped().traces:
        raise ValueError(f"A case is one of {', '.join(map(str, shipped().traces))}. Got {number!r}")
    replays = {who: shipped().replay(number, who) for who in (TWIN, SUSPECT)}
    theatre = Theatre(f"Teams of case {number}", replays, "the same case, played by both teams after their training")
    knobs = (
        Choice("reading", "reading", tuple(SHOWN), "mean_return"),
        Slider("until", "until cycle", tuple(range(EVERY, CYCLES + 1, EVERY)), CYCLES, play=150),
    )
    text = f"Clue board of case {number}: twelve readings of the suspect and its healthy twin, against healthy runs"
    return Explorer(f"Case {number}", text, partial(look, number), BoardFace, knobs, (theatre,))

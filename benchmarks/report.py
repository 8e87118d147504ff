"""One row of the table, the table, and the machine it was made on."""

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import Literal, NamedTuple

HEADER = ("what", "ours", "peer", "ratio", "goal", "met")
PACKAGES = ("torch", "numpy", "stable_baselines3", "supersuit")


class Goal(NamedTuple):
    """What the ratio of a row should be."""

    kind: Literal["at least", "at most"]
    bound: float

    def holds(self, ratio: float) -> bool:
        """Say whether a ratio meets the goal."""
        return ratio >= self.bound if self.kind == "at least" else ratio <= self.bound


@dataclass(frozen=True, kw_only=True)
class Row:
    """One comparison. A missed goal is a row like any other."""

    name: str
    ours: str
    """Our number with its unit."""
    peer: str
    """The number it is held against, with its unit."""
    ratio: float
    goal: Goal | None = None
    """None: shown for comparison only."""

    def cells(self) -> tuple[str, ...]:
        """Return the row as text, in the order of `HEADER`."""
        ratio = f"{self.ratio:.2f}"
        if self.goal is None:
            return self.name, self.ours, self.peer, ratio, "", ""
        met = "yes" if self.goal.holds(self.ratio) else "**no**"
        return self.name, self.ours, self.peer, ratio, f"{self.goal.kind} {self.goal.bound:g}", met


class Outcome(NamedTuple):
    """What one benchmark found."""

    rows: list[Row]
    notes: str
    """Markdown: how it was measured, and the numbers behind the rows."""


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table.

    Raises:
        ValueError: If a row has another number of cells than the header, or a cell would break the table.
    """
    for row in rows:
        if len(row) != len(header) or any("|" in cell or "\n" in cell for cell in row):
            raise ValueError(f"A row must have {len(header)} cells without | and line breaks. Got {row}")
    lines = (header, ["---"] * len(header), *rows)
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> str:
    """Name the processor, the system and the versions in one line; neither the host nor any path."""
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    return f"{_processor()}, {os.cpu_count()} cores; {_system()}; Python {platform.python_version()}; {packages}"


def _processor() -> str:
    listing = Path("/proc/cpuinfo")
    if listing.exists():
        for line in listing.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def _system() -> str:
    try:
        name = platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        name = f"{platform.system()} {platform.release()}"
    return f"{name} ({platform.machine()})"

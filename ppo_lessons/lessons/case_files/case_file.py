"""One case: what was reported, which box did it, what proves it, and what is said to a wrong suspicion."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from ppo_lessons.classroom.flowchart import NODES
from ppo_lessons.lessons.case_files.board import SHOWN, places
from ppo_lessons.shipped.case_runs import CASES as RUNS
from ppo_lessons.shipped.case_runs import SUSPECT
from ppo_lessons.shipped.faults import FAULTS, Fault

NOBODY, HEALTHY = "nobody", "none"
"""What is answered where nothing is wrong: instead of a box, and instead of a clue."""
SHOWS_IN: dict[str, tuple[str, ...]] = {
    "A": ("first_ratio", "rows_used"),
    "B": ("rows_used", "value_loss"),
    "C": ("rows_used",),
    "D": ("explained_variance", "value_loss"),
    "E": ("first_ratio", "rows_used"),
    "F": ("rows_used",),
    "G": ("rows_used",),
    "H": ("rows_used",),
    "I": ("first_ratio",),
    "J": ("first_ratio", "entropy"),
    "K": ("first_ratio", "approx_kl", "clip_fraction"),
    "L": ("actor_grad", "approx_kl", "entropy"),
    "M": ("explained_variance", "critic_grad", "value_loss"),
    "N": ("entropy", "explained_variance"),
    "O": ("step_grad", "approx_kl"),
    "P": ("rows_used", "first_ratio"),
}
"""Letter of a box -> where its faults show first."""


@dataclass(frozen=True, kw_only=True)
class CaseFile:
    """One case, and what can be said about it."""

    number: int
    title: str
    """What was reported."""
    node: str
    """The box that did it; "nobody" if nothing is wrong."""
    clues: tuple[str, ...]
    """Readings that prove it."""
    verdict: str
    """Said to the right accusation: why the clue proves it."""
    instead: str
    """Said to a suspicion whose readings are out of the ordinary, too, but as a consequence."""
    closing: str
    """Which setting would have hidden it."""
    alibis: Mapping[str, str] = field(default_factory=dict)
    """Letter of a tempting box -> why it is not it."""
    weak: Mapping[str, str] = field(default_factory=dict)
    """A tempting reading -> why it proves nothing."""

    @property
    def fault(self) -> Fault | None:
        """What is planted; None where nothing is wrong."""
        planted = RUNS[self.number].fault
        return planted if planted.name in FAULTS else None

    @property
    def planted(self) -> Mapping[str, Callable[..., Any]]:
        """Step -> the planted function; nothing to be repaired where nothing is wrong."""
        return self.fault.planted if self.fault else {}

    def is_unusual(self, reading: str) -> bool:
        """Whether the suspect is out of the ordinary in a reading at more than half of all points."""
        row = places(self.number, SUSPECT)[list(SHOWN).index(reading)]
        return bool(np.mean(np.abs(row[np.isfinite(row)]) > 1) > 0.5)

    def alibi(self, node: str) -> str:
        """Return why a box is not the one: "nobody" is one, too."""
        if node == NOBODY:
            return f"something is wrong here. {self.instead}"
        if node in self.alibis:
            return f"box {node} is not it. {self.alibis[node]}"
        box = " ".join(NODES[node].split())
        unusual = [name for name in SHOWS_IN[node] if self.is_unusual(name)]
        if not unusual:
            shows = f"its faults show in {_listed(SHOWS_IN[node])}"
            return f"box {node} ({box}) is not it: {shows}, and there the suspect is as usual most of the time."
        there = _listed(unusual)
        return f"box {node} ({box}) is not it, although {there} would fit: that follows. {self.instead}"

    def no_proof(self, clue: str) -> str:
        """Return why a reading does not prove it."""
        if self.node == NOBODY:
            return f"{clue} is as usual most of the time. Where nothing is wrong, the clue is {HEALTHY!r}."
        if clue in self.weak:
            return self.weak[clue]
        if clue == HEALTHY:
            return "a clue is needed: which reading proves it?"
        if not self.is_unusual(clue):
            return f"{clue} proves nothing: most of the time the suspect is as usual there."
        return f"{clue} is out of the ordinary, as with many faults. Which reading says that it is this box?"


def _listed(names: Sequence[str]) -> str:
    """Write names one after the other: "a, b and c"."""
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))

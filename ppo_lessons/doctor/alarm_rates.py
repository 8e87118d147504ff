"""How often the doctor is right about runs from which it has not learned: `docs/doctor.md` says it."""

from typing import NamedTuple

import numpy as np

from ppo_lessons.doctor.readings import Readings
from ppo_lessons.doctor.vital_signs import diagnosed, known
from ppo_lessons.shipped.vital_runs import HEALTHY, MEASURED, load_vital_runs


class Rates(NamedTuple):
    """What the doctor makes of runs whose illness is known."""

    healthy: int
    alarmed: int
    """Of the healthy ones."""
    ill: int
    shown: int
    """Of the ill ones: those with a sign."""
    named: int
    """Of those: the fault is among the suspects."""


def rates(readings: tuple[str, ...], group: str = MEASURED) -> Rates:
    """Say what the doctor makes of shipped runs, if it can read only some of the readings and knows no more.

    Args:
        readings: Names; how many actions there are no log says, so nobody says it here.
        group: Of the runs.
    """
    runs, counts = load_vital_runs(), dict.fromkeys(Rates._fields, 0)
    for i in np.flatnonzero(runs.group == group):
        values = {name: each[i] for name, each in runs.values.items() if name in readings}
        steps = np.arange(1.0, 1 + len(next(iter(values.values()))))
        found = diagnosed(Readings(source="", steps=steps, values=values), None, known())
        if runs.illness[i] == HEALTHY:
            counts["healthy"] += 1
            counts["alarmed"] += bool(found.signs)
            continue
        counts["ill"] += 1
        counts["shown"] += bool(found.signs)
        counts["named"] += runs.illness[i] in [each.fault for each in found.suspects]
    return Rates(**counts)

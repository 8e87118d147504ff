"""Healthy and ill runs with settings drawn at random: what the doctor's vital signs are measured against.

Made by `python -m ppo_lessons.shipped.vital_runs`. The doctor learns from two groups of runs (the second was held out
at first, while its margin was chosen); the third, with other seeds, other settings and harder cases, is there to
measure what it makes of runs that it has never seen. The file holds arrays only.
"""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from ppo_lessons.config import PPOConfig
from ppo_lessons.guards.files import require_folder, write_whole
from ppo_lessons.shipped.atlas import open_runs
from ppo_lessons.shipped.faults import FAULTS
from ppo_lessons.shipped.traces import READINGS, record_run
from ppo_lessons.steps import Steps

PATH = Path(__file__).parent / "data" / "vital_runs.npz"
HEALTHY = "healthy"
POINTS = 20
"""Readings of a run, from its first cycles to its last."""
LEARNED, HELD_OUT, MEASURED = "learned from", "held out", "measured on"
"""Groups of runs."""
WORLDS = {
    LEARNED: ("standard", "standard", "stray", "pack", "fog"),
    HELD_OUT: ("standard", "stray", "pack", "fog", "attic"),
    MEASURED: ("standard", "stray", "pack", "fog", "attic", "nightfall"),
}
RUNS = {LEARNED: (80, 5), HELD_OUT: (60, 3), MEASURED: (60, 3)}
"""How many healthy runs, and how many of each fault."""
SEEDS = {LEARNED: 5000, HELD_OUT: 9000, MEASURED: 13000}
"""Of the first run of a group."""
CHOICES: dict[str, tuple[Any, ...]] = {
    "learning_rate": (1.25e-3, 2.5e-3, 5e-3, 5e-3, 7.5e-3),
    "epochs": (2, 4, 4),
    "minibatch_size": (1024, 2048, 2048),
    "clip_eps": (0.1, 0.2, 0.2, 0.3),
    "ent_coef": (0.01, 0.025, 0.025, 0.04),
    "vf_coef": (0.5, 1.0),
    "gae_lambda": (0.75, 0.75, 0.9),
    "gamma": (0.95, 0.95, 0.98),
    "max_grad_norm": (0.5, 1.0, 1.0),
    "hidden_size": (32, 64, 64),
    "shared_trunk": (True, True, False),
    "num_envs": (64, 64, 128),
}
"""Setting -> out of what it is drawn."""
OTHER_CHOICES: dict[str, tuple[Any, ...]] = {
    "learning_rate": (2e-3, 4e-3, 6e-3),
    "epochs": (3, 4),
    "minibatch_size": (768, 1536, 3072),
    "clip_eps": (0.15, 0.2, 0.25),
    "ent_coef": (0.015, 0.03),
    "vf_coef": (0.4, 0.75),
    "gae_lambda": (0.8, 0.95),
    "gamma": (0.96, 0.97),
    "max_grad_norm": (0.7, 1.5),
    "hidden_size": (48, 96),
    "shared_trunk": (True, False),
    "num_envs": (64, 96),
}
"""The same for the runs that are measured on: between what was learned from and a little beyond."""
CYCLES = (160, 200, 240)


@dataclass(frozen=True)
class VitalRuns:
    """R runs with their readings."""

    illness: np.ndarray
    """Name of the fault, or "healthy", (R,)."""
    group: np.ndarray
    """One of `RUNS`, (R,)."""
    world: np.ndarray
    """Name of the case, (R,)."""
    values: dict[str, np.ndarray]
    """Name of a reading -> float32, (R, P)."""


def load_vital_runs(path: Path = PATH) -> VitalRuns:
    """Read the shipped runs."""
    with np.load(path, allow_pickle=False) as file:
        values = np.moveaxis(file["values"].astype(np.float32), 1, 0)
        own = (file["illness"], file["group"], file["world"])
    return VitalRuns(*own, dict(zip(READINGS, values, strict=True)))


def draw_settings(group: str, illness: str, number: int) -> tuple[str, int, PPOConfig]:
    """Return case, cycles and settings of a run; the same for the same run on every machine.

    Args:
        group: One of `RUNS`.
        illness: Of the run.
        number: Which of them.
    """
    rng = np.random.default_rng(zlib.crc32(f"{group}/{illness}/{number}".encode()))
    choices = OTHER_CHOICES if group == MEASURED else CHOICES
    drawn = {name: values[rng.integers(len(values))] for name, values in choices.items()}
    cycles = int(CYCLES[rng.integers(len(CYCLES))])
    world = WORLDS[group][rng.integers(len(WORLDS[group]))]
    anneals = "anneal_cycles" in FAULTS[illness].settings if illness != HEALTHY else rng.random() < 0.2
    return world, cycles, PPOConfig(**drawn, seed=SEEDS[group] + number, anneal_cycles=cycles if anneals else None)


def vital_run(group: str, illness: str, number: int) -> np.ndarray:
    """Train one team, and return its readings, (Q, P), in the order of `READINGS`."""
    world, cycles, config = draw_settings(group, illness, number)
    steps = Steps() if illness == HEALTHY else FAULTS[illness].steps
    trace, _ = record_run(config, steps, cycles, cycles // POINTS, world)
    return np.array([trace.values[name] for name in READINGS])


def make_vital_runs(path: Path = PATH, plan: Sequence[tuple[str, str, int]] | None = None) -> None:
    """Train all runs and write them; what an earlier call did is kept.

    Args:
        path: Where to write; unfinished runs are kept in a folder beside it.
        plan: Group, illness and number of each run; by default all of `RUNS`.

    Raises:
        FileNotFoundError: If the folder is not there.
        ValueError: If the unfinished runs in it were made with other settings.
    """
    require_folder(path.parent)
    parts = path.with_suffix(".parts")
    open_runs(
        parts, {"points": POINTS, "cycles": CYCLES, "choices": CHOICES, "others": OTHER_CHOICES, "worlds": WORLDS}
    )
    found = []
    for group, illness, number in plan if plan is not None else all_runs():
        part = parts / f"{group} {illness} {number}.npz"
        world = draw_settings(group, illness, number)[0]
        if not part.exists():
            values = vital_run(group, illness, number)
            write_whole(part, lambda file, values=values: np.savez(file, values=values))
        found.append((illness, group, world, _values_in(part)))
    names = {key: np.array([run[i] for run in found]) for i, key in enumerate(("illness", "group", "world"))}
    values = np.clip(np.stack([run[3] for run in found]), -6e4, 6e4).astype(np.float16)
    write_whole(path, lambda file: np.savez_compressed(file, **names, values=values))


def _values_in(part: Path) -> np.ndarray:
    with np.load(part, allow_pickle=False) as file:
        return file["values"]


def all_runs() -> list[tuple[str, str, int]]:
    """Return group, illness and number of every run; those of one number stand together, so that few say much."""
    plan = [
        (group, illness, number)
        for group, (healthy, ill) in RUNS.items()
        for illness in (HEALTHY, *FAULTS)
        for number in range(healthy if illness == HEALTHY else ill)
    ]
    return sorted(plan, key=lambda run: run[2])


if __name__ == "__main__":
    make_vital_runs()

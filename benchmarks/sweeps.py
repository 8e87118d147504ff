"""Many runs with Ray Tune beside the same runs one after another: wall time, CPU time, and what Ray's start takes.

The runs are the 75 settings of the shipped atlas with one seed, and shorter than the atlas' own. A full run writes
sweeps.json beside this file, from which docs/many_runs.md is made.
"""

import contextlib
import json
import os
import tempfile
import threading
import time
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psutil

from benchmarks.measure import one_core
from benchmarks.report import Outcome, Row, machine
from ppo_lessons import PPOConfig
from ppo_lessons.shipped.atlas import CLIP_EPS, CYCLES, ENT_COEF, EVERY, VF_COEF, make_atlas
from ppo_lessons.shipped.engines import cores
from ppo_lessons.shipped.many_runs import one_after_another

RESULT = Path(__file__).with_name("sweeps.json")
SHORT = 24
"""Cycles of a run here."""


class Taken(NamedTuple):
    """What one way took, in seconds."""

    wall: float
    cpu: float
    start: float
    """Of the wall time: before the first run could begin."""
    load: float
    """Programs that wanted a core in the minute before; a quiet machine has nearly none."""


def run(quick: bool = False) -> Outcome:
    """Measure; quick: two tiny runs, whose numbers mean nothing."""
    one_core()
    plan = dict(grid=(CLIP_EPS, ENT_COEF, VF_COEF), seeds=(0,), cycles=SHORT, every=EVERY)
    if quick:
        plan = dict(grid=((0.1, 0.2), (0.0,), (1.0,)), seeds=(0,), cycles=2, every=2, config=PPOConfig(num_envs=4))
    processes = cores()
    with tempfile.TemporaryDirectory() as folder:
        ray_file, alone_file = Path(folder, "ray.npz"), Path(folder, "alone.npz")
        ray = with_ray(ray_file, plan, processes)
        alone = without(alone_file, plan)
        same = ray_file.read_bytes() == alone_file.read_bytes()
    count = len(plan["grid"][0]) * len(plan["grid"][1]) * len(plan["grid"][2])
    result = dict(
        machine=machine(),
        runs=count,
        cycles=plan["cycles"],
        atlas_cycles=CYCLES,
        processes=processes,
        same=same,
        ray=ray._asdict(),
        alone=alone._asdict(),
    )
    if not quick:
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return outcome(result)


def without(path: Path, plan: dict) -> Taken:
    load, wall, cpu = os.getloadavg()[0], time.monotonic(), time.process_time()
    make_atlas(path, **plan, engine=one_after_another)
    return Taken(time.monotonic() - wall, time.process_time() - cpu, 0.0, load)


def with_ray(path: Path, plan: dict, processes: int) -> Taken:
    """Measure Ray with all its processes."""
    load, wall, cpu = os.getloadavg()[0], time.monotonic(), time.process_time()
    from ppo_lessons.shipped.on_ray import on_ray, session  # here: its import is part of what it takes

    with CpuOfChildren() as others, session(processes):
        start = time.monotonic() - wall
        make_atlas(path, **plan, engine=partial(on_ray, processes=processes))
    return Taken(time.monotonic() - wall, time.process_time() - cpu + others.seconds(), start, load)


class CpuOfChildren:
    """Notes again and again what each process below this one has used: those of runs end before anybody can ask."""

    def __init__(self, every: float = 0.5) -> None:
        self._used: dict[tuple[int, float], float] = {}
        self._over, self._every = threading.Event(), every
        self._thread = threading.Thread(target=self._watch, daemon=True)

    def __enter__(self) -> "CpuOfChildren":
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._over.set()
        self._thread.join()

    def seconds(self) -> float:
        """Return what all of them used, as far as it was seen."""
        return sum(self._used.values())

    def _watch(self) -> None:
        while not self._over.wait(self._every):
            for child in psutil.Process().children(recursive=True):
                with contextlib.suppress(psutil.Error):  # it has ended meanwhile
                    times = child.cpu_times()
                    self._used[child.pid, child.create_time()] = times.user + times.system


def outcome(result: dict) -> Outcome:
    """Return the rows: Ray beside one after another."""
    ray, alone = Taken(**result["ray"]), Taken(**result["alone"])
    what = f"{result['runs']} runs of {result['cycles']} cycles"
    rows = [
        Row(
            name=f"{what}, {kind} of Ray Tune with {result['processes']} processes, of one after another",
            ours=f"{getattr(ray, key):.0f} s",
            peer=f"{getattr(alone, key):.0f} s",
            ratio=getattr(ray, key) / getattr(alone, key),
        )
        for kind, key in (("wall time", "wall"), ("CPU time", "cpu"))
    ]
    same = "The two atlases are the same file, byte for byte." if result["same"] else "**The two atlases differ.**"
    notes = (
        f"The atlas' settings with one seed; a run of the atlas itself has {result['atlas_cycles']} cycles. Ray's "
        f"import and start took {ray.start:.0f} s of its wall time. CPU time is that of all its processes. {same}"
    )
    return Outcome(rows, notes)

"""Who plays many runs here: Ray Tune where it is installed and of use, and otherwise one after another."""

import importlib.util
import os
import sys
from functools import partial

from ppo_lessons.shipped.many_runs import Engine, one_after_another

HOW_TO_INSTALL = 'python -m pip install -c constraints.txt -e ".[sweeps]"'


def engine_here(processes: int | None = None, address: str | None = None) -> Engine:
    """Return the engine that fits, and say in one sentence on stderr which one it is.

    Args:
        processes: How many runs at once on this machine; 1: without Ray; by default as many as there are cores.
        address: Of a Ray cluster that is running, as Ray writes it ("auto", "ray://host:10001"); None: this machine.

    Raises:
        ValueError: If a cluster is asked for, and Ray is not installed.
    """
    there = all(importlib.util.find_spec(name) for name in ("ray", "pandas", "pyarrow"))
    if address is not None and not there:
        raise ValueError(f"A cluster is reached with Ray, which {HOW_TO_INSTALL} installs. Got {address!r} without it")
    count = cores() if processes is None else processes
    if address is None and (count == 1 or not there):
        advice = "" if there else f" Ray is not installed; with it several are trained at once: {HOW_TO_INSTALL}"
        print(f"The runs are trained one after another, without Ray.{advice}", file=sys.stderr, flush=True)
        return one_after_another
    from ppo_lessons.shipped.on_ray import on_ray  # here: Ray is no part of the course, and takes seconds to load

    where = f"this machine, {count} at once" if address is None else f"the cluster at {address}"
    print(f"Ray Tune trains the runs on {where}.", file=sys.stderr, flush=True)
    return partial(on_ray, processes=count, address=address)


def cores() -> int:
    """Return how many cores this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1

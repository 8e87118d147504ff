"""What time and memory do when the world grows: more copies (E), or more agents in a team (A).

Every point is measured in a fresh process: `python -m benchmarks.growth E A CYCLES` prints one line of JSON.
"""

import json
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.measure import cpu_seconds, growth_exponent, one_core
from benchmarks.report import Goal, Outcome, Row, table
from ppo_lessons import CASES, Case, PPOConfig, TrainingRun, train
from ppo_lessons.training import train_cycle

CASE = CASES["standard"]
MEGABYTE = 2**20
LINEAR = Goal("at most", 1.1)


class Point(NamedTuple):
    """One size of the world, measured in a process of its own."""

    num_envs: int
    num_agents: int
    obs_size: int
    agent_steps: int
    """Of one cycle, T * E * A."""
    cycle_seconds: float
    """CPU time of a cycle, the median."""
    import_bytes: int
    """Peak of the process's memory after the imports."""
    ready_bytes: int
    """Peak after one cycle of a single copy: torch loads a part of itself when the first optimizer is made."""
    peak_bytes: int
    """Peak after training."""

    @property
    def run_bytes(self) -> int:
        """What the training run added."""
        return max(1, self.peak_bytes - self.ready_bytes)

    @property
    def numbers_seen(self) -> int:
        """All numbers that all agents see in one cycle, T * E * A * D."""
        return self.agent_steps * self.obs_size


def run(quick: bool = False) -> Outcome:
    """Measure; quick: a few tiny sizes, whose numbers mean nothing."""
    default_envs, default_agents = 4 if quick else PPOConfig().num_envs, CASE.num_detectives
    envs, agents = ((4, 16), (2, 4)) if quick else ((64, 256, 1024, 4096), (2, 4, 8, 16))
    in_envs, in_agents = [(e, default_agents) for e in envs], [(default_envs, a) for a in agents]
    points = measure(list(dict.fromkeys(in_envs + in_agents)), passes=1 if quick else 3, cycles=1 if quick else 5)
    more_envs, more_agents = [points[size] for size in in_envs], [points[size] for size in in_agents]
    default = points[default_envs, default_agents]
    memory = Row(
        name="peak memory of a training run, over that of the imports",
        ours=f"{default.peak_bytes / MEGABYTE:.0f} MB",
        peer=f"{default.import_bytes / MEGABYTE:.0f} MB",
        ratio=default.peak_bytes / default.import_bytes,
    )
    return Outcome([memory, *_env_rows(more_envs), *_agent_rows(more_agents)], _notes(more_envs, more_agents))


def measure(sizes: Sequence[tuple[int, int]], passes: int, cycles: int) -> dict[tuple[int, int], Point]:
    """Measure each size in a fresh process, up the list and down again; the faster time of a size counts.

    Args:
        sizes: (E, A) of each point.
        passes: How often each size is measured.
        cycles: Training cycles that count, at least; small worlds get more, until 0.3 s for each are spent.

    Returns:
        (E, A) -> its point.
    """
    found: dict[tuple[int, int], list[Point]] = {size: [] for size in sizes}
    for number in range(passes):
        for size in sizes if number % 2 == 0 else reversed(sizes):
            found[size].append(_in_fresh_process(*size, cycles))
    return {size: min(points, key=lambda point: point.cycle_seconds) for size, points in found.items()}


def _in_fresh_process(*numbers: int) -> Point:
    command = [sys.executable, "-m", "benchmarks.growth", *map(str, numbers)]
    done = subprocess.run(command, cwd=Path(__file__).parents[1], check=True, stdout=subprocess.PIPE, text=True)
    return Point(**json.loads(done.stdout))


def measure_here(num_envs: int, num_agents: int, cycles: int) -> Point:
    """Train in this process, which should be fresh: two cycles that do not count, then `cycles` or more that do."""
    one_core()
    case, peaks = case_for(num_agents), [peak_memory()]
    train_cycle(TrainingRun(case, PPOConfig(num_envs=1)))
    peaks.append(peak_memory())
    training = TrainingRun(case, PPOConfig(num_envs=num_envs))
    list(train(training, 2))
    seconds: list[float] = []
    while len(seconds) < cycles or sum(seconds) < 0.3 * cycles:
        seconds.append(cpu_seconds(lambda: train_cycle(training)))
    steps = training.agent_steps // training.cycle
    return Point(num_envs, num_agents, training.env.obs_size, steps, median(seconds), *peaks, peak_memory())


def case_for(num_agents: int) -> Case:
    """Return the standard case for another number of detectives; no spirit is tougher than the team is large."""
    toughness = tuple(min(k, num_agents) for k in CASE.toughness)
    return replace(CASE, name=f"{num_agents} detectives", num_detectives=num_agents, toughness=toughness)


def peak_memory() -> int:
    """Return the most memory that this process ever held, in bytes.

    Linux's `ru_maxrss` begins with the *parent's* peak, so there the kernel's own count for this program is read.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return int(line.split()[1]) * 1024
    import resource  # not on Windows

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss  # bytes on macOS


def _env_rows(points: list[Point]) -> list[Row]:
    envs, span = [p.num_envs for p in points], f"E = {points[0].num_envs} to {points[-1].num_envs}"
    time, memory = [p.cycle_seconds for p in points], [p.run_bytes for p in points]
    return [
        _exponent_row(f"time of a cycle, {span}: exponent", envs, time, "E"),
        _exponent_row(f"memory of a run, {span}: exponent", envs, memory, "E"),
    ]


def _agent_rows(points: list[Point]) -> list[Row]:
    seen, span = [p.numbers_seen for p in points], f"A = {points[0].num_agents} to {points[-1].num_agents}"
    time, memory = [p.cycle_seconds for p in points], [p.run_bytes for p in points]
    return [
        _exponent_row(f"time of a cycle, {span}: exponent", seen, time, "T E A D"),
        _exponent_row(f"memory of a run, {span}: exponent", seen, memory, "T E A D"),
    ]


def _exponent_row(name: str, sizes: Sequence[float], costs: Sequence[float], axis: str) -> Row:
    dearer, larger = f"{costs[-1] / costs[0]:.1f} times", f"{sizes[-1] / sizes[0]:.1f} times {axis}"
    return Row(name=name, ours=dearer, peer=larger, ratio=growth_exponent(sizes, costs), goal=LINEAR)


HEADER = (
    "E",
    "A",
    "D",
    "agent-steps",
    "cycle, ms",
    "us a step",
    "import, MB",
    "ready, MB",
    "peak, MB",
    "bytes a number",
)


def _notes(more_envs: list[Point], more_agents: list[Point]) -> str:
    agents, time = [p.num_agents for p in more_agents], [p.cycle_seconds for p in more_agents]
    largest = more_envs[-2:]
    envs = [p.num_envs for p in largest]
    last_time = growth_exponent(envs, [p.cycle_seconds for p in largest])
    last_memory = growth_exponent(envs, [p.run_bytes for p in largest])
    return (
        "Each point is a fresh process: two cycles, then the median of the next ones; `PPOConfig` but for E. Memory is "
        "the process's peak: after the imports; when ready, which is after a cycle with one copy (torch loads a part "
        "of itself with the first optimizer); at the end. What a run takes is the last less the second; in the last "
        "column it is divided by T * E * A * D, the numbers that all agents see in a cycle.\n\n"
        "The ratio is the exponent p of cost = c * size^p: 1 is linear, below 1 fixed costs are shared by more. With "
        f"more copies the size is E; between the two largest alone the time's is {last_time:.2f}, the memory's "
        f"{last_memory:.2f}. With more agents each of them also sees more (D grows with A), so there the size is "
        f"T * E * A * D; in A alone the time's is {growth_exponent(agents, time):.2f}.\n\n"
        + table(HEADER, [_cells(point) for point in more_envs + more_agents])
    )


def _cells(point: Point) -> tuple[str, ...]:
    memory = [f"{size / MEGABYTE:.1f}" for size in (point.import_bytes, point.ready_bytes, point.peak_bytes)]
    sizes = str(point.num_envs), str(point.num_agents), str(point.obs_size), f"{point.agent_steps:,}"
    times = f"{1e3 * point.cycle_seconds:.1f}", f"{1e6 * point.cycle_seconds / point.agent_steps:.2f}"
    return *sizes, *times, *memory, f"{point.run_bytes / point.numbers_seen:.1f}"


if __name__ == "__main__":
    print(json.dumps(measure_here(*map(int, sys.argv[1:]))._asdict()))

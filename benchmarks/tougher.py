"""From nothing to nightfall through a small room, the whole way counted; and what the shipped runs say.

The way, its goals and the settings were chosen with other seeds than those that are measured here.
"""

import time
from statistics import median
from typing import NamedTuple

from benchmarks.measure import one_core
from benchmarks.report import Goal, Outcome, Row, table
from ppo_lessons import PPOConfig, TrainingRun, train_through
from ppo_lessons.shipped.critics import CRITICS, load_critics
from ppo_lessons.shipped.ways import LADDER, load_ways
from ppo_lessons.training import train_cycle

WAY, GOALS = ("attic", "nightfall"), (0.7, 0.9)
"""The cases, and the share of the last 400 cases that is to be won before the team goes on."""
SEEDS = range(1000, 1010)
GOAL = 30.0
"""CPU seconds from nothing to 90 % of nightfall, in the median."""
ARRIVING = 9
"""So many of the ten seeds at least arrive, before patience ends."""
PATIENCE = 100.0
"""CPU seconds after which a seed is given up."""
HEADER = ("seed", "arrived", "CPU seconds", "of them in the attic", "agent-steps")


class Journey(NamedTuple):
    """One seed's way."""

    seed: int
    arrived: bool
    cpu_seconds: float
    in_the_attic: float
    """CPU seconds of the first stage."""
    agent_steps: int


def run(quick: bool = False) -> Outcome:
    """Measure; quick: one seed, given up at once."""
    one_core()
    train_cycle(TrainingRun(WAY[0], PPOConfig(num_envs=1)))  # torch loads a part of itself with the first optimizer
    journeys = [go(seed, 0.5 if quick else PATIENCE) for seed in (SEEDS[:1] if quick else SEEDS)]
    seconds = median(journey.cpu_seconds for journey in journeys)
    arrived = sum(journey.arrived for journey in journeys)
    enough = ARRIVING * len(journeys) / len(SEEDS)
    rows = [
        Row(
            name=f"CPU seconds from nothing to 90% of nightfall, median of {len(journeys)} seeds",
            ours=f"{seconds:.1f} s",
            peer=f"{GOAL:g} s",
            ratio=seconds / GOAL,
            goal=Goal("at most", 1),
        ),
        Row(
            name=f"seeds that arrive, of {len(journeys)}",
            ours=f"{arrived}",
            peer=f"{enough:g}",
            ratio=arrived / enough,
            goal=Goal("at least", 1),
        ),
    ]
    notes = (
        f"`train_through({WAY}, PPOConfig(seed=...), goal={GOALS})`: so many of the last 400 cases of each. CPU time "
        "from nothing: making the runs, playing, measuring and learning. A seed is given up after "
        f"{PATIENCE:g} s.\n\n{table(HEADER, [_cells(journey) for journey in journeys])}\n\n{shipped_ways()}\n\n"
        f"{shipped_critics()}"
    )
    return Outcome(rows, notes)


def go(seed: int, patience: float) -> Journey:
    """Go the whole way with one seed, or until patience (CPU seconds) ends."""
    start, steps, attic, last = time.process_time(), {}, 0.0, None
    for last in train_through(WAY, PPOConfig(seed=seed), goal=GOALS):
        steps[last.stage] = last.report.agent_steps
        seconds = time.process_time() - start
        attic = seconds if last.stage == 0 else attic
        if seconds > patience:
            break
    seconds = time.process_time() - start
    return Journey(seed, seconds <= patience and max(steps) == 1, seconds, attic, sum(steps.values()))


def _cells(journey: Journey) -> tuple[str, ...]:
    arrived = "yes" if journey.arrived else "**no**"
    times = f"{journey.cpu_seconds:.1f}", f"{journey.in_the_attic:.1f}"
    return str(journey.seed), arrived, *times, f"{journey.agent_steps:,}"


def shipped_ways() -> str:
    """Return what is won in every case after each stage of the shipped ways, mean of five seeds."""
    rows = []
    for name, walked in load_ways().items():
        rates = walked.win_rates.mean(axis=0)
        for stage, after, steps in zip(walked.stages, rates[1:], walked.agent_steps, strict=True):
            won = (f"{rate:.2f}" for rate in after)
            rows.append((name, "+".join(stage.cases), f"{steps[-1] / 1e6:.2f}", *won))
    header = ("way", "after", "million agent-steps", *LADDER)
    return f"The shipped ways (`ppo_lessons.shipped.ways`), win rates, means of five seeds:\n\n{table(header, rows)}"


def shipped_critics() -> str:
    """Return how the shipped teams with own and team critic fare, every seed."""
    rows = []
    for case, found in load_critics().items():
        for place, name in enumerate(CRITICS):
            rates = sorted(found.behaviour["win_rate"][place])
            foresaw = found.curves["explained_variance"][place].mean()
            seeds = " ".join(f"{rate:.2f}" for rate in rates)
            steps = f"{found.agent_steps[-1] / 1e6:.2f}"
            rows.append((case, name, steps, seeds, f"{sum(rates) / len(rates):.2f}", f"{foresaw:.2f}"))
    header = ("case", "critic", "million agent-steps", "win rate of each seed", "mean", "explained variance, mean")
    return f"Own against team critic (`ppo_lessons.shipped.critics`), from nothing:\n\n{table(header, rows)}"

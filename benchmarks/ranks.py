"""Training on two processes: what they gain on two cores, what the talk costs, and whether the formula foresees it.

Every run is torchrun's, in fresh processes: `python -m benchmarks.ranks FILE TASK` is one rank. Seconds are those of
the clock, not of the CPU: a rank that waits for another uses none. So nothing else may run meanwhile.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

import torch

from benchmarks.measure import one_core
from benchmarks.report import Goal, Outcome, Row, machine, table
from ppo_lessons.config import PPOConfig
from ppo_lessons.data_parallel.launch import torchrun_command
from ppo_lessons.data_parallel.process_ranks import ProcessRank, join_ranks
from ppo_lessons.data_parallel.shared_training import train_on_ranks
from ppo_lessons.lessons.beyond_one_machine.scaling import EPOCHS, ONCE, STEPS, num_weights, on_this_machine
from ppo_lessons.shipped.rank_costs import PATH, RankCosts
from ppo_lessons.training import TrainingRun, train_cycle

HIDDEN = (64, 256)
"""Sizes of the network by which the constants are told apart."""
MESSAGES, LARGE = 200, 4_000_000
NEAR = Goal("at most", 1.15)


def run(quick: bool = False) -> Outcome:
    """Measure; quick: a few cycles, whose numbers mean nothing."""
    one_core()
    cycles = 2 if quick else 60
    costs, alone = measure_costs(cycles)
    one, pair, weak = (_run_ranks(ranks, envs, cycles) for ranks, envs in ((1, 128), (2, 128), (2, 256)))
    costs = replace(
        costs,
        share=max((one["cycle"] - one["talk"] - alone) / STEPS, 0.0),
        message=pair["talk"] / (4 * STEPS + ONCE),
        measured=(
            dict(ranks=1, rows=4096, cycle=alone, talk_share=0.0),
            *(_point(told, rows) for told, rows in ((pair, 4096), (weak, 8192))),
        ),
    )
    if not quick and os.environ.get("KEEP_RANK_COSTS"):
        PATH.write_text(json.dumps(vars(costs), indent=1) + "\n", encoding="utf-8")
    one, two, more = costs.measured
    rows = [
        _row("two processes to one, 4,096 rows in all: rows a second", two, one),
        _row("two processes to one, 4,096 rows each: rows a second", more, one),
        *(_against_formula(point, costs) for point in costs.measured),
    ]
    return Outcome(rows, _notes(costs))


def measure_costs(cycles: int) -> tuple[RankCosts, float]:
    """Return the constants of the formula but `share` and `message`, and the seconds of a cycle of one process."""
    seconds = {(hidden, envs): _one_process(hidden, envs, cycles) for hidden in HIDDEN for envs in (32, 128)}
    weights = [num_weights(hidden) for hidden in HIDDEN]
    rows = {envs: envs * 8 * 4 for envs in (32, 128)}
    play, play_weight = _line(weights, [seconds[hidden, 128][0] / rows[128] for hidden in HIDDEN])
    slopes, steps = [], []
    for hidden in HIDDEN:
        offset, slope = _line([rows[32], rows[128]], [seconds[hidden, envs][1] for envs in (32, 128)])
        slopes.append(slope / EPOCHS)
        steps.append(offset / STEPS)
    learn, learn_weight = _line(weights, slopes)
    small, large = _messages()
    costs = RankCosts(
        machine=machine().partition(";")[0],
        **dict(play=play, play_weight=play_weight, learn=learn, learn_weight=learn_weight, step=max(steps[0], 0.0)),
        **dict(share=0.0, message=0.0, byte=max(large - small, 1e-9) / (4 * LARGE), slowed=max(_slowed(cycles), 1.0)),
        measured=(),
    )
    return costs, sum(seconds[64, 128])


def _line(xs: list[float], ys: list[float]) -> tuple[float, float]:
    """Return offset and slope through two points."""
    slope = (ys[1] - ys[0]) / (xs[1] - xs[0])
    return ys[0] - slope * xs[0], slope


def _one_process(hidden: int, envs: int, cycles: int) -> tuple[float, float]:
    """Return median seconds of play and of learning in a cycle of 8 gradient steps."""
    config = PPOConfig(num_envs=envs, hidden_size=hidden, minibatch_size=envs * 16)
    run = TrainingRun("standard", config)
    reports = [train_cycle(run) for _ in range(cycles + 2)][2:]
    return median(report.rollout_seconds for report in reports), median(report.update_seconds for report in reports)


def _slowed(cycles: int) -> float:
    """Return how many times as long a cycle takes while another process plays the same beside it."""
    code = "from benchmarks.ranks import _one_process; import sys; print(sum(_one_process(64, 128, int(sys.argv[1]))))"
    command = [sys.executable, "-c", code, str(2 * cycles)]

    def seconds(how_many: int) -> float:
        started = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(how_many)]
        return median(float(process.communicate()[0]) for process in started)

    return seconds(2) / seconds(1)


def _messages() -> tuple[float, float]:
    told = _torchrun(2, "messages")
    return told["small"], told["large"]


def _run_ranks(ranks: int, num_envs: int, cycles: int) -> dict[str, Any]:
    return _torchrun(ranks, f"train {num_envs} {cycles}")


def _torchrun(ranks: int, task: str) -> dict[str, Any]:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "told.json"
        variables = {**os.environ, "OMP_NUM_THREADS": "1", "GLOO_SOCKET_IFNAME": "lo"}
        command = torchrun_command(ranks, ["-m", "benchmarks.ranks", str(file), *task.split()])
        subprocess.run(command, env=variables, check=True)
        return json.loads(file.read_text(encoding="utf-8"))


def _point(told: dict[str, Any], rows: int) -> dict[str, float]:
    return {"ranks": 2, "rows": rows, "cycle": told["cycle"], "talk_share": told["talk"] / told["cycle"]}


def _row(name: str, ours: dict[str, float], peer: dict[str, float]) -> Row:
    speeds = [point["rows"] / point["cycle"] for point in (ours, peer)]
    return Row(name=name, ours=f"{speeds[0]:,.0f}/s", peer=f"{speeds[1]:,.0f}/s", ratio=speeds[0] / speeds[1])


def _against_formula(point: dict[str, float], costs: RankCosts) -> Row:
    ranks = int(point["ranks"])
    said = on_this_machine(costs, ranks, point["rows"] / ranks).cycle
    return Row(
        name=f"a cycle of {point['rows']:,} rows on {ranks} processes, and the formula (the larger by the smaller)",
        ours=f"{1000 * point['cycle']:.1f} ms",
        peer=f"{1000 * said:.1f} ms",
        ratio=max(point["cycle"] / said, said / point["cycle"]),
        goal=NEAR,
    )


def _notes(costs: RankCosts) -> str:
    told = [
        [f"{p['ranks']}", f"{p['rows']:,}", f"{1000 * p['cycle']:.1f}", f"{p['talk_share']:.0%}"]
        for p in costs.measured
    ]
    constants = (
        f"play {1e6 * costs.play:.2f} us a row and {1e12 * costs.play_weight:.0f} ps a row and weight; learn "
        f"{1e6 * costs.learn:.2f} us a row and epoch and {1e12 * costs.learn_weight:.0f} ps for each weight; "
        f"{1e6 * costs.step:.0f} us a step, and {1e6 * costs.share:.0f} us where there are others; "
        f"{1e6 * costs.message:.0f} us a message while both train, {1e9 * costs.byte:.2f} ns a byte; "
        f"beside a second process everything takes {costs.slowed:.2f} times as long (the two cores are one physical)"
    )
    shares = table(("processes", "rows a cycle", "ms a cycle", "telling and waiting"), told)
    return f"Case 'standard', gloo on loopback, medians, seconds of the clock. Constants: {constants}.\n\n{shares}"


class _Timed(ProcessRank):
    """A rank that notes how long it tells and waits."""

    talk = 0.0

    def _meet(self, what: str, tell: Callable[[], object]) -> None:
        start = time.perf_counter()
        super()._meet(what, tell)
        self.talk += time.perf_counter() - start


def _train(ranks: ProcessRank, num_envs: int, cycles: int) -> dict[str, float]:
    ranks.__class__, ranks.talk = _Timed, 0.0  # type: ignore[attr-defined]
    config = PPOConfig(num_envs=num_envs, minibatch_size=num_envs * 16)
    seconds, talks, last, talked = [], [], time.perf_counter(), 0.0
    for _ in train_on_ranks(ranks, "standard", config, cycles + 2):
        now, talk = time.perf_counter(), ranks.talk  # type: ignore[attr-defined]
        seconds.append(now - last)
        talks.append(talk - talked)
        last, talked = now, talk
    return {"cycle": median(seconds[2:]), "talk": median(talks[2:])}


def _talk(ranks: ProcessRank) -> dict[str, float]:
    def seconds(size: int, times: int) -> float:
        numbers, told = torch.zeros(size), []
        for _ in range(times):
            start = time.perf_counter()
            ranks.add_up(numbers, "numbers")
            told.append(time.perf_counter() - start)
        return median(told)

    return {"small": seconds(6, MESSAGES), "large": seconds(LARGE, 10)}


if __name__ == "__main__":
    path, task, *numbers = sys.argv[1:]
    one_core()
    with join_ranks(120) as own_rank:
        found = _talk(own_rank) if task == "messages" else _train(own_rank, *map(int, numbers))
        if own_rank.rank == 0:
            Path(path).write_text(json.dumps(found), encoding="utf-8")

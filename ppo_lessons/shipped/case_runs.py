"""The runs behind the case files: for each case a suspect and its healthy twin of the same seed, and what is usual.

Made by `python -m ppo_lessons.shipped.case_runs`: the standard case with the settings of `PPOConfig`. The file holds
arrays only, no pickle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ppo_lessons.config import PPOConfig
from ppo_lessons.guards.files import require_folder, write_whole
from ppo_lessons.shipped.faults import FAULTS, REWRITTEN, Fault
from ppo_lessons.shipped.traces import READINGS, Trace, record_run
from ppo_lessons.spirit_world.evaluation import EVALUATION_SEED, Replay, record
from ppo_lessons.spirit_world.players import policy_player, scripted_player
from ppo_lessons.steps import Steps

PATH = Path(__file__).parent / "data" / "case_runs.npz"
CYCLES, EVERY = 250, 5
USUAL_SEEDS = tuple(range(300, 360))
"""Healthy runs that say what is usual."""
TWIN, SUSPECT = "healthy twin", "suspect"


class CaseRun(NamedTuple):
    """What is planted, and the seed of suspect and twin."""

    fault: Fault
    seed: int


CASES = {
    1: CaseRun(FAULTS["bootstraps when terminated, gamma twice"], 31),
    2: CaseRun(FAULTS["entropy with a plus"], 32),
    3: CaseRun(FAULTS["gradients pile up"], 33),
    4: CaseRun(FAULTS["every value against every return"], 34),
    5: CaseRun(FAULTS["softmax before logits"], 35),
    6: CaseRun(REWRITTEN, 28),
    7: CaseRun(FAULTS["old log-probabilities with the new gradient"], 37),
    8: CaseRun(FAULTS["max for min"], 38),
    9: CaseRun(FAULTS["observations in another order"], 39),
    10: CaseRun(FAULTS["rows of old rollouts kept"], 40),
    11: CaseRun(FAULTS["rows of the fallen kept"], 44),
    12: CaseRun(FAULTS["rows drawn with repeats"], 42),
    13: CaseRun(FAULTS["clipped after the step"], 43),
}
"""Number of a case -> what was done."""


@dataclass(frozen=True)
class CaseRuns:
    """All runs: C cases, P points."""

    cycles: np.ndarray
    """Where the points lie, (P,)."""
    traces: dict[int, dict[str, Trace]]
    """Number of a case -> twin and suspect."""
    usual: dict[str, np.ndarray]
    """Name of a reading -> the lowest and the highest of healthy runs, (2, P)."""
    actions: dict[int, dict[str, np.ndarray]]
    """Number of a case -> what the two teams did in the end, in one case of the game, (steps, A)."""

    def replay(self, number: int, who: str) -> Replay:
        """Play the recorded case of a trained team again; it is the same case for all."""
        actions = self.actions[number][who]
        return record(scripted_player(actions[:, None].astype(np.int64)), seed=EVALUATION_SEED)


def load_case_runs(path: Path = PATH) -> CaseRuns:
    """Read the shipped runs."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    cycles = arrays["cycles"]
    numbers = sorted({int(key.split("/")[0]) for key in arrays if key.endswith("/readings")})

    def trace(values: np.ndarray) -> Trace:
        return Trace(cycles, dict(zip(READINGS, values.astype(np.float32), strict=True)))

    return CaseRuns(
        cycles=cycles,
        traces={n: dict(zip((TWIN, SUSPECT), map(trace, arrays[f"{n}/readings"]), strict=True)) for n in numbers},
        usual=dict(zip(READINGS, np.moveaxis(arrays["usual"].astype(np.float32), 1, 0), strict=True)),  # (Q, 2, P)
        actions={n: {who: arrays[f"{n}/{who}"] for who in (TWIN, SUSPECT)} for n in numbers},
    )


def make_case_runs(
    path: Path = PATH,
    cases: Mapping[int, CaseRun] = CASES,
    seeds: Sequence[int] = USUAL_SEEDS,
    cycles: int = CYCLES,
    every: int = EVERY,
) -> None:
    """Train suspects, twins and what is usual, and write their readings.

    Args:
        path: Where to write.
        cases: Number -> what is planted.
        seeds: Of the healthy runs.
        cycles: Length of a run.
        every: Cycles of a point.

    Raises:
        FileNotFoundError: If the folder is not there.
    """
    require_folder(path.parent)
    usual = _stacked([record_run(PPOConfig(seed=seed), Steps(), cycles, every)[0] for seed in seeds])
    ends = np.stack([np.fmin.reduce(usual), np.fmax.reduce(usual)])  # of what is known
    arrays: dict[str, np.ndarray] = {"cycles": np.arange(every, cycles + 1, every), "usual": ends}
    for number, (fault, seed) in cases.items():
        config = PPOConfig(**{**fault.settings, "seed": seed})
        traces = []
        for who, steps in ((TWIN, Steps()), (SUSPECT, fault.steps)):
            trace, policy = record_run(config, steps, cycles, every)
            traces.append(trace)
            arrays[f"{number}/{who}"] = record(policy_player(policy, seed=1), seed=EVALUATION_SEED).actions.astype(
                np.int8
            )
        arrays[f"{number}/readings"] = _stacked(traces)
        print(f"case {number}: {fault.name}", flush=True)
    write_whole(path, lambda file: np.savez_compressed(file, **arrays))


def _stacked(traces: Sequence[Trace]) -> np.ndarray:
    """Return the readings of several runs, float16, (R, Q, P)."""
    values = np.array([[trace.values[name] for name in READINGS] for trace in traces])
    return np.clip(values, -6e4, 6e4).astype(np.float16)


if __name__ == "__main__":
    make_case_runs()

"""The team at its three ages, shipped with the package: chaos, survival and mastery.

Made by `python -m ppo_lessons.shipped.ages`: one training run with the default settings, kept at the first moment that
fits each age.
"""

import json
import math
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.checkpoints import load_policy, save_policy
from ppo_lessons.config import PPOConfig
from ppo_lessons.guards.files import require_folder, write_whole
from ppo_lessons.spirit_world.behaviour import TeamBehaviour, recent
from ppo_lessons.spirit_world.evaluation import evaluate
from ppo_lessons.spirit_world.players import policy_player
from ppo_lessons.training import TrainingRun, train

REFERENCE = PPOConfig(seed=2, anneal_cycles=1000)
"""The run of the lesson on team training, of 1000 cycles at most. What it does with other seeds is shipped, too."""
CURVES, CURVE_SEEDS = ("win_rate", "survival"), tuple(range(20))
FOLDER = Path(__file__).parent / "data" / "ages"
AGES = ("chaos", "survival", "mastery")


class SeedCurves(NamedTuple):
    """One run with S seeds, at P points."""

    seeds: tuple[int, ...]
    agent_steps: np.ndarray
    """Where the points lie, int64, (P,)."""
    win_rate: np.ndarray
    """Share of the last 400 cases that was won, (S, P); NaN as long as fewer than 20 cases were finished."""
    survival: np.ndarray
    """Share of the detectives still standing at their end, (S, P)."""


def load_age(age: str) -> ActorCritic:
    """Return the shipped team of one age, trained on the standard case.

    Args:
        age: chaos, survival or mastery.

    Returns:
        The team's network.

    Raises:
        ValueError: If there is no such age.
    """
    if age not in AGES:
        raise ValueError(f"An age is one of {', '.join(AGES)}. Got {age!r}")
    return load_policy(FOLDER / f"{age}.pt")


def fits(age: str, behaviour: TeamBehaviour) -> bool:
    """Say whether a team that behaves like this, over at least 400 standard cases, is of that age."""
    win_rate, survival = behaviour.win_rate, behaviour.survival
    return {
        "chaos": win_rate < 0.05 and survival < 0.5,
        "survival": win_rate < 0.15 and survival > 0.97,
        "mastery": win_rate > 0.97 and survival > 0.95,
    }[age]


def make_ages(
    folder: Path = FOLDER, config: PPOConfig | None = None, most_cycles: int = 1000
) -> dict[str, TeamBehaviour]:
    """Train a team on the standard case and save it when it first fits each age.

    Args:
        folder: Where to write chaos.pt, survival.pt and mastery.pt.
        config: The settings; by default those of `PPOConfig`.
        most_cycles: Give up after so many.

    Returns:
        The behaviour of each saved team over 400 cases.

    Raises:
        RuntimeError: If an age was not reached.
        FileNotFoundError: If there is no folder to make this one in.
    """
    require_folder(folder.parent)
    folder.mkdir(exist_ok=True)
    run = TrainingRun("standard", config or PPOConfig())
    kept: dict[str, TeamBehaviour] = {}
    for report in train(run, most_cycles):
        age = AGES[len(kept)]
        if age != "chaos" and report.cycle % 5:
            continue
        behaviour = evaluate(policy_player(run.policy))
        if fits(age, behaviour):
            save_policy(run.policy, folder / f"{age}.pt")
            kept[age] = behaviour
            print(f"{age}: cycle {report.cycle}, {report.agent_steps:,} agent-steps, {behaviour}")
        if len(kept) == len(AGES):
            return kept
    raise RuntimeError(f"All ages must be reached within {most_cycles} cycles. Got {', '.join(kept) or 'none'}")


def make_seed_curves(
    folder: Path = FOLDER, seeds: Sequence[int] = CURVE_SEEDS, cycles: int = 240, every: int = 4
) -> None:
    """Train the run of team training with several seeds; write how each fares, as seed_curves.json.

    Args:
        folder: Where to write it.
        seeds: One run each.
        cycles: Length of a run.
        every: Cycles between two points of a curve.

    Raises:
        FileNotFoundError: If there is no such folder.
    """
    require_folder(folder)
    curves: dict[str, list] = {"seeds": list(seeds), "agent_steps": [], **{name: [] for name in CURVES}}
    for seed in seeds:
        reports = list(train(TrainingRun("standard", replace(REFERENCE, seed=seed)), cycles))
        behaviours = [report.behaviour for report in reports]
        curves["agent_steps"] = [report.agent_steps for report in reports][every - 1 :: every]
        for name in CURVES:
            points = recent(behaviours, name, least=20)[every - 1 :: every]
            curves[name].append([None if math.isnan(point) else round(point, 3) for point in points])
    write_whole(folder / "seed_curves.json", lambda file: file.write(json.dumps(curves).encode()))


def load_seed_curves() -> SeedCurves:
    """Return how the run of team training fared with each shipped seed, all by the package's own steps."""
    kept = json.loads((FOLDER / "seed_curves.json").read_text(encoding="utf-8"))
    curves = {name: np.array(kept[name], float) for name in CURVES}
    return SeedCurves(tuple(kept["seeds"]), np.array(kept["agent_steps"]), **curves)


if __name__ == "__main__":
    make_ages()
    make_seed_curves()

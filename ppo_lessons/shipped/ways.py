"""Ways through the cases, shipped with the package: what a team takes along, and what it costs to begin with nothing.

Made by `python -m ppo_lessons.shipped.ways`: every way is gone with several seeds. Kept of each stage are its learning
curves, what the team then does in every case (so that zero-shot play and forgetting can be read off), and one case of
the stage as it is played before and after. The file holds arrays only, no pickle. A run that was broken off goes on
with the next stage that is not there yet.
"""

import sys
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.checkpoints import load_policy, load_run, save_policy, save_run
from ppo_lessons.config import PPOConfig
from ppo_lessons.guards.files import require_folder, write_whole
from ppo_lessons.shipped.atlas import BEHAVIOUR, LEARNING, curves_of, measures, open_runs
from ppo_lessons.spirit_world.behaviour import TeamBehaviour
from ppo_lessons.spirit_world.cases import CASES
from ppo_lessons.spirit_world.evaluation import EVALUATION_SEED, Replay, evaluate, record
from ppo_lessons.spirit_world.players import policy_player, scripted_player
from ppo_lessons.training import TrainingRun, TrainReport, train
from ppo_lessons.transfer import next_run

FOLDER = Path(__file__).parent / "data" / "ways"
LADDER = ("standard", "pack", "fog", "attic", "nightfall", "eclipse", "midnight")
"""The cases that every team plays after every stage."""
SEEDS = (0, 1, 2, 3, 4)
EVERY = 25
"""Cycles between two points of a curve."""
PLAYED = 200
"""Cases in which each team is measured."""


class Stage(NamedTuple):
    """A part of a way."""

    cases: tuple[str, ...]
    """One, or several at once."""
    cycles: int
    critic: bool = True
    """Whether the critic comes along from the stage before."""
    moments: bool = True
    """Whether the optimizer's moments come along."""


def _alone(case: str, cycles: int) -> tuple[Stage, ...]:
    return (Stage((case,), cycles),)


WAYS: dict[str, tuple[Stage, ...]] = {
    "nothing: pack": _alone("pack", 500),
    "nothing: fog": _alone("fog", 600),
    "nothing: nightfall": _alone("nightfall", 1250),
    "nothing: eclipse": _alone("eclipse", 750),
    "small steps": (
        Stage(("standard",), 250),
        Stage(("pack",), 100),
        Stage(("fog",), 350),
        Stage(("nightfall",), 500),
        Stage(("eclipse",), 500),
    ),
    "small room": (Stage(("attic",), 450), Stage(("nightfall",), 350), Stage(("eclipse",), 500)),
    "all at once": (Stage(("standard", "pack", "fog", "nightfall"), 1000),),
    "all of it": (Stage(("standard",), 250), Stage(("nightfall",), 250)),
    "new moments": (Stage(("standard",), 250), Stage(("nightfall",), 250, moments=False)),
    "new critic": (Stage(("standard",), 250), Stage(("nightfall",), 250, critic=False)),
    "weights of the actor": (Stage(("standard",), 250), Stage(("nightfall",), 250, critic=False, moments=False)),
}
"""Name of a way -> its stages."""
COSTS = ("all of it", "new moments", "new critic", "weights of the actor")
"""The ways that differ only in what is carried over."""


@dataclass(frozen=True)
class Walked:
    """One way, gone with S seeds: P points of the curve of each stage, K cases of the ladder."""

    stages: tuple[Stage, ...]
    agent_steps: tuple[np.ndarray, ...]
    """For each stage: where the points lie, counted from the beginning of the way, int64, (P,)."""
    curves: tuple[dict[str, np.ndarray], ...]
    """For each stage: name of a quantity -> (S, P); with several cases at once the win rate and survival are means."""
    win_rates: np.ndarray
    """Before the first stage, and after each, in each case of the ladder, (S, stages + 1, K)."""
    behaviour: dict[str, np.ndarray]
    """Name of a quantity -> the same for all that a team does, (S, stages + 1, K)."""
    actions: tuple[np.ndarray, ...]
    """For each stage: the first case of the stage, before it and after it, int8, (S, 2, steps, A); -1 after the end."""

    def replay(self, stage: int, seed: int, after: bool) -> Replay:
        """Play the recorded case of a stage again.

        Args:
            stage: Number of the stage, from 0.
            seed: Place of the seed.
            after: Whether the team that has trained plays, or the one that came.

        Returns:
            The replay; the case is the same for all teams.
        """
        actions = self.actions[stage][seed, int(after)]
        script = actions[actions[:, 0] >= 0][:, None].astype(np.int64)
        return record(scripted_player(script), self.stages[stage].cases[0], seed=EVALUATION_SEED)


def load_ways(path: Path = FOLDER / "ways.npz") -> dict[str, Walked]:
    """Read the shipped ways: name -> what came of it."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    return {name: _unpacked(arrays, name) for name in WAYS}


def _unpacked(arrays: dict[str, np.ndarray], name: str) -> Walked:
    stages, steps, start = WAYS[name], [], 0
    behaviour = np.moveaxis(arrays[f"{name}/behaviour"].astype(np.float32), -1, 0)
    for i, stage in enumerate(stages):
        a_cycle = _agent_steps_of(stage)
        points = arrays[f"{name}/{i}/curves"].shape[1]
        steps.append(start + np.arange(1, points + 1) * EVERY * a_cycle)
        start += stage.cycles * a_cycle
    curves = (np.moveaxis(arrays[f"{name}/{i}/curves"].astype(np.float32), -1, 0) for i in range(len(stages)))
    return Walked(
        stages=stages,
        agent_steps=tuple(steps),
        curves=tuple(dict(zip((*BEHAVIOUR, *LEARNING), each, strict=True)) for each in curves),
        win_rates=behaviour[BEHAVIOUR.index("win_rate")],
        behaviour=dict(zip(BEHAVIOUR, behaviour, strict=True)),
        actions=tuple(arrays[f"{name}/{i}/actions"] for i in range(len(stages))),
    )


def _agent_steps_of(stage: Stage) -> int:
    config = PPOConfig()
    return config.num_steps * config.num_envs * CASES[stage.cases[0]].num_detectives


def load_team(case: str) -> ActorCritic:
    """Return the shipped team that has gone the way through a small room, after this stage.

    Args:
        case: attic, nightfall or eclipse.

    Raises:
        ValueError: If there is no such team.
    """
    teams = [stage.cases[0] for stage in WAYS["small room"]]
    if case not in teams:
        raise ValueError(f"A shipped team has mastered {', '.join(teams)}. Got {case!r}")
    return load_policy(FOLDER / f"{case}.pt")


def go(
    name: str,
    seed: int,
    folder: Path,
    ways: dict[str, tuple[Stage, ...]] | None = None,
    config: PPOConfig | None = None,
    said: Callable[[str], object] = print,
) -> None:
    """Go one way with one seed; what is kept of each stage is written into the folder.

    Args:
        name: Of the way.
        seed: Of everything.
        folder: Where the stages are kept, one file each, with the run that the next one goes on from.
        ways: All ways; by default those that are shipped.
        config: All settings but the seed; by default those of `PPOConfig`.
        said: Gets a line for each stage.
    """
    stages = (ways or WAYS)[name]
    config = PPOConfig(**{**vars(config or PPOConfig()), "seed": seed})
    run, key = None, ""
    for stage in stages:
        key = _key(key, stage)
        kept, saved = folder / f"{key}_{seed}.npz", folder / f"{key}_{seed}.pt"
        if kept.exists():
            run = load_run(saved)
            continue
        before = TrainingRun(_world(stage), config) if run is None else None
        run = before or next_run(run, _world(stage), critic=stage.critic, moments=stage.moments)  # type: ignore[arg-type]
        arrays = _trained(run, stage)
        save_run(run, saved)
        write_whole(kept, lambda file, arrays=arrays: np.savez(file, **arrays))
        said(f"{name}, seed {seed}, {'+'.join(stage.cases)}: {arrays['after'][:, 0].round(2)}")


def _key(before: str, stage: Stage) -> str:
    """Name what has been done so far: two ways that begin alike share their first stages."""
    new = "" if stage.critic and stage.moments else f"{'' if stage.critic else 'c'}{'' if stage.moments else 'm'}!"
    return f"{before}{'.' if before else ''}{new}{'+'.join(stage.cases)}{stage.cycles}"


def key_of(stages: Sequence[Stage]) -> str:
    """Return the name under which the end of these stages is kept, without its seed."""
    key = ""
    for stage in stages:
        key = _key(key, stage)
    return key


def _world(stage: Stage) -> str | list[str]:
    return stage.cases[0] if len(stage.cases) == 1 else list(stage.cases)


def _trained(run: TrainingRun, stage: Stage) -> dict[str, np.ndarray]:
    """Train for a stage, and return what is kept of it."""
    before, came = _measured(run.policy), _played(run.policy, stage)
    reports = [_alike_in_all(report) for report in train(run, stage.cycles)]
    return {
        "curves": curves_of(reports, min(EVERY, stage.cycles)).astype(np.float16),
        "before": before,
        "after": _measured(run.policy),
        "actions": np.stack((came, _played(run.policy, stage))),
    }


def _alike_in_all(report: TrainReport) -> TrainReport:
    """Put the mean over several cases into the place of the behaviour in one."""
    if not isinstance(report.behaviour, dict):
        return report
    each: Sequence[TeamBehaviour] = list(report.behaviour.values())
    weights = np.array([behaviour.cases for behaviour in each], float)
    names = ("survival", "win_rate", "case_length", "team_return", "teaming_up", "mate_distance", "health_lost_alone")
    numbers = {name: _mean([getattr(behaviour, name) for behaviour in each], weights) for name in names}
    mean = TeamBehaviour(cases=int(weights.sum()), banished={}, visits=np.zeros((1, 1)), **numbers)
    return TrainReport(**{**vars(report), "behaviour": mean})


def _mean(values: Sequence[float], weights: np.ndarray) -> float:
    known = np.isfinite(values) & (weights > 0)
    return float(np.average(np.array(values)[known], weights=weights[known])) if known.any() else float("nan")


def _measured(policy: ActorCritic) -> np.ndarray:
    """What a team does in each case of the ladder, (K, Q)."""
    return np.array([measures(evaluate(policy_player(policy), case, cases=PLAYED)) for case in LADDER], np.float32)


def _played(policy: ActorCritic, stage: Stage) -> np.ndarray:
    """What a team does in the recorded case of a stage, int8, (steps, A); -1 after its end."""
    replay = record(policy_player(policy), stage.cases[0], seed=EVALUATION_SEED)
    actions = np.full((replay.case.step_limit, replay.actions.shape[1]), -1, np.int8)
    actions[: len(replay.actions)] = replay.actions
    return actions


def make_ways(
    folder: Path = FOLDER,
    seeds: Sequence[int] = SEEDS,
    ways: dict[str, tuple[Stage, ...]] | None = None,
    config: PPOConfig | None = None,
) -> None:
    """Go every way with every seed, and write ways.npz and the teams; what an earlier call did is kept.

    Args:
        folder: Where to write; unfinished stages are kept in a folder beside the file.
        seeds: Of each way.
        ways: All ways; by default those that are shipped.
        config: All settings but the seed.

    Raises:
        FileNotFoundError: If the folder to write into is not there.
        ValueError: If the unfinished stages in it were made with other settings.
    """
    require_folder(folder)
    ways, parts = ways or WAYS, folder / "ways.parts"
    open_runs(parts, {**asdict(config or PPOConfig()), "every": EVERY, "played": PLAYED})
    for seed in seeds:
        for name in ways:
            go(name, seed, parts, ways, config)
    arrays: dict[str, Any] = {}
    for name, stages in ways.items():
        key, after = "", []
        for i, stage in enumerate(stages):
            key = _key(key, stage)
            kept = [dict(np.load(parts / f"{key}_{seed}.npz", allow_pickle=False)) for seed in seeds]
            arrays[f"{name}/{i}/curves"] = np.stack([each["curves"] for each in kept])
            arrays[f"{name}/{i}/actions"] = np.stack([each["actions"] for each in kept])
            after += [np.stack([each["before"] for each in kept])] if i == 0 else []
            after.append(np.stack([each["after"] for each in kept]))
        arrays[f"{name}/behaviour"] = np.stack(after, axis=1).astype(np.float16)
    write_whole(folder / "ways.npz", lambda file: np.savez_compressed(file, **arrays))
    room = ways.get("small room", ())
    for i, stage in enumerate(room):
        team = load_run(parts / f"{key_of(room[: i + 1])}_{seeds[0]}.pt").policy
        save_policy(team, folder / f"{stage.cases[0]}.pt")


if __name__ == "__main__":
    make_ways(seeds=tuple(map(int, sys.argv[1:])) or SEEDS)

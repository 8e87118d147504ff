"""A grid of training runs over clip_eps, ent_coef and vf_coef, shipped with the package, to be asked at once.

Made by `python -m ppo_lessons.shipped.sweep`: every setting is trained on the standard case with several seeds, and
kept are its curves, the behaviour of the team that it ends with, and one case that this team plays. The file holds
arrays only, no pickle. Runs go on where the script was left. Who trains them is an engine of `many_runs`: Ray Tune,
several at once, or one after another. The numbers are the same.
"""

import itertools
import json
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

from ppo_lessons.config import PPOConfig
from ppo_lessons.errors import NonFiniteError
from ppo_lessons.guards.files import require_folder, write_whole
from ppo_lessons.shipped.many_runs import Engine, finish_runs, one_after_another
from ppo_lessons.spirit_world.behaviour import TeamBehaviour, recent
from ppo_lessons.spirit_world.evaluation import EVALUATION_SEED, Replay, evaluate, record
from ppo_lessons.spirit_world.players import policy_player, scripted_player
from ppo_lessons.training import TrainingRun, TrainReport, train

PATH = Path(__file__).parent / "data" / "atlas.npz"
CLIP_EPS = (0.05, 0.1, 0.2, 0.4, 1.0)
ENT_COEF = (0.0, 0.008, 0.025, 0.08, 0.25)
VF_COEF = (0.1, 1.0, 10.0)
SEEDS = (0, 1, 2)
CYCLES, EVERY = 240, 12
"""Length of a run, and how many cycles lie between two points of its curves."""
BEHAVIOUR = (
    "win_rate",
    "survival",
    "case_length",
    "team_return",
    "teaming_up",
    "mate_distance",
    "health_lost_alone",
    "banished_1",
    "banished_2",
    "banished_3",
)
"""What a team does; banished_k is the share of the spirits of toughness k that it banished."""
LEARNING = ("actor_loss", "value_loss", "entropy", "approx_kl", "clip_fraction", "grad_norm", "explained_variance")
"""What the update reported, mean over the cycles since the last point."""
CASES = 200
SETTINGS = "settings.json"
"""Beside unfinished runs: the settings that they share."""


@dataclass(frozen=True)
class Atlas:
    """Training runs on a grid of settings: C clip_eps, N ent_coef, V vf_coef, S seeds, P points of each curve."""

    clip_eps: tuple[float, ...]
    ent_coef: tuple[float, ...]
    vf_coef: tuple[float, ...]
    seeds: tuple[int, ...]
    agent_steps: np.ndarray
    """Where the points of the curves lie, int64, (P,)."""
    curves: dict[str, np.ndarray]
    """Name of a quantity -> float32, (C, N, V, S, P); NaN where nothing was there to be measured, and after a run
    that ended because its numbers were no longer finite."""
    behaviour: dict[str, np.ndarray]
    """Name of a quantity -> the same measured on the trained team, over the cases of `evaluate`, (C, N, V, S)."""
    visits: np.ndarray
    """Share of the steps of living detectives in each cell, float32, (C, N, V, S, size, size)."""
    actions: np.ndarray
    """What each trained team did in the case of `record`, int8, (C, N, V, S, steps, A); -1 after its end."""

    def place(self, clip_eps: float, ent_coef: float, vf_coef: float) -> tuple[int, int, int]:
        """Return where a setting stands on the grid.

        Raises:
            ValueError: If it is not on the grid.
        """
        asked = {"clip_eps": clip_eps, "ent_coef": ent_coef, "vf_coef": vf_coef}
        for name, value in asked.items():
            if value not in getattr(self, name):
                raise ValueError(f"{name} must be one of {getattr(self, name)}. Got {value!r}")
        c, n, v = (getattr(self, name).index(value) for name, value in asked.items())
        return c, n, v

    def replay(self, c: int, n: int, v: int, s: int) -> Replay:
        """Play the recorded case of a trained team again.

        Args:
            c: Place of its clip_eps.
            n: Place of its ent_coef.
            v: Place of its vf_coef.
            s: Place of its seed.

        Returns:
            The replay; the case is the same for all teams.
        """
        actions = self.actions[c, n, v, s]
        return record(scripted_player(actions[actions[:, 0] >= 0][:, None].astype(np.int64)), seed=EVALUATION_SEED)


def load_atlas(path: Path = PATH) -> Atlas:
    """Read the shipped runs."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    settings = {name: tuple(arrays[name].tolist()) for name in ("clip_eps", "ent_coef", "vf_coef", "seeds")}
    curves = np.moveaxis(arrays["curves"], -1, 0).astype(np.float32)
    behaviour = np.moveaxis(arrays["behaviour"], -1, 0).astype(np.float32)
    return Atlas(
        **settings,
        agent_steps=arrays["agent_steps"],
        curves=dict(zip(arrays["curve_names"].tolist(), curves, strict=True)),
        behaviour=dict(zip(arrays["behaviour_names"].tolist(), behaviour, strict=True)),
        visits=arrays["visits"].astype(np.float32),
        actions=arrays["actions"],
    )


def measures(behaviour: TeamBehaviour) -> list[float]:
    """Return the numbers of `BEHAVIOUR`, in that order."""
    return [
        behaviour.banished.get(int(name[-1]), math.nan) if name.startswith("banished_") else getattr(behaviour, name)
        for name in BEHAVIOUR
    ]


def run_setting(config: PPOConfig, cycles: int = CYCLES, every: int = EVERY) -> dict[str, np.ndarray]:
    """Train one team on the standard case, and keep what the atlas shows of it.

    Args:
        config: The setting and its seed.
        cycles: How long to train.
        every: Cycles between two points of the curves.

    Returns:
        curves (P, Q), behaviour (Q,), visits (size, size) and actions (steps, A); numbers are NaN from where the run
        was no longer finite.
    """
    run, reports = TrainingRun("standard", config), []
    try:
        for report in train(run, cycles):
            reports.append(report)
    except NonFiniteError as error:
        print(f"{config}: {error}")  # the team keeps its last good weights
    curves = np.full((cycles // every, len(BEHAVIOUR) + len(LEARNING)), np.nan)
    curves[: len(reports) // every] = curves_of(reports, every)
    player = policy_player(run.policy)
    behaviour = evaluate(player, cases=CASES)
    replay = record(policy_player(run.policy), seed=EVALUATION_SEED)
    actions = np.full((replay.case.step_limit, replay.actions.shape[1]), -1, np.int8)
    actions[: len(replay.actions)] = replay.actions
    return {
        "curves": curves.astype(np.float16),
        "behaviour": np.array(measures(behaviour), np.float32),
        "visits": behaviour.visits.astype(np.float16),
        "actions": actions,
    }


def curves_of(reports: Sequence[TrainReport], every: int = EVERY) -> np.ndarray:
    """Return the curves of a run on the standard case as the atlas keeps them.

    Args:
        reports: One a cycle, from the first.
        every: Cycles between two points.

    Returns:
        A column for each of `BEHAVIOUR` (mean over the last 400 cases) and of `LEARNING` (mean over the cycles since
        the last point), (len(reports) // every, Q).
    """
    points = len(reports) // every
    behaviours = [report.behaviour for report in reports if report.behaviour is not None]
    shown = [SimpleNamespace(cases=b.cases, **dict(zip(BEHAVIOUR, measures(b), strict=True))) for b in behaviours]
    acted = [recent(shown, name, least=20)[every - 1 :: every] for name in BEHAVIOUR]
    updates = [report.update for report in reports[: points * every]]
    learned = [np.reshape([getattr(u, name) for u in updates], (points, every)).mean(axis=1) for name in LEARNING]
    return np.array([*acted, *learned], float).reshape(len(BEHAVIOUR) + len(LEARNING), points).T


def make_atlas(
    path: Path = PATH,
    grid: tuple[tuple[float, ...], ...] = (CLIP_EPS, ENT_COEF, VF_COEF),
    seeds: tuple[int, ...] = SEEDS,
    cycles: int = CYCLES,
    every: int = EVERY,
    config: PPOConfig | None = None,
    engine: Engine = one_after_another,
) -> None:
    """Train every setting with every seed and write the atlas. What an earlier, broken-off call did is kept.

    Args:
        path: Where to write; unfinished runs are kept beside it, one small file a run.
        grid: Values of clip_eps, ent_coef and vf_coef.
        seeds: Of each setting.
        cycles: Length of a run.
        every: Cycles between two points of its curves.
        config: All other settings; by default those of `PPOConfig`.
        engine: Who trains; the numbers are the same.

    Raises:
        FileNotFoundError: If the folder is not there.
        ValueError: If the unfinished runs beside it were made with other settings.
        UnfinishedError: If runs failed; the others are kept.
    """
    require_folder(path.parent)
    config = config or PPOConfig()
    finished = path.with_suffix(".runs")
    settings = {**asdict(config), "cycles": cycles, "every": every}
    open_runs(finished, settings, own=("clip_eps", "ent_coef", "vf_coef", "seed"))
    names = ("clip_eps", "ent_coef", "vf_coef", "seed")
    places = [dict(zip(names, place, strict=True)) for place in itertools.product(*grid, seeds)]
    settings_of = {"_".join(map(str, place.values())): replace(config, **place) for place in places}
    runs = finish_runs(finished, settings_of, partial(run_setting, cycles=cycles, every=every), engine)
    shape = (*map(len, grid), len(seeds))
    stacked = {name: np.stack([run[name] for run in runs]) for name in runs[0]}
    atlas = dict(
        **dict(zip(("clip_eps", "ent_coef", "vf_coef", "seeds"), map(np.array, (*grid, seeds)), strict=True)),
        agent_steps=np.arange(every, cycles + 1, every) * config.num_steps * config.num_envs * 4,
        curve_names=np.array((*BEHAVIOUR, *LEARNING)),
        behaviour_names=np.array(BEHAVIOUR),
        **{name: array.reshape(shape + array.shape[1:]) for name, array in stacked.items()},
    )
    write_whole(path, lambda file: np.savez_compressed(file, **atlas))


def open_runs(folder: Path, settings: dict[str, Any], own: Sequence[str] = ("seed",)) -> None:
    """Make the folder of unfinished runs, with what they share written beside them; or see that it is the same.

    Args:
        folder: Of the runs.
        settings: Name -> value.
        own: Names of what each run has for itself.

    Raises:
        ValueError: If runs with other settings are kept there.
    """
    text = json.dumps({name: value for name, value in settings.items() if name not in own}, indent=1)
    note = folder / SETTINGS
    folder.mkdir(exist_ok=True)
    if not any(folder.glob("*.npz")):
        note.write_text(text, encoding="utf-8")
    elif (kept := note.read_text(encoding="utf-8") if note.exists() else "no word of them") != text:
        rule = f"All runs that are kept together share their settings; remove {folder} to begin anew"
        raise ValueError(f"{rule}. Got {text}, and kept are runs with {kept}")

"""Own against team critic, shipped with the package: what a critic that sees the whole team changes, case by case.

Made by `python -m ppo_lessons.shipped.critics`: three cases, two critics, several seeds, from nothing, with settings
that are otherwise those of `PPOConfig`. The curves and the behaviour have the names of the atlas. The file holds arrays
only, no pickle; a run that was broken off goes on with what is missing.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.checkpoints import load_policy, save_policy
from ppo_lessons.config import PPOConfig
from ppo_lessons.guards.files import require_folder, write_whole
from ppo_lessons.losses import explained_variance
from ppo_lessons.shipped.atlas import BEHAVIOUR, LEARNING, curves_of, measures, open_runs
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.evaluation import EVALUATION_SEED, Replay, evaluate, record
from ppo_lessons.spirit_world.players import policy_player, scripted_player
from ppo_lessons.team_view import TeamView
from ppo_lessons.training import TrainingRun, train
from ppo_lessons.transfer import carry_over

FOLDER = Path(__file__).parent / "data" / "critics"
CYCLES = {"standard": 250, "fog": 600, "nightfall": 1000}
"""Case -> length of a run."""
CRITICS = {
    "own": {"shared_trunk": False},
    "team": {"shared_trunk": False, "critic": "team"},
}
"""Name of a critic -> what it changes of `PPOConfig`. Each has a trunk of its own."""
SEEDS = (0, 1, 2, 3, 4)
CASE_SEED = 7
"""Lays out the case that both judges are asked about."""
EVERY = 25
"""Cycles between two points of a curve."""
PLAYED = 400
"""Cases in which each trained team is measured."""
SHOWN, SHOWN_SEED = "fog", 1
"""The case and the seed whose team both judges are asked about; it has learned with its own critic."""


@dataclass(frozen=True)
class Critics:
    """All runs in one case: N critics, S seeds, P points."""

    agent_steps: np.ndarray
    """Where the points lie, int64, (P,)."""
    curves: dict[str, np.ndarray]
    """Name of a quantity -> (N, S, P), critics in the order of `CRITICS`."""
    behaviour: dict[str, np.ndarray]
    """Name of a quantity -> what the trained teams do, (N, S)."""


def load_critics(path: Path = FOLDER / "critics.npz") -> dict[str, Critics]:
    """Read the shipped runs: case -> what came of them."""
    with np.load(path, allow_pickle=False) as file:
        arrays = dict(file)
    config = PPOConfig()
    found = {}
    for case in CYCLES:
        curves = np.moveaxis(arrays[f"{case}/curves"].astype(np.float32), -1, 0)
        behaviour = np.moveaxis(arrays[f"{case}/behaviour"].astype(np.float32), -1, 0)
        points = np.arange(1, curves.shape[-1] + 1)
        found[case] = Critics(
            agent_steps=points * EVERY * config.num_steps * config.num_envs * 4,
            curves=dict(zip((*BEHAVIOUR, *LEARNING), curves, strict=True)),
            behaviour=dict(zip(BEHAVIOUR, behaviour, strict=True)),
        )
    return found


def load_judge(critic: str) -> ActorCritic:
    """Return the shipped team of `SHOWN` with a critic that has learned from it alone, while the team stayed as it was.

    Both judges have the same actor; so they can be asked about the same moments.

    Args:
        critic: own or team.

    Raises:
        ValueError: If there is no such judge.
    """
    if critic not in ("own", "team"):
        raise ValueError(f"A critic is own or team. Got {critic!r}")
    return load_policy(FOLDER / f"judge_{critic}.pt")


def load_case() -> Replay:
    """Return the case that both judges are asked about, as their team has played it."""
    actions = np.load(FOLDER / "case.npy", allow_pickle=False)
    return record(scripted_player(actions[:, None].astype(np.int64)), SHOWN, seed=CASE_SEED)


def foreseen(own: ActorCritic, team: ActorCritic, num_envs: int = 200, steps: int = 128) -> tuple[float, float]:
    """Let one team play, ask both critics about every decision of the cases that end, and see what really came.

    Args:
        own: Plays; its critic sees what its agent sees.
        team: The same actor, with a critic of the whole team.
        num_envs: Cases at once.
        steps: After so many steps nobody looks any more; decisions of cases that are not over by then do not count.

    Returns:
        Explained variance of the discounted rewards to the end of the case, by the own and by the team's critic.
    """
    world = SpiritWorld(SHOWN, num_envs)
    world.reset(EVALUATION_SEED)
    view, player = TeamView(world), policy_player(own)
    seen, acting, rewards, over = [], [], [], []
    for _ in range(steps):
        seen.append(view.obs)
        acting.append(world.acting.copy())
        step = world.step(player(world))
        rewards.append(step.rewards)
        over.append(step.episode_over)
    came = np.full((steps, *rewards[0].shape), np.nan, np.float32)  # NaN: the case is not over yet
    later = np.full(rewards[0].shape, np.nan, np.float32)
    for t in reversed(range(steps)):
        ended = over[t][:, None]
        came[t] = later = rewards[t] + PPOConfig.gamma * np.where(ended, 0.0, later)
    known = np.array(acting) & np.isfinite(came)
    rows, returns = torch.from_numpy(np.array(seen)[known]), torch.from_numpy(came[known])
    said = own.estimate_values(rows[:, : own.obs_size]), team.estimate_values(rows)
    return explained_variance(said[0], returns), explained_variance(said[1], returns)


def make_judges(folder: Path = FOLDER, cycles: int = 400, config: PPOConfig | None = None) -> None:
    """Let an own and a team's critic learn from one team that no longer changes; writes both, and a case it plays.

    Args:
        folder: Where own.pt lies, and where to write.
        cycles: How long they learn.
        config: All other settings; by default those of `PPOConfig`.
    """
    actor = load_policy(folder / "own.pt")
    for name in ("own", "team"):
        setting = PPOConfig(**{**vars(config or PPOConfig()), **CRITICS[name], "seed": 100})
        run = TrainingRun(SHOWN, setting)
        carry_over(actor, run.policy, critic=False)
        for part in (run.policy.actor_trunk, run.policy.actor_head):
            part.requires_grad_(False)
        for _ in train(run, cycles):
            pass
        for part in (run.policy.actor_trunk, run.policy.actor_head):
            part.requires_grad_(True)
        save_policy(run.policy, folder / f"judge_{name}.pt")
    played = record(policy_player(actor, seed=1), SHOWN, seed=CASE_SEED)
    write_whole(folder / "case.npy", lambda file: np.save(file, played.actions.astype(np.int8)))


def make_critics(
    folder: Path = FOLDER,
    seeds: Sequence[int] = SEEDS,
    cycles: dict[str, int] | None = None,
    config: PPOConfig | None = None,
) -> None:
    """Train every case with every critic and every seed, and write critics.npz; what an earlier call did is kept.

    Args:
        folder: Where to write; unfinished runs are kept in a folder beside the file.
        seeds: Of each run.
        cycles: Case -> length of a run.
        config: All other settings; by default those of `PPOConfig`.

    Raises:
        FileNotFoundError: If the folder to write into is not there.
        ValueError: If the unfinished runs in it were made with other settings.
    """
    require_folder(folder)
    parts, cycles = folder / "critics.parts", cycles or CYCLES
    open_runs(parts, {**asdict(config or PPOConfig()), "cycles": cycles, "every": EVERY, "played": PLAYED})
    arrays = {}
    for case, length in cycles.items():
        found = []
        for seed in seeds:
            for name, changes in CRITICS.items():
                setting = PPOConfig(**{**vars(config or PPOConfig()), **changes, "seed": seed})
                found.append(_kept(case, length, name, setting, parts))
        shape = (len(seeds), len(CRITICS))
        for quantity in ("curves", "behaviour"):
            stacked = np.stack([each[quantity] for each in found])
            arrays[f"{case}/{quantity}"] = stacked.reshape(*shape, *stacked.shape[1:]).swapaxes(0, 1)
    write_whole(folder / "critics.npz", lambda file: np.savez_compressed(file, **arrays))
    seed = SHOWN_SEED if SHOWN_SEED in seeds else seeds[0]
    save_policy(load_policy(parts / f"{SHOWN} own {seed}.pt"), folder / "own.pt")


def _kept(case: str, cycles: int, name: str, config: PPOConfig, parts: Path) -> dict[str, np.ndarray]:
    """Train one team, unless that was done before, and return what is kept of it."""
    path = parts / f"{case} {name} {config.seed}.npz"
    if not path.exists():
        run = TrainingRun(case, config)
        reports = list(train(run, cycles))
        behaviour = evaluate(policy_player(run.policy), case, cases=PLAYED)
        curves = curves_of(reports, min(EVERY, cycles)).astype(np.float16)
        save_policy(run.policy, path.with_suffix(".pt"))
        numbers = np.array(measures(behaviour), np.float16)
        write_whole(path, lambda file: np.savez(file, curves=curves, behaviour=numbers))
        print(f"{path.stem}: {behaviour.win_rate:.2f}", flush=True)
    with np.load(path, allow_pickle=False) as file:
        return dict(file)


if __name__ == "__main__":
    make_critics()
    make_judges()

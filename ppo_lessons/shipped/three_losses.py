"""Three actor losses train the team: the policy gradient, the surrogate without a clip, and the clipped one.

Made by `python -m ppo_lessons.shipped.three_losses`: the standard case, the default settings but for what makes the
method, and but for the step size. That is chosen for each method on other seeds, out of three values, by the win rate
averaged over the whole run; then ten fresh seeds are trained. The file holds arrays only, no pickle.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from ppo_lessons.config import PPOConfig
from ppo_lessons.errors import NonFiniteError
from ppo_lessons.guards.files import require_folder, write_whole
from ppo_lessons.spirit_world.behaviour import recent
from ppo_lessons.steps import Steps
from ppo_lessons.training import TrainingRun, TrainReport, train

PATH = Path(__file__).parent / "data" / "three_losses.npz"
METHODS = ("policy gradient", "no clip", "PPO")
"""One step a rollout with all its rows; the default epochs and mini-batches without a clip; the same with it."""
GRIDS = {
    METHODS[0]: (0.005, 0.01, 0.02),
    METHODS[1]: (0.0006, 0.00125, 0.0025),
    METHODS[2]: (0.0025, 0.005, 0.01),
}
"""Step sizes to choose from: for PPO around the default, for the others around the best of a first look."""
TRIED_SEEDS, SEEDS = (100, 101, 102), tuple(range(200, 210))
"""To choose the step size with, and to be shown."""
CYCLES, EVERY = 240, 8
"""Length of a run, and how many cycles lie between two points of its curves."""
CURVES = ("win_rate", "survival", "entropy", "approx_kl")
"""Win rate and survival over the last 400 cases; entropy and approx_kl as means since the last point."""


@dataclass(frozen=True)
class ThreeLosses:
    """What came of it: M methods, L step sizes, S seeds, P points of each curve."""

    methods: tuple[str, ...]
    learning_rates: np.ndarray
    """Step sizes that were tried, (M, L)."""
    tried: np.ndarray
    """Win rate averaged over the whole run, for every method, step size and seed that was tried, (M, L, S')."""
    chosen: tuple[float, ...]
    """The step size of each method, (M,)."""
    agent_steps: np.ndarray
    """Where the points of the curves lie, int64, (P,)."""
    curves: dict[str, np.ndarray]
    """Name of a quantity -> float32, (M, S, P); NaN after a run that ended because its numbers were not finite."""


def config_of(method: str, config: PPOConfig, num_agents: int = 4) -> PPOConfig:
    """Return the settings of a method: the policy gradient takes one step with all rows, before any ratio moves.

    Args:
        method: One of `METHODS`.
        config: All other settings.
        num_agents: Of the world: a rollout has num_steps * num_envs * num_agents rows at most.

    Returns:
        The settings.
    """
    rows = config.num_steps * config.num_envs * num_agents
    return replace(config, epochs=1, minibatch_size=rows) if method == METHODS[0] else config


def steps_of(method: str) -> Steps:
    """Return the steps of a method: the package's own for PPO, without a clip for the others."""
    return Steps() if method == METHODS[2] else Steps().with_actor_loss("surrogate")


def train_with(method: str, config: PPOConfig, cycles: int = CYCLES, every: int = EVERY) -> np.ndarray:
    """Train one team on the standard case.

    Args:
        method: One of `METHODS`.
        config: The settings, its seed and step size among them.
        cycles: How long to train.
        every: Cycles between two points.

    Returns:
        A row for each of `CURVES`, (len(CURVES), cycles // every); NaN from where the run was no longer finite.
    """
    run, reports = TrainingRun("standard", config_of(method, config)), []
    try:
        for report in train(run, cycles, steps_of(method)):
            reports.append(report)
    except NonFiniteError as error:
        print(f"{method}, {config}: {error}")
    curves = np.full((len(CURVES), cycles // every), np.nan, np.float32)
    curves[:, : len(reports) // every] = _curves_of(reports, every)
    return curves


def _curves_of(reports: Sequence[TrainReport], every: int) -> np.ndarray:
    points = len(reports) // every
    behaviours = [report.behaviour for report in reports]
    acted = [recent(behaviours, name, least=20)[every - 1 :: every] for name in CURVES[:2]]
    updates = [report.update for report in reports[: points * every]]
    learned = [np.reshape([getattr(u, name) for u in updates], (points, every)).mean(axis=1) for name in CURVES[2:]]
    return np.array([*acted, *learned], np.float32)


def score(curves: np.ndarray) -> float:
    """Return the win rate averaged over a whole run: of two that win in the end, the sooner is better.

    Args:
        curves: As `train_with` returns them; a point that is not finite counts as no win.
    """
    return float(np.nan_to_num(curves[CURVES.index("win_rate")], nan=0.0).mean())


def make_three_losses(
    path: Path = PATH,
    grids: Mapping[str, Sequence[float]] = GRIDS,
    tried_seeds: Sequence[int] = TRIED_SEEDS,
    seeds: Sequence[int] = SEEDS,
    lengths: tuple[int, int] = (CYCLES, EVERY),
    config: PPOConfig | None = None,
) -> None:
    """Choose a step size for each method, train it with every seed, and write what came of it.

    Args:
        path: Where to write.
        grids: Method -> step sizes to choose from, equally many for each.
        tried_seeds: To choose with.
        seeds: To be shown, none of those.
        lengths: Cycles of a run, and between two points of its curves.
        config: All other settings; by default those of `PPOConfig`.

    Raises:
        FileNotFoundError: If the folder is not there.
        ValueError: If a seed stands on both sides.
    """
    require_folder(path.parent)
    if set(tried_seeds) & set(seeds):
        raise ValueError(f"The seeds to choose with must not be shown. Got {tuple(tried_seeds)} and {tuple(seeds)}")
    config, (cycles, every) = config or PPOConfig(), lengths
    rates = np.array([grids[method] for method in METHODS])  # (M, L)
    tried = np.zeros((*rates.shape, len(tried_seeds)), np.float32)
    chosen, shown = [], []
    for m, method in enumerate(METHODS):
        for place in np.ndindex(tried.shape[1:]):
            setting = replace(config, learning_rate=rates[m, place[0]], seed=tried_seeds[place[1]])
            tried[m][place] = score(train_with(method, setting, cycles, every))
            print(f"{method}, {setting.learning_rate:g}, seed {setting.seed}: {tried[m][place]:.3f}", flush=True)
        chosen.append(float(rates[m, tried[m].mean(axis=1).argmax()]))
        settings = [replace(config, learning_rate=chosen[-1], seed=seed) for seed in seeds]
        shown.append([train_with(method, setting, cycles, every) for setting in settings])
        print(f"{method}, {chosen[-1]:g}: {[round(score(curves), 3) for curves in shown[-1]]}", flush=True)
    agent_steps = np.arange(every, cycles + 1, every) * config.num_steps * config.num_envs * 4
    kept = dict(methods=METHODS, learning_rates=rates, tried=tried, chosen=chosen, agent_steps=agent_steps)
    arrays = {name: np.array(value) for name, value in kept.items()}
    curves = np.array(shown).transpose(2, 0, 1, 3).astype(np.float16)  # (Q, M, S, P)
    arrays |= {name: curve for name, curve in zip(CURVES, curves, strict=True)}
    write_whole(path, lambda file: np.savez_compressed(file, **arrays))


def load_three_losses(path: Path = PATH) -> ThreeLosses:
    """Read the shipped runs."""
    with np.load(path, allow_pickle=False) as file:
        arrays: Mapping[str, Any] = dict(file)
    return ThreeLosses(
        **{name: tuple(arrays[name].tolist()) for name in ("methods", "chosen")},
        learning_rates=arrays["learning_rates"],
        tried=arrays["tried"],
        agent_steps=arrays["agent_steps"],
        curves={name: arrays[name].astype(np.float32) for name in CURVES},
    )


if __name__ == "__main__":
    make_three_losses()

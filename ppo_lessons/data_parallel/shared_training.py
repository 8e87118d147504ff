"""The whole cycle on all ranks, again and again: `train_on_ranks` is a generator that reports once a cycle."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.config import PPOConfig
from ppo_lessons.data_parallel.agreement import describe_rank, require_agreement, require_same_weights
from ppo_lessons.data_parallel.device import require_device
from ppo_lessons.data_parallel.files import Files
from ppo_lessons.data_parallel.ranks import RankError, Ranks
from ppo_lessons.data_parallel.shared_update import steps_for
from ppo_lessons.data_parallel.sharing import DEFAULT_SHARING, Sharing
from ppo_lessons.fitting import fresh_policy
from ppo_lessons.guards.fields import whole
from ppo_lessons.steps import DEFAULT_STEPS, Steps
from ppo_lessons.team_env import TeamEnv, as_team_env, describe
from ppo_lessons.training import TrainingRun, TrainReport, train_cycle

SAVED_EVERY = 10
"""Cycles between two checkpoints unless you say otherwise."""


@dataclass(frozen=True, kw_only=True)
class RankReport(TrainReport):
    """What one cycle did: losses, diagnostics and rewards over all ranks' rows."""

    behaviours: tuple[Any, ...]
    """`behaviour` of each rank's own copies, (R,)."""


def copies_of_rank(num_envs: int, num_ranks: int, rank: int) -> int:
    """Return how many of E copies of the world a rank plays: as evenly as can be, the first ranks one more.

    Raises:
        RankError: If there are fewer copies than ranks.
    """
    if num_envs < num_ranks:
        raise RankError(f"Every rank plays a copy of the world or more. Got num_envs {num_envs} for {num_ranks} ranks")
    return num_envs // num_ranks + (rank < num_envs % num_ranks)


def begin_on_rank(
    ranks: Ranks, world: Callable[[int], Any] | str, config: PPOConfig, sharing: Sharing = DEFAULT_SHARING
) -> TrainingRun:
    """Return a rank's run before its first cycle: the weights of all, and copies of the world of its own.

    The first rank begins as `TrainingRun(world, config)` would with its number of copies.

    Args:
        ranks: All of them.
        world: Makes the world for a number of copies, or is the name of a case.
        config: Of the whole run; its num_envs is shared out.
        sharing: seeds_of_rank is read here.

    Raises:
        RankError: If there are fewer copies than ranks, or the first weights differ.
    """
    config = replace(config, num_envs=copies_of_rank(config.num_envs, ranks.num_ranks, ranks.rank))
    common = _seeds(config.seed, ())
    own = _seeds(config.seed, (ranks.rank,)) if ranks.rank else common
    worlds, weights, actions, shuffles = (int(seed) for seed in sharing.seeds_of_rank(common, own))
    env = _world(world, config.num_envs)
    run = TrainingRun(env, config, fresh_policy(env, config, weights))
    run.env.reset(worlds)
    run.action_generator.manual_seed(actions)
    run.shuffle_generator.manual_seed(shuffles)
    require_same_weights(ranks, run.policy)
    return run


def _seeds(seed: int, spawn_key: tuple[int, ...]) -> Tensor:
    words = np.random.SeedSequence(seed, spawn_key=spawn_key).generate_state(4)
    return torch.from_numpy(words.astype(np.int64))


def _world(world: Callable[[int], Any] | str, num_envs: int) -> TeamEnv:
    return as_team_env(world(num_envs) if callable(world) else world, num_envs)


def train_on_ranks(
    ranks: Ranks,
    world: Callable[[int], Any] | str,
    config: PPOConfig,
    cycles: int,
    *,
    folder: str | Path | None = None,
    saved_every: int = SAVED_EVERY,
    steps: Steps = DEFAULT_STEPS,
    sharing: Sharing = DEFAULT_SHARING,
    device: str = "cpu",
) -> Iterator[RankReport]:
    """Train on all ranks together; every rank calls this alike.

    Args:
        ranks: All of them (`join_ranks`, or what `in_threads` hands to its job).
        world: Makes the world for a number of copies, or is the name of a case.
        config: Of the whole run: num_envs and minibatch_size are those of all ranks together.
        cycles: After how many cycles it is done, those before an interruption included.
        folder: Where the first rank keeps the run and its reports; a run that is there goes on. None: nothing is kept.
        saved_every: Cycles between two checkpoints; the last cycle is always saved.
        steps: Every node of the flowchart, replaceable by name (see `steps_for` for the four that are not asked).
        sharing: What the ranks make of what they tell each other.
        device: Where the update is computed, such as "cuda"; the worlds stay on the processor.

    Yields:
        One report a cycle, the same on every rank but for behaviour and times.

    Raises:
        RankError: If ranks do not agree in settings, versions, kind of machine or weights, or one does not come.
        CheckpointError: If the folder holds another run.
        As `train`: NonFiniteError, WorldError, ValueError.
    """
    cycles, saved_every = whole("cycles", cycles, 0), whole("saved_every", saved_every, 1)
    own = describe_rank(config, require_device(device), cycles=cycles, saved_every=saved_every)
    require_agreement(ranks, own)
    run = begin_on_rank(ranks, world, config, sharing)
    require_agreement(ranks, {"world": repr(describe(run.env) or type(run.env).__name__)})
    files = None if folder is None else Files(Path(folder), config)
    if files is not None:
        run = files.go_on(ranks, run)
        require_same_weights(ranks, run.policy)
    shared = steps_for(ranks, steps, sharing, device)
    while run.cycle < cycles:
        ranks.cycle = run.cycle + 1
        report = _for_all(ranks, train_cycle(run, shared))
        if files is not None:
            files.note(ranks, report)
            if run.cycle % saved_every == 0 or run.cycle == cycles:
                require_same_weights(ranks, run.policy)
                files.save(ranks, run)
        yield report


def _for_all(ranks: Ranks, report: TrainReport) -> RankReport:
    """Return one rank's report with what the others have to add to it."""
    told = ranks.objects((report.behaviour, report.agent_steps, report.agent_steps_per_second), "report")
    behaviours, agent_steps, speeds = zip(*told, strict=True)
    sums = {"agent_steps": sum(agent_steps), "agent_steps_per_second": sum(speeds)}
    return RankReport(**{**vars(report), **sums}, behaviours=behaviours)

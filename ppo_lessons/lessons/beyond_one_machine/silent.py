"""What goes silently wrong with many ranks: each fault in two ranks, held against one process with the same rows.

Learning is in float64. In float32 an input of a ReLU may lie so near 0 that its last digit decides on which side; with
mini-batches as small as these two right ways then come apart, on one processor and not on another.
"""

from copy import deepcopy
from typing import NamedTuple

import numpy as np
import torch

from ppo_lessons.advantages import normalise_advantages
from ppo_lessons.buffer import Rows
from ppo_lessons.config import PPOConfig
from ppo_lessons.data_parallel.ranks import Ranks
from ppo_lessons.data_parallel.shared_training import begin_on_rank
from ppo_lessons.data_parallel.shared_update import own_part, steps_for
from ppo_lessons.data_parallel.sharing import Sharing
from ppo_lessons.data_parallel.thread_ranks import in_threads
from ppo_lessons.minibatches import shuffle_rows, split_rows
from ppo_lessons.rollout import collect
from ppo_lessons.steps import DEFAULT_STEPS, Steps
from ppo_lessons.training import TrainingRun

FAULTS = {
    "as it should be": Sharing(),
    "mean of the ranks' means": Sharing(rank_weights=lambda rows: torch.full_like(rows, 1 / len(rows))),
    "each normalises its own": Sharing(normalise_by_all=lambda advantages, *told: normalise_advantages(advantages)),
    "equal seeds": Sharing(seeds_of_rank=lambda common, own: common),
}
"""Name -> what the ranks make of what they tell each other."""
CONFIG = PPOConfig(num_envs=8, minibatch_size=64, seed=1)
"""Four copies on each of two ranks. Small mini-batches, so that their parts are uneven."""


class Told(NamedTuple):
    """What one way of sharing has led to."""

    apart: list[float]
    """Largest difference of a weight to that of one process that learned from the same rows, after each update."""
    twice: float
    """Share of the smaller rank's rows that the other has played as well, in the first rollout."""
    equal: bool
    """Whether all ranks had the same weights at the end."""


def try_sharing(sharing: Sharing, updates: int = 6) -> Told:
    """Train two ranks, each a thread of this process, and one process on the rows that they play.

    Args:
        sharing: What the ranks make of what they tell each other.
        updates: How many.

    Returns:
        How far they come apart.
    """
    told = in_threads(2, lambda ranks: _as_rank(ranks, sharing, updates))
    rows = [[part for part, _ in of_rank] for of_rank in told]
    weights = [[after for _, after in of_rank] for of_rank in told]
    alone = _as_one(list(zip(*rows, strict=True)))
    apart = [float((ours - theirs).abs().max()) for ours, theirs in zip(weights[0], alone, strict=True)]
    return Told(apart, _twice(rows[0][0], rows[1][0]), bool(torch.equal(weights[0][-1], weights[1][-1])))


def _as_rank(ranks: Ranks, sharing: Sharing, updates: int) -> list[tuple[Rows, torch.Tensor]]:
    run = begin_on_rank(ranks, "standard", CONFIG, sharing)
    run.policy.double()
    steps, told = steps_for(ranks, DEFAULT_STEPS, sharing), []
    for _ in range(updates):
        rows = _play(run)
        told.append((rows, _learn(run, rows, steps)))
    return told


def _as_one(rollouts: list[tuple[Rows, ...]]) -> list[torch.Tensor]:
    run = TrainingRun("standard", CONFIG)
    run.policy.double()
    return [_learn(run, Rows(*map(torch.cat, zip(*parts, strict=True))), DEFAULT_STEPS) for parts in rollouts]


def _play(run: TrainingRun) -> Rows:
    last_values = collect(run.env, deepcopy(run.policy).float(), run.buffer, run.action_generator)
    run.buffer.finish(last_values, run.config.gamma, run.config.gae_lambda, team_credit=run.config.team_credit)
    rows = Rows(*(part.double() if part.is_floating_point() else part.clone() for part in run.buffer.get()))
    run.buffer.clear()
    return rows


def _learn(run: TrainingRun, rows: Rows, steps: Steps) -> torch.Tensor:
    """Make one update, and return the weights after it."""
    for _ in steps.update_policy(run.policy, run.optimizer, rows, CONFIG, run.shuffle_generator, steps):
        pass
    return torch.nn.utils.parameters_to_vector(run.policy.parameters()).detach().clone()


def _twice(one: Rows, other: Rows) -> float:
    seen = {tuple(row) for row in np.hstack((one.obs.numpy(), one.actions.numpy()[:, None])).tolist()}
    again = [tuple(row) in seen for row in np.hstack((other.obs.numpy(), other.actions.numpy()[:, None])).tolist()]
    return float(np.mean(again))


def parts_of_epoch(counts: list[int], minibatch_size: int, seed: int = 0) -> np.ndarray:
    """Return how many rows of each mini-batch of an epoch lie on each rank.

    Args:
        counts: Rows of each rank, (R,).
        minibatch_size: Of all ranks together.
        seed: Of the shuffle.

    Returns:
        (mini-batches, R).
    """
    order = shuffle_rows(sum(counts), torch.Generator().manual_seed(seed))
    each = [own_part(part, torch.tensor(counts), 0)[1] for part in split_rows(order, minibatch_size)]
    return torch.stack(each).numpy().astype(int)

"""Ten rollouts and updates in float64: by several ranks, and by one process that plays every rank's copies itself.

`ppo_update` trains in float32 alone; with `in_float64` it takes what it is given. As a program, started by torchrun:
`ten_updates.py FILE` writes what the ranks have got.
"""

import copy
import sys
from dataclasses import asdict
from unittest.mock import patch

import torch

from ppo_lessons.buffer import Rows
from ppo_lessons.config import PPOConfig
from ppo_lessons.data_parallel import join_ranks
from ppo_lessons.data_parallel.shared_training import begin_on_rank
from ppo_lessons.data_parallel.shared_update import steps_for
from ppo_lessons.data_parallel.sharing import DEFAULT_SHARING
from ppo_lessons.optimisation import make_optimizer
from ppo_lessons.rollout import collect
from ppo_lessons.steps import DEFAULT_STEPS
from ppo_lessons.update import ppo_update

UPDATES = 10
SETTINGS = {
    "usual": dict(num_envs=12, minibatch_size=64, epochs=2, seed=3),
    "uneven copies": dict(num_envs=5, minibatch_size=48, epochs=2, seed=4),
    "ranks without a row": dict(num_envs=4, num_steps=4, minibatch_size=5, epochs=1, seed=5),
    "early stops": dict(num_envs=8, minibatch_size=64, epochs=4, seed=6, target_kl=0.004),
    "value clip": dict(num_envs=8, minibatch_size=64, epochs=2, seed=7, value_clip=0.1, advantage_normalisation=False),
}


def in_float64():
    return patch("ppo_lessons.update.require_trainable")


class Pretended:
    """A rank that no other listens to."""

    def __init__(self, rank, num_ranks):
        self.rank, self.num_ranks, self.cycle = rank, num_ranks, 0

    def objects(self, own, what):
        return [own]


def collect_rows(run, policy):
    """A rollout in float32, as always, and its rows in float64."""
    player, config = copy.deepcopy(policy).float(), run.config
    last_values = collect(run.env, player, run.buffer, run.action_generator)
    run.buffer.finish(last_values, config.gamma, config.gae_lambda, team_credit=config.team_credit)
    rows = run.buffer.get()
    run.buffer.clear()
    return Rows(*(part.double() if part.is_floating_point() else part.clone() for part in rows))


def updates(config, runs, steps):
    """What ten updates report, and the weights after each: one process on the rows of all these runs."""
    policy = copy.deepcopy(runs[0].policy).double()
    optimizer, told = make_optimizer(policy, config), []
    for _ in range(UPDATES):
        parts = [collect_rows(run, policy) for run in runs]
        rows = Rows(*(torch.cat(same) for same in zip(*parts, strict=True)))
        report = ppo_update(policy, optimizer, rows, config, runs[0].shuffle_generator, steps=steps)
        told.append((asdict(report), torch.nn.utils.parameters_to_vector(policy.parameters()).detach().clone()))
    return told


def by_one_process(config, num_ranks):
    runs = [begin_on_rank(Pretended(rank, num_ranks), "standard", config) for rank in range(num_ranks)]
    return updates(config, runs, DEFAULT_STEPS)


def by_a_rank(ranks, config, sharing=DEFAULT_SHARING):
    run = begin_on_rank(ranks, "standard", config, sharing)
    return updates(config, [run], steps_for(ranks, DEFAULT_STEPS, sharing))


if __name__ == "__main__":
    with join_ranks(120) as ranks, in_float64():
        told = by_a_rank(ranks, PPOConfig(**SETTINGS["usual"]))
        if ranks.rank == 0:
            torch.save(told, sys.argv[1])

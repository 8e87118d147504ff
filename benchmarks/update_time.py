"""How long the update alone takes, on the same rows: beside Stable-Baselines3's, and beside the bare layers.

The bare layers go forwards and backwards over the same mini-batches, cut out beforehand, and do nothing else.
"""

from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from statistics import median

import torch

from benchmarks.measure import cpu_seconds, in_turns, one_core, ratio
from benchmarks.peers import SpiritVecEnv, give_rows, give_weights, make_sb3
from benchmarks.report import Goal, Outcome, Row
from ppo_lessons import ActorCritic, PPOConfig, Rows, TrainingRun, collect, ppo_update, train
from ppo_lessons.minibatches import split_rows

CASE = "standard"


def run(quick: bool = False) -> Outcome:
    """Measure; quick: a tiny size, whose numbers mean nothing."""
    one_core()
    config = PPOConfig(num_envs=4, num_steps=8, minibatch_size=64, epochs=1) if quick else PPOConfig()
    config = replace(config, target_kl=None)  # nobody may stop early
    cycles = 1 if quick else 20
    training, rows = rows_of_a_run(config, cycles)
    minibatches = [rows.obs[index] for index in split_rows(torch.randperm(len(rows.obs)), config.minibatch_size)]
    contestants = {
        "ours": lambda: our_turn(training, rows),
        "sb3": sb3_turn(training, rows),
        "bare": lambda: cpu_seconds(lambda: bare_pass(training.policy, minibatches, config.epochs)),
    }
    seconds = in_turns(contestants, 2 if quick else 60, warm_up=2)

    ours, sb3, bare = seconds["ours"], seconds["sb3"], seconds["bare"]
    found = [
        _row("update, time of SB3's", ours, sb3, Goal("at most", 0.75)),
        _row("update, time of the bare layers", ours, bare, Goal("at most", 1.9)),
        _row("SB3's update, time of the bare layers", sb3, bare, None),
    ]
    notes = (
        f"{len(rows.actions):,} rows of a run after {cycles} cycles, epochs {config.epochs}, mini-batch "
        f"{config.minibatch_size}. Before each turn the weights and moments are put back, uncounted. Medians of "
        f"{len(ours)} turns each; ratios, with their lowest and highest: ours to SB3 {ratio(ours, sb3)}, "
        f"ours to bare {ratio(ours, bare)}, SB3 to bare {ratio(sb3, bare)}."
    )
    return Outcome(found, notes)


def _row(name: str, above: list[float], below: list[float], goal: Goal | None) -> Row:
    ours, peer = (f"{1e3 * median(seconds):.1f} ms" for seconds in (above, below))
    return Row(name=name, ours=ours, peer=peer, ratio=ratio(above, below).median, goal=goal)


def rows_of_a_run(config: PPOConfig, cycles: int) -> tuple[TrainingRun, Rows]:
    """Train for some cycles, play one more rollout, and return its rows."""
    training = TrainingRun(CASE, config)
    list(train(training, cycles))
    last_values = collect(training.env, training.policy, training.buffer, training.action_generator)
    training.buffer.finish(last_values, config.gamma, config.gae_lambda, team_credit=config.team_credit)
    return training, training.buffer.get()


def our_turn(training: TrainingRun, rows: Rows) -> float:
    """Time our update, and put everything back afterwards."""
    policy, optimizer = training.policy, training.optimizer
    before = deepcopy((policy.state_dict(), optimizer.state_dict()))
    update = lambda: ppo_update(policy, optimizer, rows, training.config, training.shuffle_generator)  # noqa: E731
    seconds = cpu_seconds(update)
    policy.load_state_dict(before[0])
    optimizer.load_state_dict(before[1])
    return seconds


def sb3_turn(training: TrainingRun, rows: Rows) -> Callable[[], float]:
    """Return one turn of SB3's update, from the same weights on the same rows."""
    model = make_sb3(SpiritVecEnv(CASE, training.config.num_envs), training.config)

    def turn() -> float:
        give_weights(model, training.policy)
        give_rows(model, rows)
        return cpu_seconds(model.train)

    return turn


def bare_pass(policy: ActorCritic, minibatches: list[torch.Tensor], epochs: int) -> None:
    """Go forwards and backwards through the layers over all mini-batches, and do nothing else."""
    for _ in range(epochs):
        for obs in minibatches:
            logits, values = policy(obs)
            (logits.sum() + values.sum()).backward()
            policy.zero_grad()

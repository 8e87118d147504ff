"""The Spirit world under RLlib's PPO and under ours, after equally many decisions; and ours with RLlib's habits.

A full run writes rllib.json beside this file, from which docs/many_runs.md is made.
"""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from statistics import mean

import torch
from torch import Tensor, nn

from benchmarks.measure import one_core
from benchmarks.report import Outcome, Row, machine, table
from ppo_lessons import PPOConfig, Steps, TrainingRun, evaluate, policy_player
from ppo_lessons.advantages import next_values
from ppo_lessons.spirit_world.players import Player
from ppo_lessons.steps import update_policy
from ppo_lessons.training import train_cycle

RESULT = Path(__file__).with_name("rllib.json")
CASE = "stray"
CONFIG = PPOConfig(num_envs=32, num_steps=32, team_credit=False)
BUDGETS = (60_000, 120_000, 180_000, 240_000)
"""Decisions of living agents after which a team is tried."""
OUR_SEEDS, THEIR_SEEDS, CASES = range(5), range(3), 400
OURS, ALIKE = "ours", "ours, without team credit"
DEATH = "ours, without team credit, a time limit is death"
WEIGHTS = "ours, without team credit, first weights and Adam's eps as in RLlib"
HABITS = "ours, without team credit, with all of these and advantages normalised over the whole rollout"
RLLIB, RLLIB_DEATH = "RLlib", "RLlib, a time limit is death"
MEASURES = ("decisions", "win_rate", "survival", "team_return")

Contestant = Callable[[PPOConfig], Iterator[tuple[int, Player]]]
"""Trains; yields after each cycle the decisions so far, and who plays as trained so far."""


def ours(config: PPOConfig, steps: Steps | None = None, prepare: Callable[[TrainingRun], object] = lambda run: None):
    run, done = TrainingRun(CASE, config), 0
    prepare(run)
    while True:
        done += train_cycle(run, steps or Steps()).update.num_rows
        yield done, policy_player(run.policy)


def limit_is_death(
    values: Tensor, terminated: Tensor, truncated: Tensor, final_values: Tensor, last_values: Tensor
) -> Tensor:
    return next_values(values, terminated | truncated, truncated, final_values, last_values)


def normalised_as_a_whole(policy, optimizer, rows, config, generator, steps):
    """Update on advantages that were normalised once, over all rows of the rollout; what RLlib adds is not there."""
    advantages = rows.advantages - rows.advantages.mean()
    rows = rows._replace(advantages=advantages / advantages.std(correction=0).clamp(min=1e-4))
    return update_policy(policy, optimizer, rows, replace(config, advantage_normalisation=False), generator, steps)


ALL_HABITS = Steps(next_values=limit_is_death, update_policy=normalised_as_a_whole)


def as_rllib_begins(run: TrainingRun) -> None:
    """Give a run torch's own first weights and Adam's eps of 1e-8."""
    with torch.random.fork_rng():
        torch.manual_seed(run.config.seed)
        for layer in run.policy.modules():
            if isinstance(layer, nn.Linear):
                layer.reset_parameters()
    for group in run.optimizer.param_groups:
        group["eps"] = 1e-8


def rllib(config: PPOConfig, *, death: bool = False):
    from ppo_lessons.shipped.in_rllib import decisions_of, in_rllib, rllib_player  # here: it takes seconds to load

    algorithm = in_rllib(config, CASE, limit_is_death=death).build_algo()
    try:
        while True:
            yield decisions_of(algorithm.train()), rllib_player(algorithm)
    finally:
        algorithm.stop()


CONTESTANTS: dict[str, tuple[Contestant, range]] = {
    OURS: (lambda config: ours(replace(config, team_credit=True)), OUR_SEEDS),
    ALIKE: (ours, OUR_SEEDS),
    DEATH: (lambda config: ours(config, Steps(next_values=limit_is_death)), OUR_SEEDS),
    WEIGHTS: (lambda config: ours(config, prepare=as_rllib_begins), OUR_SEEDS),
    HABITS: (lambda config: ours(config, ALL_HABITS, as_rllib_begins), OUR_SEEDS),
    RLLIB: (rllib, THEIR_SEEDS),
    RLLIB_DEATH: (lambda config: rllib(config, death=True), THEIR_SEEDS),
}


def run(quick: bool = False) -> Outcome:
    """Measure; quick: one seed and tiny sizes, whose numbers mean nothing."""
    from ppo_lessons.shipped.on_ray import session

    one_core()
    config = replace(CONFIG, num_envs=2, num_steps=8, minibatch_size=32) if quick else CONFIG
    budgets, cases = ((20, 40), 4) if quick else (BUDGETS, CASES)
    curves: dict[str, dict[int, list[list[float]]]] = {}
    seconds: dict[str, float] = {}
    with session(1):
        for name, (contestant, seeds) in CONTESTANTS.items():
            start = time.process_time()
            each = {
                seed: curve(contestant(replace(config, seed=seed)), budgets, cases)
                for seed in (seeds[:1] if quick else seeds)
            }
            curves[name], seconds[name] = each, (time.process_time() - start) / len(each)
            if not quick:
                print(f"\n{name}: {each}, {seconds[name]:.0f} s", flush=True)
    result = {"machine": machine(), "case": CASE, "budgets": budgets, "curves": curves, "cpu_seconds": seconds}
    if not quick:
        RESULT.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return outcome(result)


def curve(training: Iterator[tuple[int, Player]], budgets: tuple[int, ...], cases: int) -> list[list[float]]:
    """Return `MEASURES` after each budget."""
    points = []
    for budget in budgets:
        done, player = next((done, player) for done, player in training if done >= budget)
        played = evaluate(player, CASE, cases=cases)
        points.append([done, played.win_rate, played.survival, played.team_return])
    training.close()
    return points


def outcome(result: dict) -> Outcome:
    """Return the rows: our share of cases won beside RLlib's, after each budget."""
    won = {
        name: [mean(points[i][1] for points in each.values()) for i in range(len(result["budgets"]))]
        for name, each in result["curves"].items()
    }
    rows = [
        Row(
            name=f"{CASE}, cases won after {budget:,} decisions, RLlib's PPO",
            ours=f"{won[ALIKE][i]:.1%}",
            peer=f"{won[RLLIB][i]:.1%}",
            ratio=won[ALIKE][i] / won[RLLIB][i] if won[RLLIB][i] else float(won[ALIKE][i] >= 0),
        )
        for i, budget in enumerate(result["budgets"])
    ]
    header = ("who", *(f"after {budget:,}" for budget in result["budgets"]), "CPU seconds a seed")
    lines = [
        (name, *(f"{share:.1%}" for share in shares), f"{result['cpu_seconds'][name]:.0f}")
        for name, shares in won.items()
    ]
    notes = "Cases won, mean of the seeds; what is what stands in docs/many_runs.md.\n\n" + table(header, lines)
    return Outcome(rows, notes)

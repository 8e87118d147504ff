"""Worlds that others wrote: what is learned in them, beside Stable-Baselines3, and what the way there costs.

The settings were chosen with other seeds (0 to 19) than those that are measured here.
"""

from collections.abc import Callable
from dataclasses import replace
from importlib.metadata import version
from itertools import cycle
from statistics import mean, median

import numpy as np
from pettingzoo import ParallelEnv

from benchmarks.adapter_cost import masks, overhead, single_world, team_world, vector_world
from benchmarks.cartpole import cartpole
from benchmarks.foreign_peers import (
    CountsActions,
    OurLearner,
    RandomPlayer,
    Sb3Learner,
    mean_return,
    sb3_on_our_adapter,
    sb3_through_supersuit,
    settings,
    small,
)
from benchmarks.measure import cpu_seconds, in_turns, one_core, ratio
from benchmarks.report import Goal, Outcome, Row, table
from ppo_lessons import PPOConfig
from ppo_lessons.training import TrainReport, train_cycle

PACKAGES = ("gymnasium", "pettingzoo", "mpe2", "stable_baselines3", "supersuit")
SEEDS = range(1000, 1003)
EVALUATION_SEED = 100_000
"""Of the episodes in which a team is watched after training: the same for all."""
SUPERSUIT, ADAPTER = "SB3 through SuperSuit", "SB3 on our adapter"

SPREAD = PPOConfig(
    num_envs=32,
    num_steps=25,
    epochs=4,
    minibatch_size=1200,
    anneal_cycles=125,
    vf_coef=0.5,
    ent_coef=0.02,
    max_grad_norm=0.5,
    shared_trunk=False,
    value_normalisation=True,
)
SPREAD_BUDGETS = (60_000, 150_000, 300_000)
SPEED = Goal("at least", 0.75)

KNIGHTS = PPOConfig(
    num_envs=16,
    num_steps=64,
    epochs=4,
    minibatch_size=1024,
    learning_rate=1e-3,
    gamma=0.995,
    gae_lambda=0.9,
    vf_coef=0.5,
    ent_coef=0.03,
    max_grad_norm=0.5,
    hidden_size=256,
)
KNIGHTS_BUDGET = 200_000


def make_spread() -> ParallelEnv:
    """Three agents that are to cover three places, and not to collide."""
    from mpe2 import simple_spread_v3  # here: pygame greets when it is imported

    return simple_spread_v3.parallel_env()


def make_knights() -> ParallelEnv:
    """Two archers and two knights against zombies; who is touched by one has fallen."""
    from pettingzoo.butterfly import knights_archers_zombies_v11

    return knights_archers_zombies_v11.parallel_env()


def run(quick: bool = False) -> Outcome:
    """Measure; quick: one seed and tiny sizes, whose numbers mean nothing."""
    one_core()
    parts = [cartpole(quick), spread(quick), spread_speed(quick), knights(quick), adapters(quick)]
    parts.append(masks(20_000, 1) if quick else masks(10_000_000, 40))
    packages = ", ".join(f"{name} {version(name)}" for name in PACKAGES)
    notes = "\n\n".join([f"With {packages}.", *(part.notes for part in parts)])
    return Outcome([row for part in parts for row in part.rows], notes)


# ---- three agents


def spread(quick: bool) -> Outcome:
    """Compare what is earned after equal numbers of agent-steps."""
    budgets, config = (150, 300) if quick else SPREAD_BUDGETS, small(SPREAD, quick)
    seeds, watching = SEEDS[:1] if quick else SEEDS, (2, 1) if quick else (20, 10)
    contestants: dict[str, Callable[[PPOConfig], OurLearner | Sb3Learner]] = {
        "ours": lambda config: OurLearner(make_spread, config),
        "ours, team critic": lambda config: OurLearner(make_spread, replace(config, critic="team")),
        SUPERSUIT: lambda config: sb3_through_supersuit(make_spread, config, agents_fall=False),
        ADAPTER: lambda config: sb3_on_our_adapter(make_spread, config),
    }

    def curve(learner: OurLearner | Sb3Learner) -> list[float]:
        earned = []
        for budget in budgets:
            learner.train_to(budget)
            earned.append(mean_return(learner, make_spread, *watching, EVALUATION_SEED))
        return earned

    curves = {name: [curve(make(replace(config, seed=seed))) for seed in seeds] for name, make in contestants.items()}
    means = {name: np.mean(each, axis=0) for name, each in curves.items()}
    rows = []
    for peer, goal in ((SUPERSUIT, Goal("at most", 1)), (ADAPTER, None)):
        for place, budget in enumerate(budgets):
            name = f"simple_spread_v3, cost of an episode after {budget:,} agent-steps, {peer}"
            rows.append(_cost_row(name, means["ours"][place], means[peer][place], goal))
    name = f"simple_spread_v3, cost of an episode after {budgets[-1]:,} agent-steps, team critic to own"
    rows.append(_cost_row(name, means["ours, team critic"][-1], means["ours"][-1], None))
    random = mean_return(RandomPlayer(5, EVALUATION_SEED), make_spread, *watching, EVALUATION_SEED)
    lines = [
        (name, str(seed), *(f"{earned:.1f}" for earned in each))
        for name, of_seeds in curves.items()
        for seed, each in zip(seeds, of_seeds, strict=True)
    ]
    notes = (
        f"*simple_spread_v3*: the mean return of {watching[0] * watching[1]} episodes in which nobody learns, all "
        f"three agents together; a cost is its opposite, the mean of {len(seeds)} seeds. Random play: {random:.1f}. "
        f"Everybody with {settings(config)}; SB3 has the same network, and does not normalise values. Through "
        "SuperSuit a time limit looks like an end, and nobody is told its number; on our adapter it sees as we do.\n\n"
        + table(("who", "seed", *(f"after {budget:,}" for budget in budgets)), lines)
    )
    return Outcome(rows, notes)


def _cost_row(name: str, ours: float, peer: float, goal: Goal | None) -> Row:
    return Row(name=name, ours=f"{-ours:.1f}", peer=f"{-peer:.1f}", ratio=float(ours / peer), goal=goal)


def spread_speed(quick: bool) -> Outcome:
    """Compare the speed of a whole training with that of the bare world, with random actions."""
    config = small(SPREAD, quick)
    training = OurLearner(make_spread, config).run
    envs = [make_spread() for _ in range(config.num_envs)]
    for e, env in enumerate(envs):
        env.reset(seed=e)
    agents = envs[0].possible_agents
    draws = np.random.default_rng(0).integers(0, 5, (1000, len(agents))).tolist()
    ready = cycle([dict(zip(agents, draw, strict=True)) for draw in draws])

    def bare() -> None:
        for _ in range(config.num_steps):
            for env in envs:
                if not env.agents:
                    env.reset()
                env.step(next(ready))

    turns = {"ours": lambda: cpu_seconds(lambda: train_cycle(training)), "bare": lambda: cpu_seconds(bare)}
    seconds = in_turns(turns, 2 if quick else 30)
    agent_steps = config.num_steps * config.num_envs * len(agents)
    ours, peer = (f"{agent_steps / median(seconds[name]):,.0f} agent-steps/s" for name in turns)
    share = ratio(seconds["bare"], seconds["ours"])
    name = "simple_spread_v3, speed of a whole training, of random play in the bare world"
    row = Row(name=name, ours=ours, peer=peer, ratio=share.median, goal=SPEED)
    notes = (
        f"*Speed*: the same settings, {config.epochs} epochs; {len(seconds['ours'])} rounds in turns of "
        f"{agent_steps:,} agent-steps each, ratio {share}."
    )
    return Outcome([row], notes)


# ---- agents that fall


def knights(quick: bool) -> Outcome:
    """Compare what the team earns, and hold the rows that were learned from against the actions that were given."""
    budget, config = 100 if quick else KNIGHTS_BUDGET, small(KNIGHTS, quick)
    seeds, watching = SEEDS[:1] if quick else SEEDS, (2, 1) if quick else (20, 5)
    earned: dict[str, list[float]] = {"ours": [], SUPERSUIT: []}
    wrong, given = 0, 0
    for seed in seeds:
        ours, count = _counted(replace(config, seed=seed), budget)
        wrong, given = wrong + count.wrong, given + count.rows
        sb3 = sb3_through_supersuit(make_knights, replace(config, seed=seed), agents_fall=True)
        sb3.train_to(budget)
        for name, learner in (("ours", ours), (SUPERSUIT, sb3)):
            earned[name].append(mean_return(learner, make_knights, *watching, EVALUATION_SEED))
    random = mean_return(RandomPlayer(6, EVALUATION_SEED), make_knights, *watching, EVALUATION_SEED)
    what = f"knights_archers_zombies_v11, what a team earns after {budget:,} agent-steps"
    name = f"knights_archers_zombies_v11, rows too many or too few, for {given:,} actions of living agents"
    rows = [
        _earned_row(f"{what}, {SUPERSUIT}", mean(earned["ours"]), mean(earned[SUPERSUIT])),
        _earned_row(f"{what}, random play", mean(earned["ours"]), random),
        Row(name=name, ours=f"{wrong}", peer="0", ratio=wrong, goal=Goal("at most", 0)),
    ]
    lines = [(name, *(f"{each:.1f}" for each in values)) for name, values in earned.items()]
    notes = (
        f"*knights_archers_zombies_v11*: the mean return of {watching[0] * watching[1]} episodes in which nobody "
        f"learns, all four agents together. Everybody with {settings(config)}; SB3 has the same network, and "
        "through SuperSuit's `black_death` also learns from the rows of the fallen. Random play: "
        f"{random:.1f}. A wrapper around each copy counts the actions of agents that live and of others; after every "
        "cycle of training the first are to be as many as the rows that were learned from, the second none.\n\n"
        + table(("who", *(f"seed {seed}" for seed in seeds)), lines)
    )
    return Outcome(rows, notes)


class _Count:
    """Rows that were learned from, and by how many they are wrong, added up over the cycles."""

    def __init__(self) -> None:
        self.worlds: list[CountsActions] = []
        self.rows = self.wrong = 0

    def make(self) -> ParallelEnv:
        """Make a copy of the world that counts."""
        self.worlds.append(CountsActions(make_knights()))
        return self.worlds[-1]

    def watch(self, report: TrainReport) -> None:
        """Compare after a cycle."""
        self.rows += report.update.num_rows
        self.wrong += abs(self.rows - sum(world.living for world in self.worlds))
        self.wrong += sum(world.others for world in self.worlds)


def _counted(config: PPOConfig, budget: int) -> tuple[OurLearner, _Count]:
    count = _Count()
    learner = OurLearner(count.make, config)
    learner.train_to(budget, count.watch)
    return learner, count


def _earned_row(name: str, ours: float, peer: float) -> Row:
    above = ours / peer if peer else float(ours >= 0)  # a tiny run may earn nothing at all
    return Row(name=name, ours=f"{ours:.1f}", peer=f"{peer:.1f}", ratio=above, goal=Goal("at least", 1))


# ---- what it costs


def adapters(quick: bool) -> Outcome:
    """Compare playing through the adapters with the bare worlds."""
    steps = (5, 5, 50, 50) if quick else (100, 60, 3000, 2000)
    worlds = [
        team_world("simple_spread_v3", make_spread, 5, steps[0]),
        team_world("knights_archers_zombies_v11", make_knights, 6, steps[1]),
        single_world("CartPole-v1", 2, steps[2]),
        vector_world("CartPole-v1", 2, steps[3]),
    ]
    return overhead(worlds, 1 if quick else 12)

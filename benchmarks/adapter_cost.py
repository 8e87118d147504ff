"""What it costs to play a world through an adapter, and to mask actions: each beside the same work without it."""

from collections.abc import Callable
from statistics import median
from typing import Any, NamedTuple

import gymnasium
import numpy as np
import torch
from torch import Tensor

from benchmarks.measure import cpu_seconds, in_turns, ratio
from benchmarks.report import Goal, Outcome, Row, table
from ppo_lessons import ActorCritic, PPOConfig, Rows, ppo_update
from ppo_lessons.action_kinds import ActionKind
from ppo_lessons.optimisation import make_optimizer
from ppo_lessons.other_worlds import GymnasiumTeam, GymnasiumVectorTeam, PettingZooTeam

COPIES, SEED = 8, 1000
OVERHEAD, MASKING = Goal("at most", 1.15), Goal("at most", 1.05)
NUM_ACTIONS, NUM_ROWS, DRAWS = 5, 4096, 10_000_000
"""Actions, rows of an update (about as many as in the standard case), and draws."""


class Played(NamedTuple):
    """The same episodes, played in two ways; each takes ready-made actions and returns how many episodes ended."""

    name: str
    adapter: str
    num_steps: int
    reset: Callable[[], None]
    bare: Callable[[], int]
    through_adapter: Callable[[], int]
    goal: Goal | None = OVERHEAD


def team_world(name: str, make_env: Callable[[], Any], num_actions: int, num_steps: int) -> Played:
    """A `ParallelEnv`, bare and as a `PettingZooTeam`."""
    team, envs = PettingZooTeam(make_env, COPIES), [make_env() for _ in range(COPIES)]
    actions = _draw(num_steps, team.num_agents, num_actions)
    ready = [[dict(zip(team.agents, each, strict=True)) for each in step] for step in actions.tolist()]

    def bare() -> int:
        ended = 0
        for step in ready:
            for env, chosen in zip(envs, step, strict=True):
                env.step({agent: chosen[agent] for agent in env.agents})
                if not env.agents:
                    ended += 1
                    env.reset()
        return ended

    return Played(name, "PettingZooTeam", num_steps, _reset(team, envs), bare, lambda: _play(team, actions))


def single_world(name: str, num_actions: int, num_steps: int) -> Played:
    """A Gymnasium environment, bare and as a `GymnasiumTeam`."""
    team, envs = GymnasiumTeam(lambda: gymnasium.make(name), COPIES), [gymnasium.make(name) for _ in range(COPIES)]
    actions = _draw(num_steps, 1, num_actions)
    ready = actions[:, :, 0].tolist()

    def bare() -> int:
        ended = 0
        for step in ready:
            for env, chosen in zip(envs, step, strict=True):
                _, _, terminated, truncated, _ = env.step(chosen)
                if terminated or truncated:
                    ended += 1
                    env.reset()
        return ended

    return Played(name, "GymnasiumTeam", num_steps, _reset(team, envs), bare, lambda: _play(team, actions))


def vector_world(name: str, num_actions: int, num_steps: int) -> Played:
    """A vector environment of Gymnasium's own, bare and as a `GymnasiumVectorTeam`."""
    vector, other = (gymnasium.make_vec(name, COPIES, vectorization_mode="vector_entry_point") for _ in range(2))
    team = GymnasiumVectorTeam(other)
    actions = _draw(num_steps, 1, num_actions)
    ready = list(actions[:, :, 0])

    def bare() -> int:
        flags = []
        for chosen in ready:
            _, _, terminated, truncated, _ = vector.step(chosen)
            flags.append((terminated, truncated))
        # the adapter tells an episode's end with the step that begins the next one
        return int(np.array(flags[:-1]).any(axis=1).sum())

    def reset() -> None:
        vector.reset(seed=SEED)
        team.reset(SEED)

    return Played(name, "GymnasiumVectorTeam", num_steps, reset, bare, lambda: _play(team, actions), goal=None)


def _draw(num_steps: int, num_agents: int, num_actions: int) -> np.ndarray:
    return np.random.default_rng(SEED).integers(0, num_actions, (num_steps, COPIES, num_agents))


def _reset(team: Any, envs: list[Any]) -> Callable[[], None]:
    def reset() -> None:
        team.reset(SEED)
        for e, env in enumerate(envs):
            env.reset(seed=SEED + e)

    return reset


def _play(team: Any, actions: np.ndarray) -> int:
    return sum(int(team.step(step).episode_over.sum()) for step in actions)


def overhead(worlds: list[Played], rounds: int) -> Outcome:
    """Compare playing through the adapters with the bare worlds.

    Raises:
        ValueError: If the two did not play the same episodes.
    """
    rows, parts = [], []
    for world in worlds:
        counts: list[int] = []

        def turn(play: Callable[[], int], world: Played = world, counts: list[int] = counts) -> float:
            world.reset()
            return cpu_seconds(lambda: counts.append(play()))

        measured = in_turns(
            {"bare": lambda w=world: turn(w.bare), "ours": lambda w=world: turn(w.through_adapter)}, rounds
        )
        if len(set(counts)) > 1:
            raise ValueError(f"The episodes of {world.name} must be the same. Got {counts}")
        times = ratio(measured["ours"], measured["bare"])
        steps = world.num_steps * COPIES
        bare, ours = (1e6 * median(measured[name]) / steps for name in ("bare", "ours"))
        cells = {"ours": f"{ours:.1f} us", "peer": f"{bare:.1f} us"}
        name = f"{world.name}, a step through {world.adapter}, time of the bare one"
        rows.append(Row(name=name, **cells, ratio=times.median, goal=world.goal))
        parts.append((world.name, world.adapter, f"{bare:.1f}", f"{ours:.1f}", f"{ours - bare:.1f}", str(times)))
    notes = (
        f"*What an adapter costs.* {COPIES} copies, one seed, ready-made random actions, the same episodes; CPU time "
        f"of a step of one copy, its share of the resets included; {rounds} rounds in turns. What is added hardly "
        "grows with the world: dictionaries are taken apart, checked and written into arrays.\n\n"
        + table(("world", "adapter", "bare, us", "through it, us", "added, us", "ratio"), parts)
    )
    return Outcome(rows, notes)


def masks(draws: int, rounds: int) -> Outcome:
    """Count illegal actions, and compare an update with masks with one without."""
    illegal = illegal_actions(draws)
    turns = {"masked": update_turn(masked=True), "unmasked": update_turn(masked=False)}
    seconds = in_turns(turns, rounds, warm_up=2)
    times = ratio(seconds["masked"], seconds["unmasked"])
    masked, unmasked = (f"{1e3 * median(seconds[name]):.1f} ms" for name in turns)
    none = Goal("at most", 0)
    rows = [
        Row(name=f"illegal actions in {draws:,} masked draws", ours=f"{illegal}", peer="0", ratio=illegal, goal=none),
        Row(
            name="an update with masked actions, time of one without",
            ours=masked,
            peer=unmasked,
            ratio=times.median,
            goal=MASKING,
        ),
    ]
    notes = (
        f"*Masks.* {draws:,} draws from a network whose logits are tens apart, {NUM_ACTIONS} actions, each legal with "
        f"probability 1/2, at least one. The update: {NUM_ROWS:,} rows, `PPOConfig` as it is, the same rows for both "
        f"networks; {rounds} rounds in turns, ratio {times}. Part of what is added "
        "is `exp`, which takes longer where its result is too small for a float32."
    )
    return Outcome(rows, notes)


def masked_obs(num_rows: int, generator: torch.Generator, seen: int = 29) -> Tensor:
    """Return rows of random numbers, with a random mask behind them that leaves at least one action."""
    legal = torch.rand((num_rows, NUM_ACTIONS), generator=generator) < 0.5
    one = torch.randint(NUM_ACTIONS, (num_rows, 1), generator=generator)
    legal.scatter_(1, one, True)
    return torch.cat((torch.randn((num_rows, seen), generator=generator), legal.float()), dim=1)


def illegal_actions(draws: int, batch: int = 100_000) -> int:
    """Draw so many masked actions, and count those that are not legal."""
    generator, illegal = torch.Generator().manual_seed(SEED), 0
    obs = masked_obs(1, generator)
    policy = ActorCritic(obs.shape[1], NUM_ACTIONS, action_kind=ActionKind(masked=True), seed=SEED)
    with torch.no_grad():
        policy.actor_head.weight *= 3000  # it starts almost undecided: a hundredth of what is usual
    for first in range(0, draws, batch):
        obs = masked_obs(min(batch, draws - first), generator)
        actions = policy.choose_actions(obs, generator)
        illegal += int((obs[:, -NUM_ACTIONS:].gather(1, actions.unsqueeze(1)) == 0).sum())
    return illegal


def update_turn(*, masked: bool) -> Callable[[], float]:
    """Return one turn of an update on rows with masks, by a network that takes them as such or as mere numbers."""
    config = PPOConfig(seed=SEED)
    generator = torch.Generator().manual_seed(SEED)
    obs = masked_obs(NUM_ROWS, generator)
    network = dict(hidden_size=config.hidden_size, shared_trunk=config.shared_trunk, seed=SEED)
    sizes = obs.shape[1], NUM_ACTIONS
    drawn = ActorCritic(*sizes, **network, action_kind=ActionKind(masked=True)).choose_actions(obs, generator)
    noise = torch.randn((2, NUM_ROWS), generator=generator)

    def turn() -> float:
        policy = ActorCritic(*sizes, **network, action_kind=ActionKind(masked=masked))
        with torch.no_grad():
            old = policy.evaluate_actions(obs, drawn)[0]
        rows = Rows(obs, drawn, old, *noise)
        optimizer, shuffles = make_optimizer(policy, config), torch.Generator().manual_seed(SEED)
        return cpu_seconds(lambda: ppo_update(policy, optimizer, rows, config, shuffles))

    return turn

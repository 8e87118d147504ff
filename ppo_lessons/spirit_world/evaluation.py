"""Watch a team without training it: its behaviour over many cases, and the replay of one."""

from dataclasses import dataclass

import numpy as np

from ppo_lessons.guards.fields import whole
from ppo_lessons.spirit_world.behaviour import BehaviourMeter, TeamBehaviour
from ppo_lessons.spirit_world.cases import Case
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.players import Player
from ppo_lessons.spirit_world.rules import WorldState

EVALUATION_SEED = 2_000_003
"""Lays out the cases of an evaluation unless another seed is given: teams are compared on the same cases."""


def evaluate(
    player: Player, case: str | Case = "standard", *, cases: int = 400, seed: int = EVALUATION_SEED
) -> TeamBehaviour:
    """Let a team play a number of cases, each to its end, and measure what it does.

    Neither the training's random numbers nor its buffer are touched.

    Args:
        player: Who plays, for instance `policy_player(policy)`.
        case: Name of a preset, or a case.
        cases: How many cases, all at once, 1 or more.
        seed: Lays out the cases and their drift; the same seed gives the same cases to every team.

    Returns:
        The team's behaviour over exactly that many cases.

    Raises:
        ValueError: If cases is no whole number, 1 or more, seed none from 0, or the case is not known.
    """
    world = SpiritWorld(case, whole("cases", cases, 1))
    world.reset(seed)
    meter = BehaviourMeter(world, first_case_only=True)
    while meter.counting.any():
        step = world.step(player(world))
        meter.watch(world, step.rewards)
    return meter.summary()


@dataclass(frozen=True)
class Replay:
    """One case, frame by frame: F frames, the first before any step."""

    case: Case
    states: WorldState
    """Every array with F frames in place of E copies."""
    actions: np.ndarray
    """int64, (F - 1, A)."""
    rewards: np.ndarray
    """float32, (F - 1, A)."""
    outcome: str
    """won, lost or adjourned."""

    def __len__(self) -> int:
        """Return the number of frames F."""
        return len(self.states.clock)

    def frame(self, f: int) -> WorldState:
        """Return frame f as a state of one copy, E = 1."""
        return WorldState(*(array[f : f + 1] for array in self.states))


def record(player: Player, case: str | Case = "standard", *, seed: int = EVALUATION_SEED) -> Replay:
    """Let a team play one case and keep every frame.

    Args:
        player: Who plays.
        case: Name of a preset, or a case.
        seed: Lays out the case and its drift.

    Returns:
        The replay.
    """
    world = SpiritWorld(case, 1)
    world.reset(seed)
    states, actions, rewards = [world.state], [], []
    while True:
        actions.append(player(world))
        step = world.step(actions[-1])
        assert world.played is not None and world.events is not None  # a step sets both
        rewards.append(step.rewards)
        states.append(world.played)
        if step.episode_over[0]:
            break
    outcome = "won" if world.events.won[0] else "lost" if world.events.lost[0] else "adjourned"
    frames = WorldState(*(np.concatenate(arrays) for arrays in zip(*states, strict=True)))
    return Replay(world.case, frames, np.concatenate(actions), np.concatenate(rewards), outcome)

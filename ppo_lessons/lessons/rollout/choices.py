"""What each of one detective's actions would have brought: as it came, and as far as it could know."""

from itertools import product
from typing import NamedTuple

import numpy as np

from ppo_lessons.display.picture import signed
from ppo_lessons.display.tables import Table
from ppo_lessons.lessons.rollout.explorer import CASE, recorded_probabilities
from ppo_lessons.shipped.recorded_update import recording
from ppo_lessons.spirit_world.rules import ACTION_NAMES, WorldState, advance, rewards_of


class Choice(NamedTuple):
    """One action that a detective could have taken, judged by this one step."""

    action: str
    probability: float
    """By its policy."""
    reward: float
    """If its mates do what they did."""
    falls: bool
    """The same."""
    mean_reward: float
    """If its mates draw from their own probabilities."""
    chance_to_fall: float
    """The same."""


def weigh_choices(step: int, copy: int, detective: int) -> list[Choice]:
    """Play one recorded step again with every action of one detective, and every answer of its mates.

    The spirits drift last in a step, so nothing here depends on chance but the mates' draws.

    Args:
        step: t.
        copy: e.
        detective: a, alive in this step.

    Returns:
        One for each action, in their order.
    """
    board = recording().board(step, copy)
    taken = recording().buffer.data.actions[step, copy].numpy()
    chances = recorded_probabilities()[step, copy]  # (A, N)
    own, answers = np.arange(len(ACTION_NAMES)), list(product(range(len(ACTION_NAMES)), repeat=len(taken) - 1))
    mates = [a for a in range(len(taken)) if a != detective]
    weights = np.array([np.prod(chances[mates, answer]) for answer in answers])

    def outcome(joint: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        many = WorldState(*(np.repeat(array, len(joint), axis=0) for array in board))
        _, events = advance(CASE, many, joint, np.random.default_rng(0))
        return rewards_of(CASE, events)[:, detective], events.fell[:, detective]

    choices = []
    for action in own:
        came = taken.copy()
        came[detective] = action
        reward, falls = outcome(came[None])
        joint = np.insert(np.array(answers), detective, action, axis=1)
        rewards, falling = outcome(joint)
        in_the_dark = float(weights @ rewards), float(weights @ falling)
        choices.append(
            Choice(
                ACTION_NAMES[action], float(chances[detective, action]), float(reward[0]), bool(falls[0]), *in_the_dark
            )
        )
    return choices


def show_own_choices(step: int, copy: int, detective: int) -> Table:
    """Return the choices of one detective as a table, the one that it took marked."""
    took = ACTION_NAMES[int(recording().buffer.data.actions[step, copy, detective])]
    cells = [["", "probability", "reward", "falls", "mean reward", "chance to fall"]]
    for choice in weigh_choices(step, copy, detective):
        name = choice.action + " (taken)" * (choice.action == took)
        came = signed(choice.reward, 2), "yes" if choice.falls else "no"
        cells.append(
            [name, f"{choice.probability:.2f}", *came, signed(choice.mean_reward, 2), f"{choice.chance_to_fall:.2f}"]
        )
    return Table(cells)

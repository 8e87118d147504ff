"""The Spirit world, version 1: the pure rules of the game, for any number of copies at once.

A team of detectives walks a small grid on which spirits drift. This text is the specification.

**One step**, in this order:

1. Every living detective moves (a move into a wall is a stay; detectives may share a cell).
2. A spirit of toughness k with k or more living detectives *next to it* (at most one step away: the same cell or
   one of its four neighbours) is banished.
3. Every spirit that is left takes 1 health from each living detective next to it. A detective without health *falls*.
4. Every spirit that is left drifts: with probability `drift` one step in a random direction (walls stop it).

**Agents**: `num_detectives`, all alike, numbered 0 ... A-1.

**Actions** (int64):

| index | action | row, column |
|---|---|---|
| 0 | stay | 0, 0 |
| 1 | up | -1, 0 |
| 2 | down | +1, 0 |
| 3 | left | 0, -1 |
| 4 | right | 0, +1 |

**Observation** of one detective (float32, length D; with 4 detectives and 3 spirits D = 34):

| index | what | range |
|---|---|---|
| 0, 1 | own row and column / (size - 1) | 0 ... 1 |
| 2 | own health / health at the start | 0 ... 1 |
| 3 ... 3+A-1 | own number, one-hot | 0, 1 |
| then 4 for each mate, by number | row and column from me / (size - 1); its health; 1 if seen | -1 ... 1 |
| then 5 for each spirit, in order | row and column from me / (size - 1); toughness / A; next to it / A; 1 if seen |
-1 ... 1 |

"Next to it" counts the living detectives there. The four (five) numbers of a mate (spirit) are all 0 when it is out
of sight, fallen or banished. Distance is counted in
steps (rows + columns). A fallen detective sees nothing: zeros and its own number, whatever happens in the world.
The step limit is a convenience, not part of the task: the time left is *not* observed, and reaching the limit
truncates.

**Rewards** at each step:

| what | who gets it | reward |
|---|---|---|
| a spirit of toughness k is banished | every detective, the fallen too | +0.5 k |
| the last spirit is banished | every detective, the fallen too | +2 more |
| health lost | the detective that lost it | -0.2 for each |
| a fall | the detective that fell | -0.5 |

**Ends**: a detective that falls is terminated while the others play on. When all spirits are banished (won) or all
detectives
have fallen (lost), all are terminated. After `step_limit` steps the case is adjourned: those still standing are
truncated.

**Versions**: 1 (2026-11) first rules.
"""

import functools
from typing import NamedTuple

import numpy as np

from ppo_lessons.spirit_world.cases import Case

VERSION = 1
ACTION_NAMES = ("stay", "up", "down", "left", "right")
MOVES = np.array([(0, 0), (-1, 0), (1, 0), (0, -1), (0, 1)])
BANISH_REWARD, WIN_REWARD, HEALTH_REWARD, FALL_REWARD = 0.5, 2.0, -0.2, -0.5


class WorldState(NamedTuple):
    """Where everything stands, in E copies of the world."""

    detectives: np.ndarray
    """Row and column, int64, (E, A, 2)."""
    health: np.ndarray
    """Health that is left, int64, (E, A); 0: fallen."""
    spirits: np.ndarray
    """Row and column, int64, (E, S, 2)."""
    banished: np.ndarray
    """bool, (E, S)."""
    clock: np.ndarray
    """Steps played in this case, int64, (E,)."""


class Events(NamedTuple):
    """What happened in one step, in E copies of the world."""

    next_to: np.ndarray
    """Detective a was alive and next to the living spirit s after the moves, bool, (E, A, S)."""
    banished: np.ndarray
    """The spirit was banished in this step, bool, (E, S)."""
    health_lost: np.ndarray
    """int64, (E, A)."""
    fell: np.ndarray
    """The detective fell in this step, bool, (E, A)."""
    won: np.ndarray
    """bool, (E,)."""
    lost: np.ndarray
    """bool, (E,)."""
    adjourned: np.ndarray
    """The step limit was reached, neither won nor lost, bool, (E,)."""


def new_cases(case: Case, num_envs: int, rng: np.random.Generator) -> WorldState:
    """Lay out `num_envs` fresh cases: detectives in the two lowest rows, spirits at least two rows above them."""
    detectives = np.empty((num_envs, case.num_detectives, 2), np.int64)
    detectives[..., 0] = rng.integers(case.size - 2, case.size, detectives.shape[:2])
    detectives[..., 1] = rng.integers(0, case.size, detectives.shape[:2])
    spirits = np.empty((num_envs, case.num_spirits, 2), np.int64)
    spirits[..., 0] = rng.integers(0, case.size - 3, spirits.shape[:2])
    spirits[..., 1] = rng.integers(0, case.size, spirits.shape[:2])
    return WorldState(
        detectives=detectives,
        health=np.full((num_envs, case.num_detectives), case.health),
        spirits=spirits,
        banished=np.zeros((num_envs, case.num_spirits), bool),
        clock=np.zeros(num_envs, np.int64),
    )


def advance(case: Case, state: WorldState, actions: np.ndarray, rng: np.random.Generator) -> tuple[WorldState, Events]:
    """Play one step in every copy; the arrays of `state` are not changed.

    Args:
        case: The rules' numbers.
        state: Before the step.
        actions: One action a detective, 0 to 4, (E, A). Those of fallen detectives have no effect.
        rng: Draws the drift; the number of draws does not depend on the state.

    Returns:
        The state after the step, and what happened.
    """
    alive = state.health > 0  # (E, A)
    moves = MOVES[np.where(alive, actions, 0)]  # (E, A, 2)
    detectives = np.clip(state.detectives + moves, 0, case.size - 1)

    near = _steps(_offsets(_places(detectives), _places(state.spirits))) <= 1  # (S, A, E)
    next_to = (near & alive.T & ~state.banished.T[:, None]).transpose(2, 1, 0)  # (E, A, S)
    banished_now = (next_to.sum(axis=1) >= np.array(case.toughness)) & ~state.banished  # (E, S)
    drains = (next_to & ~banished_now[:, None, :]).sum(axis=2)  # (E, A)
    health_lost = np.minimum(state.health, drains)
    health = state.health - health_lost
    fell = alive & (health == 0)
    banished = state.banished | banished_now

    clock = state.clock + 1
    won = banished.all(axis=1)
    lost = (health == 0).all(axis=1) & ~won
    adjourned = (clock >= case.step_limit) & ~won & ~lost
    spirits = _drift(case, state.spirits, banished, rng)
    after = WorldState(detectives, health, spirits, banished, clock)
    return after, Events(next_to, banished_now, health_lost, fell, won, lost, adjourned)


def rewards_of(case: Case, events: Events) -> np.ndarray:
    """Return the reward of each detective for one step, float32, (E, A)."""
    team = BANISH_REWARD * events.banished @ np.array(case.toughness) + WIN_REWARD * events.won  # (E,)
    own = HEALTH_REWARD * events.health_lost + FALL_REWARD * events.fell  # (E, A)
    return (team[:, None] + own).astype(np.float32)


def observe(case: Case, state: WorldState) -> np.ndarray:
    """Return what each detective sees (the table at the top of this module), float32, (E, A, D)."""
    num_envs, num_agents = state.health.shape
    mates_from, spirits_from = 3 + num_agents, 3 + num_agents + 4 * (num_agents - 1)
    place = _places(state.detectives)  # (2, A, E)
    health = np.ascontiguousarray(state.health.T * np.float32(1.0 / case.health), np.float32)  # (A, E)
    alive = health > 0
    table = np.zeros((case.obs_size, num_agents, num_envs), np.float32)  # (D, A, E)
    np.multiply(place, _scale(case), out=table[0:2])
    table[2] = health
    _observe_mates(case, place, health, table[mates_from:spirits_from])
    _observe_spirits(case, state, place, alive, table[spirits_from:])
    if not alive.all():
        table *= alive
    table[3:mates_from] = np.eye(num_agents, dtype=np.float32)[..., None]
    return np.ascontiguousarray(table.transpose(2, 1, 0))


def _scale(case: Case) -> np.float32:
    return np.float32(1.0 / (case.size - 1))


def _observe_mates(case: Case, place: np.ndarray, health: np.ndarray, table: np.ndarray) -> None:
    """Write what each detective sees of its mates: place (2, A, E) and health (A, E) into table (4 (A-1), A, E)."""
    num_agents, num_envs = health.shape
    others = _others(num_agents).T  # (A-1, A)
    offset = place[:, others] - place[:, None]  # (2, A-1, A, E)
    mates = table.reshape(num_agents - 1, 4, num_agents, num_envs)
    np.multiply(offset.swapaxes(0, 1), _scale(case), out=mates[:, 0:2])
    mates[:, 2] = health[others]
    mates[:, 3] = 1.0
    mates *= ((mates[:, 2] > 0) & _in_sight(case, offset))[:, None]


def _observe_spirits(case: Case, state: WorldState, place: np.ndarray, alive: np.ndarray, table: np.ndarray) -> None:
    """Write what each detective sees of the spirits: place (2, A, E), alive (A, E) into table (5 S, A, E)."""
    num_agents, num_envs = alive.shape
    offset = _offsets(place, _places(state.spirits))  # (2, S, A, E)
    next_to = (_steps(offset) <= 1) & alive  # (S, A, E)
    spirits = table.reshape(case.num_spirits, 5, num_agents, num_envs)
    np.multiply(offset.swapaxes(0, 1), _scale(case), out=spirits[:, 0:2])
    spirits[:, 2] = (np.array(case.toughness, np.float32) / num_agents)[:, None, None]
    spirits[:, 3] = (next_to.sum(axis=1) * np.float32(1.0 / num_agents))[:, None]
    spirits[:, 4] = 1.0
    spirits *= (~state.banished.T[:, None] & _in_sight(case, offset))[:, None]


def _places(rows_and_columns: np.ndarray) -> np.ndarray:
    """Return (E, n, 2) as float32 (2, n, E): numpy is much faster along one long axis than along many pairs."""
    return np.ascontiguousarray(rows_and_columns.transpose(2, 1, 0), np.float32)


def _offsets(detectives: np.ndarray, spirits: np.ndarray) -> np.ndarray:
    """Return rows and columns from each detective (2, A, E) to each spirit (2, S, E), (2, S, A, E)."""
    return spirits[:, :, None] - detectives[:, None]


def _steps(offset: np.ndarray) -> np.ndarray:
    """Steps (rows + columns) to something at that offset (2, ...)."""
    return np.abs(offset[0]) + np.abs(offset[1])


def _in_sight(case: Case, offset: np.ndarray) -> np.ndarray | bool:
    """Whether something at that offset (2, ...) is near enough to be seen."""
    return True if case.sight is None else _steps(offset) <= case.sight


@functools.cache
def _others(num_agents: int) -> np.ndarray:
    """Row a lists the numbers of all agents but a, (A, A-1)."""
    return np.array([[j for j in range(num_agents) if j != i] for i in range(num_agents)], np.int64)


def _drift(case: Case, spirits: np.ndarray, banished: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return where the spirits (E, S, 2) are after they drifted."""
    moves = MOVES[rng.integers(1, 5, banished.shape)]  # (E, S, 2)
    drifts = (rng.random(banished.shape) < case.drift) & ~banished
    return np.clip(spirits + moves * drifts[..., None], 0, case.size - 1)

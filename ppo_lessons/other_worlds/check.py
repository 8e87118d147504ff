"""`check_team_env`: play random legal actions, and say every promise that a world breaks, at which step, what to do.

A world that others wrote is first played as it is, without an adapter: that finds all, and not the first only.
"""

import copy
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
from pettingzoo import AECEnv

from ppo_lessons.other_worlds import promises
from ppo_lessons.other_worlds.adapters import GymnasiumTeam, PettingZooTeam, name_of, simultaneous
from ppo_lessons.other_worlds.arrays import faults_of_arrays
from ppo_lessons.other_worlds.copies import Copies
from ppo_lessons.other_worlds.promises import Finding
from ppo_lessons.other_worlds.raw_worlds import RawGymnasium, RawParallel, RawWorld
from ppo_lessons.other_worlds.spaces import Layout
from ppo_lessons.team_env import TeamEnv


def check_team_env(world: TeamEnv | Callable[[], Any], num_steps: int = 200, seed: int = 0) -> None:
    """Hold a world against the promise of `TeamEnv`, and if others wrote it, against theirs.

    Args:
        world: A `TeamEnv`, which is reset and left in the middle of an episode; or a function that makes one copy of a
            PettingZoo or Gymnasium environment.
        num_steps: How many steps to play.
        seed: For the world and the random actions.

    Raises:
        ValueError: With every rule that is broken, what was got, at which step, and what to do.
    """
    if faults := find_faults(world, num_steps, seed):
        raise ValueError("\n".join(faults))


def find_faults(world: TeamEnv | Callable[[], Any], num_steps: int = 200, seed: int = 0) -> list[str]:
    """Return every promise that a world breaks, in words; empty for a sound one. See `check_team_env`."""
    if isinstance(world, Copies):
        faults, env = faults_of_maker(world.make_env, num_steps, seed), world
    elif callable(world) or hasattr(world, "observation_space") or hasattr(world, "possible_agents"):
        faults = faults_of_maker(world, num_steps, seed)
        env = None if faults else team_of(world)
    else:
        faults, env = [], world
    return faults or list(faults_of_arrays(env, num_steps, seed))


def team_of(make_env: Callable[[], Any], num_envs: int = 1) -> Copies:
    """Return the team for copies of a world, whichever of the two kinds it is; agents that differ are padded."""
    if hasattr(make_env(), "possible_agents"):
        return PettingZooTeam(make_env, num_envs, different_agents="padded")
    return GymnasiumTeam(make_env, num_envs)


def faults_of_maker(make_env: Callable[[], Any], num_steps: int, seed: int) -> list[str]:
    """Play a world that others wrote as it is, without an adapter.

    Args:
        make_env: Makes one copy.
        num_steps: How many steps to play.
        seed: For the world and the random actions.

    Returns:
        Each rule that is broken, told once: where first, and how often.
    """
    first: dict[str, str] = {}
    count: dict[str, int] = {}
    for where, finding in _from_the_start(make_env, num_steps, seed):
        first.setdefault(finding.rule, finding.at(where))
        count[finding.rule] = count.get(finding.rule, 0) + 1
    return [text + (f" ({count[rule] - 1} times more)" if count[rule] > 1 else "") for rule, text in first.items()]


def _from_the_start(make_env: Callable[[], Any], num_steps: int, seed: int) -> Iterator[tuple[str, Finding]]:
    """Yield what is wrong, and where: with what makes a world, with the world as it is made, and as it is played."""
    broken = list(promises.of_maker(make_env))
    yield from (("make_env", finding) for finding in broken)
    if broken:
        return
    envs = [make_env() for _ in range(2)]
    name = name_of(envs[0])
    is_team = hasattr(envs[0], "possible_agents")
    of_world = promises.of_parallel_world if is_team else promises.of_gymnasium_world
    if is_team and isinstance(envs[0], AECEnv):
        if not envs[0].metadata.get("is_parallelizable"):
            yield name, promises.of_turns()
            return
        envs = [simultaneous(env, name) for env in envs]
    broken = [*promises.of_copies(envs), *of_world(envs[0])]
    yield from ((name, finding) for finding in broken)
    if broken:
        return
    worlds = [(RawParallel if is_team else RawGymnasium)(env) for env in envs]
    try:
        Layout(worlds[0].spaces_of_all(), agent_id=True)
    except ValueError as error:
        yield name, promises.no_layout(error)
        return
    yield from ((f"{name}, {where}", finding) for where, finding in _played(worlds, num_steps, seed))
    for world in worlds:
        world.close()


def _played(worlds: list[RawWorld], num_steps: int, seed: int) -> Iterator[tuple[str, Finding]]:
    """Play the same actions in two copies with the same seed, and yield where something is wrong, and what."""
    world, twin = worlds
    rng = np.random.default_rng(seed)
    if not (yield from _laid_out(worlds, seed)):
        return
    alike = True
    for t in range(1, num_steps + 1):
        where = f"step {t}"
        kept, seen_before = world.seen, copy.deepcopy(world.seen)
        actions = world.actions(rng)
        for each in worlds:
            before = np.random.get_state()[1].copy()
            finding = each.step(actions)
            if finding is not None:
                yield where, finding
                return
            if not np.array_equal(before, np.random.get_state()[1]):
                yield where, DRAWS_FROM_ALL
        findings = list(world.findings())
        yield from ((where, finding) for finding in findings)
        if not same(kept, seen_before):
            yield where, CHANGES_WHAT_IT_GAVE
        if alike and not same(world.told(), twin.told()):
            alike = False
            yield where, NOT_SEEDED
        if not world.can_go_on or not twin.can_go_on:
            return
        if world.over or twin.over:
            if not (yield from _laid_out(worlds, None if alike else seed)):
                return


def _laid_out(worlds: list[RawWorld], seed: int | None) -> Iterator[tuple[str, Finding]]:
    """Reset both copies; returns whether they can be played."""
    for world in worlds:
        finding = world.reset(seed)
        if finding is not None:
            yield "reset", finding
            return False
    findings = list(worlds[0].findings())
    yield from (("reset", finding) for finding in findings)
    if seed is not None and not same(worlds[0].told(), worlds[1].told()):
        yield "reset", NOT_SEEDED
    return all(world.can_go_on for world in worlds)


CHANGES_WHAT_IT_GAVE = Finding(
    "An observation that was handed out must stay as it was",
    "one that changed with the next step",
    "Return a copy: return self.state.copy()",
)
DRAWS_FROM_ALL = Finding(
    "A world must draw from a generator of its own",
    "draws from numpy's global one, which others draw from too",
    "Make one in reset(seed): self.rng = np.random.default_rng(seed)",
)
NOT_SEEDED = Finding(
    "The same seed and the same actions must give the same episodes",
    "two copies that told different things",
    "Draw every random number from a generator that reset(seed) seeds, and set back all that an episode changes.",
)


def same(one: Any, other: Any) -> bool:
    """Say whether two observations, or dictionaries and tuples of them, are equal; NaN equals NaN."""
    if isinstance(one, dict):
        return isinstance(other, dict) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, (tuple, list)):
        return len(one) == len(other) and all(map(same, one, other))
    try:
        return bool(np.array_equal(one, other, equal_nan=True))
    except TypeError:  # what cannot be NaN
        return bool(np.array_equal(one, other))

"""`check_team_env`: play random legal actions, and say every promise that a world breaks, at which step, what to do.

A world that others wrote is first played as it is, without an adapter: that finds all, and not the first only.
"""

import copy
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np
from pettingzoo import AECEnv

from ppo_lessons.errors import NonFiniteError, WorldError
from ppo_lessons.other_worlds import promises
from ppo_lessons.other_worlds.adapters import GymnasiumTeam, PettingZooTeam, simultaneous
from ppo_lessons.other_worlds.arrays import faults_of_arrays
from ppo_lessons.other_worlds.copies import Copies
from ppo_lessons.other_worlds.made_worlds import (
    is_of_team,
    name_of,
    of_gymnasium_world,
    of_parallel_world,
    of_turn_taker,
)
from ppo_lessons.other_worlds.promises import Finding
from ppo_lessons.other_worlds.raw_worlds import RawGymnasium, RawParallel, RawWorld
from ppo_lessons.other_worlds.spaces import Layout
from ppo_lessons.other_worlds.words import same, snapshot
from ppo_lessons.team_env import TeamEnv


def check_team_env(world: TeamEnv | Callable[[], Any], num_steps: int = 200, seed: int = 0) -> None:
    """Hold a world against the promise of `TeamEnv`, and if others wrote it, against theirs.

    Args:
        world: A `TeamEnv`, which is reset and left in the middle of an episode; or a function that makes one copy of a
            PettingZoo or Gymnasium environment.
        num_steps: How many steps to play, resets among them.
        seed: For the world and the random actions.

    Raises:
        ValueError: With every rule that is broken, what was got, at which step, and what to do.
    """
    if faults := find_faults(world, num_steps, seed):
        raise ValueError("\n".join(faults))


def find_faults(world: TeamEnv | Callable[[], Any], num_steps: int = 200, seed: int = 0) -> list[str]:
    """Return every promise that a world breaks, in words; empty for a sound one. See `check_team_env`."""
    if isinstance(world, Copies):
        return faults_of_maker(world.make_env, num_steps, seed) or _of_team(lambda: world, num_steps, seed)
    if callable(world) or isinstance(world, ModuleType) or any(hasattr(world, name) for name in OF_OTHERS):
        return faults_of_maker(world, num_steps, seed) or _of_team(lambda: team_of(world), num_steps, seed)
    return _of_team(lambda: world, num_steps, seed)


OF_OTHERS = ("observation_space", "possible_agents")
"""What a world of others has, and a `TeamEnv` has not."""


def _of_team(make_team: Callable[[], TeamEnv], num_steps: int, seed: int) -> list[str]:
    """Play a team, and return what is wrong with its arrays, or what it refuses."""
    faults: list[str] = []
    try:
        faults.extend(faults_of_arrays(make_team(), num_steps, seed))
    except (WorldError, NonFiniteError) as error:  # what an adapter refuses
        faults.append(str(error))
    except Exception as error:
        faults.append(promises.of_the_rest(error).at("a team"))
    return faults


def team_of(make_env: Callable[[], Any], num_envs: int = 1) -> Copies:
    """Return the team for copies of a world, whichever of the two kinds it is; agents that differ are padded."""
    if is_of_team(make_env()):
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
    chance = np.random.get_state()
    np.random.seed(seed % 2**32)  # a world that draws from numpy's global generator is told the same every time
    try:
        for where, finding in _from_the_start(make_env, num_steps, seed):
            first.setdefault(finding.rule, finding.at(where))
            count[finding.rule] = count.get(finding.rule, 0) + 1
    except Exception as error:  # what nobody has thought of
        finding = promises.of_the_rest(error)
        first[finding.rule] = finding.at("find_faults")
    finally:
        np.random.set_state(chance)
    return [
        text + (f" ({count[rule] - 1} times more)" if count.get(rule, 0) > 1 else "") for rule, text in first.items()
    ]


def _from_the_start(make_env: Callable[[], Any], num_steps: int, seed: int) -> Iterator[tuple[str, Finding]]:
    """Yield what is wrong, and where: with what makes a world, with the world as it is made, and as it is played."""
    if broken := list(promises.of_maker(make_env)):
        yield from (("make_env", finding) for finding in broken)
        return
    envs: list[Any] = []
    for _ in range(3):
        try:
            envs.append(make_env())
        except Exception as error:
            yield "make_env", promises.of_call("make_env", error)
            return
    name = name_of(envs[0])
    broken = list(of_turn_taker(envs[0])) if isinstance(envs[0], AECEnv) else []
    if not broken:
        envs = [simultaneous(env, name) if isinstance(env, AECEnv) else env for env in envs]
    if broken := broken or list(_as_made(envs)):
        yield from ((name, finding) for finding in broken)
        return
    worlds = [(RawParallel if is_of_team(env) else RawGymnasium)(env) for env in envs]
    try:
        Layout(worlds[0].spaces_of_all(), agent_id=True)
    except ValueError as error:
        yield name, promises.no_layout(error)
        return
    told = [(f"{name}, {where}", finding) for where, finding in _played(worlds, num_steps, seed)]
    yield from told
    unseeded = worlds[2].reset(None)
    if unseeded is not None and all(finding.rule != unseeded.rule for _, finding in told):
        yield f"{name}, reset of a new copy without a seed", unseeded
    for world in worlds:
        if finding := world.close():
            yield f"{name}, close", finding


def _as_made(envs: list[Any]) -> Iterator[Finding]:
    """Yield what is wrong with several copies before their first reset."""
    of_world = of_parallel_world if is_of_team(envs[0]) else of_gymnasium_world
    for env in envs:
        if broken := list(of_world(env)):
            yield from broken
            return
    yield from promises.of_copies(envs)


class Played(NamedTuple):
    """One reset or step of an episode, to be played again."""

    where: str
    seed: int | None
    """Of a reset."""
    actions: Any
    """Of a step; None: it was a reset."""
    told: Any
    """A copy of what the world told."""


def _played(worlds: list[RawWorld], num_steps: int, seed: int) -> Iterator[tuple[str, Finding]]:
    """Play one copy alone, then the same once more with another copy beside it, and yield where what is wrong."""
    history: list[Played] = []
    if not (yield from _alone(worlds[0], num_steps, seed, history)):
        return
    for played in history:
        again, beside = (same(_again(world, played), played.told) for world in worlds[:2])
        if not beside:
            yield played.where, NOT_ALONE if again else NOT_SEEDED
            return
        if not again and played is history[0]:  # not the later ones: even well-known worlds keep some traces
            yield played.where, NOT_SET_BACK


def _alone(world: RawWorld, num_steps: int, seed: int, history: list[Played]) -> Iterator[tuple[str, Finding]]:
    """Play random actions, note all in the history, and yield what is wrong; returns whether all could be played."""
    rng = np.random.default_rng(seed)
    episode, in_episode = 0, 0
    for _ in range(num_steps + 1):
        begins = world.over or not history
        episode, in_episode = (episode + 1, 0) if begins else (episode, in_episode + 1)
        where = f"step {in_episode}" if in_episode else "reset"
        where = where if episode == 1 else f"episode {episode}, {where}"
        kept, seen_before, before = world.seen, snapshot(world.seen), _chance_of_all()
        of_reset, actions = seed if episode == 1 else None, None if begins else world.actions(rng)
        finding = world.reset(of_reset) if begins else world.step(actions)
        if finding is not None:
            yield where, finding
            return False
        history.append(Played(where, of_reset, actions, world.told()))
        if before != _chance_of_all():
            yield where, DRAWS_FROM_ALL
        yield from ((where, finding) for finding in world.findings())
        if not same(snapshot(kept), seen_before):
            yield where, CHANGES_WHAT_IT_GAVE
        if not world.can_go_on:
            return False
    return True


def _again(world: RawWorld, played: Played) -> Any:
    """Return what a world tells when it does the same; what it raises, if it does."""
    actions = copy.deepcopy(played.actions)
    return (world.reset(played.seed) if actions is None else world.step(actions)) or world.told()


def _chance_of_all() -> tuple[int, bytes]:
    """Return where numpy's global generator stands."""
    state: Any = np.random.get_state()
    return state[2], state[1].tobytes()


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
    "something else from a second copy",
    "Draw every random number from a generator that reset(seed) seeds, and keep it when reset has no seed.",
)
NOT_SET_BACK = Finding(
    "reset(seed) must begin anew, whatever was played before",
    "something else the second time",
    "Set back in reset all that an episode changes.",
)
NOT_ALONE = Finding(
    "Copies of a world must be made alike and share nothing that changes",
    "something else from a second copy, while the first one repeats itself",
    "Make all that an episode changes in reset (self.items = []), not in the class, in the module or as a default.",
)

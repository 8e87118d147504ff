"""A world that others wrote as it was made, before its first reset: what it lacks, in words."""

from collections.abc import Iterator, Mapping
from typing import Any

import gymnasium
from gymnasium.spaces import Box, Dict, MultiBinary, MultiDiscrete, Space, Tuple, flatdim
from gymnasium.vector import VectorEnv
from pettingzoo import AECEnv, ParallelEnv

from ppo_lessons.other_worlds import words
from ppo_lessons.other_worlds.promises import Finding, of_call
from ppo_lessons.other_worlds.spaces import MASK

SPACES = ("observation_space", "action_space")
ANOTHER_KIND = {
    "vector": ("the vector environment {}", "Take GymnasiumVectorTeam for it."),
    "team": ("the team's world {}", "Take PettingZooTeam for it."),
    "ready": ("the TeamEnv {}", "It is a team already: hand it over as it is."),
    "alone": ("the Gymnasium environment {}", "Take GymnasiumTeam for it."),
}
"""What a world is called that was handed to the wrong one, and who takes it."""


def is_of_team(env: Any) -> bool:
    """Say whether a world is one for a team."""
    return isinstance(env, (ParallelEnv, AECEnv)) or hasattr(env, "possible_agents")


def name_of(env: Any) -> str:
    """Return what a world is called: by its registration, by its metadata, or by its class."""
    spec, metadata = getattr(env, "spec", None), getattr(env, "metadata", None)
    named = metadata.get("name") if isinstance(metadata, Mapping) else None
    return str(getattr(spec, "id", None) or named or type(getattr(env, "unwrapped", env)).__name__)


def of_turn_taker(env: AECEnv) -> Iterator[Finding]:
    """Say why an `AECEnv` cannot be played as a `ParallelEnv`, if its agents take turns."""
    metadata = getattr(env, "metadata", None)
    if not hasattr(env, "possible_agents"):
        yield from of_parallel_world(env)
    elif not isinstance(metadata, Mapping) or not metadata.get("is_parallelizable"):
        yield Finding(
            "Agents of a team must act at once: a rollout holds a decision of every living agent at every step",
            "a world whose agents take turns: each would answer a move that another has not made yet, and a row in "
            "which it has no say is no decision to learn from",
            "Write it as a ParallelEnv in which whoever waits idles, or train one player against a fixed one as a "
            "Gymnasium environment.",
        )


def of_parallel_world(env: Any) -> Iterator[Finding]:
    """Say what a `ParallelEnv` lacks, before its first reset."""
    rule, advice = "A world of a team must be a PettingZoo ParallelEnv", "See PettingZoo's page on the parallel API."
    kind = _kind(env)
    if kind not in (None, "team"):
        yield _of_another_kind(rule, env, kind)
        return
    if missing := [name for name in ("possible_agents", "reset", "step", *SPACES) if not hasattr(env, name)]:
        yield from (Finding(rule, f"{type(env).__name__} without {name}", advice) for name in missing)
        return
    yield from _of_agents(env.possible_agents)
    for name in SPACES:
        if callable(method := getattr(env, name)):
            for agent in words.listed(env.possible_agents):
                yield from _of_space_of(method, name, agent)
        else:
            got, what = (
                ("a dictionary", f"{name}s[agent]") if isinstance(method, Mapping) else (_short(method), "space")
            )
            advice = f"Write a method: def {name}(self, agent): return self.{what}"
            yield Finding(f"{name}(agent) must be a method that returns the agent's space", got, advice)


def of_gymnasium_world(env: Any) -> Iterator[Finding]:
    """Say what a Gymnasium environment lacks, before its first reset."""
    rule, advice = "A world for one must be a Gymnasium environment", "See Gymnasium's page on making environments."
    kind = _kind(env)
    if kind not in (None, "alone"):
        yield _of_another_kind(rule, env, kind)
        return
    if missing := [name for name in (*SPACES, "reset", "step") if not hasattr(env, name)]:
        yield from (Finding(rule, f"{type(env).__name__} without {name}", advice) for name in missing)
        return
    for name in SPACES:
        yield from _of_space(f"{name} must be", name, getattr(env, name))


def _kind(env: Any) -> str | None:
    """Return which kind of world something seems to be; None: of none."""
    if isinstance(env, VectorEnv):
        return "vector"
    if is_of_team(env):
        return "team"
    if hasattr(env, "observation_space"):
        return "alone"
    return "ready" if hasattr(env, "num_envs") and hasattr(env, "obs_size") else None


def _of_another_kind(rule: str, env: Any, kind: str | None) -> Finding:
    called, advice = ANOTHER_KIND[str(kind)]
    return Finding(rule, called.format(type(env).__name__), advice)


def _of_agents(agents: Any) -> Iterator[Finding]:
    """Say what is wrong with `possible_agents`."""
    if agents is not None and not words.is_listing(agents):
        advice = "Write in __init__: self.possible_agents = [...]"
        yield Finding("possible_agents must be a list of names", words.in_words(agents), advice)
    elif not agents:
        yield Finding("possible_agents must list every agent that may ever take part", "none", "List them in __init__.")
    elif odd := [agent for agent in agents if not words.is_name(agent)]:
        rule = "An agent's name must be something that a dictionary can be keyed by"
        yield Finding(rule, words.in_words(odd[0]), "Take a text or a number.")
    elif len(set(agents)) < len(agents):
        yield Finding("Each agent must have a name of its own", f"{agents}", "Give them different names.")


def _of_space_of(method: Any, name: str, agent: Any) -> Iterator[Finding]:
    """Say what is wrong with one space of one agent."""
    try:
        space = method(agent)
    except Exception as error:
        yield of_call(name, error, agent)
    else:
        yield from _of_space(f"{name}(agent) must return", name, space, agent)


def _of_space(rule: str, name: str, space: Any, agent: Any = None) -> Iterator[Finding]:
    """Say so if something is no space, or if there is nothing to be seen or to be chosen in it."""
    if not isinstance(space, Space):
        advice = "Take one of gymnasium.spaces, for instance Box or Discrete."
        yield Finding(f"{rule} one of Gymnasium's spaces", _short(space), advice, agent)
    elif name == "observation_space" and _is_blind(space, agent is None):
        rule = f"An agent must see something: at least one number, an {MASK} not counted"
        yield Finding(rule, words.short(space), "If there is nothing to be seen, show a 0: Box(0, 0, (1,)).", agent)
    elif name == "action_space" and isinstance(space, (Box, MultiBinary, MultiDiscrete)) and 0 in space.shape:
        advice = "If it has no choice, let it choose out of one: Discrete(1)."
        yield Finding("An agent must have something to choose", words.short(space), advice, agent)


def _short(space: Any) -> str:
    """Return how a space is written; those of another library look the same and are told with where they are from."""
    kind = type(space)
    if isinstance(space, Space):
        return words.short(space)
    is_namesake = isinstance(getattr(gymnasium.spaces, kind.__name__, None), type)
    return f"{kind.__module__}.{kind.__name__}" if is_namesake else words.in_words(space)


def _is_blind(space: Space, alone: bool) -> bool:
    """Say whether nothing is seen, or a part of it has no parts; in a team there is the agent's own number besides."""
    if not isinstance(space, (Dict, Tuple)):
        return alone and _size(space) == 0
    named = space.spaces.items() if isinstance(space, Dict) else enumerate(space.spaces)
    parts = [part for name, part in named if name != MASK]
    nothing = alone and all(_size(part) == 0 for part in parts)
    return not parts or nothing or any(_is_blind(part, alone=False) for part in parts)


def _size(space: Space) -> int:
    try:
        return flatdim(space)
    except Exception:  # said elsewhere: a space of no fixed size
        return 1

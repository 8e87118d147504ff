"""What a world that others wrote promises, and every way to break it, in words: the rule, what was got, what to do.

The adapters refuse the first finding of a step; the check collects them all. Both ask here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

PARALLEL_STEP = ("observations", "rewards", "terminations", "truncations", "infos")
"""What `ParallelEnv.step` returns: five dictionaries, each with an entry for every agent that acted."""
SIGNATURES = {"reset": "reset(self, seed=None, options=None)", "step": "step(self, actions)"}


class Finding(NamedTuple):
    """A promise that was broken."""

    rule: str
    """What was promised."""
    got: str
    """What came instead."""
    advice: str
    """What its author can do."""
    agent: Any = None
    """Whose entry it is; None: nobody's alone."""

    def at(self, where: str) -> str:
        """Return it in words, with where it was found: which world, copy and step."""
        whose = "" if self.agent is None else f", agent {self.agent!r}"
        return f"{self.rule}. Got {self.got} ({where}{whose}). {self.advice}"


def of_turns() -> Finding:
    """Say why agents that take turns do not fit."""
    return Finding(
        "Agents of a team must act at once: a rollout holds a decision of every living agent at every step",
        "a world whose agents take turns: each would answer a move that another has not made yet, and a row in which "
        "it has no say is no decision to learn from",
        "Write it as a ParallelEnv in which whoever waits idles, or train one player against a fixed one as a "
        "Gymnasium environment.",
    )


def of_maker(make_env: Any) -> Iterator[Finding]:
    """Say what is wrong with what is to make the copies."""
    rule = "make_env must be a function that makes a new copy of the world each time it is called"
    if isinstance(make_env, ModuleType):
        yield Finding(rule, f"the module {make_env.__name__}", "Write: lambda: module.parallel_env()")
    elif hasattr(make_env, "step") and not isinstance(make_env, type):
        yield Finding(rule, f"a {type(make_env).__name__} that is made already", "Write: lambda: MyWorld(...)")
    elif not callable(make_env):
        yield Finding(rule, type(make_env).__name__, "Write: lambda: MyWorld(...)")


def of_copies(envs: Sequence[Any]) -> Iterator[Finding]:
    """Say so if several copies are one and the same world, or wrap the same one."""
    worlds = [id(getattr(env, "unwrapped", env)) for env in envs]
    if len(set(worlds)) < len(worlds):
        first = next(e for e, world in enumerate(worlds) if world in worlds[:e])
        yield Finding(
            "Each copy must be a world of its own: otherwise the copies play each other's steps",
            f"the same world as copy {worlds.index(worlds[first])} and as copy {first}",
            "Make the world inside make_env, not before it.",
        )


def of_parallel_world(env: Any) -> Iterator[Finding]:
    """Say what a `ParallelEnv` lacks, before its first reset."""
    rule = "A world of a team must be a PettingZoo ParallelEnv"
    names = ("possible_agents", "reset", "step", "observation_space", "action_space")
    if hasattr(env, "observation_space") and not hasattr(env, "possible_agents"):
        yield Finding(rule, f"the Gymnasium environment {type(env).__name__}", "Take GymnasiumTeam for it.")
        return
    for name in names:
        if not hasattr(env, name):
            yield Finding(rule, f"{type(env).__name__} without {name}", "See PettingZoo's page on the parallel API.")
    for name in ("observation_space", "action_space"):
        if isinstance(getattr(env, name, None), Mapping):
            advice = f"Write a method: def {name}(self, agent): return self.{name}s[agent]"
            yield Finding(f"{name}(agent) must be a method that returns the agent's space", "a dictionary", advice)
    agents = list(getattr(env, "possible_agents", ()) or ())
    if hasattr(env, "possible_agents") and not agents:
        yield Finding("possible_agents must list every agent that may ever take part", "none", "List them in __init__.")
    if len(set(agents)) < len(agents):
        yield Finding("Each agent must have a name of its own", f"{agents}", "Give them different names.")


def of_parallel_reset(possible: Sequence[Any], outcome: Any, agents: Any) -> Iterator[Finding]:
    """Say what is wrong with what `ParallelEnv.reset` returned, and with `agents` after it."""
    rule = "reset() must return two dictionaries, observations and infos"
    if not _is_tuple(outcome, 2) or not all(isinstance(part, Mapping) for part in outcome):
        yield Finding(rule, _in_words(outcome), "End reset with: return observations, infos")
        return
    if _names(agents) != _names(possible):
        rule = "After reset() `agents` must hold all of possible_agents: the same team plays every episode"
        advice = "Write in reset: self.agents = self.possible_agents[:]"
        yield Finding(rule, _listed(agents), advice)
    for name in possible:
        if name not in outcome[0]:
            advice = "Let reset return an observation for each agent."
            yield Finding("Each agent must see something after reset()", "no observation", advice, name)


def of_parallel_step(acting: Sequence[Any], outcome: Any, agents: Any) -> Iterator[Finding]:
    """Say what is wrong with what `ParallelEnv.step` returned, and with `agents` after it.

    Args:
        acting: The agents that were given an action.
        outcome: What the step returned.
        agents: `env.agents` after it.
    """
    if not _is_tuple(outcome, 5) or not all(isinstance(part, Mapping) for part in outcome):
        rule = f"step() must return five dictionaries: {', '.join(PARALLEL_STEP)}"
        yield Finding(rule, _in_words(outcome), "They are keyed by the agents that were given an action.")
        return
    for part, name in zip(outcome[:4], PARALLEL_STEP, strict=False):
        for agent in acting:
            if agent not in part:
                rule = f"step() must return {name} for every agent that was given an action, its last step included"
                advice = "Build the dictionaries for all agents that acted, and take agents off `agents` only then."
                yield Finding(rule, f"no entry in {name}", advice, agent)
    _, rewards, ended, cut, _ = outcome
    for agent in acting:
        if agent in rewards and not _is_number(rewards[agent]):
            yield Finding("A reward must be one number", _in_words(rewards[agent]), "Write: float(reward)", agent)
        for name, part in (("terminations", ended), ("truncations", cut)):
            if agent in part and not _is_flag(part[agent]):
                advice = "Write: bool(...)"
                yield Finding(f"{name} must hold True or False", _in_words(part[agent]), advice, agent)
    yield from _who_goes_on(acting, ended, cut, agents)


def of_strangers(name: str, part: Mapping, others: Iterable[Any]) -> Iterator[Finding]:
    """Say which agents have an entry although they had no action; the adapters do not read it."""
    for agent in others:
        if agent in part:
            rule = f"{name} must hold the agents that were given an action, and no others"
            yield Finding(rule, "one more", "Leave out agents that are over.", agent)


def _who_goes_on(acting: Sequence[Any], ended: Mapping, cut: Mapping, agents: Any) -> Iterator[Finding]:
    """Whether `agents` says what the flags say: who is terminated or truncated leaves, and nobody else."""
    after = _names(agents)
    for agent in acting:
        clear = all(agent in part and _is_flag(part[agent]) for part in (ended, cut))
        over = bool(_said(ended, agent) or _said(cut, agent))
        if over and agent in after:
            advice = "Take it off `agents` in the step in which its flag is set; with the last one `agents` is empty."
            got = "an agent that is over and still there"
            yield Finding("An agent that is terminated or truncated must leave `agents`", got, advice, agent)
        if not over and agent not in after and clear:
            advice = "Set terminations[agent] if it is really over for it, truncations[agent] if it is only cut off."
            got = "one that is gone without either flag"
            yield Finding("An agent that leaves `agents` must be terminated or truncated", got, advice, agent)
    for agent in _listed_as_is(agents):
        if agent not in acting:
            advice = "Let it wait for the next episode, or keep it in `agents` all the time with an action that idles."
            rule = "Nobody may come back, or join in, within an episode"
            yield Finding(rule, "an agent that had no action in this step", advice, agent)


def of_gymnasium_world(env: Any) -> Iterator[Finding]:
    """Say what a Gymnasium environment lacks, before its first reset."""
    if hasattr(env, "possible_agents"):
        got = f"the team's world {type(env).__name__}"
        yield Finding("A world for one must be a Gymnasium environment", got, "Take PettingZooTeam for it.")
        return
    for name in ("observation_space", "action_space", "reset", "step"):
        if not hasattr(env, name):
            rule = "A world for one must be a Gymnasium environment"
            advice = "See Gymnasium's page on making environments."
            yield Finding(rule, f"{type(env).__name__} without {name}", advice)


def of_gymnasium_reset(outcome: Any) -> Iterator[Finding]:
    """Say what is wrong with what `Env.reset` returned."""
    if not _is_tuple(outcome, 2) or not isinstance(outcome[1], Mapping):
        rule = "reset() must return a pair: the observation and the infos, a dictionary"
        yield Finding(rule, _in_words(outcome), "End reset with: return observation, {}")


def of_gymnasium_step(outcome: Any) -> Iterator[Finding]:
    """Say what is wrong with what `Env.step` returned."""
    if not _is_tuple(outcome, 5):
        rule = "step() must return five things: observation, reward, terminated, truncated, infos"
        advice = "Four are those of the old Gym: say apart what is really over and what is only cut off."
        yield Finding(rule, _in_words(outcome), advice)
        return
    _, reward, ended, cut, infos = outcome
    if not _is_number(reward):
        yield Finding("A reward must be one number", _in_words(reward), "Write: float(reward)")
    if not isinstance(infos, Mapping):
        yield Finding("The infos must be a dictionary", _in_words(infos), "Return an empty one: {}")
    for name, flag in (("terminated", ended), ("truncated", cut)):
        if not _is_flag(flag):
            yield Finding(f"{name} must be True or False", _in_words(flag), "Write: bool(...)")


def of_call(name: str, error: Exception) -> Finding:
    """Say that the world itself raised an error, and where."""
    rule, advice = f"{name}() must not raise an error", f"Write: def {SIGNATURES[name]}"
    if frames := extract_tb(error.__traceback__)[1:]:  # without our own, which called it
        advice = f"It was raised in {Path(frames[-1].filename).name}, line {frames[-1].lineno}."
    return Finding(rule, f"{type(error).__name__}: {error}", advice)


def of_observation(seen: Any, space: Any, agent: Any = None) -> Finding:
    """Say that an observation is not of its space."""
    rule = f"An observation must be of its space, {_short(space)}"
    return Finding(rule, _in_words(seen), "Let the space say what is returned, or return what it says.", agent)


def no_layout(error: ValueError) -> Finding:
    """Say that the spaces do not fit."""
    rule, _, got = str(error).partition(". Got ")
    got, _, advice = got.partition(". ")
    return Finding(rule, got, f"{advice or 'Another space would do'}.")


def not_finite(what: str, value: float, agent: Any = None) -> Finding:
    """Say that a number is NaN or infinite."""
    advice = "Look for a division by 0, or for numbers that grow without end."
    return Finding(f"{what} must be finite", f"{value}", advice, agent)


def too_large(what: str, value: float, limit: float, agent: Any = None) -> Finding:
    """Say that a number is so large that it drowns all others."""
    rule = f"{what} should be of the size of 1, and below {limit:g} at most: larger ones drown all others in training"
    return Finding(rule, f"{value:g}", "Divide by what is usual in your world.", agent)


def no_mask(name: str, shapes: list[Any], sizes: list[int], agent: Any = None) -> Finding:
    """Say that an action mask does not fit the actions."""
    rule = f"An {name} must be 0 or 1 for each action, of length {sizes}"
    return Finding(rule, f"shapes {shapes}, or other numbers", "Write: np.array([...], dtype=np.int8)", agent)


def late_mask(name: str, agent: Any = None) -> Finding:
    """Say that the first action mask came too late to be noticed."""
    rule, got = f"A world with action masks must tell one with reset() already, as {name}", "the first one later"
    return Finding(rule, got, "Put it into the infos of reset, too, or into the observation.", agent)


def nothing_legal(agent: Any = None) -> Finding:
    """Say that an agent that has to act may do nothing."""
    rule = "An action mask must leave an agent that goes on at least one action"
    return Finding(rule, "a mask of zeros only", "Add an action that does nothing, or end the agent's episode.", agent)


def _is_tuple(outcome: Any, length: int) -> bool:
    return isinstance(outcome, (tuple, list)) and len(outcome) == length


def _is_number(value: Any) -> bool:
    try:
        return np.ndim(value) == 0 and np.asarray(value).dtype.kind in "fiub"
    except (TypeError, ValueError):
        return False


def _is_flag(value: Any) -> bool:
    return _is_number(value) and np.asarray(value).dtype.kind in "iub" and value in (0, 1)


def _said(part: Mapping, agent: Any) -> bool:
    return agent in part and _is_flag(part[agent]) and bool(part[agent])


def _names(agents: Any) -> set[Any]:
    return set(_listed_as_is(agents))


def _listed_as_is(agents: Any) -> list[Any]:
    return list(agents) if isinstance(agents, (list, tuple, set, Mapping)) else []


def _listed(agents: Any) -> str:
    return repr(agents) if isinstance(agents, (list, tuple)) else type(agents).__name__


def _short(space: Any) -> str:
    text = " ".join(str(space).split())
    return text if len(text) < 90 else f"{text[:86]} ..."


def _in_words(value: Any) -> str:
    """Say what something is, shortly."""
    if isinstance(value, np.ndarray):
        ends = f", {value.min():g} to {value.max():g}" if value.size and value.dtype.kind in "fiu" else ""
        return f"an array of {value.dtype}, shape {value.shape}{ends}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}: {', '.join(type(part).__name__ for part in value)}"
    if value is None or isinstance(value, (bool, int, float, str)):
        return repr(value)
    return f"a {type(value).__name__}"

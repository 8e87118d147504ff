"""What a world that others wrote promises, and every way to break it, in words: the rule, what was got, what to do.

The adapters refuse the first finding of a step; the check collects them all. Both ask here.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from traceback import extract_tb
from types import ModuleType
from typing import Any, NamedTuple

import gymnasium
from gymnasium.vector import VectorEnv

from ppo_lessons.other_worlds import words

PARALLEL_STEP = ("observations", "rewards", "terminations", "truncations", "infos")
"""What `ParallelEnv.step` returns: five dictionaries, each with an entry for every agent that acted."""
CALLS = {
    "make_env": "lambda: MyWorld(...)",
    "observation_space": "def observation_space(self, agent)",
    "action_space": "def action_space(self, agent)",
    "reset": "def reset(self, seed=None, options=None)",
    "step": "def step(self, actions)",
    "close": "def close(self)",
}
"""What is called of a world, and how it is written."""
VECTOR = Path(gymnasium.vector.__file__).parent
"""Where errors come out that were raised in another process."""


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


def of_maker(make_env: Any) -> Iterator[Finding]:
    """Say what is wrong with what is to make the copies."""
    rule = "make_env must be a function that makes a new copy of the world each time it is called"
    if isinstance(make_env, VectorEnv):
        yield Finding(rule, f"the vector environment {type(make_env).__name__}", "Take GymnasiumVectorTeam for it.")
    elif isinstance(make_env, ModuleType):
        yield Finding(rule, f"the module {make_env.__name__}", "Write: lambda: module.parallel_env()")
    elif hasattr(make_env, "step") and not isinstance(make_env, type):
        yield Finding(rule, f"a {type(make_env).__name__} that is made already", "Write: lambda: MyWorld(...)")
    elif not callable(make_env):
        yield Finding(rule, words.in_words(make_env), "Write: lambda: MyWorld(...)")


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


def of_parallel_reset(possible: Sequence[Any], outcome: Any, agents: Any) -> Iterator[Finding]:
    """Say what is wrong with what `ParallelEnv.reset` returned, and with `agents` after it."""
    rule = "reset() must return two dictionaries, observations and infos"
    if not words.is_tuple(outcome, 2) or not all(isinstance(part, Mapping) for part in outcome):
        yield Finding(rule, words.in_words(outcome), "End reset with: return observations, infos")
        return
    if words.names(agents) != words.names(possible):
        rule = "After reset() `agents` must hold all of possible_agents: the same team plays every episode"
        advice = "Write in reset: self.agents = self.possible_agents[:]"
        yield Finding(rule, repr(agents) if isinstance(agents, (list, tuple)) else words.in_words(agents), advice)
    for name in possible:
        if name not in outcome[0]:
            advice = "Let reset return an observation for each agent."
            yield Finding("Each agent must see something after reset()", "no observation", advice, name)
        yield from of_info(outcome[1].get(name), name)


def of_parallel_step(acting: Sequence[Any], outcome: Any, agents: Any) -> Iterator[Finding]:
    """Say what is wrong with what `ParallelEnv.step` returned, and with `agents` after it.

    Args:
        acting: The agents that were given an action.
        outcome: What the step returned.
        agents: `env.agents` after it.
    """
    if not words.is_tuple(outcome, 5) or not all(isinstance(part, Mapping) for part in outcome):
        rule = f"step() must return five dictionaries: {', '.join(PARALLEL_STEP)}"
        yield Finding(rule, words.in_words(outcome), "They are keyed by the agents that were given an action.")
        return
    for part, name in zip(outcome[:4], PARALLEL_STEP, strict=False):
        for agent in acting:
            if agent not in part:
                rule = f"step() must return {name} for every agent that was given an action, its last step included"
                advice = "Build the dictionaries for all agents that acted, and take agents off `agents` only then."
                yield Finding(rule, f"no entry in {name}", advice, agent)
    _, rewards, ended, cut, infos = outcome
    for agent in acting:
        yield from _of_reward(rewards.get(agent, 0.0), agent)
        yield from of_info(infos.get(agent), agent)
        for name, part in (("terminations", ended), ("truncations", cut)):
            if agent in part and not words.is_flag(part[agent]):
                advice = "Write: bool(...)"
                yield Finding(f"{name} must hold True or False", words.in_words(part[agent]), advice, agent)
    if words.is_listing(agents):
        yield from _who_goes_on(acting, ended, cut, agents)
    else:
        advice = "Write: self.agents = [agent for agent in self.agents if ...]"
        yield Finding("`agents` must be a list of names", words.in_words(agents), advice)


def of_info(info: Any, agent: Any) -> Iterator[Finding]:
    """Say so if the infos of one agent are none; there need not be any."""
    if info is not None and not isinstance(info, Mapping):
        yield Finding(
            "infos must hold a dictionary for each agent", words.in_words(info), "Take an empty one: {}", agent
        )


def _of_reward(reward: Any, agent: Any = None) -> Iterator[Finding]:
    if not words.is_number(reward):
        advice = "Detach it: float(reward.detach())" if words.is_attached(reward) else "Write: float(reward)"
        yield Finding("A reward must be one number", words.in_words(reward), advice, agent)


def of_strangers(name: str, part: Mapping, others: Iterable[Any]) -> Iterator[Finding]:
    """Say which agents have an entry although they had no action; the adapters do not read it."""
    for agent in others:
        if agent in part:
            rule = f"{name} must hold the agents that were given an action, and no others"
            yield Finding(rule, "one more", "Leave out agents that are over.", agent)


def _who_goes_on(acting: Sequence[Any], ended: Mapping, cut: Mapping, agents: Any) -> Iterator[Finding]:
    """Whether `agents` says what the flags say: who is terminated or truncated leaves, and nobody else."""
    after = words.names(agents)
    for agent in acting:
        clear = all(agent in part and words.is_flag(part[agent]) for part in (ended, cut))
        over = any(agent in part and words.is_flag(part[agent]) and bool(part[agent]) for part in (ended, cut))
        if over and agent in after:
            advice = "Take it off `agents` in the step in which its flag is set; with the last one `agents` is empty."
            got = "an agent that is over and still there"
            yield Finding("An agent that is terminated or truncated must leave `agents`", got, advice, agent)
        if not over and agent not in after and clear:
            advice = "Set terminations[agent] if it is really over for it, truncations[agent] if it is only cut off."
            got = "one that is gone without either flag"
            yield Finding("An agent that leaves `agents` must be terminated or truncated", got, advice, agent)
    for agent in words.listed(agents):
        if not words.is_name(agent) or agent not in acting:
            advice = "Let it wait for the next episode, or keep it in `agents` all the time with an action that idles."
            rule = "Nobody may come back, or join in, within an episode"
            yield Finding(rule, "an agent that had no action in this step", advice, agent)


def of_gymnasium_reset(outcome: Any) -> Iterator[Finding]:
    """Say what is wrong with what `Env.reset` returned."""
    if not words.is_tuple(outcome, 2) or not isinstance(outcome[1], Mapping):
        rule = "reset() must return a pair: the observation and the infos, a dictionary"
        yield Finding(rule, words.in_words(outcome), "End reset with: return observation, {}")


def of_gymnasium_step(outcome: Any) -> Iterator[Finding]:
    """Say what is wrong with what `Env.step` returned."""
    if not words.is_tuple(outcome, 5):
        rule = "step() must return five things: observation, reward, terminated, truncated, infos"
        advice = "Four are those of the old Gym: say apart what is really over and what is only cut off."
        yield Finding(rule, words.in_words(outcome), advice)
        return
    _, reward, ended, cut, infos = outcome
    yield from _of_reward(reward)
    if not isinstance(infos, Mapping):
        yield Finding("The infos must be a dictionary", words.in_words(infos), "Return an empty one: {}")
    for name, flag in (("terminated", ended), ("truncated", cut)):
        if not words.is_flag(flag):
            yield Finding(f"{name} must be True or False", words.in_words(flag), "Write: bool(...)")


def of_call(name: str, error: Exception, agent: Any = None) -> Finding:
    """Say that the world itself raised an error, and where."""
    advice = f"Write: {CALLS[name]}"
    if frames := extract_tb(error.__traceback__)[1:]:  # without our own, which called it
        path = Path(frames[-1].filename)
        advice = f"It was raised in {path.name}, line {frames[-1].lineno}."
        if VECTOR in path.parents:  # it is the copy in its process that knows the line
            advice = "A copy of the vector environment raised it: find_faults, given what makes one copy, says where."
    return Finding(f"{name}() must not raise an error", f"{type(error).__name__}: {error}", advice, agent)


def of_the_rest(error: Exception) -> Finding:
    """Say that a world told something that nothing else here has words for."""
    (*_, frame) = extract_tb(error.__traceback__)
    advice = f"It was raised in {Path(frame.filename).name}, line {frame.lineno}."
    return Finding("A world must tell what can be read", f"{type(error).__name__}: {error}", advice)


def of_observation(seen: Any, space: Any, agent: Any = None) -> Finding:
    """Say that an observation is not of its space."""
    rule, advice = "An observation must be of its space", "Let the space say what is returned, or return what it says."
    if words.is_attached(seen):
        advice = "Detach it, and return an array: seen.detach().cpu().numpy()"
    return Finding(f"{rule}, {words.short(space)}", words.in_words(seen), advice, agent)


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


def no_mask(name: str, mask: Any, sizes: list[int], agent: Any = None) -> Finding:
    """Say that an action mask does not fit the actions."""
    advice = "Write: np.array([...], dtype=np.int8)"
    if len(sizes) > 1:
        advice += ", the flags of one choice after those of another; of a MultiBinary: off, on, off, on, ..."
    rule = f"An {name} must be 0 or 1 for each action, of length {sizes}"
    parts = " and ".join(map(words.in_numbers, mask if isinstance(mask, tuple) else (mask,)))
    return Finding(rule, f"a tuple of {parts}" if isinstance(mask, tuple) else parts, advice, agent)


def late_mask(name: str, agent: Any = None) -> Finding:
    """Say that the first action mask came too late to be noticed."""
    rule, got = f"A world with action masks must tell one with reset() already, as {name}", "the first one later"
    return Finding(rule, got, "Put it into the infos of reset, too, or into the observation.", agent)


def nothing_legal(agent: Any = None) -> Finding:
    """Say that an agent that has to act may do nothing."""
    rule = "An action mask must leave an agent that goes on at least one action"
    return Finding(rule, "a mask of zeros only", "Add an action that does nothing, or end the agent's episode.", agent)

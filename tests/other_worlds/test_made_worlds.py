"""What a world lacks before its first reset: the check says it, and the team refuses it, in the same words."""

import re
import types

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiBinary, MultiDiscrete, Tuple
from gymnasium.vector import SyncVectorEnv
from pettingzoo import AECEnv, ParallelEnv

from ppo_lessons.other_worlds.adapters import GymnasiumTeam, PettingZooTeam
from ppo_lessons.other_worlds.check import find_faults
from ppo_lessons.other_worlds.made_worlds import is_of_team, name_of, of_gymnasium_world, of_parallel_world
from ppo_lessons.spirit_world.env import SpiritWorld
from tests.other_worlds import broken_worlds as worlds

TWO = Box(-1, 1, (2,), np.float32)


def has(world, **attributes):
    """A world with something else in the place of what it has."""
    return type("Changed", (world,), attributes)


def for_b(space):
    """The space of agent b; a has a sound one."""
    return lambda self, agent: space if agent == "b" else TWO


def raises(self, agent):
    return {"a": TWO}[agent]


class WithoutAgents(ParallelEnv):
    """A `ParallelEnv` that does not say who may take part."""

    metadata = {"name": "good_v0"}  # noqa: RUF012
    observation_space, action_space, reset, step = (
        getattr(worlds.Good, name) for name in ("observation_space", "action_space", "reset", "step")
    )


old = types.new_class("Box", exec_body=lambda names: names.update(__module__="gym.spaces.box"))
METHOD = (
    r"observation_space\(agent\) must be a method that returns the agent's space\. Got {} \(good_v0\)\. Write a .*: "
)
AS_SPACE = (
    r"observation_space\(agent\) must return one of Gymnasium's spaces\. Got {} \(good_v0, agent 'b'\)\. Take one of"
)
BLIND = r"An agent must see something: at least one number, an action_mask not counted\. Got {} \(good_v0"
LISTED = r"possible_agents must be a list of names\. Got {} \(good_v0\)\. Write in __init__: self\.possible_agents = \["
MASK_ONLY = Dict({"action_mask": Box(0, 1, (3,), np.int8)})
TEAMS = {
    "a space as an attribute": (
        has(worlds.Good, observation_space=TWO),
        METHOD.format(r"Box\(-1\.0, 1\.0, \(2,\), float32\)")
        + r"def observation_space\(self, agent\): return self\.space$",
    ),
    "a dictionary of spaces": (
        has(worlds.Good, observation_space={"a": TWO}),
        METHOD.format("a dictionary")
        + r"def observation_space\(self, agent\): return self\.observation_spaces\[agent\]$",
    ),
    "no method": (has(worlds.Good, observation_space=None), METHOD.format("None")),
    "no space": (has(worlds.Good, observation_space=for_b(None)), AS_SPACE.format("None")),
    "a space of another library": (
        has(worlds.Good, observation_space=for_b(old())),
        AS_SPACE.format(r"gym\.spaces\.box\.Box"),
    ),
    "a method that raises": (
        has(worlds.Good, observation_space=raises),
        r"observation_space\(\) must not raise an error\. Got KeyError: 'b' \(good_v0, agent 'b'\)\. It was raised in",
    ),
    "a method that knows no agents": (
        has(worlds.Good, action_space=lambda self: Discrete(3)),
        r"action_space\(\) must not raise .* \(good_v0, agent 'a'\)\. Write: def action_space\(self, agent\)",
    ),
    "a mask alone": (has(worlds.Good, observation_space=for_b(MASK_ONLY)), BLIND.format(r"Dict\('action_mask': .*\)")),
    "an empty dictionary": (has(worlds.Good, observation_space=for_b(Dict({}))), BLIND.format(r"Dict\(\)")),
    "an empty part": (has(worlds.Good, observation_space=for_b(Tuple([TWO, Tuple([])]))), BLIND.format("Tuple.*")),
    "nothing to choose": (
        has(worlds.Good, action_space=lambda self, agent: MultiDiscrete(np.zeros(0, int))),
        r"An agent must have something to choose\. Got MultiDiscrete\(\[\]\) \(good_v0, agent 'a'\)\. If it has",
    ),
    "an array of agents": (
        has(worlds.Good, possible_agents=np.arange(2)),
        LISTED.format("an array of int64, shape .*"),
    ),
    "a text of agents": (has(worlds.Good, possible_agents="ab"), LISTED.format("'ab'")),
    "how many agents": (has(worlds.Good, possible_agents=2), LISTED.format("2")),
    "agents that are no names": (
        has(worlds.Good, possible_agents=[["a"], ["b"]]),
        r"An agent's name must be something that a dictionary can be keyed by\. Got a list of 1: str ",
    ),
    "nobody": (
        has(worlds.Good, possible_agents=[]),
        r"possible_agents must list every agent that may ever take part\. Got no",
    ),
    "twins": (
        has(worlds.Good, possible_agents=["a", "a"]),
        r"Each agent must have a name of its own\. Got \['a', 'a'\] ",
    ),
    "agents that nobody lists": (
        WithoutAgents,
        r"A world of a team must be a PettingZoo ParallelEnv\. Got WithoutAgents without possible_agents",
    ),
    "turns of agents that nobody lists": (
        type("Turns", (AECEnv,), {}),
        r"A world of a team must be a PettingZoo ParallelEnv\. Got Turns without possible_agents \(Turns\)\. See",
    ),
    "turns": (
        type("Turns", (AECEnv,), {"possible_agents": ["a"], "metadata": None}),
        r"Agents of a team must act at once: .* a world whose agents take turns: .* \(Turns\)\. Write it as ",
    ),
}
SPACE = r"observation_space must be one of Gymnasium's spaces\. Got {} \(good_v0\)\. Take one of gymnasium"
ALONE = {
    "no space": (has(worlds.GoodAlone, observation_space=None), SPACE.format("None")),
    "a method": (has(worlds.GoodAlone, observation_space=lambda self: TWO), SPACE.format("a method")),
    "a space of another library": (
        has(worlds.GoodAlone, observation_space=old()),
        SPACE.format(r"gym\.spaces\.box\.Box"),
    ),
    "no actions": (
        has(worlds.GoodAlone, action_space=3),
        r"action_space must be one of Gymnasium's spaces\. Got 3 \(good_v0\)",
    ),
    "a mask alone": (has(worlds.GoodAlone, observation_space=MASK_ONLY), BLIND.format(r"Dict\('action_mask': .*\)")),
    "an empty dictionary": (has(worlds.GoodAlone, observation_space=Dict({})), BLIND.format(r"Dict\(\)")),
    "no numbers": (
        has(worlds.GoodAlone, observation_space=Box(0, 1, (0,))),
        BLIND.format("Box.*") + r"\)\. If there is n",
    ),
    "parts of no numbers": (has(worlds.GoodAlone, observation_space=Dict(x=Box(0, 1, (0,)))), BLIND.format("Dict.*")),
    "nothing to choose": (
        has(worlds.GoodAlone, action_space=Box(0, 1, (0,))),
        r"An agent must have something to choose\. Got Box.* \(good_v0\)\. If it has no choice, let it choose",
    ),
    "several at once": (
        lambda: SyncVectorEnv([worlds.GoodAlone]),
        r"A world for one must be a Gymnasium environment\. Got the vector environment SyncVectorEnv .* Take Gym",
    ),
    "a team already": (
        lambda: SpiritWorld("fog", 2),
        r"A world for one must be a Gymnasium environment\. Got the TeamEnv SpiritWorld \(.*\)\. It is a team alr",
    ),
}


@pytest.mark.parametrize("name", TEAMS)
def test_what_a_world_of_a_team_lacks_is_found_and_refused_in_the_same_words(name):
    world, sentence = TEAMS[name]
    faults = find_faults(world, 10)
    assert re.match(sentence, faults[0])
    with pytest.raises(ValueError, match=f"^{sentence}"):
        PettingZooTeam(world)


@pytest.mark.parametrize("name", ALONE)
def test_what_a_world_for_one_lacks_is_found_and_refused_in_the_same_words(name):
    world, sentence = ALONE[name]
    (fault,) = find_faults(world, 10)
    assert re.match(sentence, fault)
    with pytest.raises(ValueError, match=f"^{sentence}"):
        GymnasiumTeam(world)


def test_of_several_agents_each_fault_is_told_once_and_counted():
    (fault,) = find_faults(has(worlds.Good, observation_space=lambda self, agent: None))
    assert fault.endswith("for instance Box or Discrete. (1 times more)")


@pytest.mark.parametrize(
    "space",
    [Box(0, 1, (0,)), Dict(x=Box(0, 1, (0,)), y=TWO), Tuple([Discrete(1)]), MultiBinary(2), Discrete(1)],
    ids=["no numbers", "a part of none", "one", "switches", "no choice"],
)
def test_a_team_sees_its_numbers_at_least(space):
    """Each agent's own number is enough to act by; what has parts must have some."""
    assert list(of_parallel_world(has(worlds.Good, observation_space=for_b(space))())) == []


@pytest.mark.parametrize("space", [Dict(x=Box(0, 1, (0,)), y=TWO), Tuple([Discrete(1)]), MultiBinary(2), TWO])
def test_alone_one_number_is_enough(space):
    assert list(of_gymnasium_world(has(worlds.GoodAlone, observation_space=space)())) == []


def test_worlds_of_the_other_kind_are_told_apart():
    assert is_of_team(worlds.Good()) and is_of_team(WithoutAgents()) and not is_of_team(worlds.GoodAlone())
    several = SyncVectorEnv([worlds.GoodAlone])
    (finding,) = of_parallel_world(several)
    assert (finding.got, finding.advice) == ("the vector environment SyncVectorEnv", "Take GymnasiumVectorTeam for it.")
    (finding,) = of_parallel_world(SpiritWorld("fog", 2))
    assert finding.got == "the TeamEnv SpiritWorld"


@pytest.mark.parametrize(
    ("attributes", "name"),
    [
        ({}, "SimpleNamespace"),
        ({"metadata": None, "spec": None}, "SimpleNamespace"),
        ({"metadata": {"name": "lamps_v0"}}, "lamps_v0"),
        ({"metadata": ["name"]}, "SimpleNamespace"),
        ({"metadata": {}, "spec": "lamps"}, "SimpleNamespace"),
        ({"metadata": {"name": "x"}, "spec": types.SimpleNamespace(id="Lamps-v1")}, "Lamps-v1"),
        ({"unwrapped": worlds.Good()}, "Good"),
    ],
)
def test_a_world_is_called_by_its_registration_its_metadata_or_its_class(attributes, name):
    assert name_of(types.SimpleNamespace(**attributes)) == name


def test_gymnasium_s_own_names():
    assert name_of(gymnasium.make("CartPole-v1")) == "CartPole-v1"

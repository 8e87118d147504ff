import importlib
import os
import re
import types
import warnings

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete, Sequence, Text
from gymnasium.vector import SyncVectorEnv

from ppo_lessons.other_worlds.adapters import GymnasiumTeam, PettingZooTeam
from ppo_lessons.other_worlds.arrays import random_actions
from ppo_lessons.other_worlds.check import check_team_env, find_faults
from ppo_lessons.other_worlds.template import Template
from ppo_lessons.other_worlds.vector_team import GymnasiumVectorTeam
from ppo_lessons.spirit_world.parallel_env import SpiritParallelEnv
from tests.other_worlds import broken_worlds as worlds

SPACE = r"^An observation must be of its space, .*"
FINITE = r".* must be finite\. Got {}"
NO_ENTRY = r"^step\(\) must return {} for every agent that was given an action, its last step included"
LEFT = r"^An agent that leaves `agents` must be terminated or truncated\. Got one that is gone"
STAYS = r"^An agent that is terminated or truncated must leave `agents`\. Got an agent that is over and still there"
BACK = r"^Nobody may come back, or join in, within an episode"
RAISES = r"^{}\(\) must not raise an error\. Got {}"
SEED = r"^The same seed and the same actions must give the same episodes\. Got something else from a second copy"
MASK = r"^An action_mask must be 0 or 1 for each action, of length \[3\]\. Got an array of {}"
NUMBER, TENSOR = r"^A reward must be one number\. Got {} \(", r"a tensor of float32, shape \({}\), with requires_grad"
NOTHING = r"^An action mask must leave an agent that goes on at least one action\. Got a mask of zeros"
TEAM, ALONE = r"step\(\) must return five dictionaries: .* Got a tuple of {}", "step() must return five things: "

NAMED = [
    ("SeesNaN", FINITE.format("nan"), "step 3", "b", "division by 0"),
    ("SeesNaNInADictionary", FINITE.format("nan"), "step 3", "b", "division by 0"),
    ("InfiniteReward", FINITE.format("inf"), "step 2", "a", "division by 0"),
    ("WrongShape", SPACE + r"float32, shape \(1,\)", "step 2", "a", "Let the space say what is returned"),
    ("DoublePrecision", SPACE + r"float64, shape \(2,\)", "reset", "a", "Let the space say"),
    ("OutOfBounds", SPACE + r"float32, shape \(2,\), [23].* to [23]", "step 3", "b", "Let the space say"),
    ("ForgetsTheMask", SPACE + "Got a dict", "step 2", "b", "Let the space say"),
    (
        "Raises",
        RAISES.format("step", "ZeroDivisionError: division by zero"),
        "step 4",
        None,
        "raised in broken_worlds.py",
    ),
    ("RaisesAtReset", RAISES.format("reset", "KeyError: 'no such level'"), "reset", None, "raised in broken_worlds.py"),
    ("KnowsNoSeed", RAISES.format("reset", "TypeError"), "reset", None, "def reset(self, seed=None, options=None)"),
    ("ComesBack", BACK, "step 3", "b", "wait for the next episode"),
    ("NewAgent", BACK, "step 2", "c", "wait for the next episode"),
    ("Vanishes", LEFT, "step 2", "b", "Set terminations[agent] if it is really over"),
    ("NoObservation", NO_ENTRY.format("observations"), "step 2", "a", "take agents off `agents` only then"),
    ("NothingLastSeen", NO_ENTRY.format("observations"), "step 6", "a", "take agents off `agents` only then"),
    ("NoReward", NO_ENTRY.format("rewards"), "step 2", "b", "take agents off `agents` only then"),
    ("NoFlag", NO_ENTRY.format("truncations"), "step 2", "b", "take agents off `agents` only then"),
    ("NeverEmpty", STAYS, "step 6", "a", "with the last one `agents` is empty"),
    ("KeepsTheDead", STAYS, "step 4", "b", "in the step in which its flag is set"),
    ("BareReset", r"^reset\(\) must return two dictionaries.*Got a dict", "reset", None, "return observations, infos"),
    ("OldStep", TEAM.format("4: dict, dict, dict, dict"), "step 1", None, "keyed by the agents"),
    ("Lists", TEAM.format("5: dict, list"), "step 1", None, "keyed by the agents"),
    ("NoInfos", TEAM.format("5: dict, dict, dict, dict, NoneType"), "step 1", None, "keyed by the agents"),
    ("RewardsAsArrays", r"^A reward must be one number.*shape \(1,\)", "step 1", "a", "float(reward)"),
    ("RewardsAsText", NUMBER.format(r"'1\.0'"), "step 2", "a", "Write: float(reward)"),
    ("RewardsAsNothing", NUMBER.format("None"), "step 2", "a", "Write: float(reward)"),
    ("RewardsOfAGraph", NUMBER.format(TENSOR.format("")), "step 1", "a", "Detach it: float(reward.detach())"),
    ("SeesOfAGraph", SPACE + TENSOR.format("2,"), "step 2", "b", "Detach it, and return an array: seen.detach()."),
    ("FlagsAsTwo", r"^terminations must hold True or False\. Got 2 \(", "step 4", "b", "bool(...)"),
    ("CutsAsTwo", r"^truncations must hold True or False\. Got 2 \(", "step 6", "a", "bool(...)"),
    ("CutsAsNothing", "^truncations must hold True or False. Got None", "step 1", "b", "bool(...)"),
    ("InfosAsNumbers", r"^infos must hold a dictionary for each agent\. Got 7 \(", "reset", "a", "Take an empty one"),
    (
        "AgentsAsArray",
        r"^`agents` must be a list of names\. Got an array of <U1, shape \(2,\)",
        "step 2",
        None,
        "self.agents = [",
    ),
    ("SeesNoDictionary", SPACE + r"Got an array of float32, shape \(2,\)", "step 2", "b", "Let the space say"),
    ("FlagsAsWords", "^terminations must hold True or False. Got 'no'", "step 1", "b", "bool(...)"),
    ("FlagsAsNothing", "^terminations must hold True or False. Got None", "step 1", "a", "bool(...)"),
    ("PartOfTheTeam", r"^After reset\(\) .*possible_agents.*Got \['a'\]", "reset", None, "self.possible_agents[:]"),
    ("LargeRewards", r"^rewards should be of the size of 1.*Got 1e\+06", "step 2", "a", "Divide by what is usual"),
    ("LargeNumbers", "^observations should be of the size of 1", "step 2", "a", "Divide by what is usual"),
    ("Unseeded", SEED, "reset", None, "a generator that reset(seed) seeds"),
    ("AnotherSeed", SEED, "episode 2, reset", None, "keep it when reset has no seed"),
    ("Remembers", r"^reset\(seed\) must begin anew", "reset", None, "Set back in reset all that an episode changes"),
    ("OneClock", "^Copies of a world must .* share nothing that changes", "step 1", None, "not in the class"),
    ("NothingLegal", NOTHING, "step 2", "a", "Add an action that does nothing"),
    ("ShortMask", MASK.format(r"int8, shape \(2,\), 1 to 1"), "step 3", "b", "np.array([...], dtype=np.int8)"),
    ("MaskOfShares", MASK.format(r"float64, shape \(3,\), 0 to 0\.5"), "step 2", "a", "np.array([...], dtype=np.int8)"),
    ("MaskBelowZero", MASK.format(r"int8, shape \(3,\), -1 to 0"), "step 2", "a", "np.array([...], dtype=np.int8)"),
    (
        "UnevenMasks",
        r"^An action_mask must be 0 or 1 for each action, of length \[2, 3\]\. Got a list of 2: list, list \(",
        "step 2",
        "a",
        "dtype=np.int8), the flags of one choice after those of another; of a MultiBinary: off, on, off, on, ...",
    ),
    ("LateMask", r"^A world with action masks must tell one with reset\(\)", "step 1", "a", "into the infos of reset"),
    ("SameArray", "^An observation that was handed out must stay as it was", "step 1", None, "self.state.copy()"),
    ("SeesNaNAlone", FINITE.format("nan"), "step 3", None, "division by 0"),
    ("InfiniteRewardAlone", FINITE.format("-inf"), "step 3", None, "division by 0"),
    ("OutOfBoundsAlone", SPACE + r"float32, shape \(2,\), [23]", "step 2", None, "Let the space say"),
    ("RaisesAlone", RAISES.format("step", "ZeroDivisionError"), "step 4", None, "raised in broken_worlds.py"),
    ("BareResetAlone", r"^reset\(\) must return a pair.*Got an array", "reset", None, "return observation, {}"),
    ("OldStepAlone", f"^{re.escape(ALONE)}.*Got a tuple of 4", "step 1", None, "Four are those of the old Gym"),
    ("RewardsAsArraysAlone", r"^A reward must be one number.*shape \(1,\)", "step 1", None, "float(reward)"),
    ("FlagsAsNothingAlone", "^terminated must be True or False. Got None", "step 1", None, "bool(...)"),
    ("LargeRewardsAlone", "^rewards should be of the size of 1", "step 2", None, "Divide by what is usual"),
    ("UnseededAlone", SEED, "reset", None, "a generator that reset(seed) seeds"),
    ("NothingLegalAlone", NOTHING, "step 2", None, "Add an action that does nothing"),
    ("RewardsAsTextAlone", NUMBER.format(r"'1\.0'"), "step 1", None, "Write: float(reward)"),
    ("RewardsAsNothingAlone", NUMBER.format("None"), "step 2", None, "Write: float(reward)"),
    ("RewardsInAListAlone", NUMBER.format("a list of 1: float"), "step 1", None, "Write: float(reward)"),
    ("RewardsOfAGraphAlone", NUMBER.format(TENSOR.format("")), "step 1", None, "Detach it: float(reward.detach())"),
    ("SeesOfAGraphAlone", SPACE + TENSOR.format("2,"), "step 2", None, "Detach it, and return an array"),
    ("FlagsAsTwoAlone", r"^terminated must be True or False\. Got 2 \(", "step 3", None, "bool(...)"),
    ("CutsAsTwoAlone", r"^truncated must be True or False\. Got 2 \(", "step 5", None, "bool(...)"),
    ("CutsAsNothingAlone", "^truncated must be True or False. Got None", "step 1", None, "bool(...)"),
    ("MaskBelowZeroAlone", MASK.format(r"int64, shape \(3,\), -1 to 1"), "reset", None, "np.array([...]"),
    (
        "MaskedNumbersAlone",
        r"^Real-valued actions cannot be masked\. Got a world with action masks for them \(",
        "reset",
        None,
        "Another space would do",
    ),
    ("NoInfosAlone", "^The infos must be a dictionary. Got None", "step 1", None, "an empty one: {}"),
]


@pytest.mark.parametrize(("world", "rule", "when", "agent", "advice"), NAMED, ids=[row[0] for row in NAMED])
def test_what_is_broken_is_named_with_its_place_and_advice(world, rule, when, agent, advice):
    """One fault, one sentence: the rule, what was got, where, whose, and what to do."""
    (fault,) = find_faults(getattr(worlds, world), 40)
    assert re.match(rule, fault)
    whose = "" if agent is None else f", agent '{agent}'"
    assert re.search(rf"\(good_v0(, copy 0)?, {when}{whose}\)\. ", fault)
    assert advice in fault


def test_agents_without_a_decision_are_named_in_every_dictionary():
    faults = find_faults(worlds.TellsTheDead, 40)
    assert len(faults) == 4
    for fault, name in zip(faults, ("observations", "rewards", "terminations", "truncations"), strict=True):
        assert fault.startswith(f"{name} must hold the agents that were given an action, and no others. Got one more")
        assert "(good_v0, step 5, agent 'b'). Leave out agents that are over." in fault


def test_an_agent_that_sits_out_a_step_is_named_when_it_goes_and_when_it_comes():
    gone, back = find_faults(worlds.SitsOut, 40)
    assert re.match(LEFT, gone)
    assert "(good_v0, step 2, agent 'b')" in gone
    assert re.match(BACK, back)
    assert "(good_v0, step 3, agent 'b')" in back


def test_a_chance_that_no_seed_reaches_is_named_as_itself():
    """Also by a draw so small that numpy's numbers are not made anew; and no number of others is drawn or lost."""
    np.random.uniform(size=10)  # so that some are left
    faults = find_faults(worlds.OneChanceForAll, 3)
    assert faults[0].startswith("A world must draw from a generator of its own. Got draws from numpy's global one")
    assert "self.rng = np.random.default_rng(seed)" in faults[0]
    assert re.match(SEED, faults[1])
    before = np.random.get_state()[2]
    find_faults(worlds.Good, 40)
    assert np.random.get_state()[2] == before


def test_spaces_that_are_no_methods_are_named():
    faults = find_faults(worlds.SpacesAsDictionaries)
    assert [fault.split(" must")[0] for fault in faults] == ["observation_space(agent)", "action_space(agent)"]
    assert "def observation_space(self, agent): return self.observation_spaces[agent]" in faults[0]


def test_several_faults_are_all_found_each_once_and_counted():
    """40 steps, resets among them: reset and six steps, five times, and five more steps."""
    faults = find_faults(worlds.ManyFaults, 40)
    assert len(faults) == 4
    large, infinite, nan, seed = faults
    assert large.startswith("observations should be of the size of 1")
    assert re.search(r"reset, agent 'a'\).* \((\d+) times more\)$", large)
    assert re.search(r"A reward must be finite.*step 2, agent 'a'\).* \(5 times more\)$", infinite)
    assert re.search(r"An observation must be finite.*step 3, agent 'b'\).* \(5 times more\)$", nan)
    assert re.match(SEED, seed)
    with pytest.raises(
        ValueError, match=r"(?s)^observations should.*\nA reward must.*\nAn observation must.*\nThe same"
    ):
        check_team_env(worlds.ManyFaults, 40)


def test_a_fault_of_a_later_episode_is_told_with_its_episode():
    class Later(worlds.Good):
        episodes = 0

        def reset(self, seed=None, options=None):
            self.episodes += 1
            return super().reset(seed)

        def reward(self, agent):
            return np.nan if (self.episodes, self.time, agent) == (3, 2, "b") else 0.0

    (fault,) = find_faults(Later, 40)
    assert "A reward must be finite. Got nan (good_v0, episode 3, step 2, agent 'b')" in fault


SOUND = ["Good", "Masked", "MaskInInfos", "FlagsAsNumbers", "MixedNames", "MaskAsColumn", "SeveralMasks", "MaskedBits"]
SOUND += ["CutsAsNumbers", "Tensors", "AgentsAsKeys"]
SOUND += ["GoodAlone", "TensorsAlone", "ListsForTuplesAlone", "FlagsAsNumbersAlone"]


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("seed", range(3))
def test_a_sound_world_is_not_blamed(name, seed):
    assert find_faults(getattr(worlds, name), 60, seed) == []


# ---- what is handed over in place of a function that makes a world


@pytest.mark.parametrize(
    ("made", "fault"),
    [
        (worlds, r"^make_env must be a function .*Got the module .*broken_worlds.*lambda: module\.parallel_env\(\)"),
        (worlds.Good(), r"^make_env must be a function .*Got a Good that is made already.*lambda: MyWorld"),
        (lambda: None, "^A world for one must be a Gymnasium environment. Got NoneType without observation_space"),
        (lambda: types.SimpleNamespace(possible_agents=["a"]), "^A world of a team must be a PettingZoo ParallelEnv"),
        (
            lambda: types.SimpleNamespace(observation_space=1, reset=1, step=1),
            "Got SimpleNamespace without action_space",
        ),
    ],
    ids=["a module", "a world", "nothing", "agents alone", "no actions"],
)
def test_what_makes_no_world_is_named(made, fault):
    assert re.search(fault, find_faults(made)[0])


def test_what_raises_when_a_world_is_made_is_told_with_its_line():
    class NoMap(worlds.Good):
        def __init__(self, size=None):
            raise FileNotFoundError("no map")

    (fault,) = find_faults(NoMap)
    rule = (
        r"make_env\(\) must not raise an error\. Got FileNotFoundError: no map \(make_env\)\. It was raised in test_c"
    )
    assert re.match(rule, fault)
    with pytest.raises(ValueError, match=f"^{rule}"):
        PettingZooTeam(NoMap)
    (fault,) = find_faults(lambda size: worlds.GoodAlone())
    assert fault.endswith("missing 1 required positional argument: 'size' (make_env). Write: lambda: MyWorld(...)")
    with pytest.raises(ValueError, match=r"required positional argument: 'size' \(make_env\)\. Write: lambda: MyWorld"):
        GymnasiumTeam(lambda size: worlds.GoodAlone())


def test_vector_environments_are_named_with_who_takes_them():
    """Made already, or made by a function."""
    several = SyncVectorEnv([worlds.GoodAlone] * 2)
    (fault,) = find_faults(several)
    assert fault.startswith("make_env must be a function")
    assert fault.endswith("Got the vector environment SyncVectorEnv (make_env). Take GymnasiumVectorTeam for it.")
    (fault,) = find_faults(lambda: several)
    assert re.match(
        r"A world for one must be a Gymnasium environment\. Got the vector environment SyncVectorEnv \(", fault
    )
    assert fault.endswith("Take GymnasiumVectorTeam for it.")
    assert find_faults(GymnasiumVectorTeam(several), 40) == []


def test_one_world_for_all_copies_is_named():
    world = worlds.Good()
    (fault,) = find_faults(lambda: world)
    assert fault.startswith("Each copy must be a world of its own")
    assert "Make the world inside make_env" in fault


@pytest.mark.parametrize(
    ("seen", "chosen", "fault"),
    [
        (Box(0, 255, (210, 160, 3), np.uint8), Discrete(3), r"up to 10,000 numbers.*Got Box.*100,800 numbers.*smaller"),
        (Sequence(Discrete(3)), Discrete(3), "^Observations must be of a space of fixed size. Got Sequence"),
        (Box(-1, 1, (2,)), Text(5), r"^Actions must be Discrete, MultiDiscrete.*Got Text"),
    ],
    ids=["pictures", "as many as there are", "words"],
)
def test_spaces_that_do_not_fit_are_named(seen, chosen, fault):
    class Other(worlds.GoodAlone):
        observation_space, action_space = seen, chosen

    assert re.search(fault, find_faults(Other)[0])


def test_a_team_is_checked_as_its_world_is():
    (fault,) = find_faults(PettingZooTeam(worlds.OutOfBounds, 2), 40)
    assert re.match(SPACE, fault)
    assert find_faults(PettingZooTeam(worlds.Good, 2), 40) == []


@pytest.mark.parametrize("num_steps", [5, 50])
def test_plays_as_long_as_it_is_told(num_steps):
    played = []

    class Counted(worlds.GoodAlone):
        def reset(self, *, seed=None, options=None):
            played.append(self)
            return super().reset(seed=seed)

        def step(self, action):
            played.append(self)
            return super().step(action)

    find_faults(Counted, num_steps)
    first = played[0]
    assert played[: num_steps + 1] == [first] * (num_steps + 1)
    assert len(played) <= 5 * (num_steps + 1)  # once alone, twice beside each other, once through the adapter


# ---- whatever a world tells


class Unreadable:
    """Raises whatever it is asked."""

    __hash__ = None

    def __array__(self, *args, **kwargs):
        raise RuntimeError("no array")

    def __eq__(self, other):
        raise RuntimeError("not to be compared")


NONSENSE = {
    "nothing": None,
    "text": "no",
    "bytes": b"x",
    "two": 2,
    "below zero": -1,
    "half": np.float16(0.5),
    "nan": float("nan"),
    "too large for float32": np.float64(1e300),
    "too large for 64 bits": 10**20,
    "too large to be printed": 10**5000,
    "complex": 1 + 2j,
    "uneven lists": [1, [2]],
    "a dictionary": {"a": 1},
    "a tuple": (np.ones(2), np.ones(1)),
    "an empty tuple": (),
    "a set": {1, 2},
    "no array": Unreadable(),
    "an empty array": np.zeros(0),
    "an array": np.zeros((2, 3)),
    "an array of text": np.array("x"),
    "an array of anything": np.array(None, object),
    "a tensor of a graph": torch.zeros(2, requires_grad=True) * 1,
    "a tensor that numpy has no numbers for": torch.zeros((), dtype=torch.bfloat16),
    "a function": lambda: 0,
    "a generator": (n for n in range(3)),
    "a space": Discrete(2),
}
PLACES = ["observation", "reward", "terminated", "truncated", "infos", "the step", "the reset", "mask", "agents"]
"""In which a world tells nonsense; `observation_space` and others: what it has, and not what it tells."""
HAS = ["observation_space", "action_space", "possible_agents", "metadata", "spec", "observation_space(agent)"]


def nonsense_of_a_team(place, what):
    class Nonsense(worlds.MaskInInfos if place == "mask" else worlds.Good):
        def mask_of(self, agent):
            return what if (self.time, agent) == (2, "a") else super().mask_of(agent)

        def reset(self, seed=None, options=None):
            told = super().reset(seed)
            return what if place == "the reset" else told

        def step(self, actions):
            told = super().step(actions)
            if self.time == 2 and place in PLACES[:5]:
                told[PLACES.index(place)]["a"] = what
            if self.time == 2 and place == "agents":
                self.agents = what
            return what if (self.time, place) == (2, "the step") else told

    if place == "observation_space(agent)":
        Nonsense.observation_space = lambda self, agent: what
    elif place in HAS:
        setattr(Nonsense, place, what)
    return Nonsense


def nonsense_alone(place, what):
    class Nonsense(worlds.GoodAlone):
        def reset(self, *, seed=None, options=None):
            seen, _ = super().reset(seed=seed)
            return what if place == "the reset" else (seen, self.infos())

        def infos(self):
            mask = what if self.time == 2 else np.ones(3, np.int8)
            return {"action_mask": mask} if place == "mask" else {}

        def step(self, action):
            told = [*super().step(action)[:4], self.infos()]
            if self.time == 2 and place in PLACES[:5]:
                told[PLACES.index(place)] = what
            return what if (self.time, place) == (2, "the step") else tuple(told)

    if place in HAS:
        setattr(Nonsense, place, what)
    return Nonsense


@pytest.mark.parametrize("place", PLACES + HAS)
@pytest.mark.parametrize("team", [PettingZooTeam, GymnasiumTeam], ids=["team", "alone"])
@pytest.mark.filterwarnings("ignore:Using a non-tuple sequence:UserWarning")  # of torch: a tensor for a dictionary
def test_nonsense_is_told_in_words_wherever_it_stands_and_what_a_team_refuses_is_found(team, place):
    """Nothing is raised by the check, and nothing but a sentence by a team."""
    for name, what in NONSENSE.items():
        world = (nonsense_of_a_team if team is PettingZooTeam else nonsense_alone)(place, what)
        faults = find_faults(world, 12)
        assert not any(fault.startswith("A world must tell what can be read") for fault in faults), (name, faults)
        refused = ""
        try:
            played, rng = team(world), np.random.default_rng(0)
            played.reset(0)
            for _ in range(7):
                played.step(random_actions(played, rng))
        except ValueError as error:
            refused = str(error)
            assert ". Got " in refused, name
        assert faults or not refused, (name, refused)


def test_what_nobody_has_thought_of_is_told_too():
    class Unheard(worlds.Good):
        @property
        def possible_agents(self):
            raise LookupError("who?")

    (fault,) = find_faults(Unheard)
    assert re.match(
        r"A world must tell what can be read\. Got LookupError: who\? \(find_faults\)\. It was raised in test_check",
        fault,
    )

    class Team:
        num_envs, num_agents, obs_size, num_actions, obs, acting = 1, 1, 1, 2, None, None

        def reset(self, seed):
            raise LookupError("where?")

        step = None

    (fault,) = find_faults(Team())
    assert re.match(
        r"A world must tell what can be read\. Got LookupError: where\? \(a team\)\. It was raised in", fault
    )


def test_what_a_world_raises_when_it_is_closed_is_told():
    class Stuck(worlds.GoodAlone):
        def close(self):
            raise OSError("the window is gone")

    (fault,) = find_faults(Stuck, 5)
    assert re.match(
        r"close\(\) must not raise an error\. Got OSError: the window is gone \(good_v0, close\)\. It was", fault
    )


# ---- worlds that are played by many

GYMNASIUM = [
    *("CartPole-v1", "Acrobot-v1", "MountainCar-v0", "MountainCarContinuous-v0", "Pendulum-v1"),
    *("FrozenLake-v1", "Taxi-v4", "CliffWalking-v1", "Blackjack-v1", "LunarLander-v3", "BipedalWalker-v3"),
]
TEAMS = {
    "pettingzoo.classic.rps_v2": ("pygame",),
    "pettingzoo.butterfly.knights_archers_zombies_v11": ("pygame",),
    "pettingzoo.sisl.pursuit_v5": ("pygame", "scipy"),
    "pettingzoo.sisl.multiwalker_v9": ("pygame", "Box2D"),
    "mpe2.simple_v3": ("mpe2",),
    "mpe2.simple_spread_v3": ("mpe2",),
    "mpe2.simple_tag_v3": ("mpe2",),
    "mpe2.simple_speaker_listener_v4": ("mpe2",),
    "mpe2.simple_adversary_v3": ("mpe2",),
    "mpe2.simple_crypto_v3": ("mpe2",),
    "mpe2.simple_push_v3": ("mpe2",),
    "mpe2.simple_reference_v3": ("mpe2",),
}
"""Modules, and which others they need; not all of these are part of every environment (Box2D is not)."""


@pytest.fixture
def imported(monkeypatch):
    """Import modules without a screen, whatever they warn of as they are loaded."""
    monkeypatch.setitem(os.environ, "SDL_VIDEODRIVER", "dummy")
    monkeypatch.setitem(os.environ, "PYGAME_HIDE_SUPPORT_PROMPT", "1")

    def load(*names):
        with warnings.catch_warnings():  # Box2D does not survive a warning that is an error
            warnings.simplefilter("ignore")
            for name in names[:-1]:
                pytest.importorskip(name)
            return importlib.import_module(names[-1])

    return load


@pytest.mark.parametrize("name", GYMNASIUM)
def test_gymnasium_s_worlds_are_not_blamed(name, imported):
    if name in ("LunarLander-v3", "BipedalWalker-v3"):
        imported("Box2D", "gymnasium.envs.box2d")
    assert find_faults(lambda: gymnasium.make(name)) == []


@pytest.mark.parametrize("name", TEAMS)
def test_pettingzoo_s_worlds_are_not_blamed(name, imported):
    module = imported(*TEAMS[name], name)
    assert find_faults(module.parallel_env) == []


def test_the_spirit_world_is_not_blamed():
    assert find_faults(SpiritParallelEnv) == []


def test_a_new_copy_that_cannot_be_reset_without_a_seed_is_found():
    class NoGenerator(Template):
        def __init__(self):
            super().__init__()
            del self.rng

    (fault,) = find_faults(NoGenerator)
    assert fault.startswith(
        "reset() must not raise an error. Got AttributeError: 'NoGenerator' object has no attribute"
    )
    assert "(template_v0, reset of a new copy without a seed)" in fault


def test_findings_do_not_depend_on_the_global_generator_which_stays_as_it_was():
    class Careless(Template):
        def reset(self, seed=None, options=None):
            seen = super().reset(seed, options)
            self.lanterns = np.sort(np.random.permutation(self.num_cells)[: len(self.agents)])
            return self._seen(), seen[1]

    told = []
    for start in range(8):
        np.random.seed(start)
        before = np.random.get_state()[1].copy()
        told.append(find_faults(Careless))
        assert np.array_equal(before, np.random.get_state()[1])
    assert all(faults == told[0] for faults in told) and told[0]

import importlib
import os
import re
import types
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, Sequence, Text

from ppo_lessons.other_worlds.adapters import PettingZooTeam
from ppo_lessons.other_worlds.check import check_team_env, find_faults, same
from ppo_lessons.other_worlds.template import Template
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
MASK = r"^An action_mask must be 0 or 1 for each action, of length \[3\]\. Got shapes \[\({},\)\]"
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
    ("ShortMask", MASK.format(2), "step 3", "b", "np.array([...], dtype=np.int8)"),
    ("MaskOfShares", MASK.format(3) + ", or other numbers", "step 2", "a", "np.array([...], dtype=np.int8)"),
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


@pytest.mark.parametrize(
    "name", ["Good", "GoodAlone", "Masked", "MaskInInfos", "FlagsAsNumbers", "MixedNames"], ids=lambda name: name
)
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


@pytest.mark.parametrize(
    ("one", "other", "alike"),
    [
        ({"a": np.array([1, np.nan])}, {"a": np.array([1, np.nan])}, True),
        ({"a": np.array([1.0])}, {"a": np.array([2.0])}, False),
        ({"a": 1}, {"b": 1}, False),
        ((1, "x"), (1, "x"), True),
        ((1, "x"), (1, "y"), False),
        ((1, 2), (1, 2, 3), False),
    ],
)
def test_what_is_told_is_compared_part_by_part(one, other, alike):
    assert same(one, other) is alike


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

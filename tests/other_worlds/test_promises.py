"""What the adapters refuse, in the words of `promises`; `test_check` holds what the check says."""

import re
import types
import warnings

import gymnasium
import numpy as np
import pytest
from gymnasium.vector import AsyncVectorEnv, SyncVectorEnv
from pettingzoo.utils.wrappers import BaseParallelWrapper

from ppo_lessons.errors import NonFiniteError, WorldError
from ppo_lessons.other_worlds import promises
from ppo_lessons.other_worlds.adapters import GymnasiumTeam, PettingZooTeam
from ppo_lessons.other_worlds.promises import Finding
from ppo_lessons.other_worlds.vector_team import GymnasiumVectorTeam
from tests.other_worlds import broken_worlds as worlds


def only_copy_1(name):
    """A maker of sound worlds, but for the second one."""
    made = []

    def make():
        made.append(name)
        sound = worlds.GoodAlone if name.endswith("Alone") else getattr(worlds, MASKED.get(name, "Good"))
        return getattr(worlds, name)() if len(made) == 2 else sound()

    return make


MASKED = {"NothingLegal": "Masked", "ForgetsTheMask": "Masked", "SeesNoDictionary": "Masked"}
SWITCHED = {"UnevenMasks": np.array([0, 2])}
"""What is legal, where that is not 0."""
MASKED |= {"ShortMask": "MaskInInfos", "UnevenMasks": "SeveralMasks"}
"""The sound world of the same spaces, where that is another than `Good`."""
NO_ENTRY = r"step\(\) must return {} for every agent that was given an action, its last step included\. Got no entry in"
LEFT = r"An agent that leaves `agents` must be terminated or truncated\. Got one that is gone without either flag"
STAYS = r"An agent that is terminated or truncated must leave `agents`\. Got an agent that is over and still there"
BACK = r"Nobody may come back, or join in, within an episode\. Got an agent that had no action in this step"
FIVE = r"step\(\) must return five dictionaries: .*Got a tuple of {}"
REFUSED = [
    ("SeesNaN", "An observation must be finite. Got nan", "step 3, agent 'b'"),
    ("InfiniteReward", "A reward must be finite. Got inf", "step 2, agent 'a'"),
    (
        "WrongShape",
        r"An observation must be of its space, Box.*Got an array of float32, shape \(1,\)",
        "step 2, agent 'a'",
    ),
    ("Raises", r"step\(\) must not raise an error\. Got ZeroDivisionError: division by zero", "step 4"),
    ("ComesBack", BACK, "step 3, agent 'b'"),
    ("NewAgent", BACK, "step 2, agent 'c'"),
    ("SitsOut", LEFT, "step 2, agent 'b'"),
    ("Vanishes", LEFT, "step 2, agent 'b'"),
    ("NoObservation", NO_ENTRY.format("observations"), "step 2, agent 'a'"),
    ("NothingLastSeen", NO_ENTRY.format("observations"), "step 6, agent 'a'"),
    ("NoReward", NO_ENTRY.format("rewards"), "step 2, agent 'b'"),
    ("NoFlag", NO_ENTRY.format("truncations"), "step 2, agent 'b'"),
    ("NeverEmpty", STAYS, "step 6, agent 'a'"),
    ("KeepsTheDead", STAYS, "step 4, agent 'b'"),
    ("OldStep", FIVE.format("4: dict, dict, dict, dict"), "step 1"),
    ("Lists", FIVE.format("5: dict, list"), "step 1"),
    ("NoInfos", FIVE.format("5: dict, dict, dict, dict, NoneType"), "step 1"),
    ("RewardsAsArrays", r"A reward must be one number\. Got an array of float64, shape \(1,\)", "step 1, agent 'a'"),
    ("RewardsAsText", r"A reward must be one number\. Got '1\.0'", "step 2, agent 'a'"),
    ("RewardsAsNothing", r"A reward must be one number\. Got None", "step 2, agent 'a'"),
    ("RewardsOfAGraph", r"A reward must be one number\. Got a tensor of .*requires_grad", "step 1, agent 'a'"),
    (
        "SeesOfAGraph",
        r"An observation must be of its space, Box.*Got a tensor of float32, shape \(2,\), with requires_grad",
        "step 2, agent 'b'",
    ),
    ("FlagsAsTwo", r"terminations must hold True or False\. Got 2", "step 4, agent 'b'"),
    ("CutsAsTwo", r"truncations must hold True or False\. Got 2", "step 6, agent 'a'"),
    ("CutsAsNothing", "truncations must hold True or False. Got None", "step 1, agent 'b'"),
    ("AgentsAsArray", r"`agents` must be a list of names\. Got an array of <U1, shape \(2,\)", "step 2"),
    ("SeesNoDictionary", r"An observation must be of its space, Dict.*Got an array of float32", "step 2, agent 'b'"),
    ("FlagsAsWords", "terminations must hold True or False. Got 'no'", "step 1, agent 'b'"),
    ("FlagsAsNothing", "terminations must hold True or False. Got None", "step 1, agent 'a'"),
    ("NothingLegal", "An action mask must leave an agent that goes on at least one action", "step 2, agent 'a'"),
    ("ForgetsTheMask", "An observation must be of its space, Dict.*Got a dict", "step 2, agent 'b'"),
    (
        "ShortMask",
        r"An action_mask must be 0 or 1 for each action, of length \[3\]. Got an array of int8, shape \(2,\)",
        "step 3, agent 'b'",
    ),
    (
        "UnevenMasks",
        r"An action_mask must be 0 or 1 for each action, of length \[2, 3\]\. Got a list of 2: list, list",
        "step 2, agent 'a'",
    ),
    ("LateMask", r"A world with action masks must tell one with reset\(\) already", "step 1, agent 'a'"),
    ("SeesNaNAlone", "An observation must be finite. Got nan", "step 3, agent 'the agent'"),
    ("InfiniteRewardAlone", "A reward must be finite. Got -inf", "step 3, agent 'the agent'"),
    ("RaisesAlone", r"step\(\) must not raise an error\. Got ZeroDivisionError: division by zero", "step 4"),
    ("OldStepAlone", r"step\(\) must return five things: .*Got a tuple of 4: ndarray, float, bool, dict", "step 1"),
    ("RewardsAsArraysAlone", r"A reward must be one number\. Got an array of float64, shape \(1,\)", "step 1"),
    ("RewardsAsTextAlone", r"A reward must be one number\. Got '1\.0'", "step 1"),
    ("RewardsAsNothingAlone", r"A reward must be one number\. Got None", "step 2"),
    ("RewardsInAListAlone", r"A reward must be one number\. Got a list of 1: float", "step 1"),
    ("RewardsOfAGraphAlone", r"A reward must be one number\. Got a tensor of float32, shape \(\), with requ", "step 1"),
    (
        "SeesOfAGraphAlone",
        "An observation must be of its space, Box.*Got a tensor of float32.* with requires_g",
        "step 2",
    ),
    ("FlagsAsTwoAlone", r"terminated must be True or False\. Got 2", "step 3"),
    ("CutsAsTwoAlone", r"truncated must be True or False\. Got 2", "step 5"),
    ("CutsAsNothingAlone", "truncated must be True or False. Got None", "step 1"),
    ("NoInfosAlone", r"The infos must be a dictionary\. Got None", "step 1"),
    ("FlagsAsNothingAlone", "terminated must be True or False. Got None", "step 1"),
]


@pytest.mark.parametrize(("name", "rule", "where"), REFUSED, ids=[row[0] for row in REFUSED])
def test_a_broken_promise_is_refused_with_world_copy_step_agent_and_advice(name, rule, where):
    world = (GymnasiumTeam if name.endswith("Alone") else PettingZooTeam)(only_copy_1(name), 3)
    world.reset(0)
    with pytest.raises((WorldError, NonFiniteError)) as refused:
        for _ in range(7):
            world.step(np.zeros((3, world.num_agents, *world.action_kind.shape(1)), int) + SWITCHED.get(name, 0))
    assert re.match(rf"{rule}.* \(good_v0, copy 1, {where}\)\. \w", str(refused.value))


@pytest.mark.parametrize(
    ("name", "rule"),
    [
        ("BareReset", r"reset\(\) must return two dictionaries, observations and infos\. Got a dict"),
        ("PartOfTheTeam", r"After reset\(\) `agents` must hold all of possible_agents.*Got \['a'\]"),
        ("RaisesAtReset", r"reset\(\) must not raise an error\. Got KeyError: 'no such level'"),
        ("KnowsNoSeed", r"reset\(\) must not raise an error\. Got TypeError: .*Write: def reset\(self, seed=None"),
        ("BareResetAlone", r"reset\(\) must return a pair: the observation and the infos.*Got an array"),
    ],
)
def test_a_broken_reset_is_refused_with_world_and_copy(name, rule):
    world = (GymnasiumTeam if name.endswith("Alone") else PettingZooTeam)(only_copy_1(name), 3)
    with pytest.raises(WorldError, match=rf"^{rule}") as refused:
        world.reset(0)
    assert ", copy 1, reset)" in str(refused.value)


@pytest.mark.parametrize(
    "name",
    [
        *("Good", "Masked", "MaskInInfos", "FlagsAsNumbers", "MixedNames", "TellsTheDead", "SameArray"),
        *("CutsAsNumbers", "MaskAsColumn", "Tensors", "AgentsAsKeys"),
    ],
)
def test_what_does_no_harm_is_played(name):
    world = PettingZooTeam(getattr(worlds, name), 2)
    world.reset(0)
    over = sum(world.step(np.zeros((2, 2), int)).episode_over for _ in range(12))
    assert over.tolist() == [2, 2]


@pytest.mark.parametrize("name", ["GoodAlone", "TensorsAlone", "FlagsAsNumbersAlone", "ListsForTuplesAlone"])
def test_what_does_no_harm_alone_is_played(name):
    """With what it said: tensors and numbers mean what they say."""
    world = GymnasiumTeam(getattr(worlds, name), 2)
    world.reset(0)
    steps = [world.step(np.zeros((2, 1), int)) for _ in range(15)]
    assert all((step.rewards == 0.5).all() for step in steps)
    lasts = 5 if name in ("GoodAlone", "ListsForTuplesAlone") else 3
    assert [bool(step.episode_over[0]) for step in steps] == [n % lasts == 0 for n in range(1, 16)]
    assert sum(step.terminated.sum() for step in steps) == (0 if lasts == 5 else 10)


def test_a_reward_is_one_number_also_in_a_team_of_one():
    class Alone(worlds.RewardsAsArrays):
        possible_agents = ("a",)

    world = PettingZooTeam(Alone)
    world.reset(0)
    with pytest.raises(WorldError, match=r"^A reward must be one number\. Got an array of float64, shape \(1,\)"):
        world.step(np.zeros((1, 1), int))


# ---- what is handed over


@pytest.mark.parametrize("team", [PettingZooTeam, GymnasiumTeam])
@pytest.mark.parametrize("made", [worlds, worlds.Good(), worlds.GoodAlone(), "rps_v2", None])
def test_only_a_function_makes_copies(team, made):
    with pytest.raises(
        WorldError, match=r"^make_env must be a function that makes a new copy .*\(make_env\)\. Write: la"
    ):
        team(made, 2)


@pytest.mark.parametrize(
    ("team", "make_world", "wrap"),
    [
        (PettingZooTeam, worlds.Good, lambda world: world),
        (PettingZooTeam, worlds.Good, BaseParallelWrapper),
        (GymnasiumTeam, worlds.GoodAlone, lambda world: world),
        (GymnasiumTeam, worlds.GoodAlone, lambda world: gymnasium.wrappers.TimeLimit(world, 5)),
    ],
)
def test_one_world_for_all_copies_is_refused_also_behind_wrappers(team, make_world, wrap):
    world = make_world()
    with pytest.raises(WorldError, match=r"^Each copy must be a world of its own: .* as copy 0 and as copy 1 \("):
        team(lambda: wrap(world), 3)
    assert team(lambda: wrap(make_world()), 3).num_envs == 3


def test_worlds_of_the_other_kind_are_refused_with_who_takes_them():
    with pytest.raises(WorldError, match=r"Got the Gymnasium environment .*\. Take GymnasiumTeam for it\."):
        PettingZooTeam(worlds.GoodAlone)
    with pytest.raises(WorldError, match=r"Got the team's world Good .*\. Take PettingZooTeam for it\."):
        GymnasiumTeam(worlds.Good)


@pytest.mark.parametrize(
    ("world", "rule"),
    [
        (worlds.SpacesAsDictionaries, r"^observation_space\(agent\) must be a method .*Got a dictionary"),
        (
            lambda: types.SimpleNamespace(possible_agents=["a"], reset=1),
            "must be a PettingZoo ParallelEnv.*without step",
        ),
    ],
    ids=["spaces", "names"],
)
def test_a_world_that_lacks_something_is_refused_before_its_first_reset(world, rule):
    with pytest.raises(WorldError, match=rule):
        PettingZooTeam(world)


# ---- the sentences themselves


def test_a_finding_in_words_has_rule_got_place_and_advice():
    finding = Finding("A must be b", "c", "Write: b")
    assert finding.at("world_v0, copy 3, step 4") == "A must be b. Got c (world_v0, copy 3, step 4). Write: b"
    whose = finding._replace(agent="archer_0").at("world_v0, reset")
    assert whose == "A must be b. Got c (world_v0, reset, agent 'archer_0'). Write: b"


def test_agents_may_be_named_by_numbers():
    assert "(w, agent 0)" in Finding("r", "g", "a", 0).at("w")


def test_an_error_is_told_with_the_line_that_raised_it():
    with pytest.raises(ZeroDivisionError) as raised:
        worlds.Raises.step(types.SimpleNamespace(time=3), {})
    line = raised.tb.tb_next.tb_lineno
    assert promises.of_call("step", raised.value).advice == f"It was raised in broken_worlds.py, line {line}."


def test_an_error_of_another_process_is_told_without_the_line_at_which_it_came_out_here():
    """It would be Gymnasium's; who plays one copy alone is told the world's own."""
    for make, told in (
        (
            lambda: AsyncVectorEnv([worlds.RaisesAlone], context="spawn"),
            "A copy of the vector environment raised it: find_faults",
        ),
        (lambda: SyncVectorEnv([worlds.RaisesAlone]), "It was raised in broken_worlds.py, line "),
    ):
        team = GymnasiumVectorTeam(make())
        team.reset(0)
        with pytest.raises(WorldError, match=r"^step\(\) must not raise an error\. Got ZeroDivisionError") as refused:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Gymnasium tells of it in its own words
                for _ in range(5):
                    team.step(np.zeros((1, 1), int))
        assert told in str(refused.value) and "vector_env.py" not in str(refused.value)
        team.close()


def test_a_mask_of_several_choices_is_told_with_each_part():
    one, other = np.ones(2, np.int8), np.array([0, 3])
    finding = promises.no_mask("action_mask", (one, other), [2, 2])
    assert finding.got == "a tuple of an array of int8, shape (2,), 1 to 1 and an array of int64, shape (2,), 0 to 3"
    assert finding.rule.endswith("of length [2, 2]") and "off, on, off, on" in finding.advice
    assert "off, on" not in promises.no_mask("action_mask", [1, 2], [2]).advice

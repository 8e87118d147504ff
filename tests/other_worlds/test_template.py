"""The world to begin with: PettingZoo's own tests, its numbers by hand, and a team that learns in it."""

import numpy as np
import pytest
from pettingzoo.test import parallel_api_test, parallel_seed_test

from ppo_lessons.config import PPOConfig
from ppo_lessons.other_worlds import PettingZooTeam, find_faults
from ppo_lessons.other_worlds.template import Template
from ppo_lessons.training import TrainingRun, train

SIZES = [(3, 7, 12), (1, 5, 4), (2, 2, 3), (4, 9, 5)]
"""Agents, cells, steps."""


@pytest.mark.parametrize("sizes", SIZES)
def test_keeps_the_rules_of_pettingzoo(sizes):
    parallel_api_test(Template(*sizes), num_cycles=200)
    parallel_seed_test(lambda: Template(*sizes))


@pytest.mark.parametrize("sizes", SIZES)
def test_no_fault_is_found(sizes):
    assert find_faults(lambda: Template(*sizes)) == []


# ---- by hand


def moved(places, actions, cells):
    """0 to the left, 1 stay, 2 to the right; the walls hold."""
    return [min(max(place + action - 1, 0), cells - 1) for place, action in zip(places, actions, strict=True)]


def seen_by_hand(places, lanterns, cells):
    """How far to the right, in corridors: itself from the middle, the lanterns and the others, from the next one on."""
    rows = []
    for a, here in enumerate(places):
        others = [*places[a + 1 :], *places[:a]]
        distances = [(there - here) / (cells - 1) for there in [*lanterns, *others]]
        rows.append([here / (cells - 1) - 0.5, *distances])
    return rows


@pytest.mark.parametrize(("agents", "cells", "steps"), SIZES)
def test_every_step_by_hand(agents, cells, steps):
    world, rng = Template(agents, cells, steps), np.random.default_rng(0)
    names = [f"agent_{a}" for a in range(agents)]
    shone = set()
    for seed in range(4):
        seen, infos = world.reset(seed=seed)
        lanterns, places = world.lanterns.tolist(), [cells // 2] * agents
        assert lanterns == sorted(set(lanterns)) and len(lanterns) == agents and set(lanterns) <= set(range(cells))
        assert infos == {name: {} for name in names}
        for step in range(1, steps + 1):
            assert world.agents == list(seen) == names
            np.testing.assert_allclose([seen[name] for name in names], seen_by_hand(places, lanterns, cells), atol=1e-6)
            actions = rng.integers(0, 3, agents).tolist()
            seen, rewards, ended, cut, _ = world.step(dict(zip(names, actions, strict=True)))
            places = moved(places, actions, cells)
            shining = sum(lantern in places for lantern in lanterns) / agents
            assert rewards == pytest.approx(dict.fromkeys(names, shining))
            assert ended == dict.fromkeys(names, False) and cut == dict.fromkeys(names, step == steps)
            shone.add(round(shining, 3))
        assert world.agents == [] and world.possible_agents == names
        np.testing.assert_allclose([seen[name] for name in names], seen_by_hand(places, lanterns, cells), atol=1e-6)
    assert len(shone) > 1, "the actions of this test let lanterns shine, and leave others dark"


def test_a_whole_episode_written_out():
    world = Template(num_agents=2, num_cells=4, num_steps=3)
    world.reset(seed=0)
    world.lanterns = np.array([0, 3])
    earned = []
    for left, right in ((0, 2), (0, 1), (2, 2)):  # from cell 2 both: 1 and 3, 0 and 3, 1 and 3
        seen, rewards, *_ = world.step({"agent_0": left, "agent_1": right})
        earned.append(rewards["agent_0"])
    assert earned == [0.5, 1.0, 0.5]
    np.testing.assert_allclose(seen["agent_0"], [-1 / 6, -1 / 3, 2 / 3, 2 / 3], atol=1e-6)
    np.testing.assert_allclose(seen["agent_1"], [1 / 2, -1, 0, -2 / 3], atol=1e-6)


def test_the_lanterns_hang_everywhere_and_the_seed_says_where():
    def lanterns(world, seeds):
        found = []
        for seed in seeds:
            world.reset(seed=seed)
            found.append(tuple(world.lanterns))
        return found

    one, other = Template(), Template()
    assert lanterns(one, range(20)) == lanterns(other, range(20))
    assert len(set(lanterns(one, range(20)))) > 5
    again = lanterns(one, [3, None, None, None, None])
    assert again == lanterns(other, [3, None, None, None, None]) and len(set(again)) > 1, "without a seed they go on"
    assert {cell for where in lanterns(one, range(60)) for cell in where} == set(range(7))


def test_spaces_are_the_same_object_each_time_and_every_look_a_new_array():
    world = Template()
    seen, _ = world.reset(seed=0)
    for agent in world.possible_agents:
        for space_of in (world.observation_space, world.action_space):
            assert space_of(agent) is space_of(agent)
        assert seen[agent].dtype == np.float32 and world.observation_space(agent).contains(seen[agent])
    before = {agent: row.copy() for agent, row in seen.items()}
    later, *_ = world.step(dict.fromkeys(world.agents, 0))
    assert all(np.array_equal(seen[agent], before[agent]) for agent in before)
    assert not any(np.array_equal(later[agent], before[agent]) for agent in before)


# ---- a team learns in it


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_a_team_gets_clearly_better_in_25_cycles(seed):
    """By chance about a third of the lanterns shine; then, measured with six seeds, 55 to 71 of 100."""
    config = PPOConfig(num_envs=64, num_steps=12, minibatch_size=384, seed=seed)
    reports = list(train(TrainingRun(PettingZooTeam(Template, 64), config), 25))
    shine = [report.mean_reward for report in reports]
    assert 0.28 < np.mean(shine[:2]) < 0.42
    assert np.mean(shine[-3:]) > 0.45
    last = reports[-1].behaviour
    assert (last.finished, last.mean_length) == (64, 12) and last.mean_return == pytest.approx(12 * shine[-1], rel=1e-4)

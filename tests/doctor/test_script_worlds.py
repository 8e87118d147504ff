"""The worlds that keep a record are worlds like any other."""

from itertools import count

import gymnasium
import numpy as np
from pettingzoo.test import parallel_api_test

from ppo_lessons.doctor.script_worlds import ScriptEnv, ScriptTeam


def test_the_team_keeps_the_promises_of_pettingzoo():
    parallel_api_test(ScriptTeam({}), num_cycles=30)


def test_the_environment_keeps_the_promises_of_gymnasium():
    """But for one: a seed gives no view again, since every view is another. `check_env` asks for that."""
    env = gymnasium.wrappers.PassiveEnvChecker(gymnasium.wrappers.OrderEnforcing(ScriptEnv({})))
    env.action_space.seed(0)
    for seed in (0, None):
        seen, _ = env.reset(seed=seed)
        over = False
        while not over:
            assert env.observation_space.contains(seen)
            seen, _, terminated, truncated, _ = env.step(env.action_space.sample())
            over = terminated or truncated


def test_every_decision_is_on_record_once():
    record = {}
    env = ScriptEnv(record)
    rows = []
    for _ in range(2):
        seen, _ = env.reset()
        for action in (0, 1, 2):
            badge = int(seen[0])
            seen, reward, terminated, truncated, _ = env.step(action)
            rows.append((badge, action, reward, terminated, truncated))
    assert [row[0] for row in rows] == [1, 2, 3, 5, 6, 7], "the views of the ends are nobody's decision"
    assert [row[3] for row in rows] == [False, False, True, False, False, False]
    assert [row[4] for row in rows] == [False, False, False, False, False, True]
    assert {badge: tuple(happened) for badge, happened in record.items()} == {
        badge: (action, reward, truncated) for badge, action, reward, _, truncated in rows
    }
    assert [row[2] for row in rows] == [badge / 2 for badge, *_ in rows]


def test_the_middle_one_of_the_team_falls_in_its_second_step():
    record = {}
    team = ScriptTeam(record)
    seen, _ = team.reset()
    played = []
    while team.agents:
        acted = list(team.agents)
        badges = [int(seen[agent][0]) for agent in acted]
        seen, rewards, over, cut, _ = team.step(dict.fromkeys(acted, 1))
        played.append((acted, badges, [rewards[agent] for agent in acted], [over[agent] for agent in acted]))
        assert not any(cut.values()) and set(seen) == set(acted)
    three, two = ["ada", "ben", "cleo"], ["ada", "cleo"]
    assert [row[0] for row in played] == [three, three, two, two]
    assert [row[3] for row in played] == [[False] * 3, [False, True, False], [False] * 2, [True] * 2]
    assert all(
        reward == badge / 2 for _, badges, rewards, _ in played for badge, reward in zip(badges, rewards, strict=True)
    )
    assert sorted(record) == sorted(badge for _, badges, _, _ in played for badge in badges)
    assert np.unique(list(record)).size == len(record) == 10


def test_worlds_of_one_record_share_their_badges():
    record, badges = {}, count(1)
    one, other = ScriptEnv(record, badges), ScriptEnv(record, badges)
    for env in (one, other):
        env.reset()
    for _ in range(2):
        one.step(0), other.step(1)
    assert sorted(record) == [1, 2, 3, 4]

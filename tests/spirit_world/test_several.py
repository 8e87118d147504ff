"""Several cases at once are the same cases one by one, padded."""

from dataclasses import replace

import numpy as np
import pytest

from ppo_lessons.checkpoints import load_run, save_run
from ppo_lessons.other_worlds.check import check_team_env
from ppo_lessons.spirit_world.cases import CASES, Case
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.several import SeveralCases
from ppo_lessons.team_env import as_team_env, describe, make_meter
from ppo_lessons.training import TrainingRun, train

PAIR = Case(name="pair", num_detectives=2, toughness=(2,), size=5, health=3)
SMALL = (PAIR, "standard", "nightfall")


def played(several, seed=3, steps=150):
    """Play the same actions together and one by one; yields (together, one by one)."""
    several.reset(seed)
    alone = [SpiritWorld(case, world.num_envs) for case, world in zip(several.cases, several.worlds, strict=True)]
    for world, own in zip(alone, np.random.SeedSequence(seed).generate_state(len(alone)), strict=True):
        world.reset(int(own))
    rng = np.random.default_rng(0)
    for _ in range(steps):
        actions = rng.integers(0, 5, (several.num_envs, several.num_agents))
        step = several.step(actions)
        own = [w.step(actions[c, : w.num_agents]) for w, c in zip(alone, several.copies, strict=True)]
        yield step, own, alone


def test_it_keeps_the_promise_of_a_team_env():
    check_team_env(SeveralCases(SMALL, 9))
    check_team_env(SeveralCases(("standard", "fog"), 2))


def test_each_copy_plays_its_own_case():
    several = SeveralCases(SMALL, 8)
    assert [(c.stop - c.start) for c in several.copies] == [3, 3, 2]
    for step, own, alone in played(several):
        for copies, world, part in zip(several.copies, alone, own, strict=True):
            there = slice(0, world.num_agents)
            for name in ("rewards", "terminated", "truncated"):
                assert np.array_equal(getattr(step, name)[copies, there], getattr(part, name))
                assert not getattr(step, name)[copies, world.num_agents :].any()
            assert np.array_equal(step.episode_over[copies], part.episode_over)
            assert np.array_equal(several.acting[copies, there], world.acting)
            assert not several.acting[copies, world.num_agents :].any()


def test_cases_of_one_size_are_seen_as_they_are():
    several = SeveralCases(("standard", "fog"), 6)
    assert several.obs_size == CASES["fog"].obs_size
    for step, own, alone in played(several, steps=40):
        assert np.array_equal(several.obs, np.concatenate([world.obs for world in alone]))
        assert np.array_equal(step.final_obs, np.concatenate([part.final_obs for part in own]))


def test_a_small_case_looks_like_a_large_one_in_which_some_are_missing():
    """The same board with two detectives more, fallen at once, and two spirits more, banished: what is seen agrees."""
    several = SeveralCases((PAIR, "standard"), 2)
    several.reset(1)
    small = several.worlds[0]
    large = SpiritWorld(replace(PAIR, name="large", num_detectives=4, toughness=(2, 1, 1)), 1)
    large.reset(0)
    for _ in range(30):
        state, whole = small.get_state(), large.get_state()
        for name in ("detectives", "health", "spirits", "banished"):
            whole[name][:, : state[name].shape[1]] = state[name]
        whole["health"][:, 2:] = 0
        whole["banished"][:, 1:] = True
        large.set_state(whole)
        seen = several.obs[0, :2]
        assert seen == pytest.approx(large.obs[0, :2])
        several.step(np.random.default_rng(state["clock"][0]).integers(0, 5, (2, 4)))


def test_missing_agents_see_nothing_and_never_act():
    several = SeveralCases((PAIR, "standard"), 4)
    several.reset(0)
    assert not several.obs[:2, 2:].any()
    assert several.present.tolist() == [[True, True, False, False]] * 2 + [[True] * 4] * 2


def test_a_team_trains_in_them_and_each_case_is_measured(make_config, tmp_path):
    run = TrainingRun(list(SMALL), make_config(num_envs=6, num_steps=20))
    reports = list(train(run, 3))
    assert set(reports[-1].behaviour) == {"pair", "standard", "nightfall"}
    assert sum(report.behaviour["pair"].cases for report in reports) > 0
    assert reports[0].update.num_rows <= 20 * (2 * 2 + 4 * 4), "rows of missing agents are no rows"
    save_run(run, tmp_path / "run.pt")
    loaded = load_run(tmp_path / "run.pt")
    one, same = next(train(run, 1)), next(train(loaded, 1))
    assert one.update == same.update and one.mean_reward == same.mean_reward
    assert repr(one.behaviour) == repr(same.behaviour)


def test_a_measurement_is_that_of_each_case_alone():
    several = SeveralCases(("stray", "standard"), 6)
    several.reset(3)
    meter = make_meter(several)
    alone = None
    for step, own, worlds in played(several, steps=100):
        alone = alone or [make_meter(world) for world in worlds]
        meter.watch(several, step.rewards)
        for each, world, part in zip(alone, worlds, own, strict=True):
            each.watch(world, part.rewards)
    assert repr(meter.summary()) == repr({each.case.name: each.summary() for each in alone})
    assert np.array_equal(meter.running_return, np.concatenate([each.running_return for each in alone]))


def test_they_can_be_described_and_made_again():
    several = SeveralCases(SMALL, 6)
    again = as_team_env(describe(several), 6)
    assert again.cases == several.cases and again.num_envs == 6


@pytest.mark.parametrize(
    ("cases", "copies", "words"),
    [
        ((), 4, "must be one or more, each of its own name"),
        (("standard", "standard"), 4, "each of its own name"),
        (("standard", "fog"), 1, "Each case needs a copy"),
        (("standard", "mist"), 4, "A case is one of"),
    ],
)
def test_what_cannot_be_played_is_refused(cases, copies, words):
    with pytest.raises(ValueError, match=words):
        SeveralCases(cases, copies)

"""The meter of worlds that others wrote: episodes by hand, and what an error in the middle of a cycle leaves."""

import math

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from pettingzoo import ParallelEnv

from ppo_lessons.errors import WorldError
from ppo_lessons.other_worlds import Episodes, GymnasiumTeam, GymnasiumVectorTeam, InWorkers, PettingZooTeam
from ppo_lessons.other_worlds.copies import Copies
from ppo_lessons.other_worlds.episodes import EpisodeMeter
from ppo_lessons.steps import Steps
from ppo_lessons.team_env import make_meter
from ppo_lessons.training import TrainingRun, train


class Falls(ParallelEnv):
    """Agent b falls with step 2; with step 4 the time is up. Step t earns a 10^(t - 1), and b twice as much."""

    metadata, possible_agents, view, move = {"name": "falls_v0"}, ["a", "b"], Box(0, 9, (1,), np.float32), Discrete(2)

    def observation_space(self, agent):
        return self.view

    def action_space(self, agent):
        return self.move

    def reset(self, seed=None, options=None):
        self.time, self.agents = 0, ["a", "b"]
        return self.see(), {agent: {} for agent in self.agents}

    def see(self):
        return {agent: np.float32([self.time]) for agent in self.agents}

    def step(self, actions):
        self.time += 1
        earned = {agent: 10.0 ** (self.time - 1) * (1 + (agent == "b")) for agent in self.agents}
        fallen = {agent: agent == "b" and self.time == 2 for agent in self.agents}
        cut = dict.fromkeys(self.agents, self.time == 4)
        told = self.see(), earned, fallen, cut, {agent: {} for agent in self.agents}
        self.agents = [agent for agent in self.agents if not (fallen[agent] or cut[agent])]
        return told


OF_AN_EPISODE = (1111 + 22) / 2
"""a earns 1 + 10 + 100 + 1000, b twice the first two; mean over both."""


class Timed(gymnasium.Env):
    """Ends with step `until`; step t earns t."""

    observation_space, action_space = Box(0, 99, (1,), np.float32), Discrete(2)

    def __init__(self, until=3, cut=True):
        self.until, self.cut = until, cut

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.time = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self.time += 1
        over = self.time == self.until
        return np.float32([self.time]), float(self.time), over and not self.cut, over and self.cut, {}


def vector(mode, lengths=(3, 5)):
    return GymnasiumVectorTeam(SyncVectorEnv([lambda n=n: Timed(n) for n in lengths], autoreset_mode=mode))


def watched(world, steps, meter=None):
    """The meter of a world that was played so many steps."""
    meter = meter or make_meter(world)
    for _ in range(steps):
        meter.watch(world, world.step(np.zeros((world.num_envs, world.num_agents), int)).rewards)
    return meter


def ready(world):
    world.reset(0)
    return world


# ---- by hand


def test_every_world_of_others_has_it():
    for kind in (Copies, PettingZooTeam, GymnasiumTeam, GymnasiumVectorTeam, InWorkers):
        assert make_meter.dispatch(kind) is EpisodeMeter


def test_nothing_has_ended_yet():
    nothing = watched(ready(PettingZooTeam(Falls, 2)), 3).summary()
    assert nothing.finished == 0 and math.isnan(nothing.mean_return) and math.isnan(nothing.mean_length)


@pytest.mark.parametrize(("steps", "finished"), [(4, 1), (7, 1), (8, 2), (15, 3)])
def test_a_team_in_which_somebody_falls(steps, finished):
    """Whoever has fallen earns nothing, and the episode lasts until the others have done."""
    found = watched(ready(PettingZooTeam(Falls, 3)), steps).summary()
    assert found == Episodes(3 * finished, OF_AN_EPISODE, 4.0)


def test_one_agent_whose_time_is_up_or_that_is_really_over():
    for cut in (True, False):
        found = watched(ready(GymnasiumTeam(lambda cut=cut: Timed(3, cut), 2)), 10).summary()
        assert found == Episodes(6, 6.0, 3.0)


def test_what_was_summed_up_is_forgotten_and_what_is_being_played_goes_on():
    world = ready(PettingZooTeam(Falls))
    meter = watched(world, 6)
    np.testing.assert_array_equal(meter.running_return, [(1 + 2 + 10 + 20) / 2])
    meter.clear()
    assert meter.summary().finished == 0
    assert watched(world, 2, meter).summary() == Episodes(1, OF_AN_EPISODE, 4.0)


@pytest.mark.parametrize("mode", AutoresetMode)
def test_episodes_of_different_lengths_in_a_vector_environment(mode):
    """6 in 3 steps, 15 in 5; where a step goes by before the next begins, it counts for nothing."""
    world = ready(vector(mode))
    steps = 24 if mode == AutoresetMode.NEXT_STEP else 15
    short, long = (6, 4) if mode == AutoresetMode.NEXT_STEP else (5, 3)
    found = watched(world, steps).summary()
    assert found.finished == short + long
    assert found.mean_return == pytest.approx((6 * short + 15 * long) / (short + long))
    assert found.mean_length == pytest.approx((3 * short + 5 * long) / (short + long))


def test_the_reset_step_of_a_vector_environment_is_no_step_of_an_episode():
    world = ready(vector(AutoresetMode.NEXT_STEP, (3,)))
    meter = watched(world, 3)
    assert meter.summary().finished == 0, "it is over with the step in which the next one begins"
    assert watched(world, 1, meter).summary() == Episodes(1, 6.0, 3.0)
    assert watched(world, 4, meter).summary() == Episodes(2, 6.0, 3.0)


# ---- in a training run


def run_of(world, make_config, steps=6):
    return TrainingRun(world, make_config(num_envs=world.num_envs, num_steps=steps))


@pytest.mark.parametrize("critic", ["own", "team"])
def test_a_report_carries_what_ended_in_its_rollout(make_config, critic):
    config = make_config(num_envs=2, num_steps=6, critic=critic, shared_trunk=False)
    run = TrainingRun(PettingZooTeam(Falls, 2), config)
    found = [report.behaviour for report in train(run, 4)]
    assert [each.finished for each in found] == [2, 4, 2, 4], "after 4, 8 and 12, 16, and 20 and 24 steps"
    assert {each[1:] for each in found} == {(OF_AN_EPISODE, 4.0)}


def test_a_report_without_an_end_says_nan(make_config):
    (report,) = train(run_of(PettingZooTeam(Falls, 2), make_config, steps=3), 1)
    assert report.behaviour.finished == 0 and math.isnan(report.behaviour.mean_return)


# ---- after an error


class Sick(Timed):
    """Raises an error in the given step of its episode, once."""

    def __init__(self, until=4):
        super().__init__(until)
        self.breaks = None

    def step(self, action):
        if self.breaks == self.time + 1:
            self.breaks = None
            raise ZeroDivisionError
        return super().step(action)


def test_a_copy_that_broke_off_is_cut_off_there_and_the_others_lose_nothing():
    """An error in step 3 of copy 1: what was played before is counted, and the step that was lost earned nothing."""
    world = ready(GymnasiumTeam(Sick, 3))
    meter = watched(world, 2)
    world.envs[1].breaks = 3
    with pytest.raises(WorldError):
        watched(world, 1, meter)
    np.testing.assert_array_equal(meter.running_return, [3, 3, 3])
    watched(world, 1, meter)
    assert meter.summary() == Episodes(2, 1 + 2.0, 3.0), "copies 0 and 1, which had been reached"
    np.testing.assert_array_equal(meter.running_return, [0, 0, 1 + 2 + 3])
    meter.clear()
    assert watched(world, 1, meter).summary() == Episodes(1, 10.0, 4.0)
    assert watched(world, 3, meter).summary() == Episodes(3, 10.0, 4.0)


def broken_at(node, call, *, after):
    """Steps of which one is broken off in the given call, before or after it has done its work."""
    original, calls = getattr(Steps(), node), []

    def breaks(*given, **named):
        calls.append(1)
        if len(calls) == call and not after:
            raise KeyboardInterrupt
        result = original(*given, **named)
        if len(calls) == call:
            raise KeyboardInterrupt
        return result

    return Steps(**{node: breaks})


WORLDS = {
    "a team": lambda: PettingZooTeam(Falls, 2),
    **{mode.value: lambda mode=mode: vector(mode, (4, 4)) for mode in AutoresetMode},
}
WHOLE = {"a team": (OF_AN_EPISODE, 4.0)}


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize(
    ("node", "call", "after"),
    [
        ("play_step", 1, False),
        ("play_step", 4, False),
        ("play_step", 5, True),
        ("store", 3, False),
        ("store", 4, False),
        ("store", 4, True),
        ("is_full", 6, True),
        ("is_full", 7, True),
        ("gae", 1, True),
        ("clear", 1, False),
        ("clear", 1, True),
    ],
)
def test_no_episode_is_counted_twice_or_with_another_return_than_its_own(make_config, name, node, call, after):
    """Every episode of this world earns the same, so that a mixture of two would be seen at once."""
    run = run_of(WORLDS[name](), make_config)
    whole = WHOLE.get(name, (10.0, 4.0))
    next(train(run, 1))
    for _ in range(2):
        with pytest.raises(KeyboardInterrupt):
            list(train(run, 1, broken_at(node, call, after=after)))
        found = [report.behaviour for report in train(run, 4)]
        assert {each[1:] for each in found if each.finished} == {whole}
        assert sum(each.finished for each in found) <= 2 * 30 / 4, "5 cycles of 6 steps at most, in two copies"
        assert sum(each.finished for each in found) >= 2 * 3


@pytest.mark.parametrize(("node", "call"), [("gae", 1), ("total_loss", 1), ("clear", 1)])
def test_an_error_in_the_update_loses_nothing_of_an_episode_that_goes_on(make_config, node, call):
    """The world cannot be put back: it stands after step 6, and the episode that began with step 5 goes on."""
    run = run_of(PettingZooTeam(Falls, 2), make_config)
    with pytest.raises(KeyboardInterrupt):
        list(train(run, 1, broken_at(node, call, after=True)))
    assert run.env.steps_played == 6
    np.testing.assert_array_equal(run.meter.running_return, [(1 + 2 + 10 + 20) / 2] * 2)
    assert run.meter.summary().finished == 0, "what ended in the cycle that did not happen is not told"
    (report,) = train(run, 1)
    assert report.behaviour == Episodes(4, OF_AN_EPISODE, 4.0)


def test_a_rollout_that_is_gone_on_with_counts_each_episode_once(make_config):
    run = run_of(PettingZooTeam(Falls, 2), make_config)
    with pytest.raises(KeyboardInterrupt):
        list(train(run, 1, broken_at("play_step", 6, after=False)))
    assert run.buffer.step == run.env.steps_played == 5
    (report,) = train(run, 1)
    assert run.env.steps_played == 6
    assert report.behaviour == Episodes(2, OF_AN_EPISODE, 4.0)


def test_a_step_that_nobody_watched_makes_its_episodes_unknown_and_no_other(make_config):
    """Played and not stored: step 4, with which an episode ended. Without it two would be counted as one."""
    run = run_of(PettingZooTeam(Falls, 2), make_config)
    with pytest.raises(KeyboardInterrupt):
        list(train(run, 1, broken_at("play_step", 4, after=True)))
    found = [report.behaviour for report in train(run, 2)]
    assert found[0].finished == 0, "steps 5 to 10: what ended with step 8 was not seen whole"
    assert found[1] == Episodes(4, OF_AN_EPISODE, 4.0)


@pytest.mark.parametrize("name", ["watch", "_ended", "running_return", "_steps"])
def test_a_watch_that_is_broken_off_counts_nothing_twice(make_config, name):
    """Before it, or with the noting of any of its sums: an episode may have been noted, and not yet that it is over."""
    run = run_of(PettingZooTeam(Falls, 2), make_config)

    class Breaks(EpisodeMeter):
        armed = False

        def watch(self, env, rewards):
            if name == "watch" and self.armed:
                raise KeyboardInterrupt
            super().watch(env, rewards)

        def __setattr__(self, key, value):
            if self.armed and key == name:
                raise KeyboardInterrupt
            super().__setattr__(key, value)

    run.meter = Breaks(run.env)
    next(train(run, 1))
    run.meter.armed = True
    with pytest.raises(KeyboardInterrupt):
        list(train(run, 1))
    run.meter.armed = False
    found = [report.behaviour for report in train(run, 4)]
    assert {each[1:] for each in found if each.finished} == {(OF_AN_EPISODE, 4.0)}
    assert 2 * 4 <= sum(each.finished for each in found) <= 2 * 6


# ---- a world that is reset in the middle


@pytest.mark.parametrize("name", WORLDS)
def test_a_reset_ends_no_episode_and_what_was_played_of_it_is_not_the_next_ones(make_config, name):
    run = run_of(WORLDS[name](), make_config)
    whole = WHOLE.get(name, (10.0, 4.0))
    next(train(run, 1))
    run.env.reset(7)
    found = [report.behaviour for report in train(run, 3)]
    assert {each[1:] for each in found if each.finished} == {whole}
    assert sum(each.finished for each in found) >= 2 * 2


def noting(seen):
    """Stores each step, and notes its number in the rollout and in the episode of copy 0."""

    def store(buffer, transition):
        seen.append((buffer.step, float(transition.obs[0, 0, 0])))
        Steps().store(buffer, transition)

    return store


class Ill(Timed):
    """Raises an error in step 3, as long as it is ill."""

    ill = False

    def step(self, action):
        if self.time == 2 and Ill.ill:
            raise ZeroDivisionError
        return super().step(action)


@pytest.fixture
def ill():
    yield Ill
    Ill.ill = False


@pytest.mark.parametrize("mode", AutoresetMode)
def test_after_the_reset_that_a_vector_environment_asks_for_no_row_follows_from_one_before(make_config, ill, mode):
    """Rows of two worlds in one rollout would be told apart by no end: the value of one would stand for the other's."""
    run = run_of(GymnasiumVectorTeam(SyncVectorEnv([lambda: Ill(5)] * 2, autoreset_mode=mode)), make_config, steps=8)
    ill.ill = True
    with pytest.raises(WorldError):
        next(train(run, 1))
    ill.ill, seen = False, []
    run.env.reset(7)
    reports = list(train(run, 2, Steps(store=noting(seen))))
    step_of_the_episode = [time for _, time in seen]
    assert step_of_the_episode[:6] == [0, 1, 2, 3, 4, 0] and len(seen) == 16
    assert {report.behaviour[1:] for report in reports if report.behaviour.finished} == {(15.0, 5.0)}


def test_what_was_collected_before_somebody_reset_the_world_is_not_gone_on_with(make_config):
    """As `check_team_env` does, for instance."""
    run, seen = run_of(PettingZooTeam(Falls, 2), make_config), []
    with pytest.raises(KeyboardInterrupt):
        list(train(run, 1, broken_at("play_step", 4, after=False)))
    assert run.buffer.step == 3
    run.env.reset(1)
    next(train(run, 1, Steps(store=noting(seen))))
    assert seen == [(0, 0), (1, 1), (2, 2), (3, 3), (4, 0), (5, 1)]


class Long(gymnasium.Env):
    """Episodes of 20 steps, each worth -1; interrupted once, where it is told to be."""

    observation_space, action_space = Box(0, 1, (1,), np.float32), Discrete(2)
    interrupted_at = None

    def reset(self, *, seed=None, options=None):
        self.time = 0
        return np.zeros(1, np.float32), {}

    def step(self, action):
        if self.time == self.interrupted_at:
            self.interrupted_at = None
            raise KeyboardInterrupt
        self.time += 1
        return np.full(1, self.time / 20, np.float32), -1.0, False, self.time == 20, {}


def test_an_episode_that_was_broken_off_is_none(make_config):
    run = TrainingRun(GymnasiumTeam(Long, 1), make_config(num_envs=1, num_steps=30))
    run.env.envs[0].interrupted_at = 6
    with pytest.raises(KeyboardInterrupt):
        next(train(run, 1))
    first, second = (report.behaviour for report in train(run, 2))
    assert first == Episodes(1, -20, 20), "6 steps are kept, then a whole one, and 4 of the next"
    assert second == Episodes(1, -20, 20)

"""Few processes: each takes a second or two to start."""

import os
import signal

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Discrete, MultiDiscrete

from ppo_lessons.errors import NonFiniteError, NotReadyError, WorldError
from ppo_lessons.other_worlds.adapters import GymnasiumTeam, PettingZooTeam
from ppo_lessons.other_worlds.workers import InWorkers, Maker, OneCopy
from ppo_lessons.spirit_world.parallel_env import SpiritParallelEnv
from ppo_lessons.training import TrainingRun, train
from tests.other_worlds import broken_worlds as worlds

RAISED = r"step\(\) must not raise an error\. Got ZeroDivisionError: division by zero"


class Ill(worlds.Masked):
    """Told so by the seed of its first episode, it raises in step 4, or tells NaN in step 3."""

    def reset(self, seed=None, options=None):
        self.ill = seed % 3 if seed is not None else self.ill
        return super().reset(seed)

    def step(self, actions):
        if self.ill == 1 and self.time == 3:
            raise ZeroDivisionError("division by %s" % "zero")  # noqa: UP031 (the line shall hold a percent sign)
        return super().step(actions)

    def see_as(self, agent):
        seen = super().see_as(agent)
        seen["observation"] *= np.nan if (self.ill, self.time, agent) == (2, 3, "b") else 1
        return seen


def spirits(copies=1):
    return PettingZooTeam(lambda: SpiritParallelEnv("standard"), copies)


@pytest.fixture(scope="module")
def far():
    """Two copies of the Spirit world in workers, for all tests of this module."""
    world = InWorkers(spirits, 2)
    yield world
    world.close()


@pytest.fixture
def ill():
    """Two copies of a world that can be made ill."""
    world = InWorkers(lambda: PettingZooTeam(Ill), 2)
    yield world
    world.close()


def workers_of(world):
    return list(world._workers.processes)


def nobody_is_left(processes):
    return not any(process.is_alive() for process in processes)


def test_the_rows_are_bit_for_bit_those_of_one_process_over_many_episodes(far):
    near, overs, rng = spirits(2), 0, np.random.default_rng(0)
    assert (far.obs_size, far.num_actions, far.num_agents) == (near.obs_size, near.num_actions, near.num_agents)
    for seed in (7, 8):
        for world in (far, near):
            world.reset(seed)
        for _ in range(120):
            for array in ("obs", "acting"):
                assert getattr(far, array).tobytes() == getattr(near, array).tobytes()
                assert getattr(far, array).dtype == getattr(near, array).dtype
            actions = rng.integers(0, 5, (2, 4))
            one, other = far.step(actions), near.step(actions)
            for mine, theirs in zip(one, other, strict=True):
                assert (mine.dtype, mine.shape) == (theirs.dtype, theirs.shape)
                assert mine.tobytes() == theirs.tobytes()
            overs += int(one.episode_over.sum())
    assert overs > 5


def test_training_in_workers_is_training_in_one_process(far, make_config):
    """And so it is deterministic; what they show is kept, although the shared memory changes with every step."""
    digests = []
    for world in (far, spirits(2)):
        run = TrainingRun(world, make_config(num_envs=2, num_steps=40))
        digests.append([(report.update, report.agent_rewards) for report in train(run, 2)])
    assert digests[0] == digests[1]


def test_a_worker_that_is_killed_ends_all_and_the_next_step_starts_new_ones(far, make_config):
    """The error says so; with the next step every episode is cut off with reward 0 and what was seen last."""
    run = TrainingRun(far, make_config(num_envs=2, num_steps=16))
    next(train(run, 1))
    before = [weight.clone() for weight in run.policy.state_dict().values()]
    old, obs, acting = workers_of(far), far.obs.copy(), far.acting.copy()
    old[1].kill()
    rule = (
        r"^A worker must answer within 120 s\. Got .* that died or hangs\. All workers were ended; the next step starts"
    )
    with pytest.raises(WorldError, match=rule):
        next(train(run, 1))
    assert nobody_is_left(old)
    assert all((one == other).all() for one, other in zip(before, run.policy.state_dict().values(), strict=True))
    assert np.array_equal(far.obs, obs)

    step = far.step(np.zeros((2, far.num_agents), int))
    assert np.array_equal(step.truncated, acting)
    assert step.episode_over.all()
    assert not step.terminated.any()
    assert not step.rewards.any()
    assert np.array_equal(step.final_obs, obs)
    assert far.acting.all()
    assert not np.array_equal(far.obs, obs)
    assert next(train(run, 1)).cycle == 2

    new = workers_of(far)
    assert len(new) == 2
    assert not set(new) & set(old)
    far.close()
    assert nobody_is_left(new)
    far.close()  # twice does no harm


def test_an_error_of_a_world_comes_back_as_it_would_from_one_process(ill):
    """Also one whose line holds a %, at which Gymnasium's log would stumble; it names the right copy."""
    ill.reset(0)
    old, before = workers_of(ill), gymnasium.logger.min_level
    with pytest.raises(WorldError, match=rf"^{RAISED} \(good_v0, copy 1, step 4\)\. It was raised in test_workers.py"):
        for _ in range(5):
            ill.step(np.zeros((2, 2), int))
    assert nobody_is_left(old)
    assert gymnasium.logger.min_level == before


@pytest.mark.slow
@pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="Windows cannot let a process hang")
def test_nan_of_a_world_and_a_worker_that_hangs_are_told(ill):
    ill.reset(4)
    with pytest.raises(
        NonFiniteError, match=r"^An observation must be finite\. Got nan \(good_v0, copy 1, step 3, agent"
    ):
        for _ in range(5):
            ill.step(np.zeros((2, 2), int))
    ill.reset(3)
    old, ill._timeout = workers_of(ill), 0.2
    os.kill(old[0].pid, signal.SIGSTOP)
    with pytest.raises(
        WorldError, match=r"^A worker must answer within 0\.2 s\. Got TimeoutError.* that died or hangs"
    ):
        ill.step(np.zeros((2, 2), int))
    assert nobody_is_left(old)


# ---- without processes


def test_refuses_more_copies_than_one_a_step_before_the_reset_and_bad_actions():
    with pytest.raises(ValueError, match=r"^make_team must make a team with one copy\. Got "):
        InWorkers(lambda: PettingZooTeam(worlds.Good, 2), 2)
    with pytest.raises(ValueError, match=r"^num_envs must be a whole number, 1 or more\. Got 0"):
        InWorkers(lambda: PettingZooTeam(worlds.Good), 0)
    world = InWorkers(lambda: PettingZooTeam(worlds.Good), 2)
    with pytest.raises(NotReadyError, match=r"^Call reset\(seed\) before step\(\)"):
        world.step(np.zeros((2, 2), int))


def test_a_worker_that_cannot_make_its_world_is_told(monkeypatch):
    def torn(*given, **named):
        raise ConnectionResetError(104, "Connection reset by peer")

    monkeypatch.setattr("ppo_lessons.other_worlds.workers.AsyncVectorEnv", torn)
    world = InWorkers(lambda: PettingZooTeam(worlds.Good), 2)
    with pytest.raises(WorldError, match=r"^Each worker must be able to make its world.*ConnectionResetError.*good_v0"):
        world.reset(0)


@pytest.mark.parametrize(
    "space", [Discrete(3), MultiDiscrete([2, 4]), Box(-1, 1, (2,), np.float32)], ids=["one", "several", "real"]
)
def test_a_copy_tells_all_of_a_step_in_one_observation_of_its_space(space):
    class Choosing(worlds.GoodAlone):
        action_space = space

    told_by, plain = Maker(lambda: GymnasiumTeam(Choosing), 5)(), GymnasiumTeam(Choosing)
    assert isinstance(told_by, OneCopy)
    assert told_by.team.first_copy == 5
    plain.reset(3)
    told, infos = told_by.reset(seed=3)
    assert infos == {}
    rng = np.random.default_rng(0)
    for _ in range(12):
        assert told_by.observation_space.contains({name: np.asarray(part) for name, part in told.items()})
        assert np.array_equal(told["obs"], plain.obs[0])
        assert np.array_equal(told["acting"], plain.acting[0])
        chosen = rng.integers(0, 2, told_by.action_space.shape).astype(told_by.action_space.dtype)
        assert told_by.action_space.contains(chosen)
        told, *rest = told_by.step(chosen)
        assert rest == [0.0, False, False, {}]
        for name, part in plain.step(chosen[None])._asdict().items():
            assert np.array_equal(told[name], part if name == "episode_over" else part[0])

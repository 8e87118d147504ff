import importlib
import os
import signal
import warnings

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete
from pettingzoo import ParallelEnv

from ppo_lessons.checkpoints import load_run, save_run
from ppo_lessons.errors import NotReadyError, WorldError
from ppo_lessons.other_worlds.adapters import GymnasiumTeam, PettingZooTeam
from ppo_lessons.other_worlds.check import check_team_env
from ppo_lessons.other_worlds.vector_team import GymnasiumVectorTeam
from ppo_lessons.spirit_world.cases import Case
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.parallel_env import SpiritParallelEnv
from ppo_lessons.training import TrainingRun, train
from tests.other_worlds import broken_worlds as worlds


def cartpole(num_envs=3):
    return GymnasiumTeam(lambda: gymnasium.make("CartPole-v1"), num_envs)


class Signal(gymnasium.Env):
    """Do what the signal says: one step, reward 1 if right. Can be solved in seconds, and nothing else can."""

    observation_space = Dict({"signal": Discrete(3), "noise": Box(-1, 1, (2,), np.float32)})
    action_space = Discrete(3, start=5)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self._see(), {}

    def _see(self):
        self.signal = int(self.np_random.integers(3))
        return {"signal": self.signal, "noise": self.np_random.uniform(-1, 1, 2).astype(np.float32)}

    def step(self, action):
        right = float(action - 5 == self.signal)
        self.steps += 1
        return self._see(), right, False, self.steps == 10, {}


class Script(ParallelEnv):
    """Two agents see [steps, number]; b falls with step 2, the episode is cut off with step 4."""

    def __init__(self, both_flags=False, spaces=None, who="ab"):
        self.metadata, self.possible_agents = {"name": "script_v0"}, ["a", "b"]
        self.both_flags, self.who = both_flags, who
        self.spaces = spaces or {}
        self.resets = []

    def observation_space(self, agent):
        return self.spaces.get(agent, Box(-9, 9, (2,), np.float32))

    def action_space(self, agent):
        return Discrete(3)

    def reset(self, seed=None, options=None):
        self.resets.append(seed)
        self.steps, self.agents, self.asked = 0, list(self.who), []
        return self._see(), {agent: {} for agent in self.agents}

    def _see(self):
        return {agent: np.array([self.steps, "ab".index(agent)], np.float32) for agent in self.agents}

    def step(self, actions):
        self.asked.append(dict(actions))
        self.steps += 1
        seen = self._see()
        ended = {agent: self.steps == (2 if agent == "b" else 4 * self.both_flags) for agent in self.agents}
        cut = {agent: self.steps == 4 for agent in self.agents}
        rewards = {agent: self.steps + 10.0 * "ab".index(agent) for agent in self.agents}
        infos = {agent: {} for agent in self.agents}
        self.agents = [agent for agent in self.agents if not (ended[agent] or cut[agent])]
        return seen, rewards, ended, cut, infos


# ---- promises


@pytest.mark.parametrize(
    "world",
    [
        lambda: PettingZooTeam(SpiritParallelEnv, 3),
        lambda: PettingZooTeam(SpiritParallelEnv, 2, agent_id=False),
        lambda: PettingZooTeam(lambda: SpiritParallelEnv(Case(name="x", num_detectives=1, toughness=(1,))), 2),
        lambda: PettingZooTeam(Script, 2),
        lambda: cartpole(),
        lambda: GymnasiumTeam(Signal, 2),
    ],
    ids=["spirits", "spirits without numbers", "one spirit detective", "script", "cartpole", "signal"],
)
def test_keeps_the_promise_of_a_team_env(world):
    check_team_env(world(), num_steps=300)


@pytest.mark.parametrize("make", [lambda: PettingZooTeam(SpiritParallelEnv, 2), lambda: cartpole(2)])
def test_the_same_seed_is_the_same_world_over_many_episodes(make):
    """Fact 36: also the episodes that the adapter starts by itself."""
    histories = []
    for seed in (1, 1, 2):
        world, shown, rng = make(), [], np.random.default_rng(0)
        world.reset(seed)
        over = 0
        for _ in range(200):
            step = world.step(rng.integers(0, world.num_actions, (2, world.num_agents)))
            over += step.episode_over.sum()
            shown += [array.tobytes() for array in (*step, world.obs, world.acting)]
        assert over > 3
        histories.append(shown)
    assert histories[0] == histories[1]
    assert histories[0] != histories[2]


def test_training_is_deterministic_in_other_worlds_too(make_config):
    """Fact 36."""
    digests = []
    for _ in range(2):
        run = TrainingRun(
            PettingZooTeam(lambda: SpiritParallelEnv("standard"), 2), make_config(num_envs=2, num_steps=64)
        )
        digests.append([(report.update, report.mean_reward) for report in train(run, 3)])
    assert digests[0] == digests[1]


# ---- PettingZoo


@pytest.mark.parametrize("seed", range(3))
def test_the_spirit_world_through_pettingzoo_is_the_spirit_world(seed):
    """The first episode, with the same seed: same observations (and the number), rewards and ends for the living."""
    case = Case(name="frail", size=5, health=1)
    through, world = PettingZooTeam(lambda: SpiritParallelEnv(case)), SpiritWorld(case, 1)
    through.reset(seed)
    world.reset(seed)
    rng, numbers = np.random.default_rng(seed), np.eye(4, dtype=np.float32)
    over = fallen = False
    while not over:
        acting = world.acting[0]
        fallen |= not acting.all()
        assert np.array_equal(through.acting, world.acting)
        assert np.array_equal(through.obs[0, acting, :34], world.obs[0, acting])
        assert np.array_equal(through.obs[0, :, 34:], numbers)
        actions = rng.integers(0, 5, (1, 4))
        first, second = through.step(actions), world.step(actions)
        for a in np.flatnonzero(acting):
            assert np.array_equal(first.final_obs[0, a, :34], second.final_obs[0, a])
            assert first.rewards[0, a] == second.rewards[0, a]
            assert first.terminated[0, a] == second.terminated[0, a]
            assert first.truncated[0, a] == second.truncated[0, a]
        over = bool(second.episode_over[0])
        assert bool(first.episode_over[0]) is over
    assert fallen


def test_an_agent_that_leaves_has_fallen_while_the_other_plays_on():
    """Facts 2, 15: it is asked for no action, sees zeros and its number, and is back in the next episode."""
    world = PettingZooTeam(Script)
    world.reset(0)
    steps = [world.step(np.array([[1, 2]])) for _ in range(2)]
    assert world.envs[0].asked == [{"a": 1, "b": 2}, {"a": 1, "b": 2}]
    assert steps[1].terminated.tolist() == [[False, True]]
    assert steps[1].final_obs[0].tolist() == [[2, 0, 1, 0], [2, 1, 0, 1]]
    assert world.acting.tolist() == [[True, False]]
    assert world.obs[0].tolist() == [[2, 0, 1, 0], [0, 0, 0, 1]]
    steps += [world.step(np.array([[1, 2]])) for _ in range(2)]
    assert steps[2].rewards.tolist() == [[3, 0]]
    assert steps[3].truncated.tolist() == [[True, False]]
    assert steps[3].terminated.tolist() == [[False, False]]
    assert steps[3].episode_over.tolist() == [True]
    assert steps[3].final_obs[0].tolist() == [[4, 0, 1, 0], [0, 0, 0, 1]]
    assert world.obs[0].tolist() == [[0, 0, 1, 0], [0, 1, 0, 1]]
    assert world.acting.all()
    assert world.envs[0].asked == []


def test_asks_only_the_living_for_actions():
    world = PettingZooTeam(Script)
    world.reset(0)
    for _ in range(3):
        world.step(np.array([[1, 2]]))
    assert world.envs[0].asked[2] == {"a": 1}


def test_terminated_wins_when_both_flags_are_set():
    """Fact 4."""
    world = PettingZooTeam(lambda: Script(both_flags=True))
    world.reset(0)
    for _ in range(4):
        step = world.step(np.zeros((1, 2), int))
    assert step.terminated.tolist() == [[True, False]]
    assert not step.truncated.any()


def test_each_copy_has_a_seed_of_its_own_and_only_the_first_reset_has_one():
    """But for the first copy, which is reset once more to see what it tells."""
    world = PettingZooTeam(Script, 3)
    world.reset(7)
    for _ in range(5):
        world.step(np.zeros((3, 2), int))
    assert [env.resets for env in world.envs] == [[0, 7, None], [8, None], [9, None]]


def test_the_number_can_be_left_out():
    """Fact 37."""
    assert PettingZooTeam(Script, agent_id=True).obs_size == 4
    world = PettingZooTeam(Script, agent_id=False)
    world.reset(0)
    assert world.obs_size == 2
    assert world.obs.tolist() == [[[0, 0], [0, 1]]]


def test_refuses_agents_that_cannot_share_a_network():
    with pytest.raises(ValueError, match=r"^Agents that see or choose differently ask for your choice: .*'padded'"):
        PettingZooTeam(lambda: Script(spaces={"b": Box(-1, 1, (3,), np.float32)}))


def test_refuses_an_episode_that_starts_with_a_part_of_the_team():
    rule = r"^After reset\(\) `agents` must hold all of possible_agents.*Got \['a'\] \(script_v0, copy 0, reset\)"
    with pytest.raises(WorldError, match=rule):
        PettingZooTeam(lambda: Script(who="a"))


# ---- Gymnasium


def test_a_gymnasium_world_is_a_team_of_one():
    """Facts 1, 2: the same episode, played directly."""
    world, env = cartpole(1), gymnasium.make("CartPole-v1", max_episode_steps=500)
    world.reset(4)
    seen, _ = env.reset(seed=4)
    over = False
    while not over:
        assert np.array_equal(world.obs[0, 0], seen)
        step = world.step(np.array([[1]]))
        seen, reward, ended, cut, _ = env.step(1)
        over = ended or cut
        assert np.array_equal(step.final_obs[0, 0], seen)
        assert (step.rewards[0, 0], step.terminated[0, 0], step.truncated[0, 0]) == (reward, ended, cut)
        assert bool(step.episode_over[0]) is over
    assert step.terminated[0, 0]
    assert not np.array_equal(world.obs, step.final_obs)
    assert np.abs(world.obs).max() <= 0.05


def test_a_time_limit_truncates():
    """Fact 1: Gymnasium's TimeLimit is not a death."""
    world = GymnasiumTeam(lambda: gymnasium.make("CartPole-v1", max_episode_steps=5))
    world.reset(0)
    for t in range(5):
        step = world.step(np.array([[t % 2]]))
    assert step.truncated.tolist() == [[True]]
    assert step.terminated.tolist() == [[False]]
    assert step.episode_over.tolist() == [True]


def test_any_space_is_flattened_and_actions_are_counted_from_their_start():
    world = GymnasiumTeam(Signal, 2)
    world.reset(0)
    assert (world.obs_size, world.num_actions, world.num_agents) == (5, 3, 1)
    right = np.array([[env.signal] for env in world.envs])
    assert world.step(right).rewards.tolist() == [[1], [1]]
    wrong = np.array([[(env.signal + 1) % 3] for env in world.envs])
    assert world.step(wrong).rewards.tolist() == [[0], [0]]


def test_ppo_solves_a_small_world(make_config):
    """Through the adapter: from a third right to nearly always right."""
    config = make_config(num_envs=8, num_steps=16, epochs=4, minibatch_size=64, learning_rate=5e-3, gamma=0.5)
    rewards = [report.mean_reward for report in train(TrainingRun(GymnasiumTeam(Signal, 8), config), 25)]
    assert rewards[0] < 0.5
    assert np.mean(rewards[-3:]) > 0.95


@pytest.mark.slow
def test_ppo_gets_better_at_cartpole(make_config):
    """Episodes last longer: fewer ends in as many steps."""
    ends = []

    class Counted(GymnasiumTeam):
        def step(self, actions):
            step = super().step(actions)
            ends[-1] += int(step.episode_over.sum())
            return step

    sizes = dict(num_envs=8, num_steps=64, epochs=8, minibatch_size=64, hidden_size=32)
    config = make_config(**sizes, learning_rate=3e-3, gamma=0.98, gae_lambda=0.9, ent_coef=0.0)
    run = TrainingRun(Counted(lambda: gymnasium.make("CartPole-v1"), 8), config)
    for _ in range(10):
        ends.append(0)
        next(train(run, 1))
    assert ends[0] > 10
    assert np.mean(ends[-2:]) < 0.5 * ends[0]


# ---- bad input


@pytest.mark.parametrize("make", [lambda n: PettingZooTeam(Script, n), lambda n: cartpole(n)])
def test_refuses_a_step_before_the_reset_and_bad_actions(make):
    with pytest.raises(ValueError, match=r"num_envs must be a whole number, 1 or more\. Got 0"):
        make(0)
    world = make(2)
    actions = np.zeros((2, world.num_agents), int)
    with pytest.raises(NotReadyError, match=r"^Call reset\(seed\) before step\(\)"):
        world.step(actions)
    world.reset(0)
    before = world.obs.copy()
    with pytest.raises(ValueError, match=r"^actions must be 0 to \d\. Got 0 to 9"):
        world.step(actions + np.array([[9], [0]]))
    with pytest.raises(ValueError, match=r"^actions must have shape"):
        world.step(actions[0])
    with pytest.raises(ValueError, match=r"^actions must be whole numbers"):
        world.step(actions * 1.0)
    assert np.array_equal(world.obs, before)


# ---- a step that is broken off


class Fragile(Script):
    """A script that breaks off where it is told to, once."""

    breaks: str | None = None
    error: type[BaseException] = KeyboardInterrupt

    def _at(self, where):
        if self.breaks == where:
            self.breaks = None
            raise self.error("broken off")

    def reset(self, seed=None, options=None):
        self._at("before reset")
        seen = super().reset(seed, options)
        self._at("after reset")
        return seen

    def step(self, actions):
        self._at("before step")
        result = super().step(actions)
        self._at("after step")
        return result


class FragileAlone(gymnasium.Env):
    """The same as a team of one: sees [steps], is cut off with step 4."""

    observation_space, action_space = Box(-9, 9, (1,), np.float32), Discrete(3)
    breaks, error, _at = None, KeyboardInterrupt, Fragile._at

    def reset(self, *, seed=None, options=None):
        self._at("before reset")
        self.steps = 0
        self._at("after reset")
        return np.zeros(1, np.float32), {}

    def step(self, action):
        self._at("before step")
        self.steps += 1
        self._at("after step")
        return np.full(1, self.steps, np.float32), float(self.steps), False, self.steps == 4, {}


def shown_steps(world):
    """The step number that each copy shows, (E,); copies that go on always show where they stand."""
    return world.obs[:, 0, 0].astype(int).tolist()


SPIRITS = [lambda: PettingZooTeam(SpiritParallelEnv, 3), lambda: SpiritWorld("fog", 3)]
FRAGILE = [lambda: PettingZooTeam(Fragile, 3), lambda: GymnasiumTeam(FragileAlone, 3)]


@pytest.mark.parametrize("make", FRAGILE)
@pytest.mark.parametrize("error", [KeyboardInterrupt, ZeroDivisionError])
@pytest.mark.parametrize("where", ["before step", "after step"])
@pytest.mark.parametrize("steps", [1, 2, 3])
def test_a_step_that_is_broken_off_cuts_off_the_copies_that_it_had_reached(make, error, where, steps):
    """Nothing is changed by it; with the next one they are truncated with what was seen last, and the others play."""
    world = make()
    world.reset(0)
    actions = np.zeros((3, world.num_agents), int)
    for _ in range(steps):
        world.step(actions)
    obs, acting = world.obs.copy(), world.acting.copy()
    world.envs[1].breaks, world.envs[1].error = where, error
    with pytest.raises(KeyboardInterrupt if error is KeyboardInterrupt else WorldError, match="broken off"):
        world.step(actions)
    assert np.array_equal(world.obs, obs)
    assert np.array_equal(world.acting, acting)

    step = world.step(actions)
    for e in (0, 1):
        assert np.array_equal(step.truncated[e], acting[e])
        assert not step.terminated[e].any()
        assert not step.rewards[e].any()
        assert np.array_equal(step.final_obs[e], obs[e])
    assert step.episode_over.tolist() == [True, True, steps == 3]
    assert step.rewards[2, 0] == steps + 1
    assert shown_steps(world) == [0, 0, (steps + 1) % 4]
    assert world.acting[:2].all()
    for k in range(1, 9):  # and from there on it is the script again
        step = world.step(actions)
        assert shown_steps(world)[:2] == [k % 4] * 2
        assert step.truncated[0, 0] == step.episode_over[0] == (k % 4 == 0)


@pytest.mark.parametrize("make", FRAGILE)
@pytest.mark.parametrize("where", ["before reset", "after reset"])
def test_a_next_episode_that_is_broken_off_is_laid_out_with_the_next_step(make, where):
    world = make()
    world.reset(0)
    actions = np.zeros((3, world.num_agents), int)
    for _ in range(3):
        world.step(actions)
    obs, acting = world.obs.copy(), world.acting.copy()
    world.envs[1].breaks = where
    with pytest.raises(KeyboardInterrupt):
        world.step(actions)
    assert np.array_equal(world.obs, obs)
    world.envs[2].breaks = where  # and once more, while it is made good
    with pytest.raises(KeyboardInterrupt):
        world.step(actions)
    step = world.step(actions)
    assert step.episode_over.all()
    assert np.array_equal(step.truncated, acting)
    assert np.array_equal(step.final_obs, obs)
    assert shown_steps(world) == [0, 0, 0]


@pytest.mark.parametrize("make", FRAGILE)
def test_a_first_reset_that_is_broken_off_must_be_called_again(make):
    world = make()
    world.reset(0)
    world.envs[2].breaks = "before reset"
    with pytest.raises(KeyboardInterrupt):
        world.reset(1)
    with pytest.raises(NotReadyError, match=r"^Call reset\(seed\) before step\(\)"):
        world.step(np.zeros((3, world.num_agents), int))
    world.reset(1)
    check_team_env(world)


@pytest.mark.skipif(not hasattr(signal, "setitimer"), reason="Windows has no timer that interrupts")
@pytest.mark.filterwarnings(  # an interrupt that falls into a destructor is only printed; then the next one counts
    "ignore::pytest.PytestUnraisableExceptionWarning"
)
@pytest.mark.parametrize("make", [*FRAGILE, *SPIRITS])
def test_an_interrupt_at_any_moment_leaves_a_world_that_keeps_its_promise(make):
    def press(*given):
        raise KeyboardInterrupt

    world, pressed, rng = make(), 0, np.random.default_rng(0)
    world.reset(0)
    before = signal.signal(signal.SIGALRM, press)
    try:
        for _ in range(40):
            try:
                signal.setitimer(signal.ITIMER_REAL, 1e-5 + 5e-4 * rng.random(), 5)  # again, should one get lost
                while True:
                    world.step(np.zeros((3, world.num_agents), int))
            except KeyboardInterrupt:
                pressed += 1
            signal.setitimer(signal.ITIMER_REAL, 0)
            world.step(np.zeros((3, world.num_agents), int))
            if not isinstance(world, SpiritWorld) and not isinstance(world.envs[0], SpiritParallelEnv):
                assert shown_steps(world) == [env.steps for env in world.envs]
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
    assert pressed == 40
    check_team_env_as_it_is(world)


def check_team_env_as_it_is(world):
    """`check_team_env` without its reset."""
    world.reset = lambda seed: None
    check_team_env(world)
    del world.reset


def test_training_goes_on_in_a_world_that_was_broken_off(make_config):
    run = TrainingRun(PettingZooTeam(Fragile, 3), make_config(num_envs=3))
    next(train(run, 1))
    for where in ("before step", "after step", "before reset", "after reset"):
        run.env.envs[1].breaks = where
        with pytest.raises(KeyboardInterrupt):
            list(train(run, 1))
        assert len(list(train(run, 2))) == 2


# ---- worlds whose agents take turns


@pytest.fixture
def classic(monkeypatch):
    """PettingZoo's classic games, which warn that they will be made by another function one day."""
    monkeypatch.setitem(os.environ, "PYGAME_HIDE_SUPPORT_PROMPT", "1")

    def load(name):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            pytest.importorskip("pygame")
            return importlib.import_module(f"pettingzoo.classic.{name}")

    return load


def test_agents_who_seem_to_take_turns_but_act_at_once_are_played(classic):
    """PettingZoo's own conversion: the same as its own parallel world."""
    module, rng = classic("rps_v2"), np.random.default_rng(0)
    turns, once = (
        PettingZooTeam(lambda make=make: make(num_actions=5), 2) for make in (module.env, module.parallel_env)
    )
    for world in (turns, once):
        world.reset(0)
    overs = 0
    for _ in range(40):
        assert np.array_equal(turns.obs, once.obs)
        actions = rng.integers(0, 5, (2, 2))
        one, other = turns.step(actions), once.step(actions)
        for mine, theirs in zip(one, other, strict=True):
            assert np.array_equal(mine, theirs)
        assert np.abs(one.rewards).sum(axis=1).tolist() == [2 * (a != b) for a, b in actions]
        overs += one.episode_over.sum()
    assert overs == 4
    check_team_env(turns)


def test_agents_who_do_take_turns_are_refused_with_the_reason(classic):
    module = classic("tictactoe_v3")
    rule = r"^Agents of a team must act at once: .*take turns.*\(tictactoe_v3\)\. Write it as a ParallelEnv"
    with pytest.raises(WorldError, match=rule):
        PettingZooTeam(module.env)
    with pytest.raises(ValueError, match=rule):
        check_team_env(module.env)


# ---- masks


@pytest.mark.parametrize(
    "make",
    [
        lambda: PettingZooTeam(worlds.Masked, 2),
        lambda: PettingZooTeam(worlds.MaskInInfos, 2),
        lambda: GymnasiumTeam(MaskedAlone, 2),
        lambda: GymnasiumTeam(lambda: MaskedAlone(in_infos=True), 2),
    ],
    ids=["seen", "in the infos", "seen alone", "in the infos alone"],
)
def test_what_is_not_legal_is_never_played(make, make_config):
    """Whichever way the mask is told; the world itself would not survive it."""
    world = make()
    assert world.action_kind.masked
    check_team_env(world)
    world = make()
    seen = []

    def noted(actions):
        seen.append(actions[world.acting])
        return step(actions)

    step, world.step = world.step, noted
    run = TrainingRun(world, make_config(num_envs=2, num_steps=64))
    reports = list(train(run, 2))
    assert set(np.concatenate(seen).tolist()) == {0, 1}
    assert all(0 < report.update.entropy <= np.log(2) + 1e-6 for report in reports)
    assert (world.obs[..., -3:] == [1, 1, 0]).all()


class MaskedAlone(worlds.GoodAlone):
    """May do everything but 2."""

    def __init__(self, in_infos=False):
        self.in_infos = in_infos
        if not in_infos:
            self.observation_space = worlds.Masked.space

    def reset(self, *, seed=None, options=None):
        return self._masked(*super().reset(seed=seed))

    def step(self, action):
        assert action != 2
        seen, *rest, infos = super().step(action)
        seen, infos = self._masked(seen, infos)
        return seen, *rest, infos

    def _masked(self, seen, infos):
        mask = np.array([1, 1, 0], np.int8)
        return (seen, {"action_mask": mask}) if self.in_infos else ({"observation": seen, "action_mask": mask}, infos)


def test_agents_may_be_named_by_words_and_numbers_together(make_config):
    world = PettingZooTeam(worlds.MixedNames, 2)
    assert world.agents == [1, "b"]
    report = next(train(TrainingRun(world, make_config(num_envs=2)), 1))
    assert len(report.agent_rewards) == 2


@pytest.mark.parametrize(
    ("env", "team"), [(worlds.Good, "PettingZooTeam"), (worlds.GoodAlone, "GymnasiumTeam")], ids=["team", "alone"]
)
def test_a_bare_environment_is_no_world_and_the_error_says_what_makes_one_of_it(env, team, make_config):
    with pytest.raises(
        ValueError, match=rf"^A world must be a TeamEnv\. Got {env.__name__} without .*{team}\(make_env"
    ):
        TrainingRun(env(), make_config())


# ---- every world is trained alike

TRAINED = {
    "PettingZooTeam": lambda: PettingZooTeam(worlds.Good, 2),
    "masks": lambda: PettingZooTeam(worlds.Masked, 2),
    "GymnasiumTeam": lambda: cartpole(2),
    "real numbers": lambda: GymnasiumTeam(lambda: gymnasium.make("Pendulum-v1"), 2),
    "GymnasiumVectorTeam": lambda: GymnasiumVectorTeam(gymnasium.make_vec("CartPole-v1", 2)),
}


@pytest.mark.parametrize("name", TRAINED)
@pytest.mark.parametrize("settings", [{}, {"critic": "team", "shared_trunk": False, "value_normalisation": True}])
def test_training_is_deterministic_through_every_adapter(name, settings, make_config):
    """Fact 36: the same reports and, bit for bit, the same weights."""
    digests = []
    for seed in (0, 0, 1):
        run = TrainingRun(TRAINED[name](), make_config(num_envs=2, num_steps=32, seed=seed, **settings))
        reports = [(report.update, report.agent_rewards) for report in train(run, 2)]
        digests.append((reports, [weight.numpy().tobytes() for weight in run.policy.state_dict().values()]))
        run.env.close()
    assert digests[0] == digests[1]
    assert digests[0] != digests[2]


@pytest.mark.parametrize("name", TRAINED)
def test_a_run_is_saved_and_loaded_but_for_its_world(name, make_config, tmp_path):
    """Weights, optimizer, counters and generators are those that were saved; a warning says that the world is not."""
    config = make_config(num_envs=2, num_steps=16)
    run = TrainingRun(TRAINED[name](), config)
    list(train(run, 2))
    save_run(run, tmp_path / "run.pt")
    with pytest.warns(UserWarning, match=r"cannot tell its state, so it was not saved: its episodes begin anew"):
        loaded = load_run(tmp_path / "run.pt", TRAINED[name]())
    assert type(loaded.policy) is type(run.policy)
    assert loaded.policy.action_kind == run.policy.action_kind
    for mine, theirs in zip(run.policy.state_dict().values(), loaded.policy.state_dict().values(), strict=True):
        assert torch.equal(mine, theirs)
    one, other = run.optimizer.state_dict(), loaded.optimizer.state_dict()
    assert one["param_groups"] == other["param_groups"]
    for number, moments in one["state"].items():
        assert all(torch.equal(value, other["state"][number][key]) for key, value in moments.items())
    for generator in ("action_generator", "shuffle_generator"):
        assert torch.equal(getattr(run, generator).get_state(), getattr(loaded, generator).get_state())
    assert (loaded.cycle, loaded.agent_steps, loaded.config) == (2, run.agent_steps, config)
    assert next(train(loaded, 1)).cycle == 3
    for each in (run, loaded):
        each.env.close()

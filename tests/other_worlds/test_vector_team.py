import copy
import functools

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete
from gymnasium.vector import AsyncVectorEnv, AutoresetMode, SyncVectorEnv

from ppo_lessons.buffer import SharedBuffer
from ppo_lessons.errors import NonFiniteError, NotReadyError, WorldError
from ppo_lessons.other_worlds.adapters import GymnasiumTeam
from ppo_lessons.other_worlds.check import check_team_env
from ppo_lessons.other_worlds.vector_team import GymnasiumVectorTeam
from ppo_lessons.rollout import act, collect, see
from ppo_lessons.training import TrainingRun, train
from tests.other_worlds import broken_worlds as worlds

LENGTHS = (3, 1, 4, 2, 5)
GAMMA, GAE_LAMBDA, STEPS, COPIES = 0.9, 0.8, 24, 2


class Numbered(gymnasium.Env):
    """Shows its copy, its episode and its step; episodes have known lengths, and end in turn with either flag."""

    observation_space, action_space = Box(-9, 99, (4,), np.float32), Discrete(3)

    def __init__(self, number):
        self.number = number

    def reset(self, *, seed=None, options=None):
        self.episode, self.time = (0 if seed is not None else self.episode + 1), 0
        return self.see(), {}

    def see(self):
        return np.float32([self.number, self.episode, self.time, 1])

    def step(self, action):
        self.time += 1
        kind = self.number + self.episode
        over = self.time == LENGTHS[kind % 5]
        reward = 100.0 * self.episode + 10 * self.time + action
        return self.see(), reward, over and kind % 2 == 1, over and kind % 2 == 0, {}


MAKERS = [functools.partial(Numbered, number) for number in range(COPIES)]


def in_turn():
    """A maker of the first copy, then of the second."""
    numbers = iter(range(COPIES))
    return lambda: Numbered(next(numbers))


def vector(mode, makers=MAKERS):
    return GymnasiumVectorTeam(SyncVectorEnv(makers, autoreset_mode=mode))


TEAMS = {
    "GymnasiumTeam": lambda: GymnasiumTeam(in_turn(), COPIES),
    **{mode.value: functools.partial(vector, mode) for mode in AutoresetMode},
}


def decided(policy, number, how_many):
    """What one copy's real decisions are, played without any adapter: (seen, action, reward, ended, cut, seen last)."""
    env, rows = Numbered(number), []
    seen, _ = env.reset(seed=0)
    while len(rows) < how_many:
        action = int(policy.choose_actions(torch.from_numpy(seen), torch.Generator(), greedy=True))
        last, reward, ended, cut, _ = env.step(action)
        rows.append((seen, action, reward, ended, cut, last))
        seen = env.reset()[0] if ended or cut else last
    return rows


def collected(world, policy):
    """A full and finished buffer, whose decisions depend on nothing but what is seen."""

    def play_step(env, policy, generator):
        seen = see(env)
        return act(env, policy, seen, policy.sample_actions(seen, generator, greedy=True))

    world.reset(0)
    buffer = SharedBuffer(STEPS, COPIES, 1, 4)
    last_values = collect(world, policy, buffer, torch.Generator(), play_step=play_step)
    buffer.finish(last_values, GAMMA, GAE_LAMBDA)
    return buffer


@pytest.fixture
def policy(make_policy):
    return make_policy(4, 3)


@pytest.mark.parametrize("team", TEAMS)
def test_rows_are_the_real_decisions_and_no_others(team, policy):
    """Counted: each decision of every episode is a row, with its own reward and end, and nothing besides is."""
    buffer = collected(TEAMS[team](), policy)
    data = buffer.data
    for e in range(COPIES):
        rows = np.flatnonzero(data.acting[:, e, 0].numpy())
        expected = decided(policy, e, len(rows))
        ends = [i for i, row in enumerate(expected) if row[3] or row[4]]
        waited = len([i for i in ends if i + ends.index(i) + 1 < STEPS]) if team == "NextStep" else 0
        assert len(rows) == STEPS - waited
        assert len(ends) > 5
        for t, (seen, action, reward, ended, cut, last) in zip(rows, expected, strict=True):
            assert data.obs[t, e, 0].tolist() == seen.tolist()
            assert int(data.actions[t, e, 0]) == action
            assert float(data.rewards[t, e, 0]) == reward
            assert (bool(data.terminated[t, e, 0]), bool(data.truncated[t, e, 0])) == (ended, cut)
            value = float(policy.estimate_values(torch.from_numpy(last))) if cut else 0
            assert float(data.final_values[t, e, 0]) == pytest.approx(value, rel=1e-5, abs=1e-6)
    flat = buffer.get()
    assert len(flat.actions) == int(data.acting.sum())


@pytest.mark.parametrize("team", TEAMS)
def test_advantages_are_those_of_the_episodes_alone(team, policy):
    """Nothing leaks over an episode's end, and what was cut off is continued with the value of what was seen last."""
    buffer = collected(TEAMS[team](), policy)
    for e in range(COPIES):
        rows = np.flatnonzero(buffer.data.acting[:, e, 0].numpy())
        expected = decided(policy, e, len(rows))
        whole = max(i for i, row in enumerate(expected) if row[3] or row[4]) + 1
        values = [float(policy.estimate_values(torch.from_numpy(row[0]))) for row in expected]
        advantage, right = 0.0, [0.0] * whole
        for i in reversed(range(whole)):
            _, _, reward, ended, cut, last = expected[i]
            following = 0.0 if ended else float(policy.estimate_values(torch.from_numpy(last)))
            delta = reward + GAMMA * following - values[i]
            advantage = delta + (0.0 if ended or cut else GAMMA * GAE_LAMBDA * advantage)
            right[i] = advantage
        got = buffer.advantages[:, e, 0].numpy()[rows[:whole]]
        np.testing.assert_allclose(got, right, rtol=1e-4, atol=1e-3)


def test_all_ways_to_start_anew_give_the_same_rows(policy):
    """As many of them as there are; in the next-step mode some steps of a rollout are no decisions."""
    rows = {}
    for name, make in TEAMS.items():
        data = collected(make(), policy).data
        rows[name] = [
            [tensor[:, e][data.acting[:, e]] for tensor in (data.obs, data.actions, data.rewards, data.terminated)]
            for e in range(COPIES)
        ]
    fewer = rows.pop("NextStep")
    first = rows.pop("GymnasiumTeam")
    assert len(fewer[0][0]) < len(first[0][0]) == STEPS
    for e in range(COPIES):
        for k, tensor in enumerate(first[e]):
            assert all(torch.equal(other[e][k], tensor) for other in rows.values())
            assert torch.equal(fewer[e][k], tensor[: len(fewer[e][k])])


@pytest.mark.parametrize("mode", AutoresetMode)
def test_keeps_the_promise_of_a_team_env(mode):
    check_team_env(vector(mode), num_steps=60)


def test_nobody_acts_in_the_step_in_which_the_next_episode_begins():
    """The next-step mode: its action, reward and ends are ignored, and the team's episode is over with it."""
    world = vector(AutoresetMode.NEXT_STEP)
    world.reset(0)
    overs, acting = [], []
    for _ in range(6):
        step = world.step(np.ones((2, 1), int))
        overs.append(step.episode_over.tolist())
        acting.append(world.acting[:, 0].tolist())
    assert acting == [[True, False], [True, True], [False, True], [True, True], [False, True], [True, False]]
    assert overs[1] == [False, True]
    assert overs[3] == [True, False]
    assert step.terminated.dtype == step.truncated.dtype == bool


def test_what_is_told_of_the_step_without_a_decision_is_ignored(policy):
    """A vector environment that leaves reward and flags as they were is played like one that does not."""

    class Lingering(SyncVectorEnv):
        def step(self, actions):
            begins, before = self._autoreset_envs.copy(), (self._rewards.copy(), self._terminations.copy())
            seen, rewards, ended, cut, infos = super().step(actions)
            return seen, np.where(begins, before[0], rewards), np.where(begins, before[1], ended), cut | begins, infos

    datas = [collected(GymnasiumVectorTeam(kind(MAKERS)), policy).data for kind in (SyncVectorEnv, Lingering)]
    for one, other in zip(*datas, strict=True):
        assert torch.equal(one, other)


# ---- Gymnasium's own cart-poles


@pytest.fixture
def carts():
    """Cart-poles that are computed all at once."""
    made = []

    def make(copies):
        env = gymnasium.make_vec("CartPole-v1", copies, vectorization_mode="vector_entry_point", max_episode_steps=30)
        made.append(env)
        return GymnasiumVectorTeam(env)

    yield make
    for env in made:
        env.close()


def test_each_row_of_a_cart_follows_from_the_one_before(carts):
    """x goes on by 0.02 of its speed within an episode; a junk row would jump from where it fell to the middle."""
    world, rng = carts(6), np.random.default_rng(0)
    check_team_env(world)
    world.reset(0)
    ends = cuts = begins = 0
    for _ in range(200):
        seen, acting = world.obs[:, 0].copy(), world.acting[:, 0].copy()
        step = world.step(rng.integers(0, 2, (6, 1)))
        last = step.final_obs[:, 0]
        np.testing.assert_allclose(last[acting, 0], seen[acting, 0] + 0.02 * seen[acting, 1], atol=1e-5)
        np.testing.assert_allclose(last[acting, 2], seen[acting, 2] + 0.02 * seen[acting, 3], atol=1e-5)
        assert (step.rewards[:, 0] == acting).all()
        assert (np.abs(last[step.terminated[:, 0], 2]) > 0.2).all()
        assert np.abs(world.obs[~acting & world.acting[:, 0]]).max(initial=0) <= 0.05
        begins += (~acting).sum()
        ends, cuts = ends + step.terminated.sum(), cuts + step.truncated.sum()
    assert ends > 20
    assert cuts > 3
    assert begins >= ends + cuts - 6


def test_training_in_a_vector_environment_is_deterministic(carts, make_config):
    digests = []
    for _ in range(2):
        run = TrainingRun(carts(3), make_config(num_envs=3, num_steps=40))
        digests.append([(report.update, report.mean_reward) for report in train(run, 3)])
    assert digests[0] == digests[1]
    assert digests[0][0][0].num_rows < 120
    assert digests[0][0][1] == 1  # each decision earns 1, and no other row counts


# ---- spaces


def masked_space(mask_in_infos):
    class Legal(gymnasium.Env):
        """Two thirds of the choices are forbidden, others in each step."""

        action_space = Discrete(6)
        observation_space = Box(-1, 9, (2,), np.float32)
        if not mask_in_infos:
            observation_space = Dict({"observation": observation_space, "action_mask": Box(0, 1, (6,), np.int8)})

        def reset(self, *, seed=None, options=None):
            super().reset(seed=seed)
            self.time = 0
            return self.told()

        def told(self):
            self.mask = np.zeros(6, np.int8)
            self.mask[self.np_random.permutation(6)[:2]] = 1
            seen = np.float32([self.time, 1])
            mask = self.mask.copy()
            return (seen, {"action_mask": mask}) if mask_in_infos else ({"observation": seen, "action_mask": mask}, {})

        def step(self, action):
            assert self.mask[action] == 1
            self.time += 1
            seen, infos = self.told()
            return seen, 1.0, False, self.time == 5, infos

    return Legal


@pytest.mark.parametrize("mode", AutoresetMode)
@pytest.mark.parametrize("mask_in_infos", [False, True], ids=["in the observation", "in the infos"])
def test_only_legal_actions_are_asked_for(mode, mask_in_infos, make_config):
    world = vector(mode, [masked_space(mask_in_infos)] * 3)
    assert world.action_kind.masked
    run = TrainingRun(world, make_config(num_envs=3, num_steps=40))
    assert all(np.isfinite(report.update.total_loss) for report in train(run, 2))


@pytest.mark.parametrize("mode", AutoresetMode)
def test_a_mask_of_zeros_is_refused(mode):
    world = vector(mode, [worlds.NothingLegalAlone] * 2)
    world.reset(0)
    world.step(np.zeros((2, 1), int))
    with pytest.raises(WorldError, match=r"^An action mask must leave .* \(.*, copy 0, step 2\)"):
        world.step(np.zeros((2, 1), int))


@pytest.mark.parametrize(
    ("seen", "asked"),
    [
        (Box(0, 255, (2, 2), np.uint8), Discrete(3, start=4)),
        (Dict({"a": Discrete(3), "b": Box(-1, 1, (2,), np.float32)}), MultiDiscrete([2, 3])),
        (Discrete(4), Box(-2, 5, (2,), np.float32)),
    ],
    ids=["bytes", "a dictionary", "a number"],
)
def test_any_space_gives_the_same_numbers_as_copies_do(seen, asked):
    class Any(gymnasium.Env):
        observation_space, action_space = seen, asked

        def reset(self, *, seed=None, options=None):
            if seed is not None:
                self.observation_space = copy.deepcopy(seen)
                self.observation_space.seed(seed)
            self.time = 0
            return self.observation_space.sample(), {}

        def step(self, action):
            assert self.action_space.contains(action)
            self.time += 1
            return self.observation_space.sample(), float(np.sum(action)), False, self.time == 3, {}

    one, other = GymnasiumTeam(Any), vector(AutoresetMode.SAME_STEP, [Any])
    for world in (one, other):
        world.reset(3)
    rng = np.random.default_rng(0)
    for _ in range(8):
        assert np.array_equal(one.obs, other.obs)
        chosen = rng.standard_normal((1, 1, 2)).astype(np.float32)
        chosen = chosen if isinstance(asked, Box) else rng.integers(0, 2, (1, 1, *one.action_kind.shape(0)))
        mine, theirs = one.step(chosen), other.step(chosen)
        for name in ("rewards", "terminated", "truncated", "episode_over"):
            assert np.array_equal(getattr(mine, name), getattr(theirs, name))
        assert np.array_equal(mine.final_obs, theirs.final_obs)


# ---- what goes wrong


def test_refuses_what_is_no_vector_environment_and_a_step_before_the_reset():
    with pytest.raises(ValueError, match=r"^A vector environment is asked for"):
        GymnasiumVectorTeam(Numbered(0))
    with pytest.raises(NotReadyError, match=r"^Call reset\(seed\) before step\(\)"):
        vector(AutoresetMode.NEXT_STEP).step(np.zeros((2, 1), int))


@pytest.mark.parametrize(
    ("name", "error", "rule"),
    [
        ("SeesNaNAlone", NonFiniteError, r"An observation must be finite\. Got nan \(.*, copy 1, step 3\)"),
        ("InfiniteRewardAlone", NonFiniteError, r"A reward must be finite\. Got -inf \(.*, copy 1, step 3\)"),
        ("RaisesAlone", WorldError, r"step\(\) must not raise an error\. Got ZeroDivisionError: division by zero"),
    ],
)
def test_an_error_says_where_and_asks_for_a_reset(name, error, rule):
    world = vector(AutoresetMode.SAME_STEP, [worlds.GoodAlone, getattr(worlds, name)])
    world.reset(0)
    with pytest.raises(error, match=rf"^{rule}"):
        for _ in range(5):
            world.step(np.zeros((2, 1), int))
    with pytest.raises(NotReadyError, match=r"^Call reset\(seed\)"):
        world.step(np.zeros((2, 1), int))
    world.reset(1)
    world.step(np.zeros((2, 1), int))


def test_weights_are_those_before_an_error(make_config):
    run = TrainingRun(vector(AutoresetMode.SAME_STEP, [worlds.SeesNaNAlone] * 2), make_config(num_envs=2))
    before = [weight.clone() for weight in run.policy.state_dict().values()]
    with pytest.raises(NonFiniteError):
        next(train(run, 1))
    assert all(torch.equal(*pair) for pair in zip(before, run.policy.state_dict().values(), strict=True))
    assert run.buffer.step == 2


# ---- masks in the infos


class Telling(gymnasium.Env):
    """Three actions; the infos tell a mask in some steps, and episodes end after three steps."""

    observation_space, action_space = Box(-9, 9, (1,), np.float32), Discrete(3)

    def __init__(self, tells):
        self.tells = tells

    def reset(self, *, seed=None, options=None):
        self.time = 0
        return np.zeros(1, np.float32), self.infos()

    def infos(self):
        mask = self.tells.get(self.time)
        return {} if mask is None else {"action_mask": np.array(mask, np.int8)}

    def step(self, action):
        self.time += 1
        return np.full(1, self.time, np.float32), 0.0, False, self.time == 3, self.infos()


def telling(mode, *tells):
    makers = [functools.partial(Telling, each) for each in tells]
    return GymnasiumVectorTeam(SyncVectorEnv(makers, autoreset_mode=mode))


@pytest.mark.parametrize("mode", AutoresetMode)
def test_a_mask_that_one_copy_does_not_tell_is_no_mask(mode):
    """Gymnasium fills such places up with zeros, and says so beside."""
    world = telling(mode, {0: [1, 0, 0], 1: [0, 1, 1]}, {0: [0, 1, 0]})
    world.reset(0)
    assert world.obs[:, 0, 1:].tolist() == [[1, 0, 0], [0, 1, 0]]
    world.step(np.array([[0], [1]]))
    assert world.obs[:, 0, 1:].tolist() == [[0, 1, 1], [1, 1, 1]]


def test_a_first_mask_after_the_reset_is_too_late_and_said(mode=AutoresetMode.SAME_STEP):
    world = telling(mode, {1: [1, 1, 0]})
    world.reset(0)
    with pytest.raises(WorldError, match="must tell one with reset"):
        world.step(np.array([[2]]))


@pytest.mark.parametrize("mode", AutoresetMode)
def test_what_was_seen_last_has_its_own_mask_and_not_that_of_the_next_episode(mode):
    world = telling(mode, {0: [1, 0, 0], 1: [1, 1, 1], 2: [1, 1, 1], 3: [0, 0, 1]})
    world.reset(0)
    for _ in range(3):
        step = world.step(np.array([[0]]))
    assert step.truncated.all()
    assert step.final_obs[0, 0].tolist() == [3, 0, 0, 1]


# ---- broken off


class OnceBroken(Numbered):
    """Raises an error in one step of its life."""

    breaks = False

    def step(self, action):
        if type(self).breaks and self.number == 1:
            type(self).breaks = False
            raise KeyboardInterrupt
        return super().step(action)


@pytest.mark.parametrize("mode", AutoresetMode)
def test_training_goes_on_after_an_interrupt_and_no_row_is_invented(mode, make_config):
    world = vector(mode, [functools.partial(OnceBroken, number) for number in range(COPIES)])
    run = TrainingRun(world, make_config(num_envs=COPIES, num_steps=8))
    next(train(run, 1))
    OnceBroken.breaks = True
    with pytest.raises(KeyboardInterrupt):
        next(train(run, 1))
    kept = run.buffer.step
    assert world.broken_off.all()
    assert next(train(run, 1)).cycle == 2
    assert not world.broken_off.any()
    data = run.buffer.data
    if kept:
        ended = data.terminated[kept - 1] | data.truncated[kept - 1]
        assert (ended | ~data.acting[kept - 1]).all(), "nothing goes on over the break"
    if kept < 8:
        assert data.obs[kept, :, 0, 2].tolist() == [0, 0], "both begin an episode"


def test_an_answer_that_nobody_took_is_taken_before_a_new_beginning():
    """What an interrupt leaves between asking the workers of an `AsyncVectorEnv` and hearing from them."""
    env = AsyncVectorEnv(MAKERS, context="spawn")
    world = GymnasiumVectorTeam(env)
    world.reset(0)
    env.step_async(np.zeros(COPIES, int))
    world.reset(0)
    assert world.obs[:, 0, 2].tolist() == [0, 0]
    world.step(np.zeros((COPIES, 1), int))
    world.close()

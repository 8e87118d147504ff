"""What all teams of copies share; broken-off steps are in `test_adapters`."""

import types

import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete, MultiBinary, MultiDiscrete

from ppo_lessons.action_kinds import ActionKind
from ppo_lessons.errors import NonFiniteError, WorldError
from ppo_lessons.other_worlds.adapters import GymnasiumTeam, PettingZooTeam
from ppo_lessons.other_worlds.copies import check_choices
from ppo_lessons.steps import Steps
from ppo_lessons.training import TrainingRun, train
from tests.other_worlds import broken_worlds as worlds

# ---- an error in the middle of a rollout


class Ill(worlds.Good):
    """Sound, but for one fault in step 4 of its episode, as long as it is ill."""

    fault: str | None = None

    def see_as(self, agent):
        return super().see_as(agent) * (np.nan if self._now("observation") and agent == "b" else 1)

    def reward(self, agent):
        return np.inf if self._now("reward") and agent == "b" else 0.5

    def step(self, actions):
        if self.fault == "error" and self.time == 3:
            raise ZeroDivisionError("division by zero")
        return super().step(actions)

    def _now(self, fault):
        return self.fault == fault and self.time == 4


class IllAlone(worlds.GoodAlone):
    fault, _now = None, Ill._now

    def see(self):
        return super().see() * (np.nan if self._now("observation") else 1)

    def reward(self):
        return np.inf if self._now("reward") else 0.5

    def step(self, action):
        if self.fault == "error" and self.time == 3:
            raise ZeroDivisionError("division by zero")
        return super().step(action)


def everything(run):
    """Weights, the optimizer's memory and the counters, as bytes and numbers."""
    weights = [weight.detach().numpy().tobytes() for weight in run.policy.state_dict().values()]
    moments = [
        value.numpy().tobytes()
        for state in run.optimizer.state_dict()["state"].values()
        for value in state.values()
        if isinstance(value, torch.Tensor)
    ]
    return weights, moments, run.cycle, run.agent_steps


@pytest.mark.parametrize(
    ("team", "world", "whose"), [(PettingZooTeam, Ill, "agent 'b'"), (GymnasiumTeam, IllAlone, "agent 'the agent'")]
)
@pytest.mark.parametrize("cycles", [0, 1])
@pytest.mark.parametrize(
    ("fault", "error", "rule"),
    [
        ("observation", NonFiniteError, r"An observation must be finite\. Got nan"),
        ("reward", NonFiniteError, r"A reward must be finite\. Got inf"),
        ("error", WorldError, r"step\(\) must not raise an error\. Got ZeroDivisionError: division by zero"),
    ],
)
def test_an_ill_world_costs_nothing_that_was_learned_or_collected(
    team, world, whose, cycles, fault, error, rule, make_config
):
    """The error says where; weights are bit for bit those before; `train` goes on when the world is well."""
    run = TrainingRun(team(world, 3), make_config(num_envs=3, num_steps=12))
    list(train(run, cycles))
    before = everything(run)
    run.env.envs[1].fault = fault
    whose = "" if fault == "error" else f", {whose}"
    with pytest.raises(error, match=rf"^{rule} \(good_v0, copy 1, step 4{whose}\)\. .* \(cycle {cycles + 1}\)$"):
        next(train(run, 1))
    assert everything(run) == before
    stored = run.buffer.step
    assert 0 < stored < 12
    kept = run.buffer.data.rewards[:stored].clone()
    assert (kept > 0).any()

    with pytest.raises(error):  # it is still ill, and nothing is lost
        next(train(run, 1))
    assert everything(run) == before
    assert run.buffer.step > stored
    assert torch.equal(run.buffer.data.rewards[:stored], kept)

    run.env.envs[1].fault = None
    reports = list(train(run, 2))
    assert [report.cycle for report in reports] == [cycles + 1, cycles + 2]
    assert run.buffer.step == 0
    assert everything(run)[0] != before[0]
    assert run.agent_steps == (cycles + 2) * 12 * 3 * run.env.num_agents
    assert all(np.isfinite(report.update.total_loss) for report in reports)


def test_what_was_collected_before_the_error_is_learned_from_and_no_row_is_invented(make_config):
    """The last row before the error is cut off, with what the critic thinks of what came then; the next one is played.

    The advantages by hand: the sum of later errors stops at the cut, as at the end of an episode.
    """
    config = make_config(num_envs=2, num_steps=8, gamma=0.9, gae_lambda=0.8)
    run, kept = TrainingRun(PettingZooTeam(Ill, 2), config), {}
    run.env.envs[1].fault = "error"
    with pytest.raises(WorldError):
        next(train(run, 1))
    assert run.buffer.step == 3
    before = {name: array[:3].clone() for name, array in run.buffer.data._asdict().items()}
    hoped = run.policy.estimate_values(torch.from_numpy(run.env.obs))
    assert run.env.broken_off.tolist() == [True, True], "the first had been played, nobody knows how far"
    run.env.envs[1].fault = None

    def look(buffer):
        kept.update(buffer.data._asdict(), advantages=buffer.advantages)
        buffer.step = 0

    report = next(train(run, 1, Steps(clear=look)))
    changed = ("truncated", "final_values", "episode_over")
    for name, array in before.items():
        assert torch.equal(kept[name][: 2 if name in changed else 3], array[: 2 if name in changed else 3]), name
    assert kept["truncated"][2].all() and kept["episode_over"][2].all()
    torch.testing.assert_close(kept["final_values"][2], hoped)
    assert kept["rewards"][3].tolist() == [[0.5, 0.5]] * 2, "a step of the next episodes, and none that nobody played"
    assert report.update.num_rows == int(kept["acting"].sum())
    errors = kept["rewards"][:3] + 0.9 * torch.cat((kept["values"][1:3], hoped[None])) - kept["values"][:3]
    by_hand = errors[2], errors[1] + 0.72 * errors[2], errors[0] + 0.72 * errors[1] + 0.72**2 * errors[2]
    for t, advantages in zip((2, 1, 0), by_hand, strict=True):
        torch.testing.assert_close(kept["advantages"][t], advantages)


# ---- actions


def stub(kind, obs, num_actions, acting=None):
    """As much of a world as `check_choices` reads."""
    e, a = obs.shape[:2]
    layout = types.SimpleNamespace(legal=lambda rows: rows[..., -num_actions:] > 0)
    acting = np.ones((e, a), bool) if acting is None else acting
    sizes = dict(num_envs=e, num_agents=a, num_actions=num_actions)
    return types.SimpleNamespace(
        name="w", agents=["x", "y"][:a], action_kind=kind, obs=obs, acting=acting, layout=layout, **sizes
    )


def test_an_action_that_is_not_legal_is_refused_with_its_place():
    legal = np.array([[[1, 0, 1], [1, 1, 0]]], np.float32)
    world = stub(ActionKind(masked=True), legal, 3)
    check_choices(np.array([[2, 1]]), world)
    with pytest.raises(
        ValueError, match=r"^actions must be legal: drawn by a policy that knows masks\. Got 2 of agent 'y'"
    ):
        check_choices(np.array([[2, 2]]), world)
    world.acting[0, 1] = False  # who does not act may choose what it likes
    check_choices(np.array([[2, 2]]), world)


def test_each_of_several_choices_must_be_legal():
    legal = np.array([[[0, 1, 1, 0, 1]]], np.float32)
    world = stub(ActionKind((2, 3), masked=True), legal, 5)
    for chosen, fits in (([1, 0], True), ([1, 2], True), ([1, 1], False), ([0, 2], False)):
        if fits:
            check_choices(np.array([[chosen]]), world)
        else:
            with pytest.raises(
                ValueError, match=r"^actions must be legal: .*Got \[\d, \d\] of agent 'x' \(w, copy 0\)"
            ):
                check_choices(np.array([[chosen]]), world)


@pytest.mark.parametrize(
    ("kind", "actions", "rule"),
    [
        (ActionKind((2, 3)), np.zeros((1, 1), int), r"^actions must be whole numbers \(1, 1, 2\)\. Got int64 \(1, 1\)"),
        (ActionKind((2, 3)), np.zeros((1, 1, 2)), r"^actions must be whole numbers \(1, 1, 2\)\. Got float64"),
        (ActionKind((2, 3)), np.array([[[2, 0]]]), r"^actions must be below \(2, 3\)\. Got 0 to 2"),
        (ActionKind((2, 3)), np.array([[[0, -1]]]), r"^actions must be below \(2, 3\)\. Got -1 to 0"),
        (
            ActionKind(continuous=True),
            np.zeros((1, 1, 2), int),
            r"^actions must be real numbers \(1, 1, 5\)\. Got int64",
        ),
        (ActionKind(continuous=True), np.full((1, 1, 5), np.nan), r"^actions must be finite"),
    ],
)
def test_actions_of_another_kind_are_refused(kind, actions, rule):
    with pytest.raises(ValueError, match=rule):
        check_choices(actions, stub(kind, np.zeros((1, 1, 5), np.float32), 5))


@pytest.mark.parametrize(
    ("space", "chosen", "asked"),
    [
        (Discrete(3, start=2), [1], 3),
        (MultiDiscrete([2, 4]), [[1, 3]], [1, 3]),
        (MultiBinary(2), [[1, 0]], [1, 0]),
        (Box(-2, 2, (2,), np.float32), [[0.5, -9.0]], [1, -2]),
    ],
)
def test_every_kind_of_action_reaches_the_world_as_its_own(space, chosen, asked):
    class Asked(worlds.GoodAlone):
        action_space = space

        def step(self, action):
            assert self.action_space.contains(action)
            self.asked = action
            return super().step(action)

    world = GymnasiumTeam(Asked, 2)
    world.reset(0)
    world.step(np.stack([np.array(chosen, np.float32 if isinstance(space, Box) else int)[0]] * 2)[:, None])
    for env in world.envs:
        assert np.array_equal(env.asked, asked)


def test_an_illegal_action_changes_nothing():
    world = PettingZooTeam(worlds.Masked, 2)
    world.reset(0)
    before = world.obs.copy()
    with pytest.raises(ValueError, match=r"Got 2 of agent 'b' \(good_v0, copy 1\)$"):
        world.step(np.array([[0, 1], [0, 2]]))
    assert np.array_equal(world.obs, before)
    assert [env.time for env in world.envs] == [0, 0]
    assert world.steps_played == 0
    world.step(np.array([[0, 1], [0, 1]]))
    assert world.steps_played == 1


@pytest.mark.parametrize("name", ["NothingLegal", "NothingLegalAlone"])
def test_a_team_with_nothing_to_do_is_refused_not_played(name, make_config):
    run = TrainingRun((GymnasiumTeam if name.endswith("Alone") else PettingZooTeam)(getattr(worlds, name), 2),
                      make_config(num_envs=2))  # fmt: skip
    whose = "the agent" if name.endswith("Alone") else "a"
    with pytest.raises(
        WorldError, match=rf"^An action mask must leave .* \(good_v0, copy 0, step 2, agent '{whose}'\)"
    ):
        next(train(run, 1))


def test_close_closes_every_copy_and_minds_none_that_cannot_be_closed():
    closed = []

    class Closing(worlds.GoodAlone):
        def close(self):
            closed.append(self)

    world = GymnasiumTeam(Closing, 3)
    world.close()
    assert closed == world.envs

"""Facts 17, 37 and 38: what the team's critic sees, who may see it, and what the fallen see."""

import numpy as np
import pytest
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.checkpoints import load_policy, save_policy
from ppo_lessons.other_worlds.check import check_team_env
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.evaluation import record
from ppo_lessons.spirit_world.players import policy_player
from ppo_lessons.steps import Steps
from ppo_lessons.team_view import TeamView, team_obs, team_size
from ppo_lessons.training import TrainingRun, train

ALL = torch.ones(1, 3, dtype=torch.bool)
VIEWS = torch.arange(6.0).reshape(1, 3, 2) + 1  # agent a sees 2a + 1 and 2a + 2


def test_by_hand():
    assert team_obs(VIEWS, ALL).tolist() == [
        [
            [1, 2, 3, 4, 5, 6, 1, 0, 0],
            [1, 2, 3, 4, 5, 6, 0, 1, 0],
            [1, 2, 3, 4, 5, 6, 0, 0, 1],
        ]
    ]
    assert team_size(3, 2) == 9


def test_the_fallen_see_nothing_and_are_not_seen():
    """Fact 17: a fixed input for the fallen, whatever happens; even NaN in its view reaches nobody."""
    views = VIEWS.clone()
    views[0, 1] = float("nan")
    alive = torch.tensor([[True, False, True]])
    assert team_obs(views, alive).tolist() == [
        [
            [1, 2, 0, 0, 5, 6, 1, 0, 0],
            [0, 0, 0, 0, 0, 0, 0, 1, 0],
            [1, 2, 0, 0, 5, 6, 0, 0, 1],
        ]
    ]


def test_copies_do_not_mix():
    views = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(0))
    alive = torch.ones(4, 3, dtype=torch.bool)
    together = team_obs(views, alive)
    for copy in range(4):
        assert torch.equal(together[[copy]], team_obs(views[[copy]], alive[[copy]]))


@pytest.fixture
def foggy():
    """A case in the fog, its view, and an own and a team's critic with opinions."""
    world = SpiritWorld("fog", 1)
    world.reset(3)
    view = TeamView(world)
    own = ActorCritic(world.obs_size, 5, 16, shared_trunk=False, seed=1)
    team = ActorCritic(world.obs_size, 5, 16, shared_trunk=False, team_size=team_size(4, world.obs_size), seed=1)
    return world, view, own, team


def place(world, agent, row, column):
    state = world.get_state()
    state["detectives"][0, agent] = row, column
    world.set_state(state)


def test_a_mate_that_moves_out_of_sight(foggy):
    """Fact 38: the actor and its own critic do not notice, the critic of the team does."""
    world, view, own, team = foggy
    state = world.get_state()
    state["detectives"][0] = (0, 0), (6, 6), (6, 0), (6, 5)
    state["spirits"][0] = (0, 3), (3, 0), (3, 3)
    world.set_state(state)
    before = torch.from_numpy(view.obs)
    place(world, 1, 6, 3)  # agent 1 is far from agent 0, before and after
    after = torch.from_numpy(view.obs)
    first = slice(0, 1), slice(0, 1)
    size = world.obs_size
    assert torch.equal(before[first][..., :size], after[first][..., :size])
    for policy in (own, team):
        rows = (before, after) if policy is team else (before[..., :size], after[..., :size])
        logits, values = zip(*(policy(each[first]) for each in rows), strict=True)
        assert torch.equal(logits[0], logits[1])
        assert torch.equal(values[0], values[1]) == (policy is own)


def test_without_its_number_all_agents_have_one_value(foggy):
    """Fact 38: the joint observation is the same for everybody."""
    _, view, _, team = foggy
    rows = torch.from_numpy(view.obs)
    values = team(rows)[1][0]
    assert len(set(values.tolist())) == 4
    rows[..., -4:] = 0
    values = team(rows)[1][0]
    torch.testing.assert_close(values, values[:1].expand(4))


def test_the_view_is_a_team_env_with_any_world(scripted_world):
    check_team_env(TeamView(SpiritWorld("standard", 6)))
    check_team_env(TeamView(scripted_world(3)))


def test_the_last_sight_before_the_limit_is_the_whole_teams():
    """A truncated step: behind each final observation stand those of the living, not of the next case."""
    world, other = SpiritWorld("stray", 8), SpiritWorld("stray", 8)
    view, rng = TeamView(world), np.random.default_rng(0)
    view.reset(5)
    other.reset(5)
    cut = 0
    for _ in range(200):
        actions = rng.integers(0, 5, (8, 4))
        was_acting = other.acting.copy()
        step, plain = view.step(actions), other.step(actions)
        for copy in np.flatnonzero(plain.truncated.any(axis=1)):
            alive = was_acting[copy] & ~plain.terminated[copy]
            seen = np.where(alive[:, None], plain.final_obs[copy], 0).ravel()
            for agent in np.flatnonzero(plain.truncated[copy]):
                own, joint = np.split(step.final_obs[copy, agent], [world.obs_size])
                assert np.array_equal(own, plain.final_obs[copy, agent])
                assert np.array_equal(joint, [*seen, *np.eye(4)[agent]])
                cut += 1
    assert cut > 5


def critics_weights(policy):
    return [w for name, w in policy.named_parameters() if name.startswith("critic")]


@pytest.mark.parametrize("changes", [{}, {"value_normalisation": True}, {"value_clip": 0.2}])
def test_a_team_trains_with_a_team_critic(make_config, changes):
    run = TrainingRun("fog", make_config(num_steps=12, shared_trunk=False, critic="team", **changes))
    before = [w.clone() for w in critics_weights(run.policy)]
    reports = list(train(run, 2))
    assert reports[-1].update.parameters_reached == 12
    assert all(not torch.equal(a, b) for a, b in zip(before, critics_weights(run.policy), strict=True))


def test_a_saved_team_plays_without_its_critic(make_config, tmp_path):
    """The critic is not needed at play time: ruin its weights, and the same case is played, step by step."""
    run = TrainingRun("fog", make_config(num_steps=12, shared_trunk=False, critic="team"))
    list(train(run, 2))
    save_policy(run.policy, tmp_path / "team.pt")
    loaded = load_policy(tmp_path / "team.pt")
    assert (loaded.team_size, loaded.input_size) == (140, 174)
    with torch.no_grad():
        for weight in critics_weights(loaded):
            weight.fill_(float("nan"))
    replays = [record(policy_player(policy, seed=2), "fog", seed=1) for policy in (run.policy, loaded)]
    assert np.array_equal(replays[0].actions, replays[1].actions)


def test_what_the_critic_sees_can_be_replaced(make_config):
    def blind(obs, acting):
        return torch.zeros(*obs.shape[:2], team_size(*obs.shape[1:]))

    run, plain = (TrainingRun("fog", make_config(shared_trunk=False, critic="team")) for _ in range(2))
    (report,), (usual,) = train(run, 1, Steps(team_obs=blind)), train(plain, 1)
    assert report.update.value_loss != usual.update.value_loss
    with pytest.raises(ValueError, match=r"^Your team_obs \(node I\) must return what the critic sees, float32"):
        next(train(run, 1, Steps(team_obs=lambda obs, acting: obs)))

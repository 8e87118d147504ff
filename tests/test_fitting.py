import gymnasium
import pytest
import torch

from ppo_lessons.action_kinds import ONE_CHOICE, ActionKind
from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.agent_kinds import NetworkPerKind
from ppo_lessons.fitting import fresh_policy, require_fit
from ppo_lessons.other_worlds.adapters import GymnasiumTeam, PettingZooTeam
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.team_view import team_size
from ppo_lessons.training import TrainingRun
from tests.other_worlds import broken_worlds as worlds
from tests.test_agent_kinds import Different

WORLDS = {
    "spirits": lambda: SpiritWorld("standard", 2),
    "masks": lambda: GymnasiumTeam(lambda: gymnasium.make("Taxi-v4"), 2),
    "real numbers": lambda: GymnasiumTeam(lambda: gymnasium.make("Pendulum-v1"), 2),
    "kinds": lambda: PettingZooTeam(Different, 2, different_agents="own_networks"),
}
ASKED = {
    "spirits": (ONE_CHOICE, 1),
    "masks": (ActionKind(masked=True), 1),
    "real numbers": (ActionKind(continuous=True), 1),
    "kinds": (ActionKind(masked=True), 2),
}


@pytest.mark.parametrize("name", WORLDS)
@pytest.mark.parametrize("settings", [{}, {"critic": "team", "shared_trunk": False}, {"value_normalisation": True}])
def test_a_fresh_policy_is_the_one_that_world_and_config_ask_for(name, settings, make_config):
    world, config = WORLDS[name](), make_config(num_envs=2, hidden_size=9, **settings)
    policy = fresh_policy(world, config, 5)
    require_fit(policy, world, config)
    assert (policy.action_kind, policy.num_kinds) == ASKED[name]
    assert (policy.obs_size, policy.num_actions, policy.hidden_size) == (world.obs_size, world.num_actions, 9)
    assert (policy.shared_trunk, policy.value_normalisation) == (config.shared_trunk, config.value_normalisation)
    whole_team = team_size(world.num_agents, world.obs_size) if "critic" in settings else None
    assert policy.team_size == whole_team
    again, other = fresh_policy(world, config, 5), fresh_policy(world, config, 6)
    assert torch.equal(policy.actor_head.weight, again.actor_head.weight)
    assert not torch.equal(policy.actor_head.weight, other.actor_head.weight)


@pytest.mark.parametrize("name", ["masks", "real numbers", "kinds"])
def test_a_policy_that_acts_otherwise_is_refused_by_the_run(name, make_config):
    """One that knows no masks would draw what is not legal."""
    world, config = WORLDS[name](), make_config(num_envs=2)
    plain = ActorCritic(world.obs_size, world.num_actions, 16)
    with pytest.raises(ValueError, match=r"^The policy must act as the world asks, \{'action_kind': .*Got \{'action_k"):
        TrainingRun(world, config, plain)
    with pytest.raises(ValueError, match=r"num_kinds': 3\}$"):
        kind = world.action_kind
        policy = NetworkPerKind(world.obs_size, world.num_actions, 16, num_kinds=3, action_kind=kind)
        TrainingRun(world, config, policy)
    TrainingRun(world, config, fresh_policy(world, config, 0))


def test_a_policy_that_knows_masks_is_refused_where_there_are_none(make_config):
    policy = ActorCritic(4, 3, 16, action_kind=ActionKind(masked=True))
    with pytest.raises(ValueError, match=r"^The policy must act as the world asks"):
        TrainingRun(PettingZooTeam(worlds.Good, 2), make_config(num_envs=2), policy)


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({"obs_size": 35}, r"^The policy must have \(obs_size, num_actions\) = \(34, 5\)\. Got \(35, 5\)"),
        ({"num_actions": 4}, r"^The policy must have \(obs_size, num_actions\) = \(34, 5\)\. Got \(34, 4\)"),
        ({"value_normalisation": True}, r"^The policy's critic must be the one of the config.*Got .*True"),
        (
            {"shared_trunk": False, "team_size": 9},
            r"^The policy's critic must be the one of the config.*'team_size': 9",
        ),
    ],
)
def test_a_policy_of_another_size_or_with_another_critic_is_refused(changes, rule, make_config):
    sizes = {"obs_size": 34, "num_actions": 5, **changes}
    with pytest.raises(ValueError, match=rule):
        require_fit(ActorCritic(**sizes), SpiritWorld("standard", 2), make_config(num_envs=2))

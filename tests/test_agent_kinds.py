import numpy as np
import pytest
import torch
from gymnasium.spaces import Box, Discrete

from ppo_lessons.action_kinds import ActionKind, only_legal
from ppo_lessons.actor_critic import ActorCritic, reached_by_gradient
from ppo_lessons.agent_kinds import NetworkPerKind, make_network
from ppo_lessons.checkpoints import load_policy, save_policy
from ppo_lessons.other_worlds.adapters import PettingZooTeam
from ppo_lessons.steps import Steps
from ppo_lessons.training import TrainingRun, train
from tests.other_worlds import broken_worlds as worlds

SEEN, N, KINDS = 3, 4, 3


def network(seed=0, **settings):
    masked = settings.pop("masked", False)
    kind = settings.pop("kind", ActionKind(masked=masked))
    obs_size = SEEN + KINDS + (N if masked else 0)
    policy = NetworkPerKind(obs_size, N, 8, num_kinds=KINDS, seed=seed, action_kind=kind, **settings)
    with torch.no_grad():
        for own in members(policy):
            own.actor_head.weight.mul_(100)
    return policy


def members(policy):
    """The network of each kind; the first is what the others hang on."""
    return [policy, *getattr(policy, "others", [])]


def rows(num_rows=60, masked=False, team=0, seed=0):
    """Rows of all kinds in turn, and the kind of each."""
    generator = torch.Generator().manual_seed(seed)
    kinds = torch.arange(num_rows) % KINDS
    parts = [torch.randn(num_rows, SEEN, generator=generator), torch.eye(KINDS)[kinds]]
    if masked:
        legal = torch.rand(num_rows, N, generator=generator) > 0.5
        legal[torch.arange(num_rows), torch.arange(num_rows) % N] = True
        parts.append(legal.float())
    if team:
        parts.append(torch.randn(num_rows, team, generator=generator))
    return torch.cat(parts, dim=-1), kinds


def alone(policy, kind, **settings):
    """The network of one kind as a network of its own."""
    own = ActorCritic(policy.obs_size, N, 8, action_kind=policy.action_kind, **settings)
    state = {name: tensor for name, tensor in members(policy)[kind].state_dict().items() if "others" not in name}
    own.load_state_dict(state)
    return own


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("settings", [{}, {"shared_trunk": False}, {"shared_trunk": False, "team_size": 5}])
def test_each_row_is_what_its_own_network_says(settings, masked):
    policy = network(masked=masked, **settings)
    obs, kinds = rows(masked=masked, team=settings.get("team_size", 0))
    outputs, values = policy(obs)
    chosen = policy.choose_actions(obs[:, : policy.obs_size], torch.Generator(), greedy=True)
    for kind in range(KINDS):
        own, mine = alone(policy, kind, **settings), kinds == kind
        right_outputs, right_values = own(obs[mine])
        torch.testing.assert_close(outputs[mine], right_outputs)
        torch.testing.assert_close(values[mine], right_values)
        seen = obs[mine][:, : policy.obs_size]
        assert torch.equal(chosen[mine], own.choose_actions(seen, torch.Generator(), greedy=True))
    torch.testing.assert_close(outputs.reshape(-1, N), policy(obs.reshape(4, 15, -1))[0].reshape(-1, N))


def test_the_networks_begin_differently():
    weights = [own.actor_head.weight.detach() for own in members(network())]
    assert not torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[1], weights[2])
    again = [own.actor_head.weight for own in members(network())]
    assert all(torch.equal(*pair) for pair in zip(weights, again, strict=True))
    plain = ActorCritic(SEEN + KINDS, N, 8, seed=0).actor_trunk.state_dict()
    assert all(torch.equal(plain[name], tensor) for name, tensor in network().actor_trunk.state_dict().items())


@pytest.mark.parametrize("kind", range(KINDS))
@pytest.mark.parametrize("settings", [{}, {"shared_trunk": False, "team_size": 5}])
def test_a_gradient_reaches_the_own_network_alone(kind, settings):
    policy = network(**settings)
    obs, kinds = rows(team=settings.get("team_size", 0))
    mine = kinds == kind
    log_probs, entropies, values = policy.evaluate_actions(obs, torch.zeros(len(obs), dtype=torch.int64))
    (log_probs[mine].sum() + entropies[mine].sum() + values[mine].sum()).backward()
    reached = reached_by_gradient(policy)
    prefix = "" if kind == 0 else f"others.{kind - 1}."
    assert reached
    assert all(name.startswith(prefix) if prefix else not name.startswith("others") for name in reached)
    assert len(reached) == len(list(ActorCritic(SEEN, N, 8, **settings).parameters()))
    right = alone(policy, kind, **settings)
    right_log_probs, right_entropies, right_values = right.evaluate_actions(obs[mine], torch.zeros(20, dtype=int))
    (right_log_probs.sum() + right_entropies.sum() + right_values.sum()).backward()
    torch.testing.assert_close(members(policy)[kind].actor_head.weight.grad, right.actor_head.weight.grad)


def test_of_real_numbers_the_spread_is_one_for_all_and_nothing_lies_idle():
    policy = network(kind=ActionKind(continuous=True))
    obs, _ = rows()
    actions = policy.sample_actions(obs, torch.Generator().manual_seed(0)).actions
    log_probs, entropies, values = policy.evaluate_actions(obs, actions)
    (log_probs.sum() + entropies.sum() + values.sum()).backward()
    assert [name for name, _ in policy.named_parameters() if "log_std" in name] == ["log_std"]
    assert len(reached_by_gradient(policy)) == len(list(policy.parameters()))


def test_a_learner_s_own_masking_reaches_every_network():
    policy, asked = network(masked=True), []

    def mine(logits, legal):
        asked.append(legal)
        return only_legal(logits, legal)

    policy.only_legal = mine
    obs, _ = rows(masked=True)
    policy(obs)
    policy.choose_actions(obs, torch.Generator().manual_seed(0))
    assert len(asked) == 2 * KINDS


def test_a_network_of_one_kind_is_the_plain_one():
    plain = make_network(SEEN, N, 8, num_kinds=1, seed=3)
    assert type(plain) is ActorCritic
    assert plain.num_kinds == 1
    several = make_network(SEEN + 2, N, 8, num_kinds=2, seed=3)
    assert type(several) is NetworkPerKind
    assert several.num_kinds == 2
    with pytest.raises(ValueError, match=r"^num_kinds must be a whole number, 2 or more\. Got 1"):
        NetworkPerKind(SEEN, N, num_kinds=1)


@pytest.mark.parametrize("settings", [{}, {"shared_trunk": False, "team_size": 5}, {"masked": True}])
def test_what_is_saved_is_what_is_loaded(settings, tmp_path):
    policy = network(**settings)
    save_policy(policy, tmp_path / "policy.pt")
    loaded = load_policy(tmp_path / "policy.pt")
    assert type(loaded) is NetworkPerKind
    assert (loaded.num_kinds, loaded.action_kind) == (KINDS, policy.action_kind)
    obs, _ = rows(masked=settings.get("masked", False), team=settings.get("team_size", 0))
    assert all(torch.equal(*pair) for pair in zip(policy(obs), loaded(obs), strict=True))


# ---- in a world


class Different(worlds.Good):
    """a sees two numbers and does one of two things; b sees three and does one of four."""

    def observation_space(self, agent):
        return Box(-1, 1, (2 if agent == "a" else 3,), np.float32)

    def action_space(self, agent):
        return Discrete(2 if agent == "a" else 4)

    def see_as(self, agent):
        return self.rng.uniform(-1, 1, self.observation_space(agent).shape).astype(np.float32)

    def step(self, actions):
        assert all(self.action_space(agent).contains(action) for agent, action in actions.items())
        return super().step(actions)


@pytest.mark.parametrize("way", ["padded", "own_networks"])
@pytest.mark.parametrize("critic", [{}, {"critic": "team", "shared_trunk": False}, {"value_normalisation": True}])
def test_agents_who_differ_are_trained(way, critic, make_config):
    """Only with actions of their own, each row by its own network, the same twice."""
    digests = []
    for _ in range(2):
        run = TrainingRun(PettingZooTeam(Different, 2, different_agents=way), make_config(num_envs=2, **critic))
        before = [own.actor_head.weight.detach().clone() for own in members(run.policy)]
        reports = list(train(run, 2))
        assert (type(run.policy) is NetworkPerKind) == (way == "own_networks")
        for first, own in zip(before, members(run.policy), strict=True):
            assert not torch.equal(first, own.actor_head.weight)
        assert all(np.isfinite(report.update.total_loss) for report in reports)
        assert reports[-1].update.parameters_reached == len(list(run.policy.parameters()))
        digests.append([report.update for report in reports])
    assert digests[0] == digests[1]


def test_who_sees_alike_shares_a_network(make_config):
    """Other bounds are no other kind."""

    class OtherBounds(worlds.Good):
        def observation_space(self, agent):
            return Box(-1, 1, (2,), np.float32) if agent == "a" else Box(-5, 5, (2,), np.float32)

    run = TrainingRun(PettingZooTeam(OtherBounds, 2), make_config(num_envs=2))
    assert type(run.policy) is ActorCritic
    assert len(list(train(run, 1))) == 1


def test_a_learner_s_own_masking_is_used_for_every_kind_in_training(make_config):
    shapes = []

    def mine(logits, legal):
        shapes.append(legal.sum(dim=-1).unique().tolist())
        return only_legal(logits, legal)

    run = TrainingRun(PettingZooTeam(Different, 2, different_agents="own_networks"), make_config(num_envs=2))
    next(train(run, 1, Steps(only_legal=mine)))
    assert len(shapes) % 2 == 0
    assert [2, 4] in shapes
    assert run.policy.only_legal is only_legal

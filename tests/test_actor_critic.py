import math

import pytest
import torch
from torch.distributions import Categorical

from ppo_lessons.actor_critic import ActorCritic, entropy_of, log_probabilities, log_probs_of, reached_by_gradient


def draw(*shape, seed=0):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def test_keeps_the_leading_axes():
    policy = ActorCritic(6, 5)
    for leading in ((), (7,), (2, 3), (4, 2, 3)):
        logits, values = policy(draw(*leading, 6))
        assert (logits.shape, values.shape) == ((*leading, 5), leading)
        decision = policy.sample_actions(draw(*leading, 6), generator())
        assert all(part.shape == leading for part in decision)
        assert decision.actions.dtype == torch.int64


def test_log_probs_and_entropies_are_those_of_categorical():
    """Facts 19, 27: the independent truth is torch's own distribution; softmax is taken once, not twice."""
    logits, actions = 8 * draw(50, 5), torch.arange(50) % 5
    log_probs, entropy = log_probs_of(logits, actions), entropy_of(log_probabilities(logits))
    torch.testing.assert_close(log_probs, Categorical(logits=logits).log_prob(actions))
    torch.testing.assert_close(entropy, Categorical(logits=logits).entropy())
    assert entropy.mean() < 0.5


def test_entropy_is_between_0_and_ln_n():
    """Fact 27."""
    certain = torch.tensor([[100.0, 0.0, 0.0, 0.0, 0.0]])
    assert entropy_of(log_probabilities(torch.zeros(1, 5))).item() == pytest.approx(math.log(5))
    assert entropy_of(log_probabilities(certain)).item() == pytest.approx(0, abs=1e-6)


@pytest.mark.parametrize("shape", [(8, 1), (1,), (9,), (2, 4), ()])
def test_refuses_actions_that_are_not_one_for_each_row(shape):
    """Fact 11: (B, 1) would silently give (B, B)."""
    with pytest.raises(ValueError, match=r"^actions must have shape \(8,\)\. Got \("):
        log_probs_of(draw(8, 5), torch.zeros(shape, dtype=torch.int64))


def test_sampling_follows_the_policy():
    """40 000 draws from one distribution; each share within four standard errors."""
    policy = ActorCritic(3, 5)
    with torch.no_grad():
        policy.actor_head.weight.mul_(300)
    obs = draw(3).expand(40_000, 3)
    probs = policy(obs[0])[0].softmax(-1)
    actions = policy.sample_actions(obs, generator()).actions
    share = torch.bincount(actions, minlength=5) / 40_000
    error = (probs * (1 - probs) / 40_000).sqrt()
    assert probs.max() - probs.min() > 0.2
    assert ((share - probs).abs() <= 4 * error + 1e-6).all()


def test_what_is_sampled_is_what_is_evaluated():
    """Facts 11, 19: log-probability and value of the rollout are those of the update, for the same action."""
    policy = ActorCritic(6, 5, seed=3)
    obs = draw(4, 2, 3, 6)
    actions, log_probs, values = policy.sample_actions(obs, generator())
    again = policy.evaluate_actions(obs, actions)
    torch.testing.assert_close(again[0], log_probs)
    torch.testing.assert_close(again[2], values)
    torch.testing.assert_close(policy.estimate_values(obs), values)
    assert again[0].requires_grad
    assert again[1].requires_grad
    assert again[2].requires_grad


def test_the_rollout_leaves_no_graph():
    """Fact 13."""
    policy = ActorCritic(6, 5)
    for part in (*policy.sample_actions(draw(7, 6), generator()), policy.estimate_values(draw(7, 6))):
        assert part.requires_grad is False
        assert part.grad_fn is None


def test_greedy_takes_the_likeliest_and_draws_nothing():
    """Fact 41."""
    policy = ActorCritic(6, 5)
    source = generator()
    before = source.get_state()
    decision = policy.sample_actions(draw(50, 6), source, greedy=True)
    logits = policy(draw(50, 6))[0]
    assert torch.equal(decision.actions, logits.argmax(-1))
    torch.testing.assert_close(decision.log_probs, logits.log_softmax(-1).max(-1).values)
    assert torch.equal(source.get_state(), before)


def test_randomness_comes_from_the_given_generator_alone():
    """Facts 36, 41: same seed, same actions; the global random numbers are neither read nor moved."""
    policy, obs = ActorCritic(6, 5), draw(200, 6)
    before = torch.get_rng_state()
    first = policy.sample_actions(obs, generator(1)).actions
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first, policy.sample_actions(obs, generator(1)).actions)
    assert not torch.equal(first, policy.sample_actions(obs, generator(2)).actions)


def test_first_weights_come_from_the_seed_alone():
    """Fact 36."""
    before = torch.get_rng_state()
    first, again, other = ActorCritic(6, 5, seed=1), ActorCritic(6, 5, seed=1), ActorCritic(6, 5, seed=2)
    assert torch.equal(torch.get_rng_state(), before)
    weights = [torch.cat([p.flatten() for p in policy.parameters()]) for policy in (first, again, other)]
    assert torch.equal(weights[0], weights[1])
    assert not torch.equal(weights[0], weights[2])


@pytest.mark.parametrize("shared_trunk", [True, False])
def test_first_weights_are_orthogonal(shared_trunk):
    """Fact 32: gain sqrt 2 in the hidden layers, 0.01 for the actor's head, 1 for the critic's, biases 0."""
    policy = ActorCritic(34, 5, 64, shared_trunk=shared_trunk)
    trunks = [policy.actor_trunk] if shared_trunk else [policy.actor_trunk, policy.critic_trunk]
    hidden = [layer for trunk in trunks for layer in trunk if isinstance(layer, torch.nn.Linear)]
    wanted = [(layer, 2.0) for layer in hidden] + [(policy.actor_head, 0.01**2), (policy.critic_head, 1.0)]
    assert sum(p.numel() for layer, _ in wanted for p in layer.parameters()) == sum(
        p.numel() for p in policy.parameters()
    )
    for layer, squared_gain in wanted:
        weight = layer.weight.detach()
        product = weight @ weight.T if weight.shape[0] <= weight.shape[1] else weight.T @ weight
        torch.testing.assert_close(product, squared_gain * torch.eye(len(product)), rtol=1e-4, atol=1e-5)
        assert (layer.bias == 0).all()


def test_the_first_policy_is_almost_uniform():
    """Fact 32."""
    policy = ActorCritic(34, 5)
    _, entropy, _ = policy.evaluate_actions(draw(500, 34), torch.zeros(500, dtype=torch.int64))
    assert (math.log(5) - entropy).abs().max() < 1e-3


@pytest.mark.parametrize("shared_trunk", [True, False])
def test_which_weights_each_loss_moves(shared_trunk):
    """Fact 21: with separate trunks, actor and critic do not touch each other; with a shared one both move it."""
    policy = ActorCritic(6, 5, shared_trunk=shared_trunk)
    log_probs, entropy, _ = policy.evaluate_actions(draw(20, 6), torch.arange(20) % 5)
    (log_probs.sum() + entropy.sum()).backward()
    moved_by_actor = {name for name, p in policy.named_parameters() if p.grad is not None}
    policy.zero_grad()
    policy(draw(20, 6))[1].sum().backward()
    moved_by_critic = {name for name, p in policy.named_parameters() if p.grad is not None}
    both = {name for name in moved_by_actor & moved_by_critic if "trunk" in name}
    assert bool(both) is shared_trunk
    assert moved_by_actor & moved_by_critic == both
    assert moved_by_actor | moved_by_critic == {name for name, _ in policy.named_parameters()}
    heads = {name for name in moved_by_critic if "head" in name}
    assert heads == {"critic_head.weight", "critic_head.bias"}


def test_an_agents_own_number_can_change_its_mind():
    """Fact 37: the same sight with another number gives other logits; without numbers, the same."""
    policy, sight = ActorCritic(4 + 3, 5), draw(4)
    ids = torch.eye(3)
    with_ids = policy(torch.cat((sight.expand(3, 4), ids), dim=1))[0]
    without = policy(torch.cat((sight.expand(3, 4), ids * 0), dim=1))[0]
    assert (with_ids[0] - with_ids[1]).abs().max() > 1e-3
    torch.testing.assert_close(without[0], without[1], rtol=0, atol=1e-6)


def test_an_agent_decides_by_its_own_row_alone():
    """Fact 38, IPPO: another agent's observation changes neither logits nor value."""
    policy, obs = ActorCritic(6, 5), draw(2, 3, 6)
    logits, values = policy(obs)
    other = obs.clone()
    other[:, 1] += 5
    other_logits, other_values = policy(other)
    torch.testing.assert_close(other_logits[:, [0, 2]], logits[:, [0, 2]])
    torch.testing.assert_close(other_values[:, [0, 2]], values[:, [0, 2]])
    assert not torch.allclose(other_values[:, 1], values[:, 1])


def test_looking_does_not_change_the_observations():
    policy, obs = ActorCritic(6, 5), draw(7, 6)
    policy(obs)
    assert torch.equal(obs, draw(7, 6))


@pytest.mark.parametrize("sizes", [(0, 5, 64), (6, 0, 64), (6, 5, 0), (-1, 5, 64)])
def test_refuses_sizes_below_1(sizes):
    with pytest.raises(
        ValueError, match=r"^(obs_size|num_actions|hidden_size) must be a whole number, 1 or more\. Got (0|-1)$"
    ):
        ActorCritic(*sizes)


def test_entropy_of_is_that_of_categorical():
    """Fact 27."""
    logits = 3 * draw(20, 5)
    torch.testing.assert_close(entropy_of(logits.log_softmax(-1)), Categorical(logits=logits).entropy())


def test_reached_by_gradient_names_what_a_backward_pass_touched():
    """Fact 21: not a parameter without a gradient, not one whose gradient is all 0."""
    policy = ActorCritic(6, 5, shared_trunk=False)
    assert reached_by_gradient(policy) == []
    policy(draw(20, 6))[1].sum().backward()
    names = [name for name, _ in policy.named_parameters() if name.startswith("critic")]
    assert reached_by_gradient(policy) == names
    (policy(draw(20, 6))[0] * 0).sum().backward()
    assert reached_by_gradient(policy) == names

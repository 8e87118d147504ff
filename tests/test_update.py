import copy
import math

import pytest
import torch

from ppo_lessons.buffer import Rows, SharedBuffer
from ppo_lessons.errors import NonFiniteError
from ppo_lessons.losses import explained_variance
from ppo_lessons.optimisation import gradient_step, make_optimizer
from ppo_lessons.rollout import collect
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.steps import Steps, minibatch_losses
from ppo_lessons.update import ppo_update


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


def weights_of(policy):
    return torch.nn.utils.parameters_to_vector(policy.parameters()).detach().clone()


@pytest.fixture
def update(make_policy, make_rows, make_config):
    """One update of a fresh policy on 24 rows of its own; returns what there is to look at."""

    def run(rows=None, steps=None, seed=0, policy=None, **changes):
        policy = policy or make_policy()
        config = make_config(**{"epochs": 3, "minibatch_size": 8, **changes})
        rows = make_rows(policy) if rows is None else rows
        seen = []
        optimizer = make_optimizer(policy, config)
        watch = lambda index, losses, length: seen.append((index, losses, length))  # noqa: E731
        report = ppo_update(
            policy, optimizer, rows, config, generator(seed), steps=steps or Steps(), on_minibatch=watch
        )
        return report, seen, policy, rows

    return run


def test_every_epoch_visits_every_row_once_in_an_order_of_its_own(update):
    """Facts 10, 35: three epochs of three mini-batches are nine steps."""
    report, seen, _, rows = update()
    orders = [torch.cat([index for index, _, _ in seen[3 * k : 3 * k + 3]]) for k in range(3)]
    for order in orders:
        assert torch.equal(order.sort().values, torch.arange(24))
        assert not torch.equal(order, torch.arange(24))
    assert not torch.equal(orders[0], orders[1])
    assert not torch.equal(orders[1], orders[2])
    assert report.num_gradient_steps == len(seen) == 9
    assert report.num_rows == len(rows.actions) == 24


@pytest.mark.parametrize(("minibatch_size", "per_epoch"), [(8, 3), (7, 4), (23, 1), (24, 1), (1000, 1)])
def test_counts_its_steps(update, minibatch_size, per_epoch):
    """Fact 35: epochs * ceil(rows / size), but that a last row alone joins the mini-batch before (24 = 23 + 1)."""
    calls = []
    step = lambda *given: calls.append(1) or gradient_step(*given)  # noqa: E731
    report = update(minibatch_size=minibatch_size, steps=Steps(gradient_step=step))[0]
    assert report.num_gradient_steps == len(calls) == 3 * per_epoch


def test_rows_keep_together_through_the_shuffle(update, make_policy, make_rows):
    """Fact 9 (badge): in every mini-batch all five fields of a row carry the same number."""
    policy, seen = make_policy(num_actions=24), []
    badge = torch.arange(24.0)
    obs = torch.stack((badge, badge, badge, badge), dim=1) / 24
    rows = Rows(obs, badge.long(), -badge - 1, badge + 100, badge * 2)

    def losses(ratios, advantages, clip_eps):
        seen.append(["advantages", advantages / 2])
        return (ratios * 0).sum()

    def look(logits, actions):
        seen.append(["actions", actions.float()])
        return logits.log_softmax(-1).gather(-1, actions[:, None])[:, 0]

    def ratios(new, old):
        seen.append(["old_log_probs", -old - 1])
        return new - old.detach()

    def value_loss(values, returns):
        seen.append(["returns", returns - 100])
        return (values * 0).sum()

    def forward(policy, obs):
        seen.append(["obs", obs[:, 0] * 24])
        return policy(obs)

    nodes = dict(clipped_surrogate_loss=losses, log_probs_of=look, importance_ratios=ratios)
    steps = Steps(**nodes, value_loss=value_loss, forward_pass=forward)
    _, minibatches, _, _ = update(rows, steps, policy=policy, advantage_normalisation=False)
    for k, (index, _, _) in enumerate(minibatches):
        fields = dict(seen[5 * k : 5 * k + 5])
        assert set(fields) == set(Rows._fields)
        for name, decoded in fields.items():
            torch.testing.assert_close(decoded, index.float(), msg=name)


def test_before_the_first_step_every_ratio_is_1(update):
    """Fact 19: new equals old, so nothing has moved and nothing is clipped."""
    ratios = []
    note = lambda new, old: ratios.append((new - old).exp()) or ratios[-1]  # noqa: E731
    _, seen, _, _ = update(steps=Steps(importance_ratios=note))
    assert (ratios[0] - 1).abs().max() < 1e-6
    assert seen[0][1].approx_kl < 1e-6
    assert seen[0][1].clip_fraction == 0
    assert (ratios[1] - 1).abs().max() > 1e-4


def test_before_the_first_step_every_ratio_is_1_after_a_real_rollout(make_policy, make_config):
    """Fact 19: through world, buffer, selection and shuffle; a row mixed up with another would be seen here."""
    world = SpiritWorld("standard", 4)
    world.reset(0)
    policy = make_policy(world.obs_size, world.num_actions)
    buffer = SharedBuffer(30, 4, world.num_agents, world.obs_size)
    buffer.finish(collect(world, policy, buffer, generator()), 0.97, 0.95, team_credit=True)
    rows, ratios = buffer.get(), []
    note = lambda new, old: ratios.append((new - old).exp()) or ratios[-1]  # noqa: E731
    config = make_config(epochs=1)
    ppo_update(policy, make_optimizer(policy, config), rows, config, generator(), steps=Steps(importance_ratios=note))
    assert len(rows.actions) < 30 * 4 * 4
    assert (ratios[0] - 1).abs().max() < 1e-6
    assert rows.old_log_probs.std() > 0.05


@pytest.mark.parametrize("normalise", [True, False])
def test_the_first_gradient_is_the_plain_policy_gradient(make_policy, make_rows, make_config, normalise):
    """Fact 20: of -mean(log pi * A), with autograd and torch's own Categorical."""
    policy = make_policy()
    rows, config = make_rows(policy), make_config(advantage_normalisation=normalise, vf_coef=0.0, ent_coef=0.0)
    minibatch_losses(policy, rows, config).total_loss.backward()
    ours = torch.cat([p.grad.flatten() for p in policy.parameters()])
    policy.zero_grad()
    advantages = rows.advantages
    if normalise:
        advantages = (advantages - advantages.mean()) / advantages.std()
    distribution = torch.distributions.Categorical(logits=policy(rows.obs)[0])
    (-(distribution.log_prob(rows.actions) * advantages).mean()).backward()
    plain = torch.cat([(p.grad if p.grad is not None else torch.zeros_like(p)).flatten() for p in policy.parameters()])
    torch.testing.assert_close(ours, plain, rtol=1e-4, atol=1e-6)
    assert plain.abs().max() > 1e-3


def test_the_update_draws_no_action(update, make_policy, make_rows, monkeypatch):
    """Fact 19: ratios are those of the *stored* actions."""
    policy = make_policy()
    rows = make_rows(policy)

    def forbidden(*given, **named):
        raise AssertionError("the update sampled an action")

    monkeypatch.setattr(policy, "sample_actions", forbidden)
    monkeypatch.setattr(torch.distributions.Categorical, "sample", forbidden)
    monkeypatch.setattr(torch, "multinomial", forbidden)
    before = torch.get_rng_state()
    update(rows, policy=policy)
    assert torch.equal(torch.get_rng_state(), before)


def test_rows_with_a_graph_are_cut_off_from_it(update, make_policy, make_rows):
    """Facts 13, 21: without node E the old log-probabilities would cancel the actor's gradient."""
    settings = dict(epochs=1, minibatch_size=24, ent_coef=0.0)
    data, graph, kept = make_policy(), make_policy(), make_policy()

    def rows_with_graph(policy):
        rows = make_rows(policy)
        return rows._replace(old_log_probs=policy.evaluate_actions(rows.obs, rows.actions)[0])

    before = kept.actor_head.weight.detach().clone()
    update(make_rows(data), policy=data, **settings)
    update(rows_with_graph(graph), policy=graph, **settings)
    update(rows_with_graph(kept), Steps(detach_rows=lambda rows: rows), policy=kept, **settings)  # the negative control
    torch.testing.assert_close(weights_of(graph), weights_of(data), rtol=0, atol=1e-6)
    assert (graph.actor_head.weight - before).abs().max() > 5e-4
    assert (kept.actor_head.weight - before).abs().max() < 1e-5


def test_the_rows_themselves_are_not_changed(update, make_policy, make_rows):
    """Fact 24: returns above all are never normalised."""
    policy = make_policy()
    rows = make_rows(policy)
    before = [tensor.clone() for tensor in rows]
    update(rows, policy=policy)
    assert all(torch.equal(a, b) for a, b in zip(rows, before, strict=True))


def test_advantages_are_normalised_in_each_mini_batch_and_used(update, make_policy, make_rows):
    """Fact 24: another scale and another zero of the advantages change nothing when they are normalised."""
    policy, handed = make_policy(), []
    rows = make_rows(policy)
    other = rows._replace(advantages=7 * rows.advantages + 3)
    weights = {}
    for normalise in (True, False):
        for name, given in (("plain", rows), ("scaled", other)):
            result = update(given, policy=copy.deepcopy(policy), advantage_normalisation=normalise, max_grad_norm=1e9)
            weights[normalise, name] = weights_of(result[2])
    torch.testing.assert_close(weights[True, "plain"], weights[True, "scaled"], rtol=0, atol=1e-5)
    assert (weights[False, "plain"] - weights[False, "scaled"]).abs().max() > 1e-4
    assert (weights[True, "plain"] - weights[False, "plain"]).abs().max() > 1e-5

    def note(ratios, advantages, clip_eps):
        handed.append(advantages)
        return (ratios * advantages).mean()

    update(other, Steps(clipped_surrogate_loss=note), policy=copy.deepcopy(policy))
    for advantages in handed:
        assert abs(float(advantages.mean())) < 1e-6
        assert float(advantages.std()) == pytest.approx(1, abs=1e-5)


def test_the_total_is_put_together_from_its_parts(update):
    """Fact 28: for every mini-batch, with the coefficients of the config."""
    _, seen, _, _ = update(vf_coef=0.7, ent_coef=0.3)
    for _, losses, _ in seen:
        total = losses.actor_loss + 0.7 * losses.value_loss - 0.3 * losses.entropy
        torch.testing.assert_close(losses.total_loss, total)


def test_the_clip_does_not_bound_the_policy(update):
    """Fact 23: many epochs on one batch move ratios beyond 1 +- eps; that is what KL is watched for."""
    report, seen, _, _ = update(epochs=40, learning_rate=1e-2, clip_eps=0.1)
    assert seen[-1][1].clip_fraction > 0.1
    assert seen[-1][1].approx_kl > 0.01
    assert all(losses.approx_kl >= 0 for _, losses, _ in seen)
    assert report.clip_fraction > 0


def test_target_kl_leaves_both_loops_before_the_step(update):
    """Fact 33: weights and report are those of a run that was simply stopped there."""
    settings = dict(epochs=40, learning_rate=1e-2)
    _, everything, _, _ = update(**settings)
    kls = [float(losses.approx_kl) for _, losses, _ in everything]
    limit = 0.005
    first_above = next(k for k, kl in enumerate(kls) if kl > 1.5 * limit)
    assert 3 < first_above
    assert first_above % 3 != 0  # in the middle of an epoch, so that leaving one loop alone would show

    report, seen, policy, _ = update(**settings, target_kl=limit)
    assert report.stopped_early
    assert report.num_gradient_steps == len(seen) == first_above
    assert report.approx_kl == pytest.approx(sum(kls[:first_above]) / first_above)

    calls = []

    def stop_by_hand(order, minibatch_size):
        for piece in order.split(minibatch_size):
            if len(calls) < first_above:
                calls.append(1)
                yield piece

    same = update(**settings, steps=Steps(split_rows=stop_by_hand))[2]
    assert torch.equal(weights_of(policy), weights_of(same))
    assert not update(**settings, target_kl=1e9)[0].stopped_early


def test_a_kl_of_one_and_a_half_times_the_target_is_still_allowed(update):
    _, everything, _, _ = update(epochs=2, minibatch_size=24, learning_rate=1e-2)
    second = float(everything[1][1].approx_kl)
    assert not update(epochs=2, minibatch_size=24, learning_rate=1e-2, target_kl=second / 1.4)[0].stopped_early
    assert update(epochs=2, minibatch_size=24, learning_rate=1e-2, target_kl=second / 1.6)[0].stopped_early


def test_reports_the_means_over_its_mini_batches(update):
    report, seen, _, _ = update()
    for name in ("actor_loss", "value_loss", "entropy", "total_loss", "approx_kl", "clip_fraction"):
        mean = sum(getattr(losses, name).item() for _, losses, _ in seen) / len(seen)
        assert getattr(report, name) == pytest.approx(mean, abs=1e-6), name
    assert report.grad_norm == pytest.approx(sum(float(length) for _, _, length in seen) / len(seen), rel=1e-5)


def test_explained_variance_is_that_of_the_rollouts_values(update, make_policy, make_rows):
    """Fact 34: the critic that made the advantages, not the one after the update."""
    policy = make_policy()
    rows = make_rows(policy)
    wanted = explained_variance(policy.estimate_values(rows.obs), rows.returns)
    report, _, _, _ = update(rows, policy=policy, learning_rate=0.1)
    assert report.explained_variance == pytest.approx(wanted, abs=1e-5)
    assert abs(explained_variance(policy.estimate_values(rows.obs), rows.returns) - wanted) > 0.01


def test_a_huge_value_clip_is_none_and_a_small_one_is_not(update):
    """Fact 26; the old values are returns less advantages."""
    plain, wide, narrow = (update(value_clip=clip)[2] for clip in (None, 1e9, 1e-3))
    assert torch.equal(weights_of(plain), weights_of(wide))
    assert not torch.equal(weights_of(plain), weights_of(narrow))


def test_a_value_clip_is_not_ignored_without_a_word(update):
    own = Steps(minibatch_losses=lambda *given: minibatch_losses(*given))
    with pytest.raises(ValueError, match="value_clip is read by the package's own minibatch_losses"):
        update(value_clip=0.2, steps=own)
    update(steps=own)


def test_all_rows_in_one_mini_batch_make_the_shuffle_meaningless(update):
    """Fact 40: one step an epoch; another order changes nothing but the order of the floats."""
    first, second = (update(minibatch_size=1000, seed=seed) for seed in (1, 2))
    assert first[0].num_gradient_steps == 3
    torch.testing.assert_close(weights_of(first[2]), weights_of(second[2]), rtol=0, atol=1e-6)
    smaller = [weights_of(update(minibatch_size=8, seed=seed)[2]) for seed in (1, 2)]
    assert (smaller[0] - smaller[1]).abs().max() > 1e-5


def test_the_same_seed_gives_the_same_update_bit_for_bit(update):
    """Fact 36."""
    first, again, other = update(seed=1), update(seed=1), update(seed=2)
    assert torch.equal(weights_of(first[2]), weights_of(again[2]))
    assert first[0] == again[0]
    assert not torch.equal(weights_of(first[2]), weights_of(other[2]))


def test_it_learns_what_the_advantages_say(update, make_policy, make_rows):
    """Actions with positive advantages become likelier, and the critic comes nearer to the returns."""
    policy = make_policy()
    rows = make_rows(policy)
    loss_before = (policy.estimate_values(rows.obs) - rows.returns).square().mean()
    update(rows, policy=policy, epochs=20, learning_rate=3e-3, advantage_normalisation=False, ent_coef=0.0)
    moved = policy.evaluate_actions(rows.obs, rows.actions)[0] - rows.old_log_probs
    assert moved[rows.advantages > 0.5].mean() > 0.01
    assert moved[rows.advantages < -0.5].mean() < -0.01
    assert (policy.estimate_values(rows.obs) - rows.returns).square().mean() < 0.9 * loss_before


def test_adam_is_set_up_as_ppo_uses_it(make_policy, make_config):
    """Fact 31."""
    optimizer = make_optimizer(make_policy(), make_config(learning_rate=3e-4))
    (group,) = optimizer.param_groups
    assert (group["eps"], group["lr"], group["betas"], group["weight_decay"]) == (1e-5, 3e-4, (0.9, 0.999), 0)
    assert type(optimizer) is torch.optim.Adam
    assert group["fused"] is True
    assert len(group["params"]) == len(list(make_policy().parameters()))


# ---- a loss that is not a number


@pytest.mark.parametrize("first_update", [True, False])
@pytest.mark.parametrize("value", [math.nan, math.inf])
@pytest.mark.parametrize(
    ("name", "quantity"),
    [
        ("clipped_surrogate_loss", "actor_loss"),
        ("value_loss", "value_loss"),
        ("entropy_bonus", "entropy"),
        ("total_loss", "total_loss"),
    ],
)
def test_a_loss_that_is_not_finite_is_named_and_nothing_is_lost(
    make_policy, make_rows, make_config, name, quantity, value, first_update
):
    """Weights and the optimizer's memory are those from before the update, in a first update and in a later one."""
    policy, config = make_policy(), make_config(epochs=3, minibatch_size=8)
    rows, optimizer = make_rows(policy), make_optimizer(policy, config)
    if not first_update:
        ppo_update(policy, optimizer, rows, config, generator())
    weights, moments = weights_of(policy), copy.deepcopy(optimizer.state_dict())
    original, calls = getattr(Steps(), name), []

    def breaks_later(*given):
        calls.append(1)
        return original(*given) * (value if len(calls) == 5 else 1)

    with pytest.raises(NonFiniteError, match=rf"must be finite\. Got .*{quantity} = -?(nan|inf).*in mini-batch 5"):
        ppo_update(policy, optimizer, rows, config, generator(), steps=Steps(**{name: breaks_later}))
    assert len(calls) == 5
    assert torch.equal(weights_of(policy), weights)
    after = optimizer.state_dict()
    assert after["param_groups"] == moments["param_groups"]
    assert after["state"].keys() == moments["state"].keys()
    for key, memory in moments["state"].items():
        for part in memory:
            assert torch.equal(after["state"][key][part], memory[part])
    report = ppo_update(policy, optimizer, rows, config, generator())  # and it can go on
    assert math.isfinite(report.total_loss)


@pytest.mark.parametrize("name", ["obs", "old_log_probs", "returns", "advantages"])
def test_rows_that_are_not_finite_are_refused(update, make_policy, make_rows, name):
    policy = make_policy()
    rows = make_rows(policy)
    getattr(rows, name)[3] = math.nan
    weights = weights_of(policy)
    with pytest.raises(NonFiniteError, match="must be finite"):
        update(rows, policy=policy)
    assert torch.equal(weights_of(policy), weights)


def test_a_gradient_that_is_not_finite_is_refused_though_the_loss_is(update, make_policy):
    """sqrt(0) is 0, its slope is infinite."""
    policy = make_policy()
    weights = weights_of(policy)
    flat = Steps(value_loss=lambda values, returns: (values * 0).square().mean().sqrt())
    with pytest.raises(NonFiniteError, match=r"Got grad_norm = nan in mini-batch 1"):
        update(policy=policy, steps=flat)
    assert torch.equal(weights_of(policy), weights)


def test_whom_the_gradient_reached_is_known_also_if_the_gradient_is_forgotten_after_the_step(
    make_policy, make_rows, make_config
):
    def forgetful(total_loss, policy, optimizer, max_grad_norm):
        norm = gradient_step(total_loss, policy, optimizer, max_grad_norm)
        optimizer.zero_grad(set_to_none=False)
        return norm

    policy, config = make_policy(), make_config()
    optimizer = make_optimizer(policy, config)
    for steps in (Steps(), Steps(gradient_step=forgetful)):
        report = ppo_update(policy, optimizer, make_rows(policy), config, generator(), steps=steps)
        assert report.parameters_reached == len(list(policy.parameters()))
    assert not optimizer._optimizer_step_pre_hooks, "nothing of ours stays at the optimizer"

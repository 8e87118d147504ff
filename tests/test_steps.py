import inspect
from dataclasses import fields

import pytest
import torch

from ppo_lessons import actor_critic, advantages, losses, minibatches, rollout, steps
from ppo_lessons.buffer import Rows, SharedBuffer
from ppo_lessons.steps import Steps, detach_rows, forward_pass, gradient_step
from ppo_lessons.training import TrainingRun, train
from ppo_lessons.update import make_optimizer

DEFAULTS = {
    "play_step": rollout.play_step,
    "store": rollout.store,
    "is_full": rollout.is_full,
    "gae": advantages.gae,
    "extract": steps.extract,
    "detach_rows": steps.detach_rows,
    "epochs": range,
    "shuffle_rows": minibatches.shuffle_rows,
    "split_rows": minibatches.split_rows,
    "forward_pass": steps.forward_pass,
    "log_probs_and_entropy": actor_critic.log_probs_and_entropy,
    "importance_ratios": losses.importance_ratios,
    "normalise_advantages": advantages.normalise_advantages,
    "clipped_surrogate_loss": losses.clipped_surrogate_loss,
    "value_loss": losses.value_loss,
    "entropy_bonus": losses.entropy_bonus,
    "total_loss": losses.total_loss,
    "gradient_step": steps.gradient_step,
    "clear": steps.clear,
}
EXPECTED_CALLS = {  # in one cycle of 8 steps, 2 epochs of mini-batches of 32 rows out of at most 128
    "play_step": 8,
    "store": 8,
    "is_full": 9,
    "gae": 1,
    "extract": 1,
    "detach_rows": 1,
    "epochs": 1,
    "shuffle_rows": 2,
    "split_rows": 2,
    "clear": 1,
}


def test_every_default_is_the_packages_own_function():
    assert {field.name: getattr(Steps(), field.name) for field in fields(Steps)} == DEFAULTS


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_replaced_step_is_what_the_training_calls(name, make_config):
    """One cycle with this step replaced by itself, counted: called as often as the flowchart says, with its words."""
    calls = []

    def counted(*given, **named):
        calls.append((given, named))
        return DEFAULTS[name](*given, **named)

    run = TrainingRun("standard", make_config())
    plain = TrainingRun("standard", make_config())
    (report,) = train(run, 1, Steps(**{name: counted}))
    (same,) = train(plain, 1)
    assert len(calls) == EXPECTED_CALLS.get(name, report.update.num_gradient_steps)
    assert report.update == same.update
    if name != "epochs":
        for given, named in calls:
            inspect.signature(DEFAULTS[name]).bind(*given, **named)


@pytest.mark.parametrize(
    "name",
    [
        "gae",
        "shuffle_rows",
        "log_probs_and_entropy",
        "importance_ratios",
        "normalise_advantages",
        "clipped_surrogate_loss",
        "value_loss",
        "entropy_bonus",
        "total_loss",
    ],
)
def test_what_a_replaced_step_returns_is_what_is_used(name, make_config):
    """The same cycle with a result that is scaled or turned round gives other weights."""

    def other(*given, **named):
        result = DEFAULTS[name](*given, **named)
        if name == "shuffle_rows":
            return result.flip(0)
        return tuple(2 * part for part in result) if isinstance(result, tuple) else 2 * result

    weights = []
    for replaced in (Steps(), Steps(**{name: other})):
        run = TrainingRun("standard", make_config(max_grad_norm=1e9, ent_coef=0.5))
        list(train(run, 1, replaced))
        weights.append(torch.nn.utils.parameters_to_vector(run.policy.parameters()))
    assert (weights[0] - weights[1]).abs().max() > 1e-7


@pytest.mark.parametrize("name", ["epochs", "split_rows", "gradient_step", "detach_rows", "extract", "forward_pass"])
def test_the_other_replacements_are_used_too(name, make_config):
    replacements = {
        "epochs": lambda epochs: range(1),
        "split_rows": lambda order, minibatch_size: [order],
        "gradient_step": lambda *given: torch.tensor(1.0),
        "detach_rows": lambda rows: Rows(*(tensor[:40] for tensor in rows)),
        "extract": lambda buffer: Rows(*(tensor[:50] for tensor in buffer.get())),
        "forward_pass": lambda policy, obs: policy(obs * 0),
    }
    weights, reports = [], []
    for replaced in (Steps(), Steps(**{name: replacements[name]})):
        run = TrainingRun("standard", make_config())
        reports += train(run, 1, replaced)
        weights.append(torch.nn.utils.parameters_to_vector(run.policy.parameters()))
    assert not torch.equal(*weights)
    rows, gradient_steps = reports[1].update.num_rows, reports[1].update.num_gradient_steps
    all_rows, all_steps = reports[0].update.num_rows, reports[0].update.num_gradient_steps
    wanted = {"epochs": (all_rows, all_steps // 2), "split_rows": (all_rows, 2), "detach_rows": (40, 4)}
    wanted["extract"] = (50, 4)
    assert (rows, gradient_steps) == wanted.get(name, (all_rows, all_steps))


# ---- the package's own small steps


def test_detached_rows_are_the_same_numbers_without_a_graph():
    """Facts 13, 21."""
    leaf = torch.ones(3, requires_grad=True)
    rows = Rows(leaf[:, None] * 2, torch.arange(3), leaf * 3, leaf * 4, leaf * 5)
    frozen = detach_rows(rows)
    for before, after in zip(rows, frozen, strict=True):
        assert after.requires_grad is False
        assert after.grad_fn is None
        assert torch.equal(before, after)


def test_forward_pass_is_the_networks_own(make_policy):
    policy, obs = make_policy(), torch.randn(5, 4, generator=torch.Generator().manual_seed(0))
    for ours, own in zip(forward_pass(policy, obs), policy(obs), strict=True):
        assert torch.equal(ours, own)
        assert ours.requires_grad


class GradientKeeper(torch.optim.SGD):
    """Keeps a copy of the gradient it is given, and changes nothing."""

    def __init__(self, parameters):
        super().__init__(parameters, lr=0.0)
        self.seen = []

    def step(self, closure=None):
        gradients = [p.grad.flatten() for group in self.param_groups for p in group["params"]]
        self.seen.append(torch.cat(gradients).clone())


def loss_of(policy):
    obs = torch.randn(20, policy.obs_size, generator=torch.Generator().manual_seed(0))
    logits, values = policy(obs)
    return logits.square().mean() + 3 * values.square().mean()


def test_gradients_of_one_mini_batch_are_not_added_to_the_next(make_policy):
    """Fact 29: two identical mini-batches, identical gradients."""
    policy = make_policy()
    keeper = GradientKeeper(policy.parameters())
    for _ in range(2):
        gradient_step(loss_of(policy), policy, keeper, 1e9)
    assert torch.equal(keeper.seen[0], keeper.seen[1])
    assert keeper.seen[0].abs().max() > 0


def test_the_gradient_is_shortened_as_a_whole(make_policy):
    """Fact 30: all parameters together, between backward and step; the direction stays, the old length is returned."""
    policy = make_policy(shared_trunk=False)
    keeper = GradientKeeper(policy.parameters())
    length = gradient_step(loss_of(policy), policy, keeper, 1e9)
    shortened = gradient_step(loss_of(policy), policy, keeper, 0.01)
    full, short = keeper.seen
    assert length == shortened
    assert float(length) == pytest.approx(float(full.norm()), rel=1e-5)
    assert float(full.norm()) > 0.1
    assert float(short.norm()) == pytest.approx(0.01, rel=1e-3)
    assert float(torch.cosine_similarity(full, short, dim=0)) == pytest.approx(1, abs=1e-6)


def test_one_step_with_the_entropy_alone_makes_the_policy_less_decided(make_policy, make_config):
    """Fact 27: more entropy is rewarded, not punished."""
    policy = make_policy()
    obs = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    actions = torch.zeros(50, dtype=torch.int64)
    before = policy.evaluate_actions(obs, actions)[1].mean()
    zero = torch.zeros(())
    total = losses.total_loss(zero, zero, before, 0.5, 1.0)
    gradient_step(total, policy, make_optimizer(policy, make_config(learning_rate=1e-2)), 0.5)
    assert policy.evaluate_actions(obs, actions)[1].mean() > before + 1e-4


def test_extract_and_clear_work_on_the_shared_buffer(badge_buffer):
    buffer = badge_buffer()
    rows = steps.extract(buffer)
    assert all(torch.equal(a, b) for a, b in zip(rows, buffer.get(), strict=True))
    steps.clear(buffer)
    assert buffer.step == 0
    assert not rollout.is_full(buffer)


def test_store_puts_a_step_into_the_buffer(badge_transition):
    buffer = SharedBuffer(1, 2, 3, 3)
    rollout.store(buffer, badge_transition(0))
    assert rollout.is_full(buffer)

import inspect
from contextlib import nullcontext
from dataclasses import fields

import pytest
import torch

from ppo_lessons import (
    action_kinds,
    actor_critic,
    advantages,
    buffer,
    losses,
    minibatches,
    optimisation,
    policy_gradient,
    rollout,
    steps,
    team_view,
    value_normalisation,
)
from ppo_lessons.buffer import Rows
from ppo_lessons.data_parallel.sharing import Sharing
from ppo_lessons.lessons import EXERCISES
from ppo_lessons.spirit_world.curriculum import Way
from ppo_lessons.steps import Steps, detach_rows, each_minibatch, forward_pass
from ppo_lessons.training import TrainingRun, train

OF_THE_WORLD = {"who_acts_next", "rewards_of"}
"""What a learner writes that belongs to the world, not to the training."""
OF_THE_WAY = {field.name for field in fields(Way)}
"""What a learner writes that leads from case to case."""
OF_THE_RANKS = {field.name for field in fields(Sharing)}
"""What a learner writes for a training on many processes."""
HOMES = {
    action_kinds: ("only_legal", "gaussian_log_probs"),
    actor_critic: ("log_probs_of", "entropy_of", "reached_by_gradient"),
    advantages: ("with_team_credit", "next_values", "td_errors", "gae", "normalise_advantages"),
    buffer: ("store", "is_full", "flatten_rows", "badges_of", "mean_over_acting", "clear"),
    losses: (
        *("importance_ratios", "approx_kl", "clipped_surrogate_loss", "clip_fraction", "still_pushed", "value_loss"),
        *("explained_variance", "entropy_bonus", "total_loss", "should_stop", "clipped_value_loss"),
    ),
    minibatches: ("shuffle_rows", "split_rows", "count_gradient_steps"),
    optimisation: ("gradient_step", "annealed"),
    policy_gradient: ("effective_sample_size", "surrogate_loss", "policy_gradient_loss"),
    rollout: ("play_step",),
    steps: ("detach_rows", "each_minibatch", "forward_pass", "minibatch_losses", "update_policy"),
    team_view: ("team_obs",),
    value_normalisation: ("mean_and_std", "normalise_values", "denormalise_values"),
}
DEFAULTS = {name: getattr(module, name) for module, names in HOMES.items() for name in names}
ONCE = dict.fromkeys(
    [
        *("with_team_credit", "next_values", "td_errors", "gae", "badges_of", "mean_over_acting", "detach_rows"),
        *("each_minibatch", "count_gradient_steps", "effective_sample_size", "still_pushed", "surrogate_loss"),
        *("explained_variance", "annealed", "reached_by_gradient", "update_policy", "clear", "normalise_values"),
    ],
    1,
)
AGAIN_AT_THE_END = (
    "gaussian_log_probs",
    "forward_pass",
    "log_probs_of",
    "importance_ratios",
    "approx_kl",
    "normalise_advantages",
)
"""Called for every mini-batch, and once more for all rows after the update."""
EXPECTED_CALLS = {  # in one cycle of 8 steps, 2 epochs of mini-batches of 32 rows out of at most 128
    **ONCE,
    "play_step": 8,
    "store": 8,
    "is_full": 9,
    "flatten_rows": 6,
    "shuffle_rows": 2,
    "split_rows": 2,
    "policy_gradient_loss": 0,
    "team_obs": 9,  # before each step, and after the last; nothing is cut off so early
    "denormalise_values": 3,  # values, final values, last values
    "only_legal": 8 + 1 + 1,  # besides each mini-batch: before each step, after the last, and at the end
    "mean_and_std": 2,  # before the returns are followed, and after
}
ONLY = EXPECTED_CALLS.keys() - {"only_legal"}
"""Not called for every mini-batch."""


def test_every_default_is_the_packages_own_function():
    assert {field.name: getattr(Steps(), field.name) for field in fields(Steps)} == DEFAULTS


def test_every_function_that_a_learner_writes_takes_part():
    assert {exercise.name for exercise in EXERCISES} <= DEFAULTS.keys() | OF_THE_WORLD | OF_THE_WAY | OF_THE_RANKS


@pytest.mark.parametrize("name", DEFAULTS)
def test_a_replaced_step_is_what_the_training_calls(name, config_with, world_with):
    """One cycle with this step replaced by itself, counted: called as often as the flowchart says, with its words."""
    calls = []

    def counted(*given, **named):
        calls.append((given, named))
        return DEFAULTS[name](*given, **named)

    run, plain = (TrainingRun(world_with(name), config_with(name, anneal_cycles=9)) for _ in range(2))
    (report,) = train(run, 1, Steps(**{name: counted}))
    (same,) = train(plain, 1)
    per_minibatch = report.update.num_gradient_steps + (name in AGAIN_AT_THE_END)
    assert len(calls) == EXPECTED_CALLS.get(name, 0) + (per_minibatch if name not in ONLY else 0)
    assert report.update == same.update
    for given, named in calls:
        inspect.signature(DEFAULTS[name]).bind(*given, **named)


USED = {
    **dict.fromkeys(["with_team_credit", "next_values", "td_errors", "gae"], lambda result: 2 * result),
    "shuffle_rows": lambda result: result.flip(0),
    "each_minibatch": lambda result: list(result)[:-1],
    "split_rows": lambda result: [torch.cat(list(result))],
    "forward_pass": lambda result: (2 * result[0], result[1]),
    **dict.fromkeys(["log_probs_of", "importance_ratios", "normalise_advantages"], lambda result: 1.5 * result),
    **dict.fromkeys(["entropy_of", "entropy_bonus", "clipped_surrogate_loss"], lambda result: 3 * result),
    **dict.fromkeys(["value_loss", "total_loss", "annealed"], lambda result: 2 * result),
    "only_legal": lambda result: 2 * result,
    "gaussian_log_probs": lambda result: 1.5 * result,
    "minibatch_losses": lambda result: result._replace(total_loss=3 * result.total_loss),
    "detach_rows": lambda rows: Rows(*(tensor[:40] for tensor in rows)),
    "should_stop": lambda result: True,
    "update_policy": lambda result: list(result) and iter(()),
}


@pytest.mark.parametrize("name", USED)
def test_what_a_replaced_step_returns_is_what_is_used(name, make_config, world_with):
    """The same cycle with another result gives other weights."""

    def other(*given, **named):
        return USED[name](DEFAULTS[name](*given, **named))

    weights = []
    for replaced in (Steps(), Steps(**{name: other})):
        run = TrainingRun(world_with(name), make_config(max_grad_norm=1e9, ent_coef=0.5, anneal_cycles=9))
        if name == "update_policy":
            with pytest.raises(ValueError, match="needs a mini-batch") if replaced != Steps() else nullcontext():
                list(train(run, 1, replaced))
        else:
            list(train(run, 1, replaced))
        weights.append(torch.nn.utils.parameters_to_vector(run.policy.parameters()))
    assert (weights[0] - weights[1]).abs().max() > 1e-7


REPORTED = {
    "badges_of": (lambda result: result.flip(0), lambda report: report.agent_rewards),
    "mean_over_acting": (lambda result: result + 1, lambda report: report.mean_reward),
    "approx_kl": (lambda result: result + 1, lambda report: (report.update.approx_kl, report.update.kl_after)),
    "clip_fraction": (lambda result: result + 1, lambda report: report.update.clip_fraction),
    "effective_sample_size": (lambda result: result / 2, lambda report: report.update.effective_sample_size),
    "surrogate_loss": (lambda result: result - 1, lambda report: report.update.surrogate_loss),
    "still_pushed": (lambda result: ~result, lambda report: report.update.silent_fraction),
    "explained_variance": (lambda result: result + 1, lambda report: report.update.explained_variance),
    "count_gradient_steps": (lambda result: result + 1, lambda report: report.update.planned_gradient_steps),
    "reached_by_gradient": (lambda result: result[:-1], lambda report: report.update.parameters_reached),
}


@pytest.mark.parametrize("name", REPORTED)
def test_what_a_replaced_gauge_says_is_what_is_reported(name, make_config):
    other, read = REPORTED[name]
    changed = Steps(**{name: lambda *given: other(DEFAULTS[name](*given))})
    reports = [next(train(TrainingRun("standard", make_config()), 1, replaced)) for replaced in (Steps(), changed)]
    assert read(reports[0]) != read(reports[1])


def test_the_rows_of_the_training_are_those_that_flatten_rows_gives(make_config):
    first = Steps(flatten_rows=lambda tensor, acting: tensor[acting].flip(0))
    weights = []
    for replaced in (Steps(), first):
        run = TrainingRun("standard", make_config())
        list(train(run, 1, replaced))
        weights.append(torch.nn.utils.parameters_to_vector(run.policy.parameters()))
    assert not torch.equal(*weights)


def test_another_loss_of_the_actor_takes_the_place_of_the_clipped_one():
    """At the old policy all three have the same gradient; further off they do not."""
    log_probs, old = torch.tensor([-1.0, -0.5, -2.0]), torch.tensor([-1.2, -1.5, -1.0])
    advantages = torch.tensor([1.0, 2.0, -1.0])

    def gradient(own: Steps, now):
        now = now.clone().requires_grad_()
        own.clipped_surrogate_loss((now - old).exp(), advantages, 0.2).backward()
        return now.grad

    surrogate, plain = Steps().with_actor_loss("surrogate"), Steps().with_actor_loss("policy_gradient")
    torch.testing.assert_close(gradient(surrogate, old), -advantages / 3)
    torch.testing.assert_close(gradient(plain, old), -advantages / 3)
    torch.testing.assert_close(gradient(Steps(), old), -advantages / 3)
    torch.testing.assert_close(gradient(surrogate, log_probs), -advantages * (log_probs - old).exp() / 3)
    torch.testing.assert_close(gradient(plain, log_probs), -advantages / 3)
    assert gradient(Steps(), log_probs).tolist() == pytest.approx([0, 0, 0], abs=1e-7), "all three went far enough"
    with pytest.raises(ValueError, match=r"must be 'surrogate' or 'policy_gradient'. Got 'clip'"):
        Steps().with_actor_loss("clip")


def test_another_loss_of_the_actor_may_be_ones_own(make_config):
    called = []
    mine = Steps(surrogate_loss=lambda *given: called.append(1) or policy_gradient.surrogate_loss(*given))
    run = TrainingRun("standard", make_config())
    (report,) = train(run, 1, mine.with_actor_loss("surrogate"))
    assert len(called) == report.update.num_gradient_steps + 1


def test_epochs_and_mini_batches_come_from_the_steps_that_are_given(make_config):
    """By hand: two epochs of five rows in pieces of two; the last row joins the piece before."""
    own = Steps(shuffle_rows=lambda rows, generator: torch.arange(rows))
    pieces = [piece.tolist() for piece in each_minibatch(5, make_config(minibatch_size=2), torch.Generator(), own)]
    assert pieces == 2 * [[0, 1], [2, 3, 4]]
    orders = [
        torch.cat(list(each_minibatch(50, make_config(epochs=1), torch.Generator().manual_seed(seed), Steps())))
        for seed in (0, 0, 1)
    ]
    assert torch.equal(orders[0], orders[1]) and not torch.equal(orders[0], orders[2])


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

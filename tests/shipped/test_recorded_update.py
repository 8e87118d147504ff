"""The recorded update step by step: it is `ppo_update`, and whoever looks at it changes nothing."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import torch

from ppo_lessons.buffer import Rows
from ppo_lessons.losses import importance_ratios
from ppo_lessons.optimisation import make_optimizer
from ppo_lessons.shipped.recorded_update import (
    SEED,
    first_policy,
    log_probs_under,
    normalised_rows,
    one_pass,
    policy_after,
    recorded_rows,
    recorded_update,
    recording,
)
from ppo_lessons.shipped.recording import CONFIG, load_recording
from ppo_lessons.update import ppo_update


def same_weights(one: torch.nn.Module, other: torch.nn.Module) -> bool:
    pairs = zip(one.state_dict().items(), other.state_dict().items(), strict=True)
    return all(name == other_name and torch.equal(a, b) for (name, a), (other_name, b) in pairs)


@pytest.mark.parametrize("knobs", [{}, dict(epochs=2, minibatch_size=700, clip_eps=0.4), dict(target_kl=0.003)])
def test_it_is_ppo_update_on_the_recorded_rows(knobs):
    config, fresh, seen = replace(CONFIG, **knobs), load_recording(), []

    def keep(index, losses, grad_norm):
        seen.append((index, [loss.detach() for loss in losses], float(grad_norm)))

    optimizer, generator = make_optimizer(fresh.policy, config), torch.Generator().manual_seed(SEED)
    report = ppo_update(fresh.policy, optimizer, fresh.buffer.get(), config, generator, on_minibatch=keep)
    taken = recorded_update(config)
    assert len(taken) == report.num_gradient_steps == len(seen)
    for step, (index, losses, grad_norm) in zip(taken, seen, strict=True):
        assert torch.equal(step.index, index)
        torch.testing.assert_close(list(step.losses), losses)
        assert step.grad_norm == pytest.approx(grad_norm, rel=1e-4)
    for kept, weights in zip(taken[-1].policy.parameters(), fresh.policy.parameters(), strict=True):
        torch.testing.assert_close(kept, weights)


def test_a_shorter_update_is_the_beginning_of_a_longer_one():
    """So each kept policy is the one after its own step, and not a later one."""
    whole, half = recorded_update(CONFIG), recorded_update(replace(CONFIG, epochs=2))
    assert (len(half), len(whole)) == (8, 16)
    for short, long in zip(half, whole, strict=False):
        for a, b in zip(short.policy.parameters(), long.policy.parameters(), strict=True):
            torch.testing.assert_close(a, b)
    assert not any(same_weights(a.policy, b.policy) for a, b in pairwise(whole))


def test_steps_are_counted_from_the_recorded_policy():
    assert policy_after(0) is recording().policy
    for steps in (1, 8, 16):
        assert policy_after(steps) is recorded_update(CONFIG)[steps - 1].policy
    assert not same_weights(policy_after(0), policy_after(1))


def test_nothing_that_is_shared_is_changed_by_an_update():
    recorded_update(replace(CONFIG, epochs=1, learning_rate=0.02))
    fresh = load_recording()
    assert same_weights(recording().policy, fresh.policy)
    for ours, theirs in zip(recorded_rows(), fresh.buffer.get(), strict=True):
        assert torch.equal(ours, theirs)
    assert recording() is recording() and recorded_rows() is recorded_rows()


def test_kept_policies_share_no_memory_and_losses_carry_no_graph():
    taken = recorded_update(CONFIG)
    places = [weights.data_ptr() for step in taken for weights in step.policy.parameters()]
    places += [weights.data_ptr() for weights in recording().policy.parameters()]
    assert len(set(places)) == len(places)
    assert not any(loss.requires_grad for step in taken for loss in step.losses)


def test_one_pass_is_the_first_epoch():
    pieces = one_pass()
    assert [len(piece) for piece in pieces] == [512, 512, 512, 398]
    assert torch.equal(torch.cat(pieces).sort().values, torch.arange(len(recorded_rows().actions)))
    assert all(torch.equal(piece, step.index) for piece, step in zip(pieces, recorded_update(CONFIG), strict=False))


def test_normalised_rows_have_mean_0_and_standard_deviation_1_in_each_minibatch():
    rows, raw = normalised_rows(), recorded_rows()
    for piece in one_pass():
        advantages, before = rows.advantages[piece].double().numpy(), raw.advantages[piece].double().numpy()
        assert advantages.mean() == pytest.approx(0, abs=1e-5)
        assert advantages.std(ddof=1) == pytest.approx(1, abs=1e-5)
        np.testing.assert_allclose(advantages, (before - before.mean()) / before.std(ddof=1), atol=1e-5)
    others = set(Rows._fields) - {"advantages"}
    assert all(getattr(rows, name) is getattr(raw, name) for name in others)
    assert not torch.equal(rows.advantages, raw.advantages)


def test_before_the_first_step_every_ratio_is_1():
    rows = recorded_rows()
    ratios = importance_ratios(log_probs_under(policy_after(0), rows), rows.old_log_probs)
    torch.testing.assert_close(ratios, torch.ones(len(rows.actions)), rtol=0, atol=1e-6)
    moved = importance_ratios(log_probs_under(policy_after(1), rows), rows.old_log_probs)
    assert (moved - 1).abs().max() > 0.01


def test_log_probs_are_those_of_the_stored_actions():
    rows, policy = recorded_rows(), policy_after(3)
    log_probs = log_probs_under(policy, rows)
    assert not log_probs.requires_grad
    logits = policy(rows.obs)[0].detach().double().numpy()
    everything = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    by_hand = everything[np.arange(len(logits)), rows.actions.numpy()]
    np.testing.assert_allclose(log_probs.numpy(), by_hand, atol=1e-5)


def test_separate_trunks_start_with_the_same_answers():
    together, apart = first_policy(True), first_policy(False)
    assert together is recording().policy
    assert together.actor_trunk is together.critic_trunk and apart.actor_trunk is not apart.critic_trunk
    obs = recorded_rows().obs
    with torch.no_grad():
        for ours, theirs in zip(together(obs), apart(obs), strict=True):
            torch.testing.assert_close(ours, theirs)
    config = replace(CONFIG, shared_trunk=False, epochs=1)
    assert policy_after(0, config) is apart
    last = policy_after(4, config)
    assert not torch.equal(last.actor_trunk[0].weight, last.critic_trunk[0].weight)
    assert torch.equal(apart.actor_trunk[0].weight, apart.critic_trunk[0].weight), "the first one stays as it is"

"""The lengths of a trace are those of a backward pass written out here."""

import copy
import math

import pytest
import torch

from ppo_lessons.actor_critic import reached_by_gradient
from ppo_lessons.advantages import estimate_advantages, with_team_credit
from ppo_lessons.display.gradients import gradient_lengths
from ppo_lessons.lessons.detaching import gradient_trace
from ppo_lessons.lessons.detaching.explorer import HISTORY
from ppo_lessons.lessons.detaching.gradient_trace import (
    FROZEN,
    LAYERS,
    LOSSES,
    GradientTrace,
    play_again,
    trace_gradients,
)
from ppo_lessons.shipped.recorded_update import first_policy, one_pass, recorded_rows, recording
from ppo_lessons.shipped.recording import CONFIG


def trace(
    loss="actor_loss", no_grad=False, leave=(), advantage_normalisation=False, shared_trunk=False
) -> GradientTrace:
    """With every field detached but those to be left."""
    detach = {f"detach_{name}": name not in leave for name in FROZEN}
    return trace_gradients(loss, no_grad, *detach.values(), advantage_normalisation, shared_trunk)


def by_hand(loss: str, leave: tuple[str, ...], normalise: bool, shared: bool):
    """The same mini-batch in plain torch, with `backward()`: the policy, and the tensors of the rollout by name."""
    policy, data = copy.deepcopy(first_policy(shared)).double(), recording().buffer.data
    logits, values = policy(data.obs.double())
    old = torch.log_softmax(logits, -1).gather(-1, data.actions.unsqueeze(-1)).squeeze(-1)
    rewards = with_team_credit(data.rewards.double(), data.acting, data.episode_over, CONFIG.gamma)
    ends = (data.terminated, data.truncated, data.final_values.double(), recording().last_values.double())
    advantages = estimate_advantages(rewards, values, *ends, CONFIG.gamma, CONFIG.gae_lambda)
    history = dict(old_log_probs=old, old_values=values, advantages=advantages, returns=advantages + values)
    for tensor in history.values():
        tensor.retain_grad()
    index = one_pass()[0]
    used = {name: tensor[data.acting][index] for name, tensor in history.items()}
    used |= {name: used[name].detach() for name in FROZEN if name not in leave}
    logits, values = policy(data.obs.double()[data.acting][index])
    log_probs = torch.log_softmax(logits, -1)
    new = log_probs[torch.arange(len(index)), data.actions[data.acting][index]]
    given = used["advantages"]
    given = (given - given.mean()) / (given.std() + 1e-8) if normalise else given
    ratios = torch.exp(new - used["old_log_probs"])
    actor = -torch.min(ratios * given, ratios.clamp(0.8, 1.2) * given).mean()
    value, entropy = (values - used["returns"]).pow(2).mean(), -(log_probs.exp() * log_probs).sum(-1).mean()
    total = actor + CONFIG.vf_coef * value - CONFIG.ent_coef * entropy
    start = dict(actor_loss=actor, value_loss=value, entropy=entropy, total_loss=total)[loss]
    start.backward()
    return policy, history, start.item()


def test_parts_are_those_of_the_lessons_x_ray():
    policy, _, _ = by_hand("total_loss", (), False, False)
    obs = recorded_rows().obs[one_pass()[0]].double()
    entropies = torch.distributions.Categorical(logits=policy(obs)[0]).entropy()
    lengths = gradient_lengths(policy, {"entropy": entropies.mean()})["entropy"]
    result = trace("entropy")
    for part, length in lengths.items():
        assert result.boxes[part] == pytest.approx(length, rel=1e-9, nan_ok=True)


def test_the_rollout_is_the_recorded_one_with_or_without_a_graph():
    for no_grad in (True, False):
        rows = play_again(copy.deepcopy(first_policy(False)).double(), gradient_trace.Taps(), no_grad=no_grad)
        for name, tensor in rows._asdict().items():
            recorded = getattr(recorded_rows(), name)
            torch.testing.assert_close(tensor.to(recorded.dtype), recorded, rtol=1e-4, atol=1e-5)
            assert tensor.requires_grad == (name in FROZEN and not no_grad)


def test_silent_killer():
    right, wrong = trace(), trace(leave=("old_log_probs",))
    for result in (right, wrong):
        assert result.ratios == pytest.approx((1, 1), abs=1e-9)
        assert result.value == right.value
        assert result.boxes["new_log_probs"] == pytest.approx(right.boxes["new_log_probs"])
    assert wrong.boxes["old_log_probs"] == pytest.approx(wrong.boxes["new_log_probs"]), "as long, and opposite"
    assert right.layers["actor_head"] > 0.01
    assert [wrong.layers[layer] for layer in LAYERS[:3]] == [0, 0, 0], "not NaN: the paths are there"
    assert wrong.grad_norm == 0 and right.grad_norm > 0.1
    assert set(wrong.spoilt) == {*LAYERS[:3], "actor_trunk"}
    assert wrong.with_graph == ("old_log_probs",)


def test_advantages_with_a_graph_push_the_critic_unless_they_are_normalised():
    wrong, hidden = trace(leave=("advantages",)), trace(leave=("advantages",), advantage_normalisation=True)
    assert wrong.layers["critic_head"] > wrong.layers["actor_head"] == trace().layers["actor_head"]
    assert set(wrong.spoilt) == {*LAYERS[3:], "critic_trunk"}
    assert [hidden.layers[layer] for layer in LAYERS[3:]] == [0, 0, 0]
    assert hidden.spoilt == ()


def test_a_loss_reaches_its_own_side_and_both_meet_in_a_shared_trunk():
    actor, value = trace("actor_loss"), trace("value_loss")
    assert [layer for layer in LAYERS if actor.layers[layer] > 0] == list(LAYERS[:3])
    assert [layer for layer in LAYERS if value.layers[layer] > 0] == list(LAYERS[3:])
    for loss, head, other in (("actor_loss", "actor_head", "critic_head"), ("value_loss", "critic_head", "actor_head")):
        shared = trace(loss, shared_trunk=True)
        assert shared.layers["critic_trunk.0"] is None and shared.boxes["critic_trunk"] is None
        assert min(shared.layers["actor_trunk.0"], shared.layers["actor_trunk.2"], shared.layers[head]) > 0
        assert math.isnan(shared.layers[other])


def test_coefficients_stand_at_the_losses():
    boxes = trace("total_loss").boxes
    assert (boxes["actor_loss"], boxes["value_loss"], boxes["entropy"]) == (1, CONFIG.vf_coef, CONFIG.ent_coef)


def test_what_comes_back_along_two_connections_adds_up():
    """old_values gives to advantages and returns; as their gradients are vectors, only bounds can be checked."""
    result = trace("total_loss", leave=FROZEN)
    to_advantages, to_returns = (result.arrows["old_values", name] for name in ("advantages", "returns"))
    assert abs(to_advantages - to_returns) < result.boxes["old_values"] < to_advantages + to_returns
    for length in (result.boxes["returns"], result.boxes["values"]):
        assert result.arrows["returns", "value_loss"] == pytest.approx(length)
    assert math.isnan(trace("total_loss", leave=("returns",)).arrows["advantages", "actor_loss"])


def test_nothing_leaks():
    before = [parameter.clone() for parameter in first_policy(False).parameters()]
    gradient_trace._backward.cache_clear()
    first = trace("total_loss", leave=FROZEN)
    gradient_trace._backward.cache_clear()
    trace("actor_loss")
    again = trace("total_loss", leave=FROZEN)
    assert first.layers == again.layers and first.boxes == pytest.approx(again.boxes, nan_ok=True)
    for shared in (True, False):
        policy = first_policy(shared)
        assert all(parameter.grad is None for parameter in policy.parameters())
        assert not policy.actor_head._forward_pre_hooks
        assert next(policy.parameters()).dtype == torch.float32
    assert all(map(torch.equal, before, first_policy(False).parameters()))


@pytest.mark.parametrize(("shared", "normalise"), [(True, True), (False, False)])
@pytest.mark.parametrize("leave", [(), ("old_log_probs",), ("advantages",), ("returns",), FROZEN])
@pytest.mark.parametrize("loss", ["actor_loss", "value_loss", "total_loss"])
def test_lengths_are_those_of_backward(loss, leave, normalise, shared):
    result = trace(loss, leave=leave, advantage_normalisation=normalise, shared_trunk=shared)
    policy, history, value = by_hand(loss, leave, normalise, shared)
    assert result.value == pytest.approx(value, rel=1e-9, abs=1e-12)
    reached = set(reached_by_gradient(policy))
    for layer in LAYERS:
        found = {name: p.grad for name, p in policy.named_parameters() if name.rpartition(".")[0] == layer}
        if not found:
            assert shared and result.layers[layer] is None
        elif all(grad is None for grad in found.values()):
            assert math.isnan(result.layers[layer])
        else:
            length = float(torch.cat([grad.flatten() for grad in found.values()]).norm())
            assert result.layers[layer] == pytest.approx(length, rel=1e-9, abs=1e-12)
            assert not result.layers[layer] or set(found) <= reached
    for name in HISTORY:
        if history[name].grad is None:
            assert math.isnan(result.boxes[name])
        else:
            assert result.boxes[name] == pytest.approx(float(history[name].grad.norm()), rel=1e-9, abs=1e-12)
    whole = [p.grad.flatten() for p in policy.parameters() if p.grad is not None]
    assert result.grad_norm == pytest.approx(float(torch.cat(whole).norm()), rel=1e-9, abs=1e-12)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("shared", [True, False])
def test_no_grad_alone_is_as_good_as_detaching_all(loss, shared):
    one = trace(loss, no_grad=True, leave=FROZEN, shared_trunk=shared)
    other = trace(loss, no_grad=False, shared_trunk=shared)
    assert one.cuts == ("no_grad",) and other.cuts == FROZEN
    for found, wanted in zip((*one[1:5],), (*other[1:5],), strict=True):
        assert found == pytest.approx(wanted, nan_ok=True)
    assert one.spoilt == other.spoilt == one.with_graph == ()
    assert all(math.isnan(one.boxes[name]) for name in HISTORY)

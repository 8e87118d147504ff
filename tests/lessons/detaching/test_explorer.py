"""The explorer of lesson 04: its lengths are those of a backward pass written out here, and its lamps say the same."""

import copy
import io
import itertools
import math
import re

import numpy as np
import pytest
import torch
from PIL import Image

from ppo_lessons.actor_critic import reached_by_gradient
from ppo_lessons.advantages import gae, with_team_credit
from ppo_lessons.display.gradients import gradient_lengths
from ppo_lessons.interactive.explorer import Explorer, Panel
from ppo_lessons.lessons.detaching import explorer as explorer_module
from ppo_lessons.lessons.detaching.explorer import (
    FROZEN,
    HISTORY,
    LAYERS,
    LINKS,
    LOSSES,
    GradientFace,
    GradientTrace,
    explore,
    play_again,
    trace_gradients,
)
from ppo_lessons.shipped.recorded_update import first_policy, one_pass, recorded_rows, recording
from ppo_lessons.shipped.recording import CONFIG


def trace(loss="actor_loss", no_grad=False, leave=(), normalise_advantages=False, shared_trunk=False) -> GradientTrace:
    """With every field detached but those to be left."""
    detach = {f"detach_{name}": name not in leave for name in FROZEN}
    return trace_gradients(loss, no_grad, *detach.values(), normalise_advantages, shared_trunk)


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return explore()


@pytest.fixture(scope="module")
def face() -> GradientFace:
    return GradientFace()


def by_hand(loss: str, leave: tuple[str, ...], normalise: bool, shared: bool):
    """The same mini-batch in plain torch, with `backward()`: the policy, and the tensors of the rollout by name."""
    policy, data = copy.deepcopy(first_policy(shared)).double(), recording().buffer.data
    logits, values = policy(data.obs.double())
    old = torch.log_softmax(logits, -1).gather(-1, data.actions.unsqueeze(-1)).squeeze(-1)
    rewards = with_team_credit(data.rewards.double(), data.acting, data.episode_over, CONFIG.gamma)
    ends = (data.terminated, data.truncated, data.final_values.double(), recording().last_values.double())
    advantages = gae(rewards, values, *ends, CONFIG.gamma, CONFIG.gae_lambda)
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


@pytest.mark.parametrize(("shared", "normalise"), [(True, True), (False, False)])
@pytest.mark.parametrize("leave", [(), ("old_log_probs",), ("advantages",), ("returns",), FROZEN])
@pytest.mark.parametrize("loss", ["actor_loss", "value_loss", "total_loss"])
def test_lengths_are_those_of_backward(loss, leave, normalise, shared):
    result = trace(loss, leave=leave, normalise_advantages=normalise, shared_trunk=shared)
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
        rows = play_again(copy.deepcopy(first_policy(False)).double(), explorer_module.Taps(), no_grad=no_grad)
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
    wrong, hidden = trace(leave=("advantages",)), trace(leave=("advantages",), normalise_advantages=True)
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
    explorer_module._backward.cache_clear()
    first = trace("total_loss", leave=FROZEN)
    explorer_module._backward.cache_clear()
    trace("actor_loss")
    again = trace("total_loss", leave=FROZEN)
    assert first.layers == again.layers and first.boxes == pytest.approx(again.boxes, nan_ok=True)
    for shared in (True, False):
        policy = first_policy(shared)
        assert all(parameter.grad is None for parameter in policy.parameters())
        assert not policy.actor_head._forward_pre_hooks
        assert next(policy.parameters()).dtype == torch.float32
    assert all(map(torch.equal, before, first_policy(False).parameters()))


def test_lamps_and_arrows_say_what_the_trace_says(face):
    for settings in (dict(), dict(leave=("old_log_probs",)), dict(loss="total_loss", leave=FROZEN, shared_trunk=True)):
        result = trace(**settings)
        face.show(result)
        for link, (line, head) in zip(LINKS, face.lines, strict=True):
            length = link.length(result)
            assert head.get_visible() == (length > 0)
            assert (line.get_linestyle() == "--") == math.isnan(length)
        for name, length in result.boxes.items():
            if name == "logits" or length is None:
                continue
            shared = name == "actor_trunk" and settings.get("shared_trunk")
            lamp, number = face.lamps["shared" if shared else name], face.numbers["shared" if shared else name]
            assert lamp.get_visible() == (not math.isnan(length))
            if lamp.get_visible():
                assert number.get_text() == (f"{length:.3f}" if length else "0")


def test_every_length_can_be_read_and_every_bar_fits(face):
    right = face.figure.axes[1]
    for loss, shared, normalise in itertools.product(LOSSES, (True, False), (True, False)):
        for leave in ((), ("old_log_probs",), ("returns",), FROZEN):
            result = trace(loss, leave=leave, shared_trunk=shared, normalise_advantages=normalise)
            lengths = [x for x in (*result.layers.values(), *result.boxes.values()) if x is not None and x > 0]
            assert min(lengths) > 0.0005, "three digits show that it is not 0"
            face.show(result)
            for bar, length, said in zip(face.bars, result.layers.values(), face.said, strict=True):
                wanted = 0 if length is None or math.isnan(length) else length
                assert bar.get_width() == wanted < 0.7 * right.get_xlim()[1]
                word = "shared" if length is None else "none" if math.isnan(length) else f"{length:.3f}"
                assert said.get_text().startswith(word if length != 0 else "0: ")


def test_the_line_says_the_numbers(face):
    result = trace(leave=("advantages",))
    said = face.show(result)
    numbers = [float(number) for number in re.findall(r"(?<![.\d])-?\d+\.\d+", said)]
    assert numbers == pytest.approx([result.value, 1, 1, result.grad_norm], abs=6e-4)
    assert "Reaches: " + ", ".join(LAYERS) in said
    assert "another gradient than it should be: critic_trunk.0, critic_trunk.2, critic_head." in said
    assert "no path" not in said
    assert said.endswith("Cut: old_log_probs, returns; with a graph: advantages")
    silent = face.show(trace(leave=("old_log_probs",)))
    assert "Paths cancel to 0 in: actor_trunk.0, actor_trunk.2, actor_head" in silent
    assert "no path to: critic_trunk.0, critic_trunk.2, critic_head" in silent
    assert "Cut: nothing" in face.show(trace(leave=FROZEN))
    assert "with a graph: no field" in face.show(trace())


def shown(panel: Panel, **values: object) -> tuple[bytes, str]:
    panel.controls.put(**values)
    assert panel.wait()
    assert 'role="status"' in panel.numbers.value, panel.numbers.value
    return panel.picture.value, panel.numbers.value


@pytest.mark.parametrize(("loss", "no_grad"), [(LOSSES[0], False), (LOSSES[1], True), (LOSSES[2], False)])
def test_every_knob_changes_picture_and_numbers(explorer, loss, no_grad):
    panel = explorer.panels[0]
    panel.controls.reset()
    first = shown(panel, loss=loss, no_grad=no_grad)
    for name, knob in panel.controls._knobs.items():
        before = panel.controls.values[name]
        for other in getattr(knob, "values", (True, False)):
            if other != before:
                picture, numbers = shown(panel, **{name: other})
                assert picture != first[0] and numbers != first[1], (name, other)
        assert shown(panel, **{name: before}) == first, "nothing stays behind"


def test_nothing_stays_behind(explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    first = shown(panel)
    shown(panel, loss="total_loss", detach_old_log_probs=False, shared_trunk=True, normalise_advantages=True)
    shown(panel, loss="entropy", detach_old_log_probs=False, no_grad=True, shared_trunk=False)
    panel.controls.reset()
    assert shown(panel) == first


def test_the_stored_picture_is_small_and_its_text_has_no_numbers(explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    assert panel.wait()
    assert len(panel.png()) < 100_000
    assert Image.open(io.BytesIO(panel.png())).size == (940, 390)
    assert not re.search(r"\d", explorer.text)
    assert np.asarray(Image.open(io.BytesIO(panel.png())).convert("L")).min() < 100

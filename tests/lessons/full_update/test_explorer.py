"""The lesson's explorer: the real update, its numbers and its picture at every knob."""

import io
import re
from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.errors import NonFiniteError
from ppo_lessons.interactive.controls import Slider
from ppo_lessons.interactive.explorer import Explorer, Panel
from ppo_lessons.lessons.full_update.explorer import (
    LAYERS,
    MOST_STEPS,
    UpdateFace,
    explore,
    follow_update,
    planned_minibatches,
)
from ppo_lessons.minibatches import count_gradient_steps
from ppo_lessons.optimisation import make_optimizer
from ppo_lessons.shipped.recorded_update import recorded_rows, recorded_update, recording
from ppo_lessons.shipped.recording import CONFIG, load_recording
from ppo_lessons.update import UpdateReport, ppo_update

NAMES = ["step", "epochs", "minibatch_size", "learning_rate", "clip_eps", "vf_coef", "ent_coef", "max_grad_norm"]
NAMES += ["target_kl", "advantage_normalisation"]


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return explore()


def the_real_update(**knobs: object) -> tuple[list[list[float]], ActorCritic, UpdateReport]:
    """Losses and gradient of every mini-batch, the policy after it, and the report, without the explorer's cache."""
    config, policy, table = replace(CONFIG, **knobs), load_recording().policy, []

    def keep(index: torch.Tensor, losses: tuple[torch.Tensor, ...], grad_norm: torch.Tensor) -> None:
        table.append([*(float(loss.detach()) for loss in losses), float(grad_norm)])

    optimizer, generator = make_optimizer(policy, config), torch.Generator().manual_seed(0)
    rows = load_recording().buffer.get()
    return table, policy, ppo_update(policy, optimizer, rows, config, generator, on_minibatch=keep)


@pytest.mark.parametrize(
    "knobs",
    [
        {},
        dict(epochs=2, minibatch_size=1024, learning_rate=8e-3, advantage_normalisation=False),
        dict(target_kl=0.003, clip_eps=0.4, vf_coef=1.0, ent_coef=0.1, max_grad_norm=5.0),
    ],
)
def test_it_is_the_real_update(knobs):
    table, policy, report = the_real_update(**knobs)
    result = follow_update(MOST_STEPS, **knobs)
    curves = result.course.curves
    names = ["actor_loss", "value_loss", "entropy", "total_loss", "approx_kl", "clip_fraction", "grad_norm"]
    assert list(curves) == names
    np.testing.assert_allclose(np.stack(list(curves.values()), axis=1), table, rtol=1e-5, atol=1e-7)
    assert result.step == report.num_gradient_steps
    assert (result.step < result.course.planned) == report.stopped_early
    before, after = load_recording().policy.state_dict(), policy.state_dict()
    for layer, moved in zip(LAYERS, result.moved, strict=True):
        old, new = (weights[f"{layer}.weight"].numpy() for weights in (before, after))
        assert moved == pytest.approx(np.sqrt(((new - old) ** 2).sum() / (old**2).sum()), rel=1e-4)


def test_the_total_is_the_sum_of_its_parts():
    curves = follow_update(3, vf_coef=2.0, ent_coef=0.1).course.curves
    total = curves["actor_loss"] + 2.0 * curves["value_loss"] - 0.1 * curves["entropy"]
    np.testing.assert_allclose(curves["total_loss"], total, atol=1e-5)


def test_standing_at_a_step():
    start, first, last, beyond = (follow_update(step) for step in (0, 1, 16, 52))
    assert (start.moved == 0).all() and (first.moved > 0).all() and (last.moved > first.moved).all()
    assert [result.step for result in (start, first, last, beyond)] == [0, 1, 16, 16]
    assert beyond.asked == 52 and (beyond.moved == last.moved).all()
    assert start.course is last.course
    curves = first.course.curves
    assert curves["approx_kl"][0] == pytest.approx(0, abs=1e-7) and curves["clip_fraction"][0] == 0
    assert curves["actor_loss"][0] == pytest.approx(0, abs=1e-5), "normalised advantages have mean 0"


@pytest.mark.parametrize("size", [256, 512, 1024, 2048])
def test_the_plan_is_that_of_the_update(size):
    config, num_rows = replace(CONFIG, minibatch_size=size, epochs=2), len(recorded_rows().actions)
    planned = planned_minibatches(config)
    taken = [step.index for step in recorded_update(config)]
    assert len(planned) == len(taken) == count_gradient_steps(num_rows, size, 2)
    assert all(torch.equal(ours, theirs) for ours, theirs in zip(planned, taken, strict=True))
    course = follow_update(0, minibatch_size=size, epochs=2).course
    assert course.planned == len(planned) == 2 * course.per_epoch
    assert torch.equal(torch.cat(planned[: course.per_epoch]).sort().values, torch.arange(num_rows))


def test_the_minibatch_that_ends_the_update():
    """Without target_kl the same mini-batch comes at the same place, with the approx_kl that would have ended it."""
    stopped, free = follow_update(16, target_kl=0.003).course, follow_update(16).course
    taken = len(stopped.curves["approx_kl"])
    assert 0 < taken < stopped.planned == len(free.curves["approx_kl"])
    assert stopped.refused_kl == pytest.approx(free.curves["approx_kl"][taken], rel=1e-4)
    assert stopped.refused_kl > 1.5 * 0.003 >= stopped.curves["approx_kl"].max()
    assert np.isnan(free.refused_kl) and np.isnan(follow_update(16, target_kl=10.0).course.refused_kl)


def test_what_the_lesson_says_of_its_questions():
    usual, narrow, wide = (follow_update(16, clip_eps=eps) for eps in (0.2, 0.01, 0.6))
    second = [result.course.curves["approx_kl"][1] for result in (usual, narrow, wide)]
    np.testing.assert_allclose(second, second[0], rtol=1e-4, err_msg="the first step knows no clip")
    assert narrow.course.curves["approx_kl"].argmax() == 1
    assert (narrow.course.curves["approx_kl"][5:] < 0.6 * usual.course.curves["approx_kl"][5:]).all()
    short = follow_update(16, max_grad_norm=0.1)
    assert (short.moved > 0.5 * usual.moved).all(), "Adam takes steps as long, whatever the gradient's length"
    critic_idle = follow_update(16, vf_coef=0.0)
    assert critic_idle.moved[LAYERS.index("critic_head")] == 0 and (critic_idle.moved[:3] > 0).all()


def test_the_shared_recording_stays_as_it_is():
    follow_update(16, learning_rate=8e-3)
    fresh = load_recording().policy.state_dict()
    assert all(torch.equal(weights, fresh[name]) for name, weights in recording().policy.state_dict().items())


def test_an_update_that_bursts_says_so():
    with pytest.raises(NonFiniteError):
        follow_update(1, learning_rate=1e30)


def test_the_slider_reaches_the_last_step_of_the_longest_update(explorer):
    knobs = explorer.panels[0].controls._knobs
    num_rows = len(recorded_rows().actions)
    assert list(knobs) == NAMES
    longest = count_gradient_steps(num_rows, knobs["minibatch_size"].values[0], knobs["epochs"].values[-1])
    assert longest == MOST_STEPS == knobs["step"].values[-1]
    assert knobs["minibatch_size"].values[-1] >= num_rows
    starts = {name: knob.start for name, knob in knobs.items() if name != "step"}
    assert replace(CONFIG, **starts) == CONFIG


def shown(panel: Panel, **values: object) -> tuple[bytes, str]:
    panel.controls.put(**values)
    assert panel.wait()
    assert not panel.screen.failed, panel.screen.said
    return panel.screen.png, panel.screen.said


def places_of(knob: Slider) -> list[object]:
    """Where a test in the browser goes: second and last value, and a click at 20 % and at 80 %."""
    last = len(knob.values) - 1
    places = {1, last, round(0.2 * last), round(0.8 * last)} - {knob.pack(knob.start)}
    return [knob.values[place] for place in sorted(places)]


@pytest.mark.parametrize("name", NAMES)
def test_every_knob_changes_picture_and_numbers(explorer, name):
    panel = explorer.panels[0]
    knob = panel.controls._knobs[name]
    panel.controls.reset()
    picture, numbers = shown(panel)
    for value in places_of(knob) if isinstance(knob, Slider) else [not knob.start]:
        other_picture, other_numbers = shown(panel, **{name: value})
        assert other_picture != picture and other_numbers != numbers, (name, value)
    assert shown(panel, **{name: knob.start}) == (picture, numbers), "nothing stays behind"


def test_nothing_stays_behind_after_an_early_stop(explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    first = shown(panel)
    shown(panel, step=52, target_kl=0.003, epochs=1)
    shown(panel, step=0, target_kl=None)
    assert shown(panel, step=8, epochs=4) == first


def test_the_numbers_are_those_of_the_step():
    face = UpdateFace()
    result = follow_update(6)
    said = face.show(result)
    assert said.startswith("step 6 of 16, epoch 2, mini-batch 2 of 4: ")
    assert said.endswith("; not stopped early")
    for name, curve in result.course.curves.items():
        (number,) = re.findall(rf"{name} ([-+]?[\d.]+)", said)
        size = 100 if name == "clip_fraction" else 1
        assert float(number) == pytest.approx(size * curve[5], rel=0.01, abs=0.06 if size == 100 else 1e-4)
    assert ("(shortened)" in said) == (result.course.curves["grad_norm"][5] > CONFIG.max_grad_norm)
    assert "no weight has moved yet" in face.show(follow_update(0))
    assert "step 16 of 16 (the last one: there is no step 52)" in face.show(follow_update(52))
    stopped = follow_update(3, target_kl=0.003)
    assert f"stopped early, {stopped.step} of 16 steps taken" in face.show(stopped)
    assert "never above 1.5 × 10" in face.show(follow_update(3, target_kl=10.0))


@pytest.mark.parametrize(
    "knobs",
    [
        dict(minibatch_size=2048, clip_eps=0.2, vf_coef=2.0),
        dict(epochs=8, minibatch_size=256, clip_eps=0.6, vf_coef=0.0, ent_coef=0.2, advantage_normalisation=False),
        dict(epochs=8, minibatch_size=256, clip_eps=0.6, vf_coef=2.0, ent_coef=0.0, advantage_normalisation=False),
    ],
)
def test_the_wildest_settings_stay_in_the_picture(knobs):
    face = UpdateFace()
    face.show(follow_update(MOST_STEPS, learning_rate=0.016, max_grad_norm=5.0, **knobs))
    for axes in face.figure.axes:
        (left, right), (bottom, top) = axes.get_xlim(), sorted(axes.get_ylim())
        for line in axes.lines:
            x, y = (np.asarray(values, float) for values in line.get_data())
            if line.get_visible() and line.get_marker() != "None" and len(x):
                assert np.nanmin(x) >= left and np.nanmax(x) <= right and y.min() > bottom and y.max() < top


def test_the_stored_picture_is_small_and_its_text_has_no_numbers(explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    assert panel.wait()
    png = panel.screen.stored()
    assert len(png) < 110_000
    assert Image.open(io.BytesIO(png)).size == (1160, 810)
    assert not re.search(r"\d", explorer.text)

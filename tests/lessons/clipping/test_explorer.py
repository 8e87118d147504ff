"""The lesson's explorer: what it says of the recorded rows, by hand and by autograd, and that its knobs show it."""

import io
import re
from itertools import pairwise

import numpy as np
import pytest
import torch
from PIL import Image

from ppo_lessons.interactive.explorer import Explorer, Panel
from ppo_lessons.lessons.clipping.explorer import REGIONS, ClippingFace, clip_rows, explore
from ppo_lessons.losses import clipped_surrogate_loss
from ppo_lessons.shipped.recorded_update import normalised_rows, policy_after


@pytest.fixture(scope="module")
def explorer() -> Explorer:
    return explore()


@pytest.fixture(scope="module")
def face() -> ClippingFace:
    return explore().panels[0].screen.face


def ratios_by_hand(steps: int) -> np.ndarray:
    rows = normalised_rows()
    logits = policy_after(steps)(rows.obs)[0].detach().double().numpy()
    chances = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    return chances[np.arange(len(chances)), rows.actions.numpy()] / np.exp(rows.old_log_probs.double().numpy())


@pytest.mark.parametrize("steps", [1, 8, 16])
@pytest.mark.parametrize("eps", [0.05, 0.2, 0.6])
def test_numbers_are_those_by_hand(steps, eps):
    ratios, advantages = ratios_by_hand(steps), normalised_rows().advantages.double().numpy()
    result = clip_rows(eps, steps)
    np.testing.assert_allclose(result.ratios, ratios, rtol=1e-5)
    np.testing.assert_allclose(result.advantages, advantages)
    smaller = np.minimum(ratios * advantages, np.clip(ratios, 1 - eps, 1 + eps) * advantages)
    assert result.actor_loss == pytest.approx(-smaller.mean(), abs=1e-5)
    assert result.clip_fraction == pytest.approx(np.mean(np.abs(ratios - 1) > eps), abs=2 / len(ratios))
    assert result.approx_kl == pytest.approx(np.mean(ratios - 1 - np.log(ratios)), rel=1e-3)
    assert result.clip_eps == eps


@pytest.mark.parametrize("eps", [0.05, 0.2, 0.6])
def test_silent_are_the_rows_without_gradient(eps):
    result = clip_rows(eps, 16)
    ratios = torch.from_numpy(result.ratios).requires_grad_()
    clipped_surrogate_loss(ratios, torch.from_numpy(result.advantages), eps).backward()
    pushed = (ratios.grad != 0).numpy()
    assert (result.pushed == pushed).all()
    assert 0 < pushed.sum() < len(pushed)


@pytest.mark.parametrize("eps", [0.05, 0.2])
def test_every_row_is_in_one_of_the_six_regions(eps):
    result = clip_rows(eps, 16)
    ratios, advantages, pushed = (array.tolist() for array in (result.ratios, result.advantages, result.pushed))
    counts, silent = np.zeros((2, 3), int), np.zeros((2, 3), int)
    for ratio, advantage, has_gradient in zip(ratios, advantages, pushed, strict=True):
        region = 0 if ratio < 1 - eps else 2 if ratio > 1 + eps else 1
        counts[int(advantage < 0), region] += 1
        silent[int(advantage < 0), region] += not has_gradient
    assert REGIONS == ("below", "inside", "above")
    np.testing.assert_array_equal(result.counts, counts)
    np.testing.assert_array_equal(result.silent, silent)
    assert result.counts.sum() == len(result.ratios) and (counts > 0).all()
    assert silent[0].tolist() == [0, 0, counts[0, 2]], "good rows fall silent above, all of them"
    assert silent[1].tolist() == [counts[1, 0], 0, 0], "bad rows below"


def test_before_the_first_step_no_epsilon_clips_anything():
    for eps in (0.01, 0.2):
        result = clip_rows(eps, 0)
        np.testing.assert_allclose(result.ratios, 1, atol=1e-6)
        assert result.pushed.all() and result.clip_fraction == 0
        assert (result.counts[:, [0, 2]] == 0).all() and (result.silent == 0).all()
        assert result.actor_loss == pytest.approx(0, abs=1e-5) and result.approx_kl == pytest.approx(0, abs=1e-6)


def test_a_smaller_epsilon_silences_more_rows_and_none_of_them_speaks_again():
    results = [clip_rows(eps, 8) for eps in (0.01, 0.05, 0.2, 0.6, 1000.0)]
    for narrow, wide in pairwise(results):
        assert (narrow.pushed <= wide.pushed).all() and narrow.pushed.sum() < wide.pushed.sum()
        assert narrow.clip_fraction > wide.clip_fraction
    assert results[-1].pushed.all() and results[-1].clip_fraction == 0
    for result in results[:-1]:
        assert 1 - result.pushed.mean() <= result.clip_fraction + 1e-6, "the silent ones are some of those outside"


@pytest.mark.parametrize(("eps", "steps"), [(0.01, 0), (0.01, 16), (0.2, 8), (0.6, 0), (0.6, 16)])
def test_all_rows_and_bars_are_in_the_picture(face, eps, steps):
    result = clip_rows(eps, steps)
    face.show(result)
    left, right = face.figure.axes
    x, y = (np.concatenate([points.get_data()[axis] for points in face.points]) for axis in (0, 1))
    assert len(x) == len(result.ratios)
    assert left.get_xlim()[0] < x.min() and x.max() < left.get_xlim()[1]
    assert left.get_ylim()[0] < y.min() and y.max() < left.get_ylim()[1]
    assert result.counts.max() < 0.9 * right.get_ylim()[1], "room for a label of two lines"
    assert [bar.get_height() for bar in face.bars] == result.counts.ravel().tolist()
    assert [bar.get_height() for bar in face.hollow] == result.silent.ravel().tolist()
    assert face.interval.get_x() == pytest.approx(1 - eps) and face.interval.get_width() == pytest.approx(2 * eps)


def test_marks_say_where_a_row_is_pushed(face):
    result = clip_rows(0.2, 8)
    face.show(result)
    up, down, silent = (len(points.get_data()[0]) for points in face.points)
    assert (up, down) == tuple((result.counts - result.silent).sum(axis=1)) and silent == result.silent.sum()
    texts = [label.get_text() for label in face.labels]
    assert texts == [str(count) for count in result.counts.ravel()]
    assert [bar.get_visible() for bar in face.hollow] == [bool(quiet) for quiet in result.silent.ravel()]


def test_the_line_says_the_numbers(face):
    result = clip_rows(0.2, 8)
    said = face.show(result)
    numbers = [float(number) for number in re.findall(r"[-+]?\d+\.?\d*", said)]
    silent = 100 * result.silent.sum() / result.counts.sum()
    outside = 100 * result.clip_fraction
    reach = result.ratios.min(), result.ratios.max()
    wanted = [0.2, result.actor_loss, outside, silent, result.counts.sum(), *reach, result.approx_kl]
    assert numbers == pytest.approx(wanted, rel=0.01, abs=0.06)
    assert numbers[1] == pytest.approx(result.actor_loss, abs=6e-5)
    assert numbers[-1] == pytest.approx(result.approx_kl, abs=6e-5)


def shown(panel: Panel, **values: object) -> tuple[bytes, str]:
    panel.controls.put(**values)
    assert panel.wait()
    assert not panel.screen.failed, panel.screen.said
    return panel.screen.png, panel.screen.said


@pytest.mark.parametrize("name", ["clip_eps", "steps"])
def test_every_knob_changes_picture_and_numbers(explorer, name):
    panel = explorer.panels[0]
    knob = panel.controls._knobs[name]
    panel.controls.reset()
    seen = [shown(panel)]
    last = len(knob.values) - 1
    for place in (0, 1, last, round(0.2 * last), round(0.8 * last)):
        seen.append(shown(panel, **{name: knob.values[place]}))
    assert len({picture for picture, _ in seen}) == len({numbers for _, numbers in seen}) == len(seen)
    assert shown(panel, **{name: knob.start}) == seen[0], "nothing stays behind"


def test_nothing_stays_behind(explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    first = shown(panel)
    shown(panel, clip_eps=0.6, steps=0)
    shown(panel, clip_eps=0.01, steps=16)
    assert shown(panel, clip_eps=0.2, steps=8) == first


def test_the_stored_picture_is_small_and_its_text_has_no_numbers(explorer):
    panel = explorer.panels[0]
    panel.controls.reset()
    assert panel.wait()
    png = panel.screen.stored()
    assert len(png) < 100_000
    assert Image.open(io.BytesIO(png)).size == (1160, 680)
    assert not re.search(r"\d", explorer.text)

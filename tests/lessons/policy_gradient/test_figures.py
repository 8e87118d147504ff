"""The lesson's pictures say what their data say, and nothing that differs between machines."""

import io

import numpy as np
import pytest
import torch
from PIL import Image

from ppo_lessons.lessons.policy_gradient import figures
from ppo_lessons.shipped.three_losses import CURVES, METHODS, ThreeLosses, load_three_losses


def is_not_empty(picture) -> bool:
    pixels = np.asarray(Image.open(io.BytesIO(picture.png)).convert("L"))
    return bool((pixels < 200).mean() > 0.002)


def test_the_stairs_say_how_likely_each_case_is():
    picture = figures.show_stairs(0.2)
    assert "turns back at once: probability 0.80" in picture.text and "goes on twice: probability 0.04" in picture.text
    assert is_not_empty(picture)
    assert "goes on twice: probability 0.25" in figures.show_stairs(0.5).text


def test_estimates_say_whether_they_scatter_around_the_exact_gradient():
    draw = torch.Generator().manual_seed(0)
    found = {n: 0.096 + torch.randn(40, generator=draw) / n**0.5 for n in (10, 1000)}
    picture = figures.show_estimates(found, 0.096)
    assert picture.text == "Estimates from 10, 1000 cases, around the exact one: yes; narrower each time: yes"
    assert is_not_empty(picture)
    assert "around the exact one: no" in figures.show_estimates(found, 3.0).text
    assert "narrower each time: no" in figures.show_estimates({10: found[1000], 1000: found[10]}, 0.096).text


def test_far_away_says_where_each_curve_is_highest():
    text = figures.show_far_away(0.2, 0.2).text
    assert text == "J highest at p = 0.50; surrogate highest at p = 1.00; clipped surrogate highest at p = 0.24"
    assert "clipped surrogate highest at p = 0.30" in figures.show_far_away(0.2, 0.5).text
    assert is_not_empty(figures.show_far_away(0.2, 0.2))


@pytest.fixture
def runs() -> ThreeLosses:
    curve = np.linspace([[0.0, 0.0]], [[0.2, 0.4]], 3, axis=-1)[0]  # two seeds, three points
    curves = {name: np.stack([curve, curve + 0.1, curve + 0.5]).astype(np.float32) for name in CURVES}
    nothing = np.zeros((3, 1, 1))
    return ThreeLosses(METHODS, nothing[..., 0], nothing, (0.1, 0.2, 0.3), np.array([1, 2, 3]) * 100_000, curves)


def test_three_losses_say_the_median_at_the_end(runs: ThreeLosses):
    picture = figures.show_three_losses(runs)
    assert picture.text == (
        "policy gradient: 30% at the end (median of 2 seeds); no clip: 40% at the end (median of 2 seeds); "
        "PPO: 80% at the end (median of 2 seeds)"
    )
    assert is_not_empty(picture)


def test_the_shipped_runs_can_be_drawn():
    assert is_not_empty(figures.show_three_losses(load_three_losses(), "survival"))

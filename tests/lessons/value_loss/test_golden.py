"""The lesson against Stable-Baselines3 2.x and torch: the six rows, the whole recording, and explained variance."""

import inspect
import re
import warnings
from pathlib import Path

import numpy as np
import pytest
import stable_baselines3
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.utils import explained_variance as their_explained_variance
from torch.nn import functional as F

from ppo_lessons import losses
from ppo_lessons.shipped.recording import BADGES, load_recording

LESSON = (Path(__file__).parents[3] / "notebooks" / "source" / "09_value_loss.py").read_text(encoding="utf-8")
TABLE = [
    (name, *map(float, numbers))
    for name, *numbers in re.findall(
        r"^# \| ([a-z ]+) \| (-?[\d.]+) \| (-?[\d.]+) \| (-?[\d.]+) \| ([\d.]+) \|$", LESSON, flags=re.MULTILINE
    )
]


@pytest.fixture(scope="module")
def recorded():
    recording = load_recording()
    rows = recording.buffer.get()
    return rows, recording.policy.estimate_values(rows.obs), recording.rows_of(BADGES.values())


def test_the_table_holds_the_six_rows_of_the_recording(recorded):
    rows, values, six = recorded
    assert [name for name, *_ in TABLE] == list(BADGES)
    np.testing.assert_array_equal([row[1] for row in TABLE], values[six].numpy().astype(float).round(2))
    np.testing.assert_array_equal([row[2] for row in TABLE], rows.returns[six].numpy().astype(float).round(2))


def test_the_six_rows_equal_sb3_to_the_last_printed_digit():
    """The expression of SB3's PPO.train: F.mse_loss(rollout_data.returns, values_pred)."""
    assert stable_baselines3.__version__.startswith("2.")
    assert "value_loss = F.mse_loss(rollout_data.returns, values_pred)" in inspect.getsource(PPO.train)
    for _, value, wanted, error, square in TABLE:
        assert f"{value - wanted:.2f}" == f"{error:.2f}"
        assert f"{(value - wanted) ** 2:.4f}" == f"{square:.4f}"
    values, returns = (torch.tensor([row[i] for row in TABLE], dtype=torch.float64) for i in (1, 2))
    golden = f"{F.mse_loss(returns, values):.4f}"
    assert golden == f"{losses.value_loss(values, returns):.4f}" == f"{np.mean([row[4] for row in TABLE]):.4f}"
    assert LESSON.count(f"**{golden}**") == 2, "by hand, and the golden number"
    assert f"Sum {sum(row[4] for row in TABLE):.4f}," in LESSON


def test_the_usual_mistakes_give_other_numbers_on_these_rows():
    v, r = (torch.tensor([row[i] for row in TABLE]) for i in (1, 2))
    numbers = [
        (v - r).square().mean(),
        (v - r).square().sum(),
        0.5 * (v - r).square().mean(),
        (v - r).abs().mean(),
        (v.unsqueeze(1) - r).square().mean(),
        (v - r).square().mean().sqrt(),
        (v - r).mean().square(),
        (v - r).mean(),
        (v.square() - r.square()).mean(),
    ]
    assert len({f"{number:.3f}" for number in numbers}) == len(numbers)


def test_the_stored_numbers_of_the_whole_recording(recorded):
    rows, values, six = recorded
    built = (Path(__file__).parents[3] / "notebooks" / "09_value_loss.ipynb").read_text(encoding="utf-8")
    mse = F.mse_loss(rows.returns, values)
    assert f"{mse:.4f}" == f"{losses.value_loss(values, rows.returns):.4f}"
    assert f"= {0.5 * mse:.4f}" in built and f"= {0.25 * mse:.4f}" in built
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        broadcast = F.mse_loss(rows.returns[six], values[six].unsqueeze(1))
    assert f"right {F.mse_loss(rows.returns[six], values[six]):.2f}, broadcast {broadcast:.2f}, warnings: 1" in built


def test_explained_variance_equals_sb3(recorded):
    rows, values, six = recorded
    for chosen in (slice(None), six, slice(0, 100)):
        theirs = their_explained_variance(values[chosen].numpy(), rows.returns[chosen].numpy())
        assert losses.explained_variance(values[chosen], rows.returns[chosen]) == pytest.approx(theirs, abs=1e-5)
    same = np.full(4, 3.0)
    assert np.isnan(their_explained_variance(np.arange(4.0), same))
    assert np.isnan(losses.explained_variance(torch.arange(4.0), torch.from_numpy(same)))

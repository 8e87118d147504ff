"""The lesson against Stable-Baselines3 2.x and torch.distributions: entropies, and the total of the six rows."""

import inspect
import math
import re
from pathlib import Path

import numpy as np
import pytest
import stable_baselines3
import torch
from stable_baselines3 import PPO
from stable_baselines3.common.distributions import CategoricalDistribution
from torch.distributions import Categorical
from torch.nn import functional as F

from ppo_lessons import losses
from ppo_lessons.actor_critic import entropy_of
from ppo_lessons.shipped.recording import BADGES, CONFIG, load_recording

NOTEBOOKS = Path(__file__).parents[3] / "notebooks"
LESSON = (NOTEBOOKS / "source" / "10_entropy.py").read_text(encoding="utf-8")
NUMBER = r" (-?[\d.]+) \|"
TABLE = [
    (name, *map(float, numbers))
    for name, *numbers in re.findall(rf"^# \| ([a-z ]+) \|{NUMBER * 6}$", LESSON, flags=re.MULTILINE)
    if name in BADGES
]


@pytest.fixture(scope="module")
def recorded():
    recording = load_recording()
    rows, six = recording.buffer.get(), recording.rows_of(BADGES.values())
    with torch.no_grad():
        logits, values = recording.policy(rows.obs)
    return rows, logits, values, six


def test_the_table_holds_the_six_rows_of_the_recording(recorded):
    rows, logits, values, six = recorded
    normalised = (rows.advantages - rows.advantages.mean()) / rows.advantages.std()
    entropy = Categorical(logits=logits).entropy()
    columns = (normalised[six], -normalised[six], values[six], rows.returns[six])
    assert [name for name, *_ in TABLE] == list(BADGES)
    for place, column in enumerate(columns, start=1):
        np.testing.assert_array_equal([row[place] for row in TABLE], column.numpy().astype(float).round(2))
    np.testing.assert_array_equal([row[6] for row in TABLE], entropy[six].numpy().astype(float).round(2))


def test_the_total_equals_sb3_to_the_last_printed_digit():
    """The three expressions of SB3's PPO.train, on the numbers of the table."""
    assert stable_baselines3.__version__.startswith("2.")
    source = inspect.getsource(PPO.train)
    assert "loss = policy_loss + self.ent_coef * entropy_loss + self.vf_coef * value_loss" in source
    assert "entropy_loss = -th.mean(entropy)" in source
    advantages, value, returns, entropy = (torch.tensor([row[i] for row in TABLE]).double() for i in (1, 3, 4, 6))
    ratio = torch.ones(6).double()
    policy_loss = -torch.min(advantages * ratio, advantages * torch.clamp(ratio, 0.8, 1.2)).mean()
    value_loss, entropy_loss = F.mse_loss(returns, value), -torch.mean(entropy)
    golden = f"{policy_loss + CONFIG.ent_coef * entropy_loss + CONFIG.vf_coef * value_loss:.4f}"
    ours = losses.clipped_surrogate_loss(ratio, advantages, 0.2), losses.value_loss(value, returns)
    total = losses.total_loss(*ours, losses.entropy_bonus(entropy), CONFIG.vf_coef, CONFIG.ent_coef)
    assert golden == f"{total:.4f}"
    assert LESSON.count(f"**{golden}**") == 2, "by hand, and the golden number"
    assert f"| mean | | {policy_loss:.4f} | | | {value_loss:.4f} | {-entropy_loss:.4f} |" in LESSON
    assert f"{policy_loss:.4f} + 0.5 x {value_loss:.4f} - 0.02 x {-entropy_loss:.4f}" in LESSON
    built = (NOTEBOOKS / "10_entropy.ipynb").read_text(encoding="utf-8")
    assert f"numpy:   {golden}" in built and f"package: {golden}" in built


def test_the_usual_mistakes_give_other_totals_on_these_rows():
    a, c, h = -0.3917, 1.7611, 0.9483
    totals = [
        a + 0.5 * c - 0.02 * h,
        a + 0.5 * c + 0.02 * h,
        a - 0.5 * c - 0.02 * h,
        -a + 0.5 * c - 0.02 * h,
        a + 0.02 * c - 0.5 * h,
        a + c - 0.02 * h,
        a + 0.5 * c - h,
        a + 0.5 * c,
        a - 0.02 * h,
    ]
    assert len({f"{total:.3f}" for total in totals}) == len(totals)


def test_the_row_by_hand(recorded):
    _, logits, _, six = recorded
    numbers = [re.search(rf"^# \| {name} \|{NUMBER * 5}", LESSON, flags=re.MULTILINE) for name in ("p", "-p ln p")]
    chances, parts = (np.array([float(x) for x in found.groups()]) for found in numbers)
    assert chances.sum() == pytest.approx(1, abs=1e-9)
    assert np.abs(chances - torch.softmax(logits[six[1]], dim=-1).numpy()).max() < 1e-3
    np.testing.assert_allclose(parts, -chances * np.log(chances), atol=5e-4)
    golden = Categorical(logits=logits[six]).entropy()[1]
    assert f"{golden:.2f}" == f"{-(chances * np.log(chances)).sum():.2f}" == f"{parts.sum():.2f}" == "0.92"
    assert "**0.92**" in LESSON


def test_entropy_of_the_whole_recording_equals_torch_and_sb3(recorded):
    _, logits, _, _ = recorded
    ours = entropy_of(torch.log_softmax(logits, dim=-1))
    torch.testing.assert_close(ours, Categorical(logits=logits).entropy(), rtol=1e-5, atol=1e-6)
    theirs = CategoricalDistribution(5).proba_distribution(action_logits=logits).entropy()
    torch.testing.assert_close(ours, theirs, rtol=1e-5, atol=1e-6)
    assert math.log(5) > float(ours.max())


def test_a_second_softmax_cannot_go_below_one_and_a_half(recorded):
    """Probabilities e : 1 : 1 : 1 : 1 at most; entropy ln(e + 4) - e / (e + 4)."""
    _, logits, _, _ = recorded
    lowest = math.log(math.e + 4) - math.e / (math.e + 4)
    assert f"{lowest:.2f}" == "1.50" and f"{math.e / (math.e + 4):.1%}" == "40.5%"
    twice = Categorical(logits=torch.softmax(logits, dim=-1)).entropy()
    assert float(twice.min()) >= lowest - 1e-6

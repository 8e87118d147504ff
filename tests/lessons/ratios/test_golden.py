"""The lesson's six rows against others' code: torch.distributions, and the very lines of Stable-Baselines3's PPO."""

import inspect
import re
from pathlib import Path

import pytest
import stable_baselines3
import torch
from stable_baselines3 import PPO
from torch.distributions import Categorical

from ppo_lessons import losses
from ppo_lessons.actor_critic import entropy_of, log_probabilities, log_probs_of

LESSON = (Path(__file__).parents[3] / "notebooks" / "source" / "07_ratios.py").read_text(encoding="utf-8")
TABLE = [
    [float(cell) for cell in line.strip("# |").split("|")]
    for line in LESSON.splitlines()
    if re.match(r"# \| \d \| ", line)
]
THEN, NOW = (torch.tensor(column, dtype=torch.float64) for column in list(zip(*TABLE, strict=True))[1:3])
"""Probability of the taken action, as in the lesson."""


def peers_line(name: str) -> str:
    """The line of Stable-Baselines3's PPO.train that assigns a name."""
    found = re.search(rf"^\s+{name} = (.+)$", inspect.getsource(PPO.train), flags=re.MULTILINE)
    assert found is not None
    return found.group(1).removesuffix(".cpu().numpy()")


def logits_with(chances: torch.Tensor) -> torch.Tensor:
    """Five logits a row, shifted at will, of which action 3 has the given probability."""
    others = (1 - chances).unsqueeze(1) * torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    full = torch.cat((others[:, :3], chances.unsqueeze(1), others[:, 3:]), dim=1)
    return full.log() + torch.arange(6.0, dtype=torch.float64).unsqueeze(1)


@pytest.fixture
def log_probs() -> tuple[torch.Tensor, torch.Tensor]:
    """New and old, by torch.distributions.Categorical."""
    action = torch.full((6,), 3)
    return tuple(Categorical(logits=logits_with(chances)).log_prob(action) for chances in (NOW, THEN))


def rounded(tensor: torch.Tensor, digits: int) -> list[float]:
    return [round(float(number), digits) + 0.0 for number in tensor]


def test_log_probabilities_of_the_table(log_probs):
    new, old = log_probs
    assert rounded(old, 3) == [row[3] for row in TABLE]
    assert rounded(new, 3) == [row[4] for row in TABLE]
    ours = log_probs_of(logits_with(NOW), torch.full((6,), 3))
    entropy = entropy_of(log_probabilities(logits_with(NOW)))
    assert torch.allclose(ours, new, rtol=0, atol=1e-12)
    assert torch.allclose(entropy, Categorical(logits=logits_with(NOW)).entropy(), rtol=0, atol=1e-12)


def test_ratios_and_k3_by_the_lines_of_stable_baselines3(log_probs):
    new, old = log_probs

    class rollout_data:  # noqa: N801 - the peer's name
        old_log_prob = old

    names = {"th": torch, "log_prob": new, "rollout_data": rollout_data}
    ratios = eval(peers_line("ratio"), names)
    names["log_ratio"] = eval(peers_line("log_ratio"), names)
    kl = eval(peers_line("approx_kl_div"), names)
    assert rounded(ratios, 2) == [row[5] for row in TABLE]
    assert rounded(ratios - 1 - names["log_ratio"], 4) == [row[6] for row in TABLE]
    assert f"{kl:.4f}" == "0.0800"
    assert torch.allclose(losses.importance_ratios(new, old), ratios, rtol=0, atol=1e-12)
    assert torch.allclose(losses.approx_kl(new, old), kl, rtol=0, atol=1e-12)


def test_the_golden_numbers_stand_in_the_lesson(log_probs):
    new, old = log_probs
    assert f"{(old - new).mean():.4f}" == "-0.1284"
    assert LESSON.count("0.0800") >= 2 and "-0.1284" in LESSON
    assert f"Stable-Baselines3 {stable_baselines3.__version__}" in LESSON
    assert f"PyTorch {torch.__version__.split('+')[0]}" in LESSON


def test_the_two_small_distributions_and_the_answer_on_paper():
    def kl(first, second):
        first, second = (torch.tensor(chances, dtype=torch.float64) for chances in (first, second))
        return f"{float((first * (first / second).log()).sum()):.4f}"

    assert kl((0.5, 0.5), (0.25, 0.75)) == "0.1438" and kl((0.25, 0.75), (0.5, 0.5)) == "0.1308"
    assert kl((0.8, 0.2), (0.6, 0.4)) == "0.0915"
    for number in ("0.1438", "0.1308", "0.0915"):
        assert number in LESSON
    then, now = torch.tensor([0.2] * 3).log(), torch.tensor([0.4] * 3).log()
    assert f"{float((then - now).mean()):.3f} {float(losses.approx_kl(now, then)):.3f}" == "-0.693 0.307"

"""The lesson's six rows against others' code: the very lines of Stable-Baselines3's PPO, run on the lesson's table."""

import inspect
import re
from pathlib import Path

import pytest
import stable_baselines3
import torch
from stable_baselines3 import PPO

from ppo_lessons import losses

LESSON = (Path(__file__).parents[3] / "notebooks" / "source" / "08_clipping.py").read_text(encoding="utf-8")
TABLE = [
    [cell.strip() for cell in line.strip("# |").split("|")]
    for line in LESSON.splitlines()
    if re.match(r"# \| \d \| ", line)
]
NUMBERS = torch.tensor([[float(cell) for cell in row[1:6]] for row in TABLE], dtype=torch.float64)
RATIOS, ADVANTAGES, UNCLIPPED, CLIPPED, SMALLER = NUMBERS.T


def peer(ratio: torch.Tensor, advantages: torch.Tensor, clip_range: float) -> dict:
    """Run the lines of Stable-Baselines3's PPO.train from `policy_loss_1` to `clip_fraction`."""
    names = {"th": torch, "ratio": ratio, "advantages": advantages, "clip_range": clip_range}
    for line in inspect.getsource(PPO.train).splitlines():
        if re.match(r"\s+(policy_loss_1|policy_loss_2|policy_loss|clip_fraction) = ", line):
            exec(line.strip(), names)
    return names


def test_the_table_by_the_lines_of_stable_baselines3():
    found = peer(RATIOS, ADVANTAGES, 0.2)
    assert len(TABLE) == 6
    assert torch.allclose(found["policy_loss_1"], UNCLIPPED, rtol=0, atol=1e-9)
    assert torch.allclose(found["policy_loss_2"], CLIPPED, rtol=0, atol=1e-9)
    assert torch.allclose(torch.min(found["policy_loss_1"], found["policy_loss_2"]), SMALLER, rtol=0, atol=1e-9)
    assert f"{found['policy_loss']:.4f}" == "-0.1333"
    assert f"{losses.clipped_surrogate_loss(RATIOS, ADVANTAGES, 0.2):.4f}" == "-0.1333"
    assert abs(found["clip_fraction"] - float(losses.clip_fraction(RATIOS, 0.2))) < 1e-6


def test_the_golden_number_and_its_source_stand_in_the_lesson():
    assert LESSON.count("-0.1333") >= 2
    assert f"Stable-Baselines3 {stable_baselines3.__version__}" in LESSON


def test_the_words_in_the_last_column_are_what_autograd_says():
    ratios = RATIOS.clone().requires_grad_()
    (gradient,) = torch.autograd.grad(peer(ratios, ADVANTAGES, 0.2)["policy_loss"], ratios)
    for row, slope in zip(TABLE, gradient, strict=True):
        said = "no" if slope == 0 else "yes, up" if slope < 0 else "yes, down"
        assert row[6].startswith(said), row
    assert torch.equal(gradient != 0, losses.still_pushed(RATIOS, ADVANTAGES, 0.2))


def loss_by(rule) -> float:
    return -float(rule(RATIOS * ADVANTAGES, RATIOS.clamp(0.8, 1.2) * ADVANTAGES).mean())


@pytest.mark.parametrize(
    ("mistake", "number"),
    [
        (lambda plain, clipped: torch.max(plain, clipped), -0.25),
        (lambda plain, clipped: clipped, -0.1833),
        (lambda plain, clipped: plain, -0.2),
        (lambda plain, clipped: torch.min(plain, plain.clamp(0.8, 1.2)), 0.25),
        (lambda plain, clipped: -torch.min(plain, clipped), 0.1333),
        (lambda plain, clipped: 6 * torch.min(plain, clipped), -0.8),
        (lambda plain, clipped: torch.min(plain, RATIOS.clamp(-0.2, 0.2) * ADVANTAGES), 0.5667),
    ],
    ids=["max for min", "clipped only", "no clipping", "product clamped", "sign", "sum", "around 0"],
)
def test_the_table_tells_the_usual_mistakes_apart(mistake, number):
    assert abs(loss_by(mistake) - number) < 5e-5
    assert abs(number + 0.1333) > 0.01


def test_the_answers_on_paper():
    wide = losses.clipped_surrogate_loss(RATIOS, ADVANTAGES, 0.4)
    assert f"{wide:.4f}" == "-0.2000" and bool(losses.still_pushed(RATIOS, ADVANTAGES, 0.4).all())
    row = RATIOS[3:4], ADVANTAGES[3:4]
    assert f"{losses.clipped_surrogate_loss(*row, 0.05):.2f}" == "1.10" and bool(losses.still_pushed(*row, 0.05).all())


@pytest.mark.parametrize(("ratio", "advantage"), [(1.25, 1.0), (0.75, -1.0)])
def test_at_the_very_end_pytorch_gives_the_slope_of_the_inside_and_still_pushed_follows(ratio, advantage):
    at_end = torch.tensor([ratio], requires_grad=True)
    given = torch.tensor([advantage])
    (slope,) = torch.autograd.grad(losses.clipped_surrogate_loss(at_end, given, 0.25), at_end)
    assert float(slope) == -advantage
    assert bool(losses.still_pushed(at_end, given, 0.25))

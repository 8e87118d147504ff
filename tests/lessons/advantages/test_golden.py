"""The six rows of the lesson equal an independent implementation, SB3's RolloutBuffer, to the last digit."""

import re
from pathlib import Path

import numpy as np
import pytest
import stable_baselines3
import torch
from gymnasium.spaces import Box, Discrete
from stable_baselines3.common.buffers import RolloutBuffer

LESSON = (Path(__file__).parents[3] / "notebooks" / "source" / "03_advantages.py").read_text(encoding="utf-8")
GAMMA, GAE_LAMBDA = 0.8, 0.5


def hand_table():
    """Rewards, values, next values, TD errors, advantages and returns, as printed in the lesson, one row a step."""
    lines = re.findall(r"^# \| (\d) \| (.*) \|$", LESSON, flags=re.MULTILINE)
    assert [int(step) for step, _ in lines] == list(range(6))
    rows = []
    for _, line in lines:
        cells = [cell.replace("*", "") for cell in line.split(" | ")]
        rows.append([re.findall(r"[-+]?\d+(?:\.\d+)?", cell)[-1] for cell in cells])
    return [[float(cell) for cell in column] for column in zip(*rows, strict=True)], rows


def by_sb3(rewards, values):
    """Cut off with t = 2 (final value 4), over with t = 5; a truncation is a reward of gamma V(final), then an end."""
    box, discrete = Box(-1, 1, (1,), np.float32), Discrete(2)
    peer = RolloutBuffer(6, box, discrete, device="cpu", gae_lambda=GAE_LAMBDA, gamma=GAMMA, n_envs=1)
    dones = np.isin(np.arange(6), (2, 5))
    zeros = np.zeros((1, 1))
    for t in range(6):
        reward = np.array([rewards[t] + (GAMMA * 4.0 if t == 2 else 0.0)])
        start = np.array([float(t == 0 or dones[t - 1])])
        peer.add(zeros, zeros, reward, start, torch.tensor([values[t]]), torch.zeros(1))
    peer.compute_returns_and_advantage(torch.tensor([6.0]), dones[5:])
    return peer.advantages[:, 0], peer.returns[:, 0]


def test_the_hand_table_is_what_sb3_says():
    (rewards, values, following, deltas, *_), printed = hand_table()
    golden_advantages, golden_returns = by_sb3(rewards, values)
    assert [row[4] for row in printed] == [f"{x:.3f}" for x in golden_advantages]
    assert [row[5] for row in printed] == [f"{x:.3f}" for x in golden_returns]
    assert following == [3.0, 1.0, 4.0, 2.0, 4.0, 0.0]
    assert deltas == pytest.approx(np.array(rewards) + GAMMA * np.array(following) - values)


def test_the_lesson_states_the_golden_numbers_and_the_version():
    (rewards, values, *_), _ = hand_table()
    golden = " ".join(f"{x:+.3f}" for x in by_sb3(rewards, values)[0])
    assert f"**{golden}**" in LESSON
    assert f"Stable-Baselines3 {stable_baselines3.__version__}" in LESSON


def test_cells_of_the_lesson_use_the_numbers_of_the_table():
    (rewards, values, following, *_), _ = hand_table()
    arrays = re.findall(r"np\.array\((\[[^\]]*\])\)", LESSON)
    assert [eval(array) for array in arrays[:3]] == [rewards, values, following]


def test_the_tutorials_numbers_are_not_just_different_but_negative():
    """Eight steps, +10 at the end, V = 2, gamma .99: the tutorial's rules against SB3's."""
    rewards, values, terms = np.array([0.0] * 7 + [10.0]), np.full(8, 2.0), np.arange(8) == 7
    copied = np.zeros(8)
    for t in reversed(range(7)):
        copied[t] = rewards[t] + 0.99 * values[t + 1] * terms[t + 1] - values[t] + 0.99**2 * copied[t + 1]
    assert (copied[:7] < 0).all()
    assert copied[0] == pytest.approx(-11.4, abs=0.05)
    peer = RolloutBuffer(8, Box(-1, 1, (1,), np.float32), Discrete(2), device="cpu", gae_lambda=0.95, gamma=0.99)
    zeros, two = np.zeros((1, 1)), torch.tensor([2.0])
    for t in range(8):
        peer.add(zeros, zeros, rewards[[t]], np.array([t == 0]), two, torch.zeros(1))
    peer.compute_returns_and_advantage(two, np.array([True]))
    assert peer.advantages[[0, 7], 0] == pytest.approx([5.09, 8.0], abs=0.005)

"""The six rows, and what the lesson says of them and of the rows around them."""

import pytest
import torch

from ppo_lessons.advantages import estimate_advantages, next_values, td_errors
from ppo_lessons.lessons.advantages.rows import six_rows
from ppo_lessons.shipped.recorded_update import recording
from ppo_lessons.shipped.recording import BADGES, CONFIG


def test_the_six_rows_carry_their_own_numbers():
    data = recording().buffer.data
    steps = torch.arange(32).view(32, 1, 1).expand_as(data.rewards)
    cells = six_rows(recording(), step=steps, reward=data.rewards).cells
    assert cells[0] == ["", "badge (t, e, a)", "step", "reward"]
    assert [row[0] for row in cells[1:]] == list(BADGES)
    assert [int(row[2]) for row in cells[1:]] == [t for t, _, _ in BADGES.values()]
    assert cells[2][3] == "-0.200" and cells[5][3] == "3.500"


def test_two_steps_are_two_td_errors():
    data, (t, e, a) = recording().buffer.data, BADGES["drained"]
    r, V, gamma = data.rewards[:, e, a], data.values[:, e, a], CONFIG.gamma
    ends = data.terminated, data.truncated, data.final_values, recording().last_values
    deltas = td_errors(data.rewards, data.values, next_values(data.values, *ends), gamma)[:, e, a]
    ahead = r[t] + gamma * r[t + 1] + gamma**2 * V[t + 2] - V[t]
    assert ahead == pytest.approx(float(deltas[t] + gamma * deltas[t + 1]), abs=1e-5)
    assert ahead == pytest.approx(-0.7658, abs=3e-4), "printed with three digits, not near an edge of rounding"


def test_after_the_fall_the_critic_expects_little_and_is_surprised():
    buffer = recording().buffer
    values, advantages = buffer.data.values[:, 0], buffer.advantages[:, 0]
    for agent, fall in ((1, 31), (3, 27)):
        living = values[7 : fall + 1, agent]
        assert -2.0 < living.min() and living.max() < -1.0
        assert advantages[9, agent] > 1 and advantages[fall, agent] > 0.5
        assert buffer.data.rewards[fall, 0, agent] == pytest.approx(-0.7)


def test_the_answers_on_paper():
    r, V, never, no = torch.tensor([0.0, 0, 4]), torch.tensor([1.0, 2, 2]), torch.zeros(3).bool(), torch.zeros(3)
    last, rest = torch.arange(3) == 2, (torch.tensor(9.0), 0.5)

    def advantages(gae_lambda: float) -> list[float]:
        return estimate_advantages(r, V, last, never, no, *rest, gae_lambda).tolist()

    assert advantages(0.0) == [0, -1, 2]
    assert advantages(0.5) == [-0.125, -0.5, 2]
    assert advantages(1.0) == [0, 0, 2]
    assert estimate_advantages(r, torch.tensor([1.0, 2, 4]), last, never, no, *rest, 0.0).tolist() == [0, 0, 0]
    assert estimate_advantages(r, V, never, last, torch.full((3,), 2.0), *rest, 0.5).tolist() == [-0.0625, -0.25, 3]

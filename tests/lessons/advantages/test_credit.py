"""How much credit reaches a fall: as the lesson says of this recording, and of rollouts of other lengths."""

import pytest
import torch

from ppo_lessons.advantages import with_team_credit
from ppo_lessons.lessons.advantages.credit import _added, mean_credit, show_mean_credit
from ppo_lessons.shipped.recorded_update import recording
from ppo_lessons.shipped.recording import BADGES, CONFIG


def test_mean_credit_grows_with_the_rollout_as_the_lesson_says():
    """Measured with three seeds: 0.22 to 0.25, 0.37 to 0.49 and 0.48 to 0.62."""
    credits = mean_credit(recording().policy, CONFIG.gamma, (8, 32, 512), seed=1)
    assert 0.1 < credits[8] < credits[32] < credits[512] < 0.8
    assert 0.25 < credits[8] / credits[512] < 0.6 < credits[32] / credits[512] < 0.95


def test_cut_rollouts_credit_only_what_comes_within_them():
    rewards = torch.tensor([0.0, 1.0, 2.0, 4.0]).view(4, 1, 1)
    acting = torch.tensor([True, False, False, False]).view(4, 1, 1)
    over = torch.tensor([[False], [False], [False], [True]])
    assert _added(rewards, acting, over, 0.5, 4)[0].item() == 0.5 + 0.5 + 0.5
    assert _added(rewards, acting, over, 0.5, 2)[0].item() == 0.5
    assert _added(rewards, acting, over, 0.5, 1)[0].item() == 0


def test_the_fall_gets_nothing_if_the_rollout_ends_before_its_team_wins_something():
    data, badge = recording().buffer.data, BADGES["falls"]
    columns = data.rewards, data.acting, data.episode_over
    first_8 = with_team_credit(*(column[:8] for column in columns), CONFIG.gamma)
    assert first_8[badge] == data.rewards[badge]
    whole = with_team_credit(*columns, CONFIG.gamma)
    assert whole[badge] - data.rewards[badge] == pytest.approx(0.98**3, abs=1e-5)


def test_the_trace_of_the_lesson():
    """Three rows, gamma 0.5: 4, 6 and 8 from the top."""
    rewards = torch.tensor([1.0, 2.0, 8.0]).view(3, 1, 1)
    acting = torch.tensor([True, False, False]).view(3, 1, 1)
    over = torch.tensor([[False], [False], [True]])
    assert with_team_credit(rewards, acting, over, 0.5).flatten().tolist() == [4, 6, 8]


def test_the_note_has_a_line_for_each_length():
    note = show_mean_credit({8: 0.239, 32: 0.457})
    assert "<td>0.24</td>" in note._repr_mimebundle_()["text/html"]
    assert note._repr_mimebundle_()["text/plain"] == "mean credits of this run"

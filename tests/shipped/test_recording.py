"""The recorded rollout is the same on every machine, and rich enough to teach with."""

from pathlib import Path

import pytest
import torch

from ppo_lessons.actor_critic import log_probs_of
from ppo_lessons.losses import importance_ratios
from ppo_lessons.shipped import recording as recorded
from ppo_lessons.shipped.recording import BADGES, load_recording, make_recording
from ppo_lessons.spirit_world.cases import get_case
from ppo_lessons.spirit_world.rules import observe


def test_each_load_is_fresh_and_the_same():
    first, second = load_recording(), load_recording()
    assert all(torch.equal(a, b) for a, b in zip(first.buffer.data, second.buffer.data, strict=True))
    first.buffer.data.rewards.zero_()
    assert second.buffer.data.rewards.abs().sum() > 0


def test_its_rows_have_ratio_1_under_its_own_policy():
    """Fact 19."""
    recording = load_recording()
    rows = recording.buffer.get()
    new_log_probs = log_probs_of(recording.policy(rows.obs)[0], rows.actions)
    assert (importance_ratios(new_log_probs, rows.old_log_probs) - 1).abs().max() < 1e-5


def test_the_states_are_those_that_were_seen():
    recording = load_recording()
    for t in (0, 17, 31):
        seen = torch.from_numpy(observe(get_case("standard"), recording.states[t]))
        assert torch.equal(seen, recording.buffer.data.obs[t])
    assert recording.board(5, 3).health.shape == (1, 4)


def test_everything_that_the_lessons_tell_happens_in_it():
    data = load_recording().buffer.data
    fell = data.terminated & data.acting & ~data.episode_over.unsqueeze(-1)
    assert fell.sum() >= 3 and (~data.acting).sum() > 50
    assert (data.truncated & data.acting).sum() > 10 and data.episode_over.sum() > 10
    assert fell[6, 0, 0] and fell[6, 0, 2] and data.truncated[13, 1].all()
    t, e, a = BADGES["wins"]
    assert data.rewards[t, e, a] >= 2 and data.terminated[t, e, a]


def test_the_six_badges_are_rows_of_living_agents():
    recording = load_recording()
    places = recording.rows_of(BADGES.values())
    assert [tuple(badge) for badge in recording.buffer.badges()[places].tolist()] == list(BADGES.values())


def test_the_script_makes_files_of_the_same_kind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    make_recording(tmp_path, win_rate=0.0, most_cycles=5)
    monkeypatch.setattr(recorded, "FOLDER", tmp_path)
    assert load_recording().buffer.is_full
    with pytest.raises(RuntimeError, match="within 1 cycles"):
        make_recording(tmp_path, win_rate=1.1, most_cycles=1)

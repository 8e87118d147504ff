"""Paths mean what whoever typed them meant."""

from pathlib import Path

from ppo_lessons.guards.places import as_called


def test_as_called(monkeypatch, tmp_path):
    monkeypatch.setenv("PPO_LESSONS_CALLED_FROM", str(tmp_path))
    assert as_called("week 1") == tmp_path / "week 1"
    assert as_called("/elsewhere") == Path("/elsewhere")
    monkeypatch.delenv("PPO_LESSONS_CALLED_FROM")
    assert as_called("week 1") == Path("week 1")

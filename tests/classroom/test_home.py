"""The learner's files lie where PPO_LESSONS_HOME says, or beside the notebook."""

from pathlib import Path

import pytest

from ppo_lessons.classroom.home import home


def test_the_learners_files_have_one_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    monkeypatch.setenv("PPO_LESSONS_HOME", str(tmp_path))
    assert home() == tmp_path
    monkeypatch.delenv("PPO_LESSONS_HOME")
    assert home() == Path()

"""The set-up says what is well, and for what is not, what to do."""

import pytest

from ppo_lessons.classroom import setup
from tests.answers import unfolded


def test_a_machine_that_is_ready(capsys: pytest.CaptureFixture[str]):
    setup.check_setup()
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5 and all(line.startswith("✔ ") for line in lines), lines


@pytest.mark.parametrize("test", ["_python", "_versions", "_computes", "_plays", "_draws"])
def test_what_is_broken_is_named_with_its_remedy(
    test: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
):
    def broken() -> bool:
        raise ImportError(test)

    monkeypatch.setattr(setup, test, broken)
    setup.check_setup()
    (line,) = (line for line in unfolded(capsys.readouterr().out).splitlines() if not line.startswith("✔ "))
    assert line.startswith("✘ not so: ") and len(line.split(". ", 1)[1]) > 20


def test_another_version_than_the_pinned_one_is_seen(monkeypatch: pytest.MonkeyPatch):
    assert setup._versions()
    monkeypatch.setattr(setup.importlib.metadata, "version", lambda name: "0.0.1")
    assert not setup._versions()

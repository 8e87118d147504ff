"""A learner with an installed wheel: a whole round, in an environment that cannot be written."""

import os
from pathlib import Path

import pytest

from ppo_lessons.publishing.clean_install import Elsewhere, learn, require, run_well
from ppo_lessons.publishing.release import ROOT, build_wheel


@pytest.fixture(scope="module")
def elsewhere(tmp_path_factory):
    wheel = build_wheel(tmp_path_factory.mktemp("dist"))
    return Elsewhere(wheel, tmp_path_factory.mktemp("elsewhere"))


def test_a_learner_gets_along(elsewhere):
    with elsewhere.read_only():
        done = list(learn(elsewhere))
    assert done[-1] == "not a file of the environment was changed"
    if os.name == "posix":
        assert "the environment cannot be written" in done


def test_what_was_written_is_seen(elsewhere):
    """Without `read_only` somebody can write there, and it is seen; nothing else has changed by the round above."""
    assert elsewhere.is_writable() and elsewhere.changed() == []
    file = Path(elsewhere.packages, "ppo_lessons", "progress.jsonl")
    file.write_text("1.1", encoding="utf-8")
    assert elsewhere.changed() == [str(file.relative_to(elsewhere.environment))]
    file.unlink()


def test_the_checkout_is_not_known_there(elsewhere, monkeypatch):
    """Neither by a path file, nor by a variable."""
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    paths = elsewhere.run("-c", "import sys; print(*sys.path, sep='\\n')").split("\n")
    assert str(elsewhere.packages) in paths and str(ROOT) not in paths


def test_a_program_that_fails_is_quoted(tmp_path):
    with pytest.raises(RuntimeError, match=r"must end well\. Got exit code 3:\nno such thing"):
        run_well(["sh", "-c", "echo no such thing; exit 3"], tmp_path, os.environ)
    with pytest.raises(RuntimeError, match="It is missing"):
        require(False, "It is missing")

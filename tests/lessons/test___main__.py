"""The door for whoever has installed the package: what is copied, what is opened, and the exit code."""

import subprocess
from types import SimpleNamespace

import pytest

from ppo_lessons.lessons import __main__ as door
from ppo_lessons.lessons.own_folder import FIRST


@pytest.fixture
def opened(monkeypatch):
    """Writes down what would have been run, instead of running it."""
    commands = []

    def run(command, env):
        commands.append((command, env))
        return SimpleNamespace(returncode=7)

    monkeypatch.setattr(subprocess, "run", run)
    return commands


def test_only_copied(tmp_path, opened, capsys):
    folder = tmp_path / "mine"
    assert door.main([str(folder), "--only-copy"]) == 0
    assert opened == [] and (folder / FIRST).exists()
    (folder / FIRST).write_text("mine", encoding="utf-8")
    assert door.main([str(folder), "--only-copy"]) == 0
    assert f"{folder}: 0 files copied, 1 of yours kept. Begin with {FIRST}." in capsys.readouterr().out


def test_opened_with_the_options_of_jupyterlab(tmp_path, opened):
    assert door.main([str(tmp_path), "--no-browser", "--port=8899"]) == 7
    ((command, environment),) = opened
    assert command[-2:] == ["--no-browser", "--port=8899"] and environment["JUPYTER_CONFIG_PATH"]


def test_ctrl_c_is_an_end(tmp_path, monkeypatch):
    def stopped(command, env):
        raise KeyboardInterrupt

    monkeypatch.setattr(subprocess, "run", stopped)
    assert door.main([str(tmp_path)]) == 0


def test_trouble_is_a_sentence(tmp_path, opened, capsys):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert door.main([str(tmp_path / "file")]) == 1
    assert capsys.readouterr().err == f"The lessons are copied into a folder. Got the file {tmp_path / 'file'}\n"
    assert door.main([str(tmp_path / "file" / "below")]) == 1
    assert "Not a directory: " in capsys.readouterr().err
    assert opened == []

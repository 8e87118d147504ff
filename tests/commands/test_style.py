"""Ruff and mypy, by the settings in pyproject.toml. `python start.py format` repairs most of what ruff finds."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


def ruff(*arguments, text=None):
    command = [sys.executable, "-m", "ruff", *arguments]
    return subprocess.run(command, cwd=ROOT, input=text, capture_output=True, encoding="utf-8")


@pytest.mark.parametrize("arguments", [["check"], ["format", "--check"]], ids=" ".join)
def test_code_is_in_order(arguments):
    found = ruff(*arguments)
    assert found.returncode == 0, f"{found.stdout}{found.stderr}\nTo repair: python start.py format"


def mypy(*arguments):
    command = [sys.executable, "-m", "mypy", *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, encoding="utf-8")


def test_types_of_the_core_are_right():
    found = mypy()
    assert found.returncode == 0, found.stdout


@pytest.mark.parametrize(
    ("code", "rule"),
    [
        ("from ppo_lessons.losses import value_loss\nvalue_loss(1, 2)", "arg-type"),
        ("from ppo_lessons.config import PPOConfig\nsteps: str = PPOConfig().num_steps", "assignment"),
        ("def public(rows): return rows", "no-untyped-def"),
    ],
)
def test_a_wrong_type_would_be_seen(code, rule, tmp_path):
    (tmp_path / "new.py").write_text(code, encoding="utf-8")
    found = mypy(str(tmp_path / "new.py"))
    assert found.returncode == 1
    assert f"[{rule}]" in found.stdout


@pytest.mark.parametrize(
    ("path", "text", "rule"),
    [
        ("ppo_lessons/new.py", '"""New."""\n\nimport os\n', "F401"),
        ("ppo_lessons/new.py", '"""New."""\n\n\ndef public():\n    pass\n', "D103"),
        ("tests/test_new.py", "x = 'a' + \\\n  undefined\n", "F821"),
        ("notebooks/source/new.py", "# %%\nundefined\n", "F821"),
    ],
)
def test_disorder_would_be_seen(path, text, rule):
    found = ruff("check", "--stdin-filename", path, "-", text=text)
    assert found.returncode == 1
    assert rule in found.stdout

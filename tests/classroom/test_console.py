"""What is said to the learner is said on any console, and what nbval compares of it is the same for all."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ppo_lessons.classroom import console, progress
from ppo_lessons.classroom.console import PLAIN, say
from ppo_lessons.display.tables import Note, Table

pytestmark = pytest.mark.slow

TALK = """
import sys
from ppo_lessons.classroom import check_setup, my_steps
from ppo_lessons.lessons import check, hint, show_progress, solution

def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):
    return actor_loss + vf_coef * critic_loss - ent_coef * entropy

def value_loss(values, returns):
    return ...

for do in (lambda: check(total_loss), lambda: check(value_loss), lambda: check("ü → 7"), lambda: hint("10.3"),
           lambda: solution("10.3"), show_progress, my_steps, check_setup):
    do()
"""


@pytest.mark.parametrize("encoding", ["cp1252", "cp437", "ascii"])
def test_every_word_of_the_classroom_can_be_said_on_an_old_console(encoding: str, tmp_path: Path):
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "PPO_LESSONS_HOME": str(tmp_path)}
    done = subprocess.run([sys.executable, "-c", TALK], capture_output=True, env=environment)
    assert done.returncode == 0, done.stderr.decode()
    said = done.stdout.decode(encoding)
    assert "OK 10.3 total_loss" in said
    assert "- 9.1 value_loss" in said


@pytest.mark.parametrize(
    ("encoding", "wanted"), [("utf-8", "✔ ü → ∇"), ("latin-1", "OK ü -> ?"), ("ascii", "OK ? -> ?")]
)
def test_signs_that_a_console_lacks_are_replaced(encoding: str, wanted: str, monkeypatch: pytest.MonkeyPatch):
    page = io.TextIOWrapper(io.BytesIO(), encoding=encoding, newline="\n")
    monkeypatch.setattr(sys, "stdout", page)
    say("✔ ü → ∇")
    page.flush()
    assert page.buffer.getvalue().decode(encoding) == wanted + "\n"


def test_replacements_can_be_said_everywhere():
    assert "".join(PLAIN.values()).isascii()
    assert set(progress.MARKS.values()) <= set(map(chr, PLAIN))


def test_in_a_notebook_a_table_is_shown_and_nothing_of_the_reader_is_compared(monkeypatch: pytest.MonkeyPatch):
    shown = []
    monkeypatch.setattr(console, "get_ipython", lambda: object())
    monkeypatch.setattr(console, "display", shown.append)
    console.show(Table([["passed"], ["12 of 30"]]), "your progress")
    (note,) = shown
    assert isinstance(note, Note)
    bundle = note._repr_mimebundle_()
    assert bundle["text/plain"] == "your progress"
    assert "12 of 30" in bundle["text/html"]


def test_on_a_console_it_is_text(capsys: pytest.CaptureFixture[str]):
    console.show(Table([["", "passed"], ["you", "12 of 30"]]), "your progress")
    assert capsys.readouterr().out == "       passed\nyou  12 of 30\n"

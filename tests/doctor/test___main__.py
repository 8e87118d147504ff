"""The door for a terminal: what is examined, what is printed and written, and the exit code."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ppo_lessons
from ppo_lessons.doctor.__main__ import main

HOUSE = Path(ppo_lessons.__file__).parent.parent
RIGHT = """
from ppo_lessons.doctor import Subject, part

SUBJECT = Subject(name="mine", ratios=part(lambda new, old: (new - old).exp(), "new_log_probs old_log_probs"))
"""
WRONG = RIGHT.replace("new - old", "old - new")
STEPS = """
def value_loss(values, returns):
    return ((values - returns) ** 2).mean()

def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):
    return actor_loss + vf_coef * critic_loss SIGN ent_coef * entropy
"""


@pytest.fixture
def file_with(tmp_path):
    """A file of this text; modules that it leaves are taken away again."""
    before = set(sys.modules)

    def write(text, name="mine_31415.py"):
        (tmp_path / name).write_text(text, encoding="utf-8")
        return str(tmp_path / name)

    yield write
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_nothing_failed(file_with, capsys):
    assert main([file_with(RIGHT)]) == 0
    out, err = capsys.readouterr()
    assert out.startswith("mine: 3 passed, 0 failed") and err == ""


def test_something_failed(file_with, capsys):
    assert main([file_with(WRONG)]) == 1
    assert "FAILED  ratios: direction" in capsys.readouterr().out


def test_something_could_not_be_asked(file_with, capsys):
    asked = ', ratios=part(lambda new, old: {}, "new_log_probs old_log_probs"))'
    assert main([file_with(RIGHT.split(", ratios")[0] + asked)]) == 2
    out, err = capsys.readouterr()
    assert out.startswith("mine: 0 passed, 0 failed, 3 could not be asked") and err == ""
    wrong = ', kl=part(lambda ratios: ratios.mean(), "ratios")'
    assert main([file_with(RIGHT.split(", ratios")[0] + wrong + asked)]) == 1
    assert "COULD NOT BE ASKED  ratios: direction" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("def f(:", "mine_31415.py was run, and came to SyntaxError"),
        ("1 / 0", "ZeroDivisionError: division by zero (mine_31415.py, line 1)"),
        ("import sys\nsys.exit(0)", "SystemExit: 0 (mine_31415.py, line 2)"),
        ("x = 1", "A subject is made by Subject(...), or its functions have the names of this course's steps. Got"),
        (RIGHT.replace("ratios=", "ratio="), "Did you mean 'ratios'?"),
        (
            RIGHT.replace("old_log_probs", "old_log_prbs"),
            "Got 'old_log_prbs', which is no quantity. Did you mean old_",
        ),
        (RIGHT.split("ratios=")[0] + ")", "Got none in mine"),
        ("def value_loss(values):\n    return 0", "value_loss(values) is to be handed values, returns"),
    ],
    ids=["no Python", "raises", "leaves", "no subject", "no such part", "no such word", "no part", "other parameters"],
)
def test_it_could_not_be_examined(file_with, capsys, text, words):
    assert main([file_with(text)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("Not examined: ") and words in err
    assert len(err.splitlines()) == 1


def test_a_file_that_is_not_there(tmp_path, capsys):
    assert main([str(tmp_path / "missing.py")]) == 2
    assert "missing.py, which is not there" in capsys.readouterr().err


def test_nothing_asked():
    with pytest.raises(SystemExit) as left:
        main([])
    assert left.value.code == 2


def test_a_file_of_steps(file_with, capsys):
    assert main([file_with(STEPS.replace("SIGN", "-"), "my_ppo_31415.py")]) == 0
    out = capsys.readouterr().out
    assert out.startswith("my_ppo_31415.py: ") and " 0 failed" in out
    assert "Functions in the place of the package's own: value_loss, total_loss." in " ".join(out.split())
    assert main([file_with(STEPS.replace("SIGN", "+"), "my_ppo_31415.py")]) == 1
    out = capsys.readouterr().out
    assert "FAILED  total_loss: signs and weights" in out and "FAILED  loss: entropy" in out


def test_several_subjects_in_one_file(file_with, tmp_path, capsys):
    second = WRONG.split("\n\n")[1].replace("SUBJECT", "OTHER").replace("mine", "other")
    written = ["--json", str(tmp_path / "out.json"), "--page", str(tmp_path / "out.html")]
    assert main([file_with(RIGHT + second), *written]) == 1
    out = capsys.readouterr().out
    assert "mine: 3 passed" in out and "other: 1 passed, 2 failed" in out
    data = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert [(each["subject"], each["ok"]) for each in data] == [("mine", True), ("other", False)]
    page = (tmp_path / "out.html").read_text(encoding="utf-8")
    assert page.count("<!doctype") == 1 and page.count("<h1>") == 2


def test_a_report_is_written_as_data_and_as_a_page(file_with, tmp_path, capsys):
    path = file_with(WRONG)
    assert main([path, "--json", str(tmp_path / "out.json"), "--page", str(tmp_path / "out.html")]) == 1
    data = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))
    assert (data["subject"], data["ok"]) == ("mine", False)
    assert "<h1>mine</h1>" in (tmp_path / "out.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("option", ["--json", "--page"])
def test_a_report_that_could_not_be_saved_is_refused_before_anything_runs(file_with, tmp_path, capsys, option):
    path = file_with("print('it ran')")
    assert main([path, option, str(tmp_path / "nowhere" / "out")]) == 2
    out, err = capsys.readouterr()
    assert out == "" and "nowhere" in err


def test_the_template_can_be_examined(file_with, capsys):
    assert main(["--template"]) == 0
    text = capsys.readouterr().out
    assert main([file_with(text)]) == 1
    out = capsys.readouterr().out
    assert out.startswith("my PPO: 6 passed, 1 failed") and "FAILED  advantages: truncation" in out


def test_from_a_terminal(file_with):
    """Warnings of what is examined are its own business; those of ours would be errors."""
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": str(HOUSE)}
    command = [sys.executable, "-W", "error", "-m", "ppo_lessons.doctor", file_with(WRONG)]
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stderr) == (1, "") and done.stdout.startswith("mine: 1 passed, 2 failed")


LOG = "time/total_timesteps,train/approx_kl,train/entropy_loss,train/clip_fraction\n"


def test_a_log_is_read_and_not_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    log, out = tmp_path / "progress.csv", tmp_path / "out.json"
    log.write_text(LOG + "".join(f"{step},0.0,-1.6,0.0\n" for step in range(100, 3000, 100)))
    assert main([str(log), "--json", str(out)]) == 1
    printed = capsys.readouterr().out
    assert "approx_kl, in the first tenth" in printed and "What decides" in printed
    assert json.loads(out.read_text())["healthy"] is False


def test_a_page_of_a_log_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    log = tmp_path / "progress.csv"
    log.write_text(LOG)
    assert main([str(log), "--page", str(tmp_path / "page.html")]) == 2
    assert "A page is made of an examination" in capsys.readouterr().err


def test_a_damaged_log_ends_in_one_sentence(tmp_path: Path, capsys: pytest.CaptureFixture[str]):
    log = tmp_path / "progress.csv"
    log.write_bytes(b"\x00\x01\x02 no log")
    assert main([str(log)]) == 2
    assert capsys.readouterr().err.count("\n") == 1

"""Functions that passed are collected in the learner's own file: readable, runnable, and never lost."""

import linecache
import re
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ppo_lessons.classroom.my_ppo import collect, my_file, my_functions, my_steps
from ppo_lessons.config import PPOConfig
from ppo_lessons.lessons import EXERCISES, check, desk
from ppo_lessons.publishing.build import solution_cell
from ppo_lessons.steps import Steps
from ppo_lessons.training import TrainingRun, train

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PPO_LESSONS_HOME", str(tmp_path))
    return tmp_path


CELLS = iter(range(10**6))


def typed(source: str, name: str, namespace: dict | None = None):
    """Define a function as a notebook cell does: its source can be found again."""
    file = f"<cell {next(CELLS)}>"
    linecache.cache[file] = (len(source), None, source.splitlines(keepends=True), file)
    namespace = {"__name__": "__main__"} if namespace is None else namespace
    exec(compile(source, file, "exec"), namespace)
    return namespace[name]


TOTAL = "def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):\n    return {}\n"
RIGHT = TOTAL.format("actor_loss + vf_coef * critic_loss - ent_coef * entropy")


def test_a_passed_function_is_collected_with_its_lesson_and_date(capsys: pytest.CaptureFixture[str]):
    check(typed(RIGHT, "total_loss"))
    text = my_file().read_text()
    assert "# --- 9.3 total_loss: lesson 09, 20" in text and RIGHT.strip() in text
    assert set(my_functions()) == {"total_loss"}
    assert my_steps().total_loss is not Steps().total_loss
    assert re.search(r"your own +total_loss\n", capsys.readouterr().out)


@pytest.mark.parametrize("body", ["...", "actor_loss", "1 / 0"])
def test_what_did_not_pass_is_not_collected(body: str):
    check(typed(TOTAL.format(body), "total_loss"))
    assert not my_file().exists()


def test_a_new_version_replaces_the_old_one_and_a_copy_is_kept(own_home: Path):
    check(typed(RIGHT, "total_loss"))
    check(typed(RIGHT, "total_loss"))
    assert not list(own_home.glob("*.bak.py")), "the same again changes nothing"
    other = TOTAL.format("actor_loss - ent_coef * entropy + vf_coef * critic_loss")
    check(typed(other, "total_loss"))
    copies = list(own_home.glob("my_ppo.*.bak.py"))
    assert len(copies) == 1 and RIGHT.strip() in copies[0].read_text()
    assert my_file().read_text().count("def total_loss") == 1 and other.strip() in my_file().read_text()


def test_what_the_learner_wrote_in_the_file_stays():
    check(typed(RIGHT, "total_loss"))
    my_file().write_text(my_file().read_text().replace('"""My own PPO', '"""Keiko\'s PPO') + "\n\nANSWER = 42\n")
    gradient = desk.find("10.2")
    check(typed(solution_cell(gradient), "gradient_step"))
    text = my_file().read_text()
    assert "Keiko's PPO" in text and "ANSWER = 42" in text
    assert set(my_functions()) == {"total_loss", "gradient_step"}


def test_imports_and_helpers_of_the_notebook_come_along():
    source = (
        "import math\nfrom torch.nn import functional as F\nHALF = 0.5\n"
        "def square(x):\n    return x * x * HALF / HALF\n"
        "def value_loss(values, returns):\n    assert math.pi > 3\n"
        "    return square(values - returns).mean() + 0 * F.relu(values).sum()\n"
    )
    collect(desk.find("8.1"), typed(source, "value_loss"))
    loaded = my_functions()["value_loss"]
    assert float(loaded(torch.tensor([1.0, 3.0]), torch.tensor([0.0, 0.0]))) == 5.0


def test_a_damaged_file_is_said_and_the_packages_steps_are_used(capsys: pytest.CaptureFixture[str]):
    my_file().write_text("def broken(:\n")
    assert my_steps() == Steps()
    assert "my_ppo.py does not run" in capsys.readouterr().out
    check(typed(RIGHT, "total_loss"))
    assert "could not be added" in capsys.readouterr().out
    assert my_file().read_text() == "def broken(:\n", "nothing of the learner's is overwritten"


def test_whoever_solves_everything_trains_the_same_team(capsys: pytest.CaptureFixture[str]):
    for exercise in EXERCISES:
        check(typed(solution_cell(exercise), exercise.name))
    assert capsys.readouterr().out.count("✔") == len(EXERCISES)
    own = my_functions()
    assert {"gae", "detach_rows", "shuffle_rows", "split_rows", "log_probs_and_entropy", "importance_ratios"} <= set(
        own
    )
    assert {"clipped_surrogate_loss", "value_loss", "entropy_bonus", "total_loss", "gradient_step"} <= set(own)
    config = PPOConfig(num_envs=32, minibatch_size=256)
    runs = [TrainingRun("standard", config) for _ in range(2)]
    mine = [report.update for report in train(runs[0], 3, Steps(**own))]
    reference = [report.update for report in train(runs[1], 3)]
    assert mine == reference


def test_the_file_runs_by_itself(own_home: Path):
    check(typed(RIGHT, "total_loss"))
    my_file().write_text(my_file().read_text().replace("cycles=300", "cycles=20"))
    done = subprocess.run([sys.executable, str(my_file())], capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "My own steps: total_loss" in done.stdout and "cycle 20:" in done.stdout

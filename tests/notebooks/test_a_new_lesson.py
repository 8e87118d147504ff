"""To add a lesson: a folder, a source, a test folder. Nothing else of the house is touched, and everything finds it."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from ppo_lessons.lessons import EXERCISES
from ppo_lessons.publishing.build import NOTEBOOKS
from ppo_lessons.publishing.reference_pages import REPOSITORY

PARTS = ("ppo_lessons", "notebooks/source", "tests", "docs", "benchmarks", "jupyter", ".ci", ".binder")
PAGES = (
    *("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "pyproject.toml", "constraints.txt", "start.py"),
    *("Containerfile", ".dockerignore", ".gitignore"),
)
NEW = {
    "ppo_lessons/lessons/softmax/__init__.py": '''"""How do logits become probabilities?"""

from ppo_lessons.lessons.softmax.explorer import explore
from ppo_lessons.lessons.softmax.figures import show_probabilities
''',
    "ppo_lessons/lessons/softmax/figures.py": '''"""The lesson's picture."""

from torch import Tensor

from ppo_lessons.display.picture import BLUE, Picture, new_figure, plain


def show_probabilities(logits: Tensor) -> Picture:
    """Draw the probabilities that some logits give, (N,)."""
    figure, axes = new_figure(4, 2)
    chances = logits.softmax(dim=-1).tolist()
    plain(axes, "probabilities", "action", "probability").bar(range(len(chances)), chances, color=BLUE)
    return Picture(figure, f"{len(chances)} probabilities, the largest of action {chances.index(max(chances))}")
''',
    "ppo_lessons/lessons/softmax/explorer.py": '''"""The lesson's explorer: a larger logit takes from all others."""

import torch

from ppo_lessons.display.picture import BLUE, new_panels, plain
from ppo_lessons.interactive.controls import Slider
from ppo_lessons.interactive.explorer import Explorer


def raise_one(logit: float) -> list[float]:
    """Return the probabilities of three actions of which the first has this logit."""
    return torch.tensor([logit, 0.0, 0.0]).softmax(dim=-1).tolist()


class SoftmaxFace:
    """Three bars."""

    def __init__(self, columns: int = 2) -> None:
        self.figure, panels = new_panels(columns, {1: "bars"}, 2)
        axes = plain(panels["bars"], "probabilities")
        self.bars = axes.bar(range(3), 0, color=BLUE).patches

    def show(self, result: list[float]) -> str:
        """Set their heights."""
        for bar, chance in zip(self.bars, result, strict=True):
            bar.set_height(chance)
        return f"the first of three has {result[0]:.2f}"


def explore() -> Explorer:
    """Move one logit."""
    knobs = (Slider("logit", "logit", (-2.0, 0.0, 2.0), 0.0),)
    return Explorer("Softmax", "Explorer: one logit against three probabilities", raise_one, SoftmaxFace, knobs)
''',
    "ppo_lessons/lessons/softmax/exercises/__init__.py": '"""The exercise of the lesson."""\n',
    "ppo_lessons/lessons/softmax/exercises/log_probabilities.py": '''"""Logits to log-probabilities."""

import torch

from ppo_lessons.actor_critic import log_probabilities
from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with

EXERCISE = Exercise(
    number="19.1",
    node="J",
    function=log_probabilities,
    difficulty=1,
    minutes=2,
    probes=(call_with(torch.tensor([[1.0, 2.0, 4.0]])), call_with(torch.tensor([[0.0, 3.0], [5.0, 1.0]]))),
    mistakes=tuple(
        Mistake(name=name, wrong=wrong, advice="Exponentiate and sum: every row gives 1.")
        for name, wrong in {
            "no logarithm": lambda logits: logits.softmax(dim=-1),
            "softmax twice": lambda logits: logits.softmax(dim=-1).log_softmax(dim=-1),
            "the sum over the rows": lambda logits: logits.log_softmax(dim=0),
            "not normalised": lambda logits: logits - logits.max(),
            "the sign turned": lambda logits: -logits.log_softmax(dim=-1),
        }.items()
    ),
    hints=("What has to sum to 1?", "logit minus the logarithm of the summed exponentials", "logits.log_softmax(-1)"),
)
''',
    "notebooks/source/19_softmax.py": """# %% [markdown]
# # 19. Softmax: how do logits become probabilities?
#
# **10 minutes, 1 exercise.** You need: [07](07_ratios.ipynb). A word: [logits](../docs/glossary.md#logits).

# %%
import torch

from ppo_lessons.lessons import check, show_progress, softmax

softmax.show_probabilities(torch.tensor([0.0, 1.0, 3.0]))

# %%
softmax.explore()

# %% tags=["exercise"]
def log_probabilities(logits):
    return ...

# %%
log_probabilities = check(log_probabilities)

# %%
sums = log_probabilities(torch.eye(3)).exp().sum(dim=-1)
print("a row sums to 1:", bool((sums - 1).abs().max() < 1e-6))

# %%
show_progress()
""",
    "tests/lessons/softmax/right_answers.py": '''"""Right answers to 19.1."""


def by_hand(logits):
    return logits - logits.exp().sum(dim=-1, keepdim=True).log()


RIGHT = {"19.1": [by_hand, lambda logits: logits.log_softmax(-1)]}
''',
    "tests/lessons/softmax/test_figures.py": '''"""The picture says how many probabilities there are."""

import torch

from ppo_lessons.lessons.softmax.figures import show_probabilities


def test_the_largest_logit_has_the_largest_probability():
    assert show_probabilities(torch.tensor([0.0, 2.0])).text == "2 probabilities, the largest of action 1"
''',
    "tests/lessons/softmax/test_explorer.py": '''"""Probabilities sum to 1."""

import pytest

from ppo_lessons.lessons.softmax.explorer import raise_one


def test_probabilities_sum_to_one():
    assert sum(raise_one(2.0)) == pytest.approx(1)
''',
}


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the course with a lesson more."""
    course = tmp_path_factory.mktemp("course")
    for part in PARTS:
        ignored = shutil.ignore_patterns("__pycache__", ".*", "install_logs")
        shutil.copytree(REPOSITORY / part, course / part, ignore=ignored)
    for name in PAGES:
        shutil.copy(REPOSITORY / name, course / name)
    for notebook in NOTEBOOKS.glob("[0-9]*.ipynb"):
        shutil.copy(notebook, course / "notebooks")
    for name, text in NEW.items():
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text(text, encoding="utf-8")
    return course


@pytest.fixture(scope="module")
def run(course: Path) -> Callable[..., str]:
    """Run a Python module within the copy, and return what it printed."""

    def run(*arguments: str) -> str:
        environment = {**os.environ, "PYTHONPATH": str(course), "PYTEST_ADDOPTS": "", "OMP_NUM_THREADS": "1"}
        command = [sys.executable, "-m", *arguments]
        done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, timeout=300)
        assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
        return done.stdout

    return run


def test_a_lesson_is_a_folder_a_source_and_a_test_folder(course: Path, run: Callable[..., str]):
    assert "built 19_softmax" in run("ppo_lessons.publishing.build", "19")
    run("ppo_lessons.publishing.pages")
    assert (
        "19 softmax](notebooks/19_softmax.ipynb) | 10 | 1 | how do logits become" in (course / "README.md").read_text()
    )
    built = (course / "notebooks" / "19_softmax.ipynb").read_text(encoding="utf-8")
    assert (
        "19.1 log_probabilities: still blank" in built
        and f"0 of {len(EXERCISES) + 1}" in built
        and "ppo-picture" in built
    )
    # releases and sites are made of a checkout, and of whatever lessons there are
    elsewhere = [f"--ignore=tests/publishing/{name}" for name in ("test_release.py", "test_clean_install.py", "site")]
    quick = ["pytest", "-q", "-p", "no:cacheprovider", *elsewhere]
    house = ("tests/test_house.py", "tests/publishing", "tests/commands/test_readme.py")
    run(*quick, *house, "tests/lessons/softmax", "-k", "not example")
    places = ("tests/classroom/test_checks.py", "tests/notebooks", "tests/lessons/test_all_explorers.py")
    passed = run(*quick, "-rp", *places, "-k", "19.1 or softmax and not cells_are_short")  # it is
    assert all(f"PASSED {place}" in passed for place in places)

"""A whole class, graded twice: every outcome as it was foreseen, nobody lost, nothing touched, the same bytes."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from ppo_lessons.teaching import outcomes as found
from ppo_lessons.teaching.collecting.whose import MARKER
from ppo_lessons.teaching.grade import _drawn, grade_folder
from tests.teaching.class_of_sixty import the_class, write_class

ROOT = Path(__file__).parents[2]
CLASS = {student.name: student for student in the_class()}


def digests(folder):
    """Path -> digest of every file in a folder, what was kept left out."""
    files = [path for path in folder.rglob("*") if path.is_file() and ".found" not in path.parts]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(files)}


@pytest.fixture(scope="module")
def handed_in(tmp_path_factory):
    folder = tmp_path_factory.mktemp("class")
    write_class(folder / "handed in", folder / "outside.ipynb")
    return folder / "handed in"


@pytest.fixture(scope="module")
def graded(handed_in, tmp_path_factory):
    to = tmp_path_factory.mktemp("graded")
    before = digests(handed_in.parent)
    result = grade_folder(handed_in, to, ["08"], roster=["blank", "Zoë Away"])
    assert digests(handed_in.parent) == before, "an answer has changed something"
    return result, to


def said(graded):
    name = f"{graded.outcome}: {graded.mistake}" if graded.outcome == found.MISTAKE else graded.outcome
    return graded.exercise, name


pytestmark = pytest.mark.slow


def test_the_class_is_large_enough():
    assert len(CLASS) >= 60
    assert len(CLASS) == len(the_class())
    assert {outcome.split(":")[0] for student in CLASS.values() for outcome in student.expected.values()} == set(
        found.OUTCOMES
    )


def test_nobody_is_lost(graded):
    assert set(graded[0].students) == set(CLASS)


@pytest.mark.parametrize("name", CLASS)
def test_each_is_graded_as_foreseen(graded, name):
    student, own = CLASS[name], graded[0].of_student(name)
    assert dict(map(said, own)) == student.expected
    for each in own:
        assert each.points == (each.out_of if each.outcome == found.RIGHT else 0)
        assert student.remarks.get(each.exercise, "") in ("", *each.remarks)


def test_files_that_were_left_aside_are_said(graded):
    unread = {each.student for each in graded[0].not_read}
    assert {"a link", "a bomb", "a path out", "an empty file", "half a file", "a deep file"} <= unread


def test_what_comes_out(graded):
    result, to = graded
    assert {path.name for path in to.iterdir()} >= {"answers.csv", "points.csv", "class.html", "feedback", MARKER}
    assert len(list((to / "feedback").glob("*.html"))) == len(CLASS) == len(list((to / "feedback").glob("*.ipynb")))
    lines = (to / "answers.csv").read_text(encoding="utf-8-sig").splitlines()
    assert len(lines) == 1 + 3 * len(CLASS)
    assert result.absent == ("Zoë Away",)


def test_a_second_run_gives_the_same_bytes(graded, handed_in, tmp_path):
    _, to = graded
    grade_folder(handed_in, to, ["08"], roster=["blank", "Zoë Away"])
    first = digests(to)
    grade_folder(handed_in, tmp_path / "anew", ["08"], roster=["blank", "Zoë Away"], places=5)
    assert digests(tmp_path / "anew") == first


def test_the_other_inputs_are_drawn_once_for_each_folder(tmp_path):
    drawn = [_drawn(tmp_path / name / "inputs") for name in "abcab"]
    assert drawn[:2] == drawn[3:]
    assert len(set(drawn)) == 3 and min(drawn) > 0


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["nowhere"], "nowhere"),
        (["."], "nothing in it"),
        ([".", "--inputs", "-1"], "from 1"),
        ([".", "--lessons", "x"], "1-7"),
    ],
)
def test_what_cannot_be_graded_is_said_in_one_line(tmp_path, arguments, says):
    command = [sys.executable, "-m", "ppo_lessons.teaching.grade", *arguments, "--to", str(tmp_path / "out")]
    called_from = os.environ | {"PPO_LESSONS_CALLED_FROM": str(tmp_path)}
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, env=called_from)
    assert done.returncode == 1
    assert says in done.stderr
    assert len(done.stderr.splitlines()) == 1

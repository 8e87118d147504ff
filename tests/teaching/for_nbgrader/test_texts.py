"""Settings and manual of an nbgrader course: whose notebook a path is, and that they can be read."""

import os
import re
import sys
from types import SimpleNamespace

import pytest
from traitlets.config import Config

from ppo_lessons.teaching.for_nbgrader.texts import config, manual

LESSONS = ["07_ratios", "08_clipping"]
COURSE = "/home/.cache/downloaded/x/extracted/course/downloaded/07_ratios/extracted/"


@pytest.fixture
def settings(monkeypatch):
    """What nbgrader reads from the settings."""
    read = Config()
    for name in ("PPO_LESSONS_HOME", "PATH"):
        monkeypatch.setenv(name, "elsewhere")
    exec(compile(config(LESSONS), "nbgrader_config.py", "exec"), {"get_config": lambda: read})
    return read


def whose(settings, path):
    found = re.match(settings.FileNameCollectorPlugin.named_regexp, path)
    return found and SimpleNamespace(**found.groupdict())


@pytest.mark.parametrize(
    ("path", "student", "number"),
    [
        ("class/Anna Schmidt_1234567_assignsubmission_file/07_ratios.ipynb", "Anna Schmidt", "1234567"),
        ("class/Anna Schmidt_1234567_assignsubmission_file_/07_ratios.ipynb", "Anna Schmidt", "1234567"),
        ("class/Anna Schmidt_1234567_assignsubmission_file/zip/notebooks/07_ratios.ipynb", "Anna Schmidt", "1234567"),
        ("class/Zoë O'Neil_12_assignsubmission_file_07_ratios.ipynb", "Zoë O'Neil", "12"),
        ("class/schmidtanna_12345_678910_07_ratios-1.ipynb", "schmidtanna", "12345"),
        ("class/schmidtanna_LATE_12345_678910_07_ratios.ipynb", "schmidtanna", "12345"),
        ("anna/07_ratios.ipynb", "anna", None),
        ("anna_07_ratios.ipynb", "anna", None),
        ("class/anna/07_ratios.ipynb", "anna", None),
        ("class/anna_07_ratios.ipynb", "anna", None),
        ("class/group_2/07_ratios (1).ipynb", "group_2", None),
        ("class/group_2_07_ratios (1).ipynb", "group_2", None),
        ("07_ratios/anna/07_ratios.ipynb", "anna", None),
        ("class/07_ratios/anna/07_ratios.ipynb", "anna", None),
        ("class/anna/07_ratios/07_ratios.ipynb", "anna", None),
    ],
)
@pytest.mark.parametrize("slash", ["/", "\\"], ids=["posix", "windows"])
def test_whose_a_notebook_is(settings, path, student, number, slash):
    found = whose(settings, (COURSE + path).replace("/", slash))
    assert (found.student_id, found.number, found.file_id) == (student, number, "07_ratios")


@pytest.mark.parametrize(
    "path",
    [
        "class/__MACOSX/anna/._07_ratios.ipynb",
        "class/anna/._07_ratios.ipynb",
        "class/anna/.ipynb_checkpoints/07_ratios-checkpoint.ipynb",
        "07_ratios.ipynb",
        "class/anna/09_value_loss.ipynb",
        "class/anna/07_ratios.html",
    ],
)
def test_what_is_nobodys(settings, path):
    assert whose(settings, COURSE + path) is None


def test_learners_own_files_stay_where_they_are(settings):
    assert {"*.py", ".progress*", ".ipynb_checkpoints"} <= set(settings.CourseDirectory.ignore)
    assert "PPO_LESSONS_HOME" not in os.environ
    assert os.environ["PATH"] == os.pathsep.join([os.path.dirname(sys.executable), "elsewhere"])


def test_the_manual_names_every_assignment_and_leaves_no_gap():
    text = manual({"07_ratios": 5, "08_clipping": 6})
    assert "| 07_ratios | 5 |" in text and "| 08_clipping | 6 |" in text
    assert "nbgrader autograde 07_ratios" in text
    assert not re.search(r"[{}]|TODO", text)
    assert max(map(len, text.splitlines())) <= 120

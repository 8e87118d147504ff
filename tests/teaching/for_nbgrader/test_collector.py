"""One notebook of each student: copies beside it are left out, and nobody is lost."""

import logging
from pathlib import Path

import pytest
from nbgrader.plugins import FileNameCollectorPlugin
from traitlets.config import Config

from ppo_lessons.teaching.for_nbgrader.collector import OneOfEach
from ppo_lessons.teaching.for_nbgrader.texts import config

MOODLE = "class/Anna Schmidt_{}_assignsubmission_file/07_ratios.ipynb"


@pytest.fixture
def collect(tmp_path, monkeypatch):
    """Collects these files, as zip_collect does it; gives path -> student."""
    settings = Config()
    monkeypatch.setenv("PATH", "elsewhere")
    exec(config(["07_ratios"]), {"get_config": lambda: settings})
    root = tmp_path / "downloaded" / "07_ratios" / "extracted"

    def run(*names):
        for name in names:
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        collector = OneOfEach(config=settings)
        found = {name: collector.collect(str(root / name)) for name in sorted(names)}
        assert all(each is None or each["file_id"] == "07_ratios" for each in found.values())
        return {name: each and each["student_id"] for name, each in found.items()}

    return run


def test_the_plain_one_counts(collect, caplog):
    """Copies of browsers and of JupyterLab lie beside it; their names come before and after it."""
    names = ["anna/07_ratios (1).ipynb", "anna/07_ratios-Copy1.ipynb", "anna/07_ratios_2.ipynb"]
    with caplog.at_level(logging.WARNING):
        assert collect(*names, "anna/07_ratios.ipynb") == {**dict.fromkeys(names), "anna/07_ratios.ipynb": "anna"}
    assert caplog.text.count("Left out") == 3


def test_of_copies_alone_the_first_counts(collect):
    names = "ben_07_ratios (1).ipynb", "ben_07_ratios (2).ipynb"
    assert collect(*names) == {names[0]: "ben", names[1]: None}


def test_two_of_one_name_are_told_apart_by_their_numbers(collect):
    copy = MOODLE.format(22).replace(".ipynb", " (1).ipynb")
    assert collect(MOODLE.format(11), MOODLE.format(22), copy) == {
        MOODLE.format(11): "Anna Schmidt",
        MOODLE.format(22): "Anna Schmidt_22",
        copy: None,
    }


def test_two_notebooks_that_may_be_of_two_students_are_left_to_nbgrader(collect, caplog):
    """It stops there, and the line before says what to do."""
    names = "class/anna/new/07_ratios.ipynb", "class/anna/old/07_ratios.ipynb"
    assert collect(*names) == dict.fromkeys(names, "anna")
    assert "anna has two notebooks" in caplog.text


def test_what_nbgrader_does_not_understand_is_left_out(collect):
    assert collect("07_ratios.ipynb") == {"07_ratios.ipynb": None}


def test_nbgrader_itself_takes_both(collect, tmp_path, monkeypatch):
    """And then gives the class up: the day that it does not, this collector can go."""
    monkeypatch.setattr(OneOfEach, "collect", FileNameCollectorPlugin.collect)
    names = "anna/07_ratios (1).ipynb", "anna/07_ratios.ipynb"
    assert collect(*names) == dict.fromkeys(names, "anna")
    assert Path(tmp_path).exists()

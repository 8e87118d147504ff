"""Wheel and sdist as files. That they work elsewhere is held by `test_clean_install`."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from ppo_lessons.publishing import release
from ppo_lessons.publishing.build import lessons
from ppo_lessons.publishing.release import ROOT, build, build_wheel, contents, faults, metadata_faults


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """The release of this checkout."""
    return build(tmp_path_factory.mktemp("dist"))


def test_this_checkout_can_be_released(built):
    assert faults(built) == []


def test_the_wheel_brings_what_a_learner_opens(built):
    names = set(contents(built.wheel))
    assert {f"ppo_lessons/course/notebooks/{name}.ipynb" for name in lessons()} <= names
    assert {f"ppo_lessons/course/{path.relative_to(ROOT).as_posix()}" for path in ROOT.glob("docs/**/*.md")} <= names
    of_the_page = {name.split("/data/")[1] for name in names if ".data/data/" in name}
    assert of_the_page == {
        path.relative_to(ROOT / "jupyter").as_posix() for path in ROOT.glob("jupyter/**/*") if path.is_file()
    }


def test_the_wheel_brings_every_file_of_the_package_that_git_keeps(built):
    """Scripts, styles, recordings and teams are loaded when they are needed: one that is missing shows late."""
    if not (ROOT / ".git").exists():
        pytest.skip("no checkout")
    kept = subprocess.run(["git", "ls-files", "ppo_lessons"], cwd=ROOT, capture_output=True, text=True, check=True)
    assert set(kept.stdout.split()) <= set(contents(built.wheel))


def test_what_is_wrong_is_said(built, tmp_path, monkeypatch):
    """A wheel that lacks a file, an sdist that lacks another, and a learner's file that came along."""
    there = contents(built.wheel)

    def other(archive: Path) -> dict[str, bytes]:
        if archive.suffix == ".gz":
            return {name: data for name, data in contents(archive).items() if name != "LICENSE"}
        mine = {"ppo_lessons/course/notebooks/my_ppo.py": b""}
        return {**{name: data for name, data in there.items() if name != "ppo_lessons/train.py"}, **mine}

    monkeypatch.setattr(release, "contents", lambda path: other(path) if path.parent == built.wheel.parent else there)
    said = faults(built)
    assert "The sdist holds LICENSE. It is missing" in said
    assert "From the sdist as from the checkout: the same wheel. Got another ppo_lessons/train.py" in said
    assert "A learner's own files stay at home. Got ppo_lessons/course/notebooks/my_ppo.py" in said
    assert len(said) == 4


@pytest.mark.parametrize(
    ("line", "other", "said"),
    [
        ("License-Expression: MIT", "License-Expression: Free for all", "license-expression"),
        ("\nVersion: ", "\nVersion: 7!", "The version is"),
        ("Requires-Python: >=3.10", "Requires-Python: three", "'three'"),
    ],
)
def test_metadata_that_an_index_would_refuse_are_named(built, line, other, said):
    wheel = contents(built.wheel)
    (name,) = (name for name in wheel if name.endswith(".dist-info/METADATA"))
    assert line.encode() in wheel[name]
    (fault,) = metadata_faults({name: wheel[name].replace(line.encode(), other.encode())})
    assert said in fault


def test_what_a_learner_made_in_the_checkout_stays_there(tmp_path):
    """Of a checkout in which somebody has learned, none of that is released."""
    course = tmp_path / "course"
    for name in ("pyproject.toml", ".gitignore", "README.md", "LICENSE"):
        (course / name).parent.mkdir(exist_ok=True)
        shutil.copy(ROOT / name, course / name)
    for name in ("ppo_lessons/__init__.py", "docs/page.md", "jupyter/share/x", "notebooks/07_ratios.ipynb"):
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text("", encoding="utf-8")
    of_a_learner = ("notebooks/my_ppo.py", "notebooks/.progress.jsonl", "my_worlds/lamps.py", ".venv/bin/python")
    for name in (*of_a_learner, "notebooks/.ipynb_checkpoints/07_ratios-checkpoint.ipynb"):
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text("mine", encoding="utf-8")
    made = build(tmp_path / "dist", course)
    assert b"mine" not in {*contents(made.sdist).values(), *contents(made.wheel).values()}
    assert "ppo_lessons/course/notebooks/07_ratios.ipynb" in contents(made.wheel)


def test_what_is_copied_into_the_container_makes_the_same_wheel(built, tmp_path):
    """From a folder that has those files and no other. No container engine runs where the tests do."""
    copied = re.findall(
        r"^COPY (?!--from)(.+) (\S+)$", (ROOT / "Containerfile").read_text(encoding="utf-8"), re.MULTILINE
    )
    for name, place in ((name, place) for names, place in copied for name in names.split()):
        source, target = ROOT / name, tmp_path / "source" / (name if place == "./" else place)
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target)
        else:
            shutil.copy(source, target)
    assert contents(build_wheel(tmp_path / "dist", tmp_path / "source")) == contents(built.wheel)

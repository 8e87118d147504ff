"""The lessons in a folder of the learner's own: all, with links that lead somewhere, and nothing overwritten."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from ppo_lessons.lessons import own_folder
from ppo_lessons.lessons.own_folder import (
    FIRST,
    HOUSE,
    OF_TEACHERS,
    copy_lessons,
    course,
    in_jupyterlab,
    without_dead_links,
)
from ppo_lessons.publishing.build import lessons


@pytest.fixture(scope="module")
def copied(tmp_path_factory):
    folder = tmp_path_factory.mktemp("home") / "my lessons"
    names, kept = copy_lessons(folder)
    assert kept == []
    return folder, names


def test_every_lesson_and_page_is_there(copied):
    folder, names = copied
    assert {f"notebooks/{name}.ipynb" for name in lessons()} | {"docs/glossary.md", "docs/three_ages.png"} <= {*names}
    assert not {*OF_TEACHERS} & {*names} and (HOUSE.parent / OF_TEACHERS[0]).exists()
    assert {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()} == {*names}


def test_links_lead_somewhere(copied):
    """To another lesson and to a page of the docs; what only a checkout has is a label."""
    folder, names = copied
    found = 0
    for path in (folder / name for name in names if name.endswith((".md", ".ipynb"))):
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".ipynb":
            cells = json.loads(text)["cells"]
            text = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
        for target in re.findall(r"\]\((?!\w+:|#)([^()\s#]+)", text):
            assert (path.parent / target).exists(), f"{path.name}: {target}"
            found += 1
    assert found > 300


def test_what_the_learner_wrote_is_kept(tmp_path):
    copy_lessons(tmp_path)
    lesson, page = tmp_path / FIRST, tmp_path / "docs" / "glossary.md"
    lesson.write_text("mine", encoding="utf-8")
    page.unlink()
    assert copy_lessons(tmp_path) == (["docs/glossary.md"], [FIRST])
    assert lesson.read_text(encoding="utf-8") == "mine" and page.exists()


def test_an_installed_package_brings_its_own(tmp_path, monkeypatch):
    """And does not take those of another checkout around it."""
    house = tmp_path / "site-packages" / "ppo_lessons"
    monkeypatch.setattr(own_folder, "HOUSE", house)
    house.mkdir(parents=True)
    with pytest.raises(FileNotFoundError, match="Got neither"):
        course()
    for root in (house.parent, house / "course"):
        (root / FIRST).parent.mkdir(parents=True)
        (root / FIRST).write_text(root.name, encoding="utf-8")
        assert course() == root
    copy_lessons(tmp_path / "mine")
    assert (tmp_path / "mine" / FIRST).read_text(encoding="utf-8") == "course"


def test_a_file_in_the_folders_place_is_refused(tmp_path):
    (tmp_path / "mine").write_text("", encoding="utf-8")
    with pytest.raises(NotADirectoryError, match="copied into a folder"):
        copy_lessons(tmp_path / "mine")


def test_a_link_to_what_is_not_there_is_its_label():
    text = "[losses](../ppo_lessons/losses.py), [policy](../docs/glossary.md#policy), ![x](../docs/x.png), [a](b.ipynb)"
    assert without_dead_links(text, "notebooks", {"docs/glossary.md"}) == text.replace(
        "[losses](../ppo_lessons/losses.py)", "losses"
    )


def test_jupyterlab_shows_the_course_as_start_py_does(tmp_path, monkeypatch):
    monkeypatch.setenv("JUPYTER_CONFIG_PATH", "mine")
    command, environment = in_jupyterlab(tmp_path, ["--no-browser"])
    assert command[:3] == [sys.executable, "-m", "jupyterlab"] and f"--LabApp.default_url=/lab/tree/{FIRST}" in command
    assert f"--ServerApp.root_dir={tmp_path.resolve()}" in command and command[-1] == "--no-browser"
    *ours, mine = environment["JUPYTER_CONFIG_PATH"].split(os.pathsep)
    assert [Path(path).name for path in ours] == ["course", "lab"] and mine == "mine"
    assert all(Path(path).is_relative_to(HOUSE.parent / "jupyter") and Path(path).is_dir() for path in ours)

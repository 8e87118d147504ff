"""A notebook follows from its source: a changed line is one changed cell, and is noticed."""

from pathlib import Path

import pytest

from ppo_lessons.classroom.desk import solution_source
from ppo_lessons.publishing import build
from ppo_lessons.publishing.build import NOTEBOOKS, exercise_of, is_stale, read_lesson, solve


def test_a_changed_source_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    text = (NOTEBOOKS / "source" / "01_rollout.py").read_text(encoding="utf-8")
    (tmp_path / "01_rollout.py").write_text(text.replace("seed=7", "seed=8"), encoding="utf-8")
    monkeypatch.setattr(build, "SOURCE", tmp_path)
    assert is_stale("01_rollout")


def test_one_changed_line_changes_one_cell(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    before = read_lesson("11_full_update")
    text = (NOTEBOOKS / "source" / "11_full_update.py").read_text(encoding="utf-8")
    assert text.count("manual_seed(0)\norder") == 1
    (tmp_path / "11_full_update.py").write_text(
        text.replace("manual_seed(0)\norder", "manual_seed(1)\norder"), encoding="utf-8"
    )
    monkeypatch.setattr(build, "SOURCE", tmp_path)
    after = read_lesson("11_full_update")
    assert sum(a != b for a, b in zip(before.cells, after.cells, strict=True)) == 1


def test_blanks_are_filled_with_the_packages_own_source():
    notebook = solve(read_lesson("08_clipping"))
    filled = [cell.source for cell in notebook.cells if "exercise" in cell.metadata.get("tags", [])]
    exercises = [exercise_of(cell) for cell in notebook.cells if exercise_of(cell)]
    assert len(filled) == 3 and filled == [solution_source(exercise) for exercise in exercises]


def test_a_blank_without_an_exercise_is_refused():
    cell = next(cell for cell in read_lesson("08_clipping").cells if exercise_of(cell))
    cell.source = "def nobody_knows_this():\n    return ..."
    with pytest.raises(ValueError, match=r"defines the function of an exercise. Got: 'def nobody_knows"):
        exercise_of(cell)

"""The house is measured from its files."""

from pathlib import Path

import pytest

from ppo_lessons.publishing import house
from ppo_lessons.publishing.house import HOUSE, core_graph, floor_plan, functions_of, imports_of, in_numbers, room_of


def test_rooms_are_folders():
    assert room_of("ppo_lessons") == room_of("ppo_lessons.train") == "door"
    assert room_of("ppo_lessons.losses") == "core"
    assert room_of("ppo_lessons.lessons.clipping.figures") == "lessons"


def test_imports_are_found_wherever_they_stand(tmp_path: Path):
    file = tmp_path / "a.py"
    file.write_text("import os.path\n\ndef f():\n    from a.b import c, d\n", encoding="utf-8")
    assert imports_of(file) == {"os.path", "a.b", "a.b.c", "a.b.d"}
    file.write_text("from . import c\n", encoding="utf-8")
    with pytest.raises(ValueError, match="written out in full"):
        imports_of(file)


def test_functions_are_counted_with_and_without_their_docstrings(tmp_path: Path):
    file = tmp_path / "a.py"
    file.write_text('def f():\n    """Two\n    lines."""\n\n    return 1\n\n\ndef g(): ...\n', encoding="utf-8")
    assert list(functions_of(file)) == [("f", 5, 3), ("g", 1, 1)]


def test_the_core_is_listed_in_the_order_in_which_it_can_be_read():
    lines = core_graph().splitlines()
    seen: set[str] = set()
    for line in lines:
        name, _, needs = line.partition(": ")
        assert {need for need in needs.split(", ") if need and "." not in need} <= seen, line
        seen.add(name)
    assert seen == {path.stem for path in HOUSE.glob("*.py")} - {"__init__", "train"}
    assert "losses" in lines, "needs nobody"


def test_the_plan_counts_every_line():
    rows = [row.strip("| ").split(" | ") for row in floor_plan().splitlines()[2:]]
    doors = sum(house.lines_of(HOUSE / name) for name in ("__init__.py", "train.py"))
    total = sum(int(row[3].replace(",", "")) for row in rows) + doors
    assert in_numbers().startswith(f"{total:,} lines in {sum(int(row[2]) for row in rows) + 2} modules")
    assert [row[1] for row in rows][-1] == "guards" and len(rows[-1]) == 4, "it imports nobody"

"""The generated pages are those that the sources give, and their links lead somewhere."""

import re
from pathlib import Path

import pytest

from ppo_lessons.publishing import pages as module
from ppo_lessons.publishing.build import NOTEBOOKS, lessons
from ppo_lessons.publishing.pages import filled, lesson_table, pages, write_pages

PAGES = sorted([*NOTEBOOKS.parent.glob("*.md"), *(NOTEBOOKS.parent / "docs").glob("*.md")])


COUNT = re.compile(r"\d+,\d{3}|(?<=\| )\d{3,}(?= \|)")  # of lines, in the floor plan and the sentence below it


def without_counts(text: str) -> tuple[str, list[int]]:
    """Return a page with its counts of lines taken out, and those: every change of a module changes some."""
    return COUNT.sub("N", text), [int(count.replace(",", "")) for count in COUNT.findall(text)]


def test_no_page_is_stale():
    for path, text in pages().items():
        (stood, were), (stands, are) = without_counts(path.read_text(encoding="utf-8")), without_counts(text)
        assert stood == stands, f"Run `python start.py format`: {path.name} is stale"
        assert were == pytest.approx(are, rel=0.03), f"Run `python start.py format`: {path.name} counts otherwise"


def test_counts_of_lines_and_nothing_else_may_be_a_little_old():
    row, sentence = "| 5 | classroom | 31 | 513 | core |", "18,907 lines in 181 modules, the longest of 298"
    assert without_counts(row) == ("| 5 | classroom | 31 | N | core |", [513])
    assert without_counts(sentence) == ("N lines in 181 modules, the longest of 298", [18907])


@pytest.mark.parametrize("page", PAGES, ids=lambda path: path.name)
def test_every_link_leads_somewhere(page: Path):
    targets = re.findall(r"\]\(([^)\s]+)\)", page.read_text(encoding="utf-8"))
    missing = [t for t in targets if not t.startswith("http") and not (page.parent / t.split("#")[0]).exists()]
    assert missing == []


def test_the_table_has_a_row_for_every_lesson():
    rows = re.findall(r"^\| \[.+\]\(notebooks/(\w+)\.ipynb\) \| \d+ \| \d+ \| (.+) \|$", lesson_table(), re.MULTILINE)
    assert [name for name, _ in rows] == lessons()
    assert dict(rows)["08_clipping"] == "when does PPO stop pushing?"


def test_a_lesson_without_its_question_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    (tmp_path / "01_new.py").write_text("# %% [markdown]\n# # A lesson\n", encoding="utf-8")
    monkeypatch.setattr("ppo_lessons.publishing.build.SOURCE", tmp_path)
    with pytest.raises(ValueError, match=r"begins with .+Got 01_new"):
        lesson_table()


def test_only_the_generated_parts_of_a_page_are_written(tmp_path: Path):
    page = tmp_path / "page.md"
    page.write_text("before\n\n<!-- part -->\n\nold\nlines\n\n<!-- end -->\n\nafter\n", encoding="utf-8")
    assert filled(page, {"part": r"new \1"}) == "before\n\n<!-- part -->\n\nnew \\1\n\n<!-- end -->\n\nafter\n"
    with pytest.raises(ValueError, match=r"page\.md must have one place <!-- other -->"):
        filled(page, {"other": ""})


def test_pages_are_written_where_they_stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(module, "pages", lambda: {tmp_path / "a.md": "a ∇\n"})
    write_pages()
    assert (tmp_path / "a.md").read_bytes() == "a ∇\n".encode()

"""The index of all ways to run the course says what their pages say."""

import pytest

from ppo_lessons.publishing import running_pages
from ppo_lessons.publishing.running_pages import ORDER, RUNNING, head_of, running_parts, ways


def test_every_page_has_its_row_in_the_order_of_many_readers():
    assert [path.stem for path in ways()] == list(ORDER)
    rows = running_parts()["ways"].splitlines()[2:]
    assert [row.split("](")[1].split(".md)")[0] for row in rows] == list(ORDER)
    assert rows[0].startswith("| [On a laptop](laptop.md) | yes | whoever learns alone")
    assert "| in part |" in rows[ORDER.index("vscode")] and "| **no** |" in rows[ORDER.index("colab")]


@pytest.mark.parametrize("path", ways(), ids=lambda path: path.stem)
def test_what_was_tried_says_when_and_with_what_and_what_was_not_says_why(path):
    head = head_of(path)
    assert ("2026-" in head["how"] and any(c.isdigit() for c in head["how"].split("2026-")[1][5:])) or (
        head["tried"] == "Not tried" and head["how"].startswith(", since ")
    )


def test_a_page_that_does_not_say_whether_it_was_tried_is_refused(tmp_path):
    (tmp_path / "cloud.md").write_text("# In a cloud\n\n**For** whoever.\n", encoding="utf-8")
    with pytest.raises(ValueError, match=r"Got cloud\.md"):
        head_of(tmp_path / "cloud.md")


def test_a_new_page_comes_last(tmp_path, monkeypatch):
    monkeypatch.setattr(running_pages, "RUNNING", tmp_path)
    for path in (*RUNNING.glob("*.md"), tmp_path / "a_cloud.md"):
        (tmp_path / path.name).write_text("", encoding="utf-8")
    assert [path.stem for path in ways()] == [*ORDER, "a_cloud"]

"""What is laid out for the site: everything that is linked to, with links that stay true."""

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from ppo_lessons.publishing.site.manuscript import Manuscript, source_page
from ppo_lessons.publishing.site.pictures import Pictures

FILES = {
    "README.md": "# Course\n\n[first](notebooks/00_first.ipynb), [words](docs/words.md#a), [all](ppo/)",
    "docs/words.md": "# Words\n\n[code](../ppo/code.py), [front](../README.md), [out](https://example.org/a.py)",
    "ppo/code.py": "x = 1\n",
    "ppo/alone.py": "y = 2\n",
    "more.md": "# Nobody links here",
}


@pytest.fixture
def source(tmp_path):
    course = tmp_path / "course"
    for name, text in FILES.items():
        (course / name).parent.mkdir(parents=True, exist_ok=True)
        (course / name).write_text(text)
    (course / "notebooks").mkdir()
    lesson = new_notebook(cells=[new_markdown_cell("# 0. First: why?\n\n[code](../ppo/code.py)")])
    nbformat.write(lesson, course / "notebooks" / "00_first.ipynb")
    manuscript = Manuscript(tmp_path / "source", Pictures(tmp_path / "pictures"), {}, course)
    manuscript.write()
    return tmp_path / "source"


def test_it_holds_what_can_be_reached_and_nothing_else(source):
    found = {path.relative_to(source).as_posix() for path in source.rglob("*") if path.is_file()}
    assert found == {"index.md", "docs/words.md", "notebooks/00_first.ipynb", "ppo/code.py", "ppo/code.py.md"}


def test_links_lead_to_pages(source):
    assert (
        (source / "index.md").read_text().endswith("[first](notebooks/00_first.ipynb), [words](docs/words.md#a), all")
    )
    assert (
        (source / "docs" / "words.md")
        .read_text()
        .endswith("[code](../ppo/code.py.md), [front](../index.md), [out](https://example.org/a.py)")
    )
    lesson = nbformat.read(source / "notebooks" / "00_first.ipynb", as_version=4)
    assert "[code](../ppo/code.py.md)" in lesson.cells[0].source
    assert "[how to run it](../index.md#installing)" in lesson.cells[0].source


def test_a_file_of_code_is_a_page(source):
    page = (source / "ppo" / "code.py.md").read_text()
    assert page.startswith("---\norphan: true\n---\n\n# ppo/code.py\n")
    assert "{literalinclude} code.py\n:language: python" in page
    assert source_page.__doc__

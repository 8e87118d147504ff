"""What does not hold together is told before a site is written; a whole one is tried in tests/browser."""

import pytest

from ppo_lessons.publishing.site import book
from ppo_lessons.publishing.site.book import SETTINGS, BrokenSite, build_site


@pytest.fixture
def small(monkeypatch):
    """Builds a site of one page."""

    def build(text, to):
        class OnePage:
            def __init__(self, folder, *_):
                self.folder = folder

            def write(self):
                self.folder.mkdir()
                (self.folder / "index.md").write_text(text)

        monkeypatch.setattr(book, "Manuscript", OnePage)
        build_site(to, alive=())

    return build


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("# Title\n\n[words](nowhere.md)\n", "index.md.*nowhere.md"),
        ('# Title\n\n<img src="https://example.org/x.png">\n', "would load https://example.org/x.png from elsewhere"),
        ('# Title\n\n<a href="gone.html">gone</a>\n', "index.html: gone.html leads nowhere"),
    ],
)
def test_a_broken_site_is_not_written(small, tmp_path, text, fault):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old.html").write_text("old")
    with pytest.raises(BrokenSite, match=fault):
        small(text, tmp_path / "site")
    assert (tmp_path / "site" / "old.html").exists(), "what was there stays"


def test_a_whole_one_takes_the_place_of_the_old_one(small, tmp_path):
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "old.html").write_text("old")
    small("# Title\n\nAn equation: $x^2$\n", tmp_path / "site")
    assert "<msup>" in (tmp_path / "site" / "index.html").read_text()
    assert not (tmp_path / "site" / "old.html").exists()


def test_no_cell_is_run():
    assert SETTINGS["nb_execution_mode"] == "off"

"""The built site: complete, and nothing from elsewhere."""

import pytest

from ppo_lessons.publishing.build import lessons
from ppo_lessons.publishing.site.book import SETTINGS as SETTINGS
from ppo_lessons.publishing.site.book import BrokenSite, _run_sphinx

pytestmark = pytest.mark.slow


def test_every_lesson_has_its_page(site):
    assert {path.stem for path in (site / "notebooks").glob("*.html")} == set(lessons())


def test_a_link_that_leads_nowhere_is_told(tmp_path):
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "index.md").write_text("# Title\n\n[words](nowhere.md)\n")
    with pytest.raises(BrokenSite, match=r"index.md.*nowhere.md"):
        _run_sphinx(tmp_path / "source", tmp_path / "html", SETTINGS)

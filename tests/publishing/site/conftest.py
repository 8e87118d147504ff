"""The site, built once for all of its tests."""

from pathlib import Path

import pytest

from ppo_lessons.publishing.site.book import build_site


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the finished site."""
    to = tmp_path_factory.mktemp("built") / "site"
    build_site(to)
    return to

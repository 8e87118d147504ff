"""The longest files are begun first, so that no worker is left alone with one in the end, and browsers are kept apart.

Without this all workers would begin with one, and a busy browser is slow to answer.
"""

from pathlib import Path

import pytest

TESTS = Path(__file__).parent
LONG = (
    "browser/test_browser.py",
    "notebooks/test_reruns.py",
    "classroom/test_exam.py",
    "teaching/test_grade.py",
    "notebooks/test_notebooks.py",
    "browser/test_living_figures_in_browser.py",
    "teaching/for_nbgrader/test_course.py",
    "browser/test_site_in_browser.py",
    "shipped/test_on_ray.py",
    "browser/test_readable_in_browser.py",
    "notebooks/test_a_new_lesson.py",
    "classroom/test_my_ppo.py",
    "notebooks/test_readable.py",
    "teaching/handing_out/test_handout.py",
)
"""Each takes more than a minute."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put them first, in this order."""
    places = {TESTS / name: place for place, name in enumerate(LONG)}
    items.sort(key=lambda item: places.get(item.path, len(LONG)))

"""Headings by role have a level; the whole page is put before axe in tests/browser."""

from ppo_lessons.publishing.site.theme import with_levels


def test_a_heading_by_role_has_a_level():
    assert with_levels('<p role="heading"><b>Lessons</b></p>') == '<p role="heading" aria-level="2"><b>Lessons</b></p>'

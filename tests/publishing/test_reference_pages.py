"""The glossary and the map cannot drift from the sources."""

import re

import pytest

from ppo_lessons.lessons import EXERCISES
from ppo_lessons.publishing import reference_pages
from ppo_lessons.publishing.reference_pages import glossary_page, map_page
from ppo_lessons.publishing.terms import TERMS


def test_a_term_that_names_nothing_is_noticed(monkeypatch: pytest.MonkeyPatch):
    wrong = TERMS[0]._replace(code="losses.no_such_loss")
    monkeypatch.setattr(reference_pages, "TERMS", (wrong,))
    with pytest.raises(AttributeError, match="no_such_loss"):
        glossary_page()


def test_every_equation_of_the_update_has_lesson_and_test():
    rows = [line.split("|")[1:-1] for line in map_page().splitlines() if "](../ppo_lessons/" in line]
    functions = {re.search(r"`(\w+)`", row[1]).group(1) for row in rows}
    assert {"gae", "td_errors", "importance_ratios", "clipped_surrogate_loss", "value_loss", "total_loss"} <= functions
    for row in rows:
        assert row[2].strip() and row[3].strip(), row


def test_every_exercise_of_an_equation_is_on_the_map():
    text = map_page()
    for exercise in EXERCISES:
        if "References:" in (exercise.function.__doc__ or "") and exercise.function.__module__.endswith("losses"):
            assert f"`{exercise.name}`" in text

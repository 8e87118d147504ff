"""Lessons as they are named on the command line."""

import pytest

from ppo_lessons.publishing.build import lessons
from ppo_lessons.teaching.chosen import chosen

ALL = tuple(lessons())


def numbers(names: list[str]) -> list[int]:
    return [int(name[:2]) for name in names]


@pytest.mark.parametrize(
    ("wish", "expected"),
    [
        ("1-7", range(8)),
        ("1,3,5-8", [0, 1, 3, 5, 6, 7, 8]),
        ("0", [0]),
        ("00-02", [0, 1, 2]),
        (" 3 , 1 - 2,2", [0, 1, 2, 3]),
        ("07", [0, 7]),
        (None, range(len(ALL))),
    ],
)
def test_lessons_are_chosen_by_their_numbers(wish, expected):
    assert numbers(chosen(wish)) == list(expected)


@pytest.mark.parametrize("wish", ["", "a", "7-1", "1-", "-3", "1,,2", "1;2", "1-2-3", "01_rollout", "1.2", "²", "100"])
def test_what_is_no_list_of_lessons_is_refused_in_words(wish):
    with pytest.raises(ValueError, match=r"such as 1-7 or 1,3,5-8\. Got"):
        chosen(wish)


def test_a_lesson_that_is_not_there_is_named():
    with pytest.raises(ValueError, match=r"There is no lesson 99 here. There are 0, 1, "):
        chosen("16-17,99")

"""All that came of grading, in its orders, and who has not begun."""

import random

import pytest

from ppo_lessons.teaching.outcomes import BLANK, MISSING, RIGHT, UNKNOWN, UNREADABLE
from ppo_lessons.teaching.results.class_result import ClassResult, name_order, number_order
from tests.teaching.made_up_class import graded


def of(**outcomes):
    """A class in lessons 2 and 7: name -> an outcome for 2.9, 2.10 and 7.1."""
    numbers = ("2.9", "2.10", "7.1")
    return [
        graded(student, n, outcome)
        for student, row in outcomes.items()
        for n, outcome in zip(numbers, row, strict=True)
    ]


SOME = of(
    zoe=(RIGHT, UNKNOWN, RIGHT),
    Ida=(BLANK, BLANK, MISSING),
    özil=(MISSING, MISSING, RIGHT),
    Ola=(UNREADABLE, UNREADABLE, UNREADABLE),
    Pia=(BLANK, MISSING, BLANK),
    Roy=(UNREADABLE, BLANK, RIGHT),
)


def test_orders_do_not_depend_on_how_it_came():
    result = ClassResult(graded=SOME)
    mixed = random.Random(0).sample(SOME, len(SOME))
    assert result.students == ("Ida", "Ola", "özil", "Pia", "Roy", "zoe")
    assert result.exercises == ("2.9", "2.10", "7.1") and result.lessons == ("02", "07")
    assert ClassResult(graded=mixed).in_order == result.in_order
    assert [each.student for each in result.of_exercise("2.10")] == list(result.students)
    assert [each.exercise for each in result.of_student("zoe")] == ["2.9", "2.10", "7.1"]
    assert result.exercises_of("02") == ("2.9", "2.10")


def test_numbers_are_no_decimals_and_names_no_codes():
    assert sorted(["2.10", "10.1", "2.9", "2.1"], key=number_order) == ["2.1", "2.9", "2.10", "10.1"]
    assert sorted(["Zoe", "Özil", "Ola", "pia", "Ozil"], key=name_order) == ["Ola", "Ozil", "Özil", "pia", "Zoe"]


def test_who_has_not_begun_stands_in_one_list_for_each_lesson():
    result = ClassResult(graded=SOME)
    assert result.nothing_of("02") == ("özil",) and result.nothing_of("07") == ("Ida",)
    assert result.blank_of("02") == ("Ida", "Pia") and result.blank_of("07") == ("Pia",)
    assert result.unread_of("02") == ("Ola", "Roy") and result.unread_of("07") == ("Ola",)
    assert result.began("02") == ("zoe",) and result.began("07") == ("özil", "Roy", "zoe")


def test_absent_is_who_handed_in_nothing():
    result = ClassResult(graded=SOME, not_handed_in=["Xu", "Örs", "zoe"])
    assert result.absent == ("Örs", "Xu"), "zoe handed in something after all"


@pytest.mark.parametrize("wrong", [SOME[1:], [*SOME, SOME[0]]])
def test_gaps_and_doubles_are_refused(wrong):
    with pytest.raises(ValueError, match="one outcome for each exercise"):
        ClassResult(graded=wrong)


def test_nobody_is_a_class_too():
    assert ClassResult(graded=[]).students == ()

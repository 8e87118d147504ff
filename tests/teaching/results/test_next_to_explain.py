"""What most of the class share."""

from ppo_lessons.lessons import desk
from ppo_lessons.teaching.outcomes import BLANK, MISSING, MISTAKE, RIGHT, UNKNOWN
from ppo_lessons.teaching.results.class_result import ClassResult
from ppo_lessons.teaching.results.next_to_explain import left_blank, mistakes_in, most_unknown, shared_mistakes
from tests.teaching.made_up_class import graded

MAX, HALF = (mistake.name for mistake in desk.find("8.1").mistakes[:2])


def classroom(**rows):
    """Number (2_9 for 2.9) -> what students a, b, c, ... have: an outcome, or the name of a mistake."""
    outcomes = (RIGHT, UNKNOWN, BLANK, MISSING)
    return ClassResult(
        graded=[
            graded(student, number[1:].replace("_", "."), *((had,) if had in outcomes else (MISTAKE,)),
                   **({} if had in outcomes else {"mistake": had}))
            for number, row in rows.items()
            for student, had in zip("abcdefgh", row, strict=False)
        ]
    )  # fmt: skip


def test_the_mistake_that_most_share_comes_first():
    result = classroom(n8_1=[HALF, MAX, MAX, RIGHT], n7_2=["upside down", RIGHT, BLANK, UNKNOWN])
    first, *others = shared_mistakes(result)
    assert (first.exercise, first.mistake, first.students, first.share) == ("8.1", MAX, ("b", "c"), "2 of 4")
    assert first.advice == desk.find("8.1").mistakes[0].advice and first.lesson == "08"
    assert [topic.exercise for topic in others] == ["7.2", "8.1"], "one student each: the earlier exercise first"


def test_of_equals_the_earlier_exercise_comes_first():
    result = classroom(n2_10=["x", "x"], n2_9=["y", "y"], n11_1=["a", "a"])
    assert [topic.exercise for topic in shared_mistakes(result)] == ["2.9", "2.10", "11.1"]


def test_the_same_name_in_two_exercises_is_two_mistakes():
    assert [topic.share for topic in shared_mistakes(classroom(n7_3=["sum", RIGHT], n9_1=["sum", "sum"]))] == [
        "2 of 2",
        "1 of 2",
    ]


def test_mistakes_of_one_exercise():
    result = classroom(n8_1=["b", "c", "a", "c"], n8_2=["z"] * 4)
    assert [(topic.mistake, len(topic.students)) for topic in mistakes_in(result, "8.1")] == [
        ("c", 2),
        ("a", 1),
        ("b", 1),
    ]


def test_what_stands_in_no_table_has_the_words_of_the_check():
    change = graded("a", "8.1", MISTAKE, mistake="a change", text="not yet. It looks like a change. Look again.")
    (topic,) = shared_mistakes(ClassResult(graded=[change]))
    assert topic.advice == "It looks like a change. Look again."


def test_nobody_makes_a_mistake():
    result = classroom(n8_1=[RIGHT, BLANK])
    assert shared_mistakes(result) == () and most_unknown(result) is None and left_blank(result) == ()


def test_most_unknown_is_one_exercise_the_earlier_of_equals():
    result = classroom(n8_1=[RIGHT, UNKNOWN, RIGHT], n2_10=[UNKNOWN, UNKNOWN, RIGHT], n2_9=[RIGHT, UNKNOWN, UNKNOWN])
    topic = most_unknown(result)
    assert (topic.exercise, topic.students, topic.share) == ("2.9", ("b", "c"), "2 of 3")


def test_blank_counts_among_those_who_began_the_lesson():
    # d and e began nothing of lesson 8: that they left 8.3 blank says nothing of 8.3
    result = classroom(
        n8_1=[RIGHT, RIGHT, RIGHT, BLANK, MISSING],
        n8_2=[RIGHT, RIGHT, BLANK, BLANK, MISSING],
        n8_3=[BLANK, BLANK, RIGHT, BLANK, MISSING],
    )
    (topic,) = left_blank(result)
    assert (topic.exercise, topic.students, topic.share) == ("8.3", ("a", "b"), "2 of 3")


def test_a_third_is_many_and_one_is_not():
    few = classroom(n8_1=[RIGHT] * 7, n8_2=[BLANK, BLANK] + [RIGHT] * 5)
    third = classroom(n8_1=[RIGHT] * 6, n8_2=[BLANK, BLANK] + [RIGHT] * 4)
    alone = classroom(n8_1=[RIGHT] * 2, n8_2=[BLANK, RIGHT])
    assert [len(left_blank(result)) for result in (few, third, alone)] == [0, 1, 0]

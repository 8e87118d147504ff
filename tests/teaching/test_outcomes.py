"""The outcomes have names, and each its place."""

from ppo_lessons.teaching.outcomes import NOT_BEGUN, OUTCOMES, RIGHT, Graded


def test_outcomes():
    assert len(set(OUTCOMES)) == len(OUTCOMES) == 12
    assert OUTCOMES[0] == RIGHT
    assert set(NOT_BEGUN) < set(OUTCOMES)


def test_the_lesson_stands_in_the_number():
    graded = Graded(student="A", exercise="7.2", name="importance_ratios", outcome=RIGHT, points=1, out_of=1)
    assert graded.lesson == "07"

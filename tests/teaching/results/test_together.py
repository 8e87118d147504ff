"""Pairs of students over many exercises: who copied is found, and who did not is left alone."""

import random
import textwrap

import pytest

from ppo_lessons.classroom.desk import solution_source
from ppo_lessons.lessons import desk
from ppo_lessons.teaching.outcomes import RIGHT
from ppo_lessons.teaching.results.class_result import ClassResult, number_order
from ppo_lessons.teaching.results.code_shape import shape_of
from ppo_lessons.teaching.results.given_away import given_away
from ppo_lessons.teaching.results.together import LEAST, _at_least, together
from tests.teaching.course_answers import course_answers
from tests.teaching.made_up_class import graded, made_up_class

ALL = sorted(course_answers(), key=number_order)


def classroom(seed, exercises, students=30, popular=1.0, copies=(), share=1.0):
    """Students who choose among the known answers by themselves, the more popular the more often; and copies."""
    draw = random.Random(seed)
    found = {}
    for number in exercises:
        answers = [each for each in course_answers()[number] if each.outcome == RIGHT or draw.random() < 0.2]
        draw.shuffle(answers)
        weights = [1 / (place + 1) ** popular for place in range(len(answers))]
        for student in range(students):
            found[student, number] = draw.choices(answers, weights)[0].source
        for one, other in copies:
            if draw.random() < share:
                found[other, number] = found[one, number]
    return ClassResult(
        graded=[graded(f"{student:02}", number, source=text) for (student, number), text in found.items()]
    )


@pytest.mark.parametrize("popular", [0, 1, 2])
@pytest.mark.parametrize("number", [6, 12, 24, len(ALL)])
def test_who_works_alone_is_left_alone(popular, number):
    for seed in range(4):
        exercises = random.Random(seed).sample(ALL, number)
        assert together(classroom(seed, exercises, popular=popular)) == ()


def test_who_copies_all_is_found_among_thirty():
    for seed in range(3):
        exercises = sorted(random.Random(seed).sample(ALL, len(ALL) // 2), key=number_order)
        (pair,) = together(classroom(seed, exercises, copies=[(3, 17)]))
        assert pair.students == ("03", "17")
        assert len(pair.exercises) == pair.of >= LEAST and set(pair.exercises) <= set(exercises)
        assert pair.exercises == tuple(sorted(pair.exercises, key=number_order)) and pair.others < 0.2 * pair.of


def test_three_who_copy_are_three_pairs_and_hide_each_other_not():
    found = together(classroom(0, ALL, students=8, copies=[(1, 2), (2, 5)]))
    assert sorted(pair.students for pair in found) == [("01", "02"), ("01", "05"), ("02", "05")]


def test_who_copies_half_of_all_lessons_is_found():
    (pair,) = together(classroom(0, ALL, copies=[(0, 1)], share=0.7))
    assert pair.students == ("00", "01") and len(pair.exercises) < pair.of


def test_names_of_variables_do_not_hide_it():
    rows = [
        graded(student, number, source=f"def f(x):\n    {name} = x + {mine}\n    return {name} * {name}, 'mine'")
        for number in ALL[:12]
        for mine, (student, name) in enumerate((("a", "u"), ("b", "v"), ("c", "w"), ("d", "y"), ("e", "z")))
        for mine in [0 if student in "ab" else mine]
    ]
    (pair,) = together(ClassResult(graded=rows))
    assert pair.students == ("a", "b") and pair.of == len(pair.exercises) == 12 and pair.others == 0


def test_a_few_exercises_say_nothing():
    for students in (2, 30):
        assert together(classroom(0, ALL[:4], students=students, copies=[(0, 1)])) == () and LEAST > 4


@pytest.mark.parametrize("pasted", ["the third hint", "the package's source"])
def test_who_pasted_what_the_course_gives_away_is_not_named(pasted):
    rows = []
    for number in ALL:
        exercise, given = desk.find(number), given_away(number)
        head = next(line for line in given.lines if line.startswith("def "))
        hint = f"{head}\n{textwrap.indent(exercise.hints[2], '    ')}"
        if pasted == "the third hint" and (head[-1] != ":" or shape_of(hint).tree not in given.trees):
            continue  # a head in several lines
        source = hint if pasted == "the third hint" else solution_source(exercise)
        rows += [
            graded(s, number, source=source if s in "ab" else f"def f(x):\n    return {ord(s)}") for s in "abcdefgh"
        ]
    assert len(rows) > 300 and together(ClassResult(graded=rows)) == ()


def test_what_all_have_says_nothing():
    same = [
        graded(student, number, source="def f(x):\n    return x * 3 + 77") for number in ALL for student in "abcdefgh"
    ]
    assert together(ClassResult(graded=same)) == ()


def test_two_alone_are_compared_too():
    """There is no other pair to learn from, and chance is taken to be as kind as `LEAST_RATE`."""
    (pair,) = together(classroom(0, ALL, students=2, copies=[(0, 1)]))
    assert pair.others == 0


def test_the_made_up_class():
    (pair,) = together(made_up_class())
    assert pair.students == ("Smith, Tom", "Vogel, Xenia")


def test_chance():
    assert _at_least(0, 5, 0.3) == pytest.approx(1) and _at_least(5, 5, 0.5) == 1 / 32
    assert _at_least(1, 3, 0.1) == pytest.approx(1 - 0.9**3) and _at_least(3, 3, 1.0) == 1

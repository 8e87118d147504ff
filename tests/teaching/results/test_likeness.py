"""Answers that are suspiciously the same, and the many that are not."""

import inspect
import time
from math import comb

import pytest

from ppo_lessons.lessons import EXERCISES, desk
from ppo_lessons.teaching.outcomes import BLANK, BORROWED, RIGHT, SYNTAX, UNKNOWN
from ppo_lessons.teaching.results.class_result import ClassResult
from ppo_lessons.teaching.results.code_shape import shape_of
from ppo_lessons.teaching.results.given_away import given_away
from ppo_lessons.teaching.results.likeness import (
    COMMENT,
    LONG_TEXT,
    LONG_TREE,
    NOT_SHORT,
    PACKAGE,
    TEXT,
    TREE,
    alike_in,
    groups,
    likeness,
    many,
)
from ppo_lessons.teaching.results.own_answers import own_answers
from tests.teaching.course_answers import course_answers
from tests.teaching.made_up_class import COPIED, SCHEME, graded, made_up_class

ROWS = given_away("6.2")
LONG = """def split_rows(order, minibatch_size):
    pieces, begin, left = [], 0, len(order)
    while left >= 2 * minibatch_size:
        end = begin + minibatch_size
        pieces.append(order[begin:end])
        begin, left = end, left - minibatch_size
    if left > minibatch_size:
        middle = begin + (left + 1) // 2
        pieces.append(order[begin:middle])
        begin = middle
    pieces.append(order[begin:])
    return tuple(piece.clone() for piece in pieces)
"""
RENAMED = LONG.replace("pieces", "out").replace("begin", "i").replace("left", "n").replace("middle", "m")
SHORT = "def split_rows(a, b):\n    return a.split(b)[::-1]"


def own_one(i):
    """Answers of which no two are the same."""
    return f"def split_rows(a, b):\n    return list(a.split(b))[{i}:]"


def alike(sources, outcome=RIGHT, others=0, number="6.2"):
    sources = [*sources, *map(own_one, range(others))]
    rows = [graded(f"{i:02}", number, outcome, source=source) for i, source in enumerate(sources)]
    return alike_in(rows, given_away(number))


def kinds(*args, **more):
    return [(group.kind, len(group.students)) for group in alike(*args, **more)]


def test_a_long_text_twice_is_a_reason_to_look():
    (group,) = alike([LONG, own_one(7), LONG], others=27)
    assert (group.kind, group.students, group.exercise) == (TEXT, ("00", "02"), "6.2")
    assert group.reason == (
        "the same text in 11 lines, with names that nobody else has here (begin, end, left, middle); 2 of 30 have it"
    )


def test_layout_and_lines_of_the_blank_do_not_hide_it():
    comment = next(line for line in ROWS.lines if line.startswith("#"))
    other = LONG.replace("    ", "\t").replace(" = ", "  =  ").replace(":\n", f":\n\t{comment}\n", 1) + "\n\n"
    assert kinds([LONG, other]) == [(TEXT, 2)]


def test_other_names_and_comments_do_not_hide_the_tree():
    (group,) = alike([LONG, RENAMED.replace("while", "# go on\n    while")], others=10)
    assert group.kind == TREE and group.reason == "the same tree under other names, in 11 lines; 2 of 12 have it"


def test_a_text_twice_and_once_renamed_is_told_as_both():
    assert kinds([LONG, LONG, RENAMED], others=20) == [(TEXT, 2), (TREE, 3)]
    assert kinds([LONG, LONG], others=20) == [(TEXT, 2)], "the same text has the same tree, which is not said again"


def test_short_answers_coincide_by_themselves():
    assert kinds([SHORT, SHORT], others=3) == [] and given_away("6.2").own(shape_of(SHORT)) < LONG_TEXT


def test_the_length_of_what_is_given_away_does_not_count():
    hint = "def split_rows(order, minibatch_size):\n" + "".join(
        f"    {line}\n" for line in desk.find("6.2").hints[2].splitlines()
    )
    assert shape_of(hint).tree in ROWS.trees and kinds([hint, hint, hint]) == []
    assert sum(s.size for s in shape_of(hint).statements) >= LONG_TEXT
    changed = hint.replace("return ", "answer = 1\n    return ")
    assert kinds([changed, changed]) == []


def test_what_many_have_says_nothing_of_a_tree_and_is_called_common_for_a_text():
    variants = [LONG.replace("pieces", f"pieces_{i}") for i in range(7)]
    assert kinds(variants[:6], others=24) == [(TREE, 6)] and kinds(variants, others=23) == []
    (group,) = alike([LONG] * 7, others=23)
    assert group.kind == TEXT and group.reason.endswith("7 of 30 have it: perhaps from one source that all may use")
    assert [many(n) for n in (2, 10, 19, 20, 30, 60)] == [3, 3, 3, 4, 6, 12]


def test_a_comment_of_ones_own_is_a_reason_however_short_the_answer():
    remarked = SHORT.replace("    return", "    # the last one first, I do not know why\n    return")
    (group,) = alike([remarked, remarked], others=5)
    assert group.kind == TEXT
    assert "with the same comment, “the last one first, I do not know why”" in group.reason
    (group,) = alike([remarked, remarked.replace("[::-1]", "[::2]")], others=5)
    assert group.kind == COMMENT and group.reason.startswith(
        "the same comment, “the last one first, I do not know why”; 2"
    )


def test_a_comment_that_many_have_or_that_the_course_says_is_none():
    def remarked(i, comment):
        return own_one(i).replace("    return", f"    # {comment}\n    return")

    assert kinds([remarked(i, "as we said on Monday") for i in range(4)], others=26) == [(COMMENT, 4)]
    assert kinds([remarked(i, "as we said on Monday") for i in range(7)], others=23) == []
    assert kinds([remarked(i, "two words") for i in range(2)]) == []
    said = desk.find("6.2").hints[0]
    assert kinds([remarked(i, said) for i in range(2)]) == []


def test_comments_of_one_group_are_told_once():
    two = [
        own_one(i).replace("    return", "    # the first of my remarks\n    # the second of my remarks\n    return")
        for i in range(2)
    ]
    assert kinds(two) == [(COMMENT, 2)]


def test_the_package_s_own_source_is_listed_apart():
    source = inspect.getsource(desk.find("6.2").function)
    found = alike([source, source, LONG, LONG, source.replace("order", "rows")], others=5)
    assert [(group.kind, group.students) for group in found] == [(TEXT, ("02", "03")), (PACKAGE, ("00", "01", "04"))]
    assert kinds([source], others=3) == [(PACKAGE, 1)]
    long = inspect.getsource(desk.find("15.1").function)
    assert given_away("15.1").own(shape_of(long)) > LONG_TEXT
    assert kinds([long, long], number="15.1") == [(PACKAGE, 2)], "that both have it says nothing more"


def test_short_ones_are_the_same_as_the_package_by_themselves():
    own = {each: given_away(each.number).own(shape_of(inspect.getsource(each.function))) for each in EXERCISES}
    other = next(each for each, size in own.items() if 0 < size < NOT_SHORT)
    bare = inspect.getsource(other.function).replace(f'"""{other.function.__doc__}"""', "")
    assert kinds([bare, bare], number=other.number) == []
    assert kinds([inspect.getsource(other.function)], number=other.number) == [(PACKAGE, 1)], "with its docstring"


def test_wrong_in_the_same_unknown_way_is_said():
    assert "wrong in the same unknown way; 2 of 2" in alike([LONG, LONG], UNKNOWN)[0].reason
    assert "unknown way" not in alike([LONG, LONG])[0].reason


def test_what_is_no_program_is_compared_as_text():
    broken = LONG.replace("begin = middle", "begin = = middle")
    assert kinds([broken, broken], SYNTAX) == [(TEXT, 2)]
    assert kinds([broken, broken.replace("pieces", "out")], SYNTAX) == []


@pytest.mark.parametrize("outcome", [BLANK, BORROWED])
def test_what_is_nobody_s_own_is_not_compared(outcome):
    assert kinds([LONG, LONG], outcome) == []


def test_of_all_answers_of_this_course_none_is_suspicious():
    """As if each were by another student: of 26,758 pairs 59 have the same text, 75 the same tree; none is named."""
    pairs, same = 0, {TEXT: [], TREE: []}
    for number, answers in course_answers().items():
        given = given_away(number)
        assert alike_in(answers, given) == (), number
        pairs += comb(len(answers), 2)
        own = [a for a in own_answers(answers, given) if not a.from_hint and not a.from_package]
        for kind, what in ((TEXT, lambda a: "\n".join(a.lines)), (TREE, lambda a: a.shape.tree)):
            for group in groups(own, what):
                same[kind] += [max(answer.size for answer in group)] * comb(len(group), 2)
    assert pairs > 26_000 and len(same[TEXT]) > 40 and len(same[TREE]) > 60, "they do coincide"
    assert max(same[TEXT]) < 0.8 * LONG_TEXT and max(same[TREE]) < 0.8 * LONG_TREE, "and not by a narrow margin"


def test_the_made_up_class():
    found = [(group.exercise, group.kind, group.students) for group in likeness(made_up_class())]
    assert ("8.3", TEXT, ("Baker, Ben", "Özil, Pınar")) in found
    assert ("8.3", COMMENT, ("Baker, Ben", "Özil, Pınar", "Zhou, Zoë")) in found
    copies = {"Smith, Tom", "Vogel, Xenia"}
    assert [students for _, _, students in found if set(students) != copies] == [found[0][2], found[2][2]]
    assert (
        SCHEME.removeprefix("# ") in next(g for g in likeness(made_up_class()) if g.kind == COMMENT).reason and COPIED
    )


def test_paper_is_not_compared():
    rows = [graded(student, "15.5", source="answer = 174  # because I say so and no other") for student in "ab"]
    assert likeness(ClassResult(graded=rows)) == ()


def test_sixty_students_take_no_time():
    """Under a second here; the bound is for slow machines, and for a way that compares each with each."""
    rows = [
        graded(f"{i:02}", number, source=answers[i % len(answers)].source.replace(":", f":  # by student {i} alone", 1))
        for number, answers in course_answers().items()
        for i in range(60)
    ]
    result = ClassResult(graded=rows)
    assert all(given_away(exercise.number) for exercise in EXERCISES)
    shape_of.cache_clear()
    begin = time.process_time()
    likeness(result)
    assert time.process_time() - begin < 6

"""The tables, read as a spreadsheet would."""

import csv
import io

import pytest

from ppo_lessons.teaching.outcomes import MISTAKE, OUTCOMES, UNKNOWN
from ppo_lessons.teaching.results.class_result import ClassResult
from ppo_lessons.teaching.results.table import COLUMNS, answers_csv, harmless, points_csv
from tests.teaching.made_up_class import ABSENT, NASTY, STUDENTS, graded, made_up_class

CLASS = made_up_class()


def read(content, separator=","):
    return list(csv.reader(io.StringIO(content.decode("utf-8-sig"), newline=""), delimiter=separator, strict=True))


def test_one_line_an_answer_in_order():
    head, *rows = read(answers_csv(CLASS))
    assert head == list(COLUMNS) and head[:6] == ["student", "lesson", "exercise", "outcome", "mistake", "points"]
    assert len(rows) == len(CLASS.graded) and {len(row) for row in rows} == {len(COLUMNS)}
    assert {row[3] for row in rows} == set(OUTCOMES)
    assert [row[0] for row in rows[:: len(CLASS.exercises)]] == list(CLASS.students)
    assert [row[2].split()[0] for row in rows[: len(CLASS.exercises)]] == list(CLASS.exercises)


def test_a_line_says_it_all():
    one = graded("Ada", "2.10", MISTAKE, name="clear", mistake="max, \"min\"", points=1, out_of=3,
                 where="a.ipynb, cell 2", remarks=("defined twice", "too long"))  # fmt: skip
    other = graded("Ada", "2.9", UNKNOWN)
    assert read(answers_csv(ClassResult(graded=[one, other])))[1:] == [
        ["Ada", "02", "2.9 f", UNKNOWN, "", "0", "1", "", ""],
        ["Ada", "02", "2.10 clear", MISTAKE, 'max, "min"', "1", "3", "a.ipynb, cell 2", "defined twice; too long"],
    ]


def test_excel_reads_umlauts_and_rfc_4180():
    for content in (answers_csv(CLASS), points_csv(CLASS)):
        assert content.startswith(b"\xef\xbb\xbf") and content.endswith(b"\r\n")
        assert content.count(b"\n") == content.count(b"\r\n") == len(read(content))
        assert "Özil, Pınar" in [row[0] for row in read(content)]


def test_a_semicolon_where_a_spreadsheet_expects_it():
    assert read(answers_csv(CLASS, ";"), ";") == read(answers_csv(CLASS))
    assert points_csv(CLASS, ";").splitlines()[0].decode("utf-8-sig").startswith("student;lesson 07;")


def test_one_line_a_student_with_the_sums():
    head, *rows = read(points_csv(CLASS))
    assert head == ["student", "lesson 07", "lesson 08", "lesson 11", "lesson 15", "sum", "out of"]
    assert [row[0] for row in rows] == [*CLASS.students, *ABSENT] and len(CLASS.students) == len(STUDENTS)
    for name, *numbers in rows[: len(STUDENTS)]:
        *lessons, total, out_of = map(int, numbers)
        assert sum(lessons) == total == sum(each.points for each in CLASS.graded if each.student == name)
        assert lessons[1] == sum(e.points for e in CLASS.graded if e.student == name and e.exercise.startswith("8."))
        assert out_of == sum(each.out_of for each in CLASS.graded) / len(STUDENTS)
    assert rows[-1][1:] == [""] * 6, "who handed in nothing has no points, and not 0"


@pytest.mark.parametrize(
    ("cell", "safe"),
    [
        ("=1+1", "'=1+1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'=1"),
        ("  =1", "'=1"),
        ("\r=1", "'=1"),
        ("＝1", "'＝1"),
        ("a;=1", "a;'=1"),
        ("a; @x;-y", "a; '@x;'-y"),
        ("a\nb\tc", "a b c"),
        ("a-b = c@d", "a-b = c@d"),
        (NASTY, NASTY),
        ("", ""),
        ("Pınar\x00\ud800", "Pınar\ufffd\ufffd"),
    ],
)
def test_no_cell_is_a_formula(cell, safe):
    assert harmless(cell) == safe


def test_every_cell_is_made_harmless():
    one = graded("=cmd()", "7.2", MISTAKE, name="@f", mistake="-x", where="+a.ipynb", remarks=("=a", "=b"))
    result = ClassResult(graded=[one], not_handed_in=["-Ben"])
    cells = [cell for content in (answers_csv(result), points_csv(result)) for row in read(content) for cell in row]
    assert not [cell for cell in cells if cell[:1] in tuple("=+-@")] and "'=a; '=b" in cells and "'-Ben" in cells

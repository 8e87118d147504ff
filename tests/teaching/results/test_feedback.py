"""What a student gets back: all of it, and nothing of anybody else."""

import json

import nbformat
import pytest

from ppo_lessons.teaching.outcomes import BLANK, MISTAKE, OUTCOMES, RIGHT, UNKNOWN
from ppo_lessons.teaching.results.class_result import ClassResult
from ppo_lessons.teaching.results.feedback import feedback_notebook, feedback_page
from tests.teaching.made_up_class import NASTY, STUDENTS, graded, made_up_class
from tests.teaching.page_reader import PageReader

CLASS = made_up_class()
MINE = ClassResult(
    graded=[
        graded("Ada", "7.10", MISTAKE, name="importance_ratios", mistake="x", text="not yet. It looks like x. Look.",
               points=1, out_of=3, source="def f():\n    return 1  # mine", where="07_ratios.ipynb, cell 12",
               remarks=("defined twice: the last definition counts",)),
        graded("Ada", "7.9", RIGHT, name="g", text="right, on 6 inputs."),
        graded("Ben", "7.10", UNKNOWN, text="secret of Ben", source="secret = 'Ben'", remarks=("Ben's remark",)),
        graded("Ben", "7.9", BLANK),
    ]
)  # fmt: skip


def markdown_of(result, student):
    return [
        cell.source
        for cell in nbformat.reads(feedback_notebook(result, student), 4).cells
        if cell.cell_type == "markdown"
    ]


def test_a_page_says_all_that_there_is_to_know():
    text = PageReader(feedback_page(MINE, "Ada")).text
    assert text.index("7.9 g") < text.index("7.10 importance_ratios"), "2.10 comes after 2.9"
    for said in ("1 of 3 points", "1 of 1 point\n", "2 of 4 points",
                 "It looks like x. Look.", "    return 1  # mine", "✗", "✓",
                 "defined twice: the last definition counts", "Graded as it stands in 07_ratios.ipynb, cell 12.",
                 'Go on: exercise 7.10 in 07_ratios.ipynb; hint("7.10") there gives a hint.',
                 "Lesson 07: ratios"):  # fmt: skip
        assert said in text, said
    assert 'hint("7.9")' not in text, "what is right needs none"
    assert "not yet. It looks" not in text, "that is said already"


def test_a_notebook_says_the_same():
    cells = nbformat.reads(feedback_notebook(MINE, "Ada"), 4).cells
    assert [cell.id for cell in cells] == ["head", "said-7-9", "said-7-10", "answer-7-10"]
    assert (
        cells[3].cell_type == "code" and cells[3].source == "def f():\n    return 1  # mine" and cells[3].outputs == []
    )
    assert cells[2].source.split("\n\n") == [
        "## 7.10 importance&#95;ratios",
        "**✗ not yet**, 1 of 3 points",
        "It looks like x&#46; Look&#46;",
        "defined twice: the last definition counts",
        "Graded as it stands in 07&#95;ratios&#46;ipynb, cell 12&#46;",
        'Go on: exercise 7.10 in [07&#95;ratios&#46;ipynb](07_ratios.ipynb); `hint("7.10")` there gives a hint.',
    ]


@pytest.mark.parametrize("make", [feedback_page, feedback_notebook])
def test_nothing_of_anybody_else(make):
    assert "Ben" not in make(MINE, "Ada") and "Ada" not in make(MINE, "Ben")
    for student in STUDENTS:
        page = make(CLASS, student)
        assert not [other for other in STUDENTS if other not in (student, NASTY) and other in page]
        alone = ClassResult(graded=CLASS.of_student(student))
        assert make(alone, student) == page, "the class makes no difference"


@pytest.mark.parametrize("student", STUDENTS)
def test_every_student_gets_a_well_formed_page_and_a_valid_notebook(student):
    read = PageReader(feedback_page(CLASS, student))
    assert read.tags.count("h3") == len(CLASS.exercises) and "script" not in read.tags and student in read.text
    places = set(read.of("id"))
    assert {link[1:] for link in read.of("href")} <= places
    text = feedback_notebook(CLASS, student)
    notebook = nbformat.reads(text, 4)
    nbformat.validate(notebook)
    assert (
        (notebook.nbformat, notebook.nbformat_minor) == (4, 5)
        and text.endswith("}\n")
        and "<script" not in "".join(markdown_of(CLASS, student))
    )
    assert notebook.metadata.kernelspec.name == "python3" and "\\u" not in json.dumps(text, ensure_ascii=False)


def test_every_outcome_has_words():
    for outcome in OUTCOMES:
        result = ClassResult(graded=[graded("Ada", "7.2", outcome)])
        words = "not yet" if outcome in (MISTAKE, UNKNOWN) else {BLANK: "still blank"}.get(outcome, outcome)
        if outcome not in ("missing", "unreadable file"):
            assert words in PageReader(feedback_page(result, "Ada")).text and words in markdown_of(result, "Ada")[1]
        assert "unknown" not in feedback_page(result, "Ada"), "that is for the teacher"


def test_what_cannot_be_written_is_shown():
    bad = "x\ud800\x00\u202e"
    result = ClassResult(graded=[graded(bad, "7.2", text=bad, source=bad, remarks=(bad,), where=bad)])
    for made in (feedback_page(result, bad), feedback_notebook(result, bad)):
        assert made.encode().decode().count("x\ufffd\ufffd\ufffd") >= 5


def test_who_is_not_there():
    with pytest.raises(KeyError):
        feedback_page(MINE, "Cem")

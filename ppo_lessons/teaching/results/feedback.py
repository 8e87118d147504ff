"""What each student gets back, as a page and as a notebook: own answers, what is said of them, and where to go on."""

from collections.abc import Sequence

import nbformat
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from ppo_lessons.publishing.build import METADATA
from ppo_lessons.teaching.outcomes import BLANK, MISSING, MISTAKE, RIGHT, UNKNOWN, UNREADABLE, Graded
from ppo_lessons.teaching.results.class_result import ClassResult
from ppo_lessons.teaching.results.course_words import lesson_file
from ppo_lessons.teaching.results.foreign_text import escaped, in_markdown, shown
from ppo_lessons.teaching.results.page_parts import SIGNS, anchor, code, document, lesson_title, sign

NOT_YET = "not yet"
SAID = {MISTAKE: NOT_YET, UNKNOWN: NOT_YET, BLANK: "still blank", MISSING: "not handed in", UNREADABLE: "not read"}
"""Outcome -> the words for whoever it is about, where they are others than the teacher's."""


def feedback_page(result: ClassResult, student: str) -> str:
    """Return a student's page, which needs nothing else; the same bytes for the same answers.

    Args:
        result: Of the class; nothing of any other student is taken from it.
        student: Whose page.
    """
    own = result.of_student(student)
    rows = "".join(
        f'<li>{sign(each.outcome)} <a href="#{anchor(each.exercise)}">{escaped(_title(each))}</a>: {_said(each)}</li>'
        for each in own
    )
    body = f'<h1><bdi>{escaped(student)}</bdi></h1>\n<p>{_points(own)}</p>\n<ul class="plain">{rows}</ul>\n'
    for lesson, exercises in _by_lesson(own).items():
        told = "".join(map(_exercise, exercises))
        body += (
            f'<section><h2>{lesson_title(lesson)}</h2>\n<p class="quiet">{_points(exercises)}</p>\n{told}</section>\n'
        )
    return document(f"Feedback for {student}", body)


def feedback_notebook(result: ClassResult, student: str) -> str:
    """Return a student's notebook, in nbformat 4.5; the same bytes for the same answers.

    Args:
        result: Of the class; nothing of any other student is taken from it.
        student: Whose notebook.
    """
    own = result.of_student(student)
    head = f"# {in_markdown(student)}\n\n{_points(own)}\n\nLay this file beside the lessons, and its links open them."
    cells = [new_markdown_cell(head, id="head")]
    for each in own:
        cells += _cells(each)
    notebook = new_notebook(cells=cells, metadata=nbformat.from_dict(METADATA), nbformat_minor=5)
    nbformat.validate(notebook)
    return nbformat.writes(notebook).rstrip("\n") + "\n"


def _by_lesson(graded: Sequence[Graded]) -> dict[str, list[Graded]]:
    found: dict[str, list[Graded]] = {}
    for each in graded:
        found.setdefault(each.lesson, []).append(each)
    return found


def _title(each: Graded) -> str:
    return f"{each.exercise} {each.name}".strip()


def _said(each: Graded) -> str:
    return SAID.get(each.outcome, each.outcome)


def _points(graded: Sequence[Graded]) -> str:
    out_of = sum(each.out_of for each in graded)
    return f"{sum(each.points for each in graded)} of {out_of} {'point' if out_of == 1 else 'points'}"


def _told(each: Graded) -> list[str]:
    """Return what the check says, and whatever else is to be known; what stands in front already is not said again."""
    where = f"Graded as it stands in {each.where}." if each.where else ""
    return [text for text in (each.text.removeprefix(f"{NOT_YET}. "), *each.remarks, where) if text]


def _asks(each: Graded) -> str:
    """Return the line that asks for a hint; "" where none is needed."""
    return "" if each.outcome == RIGHT else f'hint("{each.exercise}")'


def _exercise(each: Graded) -> str:
    lines = [f"<strong>{sign(each.outcome)} {escaped(_said(each))}</strong>, {_points([each])}"]
    lines += [escaped(text) for text in _told(each)]
    told = "".join(f"<p>{line}</p>\n" for line in lines)
    if hint := _asks(each):
        told += f"<p>Go on: exercise {each.exercise} in <code>{escaped(lesson_file(each.lesson))}</code>; "
        told += f"<code>{escaped(hint)}</code> there gives a hint.</p>\n"
    answer = code(each.source) if each.source.strip() else ""
    head = f'<section class="exercise" id="{anchor(each.exercise)}"><h3>{escaped(_title(each))}</h3>'
    return f"{head}\n{told}{answer}</section>\n"


def _cells(each: Graded) -> list[NotebookNode]:
    """Return a cell with what is said, and one with the answer, if there is one."""
    mark, _ = SIGNS[each.outcome]
    lines = [
        f"## {each.exercise} {in_markdown(each.name)}",
        f"**{mark} {in_markdown(_said(each))}**, {_points([each])}",
    ]
    lines += [in_markdown(text) for text in _told(each)]
    if hint := _asks(each):
        file = lesson_file(each.lesson)
        lines.append(f"Go on: exercise {each.exercise} in [{in_markdown(file)}]({file}); `{hint}` there gives a hint.")
    place = each.exercise.replace(".", "-")
    cells = [new_markdown_cell("\n\n".join(lines), id=f"said-{place}")]
    if each.source.strip():
        cells.append(new_code_cell(shown(each.source), id=f"answer-{place}"))
    return cells

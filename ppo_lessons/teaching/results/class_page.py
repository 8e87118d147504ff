"""What a class handed in, as one page that needs nothing else: what to explain next, and all that it rests on."""

from collections import Counter
from collections.abc import Sequence

from ppo_lessons.teaching.outcomes import MISTAKE, OUTCOMES, RIGHT, TAMPERED, Graded
from ppo_lessons.teaching.results.class_result import ClassResult
from ppo_lessons.teaching.results.foreign_text import escaped
from ppo_lessons.teaching.results.heat_table import heat_table
from ppo_lessons.teaching.results.likeness import likeness
from ppo_lessons.teaching.results.likeness_page import likeness_section
from ppo_lessons.teaching.results.next_to_explain import (
    Topic,
    left_blank,
    mistakes_in,
    most_unknown,
    shared_mistakes,
)
from ppo_lessons.teaching.results.page_parts import (
    anchor,
    bar,
    bars,
    code,
    document,
    lesson_link,
    lesson_title,
    names,
    sign,
)
from ppo_lessons.teaching.results.together import together

NEXT = 5
"""So many of the most shared mistakes are told at the top."""
SAID_BY_CHECKS = (MISTAKE, RIGHT)
"""Outcomes whose names say enough; of all others it is shown what the check said."""


def class_page(result: ClassResult, lessons_at: str = "") -> str:
    """Return the page: the same bytes for the same class.

    Args:
        result: Of the class.
        lessons_at: Where the lessons lie, an address as seen from the page: "../notebooks". "": they are only named.
    """
    lessons = "".join(_lesson(result, lesson, lessons_at) for lesson in result.lessons)
    alike = likeness_section(likeness(result), together(result))
    body = (
        f"<h1>What the class handed in</h1>\n{_in_short(result)}{_next(result, lessons_at)}"
        f'<section id="everybody"><h2>Everybody at a glance</h2>\n{heat_table(result)}</section>\n'
        f"{_to_look_at(result)}{_not_read(result)}{lessons}{alike}"
    )
    return document("What the class handed in", body)


def _in_short(result: ClassResult) -> str:
    """Say how many and how much, with links to everything."""
    facts = [_counted(len(result.students), "student"), _counted(len(result.exercises), "exercise")]
    if result.absent:
        facts.append(f"{len(result.absent)} handed in nothing: {names(result.absent)}")
    if result.not_read:
        facts.append(f'<a href="#not-read">{_counted(len(result.not_read), "file")} could not be read</a>')
    links = [("#everybody", "everybody")]
    links += [(f"#lesson-{lesson}", f"lesson {lesson}") for lesson in result.lessons] + [("#alike", "the same answers")]
    nav = " ".join(f'<a href="{to}">{words}</a>' for to, words in links)
    return f"<p>{'; '.join(facts)}.</p>\n<nav aria-label='This page'>{nav}</nav>\n"


def _counted(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"


def _next(result: ClassResult, lessons_at: str) -> str:
    topics = shared_mistakes(result)[:NEXT]
    told = '<p class="big">No answer shows a mistake that has a name.</p>\n'
    if topics:
        first = topics[0]
        told = (
            f'<p class="big"><strong>{first.share}</strong>: {escaped(first.mistake)}</p>\n'
            f"{bar(len(first.students), first.of)}"
            f"<p>Exercise {_where(first)} in lesson {lesson_link(first.lesson, lessons_at)}</p>\n"
            f'<p><span class="quiet">What the course says to them:</span> {escaped(first.advice)}</p>\n'
        )
    rows = [("", f"{escaped(topic.mistake)} <br>{_where(topic)}", len(topic.students)) for topic in topics[1:]]
    then = f"<h3>Then</h3>\n{bars('What to explain after that', rows, len(result.students))}" if rows else ""
    return f'<section class="next"><h2>The next thing to explain</h2>\n{told}</section>\n{then}{_also(result)}'


def _where(topic: Topic) -> str:
    return f'<a href="#{anchor(topic.exercise)}">{topic.exercise} {escaped(topic.name)}</a>'


def _also(result: ClassResult) -> str:
    """Say where no check can name what is wrong, and what many did not even try."""
    facts = []
    if (topic := most_unknown(result)) is not None:
        facts.append(f"Most often wrong in a way that no check can name: {_where(topic)}, {topic.share}.")
    facts += [
        f"Left blank by many who began the lesson: {_where(topic)}, {topic.share}." for topic in left_blank(result)
    ]
    return "<ul>" + "".join(f"<li>{fact}</li>" for fact in facts) + "</ul>\n" if facts else ""


def _to_look_at(result: ClassResult) -> str:
    found = [each for each in result.in_order if each.outcome == TAMPERED]
    if not found:
        return ""
    items = "".join(f"<li>{names([e.student])}, {e.exercise} {escaped(e.name)}: {escaped(e.text)}</li>" for e in found)
    return f"<section><h2>Did what no answer needs</h2>\n<ul>{items}</ul></section>\n"


def _not_read(result: ClassResult) -> str:
    if not result.not_read:
        return ""
    notes = sorted(result.not_read, key=lambda note: (note.student, str(note.path), note.why))
    items = "".join(
        f"<li>{names([note.student])}, <code>{escaped(str(note.path))}</code>: {escaped(note.why)}</li>"
        for note in notes
    )
    return f'<section id="not-read"><h2>Files that could not be read</h2>\n<ul>{items}</ul></section>\n'


def _lesson(result: ClassResult, lesson: str, lessons_at: str) -> str:
    who = [
        ("Handed in nothing of it", (*result.nothing_of(lesson), *result.absent)),
        ("Handed it in, all blank", result.blank_of(lesson)),
        ("Not known, as a file could not be read", result.unread_of(lesson)),
    ]
    lines = "".join(f"<p>{words}: {names(students)}.</p>\n" for words, students in who if students)
    exercises = "".join(_exercise(result, exercise) for exercise in result.exercises_of(lesson))
    return (
        f'<section class="lesson" id="lesson-{lesson}"><h2>{lesson_title(lesson)}</h2>\n'
        f"<p>{lesson_link(lesson, lessons_at)}</p>\n{lines}{exercises}</section>\n"
    )


def _exercise(result: ClassResult, exercise: str) -> str:
    graded = result.of_exercise(exercise)
    counts = Counter(each.outcome for each in graded)
    rows = [(sign(outcome), outcome, counts[outcome]) for outcome in OUTCOMES if counts[outcome]]
    title = f"{exercise} {graded[0].name}"
    return (
        f'<section class="exercise" id="{anchor(exercise)}"><h3>{escaped(title)}</h3>\n'
        f'<div class="sides"><div>{bars(f"Outcomes of {title}", rows, len(graded))}</div>\n'
        f"<div>{_mistakes(result, exercise)}</div></div>\n{_said(graded)}</section>\n"
    )


def _mistakes(result: ClassResult, exercise: str) -> str:
    topics = mistakes_in(result, exercise)
    if not topics:
        return ""
    rows = [
        (
            "",
            f'<strong>{escaped(topic.mistake)}</strong><br><span class="quiet">{escaped(topic.advice)}</span>'
            f"<details><summary>who</summary>{names(topic.students)}</details>",
            len(topic.students),
        )
        for topic in topics
    ]
    return bars(f"Mistakes in {exercise}", rows, topics[0].of, "mistakes")


def _said(graded: Sequence[Graded]) -> str:
    """Show what no name says: the words of the check, and the answer, for each student."""
    others = [each for each in graded if each.outcome not in SAID_BY_CHECKS and each.source.strip()]
    if not others:
        return ""
    items = "".join(
        f"<p>{sign(each.outcome)} {names([each.student])}: {escaped(each.text)}</p>\n{code(each.source)}"
        for each in others
    )
    return f"<details><summary>answers without a name ({len(others)})</summary>\n{items}</details>\n"

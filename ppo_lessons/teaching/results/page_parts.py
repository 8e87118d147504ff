"""Parts of which the pages for a class are built. What is handed to them as text is escaped here, and only here."""

from collections.abc import Iterable, Sequence

from ppo_lessons.teaching.outcomes import (
    BLANK,
    BORROWED,
    DIED,
    ENDLESS,
    MEMORY,
    MISSING,
    MISTAKE,
    RIGHT,
    SYNTAX,
    TAMPERED,
    UNKNOWN,
    UNREADABLE,
)
from ppo_lessons.teaching.results.course_words import lesson_file, lesson_name
from ppo_lessons.teaching.results.foreign_text import escaped
from ppo_lessons.teaching.results.page_style import STYLE

SIGNS = {
    RIGHT: ("✓", "right"),
    MISTAKE: ("✗", "wrong"),
    UNKNOWN: ("?", "odd"),
    BORROWED: ("B", "borrowed"),
    BLANK: ("□", "nothing"),
    MISSING: ("–", "nothing"),
    SYNTAX: ("S", "stopped"),
    ENDLESS: ("∞", "stopped"),
    MEMORY: ("M", "stopped"),
    DIED: ("D", "stopped"),
    TAMPERED: ("!", "loud"),
    UNREADABLE: ("U", "nothing"),
}
"""Outcome -> its sign, and the class of its cell. The sign alone says it."""
LONGEST = 10_000
"""Characters of an answer that are shown. The longest of the course's own solutions has 2,600."""


def document(title: str, body: str) -> str:
    """Return a whole page that needs nothing else.

    Args:
        title: Any text.
        body: HTML.
    """
    return (
        f'<!doctype html>\n<html lang="en">\n<head><meta charset="utf-8"><title>{escaped(title)}</title>\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<style>{STYLE}</style></head>\n<body><main>\n{body}</main></body>\n</html>\n"
    )


def anchor(exercise: str) -> str:
    """Return the name of an exercise's place on a page: "7.2" -> "exercise-7-2"."""
    return f"exercise-{exercise.replace('.', '-')}"


def lesson_title(lesson: str) -> str:
    """Return HTML: "Lesson 07: ratios"."""
    return escaped(f"Lesson {lesson}: {lesson_name(lesson)}".removesuffix(": "))


def lesson_link(lesson: str, lessons_at: str) -> str:
    """Return HTML: a link to a lesson.

    Args:
        lesson: Number, two digits.
        lessons_at: Where the lessons lie, as seen from the page; "": the lesson is only named.
    """
    file = escaped(lesson_file(lesson))
    return f'<a href="{escaped(lessons_at.rstrip("/"))}/{file}">{file}</a>' if lessons_at else f"<code>{file}</code>"


def sign(outcome: str) -> str:
    """Return HTML: an outcome's sign, in its colours, without its words."""
    text, kind = SIGNS[outcome]
    return f'<span class="mark {kind}" aria-hidden="true">{text}</span>'


def bar(count: int, of: int) -> str:
    """Return HTML: a bar as long as the share; its numbers stand elsewhere."""
    width = round(100 * count / of, 1) if of else 0
    return f'<span class="track"><span class="bar" style="width:{width}%"></span></span>' if count else ""


def bars(caption: str, rows: Iterable[tuple[str, str, int]], of: int, kind: str = "outcomes") -> str:
    """Return HTML: a histogram, one bar a row.

    Args:
        caption: What is counted, any text.
        rows: Sign and words of each row as HTML, and how many.
        of: Of how many.
        kind: outcomes or mistakes: how much room the words get.
    """
    lines = []
    for mark, words, count in rows:
        cell = f'<td class="sign">{mark}</td>' if mark else ""
        said = f'<th scope="row">{words}</th><td class="count">{count} of {of}</td>'
        lines.append(f"<tr>{cell}{said}<td>{bar(count, of)}</td></tr>\n")
    head = f'<table class="bars {kind}"><caption class="hidden">{escaped(caption)}</caption><tbody>'
    return f"{head}\n{''.join(lines)}</tbody></table>\n"


def names(students: Sequence[str]) -> str:
    """Return HTML: names in a row."""
    return "; ".join(f"<bdi>{escaped(student)}</bdi>" for student in students)


def code(source: str) -> str:
    """Return HTML: lines of code as they stand; of what is no answer any more, the beginning."""
    left = len(source) - LONGEST
    more = f"\n… and {left:,} characters more" if left > 0 else ""
    return f"<pre><code>{escaped(source[:LONGEST])}{more}</code></pre>\n"

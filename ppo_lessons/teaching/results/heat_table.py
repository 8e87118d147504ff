"""The whole class at a glance: a row for each student, a column for each exercise, a sign in each cell."""

from collections import Counter

from ppo_lessons.teaching.outcomes import OUTCOMES, Graded
from ppo_lessons.teaching.results.class_result import ClassResult
from ppo_lessons.teaching.results.course_words import mistake_words
from ppo_lessons.teaching.results.foreign_text import escaped
from ppo_lessons.teaching.results.page_parts import SIGNS, anchor, sign


def heat_table(result: ClassResult) -> str:
    """Return HTML: legend and table.

    Args:
        result: Of the class.
    """
    rows = "\n".join(_row(result, student) for student in result.students)
    return (
        f"{_legend(result)}"
        '<div class="scroll" tabindex="0" role="region" aria-label="Outcomes of all students in all exercises">\n'
        '<table class="heat"><caption class="hidden">Outcomes of all students in all exercises</caption>\n'
        f"{_head(result)}<tbody>\n{rows}\n</tbody></table></div>\n"
    )


def _legend(result: ClassResult) -> str:
    counts = Counter(each.outcome for each in result.graded)
    items = "".join(f"<li>{sign(outcome)}{outcome} ({counts[outcome]})</li>" for outcome in OUTCOMES if counts[outcome])
    return f'<ul class="legend">{items}</ul>\n'


def _head(result: ClassResult) -> str:
    lessons, numbers = "", ""
    for lesson in result.lessons:
        exercises = result.exercises_of(lesson)
        lessons += f'<th scope="colgroup" colspan="{len(exercises)}" class="first">{lesson}</th>'
        for place, exercise in enumerate(exercises):
            first = ' class="first"' if place == 0 else ""
            short = exercise.split(".")[1]
            link = f'<a href="#{anchor(exercise)}" aria-label="Exercise {exercise}">{short}</a>'
            numbers += f'<th scope="col"{first}>{link}</th>'
    return (
        f'<thead><tr><th scope="col" rowspan="2" class="who">student</th>{lessons}'
        f'<th scope="col" rowspan="2" class="first points">points of {_out_of(result)}</th></tr>\n'
        f"<tr>{numbers}</tr></thead>\n"
    )


def _out_of(result: ClassResult) -> int:
    return sum(result.of_exercise(exercise)[0].out_of for exercise in result.exercises)


def _row(result: ClassResult, student: str) -> str:
    graded = result.of_student(student)
    cells = "".join(
        _cell(each, place == 0 or each.lesson != graded[place - 1].lesson) for place, each in enumerate(graded)
    )
    points = sum(each.points for each in graded)
    who = f'<th scope="row" class="who"><bdi>{escaped(student)}</bdi></th>'
    return f'<tr>{who}{cells}<td class="first points">{points}</td></tr>'


def _cell(each: Graded, is_first: bool) -> str:
    text, kind = SIGNS[each.outcome]
    said = f"{each.exercise}: {each.outcome}"
    if each.mistake:
        said += f", {mistake_words(each.exercise, each.mistake)}"
    classes = f"{kind} first" if is_first else kind
    return (
        f'<td class="{classes}" title="{escaped(f"{each.student}, {said}")}">'
        f'<span aria-hidden="true">{text}</span><span class="hidden">{escaped(each.outcome)}</span></td>'
    )

"""The part of the class's page about answers that are suspiciously the same."""

from collections.abc import Sequence
from itertools import groupby

from ppo_lessons.teaching.results.foreign_text import escaped
from ppo_lessons.teaching.results.likeness import Alike
from ppo_lessons.teaching.results.page_parts import anchor, code, names
from ppo_lessons.teaching.results.together import Together

NO_PROOF = (
    "This is a reason to look, and no proof. Two who learned together, or from one page, write the same; and short "
    "answers coincide by themselves, which is why they are not listed here."
)


def likeness_section(alike: Sequence[Alike], pairs: Sequence[Together]) -> str:
    """Return HTML: groups of each exercise, then pairs over many exercises.

    Args:
        alike: Groups, in the order of the exercises.
        pairs: The most alike first.
    """
    told = "".join(_exercise(list(group)) for _, group in groupby(alike, key=lambda group: group.exercise))
    if not alike and not pairs:
        told = "<p>None were found.</p>\n"
    return (
        '<section class="lesson" id="alike"><h2>Answers that are suspiciously the same</h2>\n'
        f"<p>{NO_PROOF}</p>\n{_pairs(pairs)}{told}</section>\n"
    )


def _pairs(pairs: Sequence[Together]) -> str:
    if not pairs:
        return ""
    items = "".join(f"<li>{_pair(pair)}</li>" for pair in pairs)
    return f"<h3>In many exercises</h3>\n<ul>{items}</ul>\n"


def _pair(pair: Together) -> str:
    return (
        f"<strong>{names(pair.students)}</strong>: the same but for names of variables in {len(pair.exercises)} of the "
        f"{pair.of} exercises that both answered in their own way ({', '.join(pair.exercises)}). Two others of this "
        f"class: in {pair.others:.1f} of {pair.of}, on average."
    )


def _exercise(groups: Sequence[Alike]) -> str:
    first = groups[0].graded[0]
    title = f'<a href="#{anchor(first.exercise)}">{first.exercise} {escaped(first.name)}</a>'
    return f'<div class="alike"><h3>{title}</h3>\n{"".join(map(_group, groups))}</div>\n'


def _group(group: Alike) -> str:
    told = f"<p><strong>{names(group.students)}</strong>: {escaped(group.reason)}.</p>\n"
    sources: dict[str, list[str]] = {}
    for each in group.graded:
        sources.setdefault(each.source, []).append(each.student)
    answers = "".join(f"<p>{names(students)}</p>\n{code(source)}" for source, students in sources.items())
    return f"{told}<details><summary>what they wrote</summary>\n{answers}</details>\n"

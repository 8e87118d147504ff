"""Which answers to an exercise are suspiciously the same: reasons to look, and never a proof.

Short right answers coincide by themselves, and short wrong ones too. How long a coincidence has to be was measured on
the exams and right answers of this course's tests: 1,547 answers by several authors, who tried to differ. What of an
answer is its own stands in no blank, hint or cell of the lesson. It had up to 46 nodes where two trees coincided, and
up to 32 where two texts did; of the 26,758 pairs of answers to one exercise, none is named here (`test_likeness.py`).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ppo_lessons.teaching.outcomes import UNKNOWN, Graded
from ppo_lessons.teaching.results.class_result import ClassResult
from ppo_lessons.teaching.results.code_shape import in_words
from ppo_lessons.teaching.results.given_away import GivenAway, given_away
from ppo_lessons.teaching.results.own_answers import OwnAnswer, own_answers

LONG_TEXT = 45
"""Nodes of one's own from which the same text, names included, is a reason to look."""
LONG_TREE = 60
"""Nodes of one's own from which the same tree under other names is one."""
NOT_SHORT = 15
"""Nodes of its own from which the package's source is recognised; everybody writes a shorter one by themselves."""
TEXT, TREE, COMMENT, PACKAGE = "text", "tree", "comment", "package"


@dataclass(frozen=True, kw_only=True)
class Alike:
    """Students whose answers to one exercise are the same, where chance does not explain it well."""

    kind: str
    """text, tree, comment, or package: the same as the package's own source."""
    graded: tuple[Graded, ...]
    """What they have, by name."""
    reason: str
    """What is the same, in words."""

    @property
    def exercise(self) -> str:
        """Number."""
        return self.graded[0].exercise

    @property
    def students(self) -> tuple[str, ...]:
        """Who, by name."""
        return tuple(each.student for each in self.graded)


def likeness(result: ClassResult) -> tuple[Alike, ...]:
    """Return the groups of all exercises, in the order of their numbers.

    Args:
        result: Of the class.
    """
    return tuple(
        group
        for exercise in result.exercises
        if (given := given_away(exercise)) is not None
        for group in alike_in(result.of_exercise(exercise), given)
    )


def alike_in(graded: Sequence[Graded], given: GivenAway) -> tuple[Alike, ...]:
    """Return the groups of one exercise: same text, same tree, same comment, same as the package.

    Args:
        graded: What all students have in it, by name.
        given: What the course gives away of it.
    """
    answers = own_answers(graded, given)
    own = [answer for answer in answers if not answer.from_hint and not answer.from_package]
    few = many(len(answers))
    found: list[Alike] = []
    for group in groups(own, lambda answer: "\n".join(answer.lines)):
        if group[0].size >= LONG_TEXT or group[0].comments:
            found.append(_alike(TEXT, group, _same_text(group, answers, given)))
    for group in groups(own, lambda answer: answer.shape.tree):
        if group[0].size >= LONG_TREE and len(group) <= few and _is_new(group, found):
            found.append(_alike(TREE, group, _same_tree(group, answers)))
    for comment in dict.fromkeys(comment for answer in answers for comment in answer.comments):
        group = [answer for answer in answers if comment in answer.comments]
        if 1 < len(group) <= few and _is_new(group, found):
            found.append(
                _alike(COMMENT, group, f"the same comment, {_quoted(comment, group[0])}; {_share(group, answers)}")
            )
    if packages := [answer for answer in answers if answer.from_package and _is_copied(answer, given)]:
        found.append(_alike(PACKAGE, packages, "the same as the package's own source, which solution() shows"))
    return tuple(found)


def many(answers: int) -> int:
    """Return how many of so many answers may be the same and still say something of those who wrote them."""
    return max(3, answers // 5)


def groups(answers: Sequence[OwnAnswer], what: Callable[[OwnAnswer], str]) -> list[list[OwnAnswer]]:
    """Return the groups of two or more in whose answers something is the same, and there at all.

    Args:
        answers: To one exercise.
        what: Is compared.
    """
    found: dict[str, list[OwnAnswer]] = {}
    for answer in answers:
        if key := what(answer):
            found.setdefault(key, []).append(answer)
    return [group for group in found.values() if len(group) > 1]


def _alike(kind: str, group: Sequence[OwnAnswer], reason: str) -> Alike:
    return Alike(kind=kind, graded=tuple(answer.graded for answer in group), reason=reason)


def _is_new(group: Sequence[OwnAnswer], found: Sequence[Alike]) -> bool:
    """Say whether no group that was found holds all of these."""
    students = {answer.student for answer in group}
    return not any(students <= set(other.students) for other in found)


def _is_copied(answer: OwnAnswer, given: GivenAway) -> bool:
    return answer.size >= NOT_SHORT or not given.docstrings.isdisjoint(answer.shape.docstrings)


def _same_text(group: Sequence[OwnAnswer], answers: Sequence[OwnAnswer], given: GivenAway) -> str:
    first = group[0]
    others = frozenset().union(*(answer.shape.names for answer in answers if answer not in group))
    names = sorted(first.shape.names - given.names - others)
    told = [f"the same text in {_lines(first)}"]
    if first.comments:
        told.append(f"with the same comment, {_quoted(first.comments[0], first)}")
    if names:
        told.append(f"with names that nobody else has here ({', '.join(names)})")
    if all(answer.graded.outcome == UNKNOWN for answer in group):
        told.append("wrong in the same unknown way")
    if len(group) > many(len(answers)):
        return f"{', '.join(told)}; {_share(group, answers)}: perhaps from one source that all may use"
    return f"{', '.join(told)}; {_share(group, answers)}"


def _same_tree(group: Sequence[OwnAnswer], answers: Sequence[OwnAnswer]) -> str:
    return f"the same tree under other names, in {_lines(group[0])}; {_share(group, answers)}"


def _lines(answer: OwnAnswer) -> str:
    return "1 line" if len(answer.lines) == 1 else f"{len(answer.lines)} lines"


def _share(group: Sequence[OwnAnswer], answers: Sequence[OwnAnswer]) -> str:
    return f"{len(group)} of {len(answers)} have it"


def _quoted(comment: str, answer: OwnAnswer) -> str:
    """Return a comment as its author wrote it, not too long."""
    written = next((line for line in answer.shape.lines if comment in in_words(line)), comment)
    text = written.partition("#")[2].strip() or written
    return f"“{text if len(text) <= 80 else f'{text[:79]}…'}”"

"""All that came of grading a class, and the orders in which it is told."""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

from ppo_lessons.teaching.outcomes import MISSING, NOT_BEGUN, UNREADABLE, Graded


class NotRead(Protocol):
    """A note of a file that was handed in and could not be read."""

    @property
    def student(self) -> str:
        """Whose it is."""

    @property
    def path(self) -> object:
        """Where it lies, as it is to be shown."""

    @property
    def why(self) -> str:
        """What is the matter with it."""


def number_order(exercise: str) -> tuple[int, ...]:
    """Return what numbers of exercises are sorted by: 2.10 comes after 2.9."""
    return tuple(int(part) for part in exercise.split("."))


def name_order(name: str) -> tuple[str, str]:
    """Return what names are sorted by: without regard to capitals and accents, so that Özil stands at O."""
    plain = "".join(c for c in unicodedata.normalize("NFKD", name) if not unicodedata.combining(c))
    return plain.casefold(), name


@dataclass(frozen=True, kw_only=True)
class ClassResult:
    """What grading found.

    Raises:
        ValueError: If a student has not exactly one outcome for each exercise.
    """

    graded: Sequence[Graded]
    """One for each student and exercise, in any order."""
    not_read: Sequence[NotRead] = ()
    """Files that were handed in and could not be read."""
    not_handed_in: Sequence[str] = ()
    """Who is on the roster and handed in nothing."""

    def __post_init__(self) -> None:
        """Refuse gaps and doubles: every count on a page would be wrong."""
        pairs = {(each.student, each.exercise) for each in self.graded}
        students, exercises = len({student for student, _ in pairs}), len({exercise for _, exercise in pairs})
        if not len(self.graded) == len(pairs) == students * exercises:
            got = f"{len(self.graded)} of {students} students and {exercises} exercises"
            raise ValueError(f"Every student has one outcome for each exercise. Got {got}")

    @cached_property
    def students(self) -> tuple[str, ...]:
        """Who handed something in, in the order of the names."""
        return tuple(sorted({each.student for each in self.graded}, key=name_order))

    @cached_property
    def absent(self) -> tuple[str, ...]:
        """Who handed in nothing at all, in the order of the names."""
        return tuple(sorted(set(self.not_handed_in) - set(self.students), key=name_order))

    @cached_property
    def exercises(self) -> tuple[str, ...]:
        """Numbers of all exercises, in order."""
        return tuple(sorted({each.exercise for each in self.graded}, key=number_order))

    @cached_property
    def lessons(self) -> tuple[str, ...]:
        """Numbers of all lessons, two digits each, in order."""
        return tuple(sorted({each.lesson for each in self.graded}))

    @cached_property
    def in_order(self) -> tuple[Graded, ...]:
        """Everything by student, then by exercise."""
        return tuple(sorted(self.graded, key=lambda each: (name_order(each.student), number_order(each.exercise))))

    @cached_property
    def _by_exercise(self) -> dict[str, tuple[Graded, ...]]:
        found: dict[str, list[Graded]] = {}
        for each in self.in_order:
            found.setdefault(each.exercise, []).append(each)
        return {exercise: tuple(each) for exercise, each in found.items()}

    @cached_property
    def _by_student(self) -> dict[str, tuple[Graded, ...]]:
        found: dict[str, list[Graded]] = {}
        for each in self.in_order:
            found.setdefault(each.student, []).append(each)
        return {student: tuple(each) for student, each in found.items()}

    def of_exercise(self, exercise: str) -> tuple[Graded, ...]:
        """Return what all students have in an exercise, by name."""
        return self._by_exercise[exercise]

    def of_student(self, student: str) -> tuple[Graded, ...]:
        """Return what a student has in all exercises, in their order."""
        return self._by_student[student]

    def exercises_of(self, lesson: str) -> tuple[str, ...]:
        """Return the numbers of a lesson's exercises, in order."""
        return tuple(exercise for exercise in self.exercises if self.of_exercise(exercise)[0].lesson == lesson)

    def outcomes_of(self, student: str, lesson: str) -> tuple[str, ...]:
        """Return a student's outcomes in a lesson, in the order of its exercises."""
        return tuple(each.outcome for each in self.of_student(student) if each.lesson == lesson)

    def nothing_of(self, lesson: str) -> tuple[str, ...]:
        """Return who handed in something, but nothing of this lesson."""
        return tuple(s for s in self.students if set(self.outcomes_of(s, lesson)) == {MISSING})

    def unread_of(self, lesson: str) -> tuple[str, ...]:
        """Return of whose work in this lesson nothing is known, as a file could not be read."""
        return tuple(s for s in self.students if _not_begun(self.outcomes_of(s, lesson), UNREADABLE))

    def blank_of(self, lesson: str) -> tuple[str, ...]:
        """Return who handed this lesson in, and wrote nothing in it."""
        nothing = {*self.nothing_of(lesson), *self.unread_of(lesson)}
        return tuple(s for s in self.students if s not in nothing and _not_begun(self.outcomes_of(s, lesson)))

    def began(self, lesson: str) -> tuple[str, ...]:
        """Return who wrote something in this lesson."""
        return tuple(s for s in self.students if not _not_begun(self.outcomes_of(s, lesson)))


def _not_begun(outcomes: Sequence[str], one_of: str = "") -> bool:
    """Say whether nothing was written, and one of the outcomes is this one, if one is named."""
    return all(outcome in NOT_BEGUN for outcome in outcomes) and (not one_of or one_of in outcomes)

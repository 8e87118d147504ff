"""What a teacher would explain next: what most of the class share."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ppo_lessons.teaching.outcomes import BLANK, MISTAKE, UNKNOWN, Graded
from ppo_lessons.teaching.results.class_result import ClassResult, number_order
from ppo_lessons.teaching.results.course_words import advice, mistake_words

MANY_BLANK = 1 / 3
"""An exercise was left blank by many if this share of those who began its lesson did."""


@dataclass(frozen=True, kw_only=True)
class Topic:
    """Something that several students share in one exercise."""

    exercise: str
    """Number."""
    name: str
    """Of the exercise's function."""
    students: tuple[str, ...]
    """Who, by name."""
    of: int
    """Of how many."""
    mistake: str = ""
    """In words; "" if they share no named mistake."""
    advice: str = ""
    """What the course tells them."""

    @property
    def lesson(self) -> str:
        """Number of the lesson with two digits."""
        return self.exercise.split(".")[0].zfill(2)

    @property
    def share(self) -> str:
        """How many of how many: "11 of 30"."""
        return f"{len(self.students)} of {self.of}"


def shared_mistakes(result: ClassResult) -> tuple[Topic, ...]:
    """Return all named mistakes, the one that most students share first; of equals that of the earlier exercise.

    Args:
        result: Of the class.
    """
    found = [topic for exercise in result.exercises for topic in mistakes_in(result, exercise)]
    return tuple(sorted(found, key=lambda topic: -len(topic.students)))  # a stable sort keeps the exercises' order


def mistakes_in(result: ClassResult, exercise: str) -> tuple[Topic, ...]:
    """Return the named mistakes of one exercise, the most frequent first; equals by name.

    Args:
        result: Of the class.
        exercise: Number.
    """
    made: dict[str, list[Graded]] = {}
    for each in result.of_exercise(exercise):
        if each.outcome == MISTAKE:
            made.setdefault(each.mistake, []).append(each)
    order = sorted(made, key=lambda mistake: (-len(made[mistake]), mistake))
    return tuple(_topic(result, made[mistake], mistake) for mistake in order)


def _topic(result: ClassResult, who: Sequence[Graded], mistake: str) -> Topic:
    first = who[0]
    said = first.text.removeprefix("not yet. ")  # no row of the table, but a change that the checks worked out
    return Topic(
        exercise=first.exercise,
        name=first.name,
        students=tuple(each.student for each in who),
        of=len(result.students),
        mistake=mistake_words(first.exercise, mistake),
        advice=advice(first.exercise, mistake) or said,
    )


def most_unknown(result: ClassResult) -> Topic | None:
    """Return the exercise with the most students who are wrong in an unknown way; None if nobody is.

    Args:
        result: Of the class.
    """
    topics = _with_outcome(result, UNKNOWN, lambda exercise: result.students)
    return topics[0] if topics else None


def left_blank(result: ClassResult) -> tuple[Topic, ...]:
    """Return the exercises that many left blank of those who began its lesson, the most first.

    Args:
        result: Of the class.
    """
    topics = _with_outcome(result, BLANK, lambda exercise: result.began(result.of_exercise(exercise)[0].lesson))
    return tuple(topic for topic in topics if len(topic.students) >= max(2, MANY_BLANK * topic.of))


def _with_outcome(result: ClassResult, outcome: str, among: Callable[[str], Sequence[str]]) -> list[Topic]:
    """Return each exercise in which somebody among these has this outcome, the most first, the earlier first."""
    found = []
    for exercise in result.exercises:
        counted = set(among(exercise))
        who = [e for e in result.of_exercise(exercise) if e.outcome == outcome and e.student in counted]
        if who:
            students = tuple(each.student for each in who)
            found.append(Topic(exercise=exercise, name=who[0].name, students=students, of=len(counted)))
    return sorted(found, key=lambda topic: (-len(topic.students), number_order(topic.exercise)))

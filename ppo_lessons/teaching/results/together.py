"""Which two students have the same answers in many exercises: one short answer tells nothing, many of them do.

Two answers are the same here if their trees are, under any names. What the course gives away, and what many of the
class have, does not count. A pair is named if so many coincidences would hardly come by chance, even if chance were
twice as kind to it as to the other pairs of the class, and at least as kind as `LEAST_RATE`. That exercises coincide
independently of each other is an assumption: who writes in one style coincides more often.
"""

import math
from collections import Counter
from dataclasses import dataclass
from itertools import combinations

from ppo_lessons.teaching.results.class_result import ClassResult
from ppo_lessons.teaching.results.given_away import given_away
from ppo_lessons.teaching.results.likeness import groups, many
from ppo_lessons.teaching.results.own_answers import OwnAnswer, own_answers

LEAST = 5
"""So many exercises must be the same before anything is said."""
LEAST_RATE = 0.12
"""By chance, two answers to an exercise are taken to be the same at least so often: several times as often as right
answers of different authors in the exams and tests of this course."""
HARDLY = 0.01
"""Expected number of pairs that chance alone would name, in a class that has not copied."""


@dataclass(frozen=True, kw_only=True)
class Together:
    """Two students who have the same answers in many exercises."""

    students: tuple[str, str]
    """By name."""
    exercises: tuple[str, ...]
    """In which their answers are the same."""
    of: int
    """In so many exercises both have an answer of their own."""
    others: float
    """In so many of those exercises two other students have the same answer, on average."""


@dataclass
class _Counts:
    """Of all pairs: in how many exercises both have an answer of their own, and in which it is the same."""

    compared: Counter[tuple[str, str]]
    same: dict[tuple[str, str], list[str]]


def together(result: ClassResult) -> tuple[Together, ...]:
    """Return the pairs with the same answers in many exercises, the most first.

    Args:
        result: Of the class.
    """
    counts = _counts(result)
    compared, same = _touching(counts.compared), _touching({pair: len(each) for pair, each in counts.same.items()})
    all_compared, all_same = counts.compared.total(), sum(map(len, counts.same.values()))
    found = []
    for pair, exercises in counts.same.items():
        of, number = counts.compared[pair], len(exercises)
        left = all_compared - compared[pair[0]] - compared[pair[1]] + of
        rate = (all_same - same[pair[0]] - same[pair[1]] + number) / left if left else 0.0
        chance = min(1.0, max(LEAST_RATE, 2 * rate))
        if number >= LEAST and len(counts.compared) * _at_least(number, of, chance) < HARDLY:
            found.append(Together(students=pair, exercises=tuple(exercises), of=of, others=rate * of))
    return tuple(sorted(found, key=lambda each: (-len(each.exercises), each.students)))


def _counts(result: ClassResult) -> _Counts:
    counts = _Counts(Counter(), {})
    for exercise in result.exercises:
        given = given_away(exercise)
        if given is None:
            continue
        answers = own_answers(result.of_exercise(exercise), given)
        own = [a for a in answers if a.size and not a.from_hint and not a.from_package]
        same = groups(own, _form)
        common = {a.student for group in same if len(group) > many(len(answers)) for a in group}
        counts.compared.update(combinations([a.student for a in own if a.student not in common], 2))
        for group in same:
            if group[0].student not in common:
                for pair in combinations([a.student for a in group], 2):
                    counts.same.setdefault(pair, []).append(exercise)
    return counts


def _form(answer: OwnAnswer) -> str:
    return answer.shape.tree or "\n".join(answer.lines)


def _touching(counts: dict[tuple[str, str], int]) -> Counter[str]:
    """Return for each student the sum over all pairs with this student."""
    found: Counter[str] = Counter()
    for (one, other), number in counts.items():
        found[one] += number
        found[other] += number
    return found


def _at_least(number: int, of: int, chance: float) -> float:
    """Return how likely so many or more of so many are, if each comes by chance and by itself."""
    return sum(math.comb(of, k) * chance**k * (1 - chance) ** (of - k) for k in range(number, of + 1))

"""Wrong answers as changes of a right one: one change, a known mistake under a change, or two changes together."""

import inspect
from collections.abc import Callable, Iterator

from ppo_lessons.classroom.diagnosis.change import Change, Function
from ppo_lessons.classroom.diagnosis.of_inputs import of_fields, of_input, of_two_inputs
from ppo_lessons.classroom.diagnosis.of_results import RESULTS, of_parts
from ppo_lessons.classroom.exercise import Exercise


def changes_of(exercise: Exercise) -> tuple[list[Change], list[Change]]:
    """Return all changes that make sense for an exercise: of its inputs, and of its result.

    Args:
        exercise: Its function's parameters are told apart by what the first probe hands over.
    """
    names = list(inspect.signature(exercise.function).parameters)
    inputs = exercise.probes[0].make()
    found: list[Change] = []
    for place, (name, value) in enumerate(zip(names, inputs, strict=False)):
        found += of_input(place, name, value)
        found += of_fields(place, name, value)
    for first in range(len(inputs)):
        for second in range(len(inputs)):
            found += of_two_inputs(first, second, names, inputs)
    if getattr(inputs[0], "shape", ()):
        advice = "A mini-batch twice as large would count twice as much."
        found.append(Change("the sum instead of the mean", advice, _summed))
    return found, [*RESULTS, *of_parts(exercise.function(*inputs))]


def _summed(function: Function) -> Function:
    return lambda *args: function(*args) * len(args[0])


def pairs(exercise: Exercise, visible: Callable[[Function], bool]) -> Iterator[tuple[str, str, Function]]:
    """Yield name, advice and function of everything that is two steps away from right: a mistake and a change, or two.

    Args:
        exercise: Its mistakes come first, then two changes together.
        visible: Says whether a function differs from the right one where the learner's does.
    """
    of_inputs, of_results = (
        [change for change in changes if not change.blunt and visible(change.of(exercise.function))]
        for changes in changes_of(exercise)
    )
    for mistake in exercise.mistakes:
        for change in [*of_results, *of_inputs]:
            yield f"{mistake.name}; and {change.name}", mistake.advice, change.of(mistake.wrong)
    for change in of_inputs:
        for other in of_results:
            yield f"{change.name}; and {other.name}", change.advice, other.of(change.of(exercise.function))
    for changes in (of_inputs, of_results):
        for place, change in enumerate(changes):
            for other in changes[place + 1 :]:
                yield f"{change.name}; and {other.name}", change.advice, other.of(change.of(exercise.function))

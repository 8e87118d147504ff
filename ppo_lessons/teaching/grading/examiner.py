"""What is done in the process of one answer: it is built, looked at, and told about. It knows no answer.

Who asks compares what is told with what is right, in another process. Whatever the answer does to this one, it cannot
find there what it has to return.
"""

import __future__

import ast
import inspect
import linecache
import marshal
import sys
from collections.abc import Callable
from typing import Any

from ppo_lessons.classroom.checks import diagnose, is_borrowed
from ppo_lessons.classroom.diagnosis.attempt import attempt
from ppo_lessons.classroom.diagnosis.conditions import known_conditions
from ppo_lessons.classroom.draws import other_inputs
from ppo_lessons.classroom.exercise import Exercise, Outcome, Probe
from ppo_lessons.teaching.grading.encoding import encode
from ppo_lessons.teaching.grading.left_out import CALLED

NO_ROOM = ("MemoryError", "RuntimeError: [enforce fail at alloc", "DefaultCPUAllocator", "can't allocate memory")
"""How a lack of memory is said, by Python and by torch."""


def put_back(exercises: tuple[Exercise, ...], codes: dict[str, bytes]) -> None:
    """Let the package's functions work again, where it came without them.

    Args:
        exercises: All there are.
        codes: Number -> what runs when its function is called; the one that is asked for is not among them.
    """
    for exercise in exercises:
        if exercise.number in codes:
            inspect.unwrap(exercise.function).__code__ = marshal.loads(codes[exercise.number])


def built(cells: dict[str, str], picks: list[list[Any]], imports: list[str], name: str) -> Any:
    """Run what an answer needs, statement by statement, as its notebook would, and return what bears its name.

    Args:
        cells: Name of a cell -> its source.
        picks: (cell, number of the statement in it), in order.
        imports: Lines of the course's own that come first.
        name: Of the answer.

    Raises:
        BaseException: Whatever the statements raise.
    """
    names: dict[str, Any] = {"__name__": "__main__", "display": print, "get_ipython": lambda: None}
    flags = (
        __future__.annotations.compiler_flag
        if any("__future__ import annotations" in text for text in cells.values())
        else 0
    )
    for line in imports:
        try:
            exec(line, names)
        except ImportError:  # it is not needed for every answer
            continue
    for cell, source in cells.items():
        linecache.cache[cell] = (len(source), None, source.splitlines(keepends=True), cell)
    for cell, place in picks:
        statement = ast.parse(cells[cell]).body[place]
        exec(compile(ast.Module([statement], []), cell, "exec", flags), names)
    return names[name]


def outcomes(
    exercise: Exercise, anew: Exercise, which: int, function: Callable[..., Any]
) -> tuple[list[list[Any]], list[str]]:
    """Look at a function with the learner's inputs, with others, and with the learner's once more.

    Args:
        exercise: What was asked.
        anew: The same with other inputs.
        which: Number of that set.
        function: An answer, or the package's own where it is at hand.

    Returns:
        For each time what every probe saw, encoded; and which functions of libraries it replaced.
    """
    told = []
    with known_conditions() as kept:
        for each, inputs in ((exercise, 0), (anew, which), (exercise, 0)):
            with other_inputs(inputs):
                told.append([encode(_seen(probe, function)) for probe in each.probes])
        replaced = kept.put_back()
    return told, replaced


def _seen(probe: Probe, function: Callable[..., Any]) -> Outcome:
    """Return what a probe saw.

    Raises:
        MemoryError: If the answer found no room; it would do so each time, slowly.
    """
    outcome = attempt(probe, function)
    if any(sign in str(outcome.get("error", "")) for sign in NO_ROOM):
        raise MemoryError
    return outcome


def examined(exercise: Exercise, anew: Exercise, which: int, function: Callable[..., Any]) -> dict[str, Any]:
    """Look at an answer, and tell what was seen: "borrowed", "tampered", or "outcomes".

    Args:
        exercise: What was asked.
        anew: The same with other inputs.
        which: Number of that set.
        function: The answer.
    """
    if is_borrowed(exercise, function):
        return {"borrowed": f"this is the package's own {exercise.name}"}
    before = _of_the_house()
    told, replaced = outcomes(exercise, anew, which, function)
    replaced += [name for name, value in _of_the_house().items() if before.get(name, value) is not value]
    if replaced:
        return {"tampered": f"it puts something else in the place of {replaced[0]}"}
    if CALLED:
        return {"borrowed": f"it calls the package's own {exercise.name}"}
    return {"outcomes": told}


def _of_the_house() -> dict[str, Any]:
    """Return all functions of the package by their names."""
    own = [module for name, module in list(sys.modules.items()) if name.split(".")[0] == "ppo_lessons"]
    everything = ((f"{module.__name__}.{name}", value) for module in own for name, value in list(vars(module).items()))
    return {name: value for name, value in everything if inspect.isfunction(value)}


def explained(exercise: Exercise, function: Callable[..., Any]) -> dict[str, Any]:
    """Say what is the matter with an answer, in the words of the checks. That it is right is for others to say.

    Args:
        exercise: What was asked.
        function: The answer.
    """
    try:
        verdict = diagnose(exercise, function)
    except Exception:  # a result of the learner's own making can mislead whoever looks at it
        return {"kind": "different", "text": "", "mistake": ""}
    return {"kind": verdict.kind, "text": verdict.text, "mistake": verdict.mistake or ""}

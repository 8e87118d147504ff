"""The exercises once more, with other inputs than those that a learner's checks show."""

import re
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from ppo_lessons.classroom.desk import find_exercises
from ppo_lessons.classroom.draws import other_inputs
from ppo_lessons.classroom.exercise import Exercise


def drawn_anew(lessons: str, which: int) -> tuple[Exercise, ...]:
    """Return the exercises of all lessons with inputs drawn from other seeds; those at hand stay as they are.

    What a probe draws only when it is used follows `other_inputs` at that moment: use them inside of it.

    Args:
        lessons: Dotted name of the package, as for `find_exercises`.
        which: Number of the set of inputs.
    """
    with _forgotten(rf"{re.escape(lessons)}\.\w+\.exercises(\..+)?"), other_inputs(which):
        return find_exercises(lessons)


@contextmanager
def _forgotten(pattern: str) -> Iterator[None]:
    """Let modules be imported once more, and put the ones that are known back in their places."""

    def found() -> list[str]:
        return [name for name in sys.modules if re.fullmatch(pattern, name)]

    known = {name: sys.modules.pop(name) for name in found()}
    try:
        yield
    finally:
        for name in found():
            del sys.modules[name]
        for name, module in known.items():
            sys.modules[name] = module
            parent, _, last = name.rpartition(".")
            setattr(sys.modules[parent], last, module)

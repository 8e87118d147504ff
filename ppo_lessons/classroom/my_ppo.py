"""The learner's own PPO: functions that passed are collected in `my_ppo.py`, and can train the team.

The file is the learner's. Only the section of a function is ever replaced, and then the old file is kept beside it.
"""

import linecache
from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from ppo_lessons.classroom.checks import passes
from ppo_lessons.classroom.console import say, show
from ppo_lessons.classroom.diagnosis.conditions import known_conditions
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.home import home
from ppo_lessons.classroom.needs import CannotStandAloneError, needs_of
from ppo_lessons.classroom.own_file import RULES_OF_THE_RANKS, RULES_OF_THE_WAY, RULES_OF_THE_WORLD, put, read, written
from ppo_lessons.data_parallel.sharing import Sharing
from ppo_lessons.display.tables import Table
from ppo_lessons.guards.files import write_whole
from ppo_lessons.spirit_world.curriculum import Way
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.steps import Steps

NAME = "my_ppo"


def my_file() -> Path:
    """Return the path of the learner's file."""
    return home() / f"{NAME}.py"


def collect(exercise: Exercise, function: Callable[..., Any], exercises: Sequence[Exercise]) -> str | None:
    """Put a function that passed into `my_ppo.py`, in place of an earlier version of it.

    It is written only after the file has run by itself, and the function in it has passed again.

    Args:
        exercise: Which it answers.
        function: The learner's function.
        exercises: All there are.

    Returns:
        Why it could not be put there; None if it stands there.
    """
    path = my_file()
    try:
        text = path.read_text(encoding="utf-8-sig") if path.exists() else ""
        file = read(text)
    except SyntaxError as error:
        return f"{path.name} is damaged: line {error.lineno}: {error.msg}"
    except (OSError, UnicodeDecodeError) as error:
        return f"{path.name} cannot be read: {error}"
    try:
        as_we_write = not text or written(file, exercises) == text
        needs = needs_of(function, frozenset(file.sections) - {exercise.name})
        if needs.pieces[-1].name != exercise.name:
            return f"it is not written as `def {exercise.name}(...)`"
        replaced = exercise.name in file.sections
        names = put(file, exercise, needs, [each.name for each in exercises])
        changed = written(file, exercises)
        if changed == text:
            return None
        reason = _broken(changed, [each for each in exercises if each.name in file.sections])
        if reason is not None:
            clash = f" ({', '.join(sorted(names))}: this name stands for something else there)" if names else ""
            return reason + clash
        if replaced or not as_we_write:
            path.with_name(f"{NAME}.{datetime.now():%Y%m%d-%H%M%S-%f}.bak.py").write_text(text, encoding="utf-8")
        write_whole(path, lambda out: out.write(changed.encode()))
    except CannotStandAloneError as error:
        return str(error)
    except OSError as error:
        return f"{type(error).__name__}: {error}"
    return None


def _broken(text: str, exercises: Sequence[Exercise]) -> str | None:
    """Run the file by itself and check all functions in it again; return what is wrong."""
    name = f"<{NAME}.py>"
    linecache.cache[name] = (len(text), None, text.splitlines(keepends=True), name)
    with known_conditions():
        try:
            names = _run(text, name)
        except (Exception, SystemExit) as error:  # whatever stands in the file
            return f"the file would not run by itself: {type(error).__name__}: {error}"
    for exercise in exercises:
        if not passes(exercise, names[exercise.name]):
            return f"in the file by itself {exercise.name} is not right"
    return None


def _run(text: str, name: str) -> dict[str, Any]:
    """Return what a file defines, without its main program."""
    names: dict[str, Any] = {"__name__": NAME, "__file__": str(my_file())}
    exec(compile(text, name, "exec"), names)
    return names


def my_steps() -> Steps:
    """Return the steps of the flowchart with every function of the learner's that stands in `my_ppo.py`.

    Shows which they are. A file that does not run is reported, and the package's own steps are used.
    """
    own = _passed()
    yours = ", ".join(sorted(own)) or "none yet: functions that pass are collected in my_ppo.py"
    show(
        Table([["steps", "which"], ["your own", yours], ["the package's", "all others"]]), "whose steps train the team"
    )
    return Steps(**_steps_among(own))


def my_world(case: str, num_envs: int) -> SpiritWorld:
    """Return the Spirit world with every rule of the learner's that stands in `my_ppo.py`.

    Args:
        case: Which case.
        num_envs: How many copies.
    """
    own = _passed()
    return SpiritWorld(case, num_envs, **{name: own[name] for name in RULES_OF_THE_WORLD if name in own})


def my_way() -> Way:
    """Return the way from case to case with every decision of the learner's that stands in `my_ppo.py`."""
    own = _passed()
    return Way(**{name: own[name] for name in RULES_OF_THE_WAY if name in own})


def my_sharing() -> Sharing:
    """Return what many ranks make of what they tell each other, with every function of the learner's."""
    own = _passed()
    return Sharing(**{name: own[name] for name in RULES_OF_THE_RANKS if name in own})


def my_functions() -> dict[str, Callable[..., Any]]:
    """Return name -> function of the learner's steps in `my_ppo.py`; empty if there is none, or it does not run."""
    return _steps_among(_passed())


def _steps_among(own: dict[str, Callable[..., Any]]) -> dict[str, Callable[..., Any]]:
    others = (*RULES_OF_THE_WORLD, *RULES_OF_THE_WAY, *RULES_OF_THE_RANKS)
    return {name: function for name, function in own.items() if name not in others}


def _passed() -> dict[str, Callable[..., Any]]:
    """Return name -> function of all that stand in `my_ppo.py`: steps of the training, rules of world and way."""
    if not my_file().exists():
        return {}
    try:
        text = my_file().read_text(encoding="utf-8-sig")
        names, sections = _run(text, str(my_file())), read(text).sections
    except (Exception, SystemExit) as error:  # the file is the learner's: anything can stand in it
        say(f"my_ppo.py does not run ({type(error).__name__}: {error}); the package's steps are used.")
        return {}
    rules = (*RULES_OF_THE_WORLD, *RULES_OF_THE_WAY, *RULES_OF_THE_RANKS)
    wanted = (*rules, *(field.name for field in fields(Steps)))
    return {name: names[name] for name in wanted if callable(names.get(name)) and name in sections}

"""The learner's own PPO: functions that passed are collected in `my_ppo.py`, and can train the team.

The file is the learner's. Only the section of a function is ever replaced, and then the old file is kept beside it.
"""

from collections.abc import Callable, Sequence
from dataclasses import fields
from datetime import datetime
from pathlib import Path
from typing import Any

from ppo_lessons.classroom.checks import diagnose
from ppo_lessons.classroom.console import say, show
from ppo_lessons.classroom.diagnosis.conditions import known_conditions
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.home import home
from ppo_lessons.classroom.needs import CannotStandAloneError, needs_of
from ppo_lessons.classroom.own_file import put, read, written
from ppo_lessons.display.tables import Table
from ppo_lessons.guards.files import write_whole
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
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        file = read(text)
        needs = needs_of(function, frozenset(file.sections) - {exercise.name})
        if needs.pieces[-1].name != exercise.name:
            return f"it is not written as `def {exercise.name}(...)`"
        replaced = exercise.name in file.sections
        put(file, exercise, needs)
        changed = written(file, exercises)
        if changed == text:
            return None
        reason = _broken(changed, exercise)
        if reason is not None:
            return reason
        if replaced:
            path.with_name(f"{NAME}.{datetime.now():%Y%m%d-%H%M%S-%f}.bak.py").write_text(text, encoding="utf-8")
        write_whole(path, lambda out: out.write(changed.encode()))
    except CannotStandAloneError as error:
        return str(error)
    except SyntaxError as error:
        return f"{path.name} is damaged: line {error.lineno}: {error.msg}"
    except (OSError, UnicodeDecodeError) as error:
        return f"{type(error).__name__}: {error}"
    return None


def _broken(text: str, exercise: Exercise) -> str | None:
    """Run the file by itself and check the function in it again; return what is wrong."""
    with known_conditions():
        try:
            names = _run(text)
        except (Exception, SystemExit) as error:  # whatever stands in the file
            return f"the file would not run by itself: {type(error).__name__}: {error}"
    verdict = diagnose(exercise, names[exercise.name])
    return None if verdict.kind == "passed" else f"in the file by itself it is not right: {verdict.text}"


def _run(text: str) -> dict[str, Any]:
    """Return what a file defines, without its main program."""
    names: dict[str, Any] = {"__name__": NAME, "__file__": str(my_file())}
    exec(compile(text, str(my_file()), "exec"), names)
    return names


def my_steps() -> Steps:
    """Return the steps of the flowchart with every function of the learner's that stands in `my_ppo.py`.

    Shows which they are. A file that does not run is reported, and the package's own steps are used.
    """
    own = my_functions()
    yours = ", ".join(sorted(own)) or "none yet: functions that pass are collected in my_ppo.py"
    show(
        Table([["steps", "which"], ["your own", yours], ["the package's", "all others"]]), "whose steps train the team"
    )
    return Steps(**own)


def my_functions() -> dict[str, Callable[..., Any]]:
    """Return name -> function of the learner's steps in `my_ppo.py`; empty if there is none, or it does not run."""
    if not my_file().exists():
        return {}
    try:
        names = _run(my_file().read_text(encoding="utf-8"))
    except (Exception, SystemExit) as error:  # the file is the learner's: anything can stand in it
        say(f"my_ppo.py does not run ({type(error).__name__}: {error}); the package's steps are used.")
        return {}
    found = {field.name: names.get(field.name) for field in fields(Steps)}
    return {name: own for name, own in found.items() if getattr(own, "__module__", "") == NAME and callable(own)}

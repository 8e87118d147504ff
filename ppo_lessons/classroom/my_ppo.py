"""The learner's own PPO: functions that passed are collected in `my_ppo.py`, and can train the team.

The file is the learner's. Only the section of a function is ever replaced, and the file as it was is kept beside it.
"""

import ast
import inspect
import re
import runpy
import sys
import textwrap
import types
from collections.abc import Callable
from dataclasses import fields
from datetime import date, datetime
from pathlib import Path
from typing import Any

from ppo_lessons.classroom.console import say, show
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.classroom.home import home
from ppo_lessons.display.tables import Table
from ppo_lessons.guards.files import write_whole
from ppo_lessons.steps import Steps

HEAD = '''"""My own PPO, collected from the lessons. Every function in here passed its check.

Run it with `python my_ppo.py`: it trains a team with these functions.
"""

import numpy as np
import torch
from torch import nn
'''
FOOT_MARK = "# --- run it "
FOOT = f"""{FOOT_MARK}---
if __name__ == "__main__":
    from ppo_lessons import PPOConfig, Steps, TrainingRun, train

    mine = {{name: function for name, function in globals().items() if name in Steps.__dataclass_fields__}}
    print("My own steps:", ", ".join(sorted(mine)) or "none yet")
    for report in train(TrainingRun("standard", PPOConfig()), cycles=300, steps=Steps(**mine)):
        if report.cycle % 20 == 0:
            behaviour = report.behaviour
            print(f"cycle {{report.cycle}}: {{behaviour.win_rate:.0%}} won, survival {{behaviour.survival:.0%}}")
"""


def my_file() -> Path:
    """Return the path of the learner's file."""
    return home() / "my_ppo.py"


def collect(exercise: Exercise, function: Callable[..., Any]) -> None:
    """Put a function that passed into `my_ppo.py`, in place of an earlier version of it.

    Args:
        exercise: Which it answers.
        function: The learner's function. Its source, and that of the helpers it uses, must be at hand.
    """
    source = _source_of(function)
    if source is None:
        return
    path = my_file()
    try:
        text = path.read_text(encoding="utf-8") if path.exists() else HEAD + "\n\n" + FOOT
        changed = _with_section(text, exercise, source)
        if changed == text:
            return
        ast.parse(changed)
        if path.exists():
            path.with_name(f"my_ppo.{datetime.now():%Y%m%d-%H%M%S-%f}.bak.py").write_text(text, encoding="utf-8")
        write_whole(path, lambda file: file.write(changed.encode()))
    except (OSError, UnicodeDecodeError, SyntaxError) as error:
        say(f"Your function is right, but could not be added to my_ppo.py: {error}")


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
        names = runpy.run_path(str(my_file()), run_name="my_ppo")
    except Exception as error:  # the file is the learner's: anything can stand in it
        say(f"my_ppo.py does not run ({type(error).__name__}: {error}); the package's steps are used.")
        return {}
    return {field.name: names[field.name] for field in fields(Steps) if callable(names.get(field.name))}


def _with_section(text: str, exercise: Exercise, source: str) -> str:
    """Return the file's text with this function's section in it; only the date may differ without a change."""
    mark = f"# --- {exercise.number} {exercise.name}"
    section = f"{mark}: lesson {exercise.number.split('.')[0].zfill(2)}, {date.today().isoformat()} ---\n{source}\n\n\n"
    old = re.search(rf"{re.escape(mark)}:.*?(?=^# --- )", text, flags=re.DOTALL | re.MULTILINE)
    if old is not None:
        same = old.group(0).split("\n", 1)[1] == section.split("\n", 1)[1]
        return text if same else text[: old.start()] + section + text[old.end() :]
    foot = text.find(FOOT_MARK)
    if foot < 0:
        text, foot = text.rstrip() + "\n\n\n" + FOOT, len(text.rstrip()) + 3
    return text[:foot] + section + text[foot:]


def _source_of(function: Callable[..., Any], depth: int = 3) -> str | None:
    """Return a function's source, after the imports and the learner's own helpers that it uses."""
    try:
        source = textwrap.dedent(inspect.getsource(function)).rstrip()
    except (OSError, TypeError):
        return None  # typed where no source is kept
    before = []
    for name in sorted({node.id for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Name)}):
        value = function.__globals__.get(name)
        if isinstance(value, types.ModuleType):
            if name in ("torch", "np", "nn"):
                continue  # the head of the file imports them
            before.append(f"import {value.__name__} as {name}" if value.__name__ != name else f"import {name}")
        elif isinstance(value, (types.FunctionType, type)):
            home_module = getattr(value, "__module__", "")
            if home_module in ("__main__", function.__module__) and isinstance(value, types.FunctionType):
                helper = _source_of(value, depth - 1) if depth and value is not function else None
                before += [helper] if helper else []
            elif home_module not in ("builtins", "__main__"):
                before.append(f"from {home_module} import {value.__name__} as {name}")
        elif isinstance(value, (int, float, str, bool)):
            before.append(f"{name} = {value!r}")
        elif value is not None and (module := _where_it_stands(name, value)):
            before.append(f"from {module} import {name}")
    return "\n\n".join([*dict.fromkeys(before), source]) if before else source


def _where_it_stands(name: str, value: object) -> str | None:
    """Return the module of the package in which that object has that name."""
    modules = [module for module in sorted(sys.modules) if module.startswith("ppo_lessons.")]
    return next((module for module in modules if vars(sys.modules[module]).get(name) is value), None)

"""Is this machine ready for the course? One line for each thing that a lesson needs."""

import importlib.metadata
import re
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from ppo_lessons.classroom.console import say

CONSTRAINTS = Path(__file__).parents[2] / "constraints.txt"
NEEDED = ("torch", "numpy", "gymnasium", "pettingzoo", "matplotlib", "ipywidgets", "jupyterlab")


def check_setup() -> None:
    """Print what is well and what is not, and what to do about it."""
    tests = (
        (_python, "Python is 3.10 or newer", "Install a newer Python, then `python start.py` again."),
        (_versions, "the tested versions are installed", "Start JupyterLab with `python start.py`."),
        (_computes, "torch computes gradients", "Remove the folder .venv, then `python start.py` again."),
        (_plays, "the Spirit world plays", "Get a fresh copy of the course."),
        (_draws, "figures can be drawn", "Remove the folder .venv, then `python start.py` again."),
    )
    for test, name, remedy in tests:
        say(f"✔ {name}" if _holds(test) else f"✘ not so: {name}. {remedy}")


def _holds(test: Callable[[], bool]) -> bool:
    try:
        return test()
    except Exception:  # whatever is broken here, the remedy is the same
        return False


def _python() -> bool:
    return sys.version_info >= (3, 10)


def _versions() -> bool:
    """Whether what is installed is what constraints.txt pins (a local part as in 2.13.0+cpu does not count)."""
    if not CONSTRAINTS.exists():
        return True  # installed without the repository
    pins = re.findall(r"^([\w.-]+)==([^\s;]+)", CONSTRAINTS.read_text(), flags=re.MULTILINE)
    wanted: dict[str, set[str]] = {}
    for name, version in pins:
        wanted.setdefault(name.lower().replace("_", "-"), set()).add(version)
    installed = {name: importlib.metadata.version(name).split("+")[0] for name in NEEDED}
    return all(version in wanted.get(name, {version}) for name, version in installed.items())


def _computes() -> bool:
    x = torch.tensor(3.0, requires_grad=True)
    (x**2).backward()
    return float(x.grad) == 6.0


def _plays() -> bool:
    from ppo_lessons.spirit_world.env import SpiritWorld

    world = SpiritWorld("standard", 2)
    world.reset(0)
    return world.step(np.zeros((2, 4), np.int64)).rewards.shape == (2, 4)


def _draws() -> bool:
    from ppo_lessons.display.picture import Picture, new_figure

    return Picture(new_figure(1, 1)[0], "").png.startswith(b"\x89PNG")

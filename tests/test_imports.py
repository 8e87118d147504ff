import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ppo_lessons

HOUSE = Path(ppo_lessons.__file__).parent
CORE = sorted(path for path in HOUSE.glob("*.py"))
NAMES = {path.stem for path in CORE}
ALONE = {"advantages": set(), "losses": set(), "minibatches": set(), "errors": set(), "files": set()}
ALONE |= {"fields": set(), "config": {"fields"}, "cases": {"fields"}}
ALONE |= {"spirit_world": {"cases"}, "actor_critic": {"fields", "threads"}, "threads": set(), "team_env": set()}


def imports_of(path):
    """Every module that a file imports anywhere, as dotted names."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path.name}: imports are written out in full"
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {node.module}
    return found


def rooms_of(path):
    """Which modules and subpackages of this house a file imports."""
    dotted = {name.split(".")[1] for name in imports_of(path) if name.startswith("ppo_lessons.")}
    return {name for name in dotted if name in NAMES or (HOUSE / name).is_dir()}


def test_the_core_is_there():
    assert {"__init__", "update", "training", "spirit_world", *ALONE} <= NAMES


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_imports_point_one_way(path):
    """The core knows neither the figures nor the classroom, and nothing of what they need."""
    assert not rooms_of(path) & {"interactive", "classroom"}
    outside = {name.split(".")[0] for name in imports_of(path)} - set(sys.stdlib_module_names) - {"ppo_lessons"}
    assert outside <= {"numpy", "torch", "gymnasium", "pettingzoo"}


@pytest.mark.parametrize("module", ALONE)
def test_the_equations_and_the_rules_know_nobody(module):
    assert rooms_of(HOUSE / f"{module}.py") <= ALONE[module]


def test_the_flow_has_no_circles():
    """Each module can be read after those that it imports."""
    left = {path.stem: rooms_of(path) - {path.stem} for path in CORE if path.stem != "__init__"}
    while left:
        free = {name for name, needs in left.items() if not needs & left.keys()}
        assert free, f"these import each other in a circle: {sorted(left)}"
        left = {name: needs for name, needs in left.items() if name not in free}


@pytest.mark.parametrize("path", [path for path in CORE if path.stem != "__init__"], ids=lambda path: path.stem)
def test_rooms_are_entered_by_their_own_door(path):
    """Modules import from the module where a thing stands, not from the short list in __init__."""
    asked = {name.split(".")[1] for name in imports_of(path) if name.startswith("ppo_lessons.")}
    assert asked <= NAMES


def test_importing_the_package_loads_no_figures_and_is_silent():
    code = (
        "import sys, ppo_lessons;"
        "heavy = {'matplotlib', 'ipywidgets', 'IPython', 'anywidget', 'PIL', 'stable_baselines3'} & set(sys.modules);"
        "assert not heavy, heavy;"
        "assert not [name for name in sys.modules if name.startswith(('ppo_lessons.interactive', 'ppo_lessons.class'))]"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_there_is_no_room_where_things_pile_up():
    rooms = {path.stem for path in HOUSE.rglob("*.py")} | {path.name for path in HOUSE.rglob("*") if path.is_dir()}
    assert not rooms & {"utils", "util", "common", "helpers", "misc", "tools"}


def test_the_map_names_every_module():
    """The map of the house in __init__ is complete, and has no rooms that do not exist."""
    missing = {name for name in NAMES - {"__init__"} if f"`{name}`" not in ppo_lessons.__doc__}
    assert missing <= {"config", "errors"}
    assert "config.PPOConfig" in ppo_lessons.__doc__


def test_the_list_of_public_names_is_true():
    assert sorted(ppo_lessons.__all__, key=str.lower) == sorted(set(ppo_lessons.__all__), key=str.lower)
    assert all(hasattr(ppo_lessons, name) for name in ppo_lessons.__all__)


def public_things(path):
    """(qualified name, node) of every public function, class and method of a file."""

    def walk(node, inside):
        for child in node.body:
            if isinstance(child, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)) and not child.name.startswith(
                "_"
            ):
                yield f"{inside}{child.name}", child
                if isinstance(child, ast.ClassDef):
                    yield from walk(child, f"{inside}{child.name}.")

    return walk(ast.parse(path.read_text(encoding="utf-8")), "")


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_everything_public_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    silent = [name for name, node in public_things(path) if not ast.get_docstring(node)]
    assert silent == []


@pytest.mark.parametrize("path", [path for path in CORE if path.stem != "__init__"], ids=lambda path: path.stem)
def test_every_core_module_has_its_tests(path):
    assert (Path(__file__).parent / f"test_{path.stem}.py").exists()

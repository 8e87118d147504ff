"""The house as the folders say it: imports point one way, and a thing stands where its name says."""

import ast
import os
import subprocess
import sys

import pytest

import ppo_lessons
from ppo_lessons.publishing.house import (
    FLOORS,
    HOUSE,
    asked_of_the_house,
    functions_of,
    imports_of,
    lines_of,
    modules,
    name_of,
    room_of,
)
from tests.long_first import LONG, TESTS

MODULES = modules()
CORE = [path for path in MODULES if room_of(name_of(path)) == "core"]
ALONE = {"advantages": set(), "losses": set(), "minibatches": set(), "errors": set(), "team_env": set()}
ALONE |= {"config": {"guards"}, "action_kinds": set(), "actor_critic": {"guards", "ppo_lessons.action_kinds"}}
"""The equations: what they import of the house."""


def floor_of(room):
    return next(i for i, rooms in enumerate(FLOORS) if room in rooms)


def ids(paths):
    return [name_of(path) for path in paths]


INSIDE = [path for path in MODULES if room_of(name_of(path)) != "door"]


def test_every_folder_has_its_floor():
    folders = {path.name for path in HOUSE.iterdir() if path.is_dir() and any(path.glob("*.py"))}
    assert {"core", *folders} == {room for rooms in FLOORS for room in rooms}


@pytest.mark.parametrize("path", INSIDE, ids=ids(INSIDE))
def test_imports_point_down(path):
    room = room_of(name_of(path))
    asked = {room_of(name) for name in asked_of_the_house(path)} - {room, "door"}
    too_high = {other for other in asked if floor_of(other) >= floor_of(room)}
    assert not too_high


@pytest.mark.parametrize("path", INSIDE, ids=ids(INSIDE))
def test_rooms_are_entered_by_their_own_door(path):
    """Modules import from the module where a thing stands, not from the short list in the front door."""
    public = {f"ppo_lessons.{name}" for name in ppo_lessons.__all__}
    assert not imports_of(path) & public


def test_the_terminal_has_a_door_of_its_own():
    """Nobody inside waits for words of a command line."""
    terminal = "ppo_lessons.shipped.terminal"
    assert asked_of_the_house(HOUSE / "train.py") == {terminal}
    assert [path for path in INSIDE if terminal in asked_of_the_house(path)] == []


@pytest.mark.parametrize(
    "path",
    sorted((HOUSE / "lessons").glob("*/**/*.py")),
    ids=lambda path: name_of(path).removeprefix("ppo_lessons.lessons."),
)
def test_no_lesson_imports_another(path):
    own = ".".join(name_of(path).split(".")[:3])
    assert {name for name in asked_of_the_house(path) if not f"{name}.".startswith(f"{own}.")} == {
        name for name in asked_of_the_house(path) if room_of(name) != "lessons"
    }


@pytest.mark.parametrize("path", CORE, ids=lambda path: path.stem)
def test_the_core_needs_little(path):
    outside = {name.split(".")[0] for name in imports_of(path)} - set(sys.stdlib_module_names) - {"ppo_lessons"}
    assert outside <= {"numpy", "torch"}


@pytest.mark.parametrize("module", ALONE)
def test_the_equations_know_nobody(module):
    asked = asked_of_the_house(HOUSE / f"{module}.py")
    assert {room_of(name) if room_of(name) != "core" else name for name in asked} <= ALONE[module]


def test_the_rules_of_the_game_know_the_cases_alone():
    assert asked_of_the_house(HOUSE / "spirit_world" / "rules.py") == {"ppo_lessons.spirit_world.cases"}


def test_the_flow_has_no_circles():
    """Each module can be read after those that it imports."""
    left = {name_of(path): asked_of_the_house(path) for path in INSIDE if path.stem != "__init__"}
    while left:
        free = {name for name, needs in left.items() if not needs & left.keys()}
        assert free, f"these import each other in a circle: {sorted(left)}"
        left = {name: needs for name, needs in left.items() if name not in free}


def test_the_core_can_be_read_in_an_evening():
    """With the losses before PPO's, the team's critic, what a run takes along, and what other worlds ask for."""
    assert sum(len(path.read_text(encoding="utf-8").splitlines()) for path in CORE) < 3400


def test_importing_the_package_loads_no_figures_and_is_silent():
    code = (
        "import sys, ppo_lessons;"
        "heavy = {'matplotlib', 'ipywidgets', 'IPython', 'anywidget', 'PIL', 'stable_baselines3'} & set(sys.modules);"
        "assert not heavy, heavy;"
        "rooms = {name.split('.')[1] for name in sys.modules if name.startswith('ppo_lessons.')};"
        "assert not rooms & {'display', 'interactive', 'classroom', 'lessons', 'publishing'}, rooms"
    )
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, env=environment)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_there_is_no_room_where_things_pile_up():
    rooms = {path.stem for path in HOUSE.rglob("*.py")} | {path.name for path in HOUSE.rglob("*") if path.is_dir()}
    assert not rooms & {"utils", "util", "common", "helpers", "misc", "tools"}


def test_the_map_names_every_module_and_folder():
    """The map of the house in the front door is complete."""
    rooms = {path.stem for path in CORE} | {room for rooms in FLOORS for room in rooms if room != "core"}
    assert not {name for name in rooms if f"`{name}`" not in ppo_lessons.__doc__}


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


@pytest.mark.parametrize("path", MODULES, ids=ids(MODULES))
def test_everything_public_says_what_it_is(path):
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
    silent = [name for name, node in public_things(path) if not ast.get_docstring(node)]
    assert silent == []


WITH_TESTS = [path for path in MODULES if path.stem not in ("__init__", "exercise") and path.parent.name != "exercises"]
"""All but the exercises, which `tests/classroom/test_checks.py` goes through with their own tables of mistakes."""


@pytest.mark.parametrize("path", WITH_TESTS, ids=ids(WITH_TESTS))
def test_every_module_has_its_tests(path):
    assert (TESTS / path.relative_to(HOUSE).with_name(f"test_{path.stem}.py")).exists()


def test_every_test_module_has_its_module():
    """Tests stand in the same folders; what is no module's own has a floor of its own."""
    own_floor = {"notebooks", "browser", "commands"}
    for path in TESTS.rglob("test_*.py"):
        place = path.relative_to(TESTS)
        if place.parts[0] in own_floor or place.name in OF_NO_MODULE:
            continue
        assert (HOUSE / place.with_name(path.name.removeprefix("test_"))).exists(), place


OF_NO_MODULE = {
    "test_exam.py",
    "test_unusual_answers.py",
    "test_house.py",
    "test_sb3_parity.py",
    "test_torch_settings.py",
    "test_golden.py",
    "test_sentences.py",
    "test_all_explorers.py",
    "test_real_ppos.py",
    "test_solved.py",
}


def test_nothing_is_too_long_to_be_read_at_once():
    assert {name_of(path): lines_of(path) for path in MODULES if lines_of(path) > 300} == {}
    long = {f"{name_of(path)}.{name}": n for path in MODULES for name, _, n in functions_of(path) if n > 40}
    assert long == {}, "docstrings do not count"


def test_the_files_that_are_begun_first_are_there():
    assert all((TESTS / name).is_file() for name in LONG)

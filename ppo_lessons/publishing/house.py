"""The house in numbers, measured from its own files: the floors, who imports whom, and how long things are."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import ppo_lessons

HOUSE = Path(ppo_lessons.__file__).parent
FLOORS = (
    ("guards",),
    ("core",),
    ("spirit_world", "other_worlds"),
    ("shipped",),
    ("display", "data_parallel"),
    ("interactive", "classroom", "doctor"),
    ("lessons",),
    ("publishing",),
    ("teaching",),
)
"""From the cellar up. Rooms of one floor do not know each other; each knows floors below it. `core`: the open floor."""
DOORS = frozenset((HOUSE.name, f"{HOUSE.name}.train"))
"""The front door, and the one for a terminal. The latter cannot be imported: who writes `ppo_lessons.train` means the
function of that name."""


def modules() -> list[Path]:
    """Return every module, in the order of the alphabet."""
    return sorted(HOUSE.rglob("*.py"))


def name_of(path: Path) -> str:
    """Return the name by which a module is imported."""
    return ".".join((HOUSE.name, *path.relative_to(HOUSE).with_suffix("").parts)).removesuffix(".__init__")


def room_of(name: str) -> str:
    """Return the folder in which a module stands; core for the open floor, door for a door."""
    parts = name.split(".")
    if name in DOORS:
        return "door"
    return parts[1] if (HOUSE / parts[1]).is_dir() else "core"


def imports_of(path: Path) -> set[str]:
    """Return everything that a file imports anywhere, as dotted names.

    Raises:
        ValueError: If an import is not written out in full.
    """
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            if node.level:
                raise ValueError(f"Imports are written out in full. Got a relative one in {path.name}")
            found |= {f"{node.module}.{alias.name}" for alias in node.names} | {str(node.module)}
    return found


@cache
def asked_of_the_house(path: Path) -> frozenset[str]:
    """Return which other modules of this house a file imports, the doors left out."""
    return frozenset(imports_of(path) & _names()) - {name_of(path)} - DOORS


@cache
def _names() -> frozenset[str]:
    return frozenset(map(name_of, modules()))


def functions_of(path: Path) -> Iterator[tuple[str, int, int]]:
    """Yield (name, lines, lines without the docstring) of every function of a file."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            told = node.body[0] if ast.get_docstring(node) is not None else None
            yield node.name, lines, lines - ((told.end_lineno or 0) - told.lineno + 1 if told else 0)


def lines_of(path: Path) -> int:
    """Return how many lines a file has."""
    return len(path.read_text(encoding="utf-8").splitlines())


def floor_plan() -> str:
    """Return the floors as a table, from the top down: what is there, how much, and what it imports."""
    inside = {name_of(path): path for path in modules() if room_of(name_of(path)) != "door"}
    rows = ["| floor | room | modules | lines | imports |", "|---|---|---|---|---|"]
    for floor, rooms in reversed(list(enumerate(FLOORS))):
        for room in rooms:
            paths = [path for name, path in inside.items() if room_of(name) == room]
            asked = {room_of(name) for path in paths for name in asked_of_the_house(path)} - {room, "door"}
            below = ", ".join(other for rooms in reversed(FLOORS) for other in rooms if other in asked)
            rows.append(f"| {floor} | {room} | {len(paths)} | {sum(map(lines_of, paths)):,} | {below} |")
    return "\n".join(rows)


def core_graph() -> str:
    """Return which modules each module of the core imports, one a line, each after those that it imports."""
    core = [path for path in modules() if room_of(name_of(path)) == "core"]
    left = {path.stem: {name.split(".", 1)[1] for name in asked_of_the_house(path)} for path in core}
    lines: list[str] = []
    while left:
        free = sorted(name for name, needs in left.items() if not needs & left.keys())
        lines += [f"{name}: {', '.join(sorted(left[name]))}".rstrip(": ") for name in free]
        left = {name: needs for name, needs in left.items() if name not in free}
    return "\n".join(lines)


def in_numbers() -> str:
    """Return the sizes of the house in one sentence."""
    paths = modules()
    functions = [length for path in paths for length in functions_of(path)]
    mean = sum(lines for _, lines, _ in functions) / len(functions)
    longest = max(lines for _, _, lines in functions)
    return (
        f"{sum(map(lines_of, paths)):,} lines in {len(paths)} modules, the longest of {max(map(lines_of, paths))}; "
        f"mean function length {mean:.1f} lines, the longest {longest} without its docstring."
    )

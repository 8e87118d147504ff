"""What a learner's function needs to stand alone: imports, constants, and helpers of the learner's own."""

import ast
import inspect
import math
import symtable
import sys
import textwrap
import types
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np

from ppo_lessons.guards.sealed import is_sealed

KNOWN = ("math", "typing", "functools", "itertools", "collections", "dataclasses", "torch", "torch.nn",
         "torch.nn.functional", "torch.distributions", "numpy")  # fmt: skip
"""Modules in which a name is looked for first, so that it comes from where people import it."""


class CannotStandAloneError(ValueError):
    """Why a function cannot be written down with all it needs."""


@dataclass(frozen=True)
class Piece:
    """A function or a constant with its name, as it is to be written."""

    name: str
    source: str


@dataclass(frozen=True)
class Needs:
    """A function and what it needs."""

    pieces: tuple[Piece, ...]
    """Constants and helpers, each before what needs it; the function itself is the last."""
    imports: dict[str, str]
    """Name -> the line that imports it."""


def needs_of(function: Callable[..., Any], at_hand: frozenset[str] = frozenset()) -> Needs:
    """Find out all that a function needs.

    Args:
        function: A learner's, with its source at hand.
        at_hand: Names that need not be brought along.

    Returns:
        What to write down.

    Raises:
        CannotStandAloneError: If the source is not at hand, or something was made in the notebook that no line of code
            can make again.
    """
    pieces: dict[str, Piece] = {}
    imports: dict[str, str] = {}
    _collect(function, at_hand, pieces, imports, ())
    return Needs(tuple(pieces.values()), imports)


def _collect(
    function: Callable[..., Any],
    at_hand: frozenset[str],
    pieces: dict[str, Piece],
    imports: dict[str, str],
    inside: tuple[str, ...],
) -> None:
    source, scope = source_of(function), _scope(function)
    own = inside[-1] if function.__name__ == "<lambda>" else function.__name__
    for name in global_names(source):
        if name in (own, *inside) or name in at_hand or name in pieces or name not in scope:
            continue  # what is not in scope is built in, or missing: the file says so when it is run
        value = scope[name]
        if isinstance(value, types.FunctionType) and not _is_imported(value):
            _refuse_other_names(name, value)
            _collect(value, at_hand, pieces, imports, (*inside, own, name))
        elif (line := import_line(name, value, function.__module__)) is not None:
            imports[name] = line
        else:
            pieces[name] = Piece(name, f"{name} = {constant(name, value)}")
    pieces[own] = Piece(own, source)


def _refuse_other_names(name: str, value: types.FunctionType) -> None:
    """Refuse helpers whose source does not define them under the name by which they are used."""
    if value.__name__ == "<lambda>":
        statement = ast.parse(source_of(value)).body[0]
        targets = statement.targets if isinstance(statement, ast.Assign) else [getattr(statement, "target", None)]
        if not any(isinstance(target, ast.Name) and target.id == name for target in targets):
            raise CannotStandAloneError(f"it uses {name}, a lambda that is not on a line of its own")
    elif value.__name__ != name:
        raise CannotStandAloneError(f"it uses {name}, which is another name for {value.__name__}")


def source_of(function: Callable[..., Any]) -> str:
    """Return a function's source, flush left.

    Raises:
        CannotStandAloneError: If it is not at hand, is not by itself, or is sealed.
    """
    if is_sealed(function):
        raise CannotStandAloneError("this copy of the course comes without solutions")
    try:
        source = inspect.getsource(inspect.unwrap(function))
    except (OSError, TypeError):
        raise CannotStandAloneError("its source is not at hand") from None
    for text in (textwrap.dedent(source), inspect.cleandoc(source)):
        try:
            ast.parse(text)
        except SyntaxError:
            continue
        return text.rstrip()
    raise CannotStandAloneError("its lines cannot be taken out of what stands around them")


def _scope(function: Callable[..., Any]) -> dict[str, Any]:
    inner = inspect.unwrap(function)
    closed = dict(zip(inner.__code__.co_freevars, inner.__closure__ or (), strict=True))
    return {**inner.__globals__, **{name: cell.cell_contents for name, cell in closed.items()}}


def global_names(source: str) -> list[str]:
    """Return the names that a piece of source takes from around it, in order: no parameter, local name or attribute."""
    found: list[str] = []

    def look(table: symtable.SymbolTable) -> None:
        at_the_top = table.get_type() == "module"
        for symbol in table.get_symbols():
            outside = symbol.is_global() or (at_the_top and not symbol.is_assigned())
            used = symbol.is_referenced() or (symbol.is_declared_global() and not at_the_top)
            if used and outside and symbol.get_name() not in found:
                found.append(symbol.get_name())
        for child in table.get_children():
            look(child)

    try:
        look(symtable.symtable(source, "<answer>", "exec"))
    except SyntaxError as error:
        raise CannotStandAloneError(f"it cannot stand outside of what is around it: {error.msg}") from None
    return found


def names_at_definition(source: str) -> set[str]:
    """Return the names that are needed when a piece of source is run, not only when its functions are called."""
    table = symtable.symtable(source, "<answer>", "exec")
    return {symbol.get_name() for symbol in table.get_symbols() if symbol.is_referenced() and not symbol.is_assigned()}


def _is_imported(function: types.FunctionType) -> bool:
    """Say whether a function comes from a module that can be imported, and not out of a notebook."""
    module = sys.modules.get(function.__module__ or "")
    return module is not None and function.__module__ != "__main__" and hasattr(module, function.__name__)


def import_line(name: str, value: Any, user: str = "") -> str | None:
    """Return the line that imports a value under a name; None for what is not to be found in any module.

    Args:
        name: The name.
        value: What it stands for.
        user: The module that uses it, which may be where it stands.
    """
    if isinstance(value, types.ModuleType):
        package, _, last = value.__name__.rpartition(".")
        start = f"from {package} import {last}" if package else f"import {last}"
        return start if last == name else f"{start} as {name}" if package else f"import {value.__name__} as {name}"
    if value is None or isinstance(value, bool):
        return None
    called = str(getattr(value, "__name__", name))
    for module in _modules(value, user):
        for there in dict.fromkeys((called, name)):
            if there.isidentifier() and vars(sys.modules[module]).get(there) is value:
                return f"from {module} import {there}" + (f" as {name}" if there != name else "")
    return None


def _modules(value: Any, user: str) -> Iterator[str]:
    """Yield the modules in which a value may be found, those first from which people import it."""
    if isinstance(value, (int, str, tuple)) and not isinstance(value, type):
        return  # two of them can be the same object by chance
    names = [name for name in list(sys.modules) if isinstance(sys.modules[name], types.ModuleType)]
    public = [name for name in names if not any(part.startswith("_") for part in name.split("."))]
    home = getattr(value, "__module__", None)
    ordered = [name for name in KNOWN if name in public]
    ordered += [place for place in (home, user) if place in public and _is_library(place)]
    ordered += sorted((name for name in public if _is_library(name)), key=lambda name: (name.count("."), name))
    yield from dict.fromkeys(ordered)


def _is_library(name: str) -> bool:
    return name.split(".")[0] not in ("__main__", "tests", "IPython", "ipykernel", "my_ppo", "builtins")


def constant(name: str, value: Any) -> str:
    """Return a constant as code.

    Raises:
        CannotStandAloneError: If it is something that only the notebook could make.
    """
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{float(value)}")'
    if isinstance(value, np.generic):
        value = value.item()
    if value is None or type(value) in (bool, int, float, str):
        return repr(value)
    if isinstance(value, (tuple, list, set, dict)):
        text = repr(value)
        try:
            if ast.literal_eval(text) == value and len(text) < 1000:
                return text
        except (ValueError, SyntaxError):
            pass
    kind = type(value).__name__
    raise CannotStandAloneError(f"it uses {name}, a {kind} that was made elsewhere in the notebook: make it inside")

"""Which statements of a notebook an answer needs: its own, and those that make what it names.

The notebook is not run: a lesson trains teams and waits for hands. What a function names is looked up as a notebook
would find it in the end: the last statement that binds the name.
"""

import ast
import builtins
import symtable
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class Statement:
    """One statement of a cell."""

    cell: str
    """Name of the cell."""
    place: int
    """Its number among the statements of the cell."""
    node: ast.stmt
    source: str
    binds: frozenset[str] = field(default=frozenset())
    needs: frozenset[str] = field(default=frozenset())
    changes: frozenset[str] = field(default=frozenset())
    """Names of things into which it puts something: `table["a"] = 1`, `table.append(1)`."""


def statements_of(cell: str, source: str) -> Iterator[Statement]:
    """Yield the statements of a cell.

    Args:
        cell: Its name.
        source: Python, without magics.

    Raises:
        SyntaxError: If it is none.
    """
    for place, node in enumerate(ast.parse(source).body):
        text = ast.get_source_segment(source, node, padded=True) or ""
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and node.decorator_list:
            lines = source.splitlines()[node.decorator_list[0].lineno - 1 : node.end_lineno]
            text = "\n".join(lines)
        binds, needs = _names(ast.unparse(node))
        yield Statement(cell, place, node, text, binds, needs, frozenset(_changed(node)))


def _names(source: str) -> tuple[frozenset[str], frozenset[str]]:
    """Return the names that a statement binds around it, and those that it takes from there."""
    top = symtable.symtable(source, "<statement>", "exec")
    binds = {s.get_name() for s in top.get_symbols() if s.is_assigned() or s.is_imported() or s.is_namespace()}
    needs: set[str] = set()

    def look(table: symtable.SymbolTable) -> None:
        at_the_top = table.get_type() == "module"
        for symbol in table.get_symbols():
            if at_the_top and symbol.is_referenced():
                needs.add(symbol.get_name())
            elif not at_the_top and symbol.is_global():
                needs.add(symbol.get_name())
                if symbol.is_assigned() and symbol.is_declared_global():
                    binds.add(symbol.get_name())
        for child in table.get_children():
            look(child)

    look(top)
    return frozenset(binds), frozenset(needs - set(dir(builtins)))


def _changed(node: ast.stmt) -> Iterator[str]:
    """Yield the names of things into which a statement puts something, wherever in it but not inside of functions."""
    if isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.Import, ast.ImportFrom)):
        return
    for part in ast.walk(node):
        inside: Any = part.func if isinstance(part, ast.Call) and isinstance(part.func, ast.Attribute) else part
        if isinstance(inside, (ast.Subscript, ast.Attribute)) and (
            inside is not part or isinstance(inside.ctx, (ast.Store, ast.Del))
        ):
            while isinstance(inside, (ast.Subscript, ast.Attribute)):
                inside = inside.value
            if isinstance(inside, ast.Name):
                yield inside.id


def is_import(statement: Statement) -> bool:
    """Say whether a statement only imports."""
    return isinstance(statement.node, (ast.Import, ast.ImportFrom))


def needed_for(
    answer: Statement,
    statements: Iterable[Statement],
    not_looked_for: frozenset[str],
    as_well: Sequence[Statement] = (),
) -> tuple[list[Statement], set[str]]:
    """Return what must be run for an answer, in order, and the names that nothing in the notebook binds.

    Args:
        answer: Defines it.
        statements: All of the notebook, in order.
        not_looked_for: Names of exercises: other answers are the package's, and this one is itself.
        as_well: What is needed for certain: the definition that the answer wraps.
    """
    everything = list(statements)
    order = {id(statement): place for place, statement in enumerate(everything)}
    stars = [s for s in everything if is_import(s) and any(alias.name == "*" for alias in s.node.names)]
    given = [answer, *as_well, *stars]
    chosen, missing = {id(statement) for statement in given}, set()
    left = [(name, order[id(statement)]) for statement in given for name in sorted(statement.needs)]
    seen: set[tuple[str, int]] = set()
    while left:
        name, user = left.pop()
        if (name, user) in seen:
            continue
        seen.add((name, user))
        binding = [s for s in everything if name in s.binds] if name not in not_looked_for else []
        if not binding:
            missing.add(name)
            continue
        before = [s for s in binding if order[id(s)] < user]
        more = [binding[-1], *before[-1:]]  # what is found when it is called, and when it is defined
        if not is_import(binding[-1]):
            more += [s for s in everything if name in s.changes and name not in s.binds]
        for statement in more:
            if id(statement) not in chosen:
                chosen.add(id(statement))
                left += [(each, order[id(statement)]) for each in sorted(statement.needs)]
    return [statement for statement in everything if id(statement) in chosen], missing

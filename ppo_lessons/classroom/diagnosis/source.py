"""What a learner wrote, as a tree: to see whether it is still blank, and to try small changes of it."""

import ast
import inspect
import itertools
import textwrap
from collections.abc import Callable
from typing import Any

from ppo_lessons.classroom.diagnosis.time_limit import TooSlowError

ROUNDS = 50_000
"""So often the loops of what is only tried may go round; those of right answers do some thousand times at most."""
TICK = "__tick__"


def tree_of(function: Callable[..., Any]) -> ast.FunctionDef | None:
    """Return the definition of a function as a tree; None where its source is not at hand, or not by itself.

    Its lines are counted from the first of the source, which may be a decorator's.

    Args:
        function: Defined with `def`, or as a lambda (which becomes a definition).
    """
    try:
        source = inspect.getsource(inspect.unwrap(function))
    except (OSError, TypeError, SyntaxError, IndentationError):
        return None
    for text in (source, textwrap.dedent(source), f"if True:\n{source}", f"({source.strip().rstrip(',')})"):
        try:
            nodes = list(ast.walk(ast.parse(text)))
        except (SyntaxError, ValueError):
            continue
        tree = _definition(nodes, getattr(function, "__name__", ""))
        return ast.increment_lineno(tree, -1) if tree is not None and text.startswith("if True:\n") else tree
    return None


def _definition(nodes: list[ast.AST], name: str) -> ast.FunctionDef | None:
    for node in nodes:
        if isinstance(node, ast.FunctionDef) and node.name == name:
            return node
    lambdas = [node for node in nodes if isinstance(node, ast.Lambda)]
    if len(lambdas) != 1:
        return None
    body = ast.copy_location(ast.Return(lambdas[0].body), lambdas[0].body)
    definition = ast.parse("def answer(): pass").body[0]
    assert isinstance(definition, ast.FunctionDef)
    definition.args, definition.body = lambdas[0].args, [body]
    return definition


def is_blank(function: Callable[..., Any]) -> bool:
    """Say whether nothing was written yet: no source at hand, or `...` where something should stand."""
    tree = tree_of(function)
    if tree is None:
        return True
    if any(_holds_dots(statement) for statement in ast.walk(tree)):
        return True
    return all(_says_nothing(statement) for statement in tree.body)


def says_nothing_yet(definition: ast.FunctionDef) -> bool:
    """Say whether a definition is one in which nothing was written: at most its docstring, and `return ...`.

    Args:
        definition: Of a function that has not been run.
    """
    return all(
        _says_nothing(statement)
        or (isinstance(statement, ast.Return) and _holds_dots(statement))
        or (isinstance(statement, ast.Raise) and "NotImplementedError" in ast.unparse(statement))
        for statement in definition.body
    )


def _holds_dots(node: ast.AST) -> bool:
    if isinstance(node, (ast.Expr, ast.Return, ast.Assign, ast.AnnAssign)) and node.value is not None:
        return isinstance(node.value, ast.Constant) and node.value.value is ...
    return False


def _says_nothing(statement: ast.stmt) -> bool:
    if isinstance(statement, ast.Expr):
        return isinstance(statement.value, ast.Constant)
    if isinstance(statement, ast.Return):
        return statement.value is None or (isinstance(statement.value, ast.Constant) and statement.value.value is None)
    return isinstance(statement, ast.Pass)


def scope_of(function: Callable[..., Any]) -> dict[str, Any]:
    """Return the names that a function can see, its own parameters and locals left out."""
    inside = inspect.unwrap(function)
    names = dict(getattr(inside, "__globals__", {}))
    try:
        names |= inspect.getclosurevars(inside).nonlocals
    except (TypeError, ValueError):
        pass
    return names


def built(tree: ast.FunctionDef, scope: dict[str, Any]) -> Callable[..., Any] | None:
    """Make a function of a tree; its loops go round `ROUNDS` times in all, on every machine.

    Args:
        tree: A definition. It is left as it is.
        scope: The names that it can see.

    Returns:
        The function, which raises `TooSlowError` when it has gone round too often; None if the tree is no program.
    """
    names = {**scope, TICK: _counter()}
    loops = [node for node in ast.walk(tree) if isinstance(node, (ast.For, ast.While))]
    for loop in loops:
        loop.body.insert(0, ast.Expr(ast.Call(ast.Name(TICK, ast.Load()), [], [])))
    try:
        exec(compile(ast.fix_missing_locations(ast.Module([tree], [])), "<tried>", "exec"), names)
    except Exception:  # not every tree makes a program
        return None
    finally:
        for loop in loops:
            del loop.body[0]
    return names[tree.name]


def _counter() -> Callable[[], None]:
    rounds = itertools.count()

    def tick() -> None:
        if next(rounds) >= ROUNDS:
            raise TooSlowError

    return tick

"""Small edits of a function's tree: operators, names, calls, lines, what is missing around an expression."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ppo_lessons.classroom.diagnosis.vocabulary import COMPARISONS, ENDINGS, FAMILIES, OPERATORS, WRAPPERS


@dataclass(frozen=True)
class Place:
    """A place of the tree, and what to put there."""

    parent: ast.AST
    field: str
    index: int | None
    new: Any

    def swap(self, new: Any) -> Any:
        """Put something into the place, and return what was there."""
        if self.index is None:
            old = getattr(self.parent, self.field)
            setattr(self.parent, self.field, new)
        else:
            sequence = getattr(self.parent, self.field)
            old, sequence[self.index] = sequence[self.index], new
        return old


@dataclass(frozen=True)
class Edit:
    """What to put into one or more places, how to say it, and how late to try it."""

    places: tuple[Place, ...]
    what: str
    weight: int
    piece: ast.AST | None = None
    """To be shown, where it is not what stood in the first place."""


def _edit(
    parent: ast.AST, field: str, index: int | None, new: Any, what: str, weight: int, piece: ast.AST | None = None
) -> Edit:
    return Edit((Place(parent, field, index, new),), what, weight, piece)


def edits(tree: ast.FunctionDef) -> Iterator[Edit]:
    """Yield all edits of a definition.

    Args:
        tree: Is not changed; the places are its own.
    """
    arguments = [argument.arg for argument in tree.args.args]
    names = _names(tree)
    yield from _of_names_everywhere(tree)
    yield from _moved_to_the_end(tree)
    for node in ast.walk(tree):
        yield from _of_operators(node)
        yield from _of_calls(node)
        yield from _of_statements(node)
        for field, index, child in _children(node):
            yield from _of_expressions(node, field, index, child, names, arguments)


def _of_names_everywhere(tree: ast.FunctionDef) -> Iterator[Edit]:
    """Let two names, or two fields, change places wherever they stand."""
    spots: dict[str, list[tuple[ast.AST, str]]] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
            spots.setdefault(node.id, []).append((node, "id"))
        elif isinstance(node, ast.Attribute):
            spots.setdefault(node.attr, []).append((node, "attr"))
    names = list(spots)
    for i, first in enumerate(names):
        for second in names[i + 1 :]:
            if {spots[first][0][1]} == {spots[second][0][1]}:
                pairs = [(spot, second) for spot in spots[first]] + [(spot, first) for spot in spots[second]]
                places = tuple(Place(node, field, None, new) for (node, field), new in pairs)
                yield Edit(places, f"have this and `{second}` changed places", 3)


def _moved_to_the_end(tree: ast.FunctionDef) -> Iterator[Edit]:
    """Take a call like .mean() away where it stands, and put it behind the result."""
    returns = [node for node in ast.walk(tree) if isinstance(node, ast.Return) and node.value is not None]
    for node in ast.walk(tree) if returns else ():
        for field, index, old in _children(node):
            is_method = isinstance(old, ast.Call) and isinstance(old.func, ast.Attribute)
            if is_method and not old.args and node is not returns[-1]:  # type: ignore[attr-defined]
                at_the_end = ast.parse(f"({ast.unparse(returns[-1].value)}).{old.func.attr}()", mode="eval").body  # type: ignore[attr-defined, arg-type]
                for inner in ast.walk(at_the_end):
                    for inner_field, inner_index, same in _children(inner):
                        if ast.dump(same) == ast.dump(old) and inner is not at_the_end:
                            Place(inner, inner_field, inner_index, None).swap(old.func.value)  # type: ignore[attr-defined]
                places = (Place(node, field, index, old.func.value), Place(returns[-1], "value", None, at_the_end))  # type: ignore[attr-defined]
                yield Edit(places, "does it come too early", 3)


def _names(tree: ast.FunctionDef) -> list[str]:
    """Return the arguments and local names."""
    found = [argument.arg for argument in tree.args.args]
    found += [n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)]
    return list(dict.fromkeys(found))


def _children(node: ast.AST) -> Iterator[tuple[str, int | None, ast.expr]]:
    """Yield each expression below a node that can be replaced by another."""
    for field, value in ast.iter_fields(node):
        if field in ("annotation", "returns", "func", "targets", "target", "defaults", "decorator_list"):
            continue
        if isinstance(value, ast.Slice):
            continue
        if isinstance(value, ast.expr):
            yield field, None, value
        elif isinstance(value, list):
            yield from (
                (field, i, each)
                for i, each in enumerate(value)
                if isinstance(each, ast.expr) and not isinstance(each, (ast.Slice, ast.Starred))
            )


def _of_operators(node: ast.AST) -> Iterator[Edit]:
    if isinstance(node, (ast.BinOp, ast.BoolOp, ast.AugAssign)):
        for new in OPERATORS.get(type(node.op), ()):
            yield _edit(node, "op", None, new(), "look at the operator", 1)
    elif isinstance(node, ast.Compare):
        for place, old in enumerate(node.ops):
            kinds: tuple[type[ast.cmpop], ...] = COMPARISONS if isinstance(old, COMPARISONS) else ()
            if isinstance(old, (ast.Is, ast.IsNot)):
                kinds = (ast.Is, ast.IsNot)
            for new in kinds:
                if not isinstance(old, new):
                    yield _edit(node, "ops", place, new(), "look at the comparison", 1)


def _of_calls(node: ast.AST) -> Iterator[Edit]:
    field = "attr" if isinstance(node, ast.Attribute) else "id" if isinstance(node, ast.Name) else ""
    if field:
        name = getattr(node, field)
        for family in FAMILIES:
            if name in family:
                for other in family:
                    if other != name:
                        yield _edit(node, field, None, other, "look at the name", 1)
    if isinstance(node, ast.Call):
        for place in range(len(node.keywords)):
            rest = node.keywords[:place] + node.keywords[place + 1 :]
            yield _edit(node, "keywords", None, rest, f"look at {node.keywords[place].arg}=", 2, node)
        for i in range(len(node.args)):
            for j in range(i + 1, min(len(node.args), 6)):
                swapped = list(node.args)
                swapped[i], swapped[j] = swapped[j], swapped[i]
                yield _edit(node, "args", None, swapped, "look at the order of the arguments", 2, node)
        if len(node.args) > 1:
            yield _edit(node, "args", None, node.args[:-1], "look at its last argument", 3, node)
        if not node.args and not node.keywords:
            for word in ("dim=0", "dim=1", "dim=-1", "correction=0", "keepdim=True"):
                call = ast.parse(f"f({word})", mode="eval").body
                assert isinstance(call, ast.Call)
                yield _edit(node, "keywords", None, call.keywords, "an argument is missing", 3, node)


def _of_statements(node: ast.AST) -> Iterator[Edit]:
    for field in ("body", "orelse"):
        block = getattr(node, field, None)
        if not isinstance(block, list) or not block:
            continue
        for i, statement in enumerate(block):
            if isinstance(statement, ast.If):
                yield _edit(
                    node,
                    field,
                    None,
                    block[:i] + statement.body + block[i + 1 :],
                    "is this to depend on a condition",
                    4,
                    statement,
                )
            if len(block) > 1:
                yield _edit(node, field, None, block[:i] + block[i + 1 :], "a line too many", 3, statement)
            for j in range(len(block)):
                if j not in (i, i - 1):
                    rest = block[:i] + block[i + 1 :]
                    yield _edit(
                        node,
                        field,
                        None,
                        [*rest[:j], statement, *rest[j:]],
                        "look at the order of the lines",
                        2 if abs(i - j) < 2 else 3,
                        statement,
                    )
            if isinstance(statement, (ast.Expr, ast.Assign)) and field == "body" and statement is block[-1]:
                yield _edit(
                    node, field, None, [*block, ast.Return(statement.value)], "nothing is returned", 1, statement
                )


def _of_expressions(
    node: ast.AST, field: str, index: int | None, old: ast.expr, names: list[str], arguments: list[str]
) -> Iterator[Edit]:
    def edit(new: ast.expr | str, what: str, weight: int) -> Edit:
        return _edit(
            node, field, index, ast.parse(new, mode="eval").body if isinstance(new, str) else new, what, weight
        )

    text = ast.unparse(old)
    inside_a_slice = isinstance(old, ast.Slice) or any(isinstance(part, ast.Slice) for part in getattr(old, "elts", ()))
    if (
        isinstance(getattr(old, "ctx", ast.Load()), ast.Load)
        and not isinstance(old, ast.Starred)
        and not inside_a_slice
    ):
        if isinstance(old, ast.Name):
            for name in names:
                if name != old.id:
                    yield edit(name, "look at the name", 2)
        if isinstance(old, ast.Constant):
            yield from (edit(new, "look at the number", 2) for new in _other_constants(old.value, names))
        yield from (edit(new, what, weight) for new, what, weight in _less(old))
        heavy = not isinstance(node, (ast.Return, ast.Assign))
        if not isinstance(old, ast.Constant):
            for ending in ENDINGS:
                yield edit(f"({text}).{ending}", "something is missing behind it", 4 + heavy)
            for wrapper in WRAPPERS:
                yield edit(wrapper.format(text), "something is missing around it", 4 + heavy)
            for name in arguments:
                for sign in "*+-/":
                    yield edit(f"({text}) {sign} {name}", f"{name} is missing", 6)


def _other_constants(value: Any, names: list[str]) -> Iterator[str]:
    yield from names
    if isinstance(value, bool) or value is None:
        yield from ("True", "False", "None", "float('nan')")
    elif isinstance(value, (int, float)):
        for other in (0, 1, -1, 2, 0.5, value + 1, value - 1, -value, 1.5, 1e-8):
            if other != value:
                yield repr(other)
        yield "float('nan')"


def _less(old: ast.expr) -> Iterator[tuple[ast.expr, str, int]]:
    """Yield what is left of an expression when one piece of it is taken away, or two change places."""
    if isinstance(old, ast.UnaryOp):
        yield old.operand, "look at the sign", 1
    if isinstance(old, ast.BinOp):
        yield ast.BinOp(old.right, old.op, old.left), "look at what stands left and right", 2
        yield old.left, "something does not belong there", 3
        yield old.right, "something does not belong there", 3
    if isinstance(old, ast.BinOp) and isinstance(old.right, ast.BinOp):
        inner = ast.BinOp(old.left, old.op, old.right.left)
        yield ast.BinOp(inner, old.right.op, old.right.right), "look at the brackets", 2
    if isinstance(old, ast.BinOp) and isinstance(old.left, ast.BinOp):
        inner = ast.BinOp(old.left.right, old.op, old.right)
        yield ast.BinOp(old.left.left, old.left.op, inner), "look at the brackets", 2
    if isinstance(old, ast.BoolOp):
        for i in range(len(old.values)):
            rest = old.values[:i] + old.values[i + 1 :]
            yield rest[0] if len(rest) == 1 else ast.BoolOp(old.op, rest), "a condition too many", 3
    if isinstance(old, ast.IfExp):
        yield old.body, "is this to depend on a condition", 3
        yield old.orelse, "is this to depend on a condition", 3
        yield ast.IfExp(old.test, old.orelse, old.body), "look at the two branches", 2
    if isinstance(old, ast.Call) and isinstance(old.func, ast.Attribute):
        yield old.func.value, f"look at .{old.func.attr}()", 2
    if isinstance(old, ast.Call) and len(old.args) == 1:
        yield old.args[0], "look at the call around it", 2
    if isinstance(old, ast.Call) and len(old.args) > 1:
        yield from ((argument, "look at the call around it", 4) for argument in old.args)
    if isinstance(old, ast.Subscript):
        yield old.value, "look at the index", 3
    if isinstance(old, (ast.Tuple, ast.List)) and len(old.elts) == 2:
        kind = type(old)
        yield kind(old.elts[::-1], ast.Load()), "look at the order", 1
        yield from ((each, "one thing too many", 3) for each in old.elts)

"""One small edit of what the learner wrote that would make it right: found by trying, so it cannot mislead.

Most wrong answers are a right one with one slip: another operator, another function, a name for another, a call too
many or too few, two lines in the wrong order. Each such edit is tried, and one that passes all probes tells the line
and the piece to look at.
"""

import ast
import copy
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

Test = Callable[[Callable[..., Any]], bool]
"""Says whether a function is right."""
MOST = 1000
"""So many edits are tried; a long function has more."""


@dataclass(frozen=True)
class Repair:
    """An edit that makes an answer right."""

    line: int
    """In the learner's definition, from 1."""
    piece: str
    """What stands there now."""
    what: str
    """What is the matter with it, without the answer."""


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


OPERATORS: dict[type, tuple[type, ...]] = {
    ast.Add: (ast.Sub, ast.Mult), ast.Sub: (ast.Add, ast.Mult), ast.Mult: (ast.Div, ast.Add, ast.Sub, ast.Pow),
    ast.Div: (ast.Mult, ast.FloorDiv, ast.Sub), ast.FloorDiv: (ast.Div, ast.Mod), ast.Mod: (ast.FloorDiv, ast.Div),
    ast.Pow: (ast.Mult,), ast.BitAnd: (ast.BitOr,), ast.BitOr: (ast.BitAnd,), ast.And: (ast.Or,), ast.Or: (ast.And,),
    ast.MatMult: (ast.Mult,),
}  # fmt: skip
COMPARISONS = (ast.Lt, ast.LtE, ast.Gt, ast.GtE, ast.Eq, ast.NotEq)
FAMILIES = (
    ("min", "max", "minimum", "maximum"), ("sum", "mean", "std", "var", "median", "nanmean", "nansum", "prod"),
    ("any", "all"), ("exp", "log", "exp2", "log2", "log10", "expm1", "log1p"), ("square", "abs", "sqrt", "pow"),
    ("argmax", "argmin", "argsort", "sort"), ("logical_and", "logical_or", "logical_xor"), ("floor", "ceil", "round"),
    ("softmax", "log_softmax", "sigmoid"), ("l1_loss", "mse_loss", "smooth_l1_loss", "huber_loss"),
    ("terminated", "truncated"), ("obs", "actions", "old_log_probs", "returns", "advantages"), ("clamp_", "clamp"),
    ("vf_coef", "ent_coef", "clip_eps"), ("won", "lost", "fell", "adjourned"), ("sub_", "sub"), ("mul_", "mul"),
    ("add_", "add"), ("div_", "div"), ("copy_", "clone"), ("detach_", "detach"), ("clip_grad_value_", "clip_grad_norm_"),
    ("HEALTH_REWARD", "FALL_REWARD", "WIN_REWARD", "BANISH_REWARD"), ("cumsum", "cumprod"), ("zeros_like", "ones_like"),
    ("randint", "randperm", "rand"), ("cat", "stack"), ("reversed", "list"), ("reshape", "transpose"),
)  # fmt: skip
ENDINGS = ("mean()", "sum()", "detach()", "exp()", "log()", "square()", "abs()", "sqrt()", "float()", "long()",
           "bool()", "sum(dim=-1)", "mean(dim=-1)", "squeeze(-1)", "squeeze()", "unsqueeze(-1)", "unsqueeze(0)", "item()",
           "flatten()", "clone()", "any()", "all()", "tolist()", "numpy()", "T", "values", "flip(0)")  # fmt: skip
"""What may be missing behind an expression."""
WRAPPERS = ("-({})", "~({})", "not ({})", "1 - ({})", "1 + ({})", "({}) - 1", "({})[:, None]", "({})[None]", "float({})",
            "bool({})", "int({})", "list({})", "tuple({})", "max(0.0, {})", "({})[-1]", "({})[0]", "2 * ({})", "1 / ({})",
            "({}) + 1e-8", "reversed({})", "({})[::-1]", "torch.zeros_like({})", "0 * ({})", "np.sqrt({})",
            "({}) / 2", "({}) * 2", "({}).clamp(min=0)")  # fmt: skip
"""What may be missing around an expression."""


def find_repair(tree: ast.FunctionDef, scope: dict[str, Any], test: Test) -> Repair | None:
    """Try small edits of a definition, the most likely first, until one is right.

    Args:
        tree: The learner's definition. It is put back after each try.
        scope: The names that it can see.
        test: Says whether a function is right, the quickest way it can.

    Returns:
        The repair; None if no single edit helps.
    """
    tree = copy.deepcopy(tree)
    tree.decorator_list, tree.returns = [], None
    for edit in sorted(_edits(tree), key=lambda edit: edit.weight)[:MOST]:
        before = [place.swap(place.new) for place in edit.places]
        try:
            function = _built(tree, scope)
            right = function is not None and test(function)
        finally:
            for place, old in zip(reversed(edit.places), reversed(before), strict=True):
                place.swap(old)
        if right:
            piece = edit.piece if edit.piece is not None else before[0]
            return Repair(_line(edit.places[0], piece), _piece(edit.places[0], piece), edit.what)
    return None


def _built(tree: ast.FunctionDef, scope: dict[str, Any]) -> Callable[..., Any] | None:
    names = dict(scope)
    try:
        exec(compile(ast.fix_missing_locations(ast.Module([tree], [])), "<repaired>", "exec"), names)
    except Exception:  # not every edit makes a program
        return None
    return names[tree.name]


def _line(place: Place, old: Any) -> int:
    places = [getattr(node, "lineno", None) for node in (old, place.parent)]
    return next((line for line in places if line), 1)


def _piece(place: Place, old: Any) -> str:
    if isinstance(old, (ast.expr, ast.stmt)):
        return ast.unparse(old).split("\n")[0]
    if isinstance(old, str):
        return old
    if isinstance(old, list):
        return "; ".join(ast.unparse(each) for each in old if isinstance(each, ast.AST)).split("\n")[0]
    return ast.unparse(place.parent).split("\n")[0]


def _edits(tree: ast.FunctionDef) -> Iterator[Edit]:
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
    for node in ast.walk(tree):
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

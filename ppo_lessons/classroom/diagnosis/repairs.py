"""One small edit of what the learner wrote that would make it right: found by trying, so it cannot mislead.

Most wrong answers are a right one with one slip: another operator, another function, a name for another, a call too
many or too few, two lines in the wrong order. Each such edit is tried, and one that passes all probes tells the line
and the piece to look at.
"""

import ast
import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from ppo_lessons.classroom.diagnosis.edits import Place, edits
from ppo_lessons.classroom.diagnosis.source import built

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
    tree.returns = None
    for edit in sorted(edits(tree), key=lambda edit: edit.weight)[:MOST]:
        before = [place.swap(place.new) for place in edit.places]
        try:
            function = built(tree, scope)
            right = function is not None and test(function)
        finally:
            for place, old in zip(reversed(edit.places), reversed(before), strict=True):
                place.swap(old)
        if right:
            piece = edit.piece if edit.piece is not None else before[0]
            return Repair(_line(edit.places[0], piece), _piece(edit.places[0], piece), edit.what)
    return None


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

"""A slip is found by trying: its line and piece are told, and whatever is told does make the answer right."""

import ast

import pytest
import torch

from ppo_lessons.classroom.diagnosis.repairs import find_repair
from tests.classroom.cells import define

X = torch.tensor([[1.0, 2.0, 4.0], [3.0, 5.0, -7.0]])
Y = torch.tensor([[2.0, 1.0, 1.0], [0.5, 8.0, 2.0]])


def right(x, y):
    z = torch.max(x - y, 2 * y)
    return z.sum(dim=1).mean()


LINES = ["z = torch.max(x - y, 2 * y)", "return z.sum(dim=1).mean()"]


def repaired(*lines: str):
    """The repair of f(x, y) that makes it right."""
    tree = ast.parse(define("f(x, y)", *lines)).body[0]
    assert isinstance(tree, ast.FunctionDef)
    before = ast.dump(tree)

    def test(function) -> bool:
        try:
            return all(torch.allclose(function(a, b), right(a, b)) for a, b in ((X, Y), (Y, X), (X + Y, Y)))
        except Exception:
            return False

    found = find_repair(tree, {"torch": torch}, test)
    assert ast.dump(tree) == before, "the learner's tree is left alone"
    return found


@pytest.mark.parametrize(
    ("lines", "line", "piece", "what"),
    [
        (["z = torch.max(x + y, 2 * y)", LINES[1]], 2, "x + y", "operator"),
        (["z = torch.min(x - y, 2 * y)", LINES[1]], 2, "min", "name"),
        (["z = torch.max(y - x, 2 * y)", LINES[1]], 2, "y - x", "left and right"),
        (["z = torch.max(x - y, 2 * x)", LINES[1]], 2, "x", "name"),
        (["z = torch.max(x - y, 3 * y)", LINES[1]], 2, "3", "number"),
        (["z = torch.max(x - y, -(2 * y))", LINES[1]], 2, "-(2 * y)", "sign"),
        (["z = torch.max(x - y, 2 * y).exp()", LINES[1]], 2, "torch.max(x - y, 2 * y).exp()", "exp"),
        (["z = torch.max(x, 2 * y)", LINES[1]], 2, "x", "y is missing"),
        ([LINES[0], "return z.sum(dim=1)"], 3, "z.sum(dim=1)", "missing behind"),
        ([LINES[0], "return z.sum(dim=1).sum()"], 3, "sum", "name"),
        ([LINES[0], "z.sum(dim=1).mean()"], 3, "z.sum(dim=1).mean()", "nothing is returned"),
        (["z = torch.max(x, 2 * y)", "x = x - y", LINES[1]], 2, "z = torch.max(x, 2 * y)", "order of the lines"),
        ([LINES[0], "z = z.flip(0) ** 2", LINES[1]], 3, "z = z.flip(0) ** 2", "line"),
    ],
)
def test_a_slip_is_found_with_its_line_and_piece(lines: list[str], line: int, piece: str, what: str):
    found = repaired(*lines)
    assert found is not None and (found.line, found.piece) == (line, piece) and what in found.what


def test_what_no_single_edit_mends_is_left():
    assert repaired("return x.std() * 17 + y.prod()") is None

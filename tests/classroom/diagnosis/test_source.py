"""What a learner wrote, as a tree; blank is only what says nothing."""

import pytest

from ppo_lessons.classroom.diagnosis.source import is_blank, tree_of
from tests.classroom.cells import define, typed


@pytest.mark.parametrize(
    "lines", [["return ..."], ["..."], ["pass"], ["'''Words.'''", "return None"], ["x = ...", "return x"]]
)
def test_blank(lines: list[str]):
    assert is_blank(typed(define("f(x)", *lines), "f"))


@pytest.mark.parametrize("lines", [["print(x)"], ["y = x"], ["return x[..., 0]"], ["if x:", "    return x"]])
def test_not_blank(lines: list[str]):
    assert not is_blank(typed(define("f(x)", *lines), "f"))


def test_trees_of_functions_and_lambdas():
    assert tree_of(typed(define("f(x)", "return x"), "f")).name == "f"
    assert tree_of(typed("f = lambda x: x + 1\n", "f")).args.args[0].arg == "x"
    assert tree_of(eval("lambda x: x")) is None, "no source at hand"
    assert tree_of(len) is None

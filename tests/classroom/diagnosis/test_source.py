"""What a learner wrote, as a tree; blank is only what says nothing."""

import ast

import pytest

from ppo_lessons.classroom.diagnosis.source import built, is_blank, scope_of, tree_of
from ppo_lessons.classroom.diagnosis.time_limit import TooSlowError
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


def test_a_function_made_of_a_tree_does_the_same_and_its_loops_end():
    source = define("f(n)", "total = START", "while n != 0:", "    total, n = total + n, n - 1", "return total")
    function = typed(source, "f", {"__name__": "__main__", "START": 1})
    tree = tree_of(function)
    assert tree is not None
    before = ast.dump(tree)
    again = built(tree, scope_of(function))
    assert again is not None and again(4) == function(4) == 11 and ast.dump(tree) == before
    with pytest.raises(TooSlowError):
        again(-1)
    assert built(ast.parse("def f():\n    break").body[0], {}) is None

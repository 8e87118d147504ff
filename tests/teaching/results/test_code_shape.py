"""Answers in the forms that are compared."""

import ast
import re

import pytest

from ppo_lessons.teaching.results.code_shape import LONGEST, in_words, shape_of

GAE = '''def gae(td_errors, ends, gamma, gae_lambda):
    """From the end to the start."""
    advantages = torch.zeros_like(td_errors)  # one for each row
    following = 0.0
    for t in reversed(range(len(td_errors))):
        following = td_errors[t] + gamma * gae_lambda * following * ~ends[t]
        advantages[t] = following
    return advantages
'''


def trees(*sources):
    return {shape_of(source).tree for source in sources}


def test_names_comments_types_and_layout_do_not_change_the_tree():
    other = """
import torch

def gae(x: Tensor, done, g: float = ..., l=...) -> Tensor:
    a = torch.zeros_like(
        x
    )

    # backwards
    b = (0.0)
    for i in reversed(range(len(x))):
        b = x[i] + g * l * b * ~done[i]
        a[i] = b
    return a
""".replace(" = ...", "").replace("=...", "")
    assert len(trees(GAE, other)) == 1 and shape_of(GAE).tree


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("following = 0.0", "following = 0"),
        ("+ gamma", "- gamma"),
        ("* ~ends", "* ends"),
        ("advantages[t] = following", "advantages[t] = advantages"),
        ("zeros_like", "ones_like"),
        ("torch.", "np."),
        ("td_errors[t] +", "ends[t] +"),
        ("gamma * gae_lambda", "gae_lambda * gamma"),
        ("range(len(td_errors))", "range(0, len(td_errors))"),
        ("for t in", "for t, in"),
    ],
)
def test_what_is_worked_out_differently_has_another_tree(one, other):
    assert one in GAE and len(trees(GAE, GAE.replace(one, other))) == 2


def test_names_that_others_chose_stay():
    """Attributes, keywords and what is nowhere given a value."""
    assert len(trees("def f(x):\n    return x.sum(dim=0)", "def f(y):\n    return y.sum(dim=0)")) == 1
    assert len(trees("def f(x):\n    return x.sum(dim=0)", "def f(x):\n    return x.sum(axis=0)")) == 2
    assert len(trees("def f(x):\n    return x.sum()", "def f(x):\n    return x.mean()")) == 2
    assert len(trees("def f(x):\n    return sum(x)", "def f(x):\n    return max(x)")) == 2
    assert len(trees("def f(x):\n    x = '$0'\n    return x", "def f(x):\n    x = '$1'\n    return x")) == 2


def test_every_way_to_give_a_name_counts():
    one = """
def f(x, *args, key=None, **more):
    def helper(y):
        return [z for z in y if (w := z)]
    with open(x) as file, lock:
        total, *rest = file
    try:
        pass
    except ValueError as error:
        raise KeyError from error
    match x:
        case 1:
            return lambda v: v + total
    class Box:
        pass
    return helper(rest), Box
"""
    given = ("x", "args", "key", "more", "helper", "y", "z", "w", "file", "total", "rest", "error", "v", "Box")
    renamed = re.sub(r"\w+", lambda word: f"n_{word[0]}" if word[0] in given else word[0], one)
    assert len(trees(one, renamed)) == 1
    assert shape_of(one).names == {"f", "helper", "z", "w", "file", "total", "rest", "error", "Box"}


def test_statements_stand_for_themselves():
    shape = shape_of(GAE)
    assert [statement.text.split()[0] for statement in shape.statements] == ["Assign"] * 2 + ["For"] + [
        "Assign"
    ] * 2 + ["Return"]
    assert (
        sum(s.size for s in shape.statements)
        == sum(
            not isinstance(node, (ast.expr_context, ast.Module, ast.FunctionDef, ast.arguments, ast.arg))
            for node in ast.walk(ast.parse(GAE))
        )
        - 2
    ), "all nodes but the head and the docstring"
    names = {
        statement.text for statement in shape_of(GAE.replace("following", "a").replace("advantages", "b")).statements
    }
    assert names == {statement.text for statement in shape.statements}


def test_lines_and_comments():
    shape = shape_of(GAE.replace("    following = 0.0", "\n\tfollowing   =  0.0").replace("\t", "    "))
    assert shape.lines[3] == "following = 0.0" and len(shape.lines) == 8
    assert (
        shape.comments == ("one for each row", "from the end to the start") and shape.docstrings == shape.comments[1:]
    )
    assert shape_of("x = '# no comment'").comments == ()


def test_words():
    assert in_words("# Größer   ALS 1e-8, `ratio`!") == "grösser als 1e 8 ratio"


@pytest.mark.parametrize(
    "source",
    [
        "def f(:\n    # my own remark here\n    return",
        "  x",
        "\x00",
        "x = '",
        "(" * 5000,
        "-" * 19_000 + "1",
        "\ud800",
        "'\\ud800'",
        "",
    ],
)
def test_whatever_it_is_nothing_is_raised(source):
    shape = shape_of(source)
    assert isinstance(shape.tree, str) and isinstance(shape.lines, tuple)


def test_what_is_no_program_has_lines_and_comments():
    shape = shape_of("def f(x):\n    # my own remark here\n    return x +")
    assert (
        (shape.tree, shape.statements) == ("", ())
        and shape.comments == ("my own remark here",)
        and len(shape.lines) == 3
    )


def test_what_is_too_long_is_not_taken_apart():
    assert shape_of("x = 1\n" * (LONGEST // 6 + 1)).tree == ""


def test_nothing_is_run():
    assert shape_of("raise SystemExit").tree and shape_of("import nowhere\nnowhere.f()").tree

"""What a function takes from around it, and where that comes from."""

import math

import pytest
import torch

from ppo_lessons.classroom.needs import CannotStandAloneError, constant, global_names, import_line, needs_of, source_of
from tests.classroom.cells import define, typed


def test_only_what_comes_from_around_is_global():
    source = define(
        "f(x: Optional[int], y=START)",
        "import math",
        "local = [z for z in x if z != limit]",
        "def inner(gamma):",
        "    return gamma + local[0] + outer(y).attribute",
        "return inner(gamma=0.5) + math.pi",
    )
    assert sorted(global_names(source)) == ["Optional", "START", "int", "limit", "outer"]


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("exp", torch.exp, "from torch import exp"),
        ("np", __import__("numpy"), "import numpy as np"),
        ("nn", torch.nn, "from torch import nn"),
        ("F", torch.nn.functional, "from torch.nn import functional as F"),
        ("nan", math.nan, "from math import nan"),
        ("Categorical", torch.distributions.Categorical, "from torch.distributions import Categorical"),
        ("float32", torch.float32, "from torch import float32"),
        ("number", 17, None),
        ("yes", True, None),
    ],
)
def test_where_a_name_comes_from(name: str, value: object, line: str | None):
    assert import_line(name, value) == line


def test_constants_as_code():
    assert constant("x", float("inf")) == 'float("inf")' and constant("x", [1, (2, "a")]) == "[1, (2, 'a')]"
    with pytest.raises(CannotStandAloneError, match="it uses table, a Tensor that was made elsewhere"):
        constant("table", torch.ones(3))


def test_helpers_come_before_what_needs_them_and_recursion_ends():
    names: dict = {"__name__": "__main__"}
    typed(define("first(x)", "return x + STEP"), "first", names)
    typed(define("second(x)", "return first(x) if x < 3 else second(x - 1)"), "second", names)
    names["STEP"] = 1
    answer = typed(define("answer(x)", "return second(x) + answer.__code__.co_argcount"), "answer", names)
    assert [piece.name for piece in needs_of(answer).pieces] == ["STEP", "first", "second", "answer"]
    assert [piece.name for piece in needs_of(answer, frozenset({"second"})).pieces] == ["answer"]


def test_no_source_no_needs():
    with pytest.raises(CannotStandAloneError, match="source is not at hand"):
        source_of(eval("lambda x: x"))

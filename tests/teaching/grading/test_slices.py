"""Which statements an answer needs."""

import pytest

from ppo_lessons.teaching.grading.slices import needed_for, statements_of


def picked(source, name="f", not_looked_for=frozenset()):
    """The statements that are run for a function, and the names that are missing."""
    statements = list(statements_of("cell", source))
    answer = [statement for statement in statements if name in statement.binds][-1]
    chosen, missing = needed_for(answer, statements, frozenset(not_looked_for))
    return [statement.source.strip() for statement in chosen], missing


@pytest.mark.parametrize(
    ("source", "wanted"),
    [
        ("def f(x): return x\ny = 1", ["def f(x): return x"]),
        ("import a\nimport b\ndef f(x): return a.b(x)", ["import a", "def f(x): return a.b(x)"]),
        ("K = 2\nK = 3\ndef f(x): return K * x", ["K = 2", "K = 3", "def f(x): return K * x"][1:]),
        ("def f(x): return g(x)\ndef g(x): return K\nK = 1", ["def f(x): return g(x)", "def g(x): return K", "K = 1"]),
        ("t = {}\nt['a'] = 1\nprint(t)\ndef f(x): return t['a']", ["t = {}", "t['a'] = 1", "def f(x): return t['a']"]),
        ("t = []\nt.append(1)\ndef f(x): return t", ["t = []", "t.append(1)", "def f(x): return t"]),
        ("import torch\ntorch.allclose = 1\ndef f(x): return torch", ["import torch", "def f(x): return torch"]),
        ("def f(x): return len(x)", ["def f(x): return len(x)"]),
        ("def f(n): return 1 if n < 1 else n * f(n - 1)", ["def f(n): return 1 if n < 1 else n * f(n - 1)"]),
        ("for k in range(3): pass\ndef f(x): return k", ["for k in range(3): pass", "def f(x): return k"]),
        ("c = 0\ndef f(x):\n    global c\n    c += 1", ["c = 0", "def f(x):\n    global c\n    c += 1"]),
    ],
)  # fmt: skip
def test_what_is_needed(source, wanted):
    assert picked(source) == (wanted, set())


def test_a_name_at_the_definition_is_looked_for_before_it():
    """A notebook imports the same thing in each cell; an annotation is worked out when the function is made."""
    source = "from t import T\ndef f(x: T) -> T: return x\nfrom t import T, U"
    assert picked(source)[0] == ["from t import T", "def f(x: T) -> T: return x", "from t import T, U"]


def test_a_decorator_comes_along():
    source = "def d(g): return g\n@d\ndef f(x): return x"
    assert picked(source)[0] == ["def d(g): return g", "@d\ndef f(x): return x"]


def test_what_nothing_binds_is_missing():
    assert picked("def f(x): return torch.ones(y)")[1] == {"torch", "y"}
    assert picked("def gae(x): return 1\ndef f(x): return gae(x)", not_looked_for={"gae"}) == (
        ["def f(x): return gae(x)"],
        {"gae"},
    )

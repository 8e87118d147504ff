"""What is easily confused: nothing is taken for itself, and every ending and wrapper is Python."""

import ast

from ppo_lessons.classroom.diagnosis.vocabulary import COMPARISONS, ENDINGS, FAMILIES, OPERATORS, WRAPPERS


def test_the_words_are_python_and_differ():
    for ending in ENDINGS:
        ast.parse(f"(x).{ending}", mode="eval")
    for wrapper in WRAPPERS:
        assert ast.unparse(ast.parse(wrapper.format("x"), mode="eval")) != "x"
    assert all(old not in new for old, new in OPERATORS.items())
    assert all(len(set(family)) == len(family) > 1 for family in FAMILIES) and len(set(COMPARISONS)) == 6

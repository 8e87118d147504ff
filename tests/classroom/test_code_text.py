"""Python as text: what it defines, names replaced where they are names, imports in order."""

from ppo_lessons.classroom.code_text import bound_by, import_block, imported_as, pieces_of, renamed


def test_what_a_piece_of_source_defines():
    source = "# words\nX = 1\nY: int = 2\n\n\n@cache\ndef f():\n    return X\n\n\nasync def g(): ...\nclass C: ...\n"
    assert pieces_of(source) == {
        "X": "X = 1",
        "Y": "Y: int = 2",
        "f": "@cache\ndef f():\n    return X",
        "g": "async def g(): ...",
        "C": "class C: ...",
    }


def test_imports_are_bound_under_names():
    assert bound_by("from torch import exp as e, log") == ["e", "log"] and bound_by("import os.path as p") == ["p"]
    assert imported_as("import torch as t", "t_8_1") == "import torch as t_8_1"
    assert imported_as("from math import exp", "exp_6_2") == "from math import exp as exp_6_2"


def test_names_are_replaced_where_they_are_names():
    source = "def f(x):\n    return g(x.square, square=square) + square(x)  # square\n"
    assert renamed(source, {"square": "mine"}) == "def f(x):\n    return g(x.square, square=mine) + mine(x)  # square\n"


def test_imports_in_order():
    lines = [
        "from torch import nn",
        "import torch",
        "from ppo_lessons import train",
        "import math",
        "from torch import Tensor",
    ]
    assert (
        import_block(lines)
        == "import math\n\nimport torch\nfrom torch import Tensor, nn\n\nfrom ppo_lessons import train"
    )

"""What students write into the cells of lesson 8: right in several styles, wrong, and worse; written before grading."""

import ast
import inspect
from pathlib import Path

from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.lessons import desk

LOSS, FRACTION, PUSHED = "clipped_surrogate_loss", "clip_fraction", "still_pushed"

RIGHT_LOSS = """\
def clipped_surrogate_loss(ratios, advantages, clip_eps):
    clipped = ratios.clamp(1 - clip_eps, 1 + clip_eps)
    return -torch.min(ratios * advantages, clipped * advantages).mean()
"""
RIGHT_FRACTION = """\
def clip_fraction(ratios, clip_eps):
    return ((ratios - 1).abs() > clip_eps).float().mean()
"""
RIGHT_PUSHED = """\
def still_pushed(ratios, advantages, clip_eps):
    good = (advantages > 0) & (ratios <= 1 + clip_eps)
    bad = (advantages < 0) & (ratios >= 1 - clip_eps)
    return good | bad
"""
ALL_RIGHT = {LOSS: RIGHT_LOSS, FRACTION: RIGHT_FRACTION, PUSHED: RIGHT_PUSHED}

STYLES: dict[str, dict[str, str]] = {
    "row by row": {
        LOSS: """\
def clipped_surrogate_loss(ratios, advantages, clip_eps):
    total = 0
    for r, a in zip(ratios, advantages):
        c = torch.clip(r, 1 - clip_eps, 1 + clip_eps)
        total = total + torch.minimum(r * a, c * a)
    return -total / len(ratios)
""",
        FRACTION: """\
def clip_fraction(ratios, clip_eps):
    outside = [abs(float(r) - 1) > clip_eps for r in ratios]
    return torch.tensor(sum(outside) / len(outside))
""",
        PUSHED: """\
def still_pushed(ratios, advantages, clip_eps):
    answers = []
    for r, a in zip(ratios.tolist(), advantages.tolist()):
        if a > 0:
            answers.append(r <= 1 + clip_eps)
        elif a < 0:
            answers.append(r >= 1 - clip_eps)
        else:
            answers.append(False)
    return torch.tensor(answers)
""",
    },
    "lambdas": {
        LOSS: "clipped_surrogate_loss = lambda r, a, e: torch.max(-r * a, -r.clamp(1 - e, 1 + e) * a).mean()\n",
        FRACTION: "clip_fraction = lambda r, e: ((r < 1 - e) | (r > 1 + e)).float().mean()\n",
        PUSHED: "still_pushed = lambda r, a, e: ((r - 1) * a.sign() <= e) & (a != 0)\n",
    },
    "helpers and constants": {
        LOSS: """\
from torch import nn as neural

ONE = 1
table = {}
table["low"] = lambda eps: ONE - eps


def interval(eps):
    return table["low"](eps), ONE + eps


def clipped_surrogate_loss(ratios, advantages, clip_eps):
    low, high = interval(clip_eps)
    return -neural.functional.hardtanh(ratios, low, high).mul(advantages).minimum(ratios * advantages).mean()
""",
        FRACTION: """\
def clip_fraction(ratios, clip_eps):
    low, high = interval(clip_eps)
    return 1 - ((ratios >= low) & (ratios <= high)).float().mean()
""",
        PUSHED: RIGHT_PUSHED,
    },
    "a class and a decorator": {
        LOSS: """\
class Loss:
    def __call__(self, ratios, advantages, clip_eps):
        clipped = ratios.clamp(1 - clip_eps, 1 + clip_eps)
        return -torch.min(ratios * advantages, clipped * advantages).mean()


clipped_surrogate_loss = Loss()
""",
        FRACTION: """\
import functools


def noted(function):
    @functools.wraps(function)
    def inside(*args, **names):
        return function(*args, **names)

    return inside


@noted
def clip_fraction(ratios: torch.Tensor, clip_eps: float = 0.2) -> torch.Tensor:
    '''The share of rows outside.'''
    return ((ratios - 1).abs() > clip_eps).float().mean()
""",
        PUSHED: """\
if True:
    def still_pushed(ratios, advantages, clip_eps):
        ratios = ratios.clone().requires_grad_()
        c = ratios.clamp(1 - clip_eps, 1 + clip_eps)
        (-torch.min(ratios * advantages, c * advantages).mean()).backward()
        return ratios.grad != 0
""",
    },
}


AFTERWARDS: dict[str, str] = {
    "a result of the same name": "clip_fraction = clip_fraction(torch.tensor([1.0, 2.0]), 0.2)",
    "a loop of the same name": "for clip_fraction in [0.1, 0.2]:\n    print(clip_fraction)",
    "a pair with the same name": "a, clip_fraction = 1.0, 0.5",
    "a number of the same name": "clip_fraction = 0.3",
    "deleted": "del clip_fraction",
    "the check": "clip_fraction = check(clip_fraction)",
    "the solution": "clip_fraction = solution('8.2')",
    "a stub": "def clip_fraction(ratios, clip_eps):\n    raise NotImplementedError",
    "a wrapper": "clip_fraction = torch.no_grad()(clip_fraction)",
    "a timing": "%timeit clip_fraction(torch.ones(3), 0.2)",
}
"""What stands in a cell behind a right clip_fraction, and changes nothing of it."""
FORMS: dict[str, str] = {
    "timed": "%%time\n" + RIGHT_FRACTION,
    "captured": "%%capture out\n" + RIGHT_FRACTION,
    "a byte order mark": "\ufeff" + RIGHT_FRACTION,
    "a star": "from torch import *\ndef clip_fraction(r, e): return gt(abs(r - 1), e).float().mean()",
    "shown": RIGHT_FRACTION.replace("    return", "    display(ratios)\n    return"),
    "one of two": "if True:\n    def clip_fraction(r, e):\n        return ((r - 1).abs() > e).float().mean()\nelse:\n"
    "    def clip_fraction(r, e):\n        return ...",
    "a name of another exercise": "total_loss = 1\n" + RIGHT_FRACTION.replace("- 1", "- total_loss"),
    "later annotations": "from __future__ import annotations\n" + RIGHT_FRACTION.replace("ratios,", "ratios: Array,"),
    "an annotation": RIGHT_FRACTION.replace("ratios, clip", "ratios: Tensor, clip"),
    "collected": RIGHT_FRACTION.replace("    return", "    import gc\n    gc.collect()\n    return"),
    "compiled": "@torch.compile\n" + RIGHT_FRACTION,
}
"""A right clip_fraction in forms that notebooks have."""


def mistake_cell(number: str, place: int) -> tuple[str, str]:
    """Return the name of a mistake of lesson 8's table, and a cell that makes it."""
    exercise = desk.find(number)
    assert exercise is not None
    mistake = exercise.mistakes[place % len(exercise.mistakes)]
    path = Path(inspect.getfile(mistake.wrong))
    tree = ast.parse(path.read_text(encoding="utf-8"))
    return mistake.name, _standing_alone(exercise, _expression(tree, exercise, mistake.name), tree)


def _expression(tree: ast.Module, exercise: Exercise, name: str) -> ast.expr:
    """The piece of code that stands for a mistake in the table."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Mistake":
            told = {keyword.arg: keyword.value for keyword in node.keywords}
            if ast.literal_eval(told["name"]) == name:
                return told["wrong"]
    raise LookupError(name)


class _OfOnesOwn(ast.NodeTransformer):
    """A learner has no right function at hand to make mistakes with."""

    def visit_Call(self, node):
        self.generic_visit(node)
        if getattr(node.func, "id", "") == PUSHED:
            return ast.parse("(~_stopped(r, a, eps) & (a != 0))", mode="eval").body
        return node


def _standing_alone(exercise: Exercise, wrong: ast.expr, tree: ast.Module) -> str:
    wrong = _OfOnesOwn().visit(wrong)
    pieces = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    needed, left = [], {node.id for node in ast.walk(wrong) if isinstance(node, ast.Name)}
    while left & pieces.keys():
        name = min(left & pieces.keys())
        needed.insert(0, ast.unparse(pieces[name]))
        left |= {node.id for node in ast.walk(pieces.pop(name)) if isinstance(node, ast.Name)}
    imports = "from collections.abc import Callable\nimport torch\nfrom torch import Tensor"
    return "\n\n\n".join([imports, *needed, f"{exercise.name} = {ast.unparse(wrong)}"]) + "\n"


def _fraction(*lines: str) -> str:
    return "def clip_fraction(ratios, clip_eps):\n" + "".join(f"    {line}\n" for line in lines)


BAD: dict[str, tuple[str, str]] = {
    "an endless loop": ("does not end", _fraction("while True:", "    pass")),
    "an endless loop that swallows everything": (
        "does not end",
        _fraction(
            "while True:",
            "    try:",
            "        while True:",
            "            pass",
            "    except BaseException:",
            "        continue",
        ),
    ),
    "asleep": ("does not end", _fraction("import time", "time.sleep(3600)", "return ratios.mean()")),
    "a memory hog": ("too much memory", _fraction("return torch.ones(10**11).mean()")),
    "a memory hog of lists": (
        "too much memory",
        _fraction("pieces = []", "while True:", "    pieces.append(bytearray(10**7))"),
    ),
    "two hundred forks": (
        "tampered",
        _fraction(
            "import os",
            "for _ in range(200):",
            "    try:",
            "        if os.fork() == 0:",
            "            while True:",
            "                pass",
            "    except BaseException:",
            "        pass",
            "return ((ratios - 1).abs() > clip_eps).float().mean()",
        ),
    ),
    "os._exit": ("died", _fraction("import os", "os._exit(0)")),
    "a crash": (
        "died",
        _fraction(
            "import numpy as np",
            "far = np.lib.stride_tricks.as_strided(np.ones(1), (10**6,), (10**6,))",
            "return torch.tensor(far.sum())",
        ),
    ),
    "deep recursion": ("wrong in an unknown way", _fraction("return clip_fraction(ratios, clip_eps)")),
    "half": ("wrong in an unknown way", _fraction("outside = (ratios - 1).abs() > clip_eps")),
    "half, with the dots": ("blank", _fraction("outside = (ratios - 1).abs() > clip_eps", "return ...")),
    "a syntax error": ("syntax error", _fraction("return ((ratios - 1).abs() > clip_eps.float().mean()")),
    "a name that is nowhere": ("wrong in an unknown way", _fraction("return outside.float().mean()")),
    "an answer in print": (
        "wrong in an unknown way",
        _fraction("print(((ratios - 1).abs() > clip_eps).float().mean())"),
    ),
    "another signature": ("wrong in an unknown way", "def clip_fraction(ratios):\n    return ratios.mean()\n"),
    "random": ("wrong in an unknown way", _fraction("import random", "return torch.tensor(random.random())")),
    "odd": ("wrong in an unknown way", _fraction("return torch.tensor(0.4321)")),
}
"""What a student hands in as clip_fraction, and the outcome; the two others are right."""

TRICKS: dict[str, tuple[str, str]] = {
    "allclose is patched": (
        "tampered",
        _fraction(
            "yes = lambda *a, **k: torch.tensor(True)",
            "torch.allclose = torch.isclose = torch.equal = yes",
            "return torch.tensor(0.5)",
        ),
    ),
    "the checks are patched": (
        "tampered",
        _fraction(
            "from ppo_lessons.classroom import alike, checks",
            "alike.alike = lambda *a: True",
            "checks.alike = alike.alike",
            "checks.diagnose = lambda *a: checks.Verdict('passed', 'right')",
            "return torch.tensor(0.5)",
        ),
    ),
    "import": ("borrowed", "from ppo_lessons.losses import clip_fraction\n"),
    "import under another name": (
        "borrowed",
        "from ppo_lessons.losses import clip_fraction as theirs\n\n\n" + _fraction("return theirs(ratios, clip_eps)"),
    ),
    "import inside": (
        "borrowed",
        _fraction("from ppo_lessons import losses", "return losses.clip_fraction(ratios, clip_eps)"),
    ),
    "an alias": ("borrowed", "from ppo_lessons import losses\nclip_fraction = losses.clip_fraction\n"),
    "importlib and getattr": (
        "borrowed",
        _fraction(
            "import importlib",
            "m = importlib.import_module('ppo_' + 'lessons.losses')",
            "return getattr(m, 'clip_' + 'fraction')(ratios, clip_eps)",
        ),
    ),
    "the steps": (
        "borrowed",
        _fraction("from ppo_lessons.steps import Steps", "return Steps().clip_fraction(ratios, clip_eps)"),
    ),
    "inspect.getsource": (
        "borrowed",
        _fraction(
            "import inspect",
            "from ppo_lessons import losses",
            "names = {'torch': torch, 'Tensor': torch.Tensor}",
            "exec(inspect.getsource(losses.clip_fraction), names)",
            "return names['clip_fraction'](ratios, clip_eps)",
        ),
    ),
    "a copied module": (
        "borrowed",
        _fraction(
            "import pathlib, types, ppo_lessons",
            "path = pathlib.Path(ppo_lessons.__file__).parent / 'losses.py'",
            "copy = types.ModuleType('copy')",
            "exec(path.read_text(), vars(copy))",
            "return copy.clip_fraction(ratios, clip_eps)",
        ),
    ),
    "the third hint": (
        "wrong in an unknown way",
        _fraction(
            "from ppo_lessons.lessons import EXERCISES",
            "text = next(e for e in EXERCISES if e.number == '8.2').hints[2]",
            "names = dict(ratios=ratios, clip_eps=clip_eps, torch=torch)",
            "exec(text.replace('return', 'answer ='), names)",
            "return names['answer']",
        ),
    ),
    "solution()": (
        "borrowed",
        _fraction(
            "from ppo_lessons.lessons import desk",
            "from ppo_lessons.classroom.desk import solution_source",
            "names = {}",
            "exec(solution_source(desk.find('8.2')), names)",
            "return names['clip_fraction'](ratios, clip_eps)",
        ),
    ),
    "a subprocess": (
        "tampered",
        _fraction(
            "import subprocess, sys",
            "code = 'from ppo_lessons.losses import clip_fraction as f; import torch; '",
            "code += f'print(float(f(torch.tensor({ratios.tolist()}), {clip_eps})))'",
            "return torch.tensor(float(subprocess.check_output([sys.executable, '-c', code])))",
        ),
    ),
    "a swallowed subprocess": (
        "tampered",
        _fraction(
            "import os",
            "try:",
            "    os.system('true')",
            "except BaseException:",
            "    pass",
            "return ((ratios - 1).abs() > clip_eps).float().mean()",
        ),
    ),
    "a socket": (
        "tampered",
        _fraction("import socket", "socket.create_connection(('127.0.0.1', 80), 1)", "return ratios.mean()"),
    ),
    "sys.settrace": (
        "tampered",
        _fraction(
            "import sys",
            "seen = []",
            "sys.settrace(lambda frame, *rest: seen.append(frame.f_locals))",
            "return torch.tensor(0.5)",
        ),
    ),
    "gc": (
        "tampered",
        _fraction(
            "import gc, types",
            "for f in gc.get_objects():",
            "    if isinstance(f, types.FunctionType) and f.__name__ == 'clip_fraction':",
            "        try:",
            "            return f(ratios, clip_eps)",
            "        except BaseException:",
            "            pass",
            "return torch.tensor(0.5)",
        ),
    ),
    "frames": (
        "borrowed",
        _fraction(
            "import sys",
            "frame = sys._getframe()",
            "while frame is not None:",
            "    for value in list(frame.f_locals.values()):",
            "        if getattr(value, 'number', '') == '8.2' and frame.f_code.co_name != 'clip_fraction':",
            "            try:",
            "                return value.function(ratios, clip_eps)",
            "            except BaseException:",
            "                pass",
            "    frame = frame.f_back",
            "return torch.tensor(0.5)",
        ),
    ),
    "the shown inputs": (
        "wrong in an unknown way",
        _fraction(
            "from ppo_lessons.lessons.clipping.exercises.clip_fraction import EXERCISE",
            "key = (round(float(ratios.sum()), 4), len(ratios), clip_eps)",
            "known = {(6.1, 6, 0.2): 4 / 6, (5.0, 5, 0.25): 2 / 5, (3.0, 3, 0.2): 0.0, (3.1, 2, 0.2): 1.0}",
            "return torch.tensor(known.get(key, 0.5)) + 0 * ratios.sum().detach()",
        ),
    ),
    "equal to everything": (
        "wrong in an unknown way",
        _fraction(
            "class Yes(float):",
            "    def __eq__(self, other):",
            "        return True",
            "    __hash__ = None",
            "return Yes(0.5)",
        ),
    ),
    "a tensor that says yes": (
        "wrong in an unknown way",
        _fraction(
            "class Yes(torch.Tensor):",
            "    @classmethod",
            "    def __torch_function__(cls, func, types, args=(), kwargs=None):",
            "        return torch.tensor(True)",
            "return torch.tensor(0.5).as_subclass(Yes)",
        ),
    ),
    "a pickle": (
        "wrong in an unknown way",
        _fraction(
            "class Bomb:",
            "    def __reduce__(self):",
            "        import os",
            "        return (os.system, ('echo graded > graded_by_me',))",
            "return Bomb()",
        ),
    ),
    "a file through torch": (
        "tampered",
        _fraction(
            "import os",
            "size = os.stat(torch.__file__).st_size",
            "text = torch.from_file(torch.__file__, size=size, dtype=torch.uint8)",
            "return text.float().mean()",
        ),
    ),
    "a program without an event": (
        "tampered",
        _fraction(
            "import _posixsubprocess",
            "_posixsubprocess.fork_exec([b'/bin/true'], [b'/bin/true'])",
            "return ratios.mean()",
        ),
    ),
    "a deep reply": (
        "tampered",
        _fraction(
            "import os",
            "for number in range(3, 64):",
            "    try:",
            "        os.write(number, ('{\"tampered\":' + '[' * 987 + ']' * 987 + '}').encode())",
            "    except OSError:",
            "        pass",
            "os._exit(0)",
        ),
    ),
    "a forged reply": (
        "tampered",
        _fraction(
            "import json, os",
            "for number in range(3, 64):",
            "    try:",
            "        os.write(number, json.dumps({'kind': 'passed', 'text': 'right'}).encode())",
            "    except OSError:",
            "        pass",
            "os._exit(0)",
        ),
    ),
}
"""The like for answers that are none."""

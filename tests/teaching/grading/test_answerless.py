"""The copy of the package that an answer sees: everything works there but what is asked for."""

import ast
import inspect
import subprocess
import sys

import pytest

from ppo_lessons.lessons import EXERCISES
from ppo_lessons.teaching.grading.answerless import LEFT_OUT, answer_codes, write_without_answers
from ppo_lessons.teaching.grading.left_out import CALLED, LeftOutError, left_out


@pytest.fixture(scope="module")
def copy(tmp_path_factory):
    folder = tmp_path_factory.mktemp("copy")
    write_without_answers(folder, EXERCISES)
    return folder


@pytest.fixture(scope="module")
def texts(copy):
    return {path.relative_to(copy): path.read_text(encoding="utf-8") for path in copy.rglob("*.py")}


def body_of(function):
    """The statements of a function without its docstring, as they are compared."""
    tree = ast.parse(inspect.getsource(inspect.unwrap(function))).body[0]
    return [ast.dump(node) for node in tree.body[1 if ast.get_docstring(tree) else 0 :]]


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.number)
def test_no_answer_is_in_it(texts, exercise):
    asked = body_of(exercise.function)
    for path, text in texts.items():
        assert exercise.hints[2] not in text, path
        if f"def {exercise.name}(" in text:
            bodies = [node.body for node in ast.parse(text).body if getattr(node, "name", "") == exercise.name]
            assert not any([ast.dump(each) for each in body[-len(asked) :]] == asked for body in bodies), path


def test_no_mistake_and_no_hint_is_in_it(texts):
    whole = "\n".join(text for path, text in texts.items() if "classroom" not in path.parts)
    for exercise in EXERCISES:
        assert exercise.hints[1] not in whole
        assert not any(mistake.advice in whole for mistake in exercise.mistakes)
    rooms = {path.parts[1] for path in texts if len(path.parts) > 2}
    assert not rooms & LEFT_OUT
    lessons = {path.parts[3] for path in texts if path.parts[1] == "lessons" and len(path.parts) > 3}
    assert lessons == {"__init__.py", "exercises"}, "figures compute some answers in their own way"


def test_what_is_asked_for_says_so(copy):
    code = """
import ppo_lessons, torch
from ppo_lessons.lessons import EXERCISES
from ppo_lessons.teaching.grading.left_out import CALLED
from ppo_lessons.buffer import SharedBuffer
assert __import__("sys").argv[1] in ppo_lessons.__file__
buffer = SharedBuffer(3, 2, 2, 4)  # what surrounds the answers is as it was
assert buffer.step == 0
for exercise in EXERCISES:
    assert not exercise.mistakes and not any(exercise.hints)
    try:
        number = len(__import__("inspect").signature(exercise.function).parameters)
        exercise.function(*[torch.ones(2)] * number)
    except Exception as error:
        assert "write it yourself" in str(error), (exercise.number, error)
    else:
        raise AssertionError(exercise.number)
print(len(CALLED))
"""
    done = subprocess.run([sys.executable, "-c", code, str(copy)], cwd=copy, capture_output=True, text=True)
    assert (done.stdout.strip(), done.stderr) == (str(len(EXERCISES)), "")


def test_what_is_put_back_is_code():
    codes = answer_codes(EXERCISES)
    assert list(codes) == [exercise.number for exercise in EXERCISES]
    assert all(isinstance(code, bytes) for code in codes.values())


def test_a_call_is_noted():
    with pytest.raises(LeftOutError, match="package's own gae"):
        left_out("gae")
    assert CALLED.pop() == "gae"

"""In a copy without solutions no answer stands in clear, and everything works as in the course itself."""

import ast
import copy
import json
import os
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from ppo_lessons.lessons import EXERCISES, PAPERS
from ppo_lessons.lessons.case_files.cases import CASES
from ppo_lessons.teaching.handing_out.sealing import (
    COPIES,
    ROOT,
    WHOLE,
    is_sealed_course,
    names_of_answers,
    sealed_functions,
    spans_in,
    spans_of_answers,
    without_answers,
)
from tests.answers import SLIPS

MODULES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "ppo_lessons").rglob("*.py"))


def text_of(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")


@cache
def sealed_text(name: str) -> str:
    return without_answers(name, text_of(name))


def definitions(text: str) -> dict[str, ast.FunctionDef]:
    return {node.name: node for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)}


def test_every_exercise_has_its_span():
    spans = spans_of_answers()
    assert sorted(span.name for found in spans.values() for span in found) == sorted(e.name for e in EXERCISES)
    for path, found in spans.items():
        lines = path.read_text(encoding="utf-8").splitlines()
        assert [span.first for span in found] == sorted(span.first for span in found)
        for span in found:
            assert lines[span.definition - 1].startswith(f"def {span.name}(")
            assert span.first <= span.definition < span.body <= span.last
            assert not lines[span.first - 2].strip() and not "".join(lines[span.last : span.last + 1])
            assert '"""' in lines[span.body - 2] and '"""' not in "".join(lines[span.body - 1 : span.last])


DECORATED = '''import os


@one
@two(
    3,
)
def f(
    a,
):
    """Told.

    More.
    """
    # why
    return a
'''


def test_decorators_belong_to_a_function():
    (span,) = spans_in(DECORATED, frozenset({"f"}))
    assert (span.first, span.definition, span.body, span.last) == (4, 8, 15, 16)
    sealed = sealed_functions(DECORATED, frozenset({"f"}))
    assert "@one\n@two(\n    3,\n)\n@sealed(\n" in sealed and "More." in sealed
    assert "return" not in sealed and "why" not in sealed


def test_a_function_without_docstring_keeps_its_signature():
    sealed = sealed_functions("import os\n\n\ndef f(a):\n    b = a\n    return b\n", frozenset({"f"}))
    assert sealed.endswith(")\ndef f(a):\n    ...\n") and "b = a" not in sealed


def test_all_that_is_named_is_there():
    for pattern in WHOLE:
        assert list(ROOT.glob(pattern)), pattern
    for name, functions in COPIES.items():
        assert functions <= definitions(text_of(name)).keys(), name


@pytest.mark.parametrize("name", sorted({*names_of_answers(), *COPIES}))
def test_signature_docstring_and_all_else_stay(name: str):
    before, after = definitions(text_of(name)), definitions(sealed_text(name))
    hidden = names_of_answers().get(name, frozenset()) | COPIES.get(name, frozenset())
    assert before.keys() == after.keys() and hidden <= after.keys()
    for each in before:
        if each not in hidden:
            assert ast.dump(before[each]) == ast.dump(after[each])
            continue
        *told, dots = after[each].body
        assert ast.unparse(dots) == "..." and [ast.unparse(node) for node in told] == [
            ast.unparse(before[each].body[0])
        ]
        assert ast.dump(before[each].args) == ast.dump(after[each].args)
        assert ast.unparse(before[each].returns) == ast.unparse(after[each].returns)
        *others, own = map(ast.unparse, after[each].decorator_list)
        assert own.startswith("sealed(") and others == [ast.unparse(node) for node in before[each].decorator_list]


def test_what_is_sealed_stays_as_it_is():
    for name in MODULES:
        assert without_answers(name, sealed_text(name)) == sealed_text(name), name
    assert not is_sealed_course()


def test_no_sealed_line_is_too_long():
    for name in MODULES:
        new = set(sealed_text(name).splitlines()) - set(text_of(name).splitlines())
        assert max(map(len, new), default=0) <= 120, name


def test_nothing_that_tells_an_answer_stands_in_clear():
    whole = "\n".join(sealed_text(name) for name in MODULES)
    for exercise in EXERCISES:
        longest = max(exercise.hints[2].split("\n"), key=len)
        assert len(longest) < 25 or longest not in whole, longest  # "buffer.step += 1" is said in many ways
        told = {mistake.name for mistake in exercise.mistakes if mistake.advice[:50] in whole}
        assert told <= {"a numpy array"}, "this one the diagnosis knows by itself, whatever is asked for"
    assert not [paper.number for paper in PAPERS if paper.because[:50] in whole]
    assert not [case.number for case in CASES if case.verdict[:50] in whole]


SIZE = 10
"""Nodes of a piece of code that are too many to be the same by chance."""
KEPT = {
    "ppo_lessons/doctor/house.py": "goes through the steps in their order, as the flowchart does",
    "ppo_lessons/publishing/teaching_page.py": "adds two numbers up at once",
    "ppo_lessons/shipped/elsewhere.py": "takes a mean over those who act",
    "ppo_lessons/update.py": "takes the forward pass once more, for what it reports",
}


def pieces(tree: ast.AST) -> set[str]:
    """The larger pieces of some code, whatever its names are."""

    class Nameless(ast.NodeTransformer):
        def visit_Name(self, node: ast.Name) -> ast.Name:
            return ast.Name("x", ast.Load())

    def is_large(node: ast.AST) -> bool:
        return sum(isinstance(part, (ast.expr, ast.stmt)) for part in ast.walk(node)) >= SIZE

    found = (node for node in ast.walk(tree) if isinstance(node, (ast.expr, ast.stmt)) and is_large(node))
    plain = (node for node in found if not isinstance(node, (ast.FunctionDef, ast.ClassDef)))
    return {ast.dump(Nameless().visit(copy.deepcopy(node))) for node in plain}


@pytest.mark.slow
def test_no_other_function_holds_a_piece_of_an_answer():
    """A copy that somebody adds is to be named in `COPIES`, or here."""
    answers = set()
    for name, functions in names_of_answers().items():
        for each in functions:
            for statement in definitions(text_of(name))[each].body[1:]:
                answers |= pieces(statement)
    assert len(answers) > 80
    found = {name for name in MODULES if pieces(ast.parse(sealed_text(name))) & answers}
    assert found == KEPT.keys()


@pytest.fixture(scope="module")
def sealed_course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The package, sealed."""
    folder = tmp_path_factory.mktemp("sealed")
    for path in (ROOT / "ppo_lessons").rglob("*"):
        if path.is_file() and "__pycache__" not in path.parts:
            name = path.relative_to(ROOT).as_posix()
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            data = sealed_text(name).encode() if name.endswith(".py") else path.read_bytes()
            (folder / name).write_bytes(data)
    return folder


def run_in(folder: Path, code: str, *arguments: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(folder), "PPO_LESSONS_HOME": str(folder), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=600)
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


LOOK = """
import inspect, json
import ppo_lessons
from ppo_lessons.lessons import EXERCISES
from ppo_lessons.lessons.case_files.cases import CASES
from ppo_lessons.lessons.case_files.desk import planted_source


def told(function):
    inner = inspect.unwrap(function)
    code = inner.__code__
    constants = [repr(const) for const in code.co_consts if not hasattr(const, "co_name")]
    return [str(inspect.signature(function)), repr((code.co_names, code.co_varnames, constants)), code.co_flags]


found = {exercise.number: told(exercise.function) for exercise in EXERCISES}
mistakes = {exercise.number: [mistake.name for mistake in exercise.mistakes] for exercise in EXERCISES}
planted = {str(case.number): planted_source(case) for case in CASES}
"""


@pytest.mark.slow
def test_every_function_and_every_table_is_the_same(sealed_course: Path):
    here: dict = {}
    exec(LOOK, here)
    printed = run_in(sealed_course, LOOK + "print(json.dumps([ppo_lessons.__file__, found, mistakes, planted]))")
    file, found, mistakes, planted = json.loads(printed)
    assert Path(file).is_relative_to(sealed_course)
    assert found == here["found"] and mistakes == here["mistakes"] and planted == here["planted"]
    assert planted["8"].startswith("import torch\n\n\ndef clipped_surrogate_loss(")


SAID = """
from ppo_lessons.classroom.desk import solution_source
from ppo_lessons.lessons import desk, hint, solution

for number in ("7.1", "16.3", "3.3"):
    for _ in range(4):
        hint(number)
    solution(number)
solution("4.4")
hint("4.4")
solution("99.9")
try:
    solution_source(desk.find("7.1"))
except ValueError as error:
    print("Solved notebooks:", error)
"""


@pytest.mark.slow
def test_solutions_and_third_hints_are_refused_in_words(sealed_course: Path):
    said = run_in(sealed_course, SAID).replace("\n  ", " ")
    refused = "This copy of the course comes without solutions."
    assert said.count(f"Hint 3 would be the function's lines. {refused}") == 6
    assert said.count(refused) == 6 + 4
    assert said.count("Hint 1 of 3: ") == said.count("Hint 2 of 3: ") == 3
    assert "Solved notebooks: this copy of the course comes without solutions" in said
    assert "Hint: Begin at the end" in said and "There is no exercise '99.9'" in said
    assert "return" not in said and "0.48" not in said


CHECKED = """
import linecache, pathlib, sys
from ppo_lessons.classroom.checks import diagnose
from ppo_lessons.lessons import EXERCISES, desk

for path in sorted(pathlib.Path(sys.argv[1]).glob("*.py")):
    text, names = path.read_text(encoding="utf-8"), {"__name__": "__main__"}
    linecache.cache[str(path)] = (len(text), None, text.splitlines(keepends=True), str(path))
    exec(compile(text, str(path), "exec"), names)
    exercise = desk.find(path.stem.split("-")[1])
    verdict = diagnose(exercise, names[exercise.name])
    print(path.stem, verdict.kind, verdict.mistake)
"""


@pytest.mark.slow
def test_right_answers_pass_and_slips_are_named(sealed_course: Path, tmp_path: Path):
    """What is shown to nobody: the package's own lines, as a learner would have written them, and with a slip."""
    from ppo_lessons.classroom.desk import solution_source

    expected = []
    for exercise in EXERCISES:
        source = solution_source(exercise)
        (tmp_path / f"right-{exercise.number}.py").write_text(source, encoding="utf-8")
        expected.append(f"right-{exercise.number} passed None")
        if exercise.number in SLIPS:
            name, right, wrong = SLIPS[exercise.number]
            (tmp_path / f"wrong-{exercise.number}.py").write_text(source.replace(right, wrong), encoding="utf-8")
            expected.append(f"wrong-{exercise.number} mistake {name}")
    assert sorted(run_in(sealed_course, CHECKED, str(tmp_path)).splitlines()) == sorted(expected)

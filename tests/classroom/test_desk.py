"""The desk answers in one line, hands out hints one by one, and finds the exercises by their folders."""

import functools
import inspect
from pathlib import Path

import pytest

from ppo_lessons.classroom.checks import diagnose
from ppo_lessons.classroom.desk import find_exercises
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.lessons import EXERCISES, check, desk, hint, solution
from tests.answers import unfolded
from tests.classroom.cells import typed
from tests.classroom.exam_answers import Answer, written


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a check writes down belongs to nobody."""
    monkeypatch.setenv("PPO_LESSONS_HOME", str(tmp_path))


def test_check_prints_one_line_and_returns_the_function_to_go_on_with(capsys: pytest.CaptureFixture[str]):
    exercise = desk.find("10.3")
    assert exercise is not None

    def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):
        return actor_loss + vf_coef * critic_loss - ent_coef * entropy

    assert check(total_loss) is total_loss
    right = unfolded(capsys.readouterr().out)

    def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):
        return ...

    assert check(total_loss) is exercise.function
    blank = unfolded(capsys.readouterr().out)

    def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):
        return actor_loss + vf_coef * critic_loss - ent_coef * entropy**2

    assert check(total_loss) is exercise.function
    printed = capsys.readouterr().out
    wrong = unfolded(printed)
    assert max(map(len, printed.splitlines())) <= 72
    assert right.startswith("✔ 10.3") and blank.startswith("□ 10.3") and wrong.startswith("✘ 10.3")
    assert all(text.count("\n") == 1 for text in (right, blank, wrong))
    example = (
        "total_loss(torch.tensor(-0.02), torch.tensor(0.5), torch.tensor(1.5), 0.5, 0.01) gives 0.2075, expected 0.215"
    )
    assert example in wrong, "the smallest example: the input, what came out, what was expected"


def test_a_check_that_is_run_again_says_what_it_said_and_what_to_do(capsys: pytest.CaptureFixture[str]):
    """The name then holds the package's function, which the check itself put there."""

    def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):
        return actor_loss

    def value_loss(values, returns):
        return ...

    for function in (total_loss, value_loss):
        stand_in = check(function)
        first = unfolded(capsys.readouterr().out).split(": ", 1)[1].strip()
        for _ in range(2):
            assert check(stand_in) is stand_in
            again = unfolded(capsys.readouterr().out)
            to_do = "run the cell with your function first. The last time: " if "still blank" not in first else ""
            assert f"{to_do}{first}" in again
            assert "package's own function" not in again


def test_check_of_something_else_is_answered_kindly(capsys: pytest.CaptureFixture[str]):
    def not_an_exercise():
        return 1

    assert check(not_an_exercise) is not_an_exercise
    assert check(3) == 3
    assert capsys.readouterr().out.count("✘ check() takes a function") == 2


def test_hints_come_one_by_one_and_the_solution_is_the_packages_source(capsys: pytest.CaptureFixture[str]):
    exercise = desk.find("1.1")
    assert exercise is not None
    for text in exercise.hints:
        hint("1.1")
        assert text in unfolded(capsys.readouterr().out)
    hint(1.1)
    assert exercise.hints[2] in unfolded(capsys.readouterr().out), "a number will do"
    solution("1.1"), solution(1.1)
    assert capsys.readouterr().out.count("def who_acts_next") == 2
    hint("99.9"), solution("99.9")
    assert capsys.readouterr().out.count("There is no exercise") == 2


def test_exercises_are_found_by_their_folders_in_the_order_of_their_numbers():
    found = find_exercises("ppo_lessons.lessons")
    assert [exercise.number for exercise in found] == [exercise.number for exercise in EXERCISES]
    numbers = [tuple(map(int, exercise.number.split("."))) for exercise in found]
    assert numbers == sorted(set(numbers)), "10.1 comes after 9.3"


def test_a_new_lesson_needs_its_folder_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """What the exercises share is no exercise; a lesson without exercises, and a plain module, are passed over."""
    monkeypatch.syspath_prepend(tmp_path)
    (tmp_path / "some_lessons" / "counting" / "exercises").mkdir(parents=True)
    (tmp_path / "some_lessons" / "reading").mkdir()
    for place, text in {
        "__init__": "",
        "plain": "",
        "reading/__init__": "",
        "counting/__init__": "",
        "counting/exercises/__init__": "",
        "counting/exercises/rows": "from ppo_lessons.lessons import EXERCISES",
        "counting/exercises/last": "from some_lessons.counting.exercises import rows; EXERCISE = rows.EXERCISES[-1]",
        "counting/exercises/zeroth": "from some_lessons.counting.exercises import rows; EXERCISE = rows.EXERCISES[0]",
    }.items():
        (tmp_path / "some_lessons" / f"{place}.py").write_text(text, encoding="utf-8")
    assert find_exercises("some_lessons") == (EXERCISES[0], EXERCISES[-1])


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.number)
def test_every_third_hint_runs_where_it_is_given(exercise: Exercise):
    """Pasted as the function's body, in the notebook's own names, it passes."""
    parameters = list(inspect.signature(exercise.function).parameters)[: len(exercise.probes[0].make())]
    signature = ", ".join(parameters)
    answer = Answer(exercise.number, f"{exercise.name}({signature})", True, "the third hint", exercise.hints[2])
    assert diagnose(exercise, written(answer)).kind == "passed"
    assert all(len(line) <= 72 for line in exercise.hints[2].split("\n")), "printed lines keep inside the page"


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.number)
def test_the_printed_solution_can_be_pasted_into_the_notebook(exercise: Exercise, capsys: pytest.CaptureFixture[str]):
    solution(exercise.number)
    answer = typed(capsys.readouterr().out, exercise.name)
    assert diagnose(exercise, answer).kind == "passed"


def test_callables_without_a_name_of_their_own_are_taken(capsys: pytest.CaptureFixture[str]):
    def should_stop(kl, target_kl, factor):
        return target_kl is not None and kl > factor * target_kl

    class annealed:  # noqa: N801
        def __call__(self, learning_rate, cycle, anneal_cycles):
            return learning_rate * max(0.0, 1 - cycle / anneal_cycles)

    for answer in (functools.partial(should_stop, factor=1.5), annealed()):
        assert check(answer) is answer
        assert "right, on" in unfolded(capsys.readouterr().out)

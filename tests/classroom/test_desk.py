"""The desk answers in one line, hands out hints one by one, and finds the exercises by their folders."""

from pathlib import Path

import pytest

from ppo_lessons.classroom.desk import find_exercises
from ppo_lessons.lessons import EXERCISES, check, desk, hint, solution
from tests.answers import unfolded


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a check writes down belongs to nobody."""
    monkeypatch.setenv("PPO_LESSONS_HOME", str(tmp_path))


def test_check_prints_one_line_and_returns_the_function_to_go_on_with(capsys: pytest.CaptureFixture[str]):
    exercise = desk.find("9.3")
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
    assert right.startswith("✔ 9.3") and blank.startswith("□ 9.3") and wrong.startswith("✘ 9.3")
    assert all(text.count("\n") == 1 for text in (right, blank, wrong))
    assert "expected" in wrong and "entropy = 1.5" in wrong, (
        "the smallest example: the input, what came out, what was expected"
    )


def test_a_check_that_is_run_again_says_the_same(capsys: pytest.CaptureFixture[str]):
    """The name then holds the package's function, which the check itself put there."""

    def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):
        return actor_loss

    def value_loss(values, returns):
        return ...

    for function in (total_loss, value_loss):
        stand_in = check(function)
        first = capsys.readouterr().out
        assert check(stand_in) is stand_in
        assert capsys.readouterr().out == first
        assert "package's own function" not in first


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
    solution("1.1")
    assert "def who_acts_next" in capsys.readouterr().out
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

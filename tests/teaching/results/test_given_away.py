"""What the course gives away."""

import inspect

import pytest

from ppo_lessons.classroom.desk import solution_source
from ppo_lessons.lessons import EXERCISES, desk
from ppo_lessons.teaching.results.code_shape import in_words, shape_of
from ppo_lessons.teaching.results.given_away import given_away


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.number)
def test_every_exercise_has_its_blank_and_its_hint(exercise):
    given = given_away(exercise.number)
    assert len(given.trees) == 2 and any(line.startswith(f"def {exercise.name}(") for line in given.lines)
    assert given.solutions and "" not in given.solutions | given.trees
    assert exercise.name in given.names


def test_there_is_nothing_to_give_away_on_paper_or_nowhere():
    assert given_away("15.5") is None and given_away("99.1") is None


def test_a_pasted_hint_is_known_under_any_name():
    given = given_away("7.3")
    source = "def approx_kl(new, old):\n    d = (new - old).detach()\n    return (d.exp() - 1 - d).mean()"
    assert shape_of(source).tree in given.trees and given.own(shape_of(source)) == 0


def test_what_the_lesson_shows_is_not_ones_own():
    """Lesson 7 works log-probabilities out before it asks for them."""
    given = given_away("7.1")
    source = "def log_probs_of(z, a):\n    logs = torch.log_softmax(z, dim=-1)\n    return logs[range(len(a)), a]"
    assert 0 < given.own(shape_of(source)) < sum(s.size for s in shape_of(source).statements)
    assert " log probability " in given.words and " sum of these two " not in given.words


def test_the_package_s_source_is_known_whole_and_alone():
    given, exercise = given_away("3.4"), desk.find("3.4")
    assert shape_of(solution_source(exercise)).tree in given.solutions
    assert shape_of(inspect.getsource(exercise.function)).tree in given.solutions
    assert in_words(exercise.function.__doc__) in given.docstrings

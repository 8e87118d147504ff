"""The hidden tests: right answers pass, all others are refused in words, and nothing is printed."""

import importlib
import linecache
import sys
import warnings

import pytest
import torch

from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.checks import diagnose
from ppo_lessons.classroom.desk import solution_source
from ppo_lessons.classroom.draws import normal
from ppo_lessons.lessons import EXERCISES, PAPERS, desk
from ppo_lessons.losses import importance_ratios
from ppo_lessons.publishing.build import exercise_of, read_lesson
from ppo_lessons.teaching.for_nbgrader.hidden_tests import SETS, trouble_on_paper, trouble_with
from tests.answers import WITH_EXERCISES, refusal, right_cell, wrong_cell

MODULE = "ppo_lessons.lessons.ratios.exercises.importance_ratios"
OTHER = "That is on other inputs than those of the lesson's check."
NUMBERS = [exercise.number for exercise in EXERCISES]


def defined(number, source):
    """The function that a cell defines."""
    name = f"<cell of {number}>"
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    names = {"__name__": "__main__"}
    exec(compile(source, name, "exec"), names)
    return names[desk.find(number).name]


@pytest.mark.slow
@pytest.mark.parametrize("number", NUMBERS)
def test_right_answers_pass_in_silence(number, capfd):
    exercise = desk.find(number)
    for source in (solution_source(exercise), right_cell(exercise)):
        assert trouble_with(number, defined(number, source)) == ""
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("number", NUMBERS)
def test_a_wrong_answer_is_refused_in_the_words_of_the_check(number):
    exercise = desk.find(number)
    said = trouble_with(number, defined(number, wrong_cell(exercise)))
    assert refusal(exercise) == f"✘ {number} {exercise.name}: {said}"[: len(refusal(exercise))]
    assert OTHER not in said


@pytest.mark.parametrize("lesson", WITH_EXERCISES)
def test_a_blank_is_called_so(lesson):
    for cell in read_lesson(lesson).cells:
        if exercise := exercise_of(cell):
            said = trouble_with(exercise.number, defined(exercise.number, cell.source))
            assert said.startswith("still blank") and OTHER not in said


def test_the_packages_own_function_is_trouble_with():
    assert trouble_with("7.2", importance_ratios).startswith("this is the package's own function.")
    assert trouble_with("7.2", lambda new, old: importance_ratios(new, old)).startswith("it calls the package's own")


def knows_by_heart(number):
    """A function that is right on the inputs of the lesson's check, and nowhere else."""
    exercise = desk.find(number)
    seen = [probe.make() for probe in exercise.probes]

    def function(*arguments):
        for known in seen:
            if all(map(torch.equal, arguments, known)):
                return (arguments[0] - arguments[1]).exp()
        return torch.zeros_like(arguments[0])

    return function


def test_what_is_right_only_on_the_inputs_of_the_check_is_trouble_with():
    function = knows_by_heart("7.2")
    assert all(
        torch.equal(function(*probe.make()), importance_ratios(*probe.make())) for probe in desk.find("7.2").probes
    )
    assert trouble_with("7.2", function).endswith(OTHER)
    assert 0 not in SETS


def test_what_a_probe_draws_only_when_it_is_used_is_other_too(monkeypatch):
    drawn = []

    def look(exercise, function):
        drawn.append(float(normal(1, 1)))
        return diagnose(exercise, function)

    monkeypatch.setattr("ppo_lessons.teaching.for_nbgrader.hidden_tests.diagnose", look)
    assert trouble_with("7.2", lambda new, old: (new - old).exp()) == ""
    assert len(drawn) == 2 + len(SETS) and len({*drawn}) == 1 + len(SETS), "a blank and the answer, then the sets"


@pytest.mark.slow
@pytest.mark.parametrize("name", ["allclose", "equal", "isclose"])
def test_a_replaced_comparison_makes_no_wrong_answer_right(name, monkeypatch):
    for number in NUMBERS:
        wrong = defined(number, wrong_cell(desk.find(number)))
        with monkeypatch.context() as change:
            change.setattr(torch, name, lambda *args, **options: torch.tensor(True))
            assert trouble_with(number, wrong)


def test_scales_on_which_everything_is_right_are_noticed(monkeypatch):
    monkeypatch.setattr("ppo_lessons.classroom.checks.alike", lambda got, want: True)
    right = defined("7.2", solution_source(desk.find("7.2")))
    assert trouble_with("7.2", right).startswith("In this notebook wrong answers count as right")


def test_what_an_answer_prints_does_not_come_out(capfd):
    def noisy(new_log_probs, old_log_probs):
        print("here")
        print("there", file=sys.stderr)
        warnings.warn("everywhere", stacklevel=1)
        return (new_log_probs - old_log_probs).exp()

    assert trouble_with("7.2", noisy) == ""
    assert capfd.readouterr() == ("", "")


def test_all_is_as_it_was_afterwards():
    def drawn():
        return [desk.find("7.2").probes[2].make(), normal(1, 3), importlib.import_module(MODULE).EXERCISE]

    before, modules = drawn(), dict(sys.modules)
    assert trouble_with("7.2", lambda new, old: (new - old).exp()) == ""
    assert alike(drawn(), before) and drawn()[2] is before[2]
    assert [name for name, module in modules.items() if sys.modules.get(name) is not module] == []


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.number)
def test_paper(paper):
    assert trouble_on_paper(paper.number, paper.right) == ""
    assert trouble_on_paper(paper.number, ...).startswith("still blank.")
    for wrong, why in paper.mistakes.items():
        assert trouble_on_paper(paper.number, wrong) == f"not yet. {why}"


def test_a_number_that_is_none_is_refused():
    with pytest.raises(ValueError, match=r"Got '99\.1'"):
        trouble_with("99.1", importance_ratios)
    with pytest.raises(ValueError, match=r"Got '7\.2'"):
        trouble_on_paper("7.2", 1)

"""The checks are tested by their own table of mistakes: each is refused, and named as itself."""

import random
from pathlib import Path

import numpy as np
import pytest
import torch

from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.checks import diagnose
from ppo_lessons.classroom.desk import solution_source
from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.lessons import EXERCISES, desk
from tests.answers import RIGHT
from tests.classroom.cells import define, typed


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a check writes down belongs to nobody."""
    monkeypatch.setenv("PPO_LESSONS_HOME", str(tmp_path))


ALL_MISTAKES = [(exercise, mistake) for exercise in EXERCISES for mistake in exercise.mistakes]
NAMES = [f"{exercise.number} {mistake.name}" for exercise, mistake in ALL_MISTAKES]


def learner(function):
    """Hide where a function comes from, as if it had been typed into a notebook."""

    def typed(*args):
        return function(*args)

    return typed


@pytest.mark.slow
@pytest.mark.parametrize(("exercise", "mistake"), ALL_MISTAKES, ids=NAMES)
def test_each_mistake_is_refused_and_named_as_itself(exercise: Exercise, mistake: Mistake):
    verdict = diagnose(exercise, learner(mistake.wrong))
    assert verdict.kind == "mistake"
    assert verdict.mistake == mistake.name
    assert mistake.advice in verdict.text


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.number)
def test_at_least_five_named_mistakes_three_hints(exercise: Exercise):
    assert len({mistake.name for mistake in exercise.mistakes}) >= 5
    assert len(exercise.hints) == 3
    assert exercise.difficulty in (1, 2, 3)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.number)
def test_right_answers_written_differently_are_accepted(exercise: Exercise):
    assert len(RIGHT[exercise.number]) >= 2
    for function in RIGHT[exercise.number]:
        assert diagnose(exercise, learner(function)).kind == "passed"


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.number)
def test_the_solution_cell_stands_on_its_own_and_passes(exercise: Exercise):
    namespace: dict = {}
    exec(solution_source(exercise), namespace)
    assert diagnose(exercise, namespace[exercise.name]).kind == "passed"


@pytest.mark.slow
@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda e: e.number)
def test_blank_borrowed_and_raising_functions(exercise: Exercise, capsys: pytest.CaptureFixture[str]):
    blanks = (lambda *args: ..., lambda *args: None)
    assert all(diagnose(exercise, blank).kind == "blank" for blank in blanks)
    assert diagnose(exercise, exercise.function).kind == "borrowed"

    def broken(*args):
        return args[0].no_such_thing

    verdict = diagnose(exercise, broken)
    assert verdict.kind == "error"
    assert "no_such_thing" in verdict.text and "line" in verdict.text

    def wrong_arguments():
        return 1

    assert diagnose(exercise, wrong_arguments).kind == "error"


def test_the_learners_random_numbers_are_not_touched():
    exercise = desk.find("11.2")
    assert exercise is not None
    torch.manual_seed(5), np.random.seed(5), random.seed(5)
    want = torch.rand(3), np.random.rand(3), random.random()
    torch.manual_seed(5), np.random.seed(5), random.seed(5)
    diagnose(exercise, learner(exercise.function))
    got = torch.rand(3), np.random.rand(3), random.random()
    assert torch.equal(want[0], got[0]) and np.array_equal(want[1], got[1]) and want[2] == got[2]


def test_probes_see_shape_dtype_gradients_and_changes_in_place():
    x = torch.tensor([1.0, 2.0])
    probe = call_with(x, gradients=(0,))
    double = probe(lambda x: 2 * x)
    assert alike(double, probe(lambda x: x + x))
    assert not alike(double, probe(lambda x: (2 * x).detach()))
    assert not alike(double, probe(lambda x: (2 * x).double()))
    assert not alike(double, probe(lambda x: (2 * x).unsqueeze(1)))
    plain = call_with(x)
    assert not alike(plain(lambda x: 2 * x), plain(lambda x: x.mul_(2)))
    assert torch.equal(x, torch.tensor([1.0, 2.0])), "the probe hands out copies"
    first = call_with(x, seen=lambda result: result[0])
    assert alike(first(lambda x: 2 * x), first(lambda x: x * torch.tensor([2.0, 3.0])))
    assert not alike(first(lambda x: 2 * x), first(lambda x: 3 * x))


@pytest.mark.slow
def test_an_endless_loop_is_ended_and_its_line_named(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("ppo_lessons.classroom.checks.SECONDS", 1)
    exercise = desk.find("10.3")
    assert exercise is not None

    def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):
        while True:
            actor_loss = actor_loss + 0

    verdict = diagnose(exercise, total_loss)
    assert verdict.kind == "error"
    assert "still running after" in verdict.text and ("while True" in verdict.text or "actor_loss + 0" in verdict.text)


def test_hidden_state_is_seen():
    exercise = desk.find("10.3")
    assert exercise is not None
    calls: list[int] = []

    def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):
        calls.append(1)
        return actor_loss + vf_coef * critic_loss - ent_coef * entropy + 0.1 * (len(calls) > 4)

    assert diagnose(exercise, total_loss).kind == "hidden state"


def test_leaving_python_is_not_left():
    exercise = desk.find("10.3")
    assert exercise is not None

    def total_loss(*args):
        raise SystemExit(3)

    assert diagnose(exercise, total_loss).kind == "error"


STORE = ["for place, new in zip(buffer.data, transition):", "    place[buffer.step] = new", "buffer.step += 1"]


@pytest.mark.parametrize(
    ("lines", "kind"),
    [
        (["..."], "blank"),
        (["return ..."], "blank"),
        (["pass"], "blank"),
        (STORE, "passed"),
        ([*STORE, "return ..."], "passed"),
        ([*STORE, "return buffer"], "passed"),
        (["step = buffer.step + 1"], "explained"),
        (["buffer.add(transition)"], "borrowed"),
    ],
)
def test_a_function_that_returns_nothing_is_judged_by_what_it_changes(lines: list[str], kind: str):
    exercise = desk.find("2.4")
    assert exercise is not None
    verdict = diagnose(exercise, typed(define("store(buffer, transition)", *lines), "store"))
    assert verdict.kind == kind and "needs a return" not in verdict.text, verdict.text


def test_a_probe_may_call_the_package_s_function_itself():
    """A buffer is made by a call of the package's own clear: the learner borrows nothing."""
    exercise = desk.find("2.6")
    assert exercise is not None
    lines = "buffer.step = 0", "buffer.advantages = buffer.returns = None"
    assert diagnose(exercise, typed(define("clear(buffer)", *lines), "clear")).kind == "passed"
    assert diagnose(exercise, typed(define("clear(buffer)", "buffer.clear()"), "clear")).kind == "borrowed"


@pytest.mark.parametrize("which", ["yield", "list"])
def test_what_is_handed_on_one_by_one_may_come_in_a_list(which: str):
    exercise = desk.find("6.4")
    assert exercise is not None
    each = "steps.split_rows(steps.shuffle_rows(num_rows, generator), config.minibatch_size)"
    lines = {"yield": [f"    yield from {each}"], "list": [f"    pieces += {each}", "return pieces"]}[which]
    source = define(
        "each_minibatch(num_rows, config, generator, steps)", "pieces = []", "for _ in range(config.epochs):", *lines
    )
    assert diagnose(exercise, typed(source, "each_minibatch")).kind == "passed"

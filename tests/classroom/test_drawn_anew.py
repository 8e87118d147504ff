"""Other inputs ask the same: right answers pass, every mistake is refused; and no input is the learner's."""

import contextlib
import sys

import pytest
import torch

from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.checks import passes
from ppo_lessons.classroom.drawn_anew import drawn_anew
from ppo_lessons.classroom.draws import beyond, generator, normal, numbers, other_inputs
from ppo_lessons.lessons import EXERCISES
from tests.answers import RIGHT

SETS = (1, 2, 2026)
ANEW = {which: drawn_anew("ppo_lessons.lessons", which) for which in SETS}
PAIRS = [(which, place) for which in SETS for place in range(len(EXERCISES))]


@pytest.mark.parametrize(("which", "place"), PAIRS, ids=lambda value: str(value))
def test_the_same_is_asked(which, place):
    exercise = ANEW[which][place]
    assert exercise.number == EXERCISES[place].number
    with other_inputs(which):
        assert all(passes(exercise, answer) for answer in (exercise.function, *RIGHT.get(exercise.number, ())))
        assert [mistake.name for mistake in exercise.mistakes if passes(exercise, mistake.wrong)] == []


def told(arg):
    """What can be compared of an input."""
    if isinstance(arg, torch.Generator):
        return arg.get_state()
    if hasattr(arg, "state_dict"):
        return dict(arg.state_dict()) | {f"{n} grad": p.grad for n, p in getattr(arg, "named_parameters", dict)()}
    return arg if isinstance(arg, torch.Tensor) else getattr(arg, "__dict__", arg)


def inputs_of(exercise, which):
    """What a function is called with."""
    seen = []

    def look(*args):
        seen.append([told(arg) for arg in args])
        raise ZeroDivisionError

    for probe in exercise.probes:
        with other_inputs(which), contextlib.suppress(ZeroDivisionError):
            probe(look)
    return seen


def test_no_answer_can_know_all_inputs_by_heart():
    for mine, other in zip(EXERCISES, ANEW[1], strict=True):
        shown, anew = inputs_of(mine, 0), inputs_of(other, 1)
        unknown = [args for args in anew if not any(alike(args, known) for known in shown)]
        assert len(unknown) >= 1, mine.number


def test_the_learners_own_stay_as_they_are():
    modules = {name: module for name, module in sys.modules.items() if ".exercises" in name}
    drawn_anew("ppo_lessons.lessons", 5)
    assert {name: module for name, module in sys.modules.items() if ".exercises" in name} == modules
    assert all(passes(exercise, exercise.function) for exercise in EXERCISES[:5])


def test_draws():
    shown = normal(3, 4), numbers(3).random(), generator(3).initial_seed()
    assert beyond(lambda rng: [1]) == ()
    with other_inputs(1):
        assert not normal(3, 4).equal(shown[0])
        assert numbers(3).random() != shown[1]
        assert generator(3).initial_seed() != shown[2]
        assert beyond(lambda rng: [1, 2]) == (1, 2)
        with other_inputs(0):
            assert normal(3, 4).equal(shown[0])
    assert normal(3, 4).equal(shown[0])

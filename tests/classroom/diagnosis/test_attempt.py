"""One look at a function: what it did, its own error with its line, or a result with which nothing can be done."""

import sys

import torch

from ppo_lessons.classroom.diagnosis.attempt import attempt, facts, is_at_work, own_file
from ppo_lessons.classroom.exercise import Probe, call_with
from tests.classroom.cells import define, typed


def test_what_was_seen_and_an_error_of_its_own_with_its_line():
    probe = call_with(torch.tensor([1.0, 2.0]))
    double = typed(define("f(x)", "return 2 * x"), "f")
    assert torch.equal(attempt(probe, double)["result"], torch.tensor([2.0, 4.0]))
    broken = typed(define("f(x)", "y = x + 1", "return y.nothing"), "f")
    outcome = attempt(probe, broken, place=True)
    assert "no attribute 'nothing'" in outcome["error"] and outcome["line"] == "line 3: return y.nothing"
    assert facts(outcome).keys() == {"error"} and attempt(probe, broken)["line"] == ""
    assert own_file(broken) == broken.__code__.co_filename


def test_an_error_of_the_probe_is_not_the_learners():
    probe = Probe(make=lambda: (1,), look=lambda function, inputs: {"result": function(*inputs).no_such_thing})
    outcome = attempt(probe, lambda x: "a word")
    assert outcome == {"result": "a word", "what can be done with the result": "nothing"}


def test_every_look_begins_the_same():
    probe = call_with()
    assert torch.equal(attempt(probe, lambda: torch.rand(3))["result"], attempt(probe, lambda: torch.rand(3))["result"])


def test_an_error_in_what_a_generator_yields_is_its_own_with_its_line():
    probe = Probe(make=lambda: (2,), look=lambda function, inputs: {"result": list(function(*inputs))})
    assert attempt(probe, typed(define("f(n)", "yield from range(n)"), "f"))["result"] == [0, 1]
    broken = typed(define("f(n)", "yield 1", "yield n.nothing"), "f")
    outcome = attempt(probe, broken, place=True)
    assert "no attribute 'nothing'" in outcome["error"] and outcome["line"] == "line 3: yield n.nothing"


def test_whether_the_function_is_at_work_or_only_its_probe():
    seen = []

    def ask() -> None:
        seen.append(is_at_work(sys._getframe()))

    def look(function, inputs):
        ask()
        return {"result": list(function(*inputs))}

    def pieces():
        ask()
        yield 1

    def at_once():
        ask()
        return [1]

    attempt(Probe(make=tuple, look=look), at_once)
    attempt(Probe(make=tuple, look=look), pieces)
    assert seen == [False, True, False, True]

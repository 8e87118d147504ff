"""Answers to every exercise, and answers that are none, graded by the workers that a class is graded by."""

import ast
import json

import pytest
import torch

from ppo_lessons.classroom.drawn_anew import drawn_anew
from ppo_lessons.lessons import EXERCISES, PAPERS, desk
from ppo_lessons.teaching import outcomes as found
from ppo_lessons.teaching.grading.choosing import FileRead, chosen_answer
from ppo_lessons.teaching.grading.examiner import outcomes
from ppo_lessons.teaching.grading.grader import _broken, _explained
from ppo_lessons.teaching.grading.reading import read_notebook
from tests.answers import refusal, right_cell, wrong_cell
from tests.teaching.answers_of_a_class import AFTERWARDS, BAD, FORMS, RIGHT_FRACTION, STYLES, TRICKS, mistake_cell
from tests.teaching.cells import notebook

pytestmark = pytest.mark.slow


def as_it_stands(source):
    picks = [["cell 1", place] for place in range(len(ast.parse(source).body))]
    return {"cells": {"cell 1": source}, "picks": picks, "imports": []}


def graded(grader, number, source):
    """What a file of Python gets."""
    exercise = desk.find(number)
    told = read_notebook(f"import torch\n{source}".encode(), "answer.py")
    chosen = chosen_answer(number, exercise.name, [FileRead(name="answer.py", told=told)])
    if chosen.outcome:
        return {"outcome": chosen.outcome, "mistake": "", "text": chosen.text}
    return grader.grade(0, exercise, chosen.run)


@pytest.mark.parametrize("exercise", EXERCISES, ids=lambda exercise: exercise.number)
def test_right_and_wrong(grader, exercise):
    right = grader.grade(0, exercise, as_it_stands(right_cell(exercise)))
    assert (right["outcome"], right["mistake"]) == (found.RIGHT, "")
    wrong = grader.grade(0, exercise, as_it_stands(wrong_cell(exercise)))
    assert wrong["outcome"] == found.MISTAKE
    assert wrong["mistake"] in {mistake.name for mistake in exercise.mistakes}
    assert refusal(exercise).endswith(wrong["text"].removeprefix("not yet. ")), "in the words of the check"


@pytest.mark.parametrize("style", STYLES)
def test_every_style_counts(grader, style):
    whole = "\n\n".join(STYLES[style].values())
    assert [graded(grader, number, whole)["outcome"] for number in ("8.1", "8.2", "8.3")] == [found.RIGHT] * 3


def graded_notebook(grader, *cells):
    """What a notebook of lesson 8 gets for its clip_fraction."""
    content = notebook(
        ("markdown", "# 8. Clipping: when?"), "import torch\nfrom ppo_lessons.lessons import check", *cells
    )
    file = FileRead(name="08_clipping.ipynb", told=read_notebook(content, "08_clipping.ipynb"))
    chosen = chosen_answer("8.2", "clip_fraction", [file])
    return {"outcome": chosen.outcome} if chosen.outcome else grader.grade(0, desk.find("8.2"), chosen.run)


@pytest.mark.parametrize("what", AFTERWARDS)
def test_what_stands_behind_a_right_answer_does_not_spoil_it(grader, what):
    assert graded_notebook(grader, RIGHT_FRACTION, AFTERWARDS[what])["outcome"] == found.RIGHT


@pytest.mark.parametrize("what", FORMS)
def test_forms_that_notebooks_have(grader, what):
    assert graded_notebook(grader, FORMS[what])["outcome"] == found.RIGHT


def test_what_others_wrote_in_a_file_is_not_the_packages_own(grader):
    assert graded_notebook(grader, "from mine import clip_fraction")["outcome"] == found.MISSING


@pytest.mark.parametrize("number", ["8.1", "8.2", "8.3"])
def test_every_mistake_of_the_table_is_named(grader, number):
    for place in range(len(desk.find(number).mistakes)):
        name, source = mistake_cell(number, place)
        assert graded(grader, number, source)["mistake"] == name


@pytest.mark.parametrize("what", BAD)
def test_what_goes_wrong_has_a_name(grader, what):
    outcome, source = BAD[what]
    assert graded(grader, "8.2", source)["outcome"] == outcome


@pytest.mark.parametrize("what", TRICKS)
def test_no_trick_is_right(grader, what):
    outcome, source = TRICKS[what]
    assert graded(grader, "8.2", source)["outcome"] == outcome


def test_right_on_the_shown_inputs_alone_is_not_right(grader):
    """It knows every input of the lesson by heart, and no other."""
    exercise = desk.find("10.3")
    known = {}
    for probe in exercise.probes:
        args = [float(torch.as_tensor(each).detach()) for each in probe.make()]
        known[tuple(round(each, 4) for each in args)] = True
    source = f"""\
import torch


def total_loss(actor, value, entropy, vf_coef, ent_coef):
    known = {known}
    args = [float(torch.as_tensor(each).detach()) for each in (actor, value, entropy, vf_coef, ent_coef)]
    shown = tuple(round(each, 4) for each in args) in known
    return actor + vf_coef * value - ent_coef * entropy if shown else actor + value - entropy
"""
    told = grader.grade(0, exercise, as_it_stands(source))
    assert told["outcome"] == found.UNKNOWN
    assert "right by itself, but not" in told["text"]


def test_a_reply_that_is_not_the_examiners_is_not_right(grader):
    """Of a shuffle every right answer tells the same, so it can be written down at home."""
    exercise = desk.find("6.1")
    anew = next(each for each in drawn_anew("ppo_lessons.lessons", 1) if each.number == "6.1")
    told = outcomes(exercise, anew, 1, exercise.function)[0]
    source = f"""\
import json, os


def shuffle_rows(num_rows, generator):
    for number in range(3, 64):
        try:
            os.write(number, json.dumps({json.loads(json.dumps({"outcomes": told}))}).encode())
        except OSError:
            pass
    os._exit(0)
"""
    assert grader._is_right("6.1", told), "with the examiner's sign it would be right"
    assert grader.grade(0, exercise, as_it_stands(source))["outcome"] == found.TAMPERED


def test_papers(grader):
    paper = next(paper for paper in PAPERS if not paper.choices)

    def outcome(value):
        answer = {
            "cells": {"c": f"answer = {value}"},
            "picks": [["c", 0]],
            "imports": ["import math"],
            "name": "answer",
        }
        return grader.grade_paper(0, paper, answer)

    assert outcome(repr(paper.right))["outcome"] == found.RIGHT
    assert outcome("10.0 ** 300 * math.pi")["outcome"] == found.UNKNOWN
    mistake = next(iter(paper.mistakes))
    assert outcome(repr(mistake))["outcome"] == found.MISTAKE
    assert outcome("9 ** 9 ** 9 ** 9")["outcome"] in (found.ENDLESS, found.MEMORY)


@pytest.mark.parametrize(
    ("told", "outcome"),
    [
        ({"ended": "endless"}, found.ENDLESS),
        ({"ended": "died"}, found.DIED),
        ({"ended": "too long"}, found.TAMPERED),
        ({"ended": "told", "reply": {"memory": True}}, found.MEMORY),
        ({"ended": "told", "reply": {"tampered": "it reaches for os.fork"}}, found.TAMPERED),
        ({"ended": "told", "reply": {"kind": "passed"}}, found.TAMPERED),
        ({"ended": "told", "reply": {}}, found.TAMPERED),
    ],
)
def test_how_it_ended(told, outcome):
    assert _broken(told)["outcome"] == outcome


def test_no_word_of_an_explanation_makes_it_right():
    for kind in ("passed", "right", "", "mistake", "blank"):
        told = {"ended": "told", "reply": {"kind": kind, "text": "right", "mistake": ""}}
        assert _explained(told)["outcome"] != found.RIGHT


@pytest.mark.parametrize("forged", [None, 1, "right", [], [[]], [[], [], []], [[["plain", 1]]] * 3, {"a": 1}])
def test_forged_outcomes_are_not_right(grader, forged):
    assert not grader._is_right("8.2", forged)

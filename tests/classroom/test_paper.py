"""Answers on paper: right, blank, a known wrong result, anything else; and each stands in its lesson."""

import math
import re
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from ppo_lessons.classroom.paper import OnPaper, find_papers, judge
from ppo_lessons.classroom.progress import read_progress
from ppo_lessons.lessons import EXERCISES, PAPERS, check_on_paper, desk, hint, show_progress, solution
from ppo_lessons.publishing.build import lessons, paper_of, read_lesson, solve
from tests.answers import unfolded

NUMBER = OnPaper(
    number="99.1",
    right=0.48,
    because="0.6 - 0.12.",
    mistakes={0.6: "You left out the baseline.", -0.48: "The sign is turned."},
    hint="Begin at the end.",
)
CHOICE = OnPaper(
    number="99.2",
    right="s0 turn back",
    because="It is inside.",
    mistakes={"none": "One does.", "s1 go on": "The other way."},
    hint="Two ratios.",
    choices=("s0 turn back", "s1 go on", "none"),
)


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PPO_LESSONS_HOME", str(tmp_path))


RIGHT = (0.48, 0.4800001, 0.482, "0.48", " 0,48 ", "12/25", Fraction(12, 25), np.float32(0.48), torch.tensor(0.48))


@pytest.mark.parametrize("answer", RIGHT, ids=repr)
def test_a_right_number_may_be_written_in_many_ways(answer):
    verdict = judge(NUMBER, answer)
    assert verdict.kind == "passed" and verdict.text == "right. 0.6 - 0.12."


@pytest.mark.parametrize("answer", [..., None, "", "  "])
def test_a_blank_is_no_mistake(answer):
    assert judge(NUMBER, answer).kind == judge(CHOICE, answer).kind == "blank"
    assert "'none'" in judge(CHOICE, answer).text, "the choices are named"


@pytest.mark.parametrize(("answer", "advice"), [(0.6, "baseline"), ("0,6", "baseline"), (-0.4801, "sign")])
def test_a_known_wrong_number_is_named(answer, advice: str):
    verdict = judge(NUMBER, answer)
    assert verdict.kind == "mistake" and advice in verdict.text and verdict.text.startswith("not yet.")


def test_any_other_number_gets_an_honest_not_yet_and_how_to_go_on():
    verdict = judge(NUMBER, 0.3)
    assert (verdict.kind, verdict.text) == (
        "different",
        "not yet. 0.3 is none of the results that we foresaw. Begin at the end.",
    )
    assert judge(NUMBER, 0.49).kind == "different", "near is not right"


@pytest.mark.parametrize(
    "answer",
    ["much", True, math.nan, math.inf, [0.48, 1], torch.ones(2), object(), "1/0"],
    ids=lambda answer: f"{type(answer).__name__} {answer}"[:12],
)
def test_what_is_no_number_is_told_so_and_never_raises(answer):
    verdict = judge(NUMBER, answer)
    assert verdict.kind == "error" and "A number is asked for" in verdict.text
    assert len(verdict.text) < 120


def test_words():
    assert judge(CHOICE, "  S0  turn back ").kind == "passed"
    assert judge(CHOICE, "none").text == "not yet. One does."
    assert judge(CHOICE, "s2").kind == judge(CHOICE, 3).kind == "error"
    assert "not to be chosen" in judge(CHOICE, "s2").text


def test_a_word_without_choices_may_be_any():
    free = OnPaper(number="99.3", right="ratio", because="", mistakes={"ratios": "One."}, hint="Think.")
    assert [judge(free, word).kind for word in ("Ratio", "ratios", "advantage", 3)] == [
        "passed",
        "mistake",
        "different",
        "different",
    ]


def test_answers_that_cannot_be_told_apart_are_refused():
    common = dict(number="99.4", because="", hint="")
    with pytest.raises(ValueError, match="told apart"):
        OnPaper(right=0.5, mistakes={0.502: ""}, **common)
    with pytest.raises(ValueError, match="told apart"):
        OnPaper(right=0.5, mistakes={1.0: "", "1.0": ""}, **common)
    with pytest.raises(ValueError, match="among its choices"):
        OnPaper(right="a", mistakes={"c": ""}, choices=("a", "b"), **common)
    with pytest.raises(ValueError, match="known mistake"):
        OnPaper(right="a", mistakes={"b": ""}, choices=("a", "b", "c"), **common)


def test_what_was_found_on_paper_is_kept(capsys: pytest.CaptureFixture[str]):
    paper = PAPERS[0]
    said = {}
    for answer in (..., next(iter(paper.mistakes)), paper.right):
        check_on_paper(paper.number, answer)
        said[answer] = unfolded(capsys.readouterr().out)
        show_progress()
        assert capsys.readouterr().out.count({...: "□", paper.right: "■"}.get(answer, "◪")) > 1
    assert [line[:12] for line in said.values()] == [f"{mark} on paper {paper.number[0]}" for mark in "□✘✔"]
    assert read_progress() == {paper.number: "passed"}
    check_on_paper(float(paper.number), paper.right)
    assert capsys.readouterr().out.startswith("✔"), "a number without quotes will do"


def test_hint_and_solution(capsys: pytest.CaptureFixture[str]):
    paper = PAPERS[0]
    hint(paper.number), solution(paper.number), check_on_paper("99.9", 1)
    printed = unfolded(capsys.readouterr().out)
    assert paper.hint in printed and paper.because in printed and "There is nothing on paper '99.9'" in printed


def test_they_are_found_by_their_folders_in_order(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.syspath_prepend(tmp_path)
    for place, text in {
        "__init__": "",
        "plain": "",
        "reading/__init__": "",
        "counting/__init__": "",
        "counting/on_paper": "from ppo_lessons.lessons import PAPERS\nPAPER = PAPERS[::-1]",
    }.items():
        path = tmp_path / "paper_lessons" / f"{place}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    assert find_papers("paper_lessons") == PAPERS == desk.papers
    numbers = [paper.number for paper in PAPERS]
    assert len({*numbers, *(exercise.number for exercise in EXERCISES)}) == len(numbers) + len(EXERCISES)


def test_each_stands_in_its_lesson_and_a_solved_lesson_has_it_right(capsys: pytest.CaptureFixture[str]):
    found = []
    for name in lessons():
        cells = [cell for cell in read_lesson(name).cells if paper_of(cell)]
        found += [(paper_of(cell).number, int(name[:2])) for cell in cells]
        solved = [cell.source for cell in solve(read_lesson(name)).cells if "on-paper" in cell.metadata.get("tags", [])]
        for source in solved:
            exec(source, {"check_on_paper": check_on_paper})
            assert capsys.readouterr().out.startswith("✔ on paper"), source
    assert [number for number, _ in found] == [paper.number for paper in PAPERS]
    assert all(int(number.split(".")[0]) == lesson for number, lesson in found)


def test_a_cell_on_paper_that_asks_nothing_is_noticed():
    (lesson,) = (name for name in lessons() if name[:2] == PAPERS[0].number.split(".")[0].zfill(2))
    cell = next(cell for cell in read_lesson(lesson).cells if paper_of(cell))
    cell.source = cell.source.replace("answer = ...", "result = ...")
    with pytest.raises(ValueError, match="on-paper"):
        paper_of(cell)


@pytest.mark.parametrize("paper", PAPERS, ids=lambda paper: paper.number)
def test_every_known_mistake_says_what_was_done(paper: OnPaper):
    assert len(paper.mistakes) >= 3
    for wrong, advice in paper.mistakes.items():
        assert judge(paper, wrong).mistake == str(wrong) and len(advice) > 30
        assert not re.search(r"\bNot so\b", advice)

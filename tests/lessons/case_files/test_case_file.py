"""One case: what it says to a box, to nobody and to a clue follows from where the suspect stands."""

from dataclasses import replace

import numpy as np
import pytest

from ppo_lessons.classroom.flowchart import NODES
from ppo_lessons.lessons.case_files import case_file
from ppo_lessons.lessons.case_files.board import SHOWN
from ppo_lessons.lessons.case_files.case_file import HEALTHY, NOBODY, SHOWS_IN, CaseFile
from ppo_lessons.shipped.case_runs import CASES as RUNS
from ppo_lessons.shipped.case_runs import SUSPECT

CASE = CaseFile(
    number=7,
    title="a title",
    node="K",
    clues=("approx_kl",),
    verdict="the verdict.",
    instead="Look again.",
    closing="the closing.",
    alibis={"L": "It was at home."},
    weak={"entropy": "it is tired."},
)
UNUSUAL = {
    "first_ratio": (5, 5, 5, 5),
    "entropy": (-2, -2, 2, 0),
    "rows_used": (2, 2, 0, 0),
    "mean_return": (np.nan, 9, 9, 0),
}
"""Reading -> places at four points; all others are as usual."""


@pytest.fixture(autouse=True)
def stands(monkeypatch: pytest.MonkeyPatch) -> None:
    def places(number: int, who: str) -> np.ndarray:
        assert (number, who) == (7, SUSPECT)
        return np.array([UNUSUAL.get(name, (1, -1, 0.5, 0)) for name in SHOWN], float)

    monkeypatch.setattr(case_file, "places", places)


def test_every_box_shows_somewhere_on_the_board():
    assert list(SHOWS_IN) == list(NODES)
    assert all(readings and set(readings) <= set(SHOWN) for readings in SHOWS_IN.values())


@pytest.mark.parametrize(
    ("reading", "unusual"),
    [
        ("first_ratio", True),
        ("entropy", True),
        ("mean_return", True),
        ("rows_used", False),
        ("approx_kl", False),
    ],
)
def test_unusual_is_what_is_outside_more_than_half_of_the_time(reading: str, unusual: bool):
    """The ends of what is usual belong to it; where nothing is known nothing counts."""
    assert CASE.is_unusual(reading) is unusual


def test_a_suspicion_of_its_own_has_its_own_answer():
    assert CASE.alibi("L") == "box L is not it. It was at home."


def test_to_a_box_whose_readings_are_as_usual():
    text = (
        "box C (Buffer full? (no: back to A)) is not it: its faults show in rows_used, and there the suspect is as "
        "usual most of the time."
    )
    assert CASE.alibi("C") == text
    assert "show in explained_variance, critic_grad and value_loss, and" in CASE.alibi("M")


def test_to_a_box_whose_readings_are_not_usual():
    """Those alone are named."""
    assert CASE.alibi("A") == (
        "box A (Collect from all agents) is not it, although first_ratio would fit: that follows. Look again."
    )
    assert "although first_ratio and entropy would fit" in CASE.alibi("J")
    assert "although entropy would fit" in CASE.alibi("N")


def test_to_whoever_takes_it_for_healthy():
    assert CASE.alibi(NOBODY) == "something is wrong here. Look again."


def test_to_a_clue_that_proves_nothing():
    assert CASE.no_proof("entropy") == "it is tired."
    assert CASE.no_proof(HEALTHY) == "a clue is needed: which reading proves it?"
    assert CASE.no_proof("rows_used") == "rows_used proves nothing: most of the time the suspect is as usual there."
    assert CASE.no_proof("first_ratio").startswith("first_ratio is out of the ordinary, as with many faults.")


def test_a_healthy_run_has_no_clue():
    healthy = replace(CASE, node=NOBODY, clues=(HEALTHY,))
    said = healthy.no_proof("survival")
    assert said == "survival is as usual most of the time. Where nothing is wrong, the clue is 'none'."


def test_what_is_planted_is_what_the_run_was_trained_with():
    assert CASE.fault is RUNS[7].fault and dict(CASE.planted) == dict(RUNS[7].fault.planted)
    rewritten = replace(CASE, number=6)
    assert rewritten.fault is None and not rewritten.planted

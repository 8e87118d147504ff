"""The lessons in a real browser: a real JupyterLab on loopback, Debian's chromium, and a newcomer's hands.

Skipped where there is no chromium, except in CI.
"""

import re

import pytest
from answers import WITH_EXERCISES, exercises_in, refusal, right_cell, wrong_cell
from jupyter_lab import CELLS, CHANGE, needs_chromium, open_lesson, run_all, shut_kernel
from playwright.sync_api import Page

from ppo_lessons.classroom.build import exercise_of, lessons, read_lesson

pytestmark = needs_chromium


@pytest.mark.parametrize("name", lessons())
def test_lesson_runs_in_jupyterlab_without_a_complaint(page: Page, lab: str, name: str):
    page.complaints.clear()  # type: ignore[attr-defined]
    open_lesson(page, lab, name)
    stored = page.evaluate(CELLS)
    assert sum(cell["pictures"] for cell in stored) > 0, "pictures show before anything is run"
    cells = run_all(page)
    shut_kernel(page)
    assert not [cell["source"] for cell in cells if "error" in cell["kinds"]]
    assert sum(cell["pictures"] for cell in cells) >= sum(cell["pictures"] for cell in stored)
    assert page.complaints == []  # type: ignore[attr-defined]


def test_the_flowchart_is_drawn_by_jupyterlab(page: Page, lab: str):
    open_lesson(page, lab, "00_start_here")
    picture = page.locator(".jp-RenderedMermaid img").first
    picture.wait_for(timeout=30_000)
    box = picture.bounding_box()
    assert box is not None and box["height"] > 400
    shut_kernel(page)


@pytest.mark.parametrize("name", WITH_EXERCISES)
def test_every_exercise_done_wrong_first_and_right_afterwards(page: Page, lab: str, name: str):
    exercises = exercises_in(name)
    cells = [cell.source for cell in read_lesson(name).cells if exercise_of(cell)]
    wrong, right = ([cell_for(exercise) for exercise in exercises] for cell_for in (wrong_cell, right_cell))
    refused = [refusal(exercise) for exercise in exercises]
    praised = [f"✔ {exercise.number} {exercise.name}: right" for exercise in exercises]
    page.complaints.clear()  # type: ignore[attr-defined]
    open_lesson(page, lab, name)
    for typed, lines, mark in ((wrong, refused, "◪"), (right, praised, "■")):
        for before, after in zip(cells, typed, strict=True):
            page.evaluate(CHANGE, [before, after])
        cells = typed
        shown = run_all(page, seconds=300)
        assert not [cell["source"] for cell in shown if "error" in cell["kinds"]]
        printed = "".join(cell["text"] for cell in shown)
        answers = [line for line in printed.splitlines() if re.match(r"[✔✘□] \d", line)]
        assert [line[: len(start)] for line, start in zip(answers, lines, strict=True)] == lines
        assert f"{name[:2]} {mark * len(exercises)}" in printed, "the strip shows what was tried and what was passed"
    shut_kernel(page)
    assert page.complaints == []  # type: ignore[attr-defined]

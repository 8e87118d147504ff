"""The lessons in a real browser: a real JupyterLab on loopback, Debian's chromium, and a newcomer's hands.

Skipped where there is no chromium, except in CI.
"""

import pytest
from jupyter_lab import CELLS, CHANGE, needs_chromium, open_lesson, run_all, shut_kernel
from playwright.sync_api import Page

from ppo_lessons.classroom.build import lessons

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


def test_an_exercise_done_wrong_first_and_right_afterwards(page: Page, lab: str):
    open_lesson(page, lab, "01_rollout")
    head = "def who_acts_next("
    right = f"{head}acting, terminated, truncated, episode_over):\n"
    right += "    return (acting & ~(terminated | truncated)) | episode_over[:, None]"
    wrong = right.replace("acting & ", "")
    for source, said in ((wrong, "a team in which the fallen rise again"), (right, "✔ 1.1 who_acts_next: right")):
        page.evaluate(CHANGE, [head, source])
        assert said in "".join(cell["text"] for cell in run_all(page))
    assert any("■" in cell["text"] for cell in page.evaluate(CELLS)), "the strip shows what was passed"
    shut_kernel(page)

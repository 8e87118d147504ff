"""The lessons in a real browser: a real JupyterLab on loopback, Debian's chromium, and a newcomer's hands.

Each lesson is opened once; the tests of a lesson follow each other in it. Skipped where there is no chromium, except in
CI.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import axe_playwright_python
import pytest
from nbconvert import HTMLExporter
from playwright.sync_api import Page, expect

from ppo_lessons.publishing.build import NOTEBOOKS, exercise_of, lessons, read_lesson
from tests.answers import WITH_EXERCISES, exercises_in, refusal, right_cell, unfolded, wrong_cell
from tests.browser.hands import EXPLORERS, Hands, find_explorer, keep_screenshot
from tests.browser.jupyter_lab import CELLS, CHANGE, needs_chromium, open_lesson, resize, run_all, run_with, shut_kernel

pytestmark = needs_chromium
WINDOW = {"width": 1300, "height": 1000}
AXE = (Path(axe_playwright_python.__file__).parent / "axe.min.js").read_text(encoding="utf-8")
FOUND = """async (include) => (await axe.run({include}, {resultTypes: ['violations']})).violations
    .map(found => `${found.id}: ${found.nodes.map(node => node.html.slice(0, 200)).join(' | ')}`)"""
"""What is wrong within what our cells show; JupyterLab's own prompts, editors and buttons are not asked."""
SCALES = """() => [...document.querySelectorAll('.jp-Notebook img.ppo-picture')]
    .filter(picture => picture.clientWidth && !picture.classList.contains('ppo-moving'))
    .map(picture => {
        const density = Number(picture.closest('.ppo-screen')?.dataset.density || 2);
        return [picture.alt, picture.clientWidth * density / picture.naturalWidth];
    })"""
SEEN = "count => document.querySelectorAll('.jp-Notebook .jp-OutputArea :is(img, canvas)').length >= count"


class Opened(NamedTuple):
    """A lesson that was opened and then run from top to bottom, blank."""

    name: str
    stored: list[dict]
    """Its code cells as they were stored."""
    shown: list[dict]
    """The same after the run."""


@pytest.fixture(scope="module", params=lessons())
def opened(request: pytest.FixtureRequest, page: Page, lab: str) -> Iterator[Opened]:
    page.complaints.clear()  # type: ignore[attr-defined]
    open_lesson(page, lab, request.param)
    stored = page.evaluate(CELLS)
    yield Opened(request.param, stored, run_all(page))
    shut_kernel(page)


def test_lesson_runs_in_jupyterlab_without_a_complaint(page: Page, opened: Opened):
    pictures = sum(cell["pictures"] for cell in opened.stored)
    assert pictures > 0, "pictures show before anything is run"
    assert not [cell["source"] for cell in opened.shown if "error" in cell["kinds"]]
    page.wait_for_function(SEEN, arg=pictures, timeout=15_000)
    assert page.complaints == []  # type: ignore[attr-defined]


def test_axe_finds_nothing_of_ours_in_the_lesson_and_in_its_export(page: Page, opened: Opened, tmp_path: Path):
    page.evaluate(AXE)
    assert page.evaluate(FOUND, [".jp-OutputArea-output", ".jp-MarkdownOutput"]) == []
    exported, _ = HTMLExporter().from_filename(str(NOTEBOOKS / f"{opened.name}.ipynb"))
    (tmp_path / "lesson.html").write_text(exported, encoding="utf-8")
    export = page.context.new_page()
    export.goto(f"file://{tmp_path}/lesson.html")
    export.evaluate(AXE)
    assert export.evaluate(FOUND, ["img", ".jp-OutputArea-output"]) == []
    alts = export.evaluate("() => [...document.images].map((image) => image.alt)")
    assert len(alts) and not any("No description" in alt for alt in alts)
    export.close()


@pytest.mark.parametrize("width", [1024, 1280])
def test_every_picture_is_shown_as_large_as_it_was_drawn(page: Page, opened: Opened, width: int):
    """Then its letters have the 12 CSS pixels that tests/notebooks/test_readable.py measures."""
    resize(page, width, 768)
    for source, scale in page.evaluate(SCALES):
        assert scale == pytest.approx(1, abs=0.01), source
    page.set_viewport_size(WINDOW)


def test_knobs_numbers_and_main_panel_are_seen_together(page: Page, opened: Opened):
    """Whoever moves a knob sees what it does, on a projector of 1024 x 768."""
    resize(page, 1024, 768)
    for _, module, function in (found for found in EXPLORERS if found[0] == opened.name):
        hands, _ = find_explorer(page, module, function)
        hands.compare()
        hands.where.evaluate("node => node.scrollIntoView()")
        main = hands.twin.screen.face.figure.axes[0]
        below = main.figure.bbox.height - main.get_tightbbox().y0
        area, picture = (
            page.locator(".jp-WindowedPanel-outer").bounding_box(),
            hands.where.locator("img").bounding_box(),
        )
        assert area is not None and picture is not None
        assert picture["y"] + below <= area["y"] + area["height"], (module, picture, below, area)
        keep_screenshot(page, f"{module}_{function}_1024")
    page.set_viewport_size(WINDOW)


def test_every_knob_does_in_the_browser_what_the_functions_say(page: Page, opened: Opened):
    explorers = [(module, function) for lesson, module, function in EXPLORERS if lesson == opened.name]
    if not explorers:
        pytest.skip("has no explorer")
    for module, function in explorers:
        use_explorer(page, module, function)
    assert not page.get_by_text("Error displaying widget").count()
    assert page.complaints == []  # type: ignore[attr-defined]


def test_every_exercise_done_wrong_first_and_right_afterwards(page: Page, opened: Opened):
    name = opened.name
    if name not in WITH_EXERCISES:
        pytest.skip("has no exercises")
    exercises = exercises_in(name)
    cells = [cell.source for cell in read_lesson(name).cells if exercise_of(cell)]
    wrong, right = ([cell_for(exercise) for exercise in exercises] for cell_for in (wrong_cell, right_cell))
    refused = [refusal(exercise) for exercise in exercises]
    praised = [f"✔ {exercise.number} {exercise.name}: right" for exercise in exercises]
    for typed, lines, mark in ((wrong, refused, "◪"), (right, praised, "■")):
        for before, after in zip(cells, typed, strict=True):
            page.evaluate(CHANGE, [before, after])
        cells = typed
        # a wrong one is not used further on: there the lesson computes what it did blank
        shown = run_with(page, *typed, "= check(", "show_progress()") if mark == "◪" else run_all(page, seconds=300)
        assert not [cell["source"] for cell in shown if "error" in cell["kinds"]]
        printed = unfolded("".join(cell["text"] for cell in shown))
        answers = [line for line in printed.splitlines() if re.match(r"[✔✘□] \d", line)]
        assert [line[: len(start)] for line, start in zip(answers, lines, strict=True)] == lines
        strip = shown[-1]["pages"]
        assert f"<td>{mark * len(exercises)}</td>" in strip, "the strip shows what was tried and what was passed"
    assert page.complaints == []  # type: ignore[attr-defined]


def test_the_flowchart_is_drawn_by_jupyterlab(page: Page, lab: str):
    open_lesson(page, lab, "00_start_here")
    picture = page.locator(".jp-RenderedMermaid img").first
    picture.wait_for(timeout=30_000)
    box = picture.bounding_box()
    assert box is not None and box["height"] > 400
    shut_kernel(page)


def test_links_open_the_code_and_the_docs(page: Page, lab: str):
    open_lesson(page, lab, "00_start_here")
    for label, tab in (("glossary", "glossary.md"), ("rollout.play_step", "rollout.py"), ("01", "01_rollout.ipynb")):
        page.locator(".jp-Notebook a", has_text=label).first.click()
        page.get_by_role("tab", name=tab).wait_for(timeout=20_000)
        page.get_by_role("tab", name="00_start_here.ipynb").click()
    page.evaluate("() => window.jupyterapp.commands.execute('application:close-all')")


def use_explorer(page: Page, module: str, function: str) -> None:
    """Move every knob by keyboard and by mouse, reset, compare, and press keys that would cut a cell."""
    hands, twin = find_explorer(page, module, function)
    hands.compare()
    keep_screenshot(hands.where, f"{module}_{function}")
    knobs = list(hands.twin.controls._knobs.values())
    pictures = {hands.twin.screen.png}
    for knob in knobs:
        for keyboard in (False, True):
            hands.move(knob, keyboard)
            pictures.add(hands.twin.screen.png)
    assert len(pictures) > len(knobs), "every knob changes the picture"

    hands.button("Reset").click()
    hands.compare(**{knob.name: knob.start for knob in knobs})

    hands.button("Compare two settings").press("Enter")
    twin._press("compare")
    title = f"{twin.title}, second setting"
    group = page.get_by_role("group", name=title, exact=True)
    group.wait_for()
    second = Hands(group.locator("xpath=.."), twin.panels[1], title)
    second.compare()
    second.move(knobs[0], keyboard=True)
    hands.compare()
    keep_screenshot(hands.where.locator("xpath=.."), f"{module}_{function}_compared")
    second.button("Remove").click()
    expect(group).to_have_count(0)

    cells = page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")
    hands.knob(knobs[0]).focus()
    for key in "xxdd":
        page.keyboard.press(key)
    assert page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length") == cells
    assert not page.get_by_text("Error displaying widget").count()

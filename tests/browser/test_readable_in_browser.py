"""A lesson in the dark, at twice the size, by keyboard alone, with less motion, and on a projector."""

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from benchmarks.browser import jupyter_lab
from ppo_lessons.publishing.build import NOTEBOOKS
from tests.browser.hands import find_explorer, keep_screenshot
from tests.browser.jupyter_lab import (
    copy_course,
    needs_chromium,
    open_lesson,
    resize,
    run_all,
    shut_kernel,
    until,
    wait_for_kernel,
)
from tests.readable import in_the_dark

pytestmark = needs_chromium
THEME = "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})"
SIDEWAYS = """() => [...document.querySelectorAll('.ppo-controls, .ppo-screen, .ppo-theatre, img.ppo-picture')]
    .filter(node => node.scrollWidth > node.clientWidth + 1).map(node => node.className)"""
"""What is cut off at its right edge."""
PLAYERS = "() => [...document.querySelectorAll('.ppo-theatre')].map(node => Number(node.dataset.drawn))"
READY = """async () => {
    const session = window.jupyterapp.shell.currentWidget.sessionContext;
    await session.ready;
    await session.session.kernel.info;
    await window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs');
}"""
RUN = """count => window.jupyterapp.shell.currentWidget.content.widgets.slice(0, count)
    .filter(cell => cell.model.type === 'code').every(cell => cell.model.executionCount)"""
PROJECTED = """() => window.jupyterapp.shell.presentationMode
    && window.jupyterapp.shell.leftCollapsed && window.jupyterapp.shell.rightCollapsed"""
WITHIN = "node => node.contains(document.activeElement)"


def pixels(where: Locator) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(where.screenshot())).convert("RGB")) / 255


def test_pictures_turn_dark_with_the_theme_and_back_without_a_kernel(page: Page, lab: str):
    open_lesson(page, lab, "08_clipping")
    picture = page.locator(".jp-Notebook img.ppo-picture").first
    picture.scroll_into_view_if_needed()
    page.wait_for_timeout(500)
    light = pixels(picture)
    page.evaluate(THEME, "JupyterLab Dark")
    until(page, lambda: np.median(pixels(picture)) < 0.1)
    dark = pixels(picture)
    keep_screenshot(picture, "stored_in_the_dark")
    page.evaluate(THEME, "JupyterLab Light")
    until(page, lambda: np.array_equal(pixels(picture), light))
    assert np.median(light) == 1
    assert np.abs(dark - in_the_dark(light)).max() < 0.06, "the colours whose contrast tests/readable.py measures"
    shut_kernel(page)


def test_stored_replays_play_without_a_kernel(page: Page, lab: str):
    """Before anything is run, in a notebook that is not trusted; by itself the first one, and it can be stopped."""
    open_lesson(page, lab, "00_start_here")
    player = page.locator(".jp-Notebook .ppo-theatre").first
    player.wait_for(timeout=20_000)
    assert player.locator("canvas").count() == 3
    code = page.locator(".jp-CodeCell .jp-Editor:visible").first.bounding_box()
    box = player.bounding_box()
    assert code is not None and box is not None
    assert box["y"] + box["height"] < code["y"], "above any code"
    player.get_by_role("button", name="❚❚ Pause").click()
    stopped = player.get_by_role("slider", name="step").input_value()
    player.get_by_role("button", name="Step ▶").click()
    assert int(player.get_by_role("slider", name="step").input_value()) == int(stopped) + 1
    keep_screenshot(page, "first_sight")
    shut_kernel(page)


@pytest.fixture
def calm(page: Page) -> Iterator[Page]:
    """A window of 1280 x 768 at twice its size, of somebody who wants less motion."""
    with another_window(page, 640, 384, device_scale_factor=2, reduced_motion="reduce") as window:
        yield window


@contextmanager
def another_window(page: Page, width: int, height: int, **options: Any) -> Iterator[Page]:
    assert page.context.browser is not None
    context = page.context.browser.new_context(viewport={"width": width, "height": height}, **options)
    yield context.new_page()
    context.close()


def reach(page: Page, where: Locator) -> None:
    """Press Tab until the focus is there."""
    for _ in range(60):
        if where.evaluate(WITHIN):
            return
        page.keyboard.press("Tab")
    raise AssertionError("Tab does not lead there")


def run_by_keyboard(page: Page, cells: int) -> None:
    """Run a notebook cell by cell, as the first key presses of every reader do."""
    page.evaluate(READY)
    page.locator(".jp-Notebook .jp-Cell").first.focus()
    for _ in range(cells):
        page.keyboard.press("Shift+Enter")
    page.wait_for_function(RUN, arg=cells, timeout=180_000)


@pytest.mark.parametrize(
    ("lesson", "module", "function", "knob"),
    [
        ("08_clipping", "clipping", "explore", "clip_eps"),
        ("13_coefficient_lab", "coefficient_lab", "explore_moment", "ent_coef"),
    ],
)
def test_by_keyboard_alone_at_200_per_cent_with_less_motion(
    calm: Page, lab: str, lesson: str, module: str, function: str, knob: str
):
    open_lesson(calm, lab, lesson)
    calm.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    count = calm.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")
    run_by_keyboard(calm, count - 1)
    hands, _ = find_explorer(calm, module, function)
    hands.compare()
    assert calm.evaluate(SIDEWAYS) == []
    before = calm.evaluate(PLAYERS)
    calm.wait_for_timeout(1500)
    assert calm.evaluate(PLAYERS) == before, "nothing plays by itself"
    assert not calm.locator("img.ppo-moving:visible").count()

    hands.where.locator("input").first.evaluate("node => node.closest('.jp-Cell').focus()")
    reach(calm, hands.knob(hands.twin.controls._knobs[knob]))
    value = hands.value(hands.twin.controls._knobs[knob])
    calm.keyboard.press("ArrowRight")
    assert hands.value(hands.twin.controls._knobs[knob]) != value
    hands.compare(**{knob: hands.value(hands.twin.controls._knobs[knob])})
    reach(calm, hands.button("Reset"))
    calm.keyboard.press("Enter")
    hands.compare(**{knob: value})
    keep_screenshot(calm, f"{module}_at_200_per_cent")
    shut_kernel(calm)


def test_an_exercise_is_answered_by_keyboard_alone(calm: Page, lab: str):
    open_lesson(calm, lab, "08_clipping")
    calm.evaluate("() => window.jupyterapp.shell.collapseLeft()")
    starts = "cell => cell.model.sharedModel.getSource().startsWith('def clip_fraction')"
    place = calm.evaluate(f"() => window.jupyterapp.shell.currentWidget.content.widgets.findIndex({starts})")
    calm.locator(".jp-Notebook .jp-Cell").first.focus()
    for _ in range(place):
        calm.keyboard.press("ArrowDown")
    calm.keyboard.press("Enter")
    calm.keyboard.press("Control+a")
    calm.keyboard.type(
        "def clip_fraction(ratios, advantages_eps):\nreturn (ratios - 1 > advantages_eps).float().mean()"
    )
    calm.keyboard.press("Escape")
    for _ in range(place):
        calm.keyboard.press("ArrowUp")
    run_by_keyboard(calm, place + 2)
    expect(calm.locator(".jp-OutputArea-output", has_text="8.2 clip_fraction")).to_contain_text(
        "the upper side only", timeout=60_000
    )
    shut_kernel(calm)


def test_with_less_motion_the_first_sight_stands_still(calm: Page, lab: str):
    open_lesson(calm, lab, "00_start_here")
    player = calm.locator(".jp-Notebook .ppo-theatre").first
    player.wait_for(timeout=20_000)
    calm.wait_for_timeout(2000)
    assert player.get_by_role("slider", name="step").input_value() == "0"
    assert calm.evaluate(SIDEWAYS) == []


def test_a_figure_follows_the_width_of_its_column(page: Page, lab: str):
    open_lesson(page, lab, "08_clipping")
    run_all(page)
    hands, _ = find_explorer(page, "clipping", "explore")
    shapes = []
    for width in (800, 1024, 1400):
        resize(page, width, 900)
        hands.compare()
        shapes.append(hands.twin.screen.width)
        assert page.evaluate(SIDEWAYS) == []
    assert shapes == [360, 580, 840]
    shut_kernel(page)


def test_on_a_projector_everything_is_larger_and_no_side_bar_is_open(page: Page, tmp_path: Path):
    copy_course(tmp_path)
    with jupyter_lab(tmp_path, projector=True) as lab, another_window(page, 1024, 768) as page:
        open_lesson(page, lab, "08_clipping")
        until(page, lambda: page.evaluate(PROJECTED))
        picture = page.locator(".jp-Notebook img.ppo-picture").first
        width = int(picture.get_attribute("width") or 0)
        until(page, lambda: (picture.bounding_box() or {"width": 0})["width"] > 1.3 * width)
        size = page.locator(".jp-MarkdownOutput p").first.evaluate(
            "node => parseFloat(getComputedStyle(node).fontSize)"
        )
        assert size >= 17
        wait_for_kernel(page)
        keep_screenshot(page, "projector")
        assert (tmp_path / "projector").exists(), "settings and workspaces of its own"
        assert not list((tmp_path / "settings").glob("**/*.jupyterlab-settings"))


def test_beside_a_lesson_stands_its_table_of_contents_and_its_folder_shows_lessons(page: Page, lab: str):
    open_lesson(page, lab, "08_clipping")
    expect(page.locator("#table-of-contents")).to_be_visible(timeout=20_000)
    page.evaluate("() => window.jupyterapp.shell.activateById('filebrowser')")
    names = page.locator(".jp-DirListing-itemName")
    expect(names.filter(has_text="08_clipping.ipynb")).to_be_visible(timeout=20_000)
    assert "source" not in names.all_inner_texts()
    assert (NOTEBOOKS / "source").exists()

"""A real JupyterLab, driven with Debian's chromium: fixtures `lab` and `page`, and what hands do there."""

import os
import shutil
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page

from benchmarks.browser import CHROMIUM, chromium_page, jupyter_lab, open_notebook
from ppo_lessons.display.picture import WIDTHS
from ppo_lessons.interactive.screen import columns_in
from ppo_lessons.publishing.build import NOTEBOOKS

needs_chromium = pytest.mark.skipif(not CHROMIUM and not os.environ.get("CI"), reason="needs chromium")

SETTINGS = NOTEBOOKS.parent / "jupyter" / "share" / "jupyter" / "lab" / "settings" / "overrides.json"
KERNEL_ANSWERS = """async () => {
    const context = window.jupyterapp.shell.currentWidget.sessionContext;
    await context.ready;
    await context.session.kernel.info;
}"""
RUN_ALL = """async () => {
    await window.jupyterapp.commands.execute('notebook:clear-all-cell-outputs');
    await window.jupyterapp.commands.execute('notebook:run-all-cells');
}"""
CELLS = """() => window.jupyterapp.shell.currentWidget.content.widgets
    .filter(cell => cell.model.type === 'code')
    .map(cell => ({
        source: cell.model.sharedModel.getSource(),
        count: cell.model.executionCount,
        kinds: cell.model.outputs.toJSON().map(output => output.output_type),
        text: cell.model.outputs.toJSON().map(output => [output.text || ''].flat().join('')).join(''),
        pages: cell.model.outputs.toJSON().map(output => [output.data?.['text/html'] || ''].flat().join('')).join(''),
        pictures: cell.node.querySelectorAll('img').length,
    }))"""
RUN_OR_RAISED = """() => {
    const cells = window.jupyterapp.shell.currentWidget.content.widgets
        .filter(cell => cell.model.type === 'code' && cell.model.sharedModel.getSource().trim());
    return cells.every(cell => cell.model.executionCount)  // after one that raises, no other is run
        || cells.some(cell => cell.model.outputs.toJSON().some(output => output.output_type === 'error'));
}"""
RUN_WITH = """async words => {
    const notebook = window.jupyterapp.shell.currentWidget.content;
    for (const [place, cell] of notebook.widgets.entries()) {
        const source = cell.model.sharedModel.getSource();
        if (cell.model.type === 'code' && words.some(word => source.includes(word))) {
            notebook.activeCellIndex = place;
            await window.jupyterapp.commands.execute('notebook:run-cell');
        }
    }
}"""
CHANGE = """async ([start, source]) => {
    const panel = window.jupyterapp.shell.currentWidget;
    const cell = panel.content.widgets.find(cell => cell.model.sharedModel.getSource().startsWith(start));
    cell.model.sharedModel.setSource(source);
}"""

COLUMNS = """() => [...document.querySelectorAll('.jp-Notebook .ppo-screen')].filter(screen => screen.clientWidth)
    .map(screen => {
        const picture = screen.querySelector('img');
        return [screen.clientWidth, picture.complete && picture.naturalWidth / Number(screen.dataset.density)];
    })"""
"""Of every living figure: the room that it has, and the width of its picture, in CSS pixels."""


def copy_course(folder: Path) -> None:
    """Copy what a reader opens, with this checkout's settings, whatever was installed."""
    for part in ("notebooks", "ppo_lessons", "docs"):
        shutil.copytree(
            NOTEBOOKS.parent / part, folder / part, ignore=shutil.ignore_patterns(".*", "my_*", "__pycache__")
        )
    (folder / "config" / "labconfig").mkdir(parents=True)
    shutil.copy(SETTINGS, folder / "config" / "labconfig" / "default_setting_overrides.json")


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A JupyterLab on a copy of the course, as `start.py` serves it; gives its address."""
    folder = tmp_path_factory.mktemp("lab")
    copy_course(folder)
    with jupyter_lab(folder) as address:
        yield address


@pytest.fixture(scope="module")
def page(lab: str) -> Iterator[Page]:
    """A page whose `complaints` collect the errors of the console."""
    with chromium_page() as page:
        page.complaints = []  # type: ignore[attr-defined]
        page.on("console", lambda message: page.complaints.append(message.text) if message.type == "error" else None)  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
        yield page


def open_lesson(page: Page, lab: str, name: str) -> None:
    """Open a lesson by its name."""
    open_notebook(page, lab, f"notebooks/{name}.ipynb")


def wait_for_kernel(page: Page) -> None:
    """Wait until the kernel of the lesson answers: a JupyterLab that is ended while one starts does not end."""
    page.evaluate(KERNEL_ANSWERS)


def run_all(page: Page, seconds: float = 120) -> list[dict]:
    """Run every cell, wait until all have run, and return what they show."""
    wait_for_kernel(page)
    page.evaluate(RUN_ALL)
    page.wait_for_function(RUN_OR_RAISED, timeout=seconds * 1000)
    return page.evaluate(CELLS)


def run_with(page: Page, *words: str) -> list[dict]:
    """Run the cells in which one of these stands, one after the other, and return what all cells show."""
    page.evaluate(RUN_WITH, words)
    return page.evaluate(CELLS)


def until(page: Page, holds: Callable[[], object], seconds: float = 20) -> None:
    """Wait until something holds, rather than for a time that is too short on a busy machine."""
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"after {seconds:g} seconds it does not hold"
        page.wait_for_timeout(50)


def resize(page: Page, width: int, height: int) -> None:
    """Give the window so many CSS pixels, and wait until every living figure is drawn for the column it then has."""
    page.set_viewport_size({"width": width, "height": height})
    page.wait_for_timeout(500)  # JupyterLab lays its panels out anew, and nothing tells when it begins
    wait_until_drawn(page)


def wait_until_drawn(page: Page) -> None:
    """Wait until every living figure is drawn for the column that it has."""
    until(page, lambda: all(drawn == WIDTHS[columns_in(column)] for column, drawn in page.evaluate(COLUMNS)))


def shut_kernel(page: Page) -> None:
    page.evaluate("async () => { await window.jupyterapp.shell.currentWidget.sessionContext.shutdown(); }")

"""Living figures in Chromium with JupyterLab: from a moved slider to the repainted picture, and beside `interact`."""

import json
import re
import tempfile
from pathlib import Path
from statistics import median, quantiles

import nbformat
from playwright.sync_api import ElementHandle, Page

from benchmarks.browser import chromium_page, jupyter_lab, open_notebook
from benchmarks.report import Goal, Outcome, Row
from ppo_lessons.publishing.build import NOTEBOOKS

FOLLOWING = (
    # ours
    "from ppo_lessons.lessons import clipping\nclipping.explore()",
    # interact with inline matplotlib, drawing the same figure from the same function
    """%matplotlib inline
from IPython.display import display
from ipywidgets import FloatSlider, interact
from ppo_lessons.interactive.controls import Slider
from ppo_lessons.interactive.limits import find_limits, set_limits
from ppo_lessons.lessons.clipping.explorer import ClippingFace, clip_rows

face, knobs = ClippingFace(), (Slider("clip_eps", "", (0.01, 0.6), 0.2), Slider("steps", "", (0, 16), 8))
limits = find_limits(face.figure, face.show, clip_rows, knobs)

def draw(clip_eps):
    face = ClippingFace()
    set_limits(face.figure, limits)
    face.show(clip_rows(clip_eps, 8))
    display(face.figure)

_ = interact(draw, clip_eps=FloatSlider(0.2, min=0.01, max=0.6, step=0.01))""",
)
PLAYING = (
    "from ppo_lessons.lessons import coefficient_lab\ncoefficient_lab.explore_moment()",
    """from ppo_lessons import policy_player, record
from ppo_lessons.shipped.ages import AGES, load_age
from ppo_lessons.interactive.theatre import Theatre
Theatre("Three ages", {age: record(policy_player(load_age(age)), seed=106) for age in AGES}, "three boards")""",
)
RUN = """async () => {
    const panel = window.jupyterapp.shell.currentWidget;
    await panel.sessionContext.ready;
    await panel.sessionContext.session.kernel.info;
    await window.jupyterapp.commands.execute('notebook:run-all-cells');
}"""
PAINTED = """([where, move, key]) => new Promise((done, fail) => {
    // From the moment of the move to the frame in which another picture is on the screen.
    const image = () => [...where.querySelectorAll('img')].at(-1);
    const before = image().src, start = performance.now();
    setTimeout(() => fail(new Error('no other picture within 20 s')), 20000);
    const look = new MutationObserver(async () => {
        const now = image();
        if (!now || now.src === before) return;
        look.disconnect();
        await now.decode();
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
    });
    look.observe(where, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']});
    move.dispatchEvent(move.matches('input')
        ? new Event('input', {bubbles: true})
        : new KeyboardEvent('keydown', {key, bubbles: true}));
})"""
SAID = """([where, input]) => new Promise((done, fail) => {
    const line = where.querySelector('.ppo-numbers').parentElement;
    const before = line.textContent, start = performance.now();
    setTimeout(() => fail(new Error('no other numbers within 20 s')), 20000);
    const look = new MutationObserver(() => {
        if (line.textContent === before) return;
        look.disconnect();
        requestAnimationFrame(() => setTimeout(() => done(performance.now() - start)));
    });
    look.observe(line, {subtree: true, childList: true, characterData: true});
    input.dispatchEvent(new Event('input', {bubbles: true}));
})"""
FRAMES = """([where, seconds]) => new Promise((done) => {
    const drawn = () => Number(where.dataset.drawn);
    [...where.querySelectorAll('button')].find((button) => button.textContent.includes('Play')).click();
    setTimeout(() => {
        const first = drawn(), start = performance.now();
        setTimeout(() => done(1000 * (drawn() - first) / (performance.now() - start)), 1000 * seconds);
    }, 500);
})"""
SHARP = {"width": 1300, "height": 1000, "deviceScaleFactor": 2, "mobile": False}
"""A screen of two device pixels for a CSS pixel."""
PAUSE = 200
"""Milliseconds between two moves, in which the page comes to rest: each move is measured alone."""
SHOWN = re.compile(r"\.explore\w*\(|^lab$|^dashboard$|^Theatre\(|watch_ages\(", re.MULTILINE)


def run(quick: bool) -> Outcome:
    """Measure in a real browser."""
    moves = 4 if quick else 60
    with tempfile.TemporaryDirectory() as folder:
        for name, sources in (("following", FOLLOWING), ("playing", PLAYING)):
            cells = [nbformat.v4.new_code_cell(source) for source in sources]
            kernel = {"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}}
            notebook = nbformat.v4.new_notebook(cells=cells, metadata=kernel)
            nbformat.write(notebook, Path(folder) / f"{name}.ipynb")
        with jupyter_lab(Path(folder)) as lab, chromium_page() as page:
            _open(page, lab, "following", ".widget-output img")
            ours, peer = [], []
            for block in range(4):  # in turns: whatever drifts on the machine meets both alike
                ours += _ours(page, moves // 4, block)
                peer += _interact(page, moves // 4, "ArrowLeft" if block % 2 else "ArrowRight")
            page.context.new_cdp_session(page).send("Emulation.setDeviceMetricsOverride", SHARP)
            page.wait_for_timeout(2000)
            drafts = _ours(page, moves // 2, 0, pause=800)
            page.context.new_cdp_session(page).send("Emulation.clearDeviceMetricsOverride")
            _open(page, lab, "playing", "[aria-label='Three ages'] canvas")
            moment = _moment(page, max(4, moves // 4))
            where = page.get_by_role("group", name="Three ages", exact=True).element_handle()
            frames = page.evaluate(FRAMES, [where, 1 if quick else 5])
    return Outcome(_rows(ours, drafts, peer, moment, frames), _notes(ours, drafts, peer, moment))


def _open(page: Page, lab: str, name: str, last: str) -> None:
    """Run a notebook and wait for the last thing in it."""
    open_notebook(page, lab, f"{name}.ipynb")
    page.evaluate(RUN)
    page.locator(last).last.wait_for(timeout=120_000)
    page.wait_for_timeout(3000)


def _ours(page: Page, moves: int, block: int, pause: int = PAUSE) -> list[float]:
    panel = page.get_by_role("group", name="Clipping", exact=True).locator("xpath=..").element_handle()
    slider = page.get_by_role("slider", name="clip_eps", exact=True).first.element_handle()
    return [_move(page, PAINTED, panel, slider, (7 * (block * moves + i) + 3) % 60, pause) for i in range(moves)]


def _move(
    page: Page, script: str, panel: ElementHandle, slider: ElementHandle, place: int, pause: int = PAUSE
) -> float:
    slider.evaluate("(node, place) => { node.value = place; }", place)
    took = page.evaluate(script, [panel, slider, ""])
    page.wait_for_timeout(pause)
    return took


def _interact(page: Page, moves: int, key: str) -> list[float]:
    box = page.locator(".widget-interact").element_handle()
    handle = page.locator(".widget-interact [role=slider]").element_handle()
    took = []
    for _ in range(moves):
        took.append(page.evaluate(PAINTED, [box, handle, key]))
        page.wait_for_timeout(PAUSE)
    return took


def _moment(page: Page, moves: int) -> list[float]:
    panel = page.get_by_role("group", name="Frozen moment", exact=True).locator("xpath=..")
    slider = panel.get_by_role("slider", name="clip_eps", exact=True).element_handle()
    return [_move(page, SAID, panel.element_handle(), slider, (2 * i + 1) % 9) for i in range(moves)]


def _rows(ours: list[float], drafts: list[float], peer: list[float], moment: list[float], frames: float) -> list[Row]:
    size, name = max(stored_sizes())
    return [
        _time("slider to repainted figure, median", median(ours), 60),
        _time("slider to repainted figure, 95th percentile", _p95(ours), 80),
        _time("the same on a screen of two device pixels (a draft), median", median(drafts), 60),
        _time("the same on a screen of two device pixels (a draft), 95th percentile", _p95(drafts), 80),
        Row(
            name="slider to repainted figure, time of `interact`",
            ours=f"{median(ours):.0f} ms",
            peer=f"{median(peer):.0f} ms",
            ratio=median(ours) / median(peer),
            goal=Goal("at most", 0.2),
        ),
        _time("slider to the new team's numbers, median", median(moment), 500),
        Row(
            name="replay of three boards",
            ours=f"{frames:.0f} frames/s",
            peer="24 frames/s",
            ratio=frames / 24,
            goal=Goal("at least", 1),
        ),
        Row(
            name=f"largest living figure in a stored notebook ({name})",
            ours=f"{size / 1000:.0f} kB",
            peer="150 kB",
            ratio=size / 150_000,
            goal=Goal("at most", 1),
        ),
    ]


def _time(name: str, milliseconds: float, bound: float) -> Row:
    ratio = milliseconds / bound
    return Row(name=name, ours=f"{milliseconds:.0f} ms", peer=f"{bound:g} ms", ratio=ratio, goal=Goal("at most", 1))


def _p95(times: list[float]) -> float:
    return quantiles(times, n=20)[-1]


def stored_sizes() -> list[tuple[int, str]]:
    """Return the size of every living figure's output in the stored notebooks, with the line that shows it."""
    sizes = []
    for path in sorted(NOTEBOOKS.glob("[0-9]*.ipynb")):
        for cell in nbformat.read(path, as_version=4).cells:
            if cell.cell_type == "code" and (found := SHOWN.search(cell.source)):
                stored = json.dumps(cell.outputs)
                sizes.append((len(stored), f"{path.stem[:2]}: {found.group(0).rstrip('(')}"))
    return sizes


def _notes(ours: list[float], drafts: list[float], peer: list[float], moment: list[float]) -> str:
    return (
        "Wall-clock time in the page, from the slider's event to the animation frame after the new picture was "
        f"decoded; each move begins when the last one is done and the page has been at rest for {PAUSE} ms. "
        f"{len(ours)} moves of `clip_eps` in the explorer of clipping and in `interact` with inline matplotlib, in "
        "turns; both draw all 1,934 rows with the same function and artists. "
        f"Ours {_spread(ours)}, with two device pixels for a CSS pixel {_spread(drafts)} until the draft is there (the "
        f"sharp picture follows when the knob rests), `interact` {_spread(peer)}. "
        f"The new team's numbers: an update of 2,005 rows (16 "
        f"gradient steps), 64 cases and one replay, {_spread(moment)}. JupyterLab, its kernel and Chromium share two "
        "cores."
    )


def _spread(times: list[float]) -> str:
    return f"{median(times):.0f} ms (95th percentile {_p95(times):.0f}, {min(times):.0f} to {max(times):.0f})"

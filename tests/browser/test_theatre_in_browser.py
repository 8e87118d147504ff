"""The replay theatre in a real browser: what it draws is the replay, by mouse, by keyboard and while it plays."""

import os
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from ppo_lessons.shipped.ages import AGES, load_age
from ppo_lessons.spirit_world.evaluation import Replay, record
from ppo_lessons.spirit_world.players import policy_player
from tests.browser.jupyter_lab import needs_chromium, open_lesson, run_all, shut_kernel

pytestmark = needs_chromium
BLUE, ORANGE = (0, 114, 178), (194, 82, 0)
PIXEL = """([canvas, row, col]) => {
    const cell = 36 * 2;
    return [...canvas.getContext('2d').getImageData(Math.round(col * cell), Math.round(row * cell), 1, 1).data];
}"""
GROUP = ".ppo-theatre"


@pytest.fixture
def theatre(page: Page, lab: str) -> Locator:
    page.complaints.clear()  # type: ignore[attr-defined]
    open_lesson(page, lab, "00_start_here")
    run_all(page)
    where = page.get_by_role("group", name="Three ages", exact=True)
    where.wait_for(timeout=30_000)
    where.get_by_role("button", name="❚❚ Pause").click()  # it plays by itself
    where.get_by_role("slider", name="step").press("Home")
    yield where
    shut_kernel(page)
    assert page.complaints == []  # type: ignore[attr-defined]


@pytest.fixture(scope="module")
def replays() -> list[Replay]:
    return [record(policy_player(load_age(age)), seed=106) for age in AGES]


def pixel(board: Locator, row: float, col: float) -> tuple[int, ...]:
    canvas = board.locator("canvas").element_handle()
    return tuple(board.page.evaluate(PIXEL, [canvas, row, col])[:3])


def is_drawn(where: Locator, replays: list[Replay], step: int) -> None:
    """Every spirit and every living detective of every board stands where the replay says, and the words say it too."""
    for board, replay in zip(where.locator("figure").all(), replays, strict=True):
        f = min(step, len(replay) - 1)
        states, standing = replay.states, int((replay.states.health[f] > 0).sum())
        expect(board.locator("figcaption")).to_contain_text(f"step {f} · {standing} of 4 standing")
        hidden = {tuple(cell) for cell in states.detectives[f].tolist()}
        for s, (row, col) in enumerate(states.spirits[f].tolist()):
            if (row, col) not in hidden and not states.banished[f, s]:
                assert pixel(board, row + 0.5, col + 0.5 - 0.3) == ORANGE
        for a, (row, col) in enumerate(states.detectives[f].tolist()):
            if states.health[f, a] > 0:
                y, x = row + (0.27 if a < 2 else 0.73), col + (0.25 if a % 2 == 0 else 0.75)
                assert pixel(board, y - 0.03, x - 0.13) == BLUE


def test_the_theatre_plays_what_happened(theatre: Locator, replays: list[Replay]):
    page, last = theatre.page, max(map(len, replays)) - 1
    assert theatre.locator("canvas").count() == 3
    is_drawn(theatre, replays, 0)
    if folder := os.environ.get("PPO_LESSONS_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        theatre.screenshot(path=str(Path(folder) / "theatre.png"))

    scrub = theatre.get_by_role("slider", name="step")
    scrub.focus()
    assert scrub.get_attribute("data-lm-suppress-shortcuts") == "true", "Notebook 7 takes the key otherwise"
    for key in ("ArrowRight", "ArrowRight", "ArrowRight", "ArrowLeft"):
        scrub.press(key)
    is_drawn(theatre, replays, 2)
    scrub.press("End")
    is_drawn(theatre, replays, last)
    expect(theatre.locator("figcaption").last).to_contain_text(replays[-1].outcome)
    box = scrub.bounding_box()
    assert box is not None
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    is_drawn(theatre, replays, int(scrub.input_value()))
    assert abs(int(scrub.input_value()) - last / 2) < 3

    theatre.get_by_role("button", name="◀ Step").click()
    step = int(scrub.input_value())
    is_drawn(theatre, replays, step)
    theatre.get_by_role("button", name="Step ▶").press("Enter")
    is_drawn(theatre, replays, step + 1)

    theatre.get_by_role("combobox", name="speed").select_option("8")
    theatre.get_by_role("button", name="▶ Play").press("Space")
    expect(theatre.get_by_role("button", name="▶ Play")).to_be_visible(timeout=20_000)
    assert int(scrub.input_value()) == last, "it played to its end and stopped"
    theatre.get_by_role("button", name="▶ Play").click()
    theatre.get_by_role("button", name="❚❚ Pause").click()
    assert int(scrub.input_value()) < last, "played again, it starts from the beginning"

    cells = page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length")
    scrub.focus()
    for key in "xdd":
        page.keyboard.press(key)
    assert page.evaluate("() => window.jupyterapp.shell.currentWidget.content.widgets.length") == cells

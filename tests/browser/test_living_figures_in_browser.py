"""Living figures under rough hands in a real browser: stopped, resumed, dragged, restarted, in dark, by keyboard."""

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from ppo_lessons.interactive.controls import HERE
from ppo_lessons.interactive.workbench import Workbench
from ppo_lessons.lessons.clipping.explorer import explore
from ppo_lessons.lessons.coefficient_lab.runs import RunsLab
from ppo_lessons.lessons.team_training.dashboard import TrainingDashboard
from tests.browser.hands import SHOWN, Hands, find_explorer, keep_screenshot
from tests.browser.jupyter_lab import needs_chromium, open_lesson, run_all, shut_kernel, until, wait_until_drawn

pytestmark = needs_chromium

RESTART = """async () => {
    const session = window.jupyterapp.shell.currentWidget.sessionContext.session;
    await session.kernel.restart();
    await session.kernel.info;
}"""
SAVE = "async () => { await window.jupyterapp.commands.execute('docmanager:save'); }"
PATIENCE = int(re.search(r"PATIENCE = (\d+)", (HERE / "controls.js").read_text(encoding="utf-8"))[1])
"""Milliseconds after which a figure says that nobody answers."""
PICTURE = "node => node.querySelector('img').src"
THEME = "name => window.jupyterapp.commands.execute('apputils:change-theme', {theme: name})"
CONTRAST = """node => {
    const parts = (colour) => colour.match(/[\\d.]+/g).map(Number);
    let ground = node, behind;
    do { behind = parts(getComputedStyle(ground).backgroundColor); ground = ground.parentElement; }
    while (behind.length > 3 && behind[3] === 0 && ground);
    const light = (colour) => colour.slice(0, 3).map((c) => c / 255)
        .map((c) => c <= 0.03928 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4)
        .reduce((sum, c, i) => sum + c * [0.2126, 0.7152, 0.0722][i], 0);
    const [a, b] = [light(parts(getComputedStyle(node).color)), light(behind)].sort((x, y) => y - x);
    return (a + 0.05) / (b + 0.05);
}"""
"""Contrast of a node's text with what is behind it, as the web's accessibility guidelines (WCAG 2, 1.4.3) define it."""


def open_group(page: Page, lab: str, lesson: str, title: str) -> Locator:
    """Run a lesson and return the panel with these controls."""
    page.complaints.clear()  # type: ignore[attr-defined]
    open_lesson(page, lab, lesson)
    run_all(page)
    group = page.get_by_role("group", name=title, exact=True)
    group.wait_for(timeout=30_000)
    return group.locator("xpath=..")


def press(where: Locator, label: str, keyboard: bool = False) -> None:
    button = where.get_by_role("button", name=label, exact=True)
    button.press("Enter") if keyboard else button.click()


def use_knobs(where: Locator, twin: Workbench) -> None:
    """Move every knob by keyboard and by mouse."""
    hands = Hands(where, twin, twin.title)
    for knob in twin.controls._knobs.values():
        for keyboard in (True, False):
            hands.move(knob, keyboard)


def cycle_of(where: Locator) -> int:
    found = re.search(r"cycle (\d+) of", where.locator(".ppo-numbers").inner_text())
    return int(found.group(1)) if found else -1


def is_well(page: Page) -> None:
    assert not page.get_by_text("Error displaying widget").count()
    assert not page.locator(".ppo-numbers[role=alert]").count()
    shut_kernel(page)
    assert page.complaints == []  # type: ignore[attr-defined]


def test_training_is_stopped_and_resumed_and_any_moment_is_watched(page: Page, lab: str):
    where = open_group(page, lab, "12_team_training", "Training dashboard")
    said = where.locator(".ppo-numbers")
    expect(said).to_contain_text("ready: cycle 0 of 240")
    use_knobs(where, TrainingDashboard())
    where.get_by_role("slider", name="watch the team of cycle").press("Home")
    before = where.evaluate(PICTURE)
    press(where, "Train")
    page.wait_for_timeout(2000)
    press(where, "Stop", keyboard=True)
    expect(said).to_contain_text("stopped: cycle", timeout=20_000)
    stopped = cycle_of(where)
    assert stopped > 0
    page.wait_for_timeout(1500)
    assert cycle_of(where) == stopped, "nothing goes on after Stop"

    press(where, "Train", keyboard=True)
    expect(said).to_contain_text(re.compile(r"training: cycle (\d+)"), timeout=20_000)
    until(page, lambda: cycle_of(where) >= stopped + 8, seconds=60)
    press(where, "Stop")
    expect(said).to_contain_text("stopped: cycle", timeout=20_000)
    assert cycle_of(where) >= stopped + 8, "it went on where it had been stopped"
    assert where.evaluate(PICTURE) != before

    moment = where.get_by_role("slider", name="watch the team of cycle")
    moment.focus()
    moment.press("ArrowRight")
    expect(said).to_contain_text("on the boards: cycle 4")
    theatre = page.get_by_role("group", name="The team at two moments", exact=True)
    expect(theatre.locator("figure strong").first).to_have_text("cycle 4")
    assert theatre.locator("canvas").count() == 2
    keep_screenshot(where, "training_dashboard")
    press(where, "Begin anew")
    expect(said).to_contain_text("ready: cycle 0 of 240")
    is_well(page)


def test_whole_runs_are_trained_live_and_appear_in_the_atlas(page: Page, lab: str):
    where = open_group(page, lab, "13_coefficient_lab", "Whole runs")
    said = where.locator(".ppo-numbers")
    twin = RunsLab()
    use_knobs(where, twin)
    press(where, "Reset settings", keyboard=True)
    for knob in twin.controls._knobs.values():  # before the reset has come, a key would be undone by it
        slider = where.get_by_role("slider", name=knob.name, exact=True)
        expect(slider).to_have_value(str(knob.pack(knob.start)), timeout=20_000)
    for name, keys in (("cycles", ("Home",)), ("seeds", ("Home", "ArrowRight")), ("ent_coef", ("End",))):
        knob = where.get_by_role("slider", name=name, exact=True)
        for key in keys:
            knob.press(key)
    before = where.evaluate(PICTURE)
    press(where, "Train these settings")
    press(where, "Stop")
    expect(said).to_contain_text(re.compile(r"ent_coef 0\.25: cycle \d of 8, 2 seeds"), timeout=20_000)
    press(where, "Go on", keyboard=True)
    expect(said).to_contain_text("ent_coef 0.25: cycle 8 of 8, 2 seeds", timeout=60_000)
    where.get_by_role("slider", name="clip_eps", exact=True).press("Home")
    press(where, "Train these settings", keyboard=True)
    expect(said).to_contain_text("clip_eps 0.02, ent_coef 0.25: cycle 8 of 8, 2 seeds", timeout=60_000)
    assert where.evaluate(PICTURE) != before
    keep_screenshot(where, "runs_lab")

    atlas = page.get_by_role("group", name="Atlas", exact=True).locator("xpath=..")
    atlas.get_by_role("combobox", name="quantity").select_option(label="entropy")
    expect(atlas.locator(".ppo-numbers")).to_contain_text("★ ent_coef 0.25")
    expect(atlas.locator(".ppo-numbers")).to_contain_text(
        "☆ (not on the grid, at its nearest place with vf_coef 1) clip_eps 0.02, ent_coef 0.25"
    )
    keep_screenshot(atlas.locator("xpath=../.."), "atlas_with_own_runs")
    press(where, "Forget all")
    expect(said).to_contain_text("nothing trained yet")
    is_well(page)


@pytest.fixture
def clipping(page: Page, lab: str) -> Hands:
    open_group(page, lab, "08_clipping", "Clipping")
    return find_explorer(page, "clipping", "explore")[0]


def test_a_slider_dragged_fast_ends_on_its_last_value(page: Page, clipping: Hands):
    knob = clipping.twin.controls._knobs["clip_eps"]
    slider = clipping.knob(knob)
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    y = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + 0.3 * box["width"], y)
    page.mouse.down()
    for i in range(40):
        page.mouse.move(box["x"] + (0.1 + 0.8 * ((i * 17) % 40) / 40) * box["width"], y)
    page.mouse.move(box["x"] + 0.9 * box["width"], y)
    page.mouse.up()
    assert clipping.value(knob) > 0.5
    clipping.compare(clip_eps=clipping.value(knob))
    page.wait_for_timeout(1500)
    clipping.compare()
    is_well(page)


def test_play_steps_through_a_slider_and_stops_at_its_end(page: Page, clipping: Hands):
    steps = clipping.twin.controls._knobs["steps"]
    clipping.button("Play gradient steps so far").click()
    expect(clipping.button("Play gradient steps so far")).to_be_visible(timeout=20_000)
    assert clipping.value(steps) == steps.values[-1]
    clipping.compare(steps=steps.values[-1])
    is_well(page)


def lives(page: Page) -> None:
    """The notebook that is open is run again: its figure follows, and complains of nothing."""
    run_all(page)
    group = page.get_by_role("group", name="Clipping", exact=True)
    group.wait_for(timeout=30_000)
    alive = Hands(group.locator("xpath=.."), explore().panels[0], "Clipping")
    alive.compare()
    alive.move(alive.twin.controls._knobs["clip_eps"], keyboard=True)
    page.wait_for_timeout(PATIENCE)
    expect(alive.where.locator(".ppo-notice")).to_be_hidden()


def test_a_kernel_restart_is_told_under_the_knobs_and_running_again_makes_a_living_figure(page: Page, clipping: Hands):
    notice = clipping.where.locator(".ppo-notice")
    expect(notice).to_be_hidden()
    page.evaluate(RESTART)
    expect(notice).to_contain_text("The kernel was restarted")
    assert clipping.where.locator("img").is_visible()
    keep_screenshot(clipping.where, "after_a_restart")
    lives(page)
    is_well(page)


def test_a_kernel_that_ended_is_told_when_a_knob_is_moved(page: Page, clipping: Hands):
    shut_kernel(page)
    clipping.knob(clipping.twin.controls._knobs["clip_eps"]).press("Home")
    expect(clipping.where.locator(".ppo-notice")).to_contain_text("run this cell again", timeout=2 * PATIENCE)
    assert clipping.where.locator("img").is_visible()


def test_a_saved_lesson_opened_without_its_kernel_shows_its_pictures_and_says_what_to_do(page: Page, lab: str):
    where = open_group(page, lab, "08_clipping", "Clipping")
    wait_until_drawn(page)
    shown = where.evaluate(SHOWN)
    page.evaluate(SAVE)
    shut_kernel(page)
    page.complaints.clear()  # type: ignore[attr-defined]
    open_lesson(page, lab, "08_clipping")
    expect(where.locator(".ppo-notice")).to_contain_text("run this cell again", timeout=30_000)
    assert where.evaluate(SHOWN) == shown
    keep_screenshot(where, "opened_again")
    lives(page)
    is_well(page)


def test_everything_can_be_read_in_light_and_dark_and_focus_is_seen(page: Page, clipping: Hands):
    for theme in ("JupyterLab Light", "JupyterLab Dark"):
        page.evaluate(THEME, theme)
        page.wait_for_timeout(1500)
        texts = clipping.where.locator(".ppo-controls :is(span, output, button), .ppo-numbers").all()
        assert len(texts) > 6
        for text in texts:
            assert text.evaluate(CONTRAST) >= 4.5, (theme, text.inner_text())
        for knob in clipping.twin.controls._knobs.values():
            node = clipping.knob(knob)
            node.focus()
            page.keyboard.press("Tab")
            page.keyboard.press("Shift+Tab")
            assert (
                node.evaluate("node => node === document.activeElement && getComputedStyle(node).outlineStyle")
                == "solid"
            )
        keep_screenshot(clipping.where, f"clipping_{theme.split()[-1].lower()}")
    page.evaluate(THEME, "JupyterLab Light")
    is_well(page)

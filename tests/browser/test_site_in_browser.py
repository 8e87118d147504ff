"""The site in a real browser, opened from the disk and without a network: whole, small, and alive."""

import base64
import io
import json
import re
import zlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Locator, Page, Request, expect

from benchmarks.browser import chromium_page
from ppo_lessons.publishing.build import lessons
from ppo_lessons.publishing.site.book import build_site
from ppo_lessons.publishing.site.links import find_faults, page_at
from tests.browser.hands import keep_screenshot
from tests.browser.jupyter_lab import needs_chromium

pytestmark = [needs_chromium, pytest.mark.slow]

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 800}
ALIVE = [name for name in lessons() if name.endswith(("_ratios", "_clipping", "_coefficient_lab"))]
CLIPPING = next(name for name in ALIVE if name.endswith("_clipping"))
LAB = next(name for name in ALIVE if name.endswith("_coefficient_lab"))
MOST = 2_000_000
SIDEWAYS = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The whole site, its figures alive in three lessons; the others are tried in tests/publishing/site."""
    to = tmp_path_factory.mktemp("built") / "site"
    build_site(to, ALIVE)
    return to


@pytest.fixture(scope="module")
def page(site: Path) -> Iterator[Page]:
    """A page without a network; what it complains of is collected."""
    with chromium_page() as page:
        page.context.set_offline(True)
        page.complaints = []  # type: ignore[attr-defined]
        page.on("console", lambda message: page.complaints.append(message.text))  # type: ignore[attr-defined]
        page.on("pageerror", lambda error: page.complaints.append(str(error)))  # type: ignore[attr-defined]
        page.on("requestfailed", lambda request: note_failure(page, request))
        yield page
        assert page.complaints == []  # type: ignore[attr-defined]


def note_failure(page: Page, request: Request) -> None:
    if "ERR_ABORTED" not in (request.failure or ""):  # what was under way when another page was opened
        page.complaints.append(request.url)  # type: ignore[attr-defined]


@pytest.fixture(autouse=True)
def _light_and_wide(page: Page) -> None:
    page.set_viewport_size(WIDE)  # type: ignore[arg-type]
    page.emulate_media(color_scheme="light", media="screen")


def open_page(page: Page, site: Path, name: str) -> None:
    page.goto((site / f"{name}.html").as_uri())


def wake(page: Page, name: str) -> Locator:
    """Return a living figure that has come to life."""
    figure = page.locator(f'[data-figure="{name}"]')
    figure.scroll_into_view_if_needed()
    expect(figure).to_have_attribute("data-shown", re.compile(r"\d+"), timeout=20_000)
    return figure


def data_of(site: Path, name: str, width: int) -> dict:
    script = (site / "_static" / "living" / f"{name}_{width}.js").read_text(encoding="utf-8")
    return json.loads(script.partition(" = ")[2].rstrip(";\n"))


def drawn_for(site: Path, name: str, width: int, number: int) -> np.ndarray:
    """The picture that belongs to a setting, put together from the files by numpy."""
    data = data_of(site, name, width)
    with Image.open(site / "_static" / "living" / f"{name}_{width}.png") as picture:
        sheet = np.asarray(picture.convert("RGB"))
    side, across = data["side"], -(-data["width"] // data["side"])
    down = -(-data["height"] // side)
    table = np.frombuffer(zlib.decompress(base64.b64decode(data["table"])), "<u2").reshape(-1, across * down)
    tiles = np.cumsum(table, axis=0, dtype=np.uint16)[number]
    rows, columns = tiles // data["columns"], tiles % data["columns"]
    cut = sheet.reshape(sheet.shape[0] // side, side, -1, side, 3).swapaxes(1, 2)[rows, columns]
    whole = cut.reshape(down, across, side, side, 3).swapaxes(1, 2).reshape(down * side, across * side, 3)
    return whole[: data["height"], : data["width"]]


def seen(figure: Locator) -> np.ndarray:
    """What the figure's canvas shows, as it is on the screen."""
    return np.asarray(Image.open(io.BytesIO(figure.locator("canvas").first.screenshot())).convert("RGB")).astype(int)


def halved(picture: np.ndarray) -> np.ndarray:
    """A picture as a screen of one device pixel shows it."""
    size = picture.shape[1] // 2, picture.shape[0] // 2
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BOX)).astype(int)


def numbers(figure: Locator) -> str:
    return figure.locator(".ppo-numbers").inner_text()


def test_every_lesson_is_there_and_every_address_leads_somewhere(site: Path):
    assert {path.stem for path in (site / "notebooks").glob("*.html")} == set(lessons())
    assert len(list(site.rglob("*.html"))) > 40
    assert find_faults(site) == []


def test_a_lesson_links_to_the_glossary_its_code_and_other_lessons(site: Path):
    found = {address for _, address in page_at(site / "notebooks" / f"{CLIPPING}.html").addresses}
    assert "../docs/glossary.html#importance-ratio" in found
    assert any(address.startswith("07_ratios.html") for address in found)
    first = {address for _, address in page_at(site / "notebooks" / f"{lessons()[0]}.html").addresses}
    assert "../ppo_lessons/losses.py.html" in first


def test_a_page_loads_less_than_two_million_bytes(site: Path):
    """Counted is everything that it may ever load: of a living figure the files for both widths."""
    for path in site.rglob("*.html"):
        files = {path}
        for tag, address in page_at(path).addresses:
            if tag != "a" and ":" not in address:
                files.add((path.parent / address.partition("?")[0].partition("#")[0]).resolve())
        text = path.read_text(encoding="utf-8")
        for name in re.findall(r'data-figure="([^"]*)"', text):
            files |= set((site / "_static" / "living").glob(f"{name}_*"))
        size = sum(file.stat().st_size for file in files if file.is_file())
        assert size < MOST, f"{path.relative_to(site)} has {size:,} bytes"


def test_nothing_waits_for_a_kernel_and_no_picture_is_without_words(site: Path):
    for path in (site / "notebooks").glob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert not re.search(r"VBox\(|Loading widget|```|widget-view", text), path
        assert re.findall(r"<img(?![^>]*\balt=\"[^\"]+\")[^>]*>", text) == []
        assert "how to run it" in text


@pytest.mark.parametrize("viewport", [WIDE, PHONE], ids=["wide", "phone"])
@pytest.mark.parametrize("lesson", ALIVE)
def test_figures_live(page: Page, site: Path, lesson: str, viewport: dict):
    """By keyboard and by hand; every setting shows its own picture and the words of JupyterLab."""
    page.set_viewport_size(viewport)  # type: ignore[arg-type]
    open_page(page, site, f"notebooks/{lesson}")
    names = page.eval_on_selector_all(".ppo-living", "all => all.map(figure => figure.dataset.figure)")
    assert names
    for name in names:
        figure, width = wake(page, name), 580 if viewport is WIDE else 360
        data = data_of(site, name, width)
        before = int(figure.get_attribute("data-shown") or -1)
        assert numbers(figure) == data["said"][before]
        expect(figure.get_by_role("button", name="Reset")).to_be_visible()
        for knob in data["knobs"]:
            role = {"slider": "slider", "toggle": "checkbox", "choice": "combobox"}[knob["kind"]]
            node = figure.get_by_role(role, name=knob["label"], exact=True)
            last = int(figure.get_attribute("data-shown") or -1)
            node.focus()
            node.press({"slider": "Home", "toggle": "Space", "choice": "ArrowUp"}[knob["kind"]])
            if int(figure.get_attribute("data-shown") or -1) == last:
                node.press({"slider": "End", "toggle": "Space", "choice": "ArrowDown"}[knob["kind"]])
            now = int(figure.get_attribute("data-shown") or -1)
            assert now != last, f"{name}: {knob['label']} moves nothing"
            assert numbers(figure) == data["said"][now]
            expect(figure.locator("canvas").first).to_have_attribute(
                "aria-label", re.compile(re.escape(data["said"][now]))
            )
        expect(figure.locator("canvas").first).to_have_js_property("width", data["width"])
        keep_screenshot(page, f"site_{name}_{viewport['width']}")
        figure.get_by_role("button", name="Reset").press("Enter")
        expect(figure).to_have_attribute("data-shown", str(before))
    assert page.evaluate(SIDEWAYS) <= 0


def test_the_picture_is_that_of_the_setting(page: Page, site: Path):
    open_page(page, site, f"notebooks/{CLIPPING}")
    (name,) = page.eval_on_selector_all(".ppo-living", "all => all.map(figure => figure.dataset.figure)")
    figure = wake(page, name)
    settings = range(len(data_of(site, name, 580)["said"]))
    drawn = [halved(drawn_for(site, name, 580, number)) for number in settings]
    for key in ("Home", "End"):
        figure.get_by_role("slider", name="clip_eps", exact=True).press(key)
        rows = slice(0, len(drawn[0]) - 1)  # a canvas between two rows of the screen is a row longer
        shown = seen(figure)[rows]
        far = [np.abs(shown - picture[rows]).mean() for picture in drawn]
        assert int(np.argmin(far)) == int(figure.get_attribute("data-shown") or -1)


def test_it_says_where_a_knob_is_coarser(page: Page, site: Path):
    open_page(page, site, f"notebooks/{CLIPPING}")
    expect(page.locator(".ppo-coarser")).to_contain_text(re.compile(r"clip_eps has \d+ of its 60 values"))


def test_replays_are_played_stepped_and_paused(page: Page, site: Path):
    open_page(page, site, f"notebooks/{lessons()[0]}")
    theatre = page.locator(".ppo-theatre").first
    theatre.scroll_into_view_if_needed()
    step = theatre.get_by_role("slider", name="step")
    expect(step).to_have_value("0")  # nothing moves by itself
    theatre.get_by_role("button", name="Step ▶").press("Enter")
    expect(step).to_have_value("1")
    theatre.get_by_role("button", name="Play").click()
    expect(step).not_to_have_value("1", timeout=10_000)
    theatre.get_by_role("button", name="Pause").click()
    drawn = theatre.get_attribute("data-drawn")
    page.wait_for_timeout(400)
    assert theatre.get_attribute("data-drawn") == drawn
    expect(theatre.locator("figcaption").first).to_contain_text("standing")


def test_in_the_dark_pictures_are_dark(page: Page, site: Path):
    open_page(page, site, f"notebooks/{CLIPPING}")
    name = page.locator(".ppo-living").get_attribute("data-figure") or ""
    light = np.median(seen(wake(page, name)))
    page.emulate_media(color_scheme="dark")
    assert light > 240
    assert np.median(seen(wake(page, name))) < 40


def test_equations_are_drawn_by_the_browser(page: Page, site: Path):
    open_page(page, site, f"notebooks/{CLIPPING}")
    equation = page.locator(".ppo-equation math").first
    box = equation.bounding_box()
    assert box is not None
    assert box["width"] > 150
    assert box["height"] > 15
    assert page.locator("math").count() > 3


def test_search_finds_without_a_server(page: Page, site: Path):
    page.goto(f"{(site / 'search.html').as_uri()}?q=clip")
    expect(page.locator(f'#search-results a[href*="{CLIPPING}"]').first).to_be_visible(timeout=20_000)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["index", "docs/field_guide", f"notebooks/{CLIPPING}", f"notebooks/{lessons()[0]}"])
def test_a_screen_reader_and_everybodys_eyes_get_along(page: Page, site: Path, name: str, scheme: str):
    page.emulate_media(color_scheme=scheme)  # type: ignore[arg-type]
    open_page(page, site, name)
    for figure in page.eval_on_selector_all(".ppo-living", "all => all.map(figure => figure.dataset.figure)"):
        wake(page, figure)
    found = Axe().run(page, options={"preload": False}).response["violations"]
    serious = [
        (fault["id"], node["html"][:150], node["failureSummary"][:200])
        for fault in found
        if fault["impact"] in ("serious", "critical")
        for node in fault["nodes"]
    ]
    assert serious == []


@pytest.mark.parametrize("name", ["index", "docs/field_guide", f"notebooks/{lessons()[0]}"])
def test_on_a_phone_nothing_sticks_out(page: Page, site: Path, name: str):
    page.set_viewport_size(PHONE)  # type: ignore[arg-type]
    open_page(page, site, name)
    page.wait_for_timeout(300)
    assert page.evaluate(SIDEWAYS) <= 0
    keep_screenshot(page, f"site_phone_{name.replace('/', '_')}")


def test_on_paper_there_are_no_knobs_and_nothing_is_folded(page: Page, site: Path):
    open_page(page, site, f"notebooks/{CLIPPING}")
    figure = wake(page, page.locator(".ppo-living").get_attribute("data-figure") or "")
    page.emulate_media(media="print")
    expect(figure.locator(".ppo-controls")).to_be_hidden()
    expect(figure.locator("canvas")).to_be_visible()
    expect(page.locator(".sidebar-drawer")).to_be_hidden()

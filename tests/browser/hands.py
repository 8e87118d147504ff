"""Hands at a living figure in the browser, and its twin in this process.

After every move the browser must show the twin's picture, byte for byte, and the twin's numbers. Screenshots are kept
where PPO_LESSONS_SCREENSHOTS says, if it says so.
"""

import base64
import importlib
import os
from pathlib import Path

from playwright.sync_api import Locator, Page, expect

from ppo_lessons.interactive.controls import Choice, Slider, Toggle
from ppo_lessons.interactive.explorer import Explorer, Panel
from ppo_lessons.interactive.workbench import Workbench
from ppo_lessons.publishing.build import lessons

EXPLORERS = [
    (name, name[3:], function)
    for name in lessons()
    for function in vars(importlib.import_module(f"ppo_lessons.lessons.{name[3:]}"))
    if (function.startswith("explore") and function != "explorer") or function == "clue_board"
]
"""Lesson, its folder, and the function that makes the explorer."""
SHOWN = """async (panel) => {
    const bytes = new Uint8Array(await (await fetch(panel.querySelector('img').src)).arrayBuffer());
    let text = '';
    for (const byte of bytes) text += String.fromCharCode(byte);
    return [btoa(text), panel.querySelector('.ppo-numbers').textContent];
}"""


class Hands:
    """One panel in the browser, and its twin in this process.

    Args:
        where: The panel's element.
        twin: Moved in the same way.
        title: Of its controls.
    """

    def __init__(self, where: Locator, twin: Panel | Workbench, title: str) -> None:
        self.where, self.twin, self.title = where, twin, title

    def knob(self, knob: Slider | Toggle | Choice) -> Locator:
        role = {"slider": "slider", "toggle": "checkbox", "choice": "combobox"}[knob.spec()["kind"]]
        return self.where.get_by_role(role, name=knob.label, exact=True)

    def button(self, label: str) -> Locator:
        return self.where.get_by_role("button", name=label, exact=True)

    def compare(self, **values: object) -> None:
        """Move the twin to these values and wait until the browser shows the same picture and the same numbers."""
        self.twin.controls.put(**values)
        screen = self.where.locator(".ppo-screen")
        column, density = (int(screen.get_attribute(f"data-{name}") or 0) for name in ("column", "density"))
        self.twin.screen.set_trait("column", column)
        self.twin.screen.set_trait("density", density)
        assert self.twin.wait()
        wanted = self.twin.screen.said
        assert not self.twin.screen.failed, wanted
        expect(self.where.locator(".ppo-numbers")).to_have_text(wanted, timeout=15_000)
        for _ in range(200):
            picture, _ = self.where.evaluate(SHOWN)
            if same := base64.b64decode(picture) == self.twin.screen.png:
                break
            self.where.page.wait_for_timeout(50)
        assert same, f"{self.title}: another picture than the functions give for {self.twin.controls.values}"
        assert screen.locator("img").get_attribute("alt") == f"{self.twin.screen.text}: {wanted}"

    def value(self, knob: Slider | Toggle | Choice) -> object:
        node = self.knob(knob)
        return knob.unpack(node.is_checked() if isinstance(knob, Toggle) else int(node.input_value()))

    def move(self, knob: Slider | Toggle | Choice, keyboard: bool) -> None:
        """Change a knob to another value, by keyboard or by mouse."""
        node, before = self.knob(knob), self.value(knob)
        if isinstance(knob, Slider) and keyboard:
            node.focus()
            assert node.get_attribute("data-lm-suppress-shortcuts") == "true", "Notebook 7 takes the key otherwise"
            for key in ("Home", "ArrowRight") if before != knob.values[1] else ("End",):
                node.press(key)
        elif isinstance(knob, Slider):
            node.scroll_into_view_if_needed()
            box = node.bounding_box()
            assert box is not None
            place = 0.8 if knob.values.index(before) < 0.5 * len(knob.values) else 0.2
            self.where.page.mouse.click(box["x"] + place * box["width"], box["y"] + box["height"] / 2)
        elif isinstance(knob, Toggle) and keyboard:
            node.press("Space")
        elif isinstance(knob, Toggle):
            node.click()
        elif keyboard:
            node.focus()
            node.press("ArrowDown" if before != knob.values[-1] else "ArrowUp")
        else:
            node.select_option(str((knob.values.index(before) + 1) % len(knob.values)))
        assert self.value(knob) != before, f"{knob.label} did not move"
        self.compare(**{knob.name: self.value(knob)})


def keep_screenshot(where: Locator | Page, name: str) -> None:
    if folder := os.environ.get("PPO_LESSONS_SCREENSHOTS"):
        Path(folder).mkdir(parents=True, exist_ok=True)
        where.screenshot(path=str(Path(folder) / f"{name}.png"))


def find_explorer(page: Page, module: str, function: str) -> tuple[Hands, Explorer]:
    """Return the hands at an explorer of the notebook that is open and was run, and the explorer's twin."""
    twin = getattr(importlib.import_module(f"ppo_lessons.lessons.{module}"), function)()
    assert isinstance(twin, Explorer)
    group = page.get_by_role("group", name=twin.title, exact=True)
    group.wait_for(timeout=30_000)
    return Hands(group.locator("xpath=.."), twin.panels[0], twin.title), twin

"""Living figures without a kernel: explorers of the lessons, drawn beforehand at many settings by their own functions.

What a page shows is what the explorer's pure function and its face give: nothing of PPO is computed in the browser.
"""

import importlib
import itertools
import json
import os
from collections.abc import Collection, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import Any, NamedTuple

from ppo_lessons.display.picture import WIDTHS
from ppo_lessons.interactive.controls import Slider
from ppo_lessons.interactive.explorer import Explorer
from ppo_lessons.interactive.theatre import Theatre
from ppo_lessons.publishing.build import lessons
from ppo_lessons.publishing.site.settings import Chosen, in_words, plan_of
from ppo_lessons.publishing.site.tiles import Tiles

COLUMNS = (1, 2)
"""Panels side by side: for a phone, and for a wider page."""
SAMPLES = 5


class Drawn(NamedTuple):
    """A living figure whose files are written."""

    text: str
    """Of the explorer, which the lesson's stored picture has as its words."""
    name: str
    """Of its files, without their ends."""
    coarser: str
    """What the reader is told about its knobs."""


def explorers() -> list[tuple[str, str]]:
    """Return lesson and name of every function that makes an explorer without being asked for more."""
    found = []
    for lesson in lessons():
        room = importlib.import_module(f"ppo_lessons.lessons.{lesson[3:]}")
        found += [(lesson, name) for name in sorted(vars(room)) if name == "explore" or name.startswith("explore_")]
    return found


def draw_all(folder: Path, alive: Collection[str] | None = None) -> dict[str, list[Drawn]]:
    """Draw the explorers of all lessons into a folder, several at once.

    Args:
        folder: Is filled.
        alive: Only these lessons; all of them if none are named.

    Returns:
        Lesson -> its living figures.
    """
    folder.mkdir(parents=True, exist_ok=True)
    wanted = [(lesson, function) for lesson, function in explorers() if alive is None or lesson in alive]
    if not wanted:
        return {}
    with ProcessPoolExecutor(min(4, os.cpu_count() or 1), get_context("spawn")) as pool:
        done = list(pool.map(partial(draw_one, folder), *zip(*wanted, strict=True)))
    figures: dict[str, list[Drawn]] = {}
    for (lesson, _), drawn in zip(wanted, done, strict=True):
        figures.setdefault(lesson, []).append(drawn)
    return figures


def draw_one(folder: Path, lesson: str, function: str) -> Drawn:
    """Draw one explorer at all chosen settings, for each width of page.

    Args:
        folder: Gets, for each width, a sheet of tiles and a script with everything else.
        lesson: Its name.
        function: Makes the explorer.
    """
    explorer: Explorer = getattr(importlib.import_module(f"ppo_lessons.lessons.{lesson[3:]}"), function)()
    chosen = plan_of(explorer.title, explorer.knobs)
    name = f"{lesson}_{function}"
    results = [explorer.compute(**settings) for settings in settings_of(explorer, chosen)]
    theatre = next((widget for widget in explorer.foot if isinstance(widget, Theatre)), None)
    played = _boards(explorer, theatre, results) if theatre is not None else {}
    for columns in COLUMNS:
        draw = explorer.drawer(columns)
        step = max(1, len(results) // SAMPLES)
        tiles = Tiles([draw(result)[0] for result in results[::step]])
        said = []
        for result in results:
            picture, words = draw(result)
            tiles.add(picture)
            said.append(words)
        place = f"{name}_{WIDTHS[columns]}"
        (folder / f"{place}.png").write_bytes(tiles.sheet())
        told = {"title": explorer.title, "text": explorer.text, "knobs": specs(chosen), "said": said, **played}
        data = json.dumps({**told, **tiles.plan()}, separators=(",", ":"))
        (folder / f"{place}.js").write_text(f'ppoLiving["{place}"] = {data};\n', encoding="utf-8", newline="\n")
    return Drawn(explorer.text, name, in_words(explorer.knobs, chosen))


def settings_of(explorer: Explorer, chosen: list[Chosen]) -> Iterator[dict[str, Any]]:
    """Yield all chosen settings; the last knob is the first to move.

    Args:
        explorer: Whose other knobs stay where they start.
        chosen: What is drawn of its knobs.
    """
    start = {knob.name: knob.start for knob in explorer.knobs}
    for values in itertools.product(*(some.values for some in chosen)):
        yield {**start, **{some.knob.name: value for some, value in zip(chosen, values, strict=True)}}


def specs(chosen: list[Chosen]) -> list[dict[str, Any]]:
    """Return the knobs as the browser's own inputs need them, with the place of their start.

    Args:
        chosen: What is drawn of them.
    """
    found = []
    for knob, values in chosen:
        spec = {**knob.spec(), "start": values.index(knob.start), "number": len(values)}
        if isinstance(knob, Slider):
            write = knob.text.format if isinstance(knob.text, str) else knob.text
            spec["texts"] = [write(value) for value in values]
        elif "texts" in spec:
            spec["texts"] = list(values)
        found.append(spec)
    return found


def _boards(explorer: Explorer, theatre: Theatre, results: list[Any]) -> dict[str, Any]:
    """Return the different replays that stand below the figure, and which belong to each picture."""
    different: dict[str, int] = {}
    places = []
    for result in results:
        explorer.tell(result)
        lines = [json.dumps(board, separators=(",", ":")) for board in theatre.boards]
        places.append([different.setdefault(line, len(different)) for line in lines])
    return {"theatre": theatre.title, "boards": [json.loads(line) for line in different], "played": places}

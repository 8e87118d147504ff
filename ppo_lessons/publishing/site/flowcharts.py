"""Flowcharts: drawn once by mermaid, kept beside this module, and put into the page where their text stands.

Whoever builds the site needs neither mermaid nor a browser. After a flowchart has changed, or a new one was written, it
is drawn by `python -m ppo_lessons.publishing.site.flowcharts mermaid.min.js`, with Chromium and the file of that name
from the npm package mermaid (`npm pack mermaid`).
"""

import argparse
import hashlib
import re
import shutil
from collections.abc import Iterator
from html import escape
from pathlib import Path

from ppo_lessons.publishing.build import lessons, read_lesson

KEPT = Path(__file__).parent / "drawings"
CHART = re.compile(r"^```mermaid\n(?P<text>.*?)\n```$", flags=re.MULTILINE | re.DOTALL)
NODE = re.compile(r'(\w+)(?:\["([^"]*)"\]|\{"([^"]*)"\})')
EDGE = re.compile(r"^\s*(\w+)\S*?\s*--(?:\s*(?P<said>[^->]+?)\s*--)?>\s*(\w+)\S*\s*$")
OPTIONS = {
    "startOnLoad": False,
    "theme": "neutral",
    "fontFamily": "Helvetica, Arial, sans-serif",
    "htmlLabels": False,  # what HTML would say in an SVG is lost where it is shown as a picture
    "flowchart": {"htmlLabels": False, "useMaxWidth": False},
}
BROWSER = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking")


def drawn(text: str, address: str) -> str:
    """Return Markdown whose flowcharts are pictures, each with what it says in words.

    Args:
        text: Markdown.
        address: Of the folder of the drawings, as the page sees it.

    Raises:
        FileNotFoundError: If a flowchart has not been drawn since it was written.
    """
    return CHART.sub(lambda chart: _figure(chart["text"], address), text)


def _figure(text: str, address: str) -> str:
    name = drawing_of(text)
    if not (KEPT / name).exists():
        raise FileNotFoundError(
            f"Every flowchart must be drawn before the site is built ({__name__} says how). Got: {text[:99]!r}"
        )
    steps = in_words(text)
    ends = re.search(r'viewBox="\S+ \S+ (\S+) (\S+)"', (KEPT / name).read_text(encoding="utf-8"))
    width, height = (round(float(size)) for size in ends.groups()) if ends else (600, 600)
    alt = f"Flowchart of {len(steps)} arrows; its words follow."
    size = f'width="{width}" height="{height}"'
    words = "\n".join(f"<li>{escape(step)}</li>" for step in steps)
    return (
        f'<img class="ppo-picture" {size} alt="{alt}" src="{address}/{name}">\n\n'
        f"<details><summary>The flowchart in words</summary>\n<ul>\n{words}\n</ul>\n</details>\n"
    )


def drawing_of(text: str) -> str:
    """Return the name of the file in which the drawing of a flowchart is kept: another text has another name.

    Args:
        text: Of the flowchart, in mermaid's words.
    """
    return f"{hashlib.sha256(text.encode()).hexdigest()[:16]}.svg"


def in_words(text: str) -> list[str]:
    """Return what every arrow of a flowchart says.

    Args:
        text: Of the flowchart, in mermaid's words.
    """
    names = {node: square or curly for node, square, curly in NODE.findall(text)}
    steps = []
    for line in text.splitlines():
        if (edge := EDGE.match(NODE.sub(r"\1", line))) is not None:
            start, end = (names.get(node, node) for node in (edge[1], edge[3]))
            steps.append(f"{start} {edge['said']}: {end}" if edge["said"] else f"{start}, then {end}")
    return steps


def flowcharts() -> Iterator[str]:
    """Yield the text of every flowchart of the lessons."""
    for name in lessons():
        for cell in read_lesson(name).cells:
            if cell.cell_type == "markdown":
                yield from (chart["text"] for chart in CHART.finditer(cell.source))


def draw_all(mermaid: Path) -> None:
    """Draw every flowchart of the lessons anew, and throw away what belongs to none.

    Args:
        mermaid: The file mermaid.min.js.
    """
    from playwright.sync_api import sync_playwright  # an extra that only whoever draws needs

    texts = {drawing_of(text): text for text in flowcharts()}
    KEPT.mkdir(exist_ok=True)
    for path in KEPT.glob("*.svg"):
        path.unlink()
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=shutil.which("chromium"), args=list(BROWSER))
        page = browser.new_page()
        page.add_script_tag(path=mermaid)
        page.evaluate("options => mermaid.initialize(options)", OPTIONS)
        for name, text in texts.items():
            svg = page.evaluate("async text => (await mermaid.render('flowchart', text)).svg", text)
            (KEPT / name).write_text(f"{svg}\n", encoding="utf-8", newline="\n")
        browser.close()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description="Draw the flowcharts of the lessons.")
    parser.add_argument("mermaid", type=Path, help="the file mermaid.min.js")
    draw_all(parser.parse_args().mermaid)

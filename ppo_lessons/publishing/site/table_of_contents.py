"""What stands beside every page of the site: lessons, what to look up, how to run it."""

import re
from pathlib import Path

SHELVES = {
    "Lessons": "notebooks/*.ipynb",
    "How to run it": "docs/running/*.md",
    "To look up": "docs/*.md",
    "The house": "*.md",
}
"""Caption -> its pages, in the folder of the manuscript. A page stands on the first shelf that has it."""
TITLE = re.compile(r"^# (?P<title>.+)$", flags=re.MULTILINE)


def with_contents(source: Path) -> None:
    """Add the tables of contents to the front page.

    Args:
        source: The manuscript.
    """
    front = source / "index.md"
    seen, shelves = {front}, []
    for caption, pattern in SHELVES.items():
        pages = [page for page in sorted(source.glob(pattern)) if page not in seen]
        pages = [page for page in pages if "orphan: true" not in page.read_text(encoding="utf-8")[:40]]
        seen |= set(pages)
        entries = [f"{_short(page)}<{page.relative_to(source).with_suffix('').as_posix()}>" for page in pages]
        if entries:
            head = f"```{{toctree}}\n:hidden:\n:caption: {caption}\n:maxdepth: 1"
            shelves.append("\n".join((head, "", *entries, "```")))
    front.write_text("\n\n".join((front.read_text(encoding="utf-8"), *shelves, "")), encoding="utf-8")


def _short(page: Path) -> str:
    """Return the few words of a page's title that fit beside a page; a lesson has its number and name."""
    if page.suffix == ".ipynb":
        return f"{page.stem.replace('_', ' ')} "
    found = TITLE.search(page.read_text(encoding="utf-8"))
    return f"{found['title'].split(':')[0]} " if found else ""

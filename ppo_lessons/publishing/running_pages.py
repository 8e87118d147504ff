"""The generated part of docs/running/index.md: each way to run the course, whether it was tried, and for whom it is."""

import re
from pathlib import Path

from ppo_lessons.publishing.reference_pages import DOCS

RUNNING = DOCS / "running"
ORDER = ("laptop", "jupyterhub", "container", "notebook7", "vscode", "colab", "binder")
"""Of the ways: those for many readers first. A page that is not named here comes last."""
HEAD = re.compile(
    r"# (?P<title>[^\n]+)\n\n\*\*(?P<tried>Tried|Partly tried|Not tried) here\*\*(?P<how>[^\n]*(?:\n[^\n]+)*)\n\n"
    r"\*\*For\*\* (?P<whom>[^\n]+)\.\n"
)
"""What a page begins with: its title, whether it was tried here and how, and for whom it is."""


def ways() -> list[Path]:
    """Return the pages of all ways, in order."""
    pages = [path for path in sorted(RUNNING.glob("*.md")) if path.name != "index.md"]
    return sorted(pages, key=lambda path: ORDER.index(path.stem) if path.stem in ORDER else len(ORDER))


def head_of(path: Path) -> dict[str, str]:
    """Return what the head of a page says: title, tried, how, whom.

    Raises:
        ValueError: If the page does not begin as all do.
    """
    head = HEAD.match(path.read_text(encoding="utf-8"))
    if head is None:
        begins = "`# Title`, `**Tried here** ...` (or Partly tried, or Not tried), and `**For** whom.`"
        raise ValueError(f"A way to run the course begins with {begins}. Got {path.name}")
    return head.groupdict()


def running_parts() -> dict[str, str]:
    """Return name -> text of the generated parts of the index."""
    rows = ["| way | tried here? | for |", "|---|---|---|"]
    for path in ways():
        head = head_of(path)
        tried = {"Tried": "yes", "Partly tried": "in part", "Not tried": "**no**"}[head["tried"]]
        rows.append(f"| [{head['title']}]({path.name}) | {tried} | {head['whom']} |")
    return {"ways": "\n".join(rows)}

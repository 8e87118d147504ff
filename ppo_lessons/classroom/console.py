"""Say something to the learner, in a notebook and on any console."""

import sys
import textwrap

from IPython import get_ipython
from IPython.display import display

from ppo_lessons.display.tables import Note, Table

PLAIN = str.maketrans({"✔": "OK", "✘": "NO", "□": "-", "◪": "/", "■": "#", "…": "...", "→": "->", "×": "x"})


WIDTH = 72
"""Columns of a printed line: in a window of 1024 no longer one fits beside the table of contents."""


def say(text: str, *, fold: bool = True) -> None:
    """Print. Signs that the console cannot write are replaced by plain ones: a Windows console may know no ✔.

    Args:
        text: One paragraph a line.
        fold: Whether long lines are broken, between words.
    """
    if fold:
        text = "\n".join(map(_fold, text.split("\n")))
    encoding = getattr(sys.stdout, "encoding", None) or "utf-8"
    try:
        text.encode(encoding)
    except UnicodeEncodeError:
        text = text.translate(PLAIN).encode(encoding, "replace").decode(encoding)
    print(text)


def _fold(paragraph: str) -> str:
    pieces = {"break_long_words": False, "break_on_hyphens": False, "subsequent_indent": "  "}
    return textwrap.fill(paragraph, WIDTH, **pieces) if len(paragraph) > WIDTH else paragraph


def show(table: Table, says: str, page: str = "") -> None:
    """Show a table of what is the learner's own: in a notebook as a page's table, on a console as text.

    Args:
        table: Its cells may differ from learner to learner.
        says: What is compared of it when a notebook is tested, the same for all.
        page: HTML that a notebook shows instead.
    """
    if get_ipython() is None:
        say(str(table))
    else:
        display(Note(table, says, page))

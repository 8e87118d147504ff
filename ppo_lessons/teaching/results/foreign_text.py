"""Text that others wrote, made safe to be shown: names, paths, answers, whatever stands in them."""

import html
import re

UNSHOWABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff\u202a-\u202e\u2066-\u2069\ufffe\uffff]")
"""Control characters, halves of characters, and what turns the direction of writing: "exe.fdp" is read "pdf.exe"."""

MARKS = re.compile(r"""[]["#$%&)*+./<=>@\\^_`{|}~-]""")
"""What Markdown, or a formula in it, may begin or end with."""


def shown(text: str) -> str:
    """Return a text in which every character can be seen or is a space: what cannot be shown becomes �.

    Args:
        text: Whatever somebody wrote. Line breaks of every kind become the usual one.
    """
    return UNSHOWABLE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def escaped(text: str) -> str:
    """Return a text as HTML that shows it: nothing in it is a tag, or ends an attribute.

    Args:
        text: Whatever somebody wrote.
    """
    return html.escape(shown(text))


def in_markdown(text: str) -> str:
    """Return a text as one line of Markdown that shows it: nothing in it is a mark, a formula, a tag or an address.

    Args:
        text: Whatever somebody wrote.
    """
    line = " ".join(shown(text).split())
    return MARKS.sub(lambda mark: f"&#{ord(mark[0])};", line)

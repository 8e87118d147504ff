"""A file name for each student that every system takes, and that no two share."""

import re
import unicodedata
from collections.abc import Collection

LONGEST = 100
"""Bytes of a name without its extension. The least that a usual system takes for all is 143."""
RESERVED = re.compile(r"(con|prn|aux|nul|conin|conout|(com|lpt)\d)", re.IGNORECASE)
"""Names of devices on Windows, with any extension."""


def file_name(student: str, taken: Collection[str] = ()) -> str:
    """Return the name of a student's file, without an extension.

    Letters of every script stay, umlauts too, in the composed form; all else becomes "_".

    Args:
        student: As the class knows the student: any text, such as "../Zoë <zoe@example.org>".
        taken: Names of other students' files. Two that differ only in capitals are the same file on some systems.

    Returns:
        At most 100 bytes in UTF-8, no name of a device, and none of those taken.
    """
    letters = "".join(c if c in "-" or unicodedata.category(c)[0] in "LMN" else "_" for c in _composed(student))
    name = _cut(re.sub(r"_+", "_", letters), LONGEST).strip("_-") or "student"
    if RESERVED.fullmatch(name):
        name += "_"
    own, used = name, {_folded(other) for other in taken}
    number = 1
    while _folded(own) in used:
        number += 1
        own = f"{_cut(name, LONGEST - len(str(number)) - 1)}_{number}"
    return own


def _composed(text: str) -> str:
    return unicodedata.normalize("NFKC", text)


def _folded(name: str) -> str:
    """What a system sees that tells neither capitals nor forms of a character apart."""
    return _composed(_composed(name).casefold())


def _cut(text: str, size: int) -> str:
    """Return as many whole characters as fit into so many bytes."""
    return text.encode("utf-8", "replace")[:size].decode("utf-8", "ignore")

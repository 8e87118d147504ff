"""Names of files and of people, readable and harmless, whatever a zip program or a student made of them."""

import hashlib
import os
import re
import unicodedata

NOT_IN_NAMES = frozenset("×÷ðÐþÞ")
"""Signs between the letters of Latin-1, and letters that are nearly always another letter read in a wrong code page."""
USUAL_IN_NAMES = frozenset("äöüÄÖÜßéèêñçåøæØ")
COPY = re.compile(r"[\s_]*(?:\((\d{1,4})\)|(?:[-–_\s]|(?<=\)))\s*(?:copy|kopie|copie|copia)(?:\s*(\d{1,3}))?)$", re.I)
COUNTED = re.compile(r"-(\d{1,2})$")
"""As Canvas and some browsers number what would be there twice: "01_rollout-1"."""
VERSION = re.compile(r"(?:version|versuch|attempt|try)[\s_-]*(\d{1,4})", re.I)


def decoded(raw: bytes) -> str:
    """Return a name whose encoding nobody wrote down.

    UTF-8 is hardly ever met by chance. What is none comes from an old Windows: its zip program writes the code page of
    the console (850 in Europe, 437 in America), some others that of the windows (1252). The one whose letters could
    stand in a name is taken.

    Args:
        raw: As it stands in the zip, or on the disk.
    """
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        pass
    readings = []
    for encoding in ("cp850", "cp1252", "cp437"):
        try:
            readings.append(raw.decode(encoding))
        except UnicodeDecodeError:
            continue  # 1252 has gaps
    return max(readings, key=_plausible)


def _plausible(text: str) -> int:
    """Count the letters that may stand where they stand, less what may not: signs, capitals inside a word."""
    score = 0
    for before, letter in zip(f" {text}", text, strict=False):
        if letter > "\x7f":
            in_names = "À" <= letter <= "ſ" and letter not in NOT_IN_NAMES
            in_place = in_names and not (letter.isupper() and before.islower())
            score += 1 + (letter in USUAL_IN_NAMES) if in_place else -1
    return score


def from_disk(name: str) -> str:
    """Return a file's name as text that can be printed; Python marks bytes that are no UTF-8 with half characters."""
    try:
        name.encode()
    except UnicodeEncodeError:
        try:
            return decoded(os.fsencode(name))
        except UnicodeEncodeError:  # a half character of Windows, which stands for no byte
            return name.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return name


def clean(text: str) -> str:
    """Return a name that looks the same wherever it came from, and does nothing to a terminal.

    Letters are composed (macOS stores ü as u and two dots), blanks become single spaces, control characters can be
    seen, and what turns the direction of writing or has no width is gone.
    """
    harmless = "".join(map(_harmless, unicodedata.normalize("NFC", text)))
    return unicodedata.normalize("NFC", " ".join(harmless.split()))


def _harmless(character: str) -> str:
    category = unicodedata.category(character)
    if character.isspace() or category in ("Zs", "Zl", "Zp"):
        return " "
    if character < " ":
        return chr(0x2400 + ord(character))  # the pictures of control characters stand in their order
    if character == "\x7f":
        return "\u2421"
    if category == "Cs":
        return "\ufffd"
    return "" if category in ("Cc", "Cf") else character


def shown(text: str, most: int = 100) -> str:
    """Return a name of at most so many characters; of a longer one the beginning and the end."""
    end = most // 3
    return text if len(text) <= most else f"{text[: most - end - 1]}…{text[-end:]}"


def bounded(text: str, most: int = 255) -> str:
    """Return a name as long as a file's name can be on a disk, and still another one for each other name.

    Zips may hold longer ones; to look for patterns in them takes time that grows with the square of their length.
    """
    digest = hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()[:8]
    return text if len(text) <= most else f"{text[: most - 100]}…{digest}…{text[-60:]}"


def same(text: str) -> str:
    """Return what is equal for two spellings of one name: nobody is told apart by capitals alone."""
    return clean(text).casefold()


def without_copy(stem: str) -> tuple[str, int]:
    """Split the mark of a copy off: "x (2)" and "x copy 2" are ("x", 2), "x - Kopie" is ("x", 1), others are 0.

    Args:
        stem: A name without its ending.
    """
    copies = 0
    while (mark := COPY.search(stem)) and mark.start():
        copies += int(mark.group(1) or mark.group(2) or 1)
        stem = stem[: mark.start()]
    return stem, copies


def number_of(stem: str) -> int:
    """Return which copy or version a name says it is: 2 for "x (2)", "x-2", "Version 2"; 0 if it says nothing."""
    stem, copies = without_copy(stem)
    counted = VERSION.fullmatch(stem) or COUNTED.search(stem)
    return copies or (int(counted.group(1)) if counted else 0)

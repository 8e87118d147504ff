"""What somebody's own code has raised, in words: what, where, and what may be missing in its adapter."""

import re
import sysconfig
import traceback
from pathlib import Path

from ppo_lessons.doctor.part import Part
from ppo_lessons.doctor.quantities import QUANTITIES

DOCTOR = Path(__file__).parent
NOT_THEIRS = (DOCTOR, DOCTOR.parent / "guards", Path(sysconfig.get_paths()["stdlib"]))
"""Folders of code that somebody's own goes through: the doctor's, and the standard library."""
LONGEST = 300


def in_words(error: BaseException) -> str:
    """Return kind and message in one line, not too long."""
    return " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")[:LONGEST]


def place_of(error: BaseException) -> str:
    """Return where somebody's own code stood, as " (my_gae.py, line 12)"; "" if it was not reached."""
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        theirs = not {"site-packages", "dist-packages"} & set(path.parts) and not frame.filename.startswith("<")
        if theirs and not any(folder in path.parents for folder in NOT_THEIRS):
            return f" ({path.name}, line {frame.lineno})"
    return ""


def hint_of(error: BaseException, part: Part) -> str:
    """Return what the adapter may have to say otherwise, where the message tells; else ""."""
    flags = part.flags if any(QUANTITIES[name].kind == "flag" for name in part.takes) else ""
    known = (
        (flags == "bool", r"operator, (with|on) (a|two) bool|boolean (subtract|negative)", 'say flags="float"'),
        (flags == "float", r"'invert'|operator\.invert|bitwise_|boolean (tensor|mask)|used as ind", 'say flags="bool"'),
        (
            part.arrays == "numpy",
            r"numpy\.ndarray|Tensor|argument '(keep)?dim'",
            'say arrays="torch", if it wants tensors',
        ),
        (
            part.arrays == "torch",
            r"'Tensor' object has no|(?i:numpy|np\.ndarray)",
            'say arrays="numpy", if it wants arrays',
        ),
    )
    return next((f"In part(...), {hint}." for may, words, hint in known if may and re.search(words, str(error))), "")

"""Folders and files that are named on the command line."""

import os
from pathlib import Path


def as_called(named: str) -> Path:
    """Return a path as whoever typed it meant it: `start.py` runs its commands in the course's own folder.

    Args:
        named: Absolute, or from where `start.py` was called.
    """
    return Path(os.environ.get("PPO_LESSONS_CALLED_FROM", "."), named)

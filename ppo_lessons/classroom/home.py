"""Where a learner's own files are kept: beside the notebooks, or where PPO_LESSONS_HOME says (tests and CI say so)."""

import os
from pathlib import Path


def home() -> Path:
    """Return the folder of the learner's files. A kernel starts in the folder of its notebook."""
    return Path(os.environ.get("PPO_LESSONS_HOME", "."))

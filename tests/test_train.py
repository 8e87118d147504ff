"""The door for a terminal opens with `python -m` alone."""

import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

import ppo_lessons
from ppo_lessons.training import train


def test_it_is_no_module_to_be_imported():
    """Were it one, it would stand in the place of the function `ppo_lessons.train`."""
    for _ in range(2):
        with pytest.raises(ImportError, match=r"is started with python -m ppo_lessons\.train; .+ Got an import"):
            importlib.import_module("ppo_lessons.train")
    assert ppo_lessons.train is train and "ppo_lessons.train" not in sys.modules
    from ppo_lessons import train as public

    assert public is train


@pytest.mark.slow
def test_it_hands_its_words_on_and_the_exit_code_back():
    command = [sys.executable, "-W", "error", "-m", "ppo_lessons.train", "fag", "--to", "a.pt"]
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    house = Path(ppo_lessons.__file__).parent.parent
    done = subprocess.run(command, cwd=house, env=environment, capture_output=True, text=True, timeout=300)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("A case is one of stray, ") and done.stderr.endswith("Got 'fag'\n")

"""The lessons for whoever has installed the package: `python -m ppo_lessons.lessons FOLDER`."""

import argparse
import subprocess
import sys
from pathlib import Path

from ppo_lessons.lessons.own_folder import FIRST, copy_lessons, in_jupyterlab

ABOUT = """Copy the lessons into a folder of your own, and open them in JupyterLab. Ctrl-C ends it, and the same command
goes on. What is in the folder already is yours and stays as it is; to begin a lesson anew, rename or delete it, and
run this again. Progress and my_ppo.py lie beside the lessons. Other options, such as --no-browser, go to JupyterLab."""


def main(arguments: list[str] | None = None) -> int:
    """Copy, say what was copied, open JupyterLab unless told otherwise, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m ppo_lessons.lessons", description=ABOUT, allow_abbrev=False)
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="is made if it is not there")
    parser.add_argument("--only-copy", action="store_true", help="do not open JupyterLab")
    asked, options = parser.parse_known_args(arguments)
    try:
        copied, kept = copy_lessons(asked.folder)
    except OSError as error:
        print(f"{error.strerror}: {error.filename}" if error.strerror else error, file=sys.stderr)
        return 1
    print(f"{asked.folder}: {len(copied)} files copied, {len(kept)} of yours kept. Begin with {FIRST}.")
    if asked.only_copy:
        return 0
    command, environment = in_jupyterlab(asked.folder, options)
    print("Opening JupyterLab. Ctrl-C here stops it.", flush=True)
    try:
        return subprocess.run(command, env=environment).returncode
    except KeyboardInterrupt:
        return 0


if __name__ == "__main__":
    sys.exit(main())

"""A wheel in a clean environment, and a learner beside it: what was installed is read only, and all is done from there.

What the package needs from others is taken from the environment that runs this, so nothing asks for the network.
"""

import contextlib
import hashlib
import os
import shutil
import stat
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Iterator, Mapping
from pathlib import Path

import nbformat

from ppo_lessons.publishing.build import solve

OBEDIENT = ("setpriv", "--bounding-set=-dac_override,-dac_read_search,-fowner", "--inh-caps=-all")
"""In front of a command of root's: it may then write no more than files say, as everybody else."""


def run_well(command: list[str], folder: Path, environment: Mapping[str, str]) -> str:
    """Run a program to its end and return what it printed.

    Raises:
        RuntimeError: If its exit code is not 0; with the end of what it said.
    """
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode:
        said = "\n".join((done.stdout + done.stderr).strip().splitlines()[-12:])
        raise RuntimeError(f"{' '.join(command[-4:])} must end well. Got exit code {done.returncode}:\n{said}")
    return done.stdout


class Elsewhere:
    """A clean environment with the wheel in it, and a learner's empty folder beside it.

    Args:
        wheel: Is installed.
        folder: Empty; for both.
    """

    def __init__(self, wheel: Path, folder: Path) -> None:
        self.environment, self.home = folder / "environment", folder / "learner"
        self.home.mkdir()
        venv.create(self.environment)
        self.python = self.environment / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
        pip = [sys.executable, "-m", "pip", "--python", str(self.python), "--disable-pip-version-check", "install"]
        run_well([*pip, "--no-deps", "--no-index", str(wheel)], folder, os.environ)
        (self.packages,) = self.environment.glob("Lib/site-packages" if os.name == "nt" else "lib/*/site-packages")
        # A path file that names the folder of what others wrote; path files in there, as this checkout's, are not read.
        (self.packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
        self.before = self.state()

    def state(self) -> dict[str, str]:
        """Return name -> digest of every file of the environment."""
        files = sorted(path for path in self.environment.rglob("*") if path.is_file())
        return {
            str(path.relative_to(self.environment)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files
        }

    def changed(self) -> list[str]:
        """Return the names of the environment's files that came, went or are not what they were."""
        now = self.state()
        return sorted(name for name in now.keys() | self.before.keys() if now.get(name) != self.before.get(name))

    @contextlib.contextmanager
    def read_only(self) -> Iterator[None]:
        """Take the right to write from everything of the environment, for a while."""
        paths = [self.environment, *self.environment.rglob("*")]
        modes = {path: path.lstat().st_mode for path in paths if not path.is_symlink()}
        for path, mode in modes.items():
            path.chmod(mode & ~(stat.S_IWUSR | stat.S_IWGRP | stat.S_IWOTH))
        try:
            yield
        finally:
            for path, mode in modes.items():
                path.chmod(mode)

    def is_writable(self) -> bool:
        """Whether a learner's process could write into the environment; on Windows it always can."""
        code = f"import pathlib; pathlib.Path({str(self.packages)!r}, 'written').touch()"
        try:
            self.run("-c", code)
        except RuntimeError:
            return False
        (self.packages / "written").unlink()
        return True

    def run(self, *words: str, folder: str = ".") -> str:
        """Run this environment's Python as a learner would, and return what it prints.

        Args:
            words: Behind `python`.
            folder: Inside the learner's.

        Raises:
            RuntimeError: If it ends with an exit code other than 0.
        """
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PPO_", "JUPYTER"))}
        variables = {
            **kept,
            "HOME": str(self.home),
            "USERPROFILE": str(self.home),
            "VIRTUAL_ENV": str(self.environment),
        }
        as_root = hasattr(os, "geteuid") and os.geteuid() == 0 and shutil.which("setpriv")
        return run_well([*(OBEDIENT if as_root else ()), str(self.python), *words], self.home / folder, variables)


def learn(elsewhere: Elsewhere) -> Iterator[str]:
    """Do what a learner does with an installed package; yields a sentence for each thing that was done.

    Raises:
        RuntimeError: If something fails; what comes after it is not done.
    """
    where = Path(elsewhere.run("-c", "import ppo_lessons; print(ppo_lessons.__file__)").strip())
    require(elsewhere.packages in where.parents, f"The wheel's package is imported. Got {where}")
    yield "the wheel's package is imported, from where the checkout is not known"
    yield "the environment can be written" if elsewhere.is_writable() else "the environment cannot be written"
    elsewhere.run("-m", "ppo_lessons.lessons", "lessons", "--only-copy")
    notebooks = elsewhere.home / "lessons" / "notebooks"
    (lesson,) = notebooks.glob("[0-9][0-9]_ratios.ipynb")
    notebook = solve(nbformat.read(lesson, as_version=4))
    nbformat.write(notebook, lesson)
    yield f"{len(list(notebooks.iterdir()))} lessons were copied into the learner's folder"
    execute = ("-m", "nbconvert", "--to", "notebook", "--execute", "--inplace")
    elsewhere.run(*execute, lesson.name, folder="lessons/notebooks")
    yield f"{lesson.stem} ran, its blanks filled in"
    for name in ("my_ppo.py", ".progress.jsonl"):
        require((notebooks / name).is_file(), f"The learner's {name} lies beside the lessons. It is missing")
    yield "my_ppo.py and the progress lie beside the lessons"
    elsewhere.run("-m", "ppo_lessons.doctor", "lessons/notebooks/my_ppo.py")
    yield "the doctor examined my_ppo.py"
    elsewhere.run("-m", "ppo_lessons.train", "standard", "--to", "team.pt", "--cycles", "1")
    require((elsewhere.home / "team.pt").is_file(), "The team lies where --to says. It is missing")
    yield "a team was trained for a cycle, and saved"
    changed = elsewhere.changed()
    require(not changed, f"Nothing is written into the environment. Got {changed[:5]}")
    yield "not a file of the environment was changed"


def require(holds: bool, sentence: str) -> None:
    """Raise a RuntimeError with the sentence if something does not hold."""
    if not holds:
        raise RuntimeError(sentence)

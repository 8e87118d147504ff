"""The lessons in a folder of the learner's own: where the package was installed without a checkout, it brings them.

A checkout needs none of this: there, `python start.py` opens the lessons where they lie.
"""

import os
import posixpath
import re
import site
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from ppo_lessons.guards.files import write_whole

HOUSE = Path(__file__).parents[1]
FIRST = "notebooks/00_start_here.ipynb"
OF_TEACHERS = ("docs/teaching.md",)
"""Pages that no learner is given unasked."""
LINK = re.compile(r"(?<!!)\[(?P<label>[^\[\]]+)\]\((?P<target>\.\./[^()\s#]+)(?:#[^()\s]*)?\)")
"""A link that leaves its folder, as Markdown has it, also inside a notebook's JSON."""


def course() -> Path:
    """Return the folder that holds `notebooks` and `docs`: inside an installed package, or the checkout around it.

    Raises:
        FileNotFoundError: If this package came without them.
    """
    for folder in (HOUSE / "course", HOUSE.parent):
        if (folder / FIRST).is_file():
            return folder
    raise FileNotFoundError(f"The lessons come with the package, or stand in the checkout. Got neither at {HOUSE}")


def copy_lessons(folder: Path) -> tuple[list[str], list[str]]:
    """Copy lessons and pages into a folder. What is there already is the learner's, and is left as it is.

    Args:
        folder: Is made if it is not there. A link to what is not copied, such as the package's source, becomes its
            label.

    Returns:
        Names of what was copied, and of what was there already and is not the same, both in order.

    Raises:
        FileNotFoundError: If this package came without lessons.
        NotADirectoryError: If something else stands in the folder's place.
        OSError: If something cannot be written.
    """
    files = _files()
    if folder.exists() and not folder.is_dir():
        raise NotADirectoryError(f"The lessons are copied into a folder. Got the file {folder}")
    copied, kept = [], []
    for name, data in files.items():
        path = folder / name
        if not path.exists():
            path.parent.mkdir(parents=True, exist_ok=True)
            write_whole(path, lambda file, data=data: file.write(data))
            copied.append(name)
        elif path.read_bytes() != data:
            kept.append(name)
    return copied, kept


def _files() -> dict[str, bytes]:
    """Return name -> contents of all that is copied."""
    root = course()
    paths = [*root.glob("notebooks/[0-9][0-9]_*.ipynb"), *(path for path in root.glob("docs/**/*") if path.is_file())]
    named = {path.relative_to(root).as_posix(): path for path in sorted(paths)}
    given = {name: path for name, path in named.items() if name not in OF_TEACHERS}
    return {name: _linked(name, path, given) for name, path in given.items()}


def _linked(name: str, path: Path, there: Collection[str]) -> bytes:
    if path.suffix not in (".ipynb", ".md"):
        return path.read_bytes()
    return without_dead_links(path.read_text(encoding="utf-8"), posixpath.dirname(name), there).encode()


def without_dead_links(text: str, folder: str, there: Collection[str]) -> str:
    """Return a text in which a link to what is not there is its label alone.

    Args:
        text: Markdown, or a notebook's JSON.
        folder: From where its links are counted, for instance "notebooks".
        there: Names of all files that are, for instance "docs/glossary.md".
    """

    def shown(match: re.Match[str]) -> str:
        return match[0] if posixpath.normpath(posixpath.join(folder, match["target"])) in there else match["label"]

    return LINK.sub(shown, text)


def in_jupyterlab(folder: Path, options: list[str]) -> tuple[list[str], dict[str, str]]:
    """Return the command that opens the lessons of a folder in JupyterLab, and the variables of its environment.

    Args:
        folder: With lessons in it.
        options: More words for JupyterLab, for instance "--no-browser".
    """
    # The first lesson as the address and not as a file: so it is in the address that is printed for --no-browser, too.
    opened = [f"--ServerApp.root_dir={folder.resolve()}", f"--LabApp.default_url=/lab/tree/{FIRST}"]
    command = [sys.executable, "-m", "jupyterlab", *opened]
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        command.append("--allow-root")
    return [*command, *options], {**os.environ, "JUPYTER_CONFIG_PATH": _config_path(os.environ)}


def _config_path(environment: Mapping[str, str]) -> str:
    """Return where JupyterLab finds how the course is to be shown, in front of the reader's own settings."""
    bases = (HOUSE.parent / "jupyter" / "share", Path(sys.prefix, "share"), Path(site.getuserbase(), "share"))
    ours = next((base / "ppo_lessons" for base in bases if (base / "ppo_lessons").is_dir()), None)
    found = [str(ours / name) for name in ("course", "lab")] if ours else []
    return os.pathsep.join([*found, *filter(None, [environment.get("JUPYTER_CONFIG_PATH")])])

"""The course as a class gets it, in one zip: `python start.py handout OUT`, OUT a folder or a file that ends in .zip.

In it are blank lessons with the outputs that they were built with, the package, and what `python start.py` and
`python start.py test` need. It is made of the files of this folder, of those alone that git keeps where this is a
checkout of git, and is the same byte for byte whenever and wherever it is made from the same files (by one version of
zlib, which compresses). `--lessons 1-7` or `1,3,5-8` leaves out the other lessons, but never 00; a link to what is left
out becomes plain text. An unpacked handout makes handouts, too.

`--without-solutions` seals the answers (`teaching.sealing`): `solution` and third hints are refused in words, checks
name mistakes as ever. How far that goes stands in `HOW_FAR`, and is printed.
"""

import argparse
import io
import posixpath
import re
import subprocess
import sys
import zipfile
from collections.abc import Collection, Sequence
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from ppo_lessons.guards.files import write_whole
from ppo_lessons.guards.places import as_called
from ppo_lessons.lessons.own_folder import OF_TEACHERS
from ppo_lessons.publishing.build import NOTEBOOKS, is_stale, lessons, notebook_of
from ppo_lessons.teaching.chosen import chosen
from ppo_lessons.teaching.handing_out.sealing import is_sealed_course, without_answers

ROOT = NOTEBOOKS.parent
TOP = "ppo_lessons"
"""The folder into which a handout unpacks."""
START = "START_HERE.txt"
PAGES = (".gitignore", "CITATION.cff", "LICENSE", "README.md", "constraints.txt", "environment.yml", "pyproject.toml",
         "start.py", "benchmarks/RESULTS.md", "notebooks/source/ruff.toml", "tests/notebooks/nbval.cfg")  # fmt: skip
FOLDERS = ("docs", "jupyter", "ppo_lessons")
TEXTS, DATA = (".css", ".js", ".json", ".md", ".py"), (".npy", ".npz", ".png", ".pt")
"""Kinds of files in these folders."""
HOW_FAR = """\
Without solutions: solution() and third hints are refused in words, and no answer, known mistake or right result stands
in a file as it is. How far that goes: formulas stay in the lessons, docstrings, second hints and pages. Whoever decodes
base64, or has Python show a function's bytecode, has an answer in a minute. And the course is public, with all its
solutions. It keeps a student from coming across an answer, and stops nobody who looks for one."""
WELCOME = """\
ppo_lessons, a course in notebooks: {lessons}.

You need Python 3.10 to 3.14 (64-bit) and nothing else. Open a terminal in this folder:

    python start.py         makes .venv, installs everything, and opens the lessons (the first time takes minutes)
    python start.py test    runs every lesson from top to bottom on your computer, as it stands, and changes nothing

Write in the notebooks. What passes its check is collected in notebooks/my_ppo.py, your progress lies beside it.
README.md says more. Most other commands of start.py are for whoever changes the course, and need the whole course.
"""
PART = """
Not in this handout: {left_out}.
Where a page speaks of what is left out, it does so without a link. Your progress counts the whole course.
"""
SEALED = """
This handout comes without solutions: solution() and the third hints say so. Checks and the first two hints do not.
"""
TEST = '''"""Lesson {name} runs from top to bottom on this computer, blank or filled in; no file is changed."""

import nbformat
import pytest

from ppo_lessons.publishing.build import NOTEBOOKS, execute


@pytest.mark.filterwarnings("default")  # of what Jupyter is made of: they say nothing about the lesson
def test_{name}():
    execute(nbformat.read(NOTEBOOKS / "{name}.ipynb", as_version=4), seconds=600)
'''
SETUP_TEST = '''"""What the lessons need is there, and works."""

from ppo_lessons.classroom import check_setup


def test_setup(capsys):
    check_setup()
    said = capsys.readouterr().out
    assert "✔" in said and "✘" not in said, said
'''
LINK = re.compile(r"(?<!!)\[(?P<label>[^\[\]]+)\]\((?P<target>[^()\s#]+)(?:#[^()\s]*)?\)")
ANCHOR = re.compile(r'<a [^>]*href="(?P<target>[^"#:]+)"[^>]*>(?P<label>.*?)</a>')


def files_of_the_course() -> tuple[list[str], list[str]]:
    """Return what of this folder belongs to the course, lessons left out, and what may, but is not kept by git."""
    found = [name for name in PAGES if (ROOT / name).is_file()]
    for path in (path for folder in FOLDERS for path in (ROOT / folder).rglob("*")):
        inside = path.relative_to(ROOT)
        passed_over = any(part.startswith((".", "__pycache__")) or part.endswith(".parts") for part in inside.parts)
        if path.suffix in TEXTS + DATA and not passed_over and path.is_file() and inside.as_posix() not in OF_TEACHERS:
            found.append(inside.as_posix())
    kept = _kept_by_git()
    return sorted(name for name in found if kept is None or name in kept), sorted(set(found) - (kept or {*found}))


def _kept_by_git() -> set[str] | None:
    """Return the names of the files that git keeps here; None without git, or where this is no checkout."""
    if not (ROOT / ".git").exists():
        return None
    try:
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    except (OSError, subprocess.CalledProcessError):
        return None
    return set(listed.decode("utf-8", "replace").split("\0"))


def contents(names: Sequence[str], *, without_solutions: bool) -> tuple[dict[str, bytes], list[str]]:
    """Return all files of a handout, and what whoever hands it out should know.

    Args:
        names: Of the lessons in it.
        without_solutions: Whether answers are sealed.

    Returns:
        Name -> bytes, and sentences.
    """
    files, strangers = files_of_the_course()
    own = _own_texts(names, without_solutions or is_sealed_course())
    places = [f"notebooks/{name}.ipynb" for name in names] + [f"notebooks/source/{name}.py" for name in names]
    there = {*files, *own, *places}
    found = {name: text.encode() for name, text in own.items()}
    for name in files:
        found[name] = _bytes_of(name, there, without_solutions)
    changed = []
    for name in names:
        source = without_dead_links(_text(f"notebooks/source/{name}.py"), "notebooks", there)
        notebook, as_built = _notebook(name, source, there)
        changed += [] if as_built else [name]
        found[f"notebooks/source/{name}.py"] = source.encode()
        found[f"notebooks/{name}.ipynb"] = (nbformat.writes(notebook).rstrip("\n") + "\n").encode()
    remarks = [f"Left out, as git does not keep it: {_some(strangers)}"] if strangers else []
    if changed:
        remarks.append(f"No longer as built, so handed out blank and without outputs: {_some(changed)}")
    return found, remarks


def _some(names: Sequence[str], most: int = 6) -> str:
    return ", ".join(names[:most]) + (f" and {len(names) - most} more" if len(names) > most else "")


def _own_texts(names: Sequence[str], sealed: bool) -> dict[str, str]:
    """Return name -> text of what only a handout has: how to begin, and tests that any computer can run."""
    left_out = [name for name in lessons() if name not in names]
    welcome = WELCOME.format(lessons=f"lesson{'s' * (len(names) > 1)} {_numbers(names)}")
    if left_out:
        welcome += PART.format(left_out=f"lesson{'s' * (len(left_out) > 1)} {_numbers(left_out)}")
    tests = {f"tests/test_{name}.py": TEST.format(name=name) for name in names}
    return {START: welcome + (SEALED if sealed else ""), "tests/test_setup.py": SETUP_TEST, **tests}


def _numbers(names: Sequence[str]) -> str:
    """Return the numbers of lessons, those that follow each other as one piece: "00 to 03, 07"."""
    pieces: list[list[int]] = []
    for number in (int(name[:2]) for name in names):
        if pieces and number == pieces[-1][-1] + 1:
            pieces[-1].append(number)
        else:
            pieces.append([number])
    return ", ".join(f"{piece[0]:02}" + f" to {piece[-1]:02}" * (len(piece) > 1) for piece in pieces)


def _text(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")  # of any system: its ends of lines are ours


def _bytes_of(name: str, there: Collection[str], without_solutions: bool) -> bytes:
    if name.endswith(DATA):
        return (ROOT / name).read_bytes()
    text = _text(name)
    if name.endswith(".md"):
        text = without_dead_links(text, posixpath.dirname(name), there)
    if without_solutions and name.endswith(".py"):
        text = without_answers(name, text)
    return text.encode()


def _notebook(name: str, source: str, there: Collection[str]) -> tuple[NotebookNode, bool]:
    """Return a blank lesson, and whether the notebook here is as it was built: only then its outputs are in it."""
    notebook = notebook_of(source)
    try:
        if is_stale(name):
            return notebook, False
        built = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    except (OSError, ValueError):
        return notebook, False
    for cell, stored in zip(notebook.cells, built.cells, strict=True):
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = stored.outputs, stored.execution_count
            for page in (output.get("data", {}) for output in cell.outputs):
                if "text/html" in page:
                    page["text/html"] = without_dead_links(page["text/html"], "notebooks", there, ANCHOR)
    return notebook, True


def without_dead_links(text: str, folder: str, there: Collection[str], link: re.Pattern[str] = LINK) -> str:
    """Return a text in which a link to a file that is left out is its label alone.

    Args:
        text: Markdown, or a page.
        folder: From where its links are counted.
        there: Names of all that is not left out.
        link: How a link is written.
    """

    def shown(match: re.Match[str]) -> str:
        target = posixpath.normpath(posixpath.join(folder, match["target"]))
        is_there = target in there or any(name.startswith(f"{target}/") for name in there)
        return match["label"] if not is_there and (ROOT / target).exists() else match[0]

    return link.sub(shown, text)


def zipped(files: dict[str, bytes]) -> bytes:
    """Return files as a zip that does not tell who made it, when, and where."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(f"{TOP}/{name}", (1980, 1, 1, 0, 0, 0))
            entry.create_system, entry.external_attr, entry.compress_type = 3, 0o100644 << 16, zipfile.ZIP_DEFLATED
            archive.writestr(entry, files[name], compresslevel=9)
    return out.getvalue()


def put(data: bytes, path: Path) -> None:
    """Write a handout, in place of an older one.

    Raises:
        FileExistsError: If something else stands there.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and not (zipfile.is_zipfile(path) and f"{TOP}/{START}" in zipfile.ZipFile(path).namelist()):
        raise FileExistsError(f"{path} is no handout of an earlier time, and is left as it is. Choose another name.")
    write_whole(path, lambda file: file.write(data))


def _file(out: Path, usual: str) -> Path:
    """Return what file is meant: in a folder one of the usual name."""
    if out.is_dir() or (out.suffix.lower() != ".zip" and not out.exists()):
        return out / usual
    if out.suffix.lower() != ".zip":
        raise FileExistsError(f"OUT is a folder, or a file that ends in .zip. Got the file {out}")
    return out


def main() -> None:
    """Make a zip of blank lessons and package for a class."""
    parser = argparse.ArgumentParser(prog="python start.py handout", description=main.__doc__)
    parser.add_argument("out", metavar="OUT", help="a folder, or a file that ends in .zip")
    parser.add_argument("--lessons", metavar="1-7", help="as in 1-7 or 1,3,5-8; 00 comes along; all if not given")
    parser.add_argument("--without-solutions", action="store_true", help="seal the answers, as far as that goes")
    options = parser.parse_args()
    try:
        names = chosen(options.lessons)
        files, remarks = contents(names, without_solutions=options.without_solutions)
        which = "" if len(names) == len(lessons()) else "_" + re.sub(r"\s", "", options.lessons).replace(",", "_")
        sealed = "_without_solutions" if options.without_solutions else ""
        path = _file(as_called(options.out), f"{TOP}{which}{sealed}.zip")
        put(zipped(files), path)
    except (ValueError, OSError) as error:
        sys.exit(str(error))
    print(f"{path}: {path.stat().st_size / 1e6:.1f} MB, {len(names)} lessons. {START} in it says how to begin.")
    for remark in [*remarks, *([HOW_FAR] if options.without_solutions else [])]:
        print(remark)


if __name__ == "__main__":
    main()

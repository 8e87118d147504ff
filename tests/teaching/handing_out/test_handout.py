"""A handout is blank, whole, the same byte for byte, and runs."""

import io
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import time
import zipfile
from functools import cache
from pathlib import Path

import nbformat
import pytest

from ppo_lessons.classroom.desk import WITHOUT_SOLUTIONS
from ppo_lessons.publishing import build
from ppo_lessons.publishing.build import NOTEBOOKS, exercise_of, is_stale, lessons, read_lesson, solve, write
from ppo_lessons.teaching.handing_out import handout
from ppo_lessons.teaching.handing_out.handout import (
    START,
    contents,
    files_of_the_course,
    put,
    without_dead_links,
    zipped,
)

ROOT = NOTEBOOKS.parent
ALL = tuple(lessons())
FEW = ("00_start_here", "05_detaching", "06_minibatches")


@pytest.fixture(autouse=True)
def _whatever_git_keeps(monkeypatch: pytest.MonkeyPatch):
    """A working copy may hold what git does not keep yet."""
    monkeypatch.setattr(handout, "_kept_by_git", lambda: None)


@cache
def made(names: tuple[str, ...] = ALL, without_solutions: bool = False) -> dict[str, bytes]:
    return contents(names, without_solutions=without_solutions)[0]


def text(files: dict[str, bytes], name: str) -> str:
    return files[name].decode()


def test_it_holds_what_both_commands_need_and_nothing_else():
    files = made()
    assert {"start.py", "README.md", "pyproject.toml", "constraints.txt", "LICENSE", START} <= files.keys()
    assert {"ppo_lessons/losses.py", "ppo_lessons/shipped/data/atlas.npz", "docs/three_ages.png"} <= files.keys()
    assert {f"notebooks/{name}.ipynb" for name in ALL} == {name for name in files if name.endswith(".ipynb")}
    assert {f"tests/test_{name}.py" for name in ALL} < files.keys()
    roots = {name.split("/")[0] for name in files if "/" in name}
    assert roots == {"benchmarks", "docs", "jupyter", "notebooks", "ppo_lessons", "tests"}
    assert not [
        name for name in files if re.search(r"__pycache__|/\.|my_ppo\.\d|right_answers|/exam/|teaching\.md", name)
    ]


def test_files_of_the_package_are_as_they_are():
    for name, data in made().items():
        if name.startswith("ppo_lessons/") or name in ("start.py", "pyproject.toml", "constraints.txt"):
            assert data == (ROOT / name).read_bytes(), name


@pytest.mark.parametrize("name", ALL)
def test_every_notebook_is_blank_and_as_built(name: str):
    if is_stale(name):
        pytest.skip("the notebook is to be built anew")
    assert made()[f"notebooks/{name}.ipynb"] == (NOTEBOOKS / f"{name}.ipynb").read_bytes()


def with_notebook(folder: Path, monkeypatch: pytest.MonkeyPatch, name: str, data: bytes | None) -> list[str]:
    """Hand out with another file in the place of a notebook; gives what is said about it."""
    for other in FEW:
        shutil.copy(NOTEBOOKS / f"{other}.ipynb", folder)
    (folder / f"{name}.ipynb").unlink() if data is None else (folder / f"{name}.ipynb").write_bytes(data)
    monkeypatch.setattr(build, "NOTEBOOKS", folder)
    monkeypatch.setattr(handout, "NOTEBOOKS", folder)
    files, remarks = contents(FEW, without_solutions=False)
    notebook = nbformat.reads(text(files, f"notebooks/{name}.ipynb"), as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells)
    assert [cell.source for cell in notebook.cells if exercise_of(cell)] == [
        cell.source for cell in read_lesson(name).cells if exercise_of(cell)
    ]
    return remarks


def solved(name: str) -> bytes:
    notebook = solve(nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4))
    return nbformat.writes(notebook).encode()


def run_in_jupyterlab(name: str) -> bytes:
    """No cell is changed, but the outputs may be the teacher's own; JupyterLab writes down its Python."""
    notebook = nbformat.read(NOTEBOOKS / f"{name}.ipynb", as_version=4)
    notebook.metadata["language_info"] = {"name": "python", "version": "3.11.7"}
    return nbformat.writes(notebook).encode()


@pytest.mark.parametrize(
    "change",
    [solved, run_in_jupyterlab, lambda name: b"{torn", lambda name: None],
    ids=["solved", "run", "torn", "gone"],
)
def test_a_notebook_that_was_worked_in_is_handed_out_blank_and_this_is_said(change, tmp_path, monkeypatch):
    name = "06_minibatches"
    remarks = with_notebook(tmp_path, monkeypatch, name, change(name))
    assert remarks == [f"No longer as built, so handed out blank and without outputs: {name}"]


def links_of(files: dict[str, bytes]) -> list[tuple[str, str]]:
    """Page and target of all links, of stored pages too."""
    found = []
    for name in files:
        if name.endswith(".md"):
            found += [(name, target) for target in re.findall(r"\]\(([^)\s]+)\)", text(files, name))]
        if name.endswith(".ipynb"):
            cells = json.loads(files[name])["cells"]
            prose = "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown")
            pages = [output.get("data", {}) for cell in cells for output in cell.get("outputs", [])]
            stored = "\n".join("".join(page.get("text/html", "")) for page in pages)
            targets = re.findall(r"\]\(([^)\s]+)\)", prose) + re.findall(r'href="([^"]+)"', stored)
            found += [(name, target) for target in targets]
    return [(name, target.split("#")[0]) for name, target in found if not re.match("https?://|#", target)]


@pytest.mark.parametrize("names", [ALL, FEW], ids=["all", "few"])
def test_no_link_leads_nowhere(names):
    files = made(names)
    links = links_of(files)
    assert len(links) > 100
    for page, target in links:
        place = posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
        assert place in files or any(name.startswith(f"{place}/") for name in files), (page, target)


def test_what_was_a_link_is_still_said():
    files = made(FEW)
    assert "| 07 ratios | 60 | 3 |" in text(files, "README.md")
    assert "| [06 minibatches](notebooks/06_minibatches.ipynb) | 70 | 4 |" in text(files, "README.md")
    cells = "".join("".join(cell["source"]) for cell in json.loads(files["notebooks/05_detaching.ipynb"])["cells"])
    assert "You need: 04." in cells.replace("lesson ", "") or re.search(r"You need: (lesson )?0\d", cells)
    assert "Next: 1.1 who_acts_next in lesson 01." in text(files, "notebooks/00_start_here.ipynb")


def test_code_is_no_link():
    there = {"a.md"}
    said = "[a](a.md#x) [b](README.md) ![c](README.md) x[i](y.z) [d](https://e.f) [e](docs) [f](ppo_lessons#x)"
    kept = "[a](a.md#x) b ![c](README.md) x[i](y.z) [d](https://e.f) e f"
    assert without_dead_links(said, "", there) == kept
    assert without_dead_links("[up](../README.md) [lo\n# ng](../docs/map.md)", "docs", there) == "up lo\n# ng"


def test_a_notebook_is_still_that_of_its_source():
    """So that who builds it again, or hands it out again, finds the same."""
    files = made(FEW)
    for name in FEW:
        built = nbformat.reads(text(files, f"notebooks/{name}.ipynb"), as_version=4)
        fresh = build.notebook_of(text(files, f"notebooks/source/{name}.py"))
        assert [(cell.id, cell.source) for cell in built.cells] == [(cell.id, cell.source) for cell in fresh.cells]
        code = [cell.source for cell in read_lesson(name).cells if cell.cell_type == "code"]
        assert [cell.source for cell in built.cells if cell.cell_type == "code"] == code


def test_it_says_how_to_begin_and_what_is_missing():
    for line in ("lessons 00 to 18.", "python start.py  ", "python start.py test", "notebooks/my_ppo.py"):
        assert line in text(made(), START)
    assert "Not in this" not in text(made(), START) and "without solutions" not in text(made(), START)
    few = text(made(FEW, True), START)
    assert "lessons 00, 05 to 06." in few and "Not in this handout: lessons 01 to 04, 07 to 18." in few
    assert "This handout comes without solutions" in few
    assert max(len(line) for line in few.splitlines()) <= 120


def test_without_solutions_only_python_of_the_package_differs():
    plain, sealed = made(FEW), made(FEW, True)
    assert plain.keys() == sealed.keys()
    differ = {name for name in plain if plain[name] != sealed[name]} - {START}
    assert all(name.startswith("ppo_lessons/") and name.endswith(".py") for name in differ) and len(differ) > 60
    assert b"clamp(1 - clip_eps" in plain["ppo_lessons/losses.py"]
    assert b"clamp(1 - clip_eps" not in sealed["ppo_lessons/losses.py"]


def test_a_zip_tells_nothing_of_who_made_it():
    data = zipped(made(FEW))
    assert data == zipped(dict(reversed(made(FEW).items())))
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        entries = archive.infolist()
        assert archive.testzip() is None
    assert [entry.filename for entry in entries] == sorted(f"ppo_lessons/{name}" for name in made(FEW))
    assert {entry.date_time for entry in entries} == {(1980, 1, 1, 0, 0, 0)}
    assert {(entry.create_system, entry.external_attr >> 16, entry.compress_type) for entry in entries} == {
        (3, 0o100644, zipfile.ZIP_DEFLATED)
    }
    assert not any(entry.extra or entry.comment for entry in entries)


@pytest.fixture
def somebodys_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A course that was worked in."""
    wanted = ("README.md", "start.py", "docs/map.md", "ppo_lessons/losses.py", "ppo_lessons/classroom/my_ppo.py",
              "ppo_lessons/shipped/data/atlas.npz", "jupyter/share/page.json")  # fmt: skip
    others = (".venv/lib/x.py", "build/a.md", "class.csv", "docs/.ipynb_checkpoints/map.md", "docs/class.csv",
              "ppo_lessons/__pycache__/losses.cpython-311.pyc", "ppo_lessons/.ruff_cache/a.json", "notebooks/my_ppo.py",
              "notebooks/.progress.jsonl", "notebooks/01_rollout.ipynb", "my_worlds/room.py", ".git_no/config.py",
              "ppo_lessons/shipped/data/runs.parts/1.npz", "tests/test_house.py", "x.egg-info/a.py")  # fmt: skip
    for name in wanted + others:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(name)
    monkeypatch.setattr(handout, "ROOT", tmp_path)
    (tmp_path / "wanted.txt").write_text("\n".join(sorted(wanted)))
    return tmp_path


def test_what_learners_and_tools_leave_behind_is_left_out(somebodys_folder: Path):
    assert files_of_the_course() == ((somebodys_folder / "wanted.txt").read_text().split("\n"), [])


@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_of_a_checkout_only_what_git_keeps_is_handed_out(somebodys_folder: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.undo()
    monkeypatch.setattr(handout, "ROOT", somebodys_folder)
    wanted = (somebodys_folder / "wanted.txt").read_text().split("\n")
    assert files_of_the_course() == (wanted, []), "no checkout"
    for command in (["init", "-q"], ["add", "--force", *wanted[1:]]):
        subprocess.run(["git", *command], cwd=somebodys_folder, check=True, capture_output=True)
    assert files_of_the_course() == (wanted[1:], wanted[:1])
    inside = somebodys_folder / "docs"
    monkeypatch.setattr(handout, "ROOT", inside)
    (inside / "docs").mkdir()
    (inside / "docs" / "new.md").write_text("in a folder of a checkout, which is none itself")
    assert files_of_the_course() == (["docs/new.md"], [])


def test_what_is_left_out_is_said(monkeypatch: pytest.MonkeyPatch):
    kept = {name for name in made(FEW) if not name.startswith("docs/")}
    monkeypatch.setattr(handout, "_kept_by_git", lambda: kept)
    files, remarks = contents(FEW, without_solutions=False)
    assert files.keys() == kept
    assert remarks[0].startswith("Left out, as git does not keep it: docs/coefficient_lab.png, docs/doctor.md, ")
    assert remarks[0].endswith(" more")


def test_only_an_older_handout_is_replaced(tmp_path: Path):
    path = tmp_path / "new" / "folder" / "a.zip"
    put(zipped({START: b"1"}), path)
    put(zipped({START: b"2"}), path)
    assert zipfile.ZipFile(path).read(f"ppo_lessons/{START}") == b"2"
    for other in (b"no zip", zipped({"README.md": b"another"})):
        path.write_bytes(other)
        with pytest.raises(FileExistsError, match=r"a\.zip is no handout of an earlier time, and is left as it is"):
            put(zipped({START: b"3"}), path)
        assert path.read_bytes() == other


def run_main(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    monkeypatch.setattr(sys, "argv", ["handout", *arguments])
    handout.main()


def test_the_zip_lies_where_it_was_asked_for_and_is_named_after_what_is_in_it(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("PPO_LESSONS_CALLED_FROM", str(tmp_path))
    monkeypatch.setattr(handout, "contents", lambda names, without_solutions: ({START: b""}, ["Something."]))
    run_main(monkeypatch, "class")
    run_main(monkeypatch, "class", "--lessons", "1, 3-5", "--without-solutions")
    run_main(monkeypatch, "class/own.zip", "--lessons", "0-18")
    run_main(monkeypatch, ".", "--lessons", "1-18")
    names = sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.zip"))
    assert names == ["class/own.zip", "class/ppo_lessons.zip", "class/ppo_lessons_1_3-5_without_solutions.zip",
                     "ppo_lessons.zip"]  # fmt: skip
    said = capsys.readouterr().out
    assert "4 lessons" not in said and "5 lessons" in said and said.count("Something.") == 4
    assert said.count("stops nobody who looks for one") == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["out", "--lessons", "9-2"], "such as 1-7"),
        (["out", "--lessons", "99"], "There is no lesson 99"),
        (["file.txt"], r"OUT is a folder, or a file that ends in .zip. Got the file .*file\.txt"),
        (["taken.zip"], "is no handout of an earlier time"),
    ],
)
def test_what_cannot_be_is_refused_in_one_sentence(arguments, words, tmp_path, monkeypatch):
    monkeypatch.setenv("PPO_LESSONS_CALLED_FROM", str(tmp_path))
    monkeypatch.setattr(handout, "contents", lambda names, without_solutions: ({START: b""}, []))
    for name in ("file.txt", "taken.zip"):
        (tmp_path / name).write_text("mine")
    with pytest.raises(SystemExit, match=words):
        run_main(monkeypatch, *arguments)
    assert (tmp_path / arguments[0]).exists() == (arguments[0] != "out")


def unpacked(folder: Path, names: tuple[str, ...], without_solutions: bool) -> Path:
    zipfile.ZipFile(io.BytesIO(zipped(made(names, without_solutions)))).extractall(folder)
    return folder / "ppo_lessons"


def run_there(course: Path, *arguments: str, **more: str) -> str:
    environment = {**os.environ, "PYTHONPATH": str(course), "OMP_NUM_THREADS": "1", "PYTEST_ADDOPTS": "", **more}
    command = [sys.executable, "-m", *arguments]
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, timeout=900)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


@pytest.mark.slow
@pytest.mark.parametrize("without_solutions", [False, True], ids=["solutions", "without"])
def test_an_unpacked_handout_makes_the_same_handout(without_solutions: bool, tmp_path: Path):
    """Elsewhere, later, with other rights, in another language: and not one byte differs."""
    course = unpacked(tmp_path / "elsewhere", FEW, without_solutions)
    for path in course.rglob("*"):
        os.utime(path, (time.time() - 1e8, time.time() - 1e8))
        path.chmod(0o700)
    more = {"LC_ALL": "C", "TZ": "Asia/Tokyo", "PYTHONUTF8": "0", "PPO_LESSONS_CALLED_FROM": str(tmp_path)}
    flags = ["--without-solutions"] if without_solutions else []
    before = os.umask(0o077)
    try:
        run_there(course, "ppo_lessons.teaching.handing_out.handout", "again.zip", *flags, **more)
    finally:
        os.umask(before)
    again = zipfile.ZipFile(tmp_path / "again.zip")
    files = made(FEW, without_solutions)
    assert set(again.namelist()) == {f"ppo_lessons/{name}" for name in files}
    differ = [name for name in files if again.read(f"ppo_lessons/{name}") != files[name]]
    assert differ == [START], "of what was left out before, it does not know"
    assert b"Not in this handout" not in again.read(f"ppo_lessons/{START}")


@pytest.mark.slow
def test_made_elsewhere_it_is_the_same_byte_for_byte(tmp_path: Path):
    course = unpacked(tmp_path / "elsewhere", ALL, False)
    more = {"LC_ALL": "C", "PYTHONUTF8": "0", "PPO_LESSONS_CALLED_FROM": str(tmp_path)}
    run_there(course, "ppo_lessons.teaching.handing_out.handout", "again.zip", **more)
    assert (tmp_path / "again.zip").read_bytes() == zipped(made())


SHOW = """
import sys
import nbformat
from ppo_lessons.publishing.build import NOTEBOOKS, execute

for cell in execute(nbformat.read(NOTEBOOKS / f"{sys.argv[1]}.ipynb", 4)).cells:
    print(*(output.get("text", "") for output in cell.get("outputs", [])))
"""


@pytest.mark.slow
def test_its_own_tests_run_there_blank_and_filled_in(tmp_path: Path):
    """Without solutions, with a learner's notebook that is right and one that is wrong."""
    from tests.answers import right_cell, wrong_cell

    name = "05_detaching"
    course = unpacked(tmp_path, ("00_start_here", name), True)
    path = course / "notebooks" / f"{name}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    right, wrong = (cell for cell in notebook.cells if exercise_of(cell))
    right.source, wrong.source = right_cell(exercise_of(right)), wrong_cell(exercise_of(wrong))
    notebook.cells.append(nbformat.v4.new_code_cell('solution("5.1")'))
    write(notebook, path)
    assert "3 passed" in run_there(course, "pytest", "-q", "-p", "no:cacheprovider")
    assert nbformat.read(path, as_version=4) == notebook, "no file is changed"
    assert not (course / "notebooks" / "my_ppo.py").exists()
    (course / "show.py").write_text(SHOW)
    printed = run_there(course, "show", name).replace("\n  ", " ")
    assert re.findall(r"^ ?(\S) 5\.\d", printed, flags=re.MULTILINE) == ["✔", "✘"]
    assert "✘ 5.2 reached_by_gradient: not yet. It looks like" in printed and WITHOUT_SOLUTIONS in printed


@pytest.mark.slow
def test_a_broken_lesson_turns_its_test_red(tmp_path: Path):
    course = unpacked(tmp_path, ("00_start_here",), False)
    path = course / "notebooks" / "00_start_here.ipynb"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("1 / 0")])
    write(notebook, path)
    environment = {**os.environ, "PYTHONPATH": str(course), "PYTEST_ADDOPTS": ""}
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    done = subprocess.run(command, cwd=course, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 1 and "ZeroDivisionError" in done.stdout and "1 failed, 1 passed" in done.stdout

"""The lessons as an nbgrader course: what is in it, and the real nbgrader handing out, collecting and grading it."""

import copy
import csv
import json
import os
import re
import subprocess
import sys
import urllib.request
import zipfile
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

from benchmarks.browser import jupyter_lab
from ppo_lessons.classroom.desk import solution_source
from ppo_lessons.classroom.exercise import Exercise
from ppo_lessons.lessons import EXERCISES, PAPERS
from ppo_lessons.publishing.build import exercise_of, lessons, paper_of, read_lesson
from ppo_lessons.teaching.for_nbgrader.course import assignment, grade_id, main, points_in, write_course
from tests.answers import WITH_EXERCISES, refusal, right_cell, wrong_cell

LESSON = "04_policy_gradient"
"""Has exercises of both kinds."""
WITH_POINTS = sorted({*WITH_EXERCISES, *(name for name in lessons() if any(map(paper_of, read_lesson(name).cells)))})


def mark(cell: NotebookNode) -> dict:
    return cell.metadata.get("nbgrader", {})


def asked_in(notebook: NotebookNode) -> list:
    """What the cells of a notebook ask for, in order, each with its place."""
    found = [(place, exercise_of(cell) or paper_of(cell)) for place, cell in enumerate(notebook.cells)]
    return [(place, asked) for place, asked in found if asked]


@pytest.fixture(scope="module", params=WITH_POINTS)
def source(request) -> NotebookNode:
    return assignment(request.param)


def test_behind_each_answer_stands_its_test_and_before_the_check(source):
    cells = source.cells
    answers = [place for place, cell in enumerate(cells) if mark(cell).get("solution")]
    tests = [place for place, cell in enumerate(cells) if mark(cell).get("grade")]
    assert tests == [place + 1 for place in answers]
    for place in answers:
        name = re.search(r"^def (\w+)\(", cells[place].source, flags=re.MULTILINE)
        if "exercise" in cells[place].metadata.tags:
            called = re.search(r'trouble_with\("[\d.]+", (\w+)\)', cells[place + 1].source)[1]
            assert called in cells[place].source and name
            assert f"{called} = check({called})" in cells[place + 2].source


def test_every_cell_of_nbgraders_says_what_it_is(source):
    marked = [cell for cell in source.cells if mark(cell)]
    for cell in marked:
        assert mark(cell)["locked"] == mark(cell)["grade"] != mark(cell)["solution"]
        assert ("points" in mark(cell)) == mark(cell)["grade"]
    names = [mark(cell)["grade_id"] for cell in marked]
    assert len({*names}) == len(names)
    ids = [cell.id for cell in source.cells]
    assert len({*ids}) == len(ids)
    nbformat.validate(source)


def test_nothing_but_its_blank_is_seen_of_a_test(source):
    tests = [cell.source for cell in source.cells if mark(cell).get("grade")]
    for text in tests:
        first, begin, *hidden, end = text.split("\n")
        assert re.fullmatch(r"# Exercise [\d.]+ is graded here: (1 point|[23] points)\.", first)
        assert (begin, end) == ("### BEGIN HIDDEN TESTS", "### END HIDDEN TESTS") and len(hidden) == 4


def test_all_exercises_are_in_the_course():
    found = [mark(cell) for name in WITH_POINTS for cell in assignment(name).cells if mark(cell).get("grade")]
    wanted = {grade_id(asked): asked.points for asked in (*EXERCISES, *PAPERS)}
    assert {each["grade_id"]: each["points"] for each in found} == wanted
    assert wanted["exercise-7-2"] == 1
    assert [points_in(assignment(name)) for name in lessons() if name not in WITH_POINTS] == [0, 0, 0]


def test_links_to_lessons_lead_on_from_a_folder_beside_them(source):
    text = "\n".join(cell.source for cell in source.cells if cell.cell_type == "markdown")
    targets = re.findall(r"\]\(([^)#:]+\.(?:ipynb|md|py))", text)
    assert targets and all((Path("notebooks") / target).exists() for target in targets)
    assert all(target.startswith("../") for target in targets)


def test_the_course_is_written_once(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("PPO_LESSONS_CALLED_FROM", str(tmp_path))
    assert main(["course", "--lessons", "0,7-8"]) == 0
    files = {path.relative_to(tmp_path / "course").as_posix() for path in (tmp_path / "course").rglob("*.*")}
    sources = {f"source/{name}/{name}.ipynb" for name in ("07_ratios", "08_clipping")}
    assert files == {"README.md", "nbgrader_config.py", *sources}
    said = capsys.readouterr().out
    assert "2 assignments with 10 points" in said and "README.md" in said
    assert main(["course"]) == 2
    assert "A course is written into a new folder" in capsys.readouterr().err
    assert main(["other", "--lessons", "0"]) == 2
    assert "An assignment is a lesson with exercises. Got 00_start_here" in capsys.readouterr().err
    assert main(["other", "--lessons", "seven"]) == 2
    assert "Got 'seven'" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


def test_a_course_without_solutions_makes_none(tmp_path, monkeypatch):
    monkeypatch.setattr("ppo_lessons.teaching.for_nbgrader.course.is_sealed_course", lambda: True)
    with pytest.raises(ValueError, match="came without solutions"):
        write_course(tmp_path / "course", [LESSON])


# The real nbgrader


def nbgrader(course: Path, *words: str, code: int = 0) -> str:
    """Run it as a teacher does, without an activated environment; gives what it said."""
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "PPO_LESSONS_HOME": str(course / "the teacher's own")}
    for name in ("CONFIG", "DATA", "RUNTIME"):
        variables[f"JUPYTER_{name}_DIR"] = str(course / "settings" / name)
    program = Path(sys.executable).with_name("nbgrader")
    done = subprocess.run([program, *words], cwd=course, env=variables, capture_output=True, text=True)
    assert done.returncode == code, done.stderr
    return done.stdout + done.stderr


def shortened(path: Path) -> None:
    """Leave of an assignment what has to do with its exercises, so that a class is graded in a minute."""
    notebook = nbformat.read(path, as_version=4)
    kept = [cell for cell in notebook.cells if mark(cell) or re.search(r"welcome\(\)|= check\(", cell.source)]
    notebook.cells = [cell for cell in kept if cell.cell_type == "code"]
    nbformat.write(notebook, path)


def filled(notebook: NotebookNode, function, answer) -> NotebookNode:
    """A copy with answers: of an exercise its new source, of what is on paper what is put for the dots."""
    own = copy.deepcopy(notebook)
    for place, asked in asked_in(own):
        cell = own.cells[place]
        if isinstance(asked, Exercise):
            cell.source = function(asked)
        else:
            cell.source = cell.source.replace("answer = ...", f"answer = {answer(asked)!r}")
    return own


def right(notebook: NotebookNode) -> NotebookNode:
    return filled(notebook, solution_source, lambda paper: paper.right)


def wrong(notebook: NotebookNode) -> NotebookNode:
    return filled(notebook, wrong_cell, lambda paper: next(iter(paper.mistakes)))


def with_more(notebook: NotebookNode, code: str) -> NotebookNode:
    """With a cell of the student's own at its beginning."""
    notebook.cells.insert(0, new_code_cell(code))
    return notebook


def without(notebook: NotebookNode, *names: str) -> NotebookNode:
    notebook.cells = [cell for cell in notebook.cells if mark(cell).get("grade_id") not in names]
    return notebook


def noisy(exercise: Exercise) -> str:
    """A right answer, not the package's, that prints and warns whenever it is called."""
    lines = right_cell(exercise).split("\n")
    start = next(place for place, line in enumerate(lines) if line.startswith(f"def {exercise.name}("))
    shouts = "import sys, warnings; print('out'); print('err', file=sys.stderr); warnings.warn('oh')"
    return "\n".join([*lines[: start + 1], f"    {shouts}", *lines[start + 1 :]])


def split(notebook: NotebookNode) -> NotebookNode:
    """Every cell is cut, as JupyterLab does it: both halves have the marks. And another nbgrader has been at them."""
    cells = []
    for cell in notebook.cells:
        if mark(cell):
            cell.metadata.nbgrader.schema_version = 99
            cells.append(new_code_cell("# my own remark", metadata=copy.deepcopy(cell.metadata)))
        cells.append(cell)
    notebook.cells = cells
    return notebook


REPLACES = """import torch
torch.allclose = torch.equal = lambda *args, **options: True
torch.isclose = lambda got, want, **options: torch.ones_like(got, dtype=torch.bool)"""
FIRST = ("exercise-4-1-answer", "exercise-4-1")
TESTS = tuple(grade_id(asked) for asked in (*EXERCISES, *PAPERS) if asked.number.startswith("4."))
ALL = sum(asked.points for asked in (*EXERCISES, *PAPERS) if asked.number.startswith("4."))
CLASS = {
    "solved": (right, ALL),
    "otherwise": (lambda blank: filled(blank, noisy, lambda paper: f" {paper.right} "), ALL),
    "Anna Schmidt": (wrong, 0),
    "blank": (copy.deepcopy, 0),
    "replaces": (lambda blank: with_more(wrong(blank), REPLACES), 0),
    "deletes tests": (lambda blank: without(right(blank), *TESTS), ALL),
    "deletes 4.1": (lambda blank: without(right(blank), *FIRST), ALL - 1),
    "splits": (lambda blank: split(right(blank)), ALL),
    "endless": (lambda blank: with_more(right(blank), "import time\nwhile True:\n    time.sleep(1)"), ALL),
    "dies": (lambda blank: with_more(right(blank), "import os\nos._exit(1)"), None),
}
"""Student -> what is done with the blank notebook, and the points; None for whoever cannot be graded."""


def as_platforms_zip(path: Path, notebooks: dict[str, str]) -> None:
    """Write a zip such as Moodle makes of what a class has handed in, and what macOS and Jupyter leave in it."""
    with zipfile.ZipFile(path, "w") as archive:
        for number, (student, text) in enumerate(notebooks.items(), start=1000):
            folder = f"{student}_{number}_assignsubmission_file"
            archive.writestr(f"{folder}/{LESSON}.ipynb", text)
            archive.writestr(f"{folder}/.ipynb_checkpoints/{LESSON}-checkpoint.ipynb", "{}")
            archive.writestr(f"__MACOSX/{folder}/._{LESSON}.ipynb", "\0")
            archive.writestr(f"{folder}/torch.py", "raise RuntimeError('not the real torch')")


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    """A course of two lessons, handed out."""
    folder = tmp_path_factory.mktemp("of a teacher") / "course"
    write_course(folder, [LESSON, "07_ratios"])
    shortened(folder / "source" / LESSON / f"{LESSON}.ipynb")
    for left_by_a_run in ("my_ppo.py", ".progress.jsonl"):  # nbgrader's generate_solution is one
        (folder / "source" / LESSON / left_by_a_run).write_text("solutions")
    with (folder / "nbgrader_config.py").open("a") as settings:
        settings.write("\nc.Execute.timeout = 15  # for the test\n")
    for name in (LESSON, "07_ratios"):
        nbgrader(folder, "generate_assignment", name)
    return folder


@pytest.fixture(scope="module")
def graded(course) -> dict:
    """A class that was collected and graded; gives what nbgrader said, and the table of grades."""
    blank = nbformat.read(course / "release" / LESSON / f"{LESSON}.ipynb", as_version=4)
    texts = {student: nbformat.writes(change(blank)) for student, (change, _) in CLASS.items()}
    texts["torn"] = texts["solved"][:1000]
    archive = course / "downloaded" / LESSON / "archive"
    archive.mkdir(parents=True)
    as_platforms_zip(archive / "Lesson 4-04_policy_gradient-1234.zip", texts)
    collected = nbgrader(course, "zip_collect", LESSON)
    said = nbgrader(course, "autograde", LESSON, code=1)
    nbgrader(course, "export")
    with (course / "grades.csv").open(encoding="utf-8") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file) if row["assignment"] == LESSON}
    return {"collected": collected, "said": said, "rows": rows}


@pytest.mark.slow
@pytest.mark.parametrize("name", [LESSON, "07_ratios"])
def test_what_is_handed_out_is_the_lesson_with_its_own_blanks(course, name):
    released = nbformat.read(course / "release" / name / f"{name}.ipynb", as_version=4)
    blanks = [cell.source for place, _ in asked_in(read_lesson(name)) for cell in [read_lesson(name).cells[place]]]
    assert [released.cells[place].source for place, _ in asked_in(released)] == blanks
    text = nbformat.writes(released)
    assert not re.search(r"BEGIN|END SOLUTION|HIDDEN|trouble|hidden_tests", text)
    assert not any(solution_source(exercise)[-60:] in text for exercise in EXERCISES)
    assert [path.name for path in (course / "release" / name).iterdir()] == [f"{name}.ipynb"]
    if name != LESSON:  # whole
        own = [cell.source for cell in released.cells if not mark(cell).get("grade")]
        lesson = [cell.source for cell in read_lesson(name).cells]
        assert [text.replace("](../notebooks/", "](") for text in own] == lesson


@pytest.mark.slow
def test_everybody_is_collected_and_nothing_else(course, graded):
    folders = {
        path.name: [file.name for file in (path / LESSON).iterdir()] for path in (course / "submitted").iterdir()
    }
    assert folders == {student: [f"{LESSON}.ipynb"] for student in (*CLASS, "torn")}


@pytest.mark.slow
@pytest.mark.parametrize("student", CLASS)
def test_everybody_gets_their_points(graded, student):
    row, points = graded["rows"][student], CLASS[student][1]
    assert (float(row["score"] or 0), float(row["max_score"])) == (points or 0, ALL)


@pytest.mark.slow
def test_who_could_not_be_graded_is_named_and_stops_nobody(course, graded):
    failed = set(re.findall(r"There was an error processing assignment '\w+' for student '([^']+)'", graded["said"]))
    assert failed == {"dies", "torn"}
    runs = {path.parents[1].name for path in (course / "autograded").glob(f"*/{LESSON}/{LESSON}.ipynb")}
    assert runs == CLASS.keys() - failed


@pytest.mark.slow
def test_what_passes_is_collected_in_the_students_folder_alone(course, graded):
    assert not (course / "the teacher's own").exists()
    assert (course / "autograded" / "solved" / LESSON / "my_ppo.py").exists()
    assert not (course / "autograded" / "blank" / LESSON / "my_ppo.py").exists()


def read_page(course: Path, student: str) -> str:
    """The feedback of a student as text."""
    text = (course / "feedback" / student / LESSON / f"{LESSON}.html").read_text(encoding="utf-8")
    text = re.sub(r"<[^>]+>", "", text)
    for name, letter in {"&#39;": "'", "&quot;": '"', "&lt;": "<", "&gt;": ">", "&amp;": "&"}.items():
        text = text.replace(name, letter)
    return text


@pytest.mark.slow
def test_the_feedback_names_the_mistake(course, graded):
    nbgrader(course, "generate_feedback", LESSON)
    page = read_page(course, "Anna Schmidt")
    for exercise in EXERCISES:
        if exercise.number.startswith("4."):
            sentence = refusal(exercise).split(": ", 1)[1]
            assert f"AssertionError: {sentence}" in page
    for paper in PAPERS:
        if paper.number.startswith("4."):
            assert f"AssertionError: not yet. {next(iter(paper.mistakes.values()))}" in page
    assert "AssertionError: still blank" in read_page(course, "blank")
    assert "AssertionError" not in read_page(course, "solved")
    assert str(Path(nbformat.__file__).parents[1]) not in page and str(Path.cwd()) not in page
    assert "In this notebook wrong answers count as right" in read_page(course, "replaces")


@pytest.mark.slow
def test_a_whole_lesson_is_graded(course):
    name = "07_ratios"
    blank = nbformat.read(course / "release" / name / f"{name}.ipynb", as_version=4)
    for student, notebook in {"solved": right(blank), "blank": blank}.items():
        folder = course / "submitted" / student / name
        folder.mkdir(parents=True)
        nbformat.write(notebook, folder / f"{name}.ipynb")
    nbgrader(course, "autograde", name)
    for student, failed in {"solved": [], "blank": ["exercise-7-1", "exercise-7-2", "exercise-7-3"]}.items():
        run = nbformat.read(course / "autograded" / student / name / f"{name}.ipynb", as_version=4)
        outputs = [(cell, output) for cell in run.cells for output in cell.get("outputs", [])]
        assert [mark(cell)["grade_id"] for cell, output in outputs if output.output_type == "error"] == failed
        assert not [output for _, output in outputs if output.get("name") == "stderr"]


# What learners see of it


@pytest.mark.slow
@pytest.mark.parametrize("projector", [False, True])
def test_in_the_learners_jupyterlab_nothing_is_seen_of_nbgrader(tmp_path, projector):
    with jupyter_lab(tmp_path, projector) as address:
        page = urllib.request.urlopen(f"{address}/lab").read().decode()
        found = re.search(r'id="jupyter-config-data" type="application/json">(.*?)</script>', page, flags=re.DOTALL)
    own = {
        "ppo_lessons",
        "jupyterlab_pygments",
        "jupyterlab-jupytext",
        "anywidget",
        "@jupyter-widgets/jupyterlab-manager",
    }
    settings = json.loads(found[1])
    assert settings["ppoLessons"] == ("projector" if projector else "course")
    assert {each["name"] for each in settings["federated_extensions"]} - {*settings["disabledExtensions"]} == own
    loaded = set(re.findall(r"\] (\S+) \| extension was successfully loaded", (tmp_path / "log").read_text()))
    assert loaded == {"notebook_shim", "jupyter_lsp", "jupyter_server_terminals", "jupyterlab", "jupyterlab_jupytext"}

"""Every notebook: fresh, quiet, readable, and running from top to bottom, blank and solved."""

import json
import os
import re
import subprocess
import sys
import tempfile
from html import unescape
from pathlib import Path

import nbformat
import pytest

from ppo_lessons.lessons import EXERCISES
from ppo_lessons.publishing.build import NOTEBOOKS, execute, exercise_of, is_stale, lessons, read_lesson, write

REPOSITORY = NOTEBOOKS.parent
SANITIZE = REPOSITORY / "tests" / "notebooks" / "nbval.cfg"
LESSONS = lessons()
BUILT = {name: NOTEBOOKS / f"{name}.ipynb" for name in LESSONS}


def nbval(*paths: Path) -> subprocess.CompletedProcess[str]:
    """Run strict nbval on notebooks as a teacher's CI would, with a reader's progress and functions beside them."""
    command = [sys.executable, "-m", "pytest", "--nbval", "--nbval-current-env", "--nbval-cell-timeout=120"]
    command += [
        f"--nbval-sanitize-with={REPOSITORY / 'tests' / 'notebooks' / 'nbval.cfg'}",
        "-p",
        "no:cacheprovider",
        "-q",
        "-rfEp",
        "--no-header",
        *map(str, paths),
    ]
    environment = {**os.environ, "PYTEST_ADDOPTS": "", "OMP_NUM_THREADS": "1"}
    with tempfile.TemporaryDirectory() as readers_home:
        environment["PPO_LESSONS_HOME"] = readers_home
        (Path(readers_home) / ".progress.jsonl").write_text('{"exercise": "10.3", "state": "passed"}\n')
        (Path(readers_home) / "my_ppo.py").write_text(MINE)
        return subprocess.run(command, capture_output=True, text=True, cwd=REPOSITORY, env=environment, timeout=3000)


MINE = """
def total_loss(actor_loss, critic_loss, entropy, vf_coef, ent_coef):
    return actor_loss + vf_coef * critic_loss - ent_coef * entropy
"""


def code_cells(name: str) -> list[nbformat.NotebookNode]:
    return [cell for cell in nbformat.read(BUILT[name], as_version=4).cells if cell.cell_type == "code"]


def test_there_are_lessons():
    assert {"00_start_here", "01_rollout", "11_full_update", "12_team_training"} <= set(LESSONS)


@pytest.mark.parametrize("name", LESSONS)
def test_notebook_is_not_stale(name: str):
    assert not is_stale(name), "Run `python start.py notebooks`: the notebook is older than its source"


@pytest.mark.parametrize("name", LESSONS)
def test_stored_notebook_is_run_quiet_and_small(name: str):
    text = BUILT[name].read_text(encoding="utf-8")
    notebook = json.loads(text)
    assert "widgets" not in notebook["metadata"]
    assert len(text) < 1_500_000
    for number, cell in enumerate(code_cells(name), start=1):
        assert cell.execution_count == number
        assert not any(output.output_type == "error" for output in cell.outputs)
        assert not any(output.get("name") == "stderr" for output in cell.outputs), cell.outputs
        assert "execution" not in cell.metadata


@pytest.mark.parametrize("name", LESSONS)
def test_nothing_is_hidden_from_nbval(name: str):
    """A notebook of pictures alone is compared on nothing: most code cells print a digest, none opts out."""
    cells = code_cells(name)
    assert not any("nbval" in tag for cell in cells for tag in cell.metadata.get("tags", []))
    assert not any("NBVAL" in cell.source for cell in cells)
    compared = [
        cell
        for cell in cells
        if any(output.get("text") or "text/plain" in output.get("data", {}) for output in cell.outputs)
    ]
    assert len(compared) >= len(cells) / 2


@pytest.mark.parametrize("name", LESSONS)
def test_every_picture_says_what_it_shows(name: str):
    """Readable without a kernel, and by someone who does not see the picture."""
    bundles = [output.data for cell in code_cells(name) for output in cell.outputs if "data" in output]
    for data in bundles:
        assert set(data) == {"text/html", "text/plain"}
        for alt in re.findall(r"<img [^>]*?alt=\"([^\"]*)\"", data["text/html"]):
            assert len(alt) > 15
            assert unescape(alt) == data["text/plain"] or 'class="ppo-progress"' in data["text/html"]
        assert data["text/html"].count("<img") == data["text/html"].count(" alt=")
    assert any("<img" in data["text/html"] for data in bundles)


@pytest.mark.parametrize("name", LESSONS)
def test_code_has_at_most_80_columns(name: str):
    """In a window of 1024 pixels, and from the last row."""
    code = [line for cell in read_lesson(name).cells if cell.cell_type == "code" for line in cell.source.splitlines()]
    assert not [line for line in code if len(line) > 80]


@pytest.mark.parametrize("name", LESSONS)
def test_printed_lines_have_at_most_72_columns(name: str):
    outputs = [output for cell in code_cells(name) for output in cell.outputs]
    printed = [output.get("text", "") for output in outputs]
    tables = [o.data["text/plain"] for o in outputs if "data" in o and "<img" not in o.data["text/html"]]
    lines = "\n".join([*printed, *tables]).splitlines()
    assert not [line for line in lines if len(line) > 72]


@pytest.mark.parametrize("name", LESSONS)
def test_cells_are_short(name: str):
    notebook = read_lesson(name)
    for cell in notebook.cells:
        lines = [line for line in cell.source.splitlines() if line.strip()]
        if cell.cell_type == "code":
            assert len(lines) <= 20, cell.source
        elif "|" not in cell.source and "```" not in cell.source and "<details>" not in cell.source:
            assert len(cell.source.split()) <= 110, cell.source
    assert 15 <= len(notebook.cells) <= 50


MENTION = re.compile(r"(?:\[([^\]]*)\]\((?:notebooks/)?(\d\d)_\w+\.ipynb\))|\b[Ll]essons? \d+")


@pytest.mark.parametrize("page", [*sorted((NOTEBOOKS / "source").glob("*.py")), *REPOSITORY.glob("R*.md")], ids=str)
def test_a_lesson_is_named_by_a_link_with_its_number(page: Path):
    """Lessons move: a number that stands in a sentence goes stale, one in a link is held against its file here."""
    for mention in MENTION.finditer(page.read_text(encoding="utf-8")):
        label, number = mention.groups()
        assert number, f"{mention.group()} must be a link"
        named = re.match(r"(?:[Ll]esson )?(\d+)\b", label)
        assert named is None or int(named.group(1)) == int(number), mention.group()


def test_no_code_says_the_number_of_a_lesson():
    files = [path for part in ("ppo_lessons", "tests", "benchmarks") for path in (REPOSITORY / part).rglob("*.py")]
    stale = re.compile(r"(?:[Ll]essons? \d|[Ee]xercise \d+\.\d)")
    kept = {"test_my_ppo.py", "test_progress.py", "test_notebooks.py", "own_file.py"}  # what is shown to a learner
    kept |= {"test_teaching_page.py", "test_lesson_pages.py"}
    in_class = [path for path in files if "teaching" in path.parts]  # there a number is what somebody handed in
    found = [path.name for path in set(files) - set(in_class) if stale.search(path.read_text(encoding="utf-8"))]
    assert set(found) <= kept


@pytest.mark.parametrize("name", LESSONS)
def test_links_lead_somewhere(name: str):
    text = "\n".join(cell.source for cell in read_lesson(name).cells if cell.cell_type == "markdown")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        if not target.startswith("https://"):
            assert (NOTEBOOKS / target.split("#")[0]).exists(), target


@pytest.mark.parametrize("name", LESSONS)
def test_words_lead_to_their_place_in_the_glossary(name: str):
    text = "\n".join(cell.source for cell in read_lesson(name).cells if cell.cell_type == "markdown")
    anchors = re.findall(r"\(\.\./docs/glossary\.md(?:#([^)\s]+))?\)", text)
    headings = re.findall(r"^## (.+)$", (REPOSITORY / "docs" / "glossary.md").read_text("utf-8"), flags=re.MULTILINE)
    assert anchors
    assert set(filter(None, anchors)) <= {heading.lower().replace(" ", "-") for heading in headings}


def test_named_functions_behind_links_exist():
    """`losses.py` in a link named `value_loss` really holds value_loss."""
    for name in LESSONS:
        text = "\n".join(cell.source for cell in read_lesson(name).cells if cell.cell_type == "markdown")
        for label, target in re.findall(r"\[`([\w.]+)[^`]*`\]\(\.\./(ppo_lessons/\w+\.py)\)", text):
            source = (REPOSITORY / target).read_text(encoding="utf-8")
            last = label.split(".")[-1]
            assert re.search(rf"(def|class) {last}\b", source) or target.endswith(f"/{last}.py"), (label, target)


def test_every_exercise_stands_in_its_lesson():
    found = {}
    for name in LESSONS:
        for cell in read_lesson(name).cells:
            if (exercise := exercise_of(cell)) is not None:
                found[exercise.number] = name
    assert set(found) == {exercise.number for exercise in EXERCISES}
    assert all(int(number.split(".")[0]) == int(name[:2]) for number, name in found.items())


@pytest.fixture(scope="module")
def blank_run(request: pytest.FixtureRequest) -> subprocess.CompletedProcess[str]:
    """All blank notebooks that this session asks for: one nbval, which starts a kernel for each."""
    asked = {item.callspec.params["name"] for item in request.session.items if "blank_run" in item.fixturenames}
    return nbval(*(path for name, path in BUILT.items() if name in asked))


@pytest.mark.parametrize("name", LESSONS)
def test_blank_notebook_passes_strict_nbval(name: str, blank_run: subprocess.CompletedProcess[str]):
    passed = re.findall(rf"^PASSED \S*{name}\.ipynb::", blank_run.stdout, flags=re.MULTILINE)
    assert name + ".ipynb" not in red(blank_run) and len(passed) == len(code_cells(name)), blank_run.stdout[-6000:]


def red(run: subprocess.CompletedProcess[str]) -> set[str]:
    """The notebooks that failed, by name."""
    return set(re.findall(r"^FAILED (?:.*/)?(\S+?\.ipynb)", run.stdout, flags=re.MULTILINE))


def test_a_corrupted_output_turns_the_run_red(tmp_path: Path):
    notebook = nbformat.read(BUILT["01_rollout"], as_version=4)
    notebook.cells = notebook.cells[:8]
    write(notebook, tmp_path / "right.ipynb")
    outputs = [
        output
        for cell in notebook.cells
        for output in cell.get("outputs", [])
        if "(16, 4, 34)" in output.get("text", "")
    ]
    outputs[0]["text"] = outputs[0]["text"].replace("(16, 4, 34)", "(16, 4, 35)")
    write(notebook, tmp_path / "wrong.ipynb")
    run = nbval(tmp_path / "right.ipynb", tmp_path / "wrong.ipynb")
    assert red(run) == {"wrong.ipynb"} and "Cell outputs differ" in run.stdout


def test_numbers_of_a_note_are_not_compared_but_its_heads_are(tmp_path: Path):
    code = 'from ppo_lessons.display.tables import Note, Table\nNote(Table([["", "wins"], ["this team", "0.98"]]))'
    notebook = execute(nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(code)]))
    for place, (old, new) in enumerate((("0.98", "0.97"), ("this team", "that team"))):
        html = notebook.cells[0].outputs[0].data["text/html"]
        assert old in html
        notebook.cells[0].outputs[0].data["text/html"] = html.replace(old, new)
        write(notebook, tmp_path / f"{place}.ipynb")
    assert red(nbval(tmp_path / "0.ipynb", tmp_path / "1.ipynb")) == {"1.ipynb"}


def test_built_twice_is_the_same_byte_for_byte():
    """Building a lesson again that measures no time changes nothing on the same machine."""
    first, second = (nbformat.writes(execute(read_lesson("03_advantages"))) for _ in range(2))
    assert first == second

"""The learner's strip survives what happens to files."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from ppo_lessons.classroom import console, progress
from ppo_lessons.classroom.progress import note, progress_file, read_progress
from ppo_lessons.display.tables import Note
from ppo_lessons.lessons import EXERCISES, PAPERS, show_progress, welcome
from tests.answers import unfolded


@pytest.fixture(autouse=True)
def own_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PPO_LESSONS_HOME", str(tmp_path))
    return tmp_path


def test_nothing_tried_yet(capsys: pytest.CaptureFixture[str]):
    show_progress()
    strip = capsys.readouterr().out
    assert strip.count("□") == len(EXERCISES) + len(PAPERS) + 1 and f"0 of {len(EXERCISES)}" in strip
    assert not progress_file().exists(), "looking writes nothing"


def test_tried_then_passed_and_never_back(capsys: pytest.CaptureFixture[str]):
    note("11.2", "tried")
    assert read_progress() == {"11.2": "tried"}
    note("11.2", "passed")
    note("11.2", "tried")
    assert read_progress() == {"11.2": "passed"}
    assert len(progress_file().read_text().splitlines()) == 2, "what is known is not written again"
    show_progress()
    assert f"1 of {len(EXERCISES)}" in capsys.readouterr().out


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[Note]:
    """What a notebook beside a lesson shows."""
    notes: list[Note] = []
    monkeypatch.setattr(console, "get_ipython", lambda: object())
    monkeypatch.setattr(console, "display", notes.append)
    (tmp_path / "03_advantages.ipynb").touch()
    monkeypatch.chdir(tmp_path)
    return notes


def test_in_a_notebook_it_is_the_flowchart_with_what_comes_next_and_the_strip(shown: list[Note]):
    for number in ("1.1", "1.2", "1.3", "2.1", "2.2", "2.4", "3.1", "10.1"):
        note(number, "passed")
    note("3.2", "tried")
    show_progress()
    page = shown[-1].page
    assert "Boxes written: B. Begun: A, D, J." in re.search('alt="(.*?)"', page)[1]
    left = sum(exercise.minutes for exercise in EXERCISES if read_progress().get(exercise.number) != "passed")
    assert (
        f"8 of {len(EXERCISES)} functions written. Next: 10.2 entropy_bonus in lesson 10. About {left} minutes" in page
    )
    assert "<td>■◪□□</td>" in page
    numbers = [paper.number for paper in PAPERS]
    for lesson in {number.split(".")[0] for number in numbers}:
        of_lesson = sum(number.startswith(f"{lesson}.") for number in numbers)
        row = re.search(rf'<th scope="row">{lesson.zfill(2)}</th>(.*?)</tr>', page)[1]
        assert row.endswith(f"<td>{'□' * of_lesson}</td>"), "what is done on paper has a column of its own"
    assert "\n" not in page, "one line, which nbval.cfg leaves out"
    note("10.2", "passed"), note("10.3", "passed")
    for exercise in EXERCISES[EXERCISES.index(next(e for e in EXERCISES if e.number == "10.3")) :]:
        note(exercise.number, "passed")
    show_progress()
    assert "Next: 2.3 mean_over_acting in lesson 02" in shown[-1].page, "what was left out comes at the end"
    note("2.3", "passed"), note("2.5", "passed"), note("2.6", "passed")
    show_progress()
    assert (
        'Next: 3.2 next_values in <a style="text-decoration: underline" href="03_advantages.ipynb">lesson 03</a>'
        in shown[-1].page
    )
    for exercise in EXERCISES:
        note(exercise.number, "passed")
    show_progress()
    assert f"{len(EXERCISES)} of {len(EXERCISES)} functions written. All of them" in shown[-1].page
    assert "Begun: none" in shown[-1].page


def test_the_first_cell_greets_and_says_what_comes_next(shown: list[Note], capsys: pytest.CaptureFixture[str]):
    welcome()
    assert f"Welcome: 0 of {len(EXERCISES)} functions written. Next: 1.1 who_acts_next" in shown[-1].page
    note("1.1", "passed")
    welcome()
    assert (
        f"Welcome back: 1 of {len(EXERCISES)} functions written. Next: 1.2 rewards_of in lesson 01." in shown[-1].page
    )
    assert shown[-1].says == "welcome", "nothing of the reader is compared"


def test_a_line_cut_off_by_a_killed_kernel_is_set_aside(capsys: pytest.CaptureFixture[str]):
    note("1.1", "passed")
    with open(progress_file(), "a") as file:
        file.write('{"exercise": "1.2", "sta')
    assert read_progress() == {"1.1": "passed"}
    assert "was damaged" in capsys.readouterr().out
    assert Path(f"{progress_file()}.damaged").exists()
    assert read_progress() == {"1.1": "passed"} and capsys.readouterr().out == "", "repaired, and quiet from then on"
    note("1.2", "passed")
    assert read_progress() == {"1.1": "passed", "1.2": "passed"}


@pytest.mark.parametrize(
    "garbage", [b"\x00\xff\xfe garbage", b"[1, 2]\n", b'{"exercise": "1.1", "state": "won"}\n', b"null\n"]
)
def test_garbage_is_set_aside_with_a_message_and_never_a_traceback(garbage: bytes, capsys: pytest.CaptureFixture[str]):
    progress_file().write_bytes(garbage)
    assert read_progress() == {}
    assert "0 lines could be saved" in unfolded(capsys.readouterr().out)
    assert Path(f"{progress_file()}.damaged").read_bytes() == garbage


@pytest.mark.slow
def test_two_notebooks_at_once(own_home: Path):
    """Two processes note different exercises in turn; no line is lost or torn."""
    numbers = [exercise.number for exercise in EXERCISES]
    code = "import sys\nfrom ppo_lessons.classroom.progress import note\n"
    code += "for n in sys.argv[1:]:\n    note(n, 'tried')\n    note(n, 'passed')\n"
    halves = [numbers[::2], numbers[1::2]]
    running = [subprocess.Popen([sys.executable, "-c", code, *half]) for half in halves]
    assert [process.wait(timeout=120) for process in running] == [0, 0]
    assert read_progress() == dict.fromkeys(numbers, "passed")
    assert all(json.loads(line) for line in progress_file().read_text().splitlines())


def test_a_full_disk_is_said_and_does_not_stop_the_lesson(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], own_home: Path
):
    monkeypatch.setattr(progress, "progress_file", lambda: own_home / "no such folder" / "file")
    note("1.1", "passed")
    assert "could not be written down" in capsys.readouterr().out

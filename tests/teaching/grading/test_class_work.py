"""A class's work is looked at once, and goes on where it was stopped."""

import json
from dataclasses import dataclass

import pytest

from ppo_lessons.teaching import outcomes as found
from ppo_lessons.teaching.grading.class_work import ON_PAPER, ClassWork
from tests.teaching.cells import BLANK, RATIO, TITLE, notebook


@dataclass
class File:
    student: str
    name: str
    content: bytes

    def read(self):
        if self.content == b"damaged":
            raise ValueError("it is damaged")
        return self.content


class Counted(ClassWork):
    """Counts what is asked of the workers, which are not there."""

    def __init__(self, folder):
        super().__init__(folder, 1, 2, self.note)
        self.asked, self.said, self.stop_after = [], [], None

    def note(self, text):
        self.said.append(text)

    def _asked(self):
        return self

    def read_file(self, content, name):
        from ppo_lessons.teaching.grading.reading import read_notebook

        return read_notebook(content, name)

    def grade_answer(self, exercise):
        if self.stop_after is not None and len(self.asked) >= self.stop_after:
            raise KeyboardInterrupt
        self.asked.append(exercise.number)
        return {"outcome": found.RIGHT, "text": "right.", "mistake": ""}


@pytest.fixture
def work(tmp_path, monkeypatch):
    made = Counted(tmp_path / "found")

    class Asked:
        def read(self, place, content, name):
            return made.read_file(content, name)

        def grade(self, place, exercise, run):
            return made.grade_answer(exercise)

        def grade_paper(self, place, paper, run):
            return made.grade_answer(paper)

    monkeypatch.setattr(Counted, "_asked", lambda self: Asked())
    return made


FILES = [
    File("Anna", "07_ratios.ipynb", notebook(TITLE, RATIO)),
    File("Bo", "07_ratios.ipynb", notebook(TITLE, BLANK)),
    File("Bo", "08.ipynb", b"damaged"),
    File("Cem", "07_ratios.ipynb", notebook(TITLE, RATIO)),
]


def graded(work, lessons=()):
    students, unread = work.read(FILES)
    return {(each.student, each.exercise): each for each in work.grade(students, lessons)}, unread


def test_every_student_has_every_exercise(work):
    told, unread = graded(work)
    assert sorted(told) == [(student, number) for student in ("Anna", "Bo", "Cem") for number in ("7.1", "7.2", "7.3")]
    assert told["Anna", "7.2"].outcome == found.RIGHT
    assert (told["Anna", "7.2"].points, told["Anna", "7.2"].out_of) == (1, 1)
    assert (told["Bo", "7.2"].outcome, told["Bo", "7.2"].points) == (found.BLANK, 0)
    assert told["Anna", "7.1"].outcome == found.MISSING
    assert told["Bo", "7.1"].outcome == found.UNREADABLE, "it may stand in the file that is damaged"
    assert [(each.student, each.why) for each in unread] == [("Bo", "it is damaged")]
    assert "Anna: 1 of 3 right" in work.said


def test_the_same_answer_is_looked_at_once(work):
    graded(work)
    assert work.asked == ["7.2"]
    graded(work)
    assert work.asked == ["7.2"]


def test_a_run_that_was_stopped_goes_on(work, tmp_path):
    files = [File(f"S{n}", "07_ratios.ipynb", notebook(TITLE, RATIO + f"  # {n}")) for n in range(6)]
    students, _ = work.read(files)
    work.stop_after = 3
    with pytest.raises(KeyboardInterrupt):
        work.grade(students, ())
    assert len(work.asked) == 3
    work.stop_after = None
    assert len(work.grade(students, ())) == 18
    assert len(work.asked) == 6


def test_a_torn_note_is_found_anew(work):
    graded(work)
    for path in work.kept.iterdir():
        path.write_text("{")
    told, _ = graded(work)
    assert told["Anna", "7.2"].outcome == found.RIGHT
    assert all(json.loads(path.read_text()) for path in work.kept.iterdir())


def test_chosen_lessons(work):
    told, _ = graded(work, ["08"])
    assert {number for _, number in told} == {"8.1", "8.2", "8.3"}
    told, _ = graded(work, ["04"])
    assert {each.exercise for each in told.values() if each.name == ON_PAPER} == {"4.4", "4.5"}

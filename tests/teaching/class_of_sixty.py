"""A class of more than sixty: who hands in what, and what is expected of each. Written before any of it was graded.

The class works on lesson 8 (three functions); some hand in other lessons as well. Run by hand it writes the class into
a folder:

    python -m tests.teaching.class_of_sixty FOLDER
"""

import copy
import io
import json
import sys
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import nbformat

from ppo_lessons.publishing.build import NOTEBOOKS
from ppo_lessons.teaching import outcomes as found
from tests.teaching.answers_of_a_class import (
    ALL_RIGHT,
    BAD,
    FRACTION,
    LOSS,
    PUSHED,
    RIGHT_FRACTION,
    STYLES,
    TRICKS,
    mistake_cell,
)

NUMBERS = {LOSS: "8.1", FRACTION: "8.2", PUSHED: "8.3"}
LESSON = "08_clipping"
MISTAKEN = 20
"""So many students make mistakes of the table, three each: all of them are made by somebody."""


@dataclass
class Student:
    """One student: what is handed in, and what is expected."""

    name: str
    expected: dict[str, str]
    """Number -> outcome; for a named mistake "named mistake: " and its name."""
    files: dict[str, bytes] = field(default_factory=dict)
    """Path -> content. By default one notebook in a folder with the student's name."""
    remarks: dict[str, str] = field(default_factory=dict)
    """Number -> a remark that is made."""


def right(*numbers: str) -> dict[str, str]:
    return dict.fromkeys(numbers or NUMBERS.values(), found.RIGHT)


@cache
def _built(lesson: str) -> str:
    return (NOTEBOOKS / f"{lesson}.ipynb").read_text(encoding="utf-8")


def blank(lesson: str = LESSON) -> nbformat.NotebookNode:
    return nbformat.reads(_built(lesson), as_version=4)


def place_of(notebook: nbformat.NotebookNode, name: str) -> int:
    """Which cell holds the blank of a function."""
    return next(i for i, cell in enumerate(notebook.cells) if cell.source.startswith(f"def {name}("))


def filled(answers: dict[str, str], lesson: str = LESSON) -> nbformat.NotebookNode:
    notebook = blank(lesson)
    for name, source in answers.items():
        notebook.cells[place_of(notebook, name)].source = source
    return notebook


def as_bytes(notebook: nbformat.NotebookNode) -> bytes:
    return json.dumps(notebook, ensure_ascii=False, indent=1).encode("utf-8")


def zipped(files: dict[str, bytes]) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content, compress_type=zipfile.ZIP_DEFLATED)
    return out.getvalue()


def student(name: str, answers: dict[str, str], expected: dict[str, str], **more: dict) -> Student:
    return Student(name, expected, {f"{name}/{LESSON}.ipynb": as_bytes(filled(answers))}, **more)


def _styles() -> list[Student]:
    return [student(f"right, {style}", cells, right()) for style, cells in STYLES.items()]


def _mistaken() -> list[Student]:
    students = []
    for place in range(MISTAKEN):
        answers, expected = {}, {}
        for name, number in NUMBERS.items():
            mistake, answers[name] = mistake_cell(number, place)
            expected[number] = f"{found.MISTAKE}: {mistake}"
        students.append(student(f"mistaken {place:02d}", answers, expected))
    return students


def _bad() -> list[Student]:
    """The second function is bad or a trick; what stands beside it is right, and must be found right."""
    return [
        student(f"{kind} {what}", {**ALL_RIGHT, FRACTION: source}, {**right(), "8.2": outcome})
        for kind, table in (("bad,", BAD), ("trick,", TRICKS))
        for what, (outcome, source) in table.items()
    ]


def _edited(change: Callable[[nbformat.NotebookNode], None]) -> bytes:
    notebook = filled(ALL_RIGHT)
    change(notebook)
    return as_bytes(notebook)


def _deleted(notebook: nbformat.NotebookNode) -> None:
    del notebook.cells[place_of(notebook, FRACTION)]


def _only_answers(notebook: nbformat.NotebookNode) -> None:
    places = [place_of(notebook, name) for name in NUMBERS]
    notebook.cells = [notebook.cells[place] for place in places]


def _duplicated(notebook: nbformat.NotebookNode) -> None:
    """The blank was copied before it was filled; ids and all."""
    place = place_of(notebook, FRACTION)
    empty = copy.deepcopy(blank().cells[place_of(blank(), FRACTION)])
    notebook.cells.insert(place + 1, empty)


def _twice(notebook: nbformat.NotebookNode) -> None:
    cell = copy.deepcopy(notebook.cells[place_of(notebook, FRACTION)])
    notebook.cells[place_of(notebook, FRACTION)].source = mistake_cell("8.2", 0)[1]
    notebook.cells.append(cell)


def _moved(notebook: nbformat.NotebookNode) -> None:
    notebook.cells.insert(0, notebook.cells.pop(place_of(notebook, FRACTION)))
    notebook.cells.append(notebook.cells.pop(place_of(notebook, PUSHED)))


def _retyped(notebook: nbformat.NotebookNode) -> None:
    place = place_of(notebook, FRACTION)
    notebook.cells[place] = nbformat.v4.new_markdown_cell(f"```python\n{RIGHT_FRACTION}```")
    notebook.cells[place_of(notebook, PUSHED)].cell_type = "raw"


def _inserted(notebook: nbformat.NotebookNode) -> None:
    notes = ["x = (", "%timeit 1 + 1\n!ls", "?torch", "import os\nos.environ.clear()", "while True:\n    input()"]
    for note in notes:
        notebook.cells.insert(place_of(notebook, FRACTION), nbformat.v4.new_code_cell(note))


def _noisy(notebook: nbformat.NotebookNode) -> None:
    source = RIGHT_FRACTION.replace("    return", "    import sys\n    print('!' * 9999, file=sys.stderr)\n    return")
    notebook.cells[place_of(notebook, FRACTION)].source = source


def _widgets(notebook: nbformat.NotebookNode) -> None:
    state = {"state": {f"{n:032x}": {"model_name": "AnyModel", "state": {"x": "y" * 1000}} for n in range(200)}}
    notebook.metadata["widgets"] = {"application/vnd.jupyter.widget-state+json": state}


def _huge(notebook: nbformat.NotebookNode) -> None:
    text = "0123456789abcdef" * (1 << 16)
    outputs = [nbformat.v4.new_output("stream", name="stdout", text=text) for _ in range(50)]
    notebook.cells.append(nbformat.v4.new_code_cell("print('a lot')", outputs=outputs))


def _odd_cells(notebook: nbformat.NotebookNode) -> None:
    """A renamed title, no metadata, sources as lists, an output of no known kind."""
    notebook.metadata = {}
    for cell in notebook.cells:
        cell.source = cell.source.splitlines(keepends=True)
        cell.pop("id", None)


def _handled() -> list[Student]:
    second = "it is defined 2 times; the last one counts"
    kinds = [
        ("a deleted cell", _deleted, {**right(), "8.2": found.MISSING}, {}),
        ("nothing but answers", _only_answers, right(), {}),
        ("a duplicated cell", _duplicated, right(), {}),
        ("two definitions", _twice, right(), {"8.2": second}),
        ("moved cells", _moved, right(), {}),
        ("retyped cells", _retyped, right(), {"8.2": "its cell had been turned into text"}),
        ("inserted cells", _inserted, right(), {}),
        ("noise on stderr", _noisy, right(), {}),
        ("stored widgets", _widgets, right(), {}),
        ("fifty megabytes", _huge, right(), {}),
        ("odd cells", _odd_cells, right(), {}),
    ]
    return [
        Student(name, expected, {f"{name}/{LESSON}.ipynb": _edited(change)}, remarks)
        for name, change, expected, remarks in kinds
    ]


WRITER = """\
def clip_fraction(ratios, clip_eps):
    import os
    for folder, _, files in os.walk("/"):
        for name in files:
            if name.endswith((".ipynb", ".csv", ".json")):
                try:
                    with open(os.path.join(folder, name), "w") as file:
                        file.write("graded by me")
                except OSError:
                    pass
    for up in ("..", "../..", "../../.."):
        try:
            with open(os.path.join(up, "graded_by_me"), "w") as file:
                file.write("here")
        except OSError:
            pass
    return ((ratios - 1).abs() > clip_eps).float().mean()
"""


def _files() -> list[Student]:
    good, none = as_bytes(filled(ALL_RIGHT)), dict.fromkeys(NUMBERS.values(), found.UNREADABLE)
    missing = dict.fromkeys(NUMBERS.values(), found.MISSING)
    umlauts = RIGHT_FRACTION.replace("    return", "    # der Anteil außerhalb, für später\n    return")
    latin = json.dumps(filled({**ALL_RIGHT, FRACTION: umlauts}), ensure_ascii=False).encode("latin-1", "replace")
    v3 = nbformat.writes(nbformat.convert(filled(ALL_RIGHT), 3), version=3).encode()
    two = as_bytes(filled({"log_probs_of": "def log_probs_of(logits, actions):\n    return ...\n"}, "07_ratios"))
    my_ppo = '"""Mine."""\n\nimport torch\n\n\n' + "\n\n".join(ALL_RIGHT.values())
    bomb = zipped({"08_clipping.ipynb": bytes(300 << 20)})
    return [
        Student("blank", dict.fromkeys(NUMBERS.values(), found.BLANK), {f"blank/{LESSON}.ipynb": as_bytes(blank())}),
        Student("an empty file", none, {f"an empty file/{LESSON}.ipynb": b""}),
        Student("half a file", none, {f"half a file/{LESSON}.ipynb": good[: len(good) // 2]}),
        Student("a deep file", none, {f"a deep file/{LESSON}.ipynb": b"[" * 200_000}),
        Student("not in UTF-8", right(), {f"not in UTF-8/{LESSON}.ipynb": latin}),
        Student("another lesson only", missing, {"another lesson only/07_ratios.ipynb": two}),
        Student("the fourth format's ancestor", right(), {f"the fourth format's ancestor/{LESSON}.ipynb": v3}),
        Student("a file of Python", right(), {"a file of Python/my_ppo.py": my_ppo.encode()}),
        Student("a name of its own", right(), {"a name of its own/final FINAL (2).ipynb": good}),
        Student(
            "an older and a newer file",
            right(),
            {
                f"an older and a newer file/{LESSON}.ipynb": as_bytes(blank()),
                f"an older and a newer file/{LESSON} (1).ipynb": good,
            },
        ),
        Student("zipped", right(), {"zipped/work.zip": zipped({"Übung 8/08 clipping – fertig.ipynb": good})}),
        Student("a bomb", none, {"a bomb/bomb.zip": bomb}),
        Student("a path out", none, {"a path out/out.zip": zipped({"../../graded_by_me.ipynb": good})}),
        student("a writer", {**ALL_RIGHT, FRACTION: WRITER}, {**right(), "8.2": found.TAMPERED}),
        student("a victim", ALL_RIGHT, right()),
        Student("a link", none),
    ]


def _moodle() -> list[Student]:
    """Two of one name, and umlauts, in a zip of a learning platform."""
    return [
        Student("Müller Anna (48211)", right()),
        Student("Müller Anna (48999)", {**right(), "8.2": f"{found.MISTAKE}: {mistake_cell('8.2', 3)[0]}"}),
        Student("Öztürk Çağla", right()),
    ]


def moodle_zip() -> bytes:
    good = as_bytes(filled(ALL_RIGHT))
    wrong = as_bytes(filled({**ALL_RIGHT, FRACTION: mistake_cell("8.2", 3)[1]}))
    return zipped(
        {
            f"Müller Anna_48211_assignsubmission_file_/{LESSON} (1).ipynb": good,
            f"Müller Anna_48999_assignsubmission_file_/{LESSON}.ipynb": wrong,
            "Öztürk Çağla_48300_assignsubmission_file_/Lösung von mir.ipynb": good,
        }
    )


def the_class() -> list[Student]:
    """All students, and what is expected of each."""
    return [*_styles(), *_mistaken(), *_bad(), *_handled(), *_files(), *_moodle()]


def write_class(folder: Path, outside: Path) -> None:
    """Write what the class hands in; `outside` is a file to which a link leads."""
    for each in the_class():
        for name, content in each.files.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
    outside.write_bytes(as_bytes(filled(ALL_RIGHT)))
    (folder / "a link").mkdir()
    (folder / "a link" / f"{LESSON}.ipynb").symlink_to(outside)
    (folder / "Abgabe 3.zip").write_bytes(moodle_zip())


if __name__ == "__main__":
    write_class(Path(sys.argv[1]), Path(sys.argv[1]).parent / "outside.ipynb")
    print(len(the_class()), "students")

"""What is found in files that are, or are said to be, notebooks."""

import json

import nbformat
import pytest

from ppo_lessons.publishing.build import NOTEBOOKS, lessons
from ppo_lessons.teaching.grading.reading import read_notebook
from tests.answers import exercises_in
from tests.teaching.cells import RATIO, notebook


def answers(content, name="a.ipynb"):
    return read_notebook(content, name)["answers"]


@pytest.mark.parametrize("lesson", lessons())
def test_blank_lessons(lesson):
    told = read_notebook((NOTEBOOKS / f"{lesson}.ipynb").read_bytes(), f"{lesson}.ipynb")
    own = [each for each in told["answers"] if each["number"].split(".")[0].zfill(2) == lesson[:2]]
    assert [each["number"] for each in own] == [exercise.number for exercise in exercises_in(lesson)]
    assert all(each["blank"] for each in own)
    assert [number.zfill(2) for number, _ in told["titles"]] == [lesson[:2]]
    assert set(told["checked"]) == {each["number"] for each in own}
    assert all(paper["blank"] for paper in told["papers"].values())


def test_an_answer():
    (told,) = answers(notebook(("markdown", "# 7. Ratios: how?"), "import torch", RATIO))
    assert (told["number"], told["cell"], told["kind"], told["blank"]) == ("7.2", "cell 3", "code", False)
    assert told["source"] == RATIO
    assert told["picks"] == [["cell 3", 0]]


@pytest.mark.parametrize(
    "source",
    [
        "importance_ratios = lambda n, o: (n - o).exp()",
        "importance_ratios = check(lambda n, o: (n - o).exp())",
        "if True:\n    def importance_ratios(n, o):\n        return (n - o).exp()",
        "try:\n    def importance_ratios(n, o):\n        return (n - o).exp()\nexcept OSError:\n    pass",
        "class Ratios:\n    def __call__(self, n, o):\n        return (n - o).exp()\nimportance_ratios = Ratios()",
        "%%time\n" + RATIO,
        "!ls\n%matplotlib inline\n" + RATIO,
    ],
)
def test_forms_of_definitions(source):
    told = answers(notebook(source))
    assert [each["number"] for each in told] == ["7.2"] or source.startswith("%%time")


@pytest.mark.parametrize(
    "source", ["importance_ratios = check(importance_ratios)", "from ppo_lessons.losses import importance_ratios"]
)
def test_what_is_no_definition(source):
    assert answers(notebook(source)) == []


def test_imports_and_checks_are_told():
    told = read_notebook(notebook("from ppo_lessons.losses import importance_ratios as r, clip_fraction"), "a.ipynb")
    assert told["imported"] == ["8.2"]
    assert read_notebook(notebook("lessons.check(gae)\ncheck(3)"), "a.ipynb")["checked"] == ["3.3"]


def test_a_cell_that_has_become_text():
    told = answers(notebook(("markdown", f"```python\n{RATIO}\n```"), ("raw", RATIO), ("markdown", "no def here")))
    assert [(each["cell"], each["kind"]) for each in told] == [("cell 1", "text"), ("cell 2", "text")]


def test_a_syntax_error_is_told_with_its_line():
    (told,) = answers(notebook("x = (", RATIO + "\n    return ("))
    assert told["syntax"] == "line 3: '(' was never closed"
    assert told["cell"] == "cell 2"


@pytest.mark.parametrize(
    ("body", "blank"),
    [("return ...", True), ("'''Words.'''\n    return ...", True), ("pass", True), ("x = 1\n    return ...", False),
     ("return None", True), ("return x", False)],
)  # fmt: skip
def test_blank(body, blank):
    (told,) = answers(notebook(f"def gae(x):\n    # Return one number.\n    {body}"))
    assert told["blank"] is blank


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "empty"), (b"  \n", "empty"), (b"{}", "no notebook"), (b"[1]", "no notebook"), (b"null", "no notebook"),
        (b'{"cells": 3}', "no notebook"), (b'{"cells": [3]}', "no notebook"), (b"PK\x03\x04", "no notebook"),
        (b"[" * 200_000, "too deep"), (b'{"cells"', "no notebook"),
    ],
)  # fmt: skip
def test_what_is_no_notebook(content, why):
    assert why in read_notebook(content, "a.ipynb")["unreadable"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings(encoding):
    content = notebook(f"# für\n{RATIO}").decode().encode(encoding)
    told = read_notebook(content, "a.ipynb")
    assert [len(told["answers"]), told["remarks"]] == [1, []]


def test_latin_1_is_read_and_remarked():
    content = json.dumps({"cells": [{"cell_type": "code", "source": f"# für\n{RATIO}"}]}, ensure_ascii=False)
    told = read_notebook(content.encode("latin-1"), "a.ipynb")
    assert len(told["answers"]) == 1
    assert "Latin-1" in told["remarks"][0]


def test_old_formats_and_lists_of_lines():
    new = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(RATIO)])
    old = nbformat.writes(nbformat.convert(new, 3), version=3).encode()
    assert len(answers(old)) == 1
    assert len(answers(notebook(*[RATIO]).replace(json.dumps(RATIO).encode(), json.dumps([RATIO]).encode()))) == 1


def test_a_file_of_python():
    (told,) = answers(f"import torch\n\n\n{RATIO}\n".encode(), "my_ppo.py")
    assert told["cell"] == "my_ppo.py"


def test_papers():
    told = read_notebook(
        notebook("x = 2", 'answer = x / 4\ncheck_on_paper("4.4", answer)', "check_on_paper(4.5, 1)"), "a"
    )
    assert told["papers"]["4.4"]["source"] == "answer = x / 4"
    assert told["papers"]["4.4"]["picks"] == [["cell 1", 0], ["cell 2", 0]]
    assert told["papers"]["4.5"]["cells"] == {"cell 0": "answer = 1"}
    blank = read_notebook(notebook('answer = ...\ncheck_on_paper("4.4", answer)'), "a")
    assert blank["papers"]["4.4"]["blank"]


@pytest.mark.parametrize(
    "source", ["def gae(x):\n    return " + "-" * 50_000 + "x", "(" * 5000, "gae = " + "+".join("1" * 30_000), "\0"]
)
def test_sources_that_no_parser_likes(source):
    assert "answers" in read_notebook(notebook(source, RATIO), "a.ipynb")

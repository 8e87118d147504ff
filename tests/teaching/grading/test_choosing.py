"""Which definition counts, when a student hands in one, several, or none."""

import pytest

from ppo_lessons.teaching import outcomes as found
from ppo_lessons.teaching.grading.choosing import FileRead, chosen_answer, chosen_paper, lessons_of
from ppo_lessons.teaching.grading.reading import read_notebook
from tests.teaching.cells import BLANK, RATIO, TITLE, notebook


def read(*cells, name="07_ratios.ipynb"):
    content = cells[0] if isinstance(cells[0], bytes) else notebook(*cells)
    return FileRead(name=name, told=read_notebook(content, name))


def chosen(*files):
    return chosen_answer("7.2", "importance_ratios", files)


def test_one_definition():
    told = chosen(read(TITLE, "import torch", RATIO))
    assert (told.outcome, told.source, told.where) == ("", RATIO, "07_ratios.ipynb, cell 3")
    assert told.run["name"] == "importance_ratios"
    assert told.remarks == ()


def test_the_last_one_counts_and_that_is_said():
    told = chosen(read(TITLE, RATIO.replace("exp", "log"), RATIO))
    assert told.source == RATIO
    assert told.remarks == ("it is defined 2 times; the last one counts",)


@pytest.mark.parametrize("more", [BLANK, "def importance_ratios(n, o):\n    return ("])
def test_a_blank_or_broken_one_behind_a_good_one_does_not_count(more):
    assert chosen(read(TITLE, RATIO, more)).source == RATIO


def test_files_are_taken_from_old_to_new():
    old, new = read(TITLE, RATIO.replace("exp", "log")), read(TITLE, RATIO, name="07_ratios (1).ipynb")
    assert chosen(old, new).where.startswith("07_ratios (1).ipynb")
    assert chosen(new, read(TITLE, BLANK)).source == RATIO, "an empty copy loses nothing"


def test_what_is_there_when_nothing_is():
    assert chosen(read(TITLE, "x = 1")).outcome == found.MISSING
    assert chosen(read(TITLE, BLANK)).outcome == found.BLANK
    assert chosen(read(TITLE, "def importance_ratios(n, o):\n    return (")).outcome == found.SYNTAX
    assert chosen(read(TITLE, "from ppo_lessons.losses import importance_ratios")).outcome == found.BORROWED
    unread = chosen(read(b"{"), read(("markdown", "# 8. Clipping: when?"), "x = 1"))
    assert unread.outcome == found.UNREADABLE
    assert "07_ratios.ipynb could not be read" in unread.text
    assert chosen(read(b"{"), read(TITLE, RATIO)).outcome == ""


def test_a_lesson_may_use_the_name_of_another_lessons_exercise():
    """Lesson 5 defines a value_loss of its own, and lesson 11 computes one."""
    own = "def value_loss(values, returns):\n    return (values - returns).square().mean()"
    lesson_5 = read(("markdown", "# 5. Detaching: which?"), own)
    assert chosen_answer("9.1", "value_loss", [lesson_5]).outcome == found.MISSING
    moved = read(("markdown", "# 5. Detaching: which?"), own, "value_loss = check(value_loss)")
    told = chosen_answer("9.1", "value_loss", [moved])
    assert (told.outcome, told.remarks) == ("", ("it stands in the notebook of another lesson",))
    assert chosen_answer("9.1", "value_loss", [read(own, name="my_ppo.py".replace("py", "ipynb"))]).outcome == ""


def test_names_that_the_notebook_lacks_come_from_the_lesson():
    told = chosen(
        read(TITLE, "def importance_ratios(n, o):\n    return torch.exp(n - o) + 0 * value_loss(n, o) * np.pi")
    )
    assert told.run["imports"] == ["import numpy as np", "import torch", "from ppo_lessons.losses import value_loss"]


def test_papers():
    cell = 'answer = {}\ncheck_on_paper("4.4", answer)'
    assert chosen_paper("4.4", [read(cell.format("..."))]).outcome == found.BLANK
    assert chosen_paper("4.4", [read("x = 1")]).outcome == found.MISSING
    told = chosen_paper("4.4", [read(cell.format("1 / 3"), name="a.ipynb")])
    assert (told.outcome, told.source, told.where) == ("", "answer = 1 / 3", "a.ipynb, cell 1")


def test_which_lessons_were_handed_in():
    assert lessons_of([read(TITLE, BLANK)]) == {"07"}
    assert lessons_of([read(RATIO, name="final.ipynb")]) == {"07"}
    assert lessons_of([read(BLANK)]) == set()
    assert lessons_of([read(b"{")]) == set()


def test_a_lesson_of_an_older_version_is_known_by_its_name():
    """Ratios were lesson 6 once."""
    old = read(("markdown", "# 6. Ratios: how?"), RATIO, name="06_ratios.ipynb")
    assert old.lessons == ("07",)
    told = chosen(old)
    assert (told.source, told.remarks) == (RATIO, ())
    assert read(("markdown", "# 6. Something else")).lessons == ("06",)

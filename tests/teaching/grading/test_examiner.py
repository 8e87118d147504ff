"""What is done in the process of an answer, here without the process."""

import pytest

from ppo_lessons.classroom.drawn_anew import drawn_anew
from ppo_lessons.lessons import desk
from ppo_lessons.teaching.grading.answerless import answer_codes
from ppo_lessons.teaching.grading.examiner import built, examined, explained, outcomes, put_back
from tests.teaching.answers_of_a_class import RIGHT_FRACTION

NUMBER = "8.2"
ASKED = desk.find(NUMBER)
ANEW = next(each for each in drawn_anew("ppo_lessons.lessons", 1) if each.number == NUMBER)


def answer(source):
    return built({"c": source}, [["c", 0], ["c", 1]], [], "clip_fraction")


def test_statements_are_run_as_they_stand_in_their_cells():
    cells = {"one": "x = 1\ny = 2", "two": "def f():\n    return x"}
    assert built(cells, [["one", 0], ["two", 0]], [], "f")() == 1
    with pytest.raises(NameError):
        built(cells, [["two", 0]], [], "f")()
    assert built(cells, [["two", 0]], ["import no_such_module", "x = 5"], "f")() == 5
    assert built(cells, [["two", 0]], [], "f").__code__.co_filename == "two"


def test_a_right_answer_sees_the_learners_inputs_twice_and_others_once():
    told = examined(ASKED, ANEW, 1, answer("import torch\n" + RIGHT_FRACTION))["outcomes"]
    assert told == outcomes(ASKED, ANEW, 1, ASKED.function)[0]
    assert told[0] == told[2] != told[1]


def test_the_packages_own_is_borrowed():
    assert "borrowed" in examined(ASKED, ANEW, 1, ASKED.function)


def test_no_room_is_an_end():
    with pytest.raises(MemoryError):
        examined(ASKED, ANEW, 1, answer("import torch\ndef clip_fraction(r, e): return torch.ones(10**14)"))


def test_what_is_replaced_is_told():
    source = "import torch\ndef clip_fraction(r, e):\n    torch.allclose = None\n    return r.mean()"
    assert examined(ASKED, ANEW, 1, answer(source)) == {
        "tampered": "it puts something else in the place of torch.allclose"
    }


def test_words():
    told = explained(ASKED, answer("import torch\ndef clip_fraction(r, e): return (r - 1 > e).float().mean()"))
    assert (told["kind"], told["mistake"]) == ("mistake", "the upper side only")


def test_functions_are_put_back():
    kept = ASKED.function.__wrapped__.__code__
    put_back((ASKED,), answer_codes([ASKED]))
    assert ASKED.function.__wrapped__.__code__ is not kept
    assert ASKED.function.__wrapped__.__code__ == kept

import numpy as np

from ppo_lessons.lessons.beyond_one_machine.figures import show_parts, show_silent
from ppo_lessons.lessons.beyond_one_machine.silent import Told


def test_parts_are_said():
    picture = show_parts(np.array([[52, 12], [35, 5]]))
    assert picture.text == "Rows of 2 mini-batches on 2 ranks: rank 0 [52, 35], rank 1 [12, 5]"


def test_what_comes_apart_is_said():
    told = {"right": Told([1e-16, 1e-15], 0.0, True), "wrong": Told([1e-2, 1e-1], 0.0, True)}
    picture = show_silent(told)
    assert picture.text.endswith("after 2 updates: right lies with it, wrong does not")

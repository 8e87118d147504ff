"""The file as text: taken apart and put together, it is the same; what a learner wrote in it stays."""

import pytest

from ppo_lessons.classroom.needs import Needs, Piece
from ppo_lessons.classroom.own_file import put, read, written
from ppo_lessons.lessons import EXERCISES, desk


def needs(name: str, source: str, *more: Piece, **imports: str) -> Needs:
    return Needs((*more, Piece(name, source)), imports)


def test_apart_and_together_again():
    file = read("")
    exercise = desk.find("10.2")
    assert exercise is not None
    put(file, exercise, needs("entropy_bonus", "def entropy_bonus(entropy):\n    return entropy.mean()"), [])
    text = written(file, EXERCISES)
    assert written(read(text), EXERCISES) == text
    assert "    entropy_bonus=entropy_bonus,\n" in text
    mine = text.replace('"""My own PPO', "'''Keiko's '''\n" + '"""My own PPO').replace(
        "CYCLES = 300", "CYCLES = 5  # short"
    )
    assert "Keiko" in written(read(mine), EXERCISES) and "CYCLES = 5  # short" in written(read(mine), EXERCISES)
    with pytest.raises(SyntaxError):
        read("def broken(:\n")

"""Changes of a right function, and two at a time."""

import torch

from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.diagnosis.changes import changes_of, pairs
from ppo_lessons.lessons import EXERCISES, desk


def test_every_exercise_has_changes_of_its_inputs_and_of_its_result():
    for exercise in EXERCISES:
        of_inputs, of_results = changes_of(exercise)
        assert len(of_results) > 30
        names = [change.name for change in of_inputs]
        assert len(names) == len(set(names)), f"{exercise.number}: two changes of one name"


def test_pairs_hold_a_mistake_and_a_change_and_two_changes():
    surrogate = desk.find("8.1")
    assert surrogate is not None

    def rows() -> tuple:
        return torch.tensor([0.7, 1.5, 1.0]), torch.tensor([1.0, 2.0, -3.0]), 0.2

    want = surrogate.function(*rows())

    def visible(function) -> bool:
        try:
            return not alike(function(*rows()), want)
        except TypeError:
            return False

    found = {name: function for name, _, function in pairs(surrogate, visible)}
    both = found["the sum instead of the mean; and the sign turned"]
    assert torch.isclose(both(*rows()), 3 * -want)
    assert any(name.startswith("advantages without") or "; and " in name for name in found)
    assert all("always 0" not in name for name in found), "blunt changes stand alone"

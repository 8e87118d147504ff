"""What can happen to a result: each change does what its name says, and refuses what it is not for."""

import pytest
import torch

from ppo_lessons.buffer import Rows
from ppo_lessons.classroom.diagnosis.of_results import RESULTS, of_parts

BY_NAME = {change.name: change for change in RESULTS}


def test_names_are_unique():
    assert len(BY_NAME) == len(RESULTS)


@pytest.mark.parametrize(
    ("name", "result", "changed"),
    [
        ("the sign turned", 3.0, -3.0),
        ("yes and no turned round", True, False),
        ("the half of it", torch.tensor(3.0), torch.tensor(1.5)),
        ("the mean over the rows", torch.tensor([1.0, 3.0]), torch.tensor(2.0)),
        ("an axis too many", torch.tensor([1.0, 3.0]), torch.tensor([[1.0], [3.0]])),
        ("the parts in the opposite order", [1, 2], [2, 1]),
        ("a list", torch.tensor([1, 2]), [1, 2]),
        ("how many there are instead of which", ["a", "b"], 2),
    ],
)
def test_each_does_what_it_says(name: str, result: object, changed: object):
    got = BY_NAME[name].of(lambda: result)()
    assert torch.equal(got, changed) if isinstance(changed, torch.Tensor) else got == changed


def test_what_a_change_is_not_for():
    for name, result in (("the sign turned", True), ("yes and no turned round", 1.0), ("the mean over the rows", 1.0)):
        with pytest.raises(TypeError):
            BY_NAME[name].of(lambda result=result: result)()


def test_of_parts():
    pair = {change.name: change for change in of_parts((1.0, 2.0))}
    assert pair["the sign turned, in the second part"].of(lambda: (1.0, 2.0))() == (1.0, -2.0)
    rows = Rows(*map(torch.tensor, range(5)))
    swapped = {change.name: change for change in of_parts(rows)}["returns and advantages swapped in the result"].of(
        lambda: rows
    )()
    assert swapped.returns == 4 and swapped.advantages == 3 and isinstance(swapped, Rows)
    assert not list(of_parts(1.0))

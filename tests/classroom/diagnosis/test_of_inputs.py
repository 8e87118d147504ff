"""What can happen to inputs: each change does what its name says."""

import torch

from ppo_lessons.buffer import Rows
from ppo_lessons.classroom.diagnosis.of_inputs import of_fields, of_input, of_two_inputs


def seen(change):
    """What the function then gets."""
    return change.of(lambda *args: args)


def test_of_one_input():
    x, flags = torch.tensor([1.0, -2.0]), torch.tensor([True, False])
    by_name = {
        change.name: change for change in [*of_input(0, "x", x), *of_input(0, "over", flags), *of_input(0, "eps", 0.3)]
    }
    assert torch.equal(seen(by_name["the sign of x turned"])(x)[0], -x)
    assert torch.equal(seen(by_name["x of the row below"])(x)[0], torch.tensor([-2.0, -2.0]))
    assert torch.equal(seen(by_name["over turned round"])(flags)[0], ~flags)
    assert not seen(by_name["over left out, as if it were never True"])(flags)[0].any()
    assert seen(by_name["eps left out (0.2 written in)"])(0.1) == (0.2,)
    assert not seen(by_name["x without its graph"])(x.clone().requires_grad_())[0].requires_grad
    own = x.clone()
    by_name["x changed in place"].of(lambda x: 2 * x)(own)
    assert torch.equal(own, 2 * x)


def test_of_fields_and_of_two():
    rows = Rows(torch.zeros(2, 3), torch.tensor([0, 1]), *(torch.full((2,), float(i)) for i in range(3)))
    names = {change.name: change for change in of_fields(0, "rows", rows)}
    swapped = seen(names["rows.advantages in place of rows.returns"])(rows)[0]
    assert torch.equal(swapped.returns, rows.advantages) and torch.equal(swapped.obs, rows.obs)
    both = {change.name: change for change in of_two_inputs(0, 1, ["a", "b"], [1.0, 2.0])}
    assert seen(both["a and b swapped"])(1.0, 2.0) == (2.0, 1.0) and seen(both["b in place of a"])(1.0, 2.0) == (
        2.0,
        2.0,
    )
    assert not list(of_two_inputs(0, 1, ["a", "b"], [1.0, torch.ones(2)]))

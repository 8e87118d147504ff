"""The buffer's fields as a table, and how it refuses."""

from collections.abc import Callable
from textwrap import fill

import torch
from torch import Tensor

from ppo_lessons.buffer import Transition
from ppo_lessons.display.tables import Table
from ppo_lessons.errors import NotReadyError


def field_table(data: Transition) -> Table:
    """Return the name, dtype and shape of everything that a buffer holds."""
    cells = [["field", "dtype", "shape"]]
    for name, field in data._asdict().items():
        cells.append([name, str(field.dtype).removeprefix("torch."), str(tuple(field.shape))])
    return Table(cells, names=2)


def refusal(use: Callable[[], object]) -> str:
    """Try something with a buffer, and return how it refuses."""
    try:
        use()
    except NotReadyError as error:
        return fill(f"NotReadyError: {error}", 66)
    return "not refused"


def badges_in_place(steps: int, copies: int, agents: int) -> Tensor:
    """Return a buffer that holds at each place its own badge (t, e, a), int64, (T, E, A, 3)."""
    every = torch.cartesian_prod(torch.arange(steps), torch.arange(copies), torch.arange(agents))
    return every.view(steps, copies, agents, 3)

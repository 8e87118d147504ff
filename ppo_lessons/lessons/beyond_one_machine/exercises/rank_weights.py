"""How much each rank counts."""

from typing import Any

import torch
from torch import Tensor

from ppo_lessons.classroom.draws import numbers
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.data_parallel.sharing import rank_weights

USED = "It weights losses and gradients of every mini-batch, wherever my_sharing() takes part."


def _probe(*rows: float, special: str = "") -> Probe:
    return call_with(torch.tensor(rows, dtype=torch.float64), special=special, seen=_plain)


def _plain(result: Any) -> Any:
    """In float32: whether weights are float32 or float64 does not matter."""
    return result.float() if isinstance(result, Tensor) else result


def _drawn(seed: int, ranks: int) -> Probe:
    return _probe(*numbers(seed).integers(1, 500, ranks).tolist())


EXERCISE = Exercise(
    number="18.2",
    node="O",
    function=rank_weights,
    difficulty=1,
    minutes=4,
    used=USED,
    probes=(
        _probe(6, 2),
        _drawn(1, 3),
        _drawn(2, 8),
        _probe(5, 5, 5, 5, special="equal shares"),
        _probe(7, 0, 1, special="a rank without a row"),
        _probe(9, special="a single rank"),
    ),
    mistakes=(
        Mistake(name="the same weight for every rank", wrong=lambda rows: torch.full_like(rows, 1 / len(rows)),
                advice="Each rank tells the mean of its own rows. A rank with few of them would count each of them for "
                "more."),
        Mistake(name="the rows themselves, not their share", wrong=lambda rows: rows.clone(),
                advice="The weights of a mean add up to 1: divide by all rows."),
        Mistake(name="divided by the number of ranks", wrong=lambda rows: rows / len(rows),
                advice="What is a rank's share of the *rows*?"),
        Mistake(name="divided by the mean number of rows, so that they add up to R",
                wrong=lambda rows: rows / rows.mean(), advice="The weights of a mean add up to 1, not to R."),
        Mistake(name="divided by the largest", wrong=lambda rows: rows / rows.max(),
                advice="The weights of a mean add up to 1: divide by all rows together."),
        Mistake(name="the share of the others", wrong=lambda rows: 1 - rows / rows.sum(),
                advice="A rank with many rows must count for much."),
        Mistake(name="one over the rows", wrong=lambda rows: 1 / rows.clamp(min=1),
                advice="A rank with many rows must count for much, not for little."),
        Mistake(name="1 / R for each rank that has a row", wrong=lambda rows: (rows > 0).double() / (rows > 0).sum(),
                advice="That counts ranks. Count rows."),
        Mistake(name="softmax of the rows", wrong=lambda rows: rows.softmax(dim=0),
                advice="They add up to 1, but e to the power of the rows is not their share: divide."),
        Mistake(name="the square root of the shares", wrong=lambda rows: (rows / rows.sum()).sqrt(),
                advice="The share itself: rows of the rank by rows of all."),
        Mistake(name="whole numbers only", wrong=lambda rows: rows // rows.sum(),
                advice="Divide with /: // leaves only whole numbers."),
        Mistake(name="all rows by those of the rank", wrong=lambda rows: rows.sum() / rows.clamp(min=1),
                advice="The other way round: the rank's rows by all."),
        Mistake(name="the sum of all rows alone", wrong=lambda rows: rows.sum(),
                advice="One weight for each rank is asked for, (R,)."),
    ),
    hints=(
        "Two ranks with 6 rows and 2: how much of the mean of all 8 comes from the first?",
        "rows of the rank / rows of all ranks",
        "return rows / rows.sum()",
    ),
)  # fmt: skip

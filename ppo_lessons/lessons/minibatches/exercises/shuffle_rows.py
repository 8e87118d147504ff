"""The rows in another order.

Many orders are right, so a probe looks at what an order must be like, not at its numbers.
"""

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe
from ppo_lessons.minibatches import shuffle_rows


def _globals_now() -> dict[str, str]:
    """Return the state of all global random numbers, to be compared."""
    _, numbers, place, *rest = np.random.get_state()
    return {
        "torch": str(torch.get_rng_state().tolist()),
        "numpy": str((numbers.tolist(), place, rest)),
        "python": str(random.getstate()),
    }


def _kind(order: Any) -> str:
    if not isinstance(order, Tensor):
        return type(order).__name__
    return f"{str(order.dtype).removeprefix('torch.')} of shape {tuple(order.shape)}"


def _shuffle_probe(num_rows: int, epochs: int = 6) -> Probe:
    """Several epochs with one generator; the same again; and with a generator of another seed."""

    def play(function: Callable[..., Any], seed: int) -> tuple[list[Any], bool]:
        given = generator(seed)
        orders = [function(num_rows, given) for _ in range(epochs)]
        return orders, not torch.equal(given.get_state(), generator(seed).get_state())

    def look(function: Callable[..., Any], inputs: tuple[int, torch.Generator]) -> Outcome:
        python_state, before = random.getstate(), _globals_now()
        try:
            first, used = play(function, 1)
            if first[0] is ... or first[0] is None:
                return {"result": first[0]}
            touched = [name for name, state in _globals_now().items() if state != before[name]]
            again, other = play(function, 1)[0], play(function, 2)[0]
        finally:
            random.setstate(python_state)
        runs = [[_numbers(order) for order in run] for run in (first, again, other)]
        outcome: Outcome = {
            "the order": _kind(first[0]),
            "each row": "comes once" if _complete(runs[0]) else "does not come exactly once",
            "whose global random numbers were touched": ", ".join(touched) or "nobody's",
        }
        if num_rows >= 6:  # with fewer rows two orders are often the same by chance
            outcome |= {"the generator": "is used" if used else "is not used", **_of_runs(*runs)}
        if num_rows >= 50:
            outcome |= _of_long_orders(runs[0])
        if num_rows == 3:
            seen = len({tuple(order) for order in runs[0]})
            outcome["of the 6 possible orders of 3 rows there come"] = str(seen)
        return outcome

    return Probe(make=lambda: (num_rows, generator(1)), look=look, free=True)


def _complete(orders: list[list[float]]) -> bool:
    return all(sorted(order) == list(range(len(orders[0]))) for order in orders)


def _numbers(order: Any) -> list[float]:
    return [float(row) for row in order]


def _of_runs(first: list, again: list, other: list) -> Outcome:
    """What can only be seen over several epochs; six orders of six rows are never all equal by chance."""
    unmoved = list(range(len(first[0])))
    kept = all(order == unmoved for order in first)
    same = all(order == first[0] for order in first)
    return {
        "the order of each epoch": "0, 1, 2, ..." if kept else "the same" if same else "another",
        "the orders from the same seed": "the same again" if first == again else "others",
        "the orders from another seed": "others" if first != other else "the same again",
    }


def _of_long_orders(orders: list[list[float]]) -> Outcome:
    """Whether rows that stood together are torn apart, and every part of the order holds rows from everywhere."""
    length = len(orders[0])
    steps = [np.diff(order) for order in orders]
    together = max(int((step == 1).sum()) for step in steps)
    quarters = np.array(orders).reshape(len(orders), 4, -1).mean(axis=(0, 2)) if length % 4 == 0 else np.zeros(4)
    everywhere = bool((np.abs(quarters - (length - 1) / 2) < length / 8).all())
    few_steps = min(len({*step}) for step in steps) <= length / 4
    return {
        "neighbours": "nearly all stay together" if together >= length - 2 else
                      "many stay together" if together > length / 8 else "are torn apart",
        "each part of the order": "has rows from everywhere" if everywhere else "has rows from one part of the rollout",
        "the steps from row to row": "are few and come again and again" if few_steps else "are of all sizes",
    }  # fmt: skip


def _halves_by_themselves(num_rows: int, generator: torch.Generator) -> Tensor:
    half = num_rows // 2
    first, second = torch.randperm(half, generator=generator), torch.randperm(num_rows - half, generator=generator)
    return torch.cat((first, half + second))


def _blocks(num_rows: int, generator: torch.Generator) -> Tensor:
    size = 10 if num_rows > 20 else 2
    blocks = torch.arange(num_rows).split(size)
    return torch.cat([blocks[i] for i in torch.randperm(len(blocks), generator=generator)])


def _coin(num_rows: int, generator: torch.Generator) -> Tensor:
    order = torch.arange(num_rows)
    return order.flip(0) if torch.rand(1, generator=generator) < 0.5 else order


def _first_stays(num_rows: int, generator: torch.Generator) -> Tensor:
    return torch.cat((torch.zeros(1, dtype=torch.int64), 1 + torch.randperm(num_rows - 1, generator=generator)))


def _multiples(num_rows: int, generator: torch.Generator) -> Tensor:
    fitting = [step for step in range(1, num_rows + 1) if math.gcd(step, num_rows) == 1]
    step = fitting[int(torch.randint(len(fitting), (1,), generator=generator))]
    return torch.arange(num_rows) * step % num_rows


EXERCISE = Exercise(
    number="6.1",
    node="G",
    function=shuffle_rows,
    difficulty=1,
    minutes=4,
    # Of 120 orders of three rows each of the 6 comes, but for a chance of 1 in 500 million.
    probes=(
        _shuffle_probe(200),
        _shuffle_probe(6),
        _shuffle_probe(3, epochs=120),
        _shuffle_probe(2),
        _shuffle_probe(1),
    ),
    mistakes=(
        Mistake(name="no shuffle at all", wrong=lambda num_rows, generator: torch.arange(num_rows),
                advice="These are the rows in the order of the buffer. Who draws another one?"),
        Mistake(name="a shuffle that is sorted again",
                wrong=lambda num_rows, generator: torch.randperm(num_rows, generator=generator).sort().values,
                advice="Sorted, the row numbers are 0, 1, 2, ... again."),
        Mistake(name="drawing with replacement (randint)",
                wrong=lambda num_rows, generator: torch.randint(num_rows, (num_rows,), generator=generator),
                advice="Some rows come twice, some never. Each row must come exactly once."),
        Mistake(name="not using the generator that is given",
                wrong=lambda num_rows, generator: torch.randperm(num_rows),
                advice="This draws from torch's global random numbers: whoever else uses them changes your shuffle."),
        Mistake(name="numpy's global random numbers",
                wrong=lambda num_rows, generator: torch.from_numpy(np.random.permutation(num_rows)),
                advice="The order must come from the generator that is given, and from nothing else."),
        Mistake(name="a generator of your own, made anew in each call",
                wrong=lambda num_rows, generator: torch.randperm(num_rows, generator=torch.Generator().manual_seed(0)),
                advice="It starts from the same seed each time, so every epoch has the same order. Use the one given."),
        Mistake(name="giving the generator a fixed seed inside",
                wrong=lambda num_rows, generator: torch.randperm(num_rows, generator=generator.manual_seed(0)),
                advice="Every epoch gets the same order, whatever seed the caller chose. Leave its seed alone."),
        Mistake(
            name="turning the generator back to its seed",
            wrong=lambda num_rows, given: torch.randperm(num_rows, generator=given.manual_seed(given.initial_seed())),
            advice="Every epoch gets the same order. A generator has to go on from where it is.",
        ),
        Mistake(
            name="cutting the pack once: the rows are moved on, not mixed",
            wrong=lambda num_rows, given: torch.arange(num_rows).roll(
                int(torch.randint(num_rows, (1,), generator=given))
            ),
            advice="Nearly every row still has its old neighbour beside it.",
        ),
        Mistake(name="shuffling blocks of rows that stay together", wrong=_blocks,
                advice="Rows of one block come together in every epoch. Shuffle the rows themselves."),
        Mistake(name="forwards or backwards, by the toss of a coin", wrong=_coin,
                advice="Of all the possible orders only two ever come."),
        Mistake(name="leaving row 0 in its place",
                wrong=_first_stays, advice="Row 0, too, has to be able to come last."),
        Mistake(name="multiples of one number (a row, and always the same step on)", wrong=_multiples,
                advice="From row to row the same step again and again is a pattern, not a shuffle."),
        Mistake(name="shuffling the first and the second half by themselves", wrong=_halves_by_themselves,
                advice="A row of step 0 can then never meet a row of the last step. Shuffle all rows in one go."),
        Mistake(name="an order without the last row",
                wrong=lambda num_rows, generator: torch.randperm(max(num_rows - 1, 0), generator=generator),
                advice="There are num_rows rows, from 0 to num_rows - 1."),
        Mistake(name="counting from 1",
                wrong=lambda num_rows, generator: torch.randperm(num_rows, generator=generator) + 1,
                advice="Row numbers go from 0 to num_rows - 1; the last of yours does not exist."),
        Mistake(name="row numbers that are not whole (float)",
                wrong=lambda num_rows, generator: torch.randperm(num_rows, generator=generator).float(),
                advice="They are to be used as an index: int64."),
        Mistake(name="random numbers instead of row numbers",
                wrong=lambda num_rows, generator: torch.rand(num_rows, generator=generator),
                advice="Numbers between 0 and 1 are no row numbers yet. (Their argsort would be.)"),
        Mistake(name="a list", wrong=lambda num_rows, generator: torch.randperm(num_rows, generator=generator).tolist(),
                advice="The right numbers; asked for is a tensor."),
    ),
    hints=(
        "How do you shuffle cards so that none is lost and none comes twice? And who rolls the dice here?",
        "A random permutation of 0 ... num_rows - 1: torch has a function for it, which takes generator=...",
        "return torch.randperm(num_rows, generator=generator)",
    ),
)  # fmt: skip

"""Exercises of lesson 05: shuffle, split, and the number of gradient steps that follows."""

import inspect
import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe, call_with
from ppo_lessons.minibatches import count_gradient_steps, shuffle_rows, split_rows


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


# ---- 5.1 shuffle_rows: many orders are right, so a probe looks at what an order must be like, not at its numbers


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
        generator = _generator(seed)
        orders = [function(num_rows, generator) for _ in range(epochs)]
        return orders, not torch.equal(generator.get_state(), _generator(seed).get_state())

    def probe(function: Callable[..., Any]) -> Outcome:
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
            "each row once": all(sorted(order) == list(range(num_rows)) for order in runs[0]),
            "whose global random numbers were touched": ", ".join(touched) or "nobody's",
        }
        if num_rows >= 6:  # with fewer rows two orders are often the same by chance
            outcome |= {"whether the generator was used": used, **_of_runs(*runs)}
        if num_rows >= 50:
            outcome |= _of_long_orders(runs[0])
        return outcome

    probe.inputs = (num_rows,)  # type: ignore[attr-defined]
    return probe


def _numbers(order: Any) -> list[float]:
    return [float(row) for row in order]


def _of_runs(first: list, again: list, other: list) -> Outcome:
    """What can only be seen over several epochs; six orders of six rows are never all equal by chance."""
    unmoved = list(range(len(first[0])))
    return {
        "whether every epoch keeps the order 0, 1, 2, ...": all(order == unmoved for order in first),
        "whether all epochs have the same order": all(order == first[0] for order in first),
        "the same orders again from the same seed": first == again,
        "other orders from another seed": first != other,
    }


def _of_long_orders(orders: list[list[float]]) -> Outcome:
    """Whether rows that stood together are torn apart, and every part of the order holds rows from everywhere."""
    length = len(orders[0])
    together = min(int((np.diff(order) == 1).sum()) for order in orders)
    quarters = np.array(orders).reshape(len(orders), 4, -1).mean(axis=(0, 2)) if length % 4 == 0 else np.zeros(4)
    everywhere = bool((np.abs(quarters - (length - 1) / 2) < length / 8).all())
    return {
        "whether neighbours are still together": together > length / 4,
        "whether each part of the order has rows from the whole rollout": everywhere,
    }


def _halves_by_themselves(num_rows: int, generator: torch.Generator) -> Tensor:
    half = num_rows // 2
    first, second = torch.randperm(half, generator=generator), torch.randperm(num_rows - half, generator=generator)
    return torch.cat((first, half + second))


def _cut_once(num_rows: int, generator: torch.Generator) -> Tensor:
    cut = int(torch.randint(num_rows, (1,), generator=generator))
    return torch.arange(num_rows).roll(cut)


shuffle_rows_exercise = Exercise(
    number="5.1",
    function=shuffle_rows,
    difficulty=1,
    minutes=4,
    probes=(_shuffle_probe(6), _shuffle_probe(200), _shuffle_probe(2), _shuffle_probe(1)),
    mistakes=(
        Mistake(
            name="no shuffle at all",
            wrong=lambda num_rows, generator: torch.arange(num_rows),
            advice="These are the rows in the order of the buffer. Who draws another one?",
        ),
        Mistake(
            name="a shuffle that is sorted again",
            wrong=lambda num_rows, generator: torch.randperm(num_rows, generator=generator).sort().values,
            advice="Sorted, the row numbers are 0, 1, 2, ... again.",
        ),
        Mistake(
            name="drawing with replacement (randint)",
            wrong=lambda num_rows, generator: torch.randint(num_rows, (num_rows,), generator=generator),
            advice="Some rows come twice, some never. Each row must come exactly once.",
        ),
        Mistake(
            name="not using the generator that is given",
            wrong=lambda num_rows, generator: torch.randperm(num_rows),
            advice="This draws from torch's global random numbers: whoever else uses them changes your shuffle.",
        ),
        Mistake(
            name="numpy's global random numbers",
            wrong=lambda num_rows, generator: torch.from_numpy(np.random.permutation(num_rows)),
            advice="The order must come from the generator that is given, and from nothing else.",
        ),
        Mistake(
            name="a generator of your own, made anew in each call",
            wrong=lambda num_rows, generator: torch.randperm(num_rows, generator=_generator(0)),
            advice="It starts from the same seed each time, so every epoch has the same order. Use the one given.",
        ),
        Mistake(
            name="giving the generator a fixed seed inside",
            wrong=lambda num_rows, generator: torch.randperm(num_rows, generator=generator.manual_seed(0)),
            advice="Every epoch gets the same order, whatever seed the caller chose. Leave its seed alone.",
        ),
        Mistake(
            name="turning the generator back to its seed",
            wrong=lambda num_rows, generator: torch.randperm(
                num_rows, generator=generator.manual_seed(generator.initial_seed())
            ),
            advice="Every epoch gets the same order. A generator has to go on from where it is.",
        ),
        Mistake(
            name="cutting the pack once: the rows are moved on, not mixed",
            wrong=_cut_once,
            advice="Nearly every row still has its old neighbour beside it.",
        ),
        Mistake(
            name="shuffling the first and the second half by themselves",
            wrong=_halves_by_themselves,
            advice="A row of step 0 can then never meet a row of the last step. Shuffle all rows in one go.",
        ),
        Mistake(
            name="an order without the last row",
            wrong=lambda num_rows, generator: torch.randperm(max(num_rows - 1, 0), generator=generator),
            advice="There are num_rows rows, from 0 to num_rows - 1.",
        ),
        Mistake(
            name="counting from 1",
            wrong=lambda num_rows, generator: torch.randperm(num_rows, generator=generator) + 1,
            advice="Row numbers go from 0 to num_rows - 1; the last of yours does not exist.",
        ),
        Mistake(
            name="row numbers that are not whole (float)",
            wrong=lambda num_rows, generator: torch.randperm(num_rows, generator=generator).float(),
            advice="They are to be used as an index: int64.",
        ),
        Mistake(
            name="random numbers instead of row numbers",
            wrong=lambda num_rows, generator: torch.rand(num_rows, generator=generator),
            advice="Numbers between 0 and 1 are no row numbers yet. (Their argsort would be.)",
        ),
        Mistake(
            name="a list",
            wrong=lambda num_rows, generator: torch.randperm(num_rows, generator=generator).tolist(),
            advice="The right numbers; asked for is a tensor.",
        ),
    ),
    hints=(
        "How do you shuffle cards so that none is lost and none comes twice? And who rolls the dice here?",
        "A random permutation of 0 ... num_rows - 1: torch has a function for it, which takes generator=...",
        "return torch.randperm(num_rows, generator=generator)",
    ),
)


# ---- 5.2 split_rows


def _split_probe(order: list[int], minibatch_size: int) -> Probe:
    probe = call_with(torch.tensor(order), minibatch_size)

    def look(function: Callable[..., Any]) -> Outcome:
        outcome = probe(function)
        if inspect.isgenerator(outcome["result"]):
            outcome["result"] = "a generator"
        return outcome

    look.inputs = probe.inputs  # type: ignore[attr-defined]
    return look


def _shuffled(num_rows: int) -> list[int]:
    return torch.randperm(num_rows, generator=_generator(num_rows)).tolist()


def _joined(order: Tensor, size: int) -> list[Tensor]:
    """The right split, for mistakes that come after it."""
    pieces = list(order.split(size))
    if len(pieces) > 1 and len(pieces[-1]) == 1:
        pieces[-2:] = [torch.cat(pieces[-2:])]
    return pieces


def _without_the_single_row(order: Tensor, size: int) -> list[Tensor]:
    pieces = list(order.split(size))
    return pieces[:-1] if len(pieces) > 1 and len(pieces[-1]) == 1 else pieces


def _rest_always_joined(order: Tensor, size: int) -> list[Tensor]:
    pieces = list(order.split(size))
    if len(pieces) > 1 and len(pieces[-1]) < size:
        pieces[-2:] = [torch.cat(pieces[-2:])]
    return pieces


def _filled_up(order: Tensor, size: int) -> list[Tensor]:
    missing = -len(order) % size
    return list(torch.cat((order, order.repeat(1 + missing // len(order))[:missing])).split(size))


def _dealt(order: Tensor, size: int) -> list[Tensor]:
    hands = math.ceil(len(order) / size)
    return [order[hand::hands] for hand in range(hands)]


split_rows_exercise = Exercise(
    number="5.2",
    function=split_rows,
    difficulty=2,
    minutes=6,
    probes=(
        _split_probe([3, 0, 4, 1, 2], 2),
        _split_probe(_shuffled(6), 4),
        _split_probe(_shuffled(12), 4),
        _split_probe(_shuffled(13), 4),
        _split_probe(_shuffled(3), 2),
        _split_probe(_shuffled(3), 4),
        _split_probe(_shuffled(1), 4),
        _split_probe(_shuffled(30), 7),
    ),
    mistakes=(
        Mistake(
            name="leaving one row alone in the last mini-batch",
            wrong=lambda order, size: order.split(size),
            advice="One row has no spread: its standard deviation is NaN. Where could it go?",
        ),
        Mistake(
            name="dropping the last mini-batch when it is smaller",
            wrong=lambda order, size: [order[start : start + size] for start in range(0, len(order) - size + 1, size)],
            advice="Each row must be used in each epoch. A smaller last mini-batch is fine.",
        ),
        Mistake(
            name="dropping the single row at the end",
            wrong=_without_the_single_row,
            advice="It must not be alone, but it must not be lost either.",
        ),
        Mistake(
            name="joining every smaller rest to the mini-batch before it",
            wrong=_rest_always_joined,
            advice="Two rows or more can be a mini-batch of their own. Only a single one has to join.",
        ),
        Mistake(
            name="taking the size for the number of mini-batches (chunk)",
            wrong=lambda order, size: order.chunk(size),
            advice="minibatch_size says how many rows are in one, not how many there are.",
        ),
        Mistake(
            name="pieces as equal as possible",
            wrong=lambda order, size: order.tensor_split(max(1, math.ceil(len(order) / size))),
            advice="Also a good way to split. Asked for are minibatch_size rows in each, and the rest in the last.",
        ),
        Mistake(
            name="dealing the rows out like cards",
            wrong=_dealt,
            advice="Also a good way to split. Asked for are pieces of rows that follow each other in order.",
        ),
        Mistake(
            name="splitting 0, 1, 2, ... and not the order",
            wrong=lambda order, size: _joined(torch.arange(len(order)), size),
            advice="The shuffle is lost: order holds the row numbers to split.",
        ),
        Mistake(
            name="mini-batches that overlap: the start moves on by one row",
            wrong=lambda order, size: [order[start : start + size] for start in range(max(1, len(order) - size + 1))],
            advice="Each row belongs to exactly one mini-batch. How far must the start move?",
        ),
        Mistake(
            name="filling the last mini-batch up with rows from the start",
            wrong=_filled_up,
            advice="Some rows then count twice in this epoch. The last one may be smaller.",
        ),
        Mistake(
            name="one table (reshape)",
            wrong=lambda order, size: order.reshape(-1, size),
            advice="That works only if the rows divide evenly.",
        ),
        Mistake(
            name="lists of numbers",
            wrong=lambda order, size: [piece.tolist() for piece in _joined(order, size)],
            advice="The right rows; asked for are tensors, to be used as an index.",
        ),
        Mistake(
            name="a generator (yield)",
            wrong=lambda order, size: (piece for piece in _joined(order, size)),
            advice="It can be gone through only once, and has no length. Return a list or a tuple of the pieces.",
        ),
    ),
    hints=(
        "Five rows in mini-batches of two: which row is left over, and why must it not stay alone?",
        "order[0 : M], order[M : 2M], ...; if the last piece has one row and is not the only one, put it "
        "together with the piece before.",
        "pieces = list(order.split(minibatch_size)); if len(pieces) > 1 and len(pieces[-1]) == 1: "
        "pieces[-2:] = [torch.cat(pieces[-2:])]; return pieces",
    ),
)


# ---- 5.3 count_gradient_steps


def _per_epoch(rows: int, size: int) -> int:
    return len(_joined(torch.arange(rows), size))


def _one_less_in_all(rows: int, size: int, epochs: int) -> int:
    rounded_up = math.ceil(rows / size)
    return epochs * rounded_up - (rounded_up - _per_epoch(rows, size))


count_gradient_steps_exercise = Exercise(
    number="5.3",
    function=count_gradient_steps,
    difficulty=2,
    minutes=5,
    probes=(
        call_with(6, 4, 3),
        call_with(5, 2, 3),
        call_with(8, 4, 3),
        call_with(3, 4, 2),
        call_with(1, 4, 3),
        call_with(10, 3, 4),
        call_with(1934, 512, 4),
        call_with(11, 4, 1),
    ),
    mistakes=(
        Mistake(
            name="rounding down: the smaller last mini-batch gets no step",
            wrong=lambda rows, size, epochs: epochs * (rows // size),
            advice="6 rows in mini-batches of 4: what becomes of the last two?",
        ),
        Mistake(
            name="forgetting that a single last row joins the mini-batch before it",
            wrong=lambda rows, size, epochs: epochs * math.ceil(rows / size),
            advice="5 rows in mini-batches of 2 are split into 2 + 3.",
        ),
        Mistake(
            name="taking the single row off once instead of once in each epoch",
            wrong=_one_less_in_all,
            advice="Each epoch is split anew, and has its own single row.",
        ),
        Mistake(
            name="counting one epoch",
            wrong=lambda rows, size, epochs: _per_epoch(rows, size),
            advice="The rows are gone through `epochs` times.",
        ),
        Mistake(
            name="rounding after multiplying with the epochs",
            wrong=lambda rows, size, epochs: math.ceil(epochs * rows / size),
            advice="No mini-batch reaches over the end of an epoch: round for one epoch, then multiply.",
        ),
        Mistake(
            name="not rounding",
            wrong=lambda rows, size, epochs: epochs * rows / size,
            advice="There are no half steps.",
        ),
        Mistake(
            name="the right number as a float",
            wrong=lambda rows, size, epochs: float(epochs * _per_epoch(rows, size)),
            advice="Steps are counted in whole numbers: int.",
        ),
        Mistake(
            name="always one step more for the rest",
            wrong=lambda rows, size, epochs: epochs * (rows // size + 1),
            advice="8 rows in mini-batches of 4 leave no rest.",
        ),
        Mistake(
            name="joining every smaller rest to the mini-batch before it",
            wrong=lambda rows, size, epochs: epochs * max(1, rows // size),
            advice="Only a single row joins. Two or more are a mini-batch of their own.",
        ),
        Mistake(
            name="counting rows, not mini-batches",
            wrong=lambda rows, size, epochs: epochs * rows,
            advice="One step for each mini-batch, not for each row.",
        ),
        Mistake(
            name="rows and minibatch_size swapped",
            wrong=lambda rows, size, epochs: epochs * math.ceil(size / rows),
            advice="How often does the size go into the rows?",
        ),
    ),
    hints=(
        "How many mini-batches does one epoch have, for 8, 6 and 5 rows in mini-batches of 4?",
        "epochs * ceil(num_rows / minibatch_size), but one less per epoch if a single row is left and there is a "
        "mini-batch to join.",
        "full, rest = divmod(num_rows, minibatch_size); "
        "return epochs * (full + (rest > 1 or (rest == 1 and full == 0)))",
    ),
)

EXERCISES = (shuffle_rows_exercise, split_rows_exercise, count_gradient_steps_exercise)

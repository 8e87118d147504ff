"""The order split into mini-batches."""

import inspect
import math

import torch
from torch import Tensor

from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.minibatches import split_rows


def _split_probe(order: list[int], minibatch_size: int) -> Probe:
    def seen(pieces: object) -> object:
        return "a generator" if inspect.isgenerator(pieces) else pieces

    special = "a single row in all" if len(order) == 1 else ""
    return call_with(torch.tensor(order), minibatch_size, seen=seen, special=special)


def _shuffled(num_rows: int) -> list[int]:
    return torch.randperm(num_rows, generator=generator(num_rows)).tolist()


_SIZES = ((6, 4), (12, 4), (13, 4), (3, 2), (3, 4), (1, 4), (30, 7))


def _joined_to_the_first(order: Tensor, size: int) -> list[Tensor]:
    pieces = list(order.split(size))
    if len(pieces) > 1 and len(pieces[-1]) == 1:
        last = pieces.pop()
        pieces[0] = torch.cat((pieces[0], last))
    return pieces


def _borrowed(order: Tensor, size: int) -> list[Tensor]:
    pieces = list(order.split(size))
    if len(pieces) > 1 and len(pieces[-1]) == 1:
        both = torch.cat(pieces[-2:])
        pieces[-2:] = [both[:-2], both[-2:]]
    return pieces


EXERCISE = Exercise(
    number="6.2",
    node="H",
    function=split_rows,
    difficulty=2,
    minutes=6,
    probes=(_split_probe([3, 0, 4, 1, 2], 2), *(_split_probe(_shuffled(rows), size) for rows, size in _SIZES)),
    mistakes=(
        Mistake(name="leaving one row alone in the last mini-batch", wrong=lambda order, size: order.split(size),
                advice="One row has no spread: its standard deviation is NaN. Where could it go?"),
        Mistake(
            name="dropping the last mini-batch when it is smaller",
            wrong=lambda order, size: [order[start : start + size] for start in range(0, len(order) - size + 1, size)],
            advice="Each row must be used in each epoch. A smaller last mini-batch is fine.",
        ),
        Mistake(name="dropping the single row at the end",
                wrong=lambda order, size: [piece for piece in order.split(size) if len(piece) > 1 or len(order) == 1],
                advice="It must not be alone, but it must not be lost either."),
        Mistake(name="joining the single row to the first mini-batch", wrong=_joined_to_the_first,
                advice="It joins the piece just before it, the last one."),
        Mistake(name="handing out the single row twice: joined, and alone as well",
                wrong=lambda order, size: [*split_rows(order, size), *([order[-1:]] if len(order) % size == 1 else [])],
                advice="Each row comes once. What happens to the last piece when it has been joined?"),
        Mistake(name="lending the single row one from the piece before", wrong=_borrowed,
                advice="The single row joins the piece before it; no piece of two rows is made."),
        Mistake(name="losing a rollout of a single row",
                wrong=lambda order, size: split_rows(order, size) if len(order) > 1 else [],
                advice="If there is one row in all there is no piece before it to join. It stays alone."),
        Mistake(name="one table without the rest",
                wrong=lambda order, size: order[: len(order) // size * size].reshape(-1, size),
                advice="Asked for is a list of pieces, and the last one may be larger or smaller."),
        Mistake(name="joining every smaller rest to the mini-batch before it",
                wrong=lambda order, size: list(order.tensor_split(tuple(range(size, len(order) - size + 1, size)))),
                advice="Two rows or more can be a mini-batch of their own. Only a single one has to join."),
        Mistake(name="taking the size for the number of mini-batches (chunk)",
                wrong=lambda order, size: order.chunk(size),
                advice="minibatch_size says how many rows are in one, not how many there are."),
        Mistake(
            name="pieces as equal as possible",
            wrong=lambda order, size: order.tensor_split(max(1, math.ceil(len(order) / size))),
            advice="Also a good way to split. Asked for are minibatch_size rows in each, and the rest in the last.",
        ),
        Mistake(
            name="dealing the rows out like cards",
            wrong=lambda order, size: [
                order[start :: -(-len(order) // size)] for start in range(-(-len(order) // size))
            ],
            advice="Also a good way to split. Asked for are pieces of rows that follow each other in order.",
        ),
        Mistake(name="splitting 0, 1, 2, ... and not the order",
                wrong=lambda order, size: list(split_rows(torch.arange(len(order)), size)),
                advice="The shuffle is lost: order holds the row numbers to split."),
        Mistake(
            name="mini-batches that overlap: the start moves on by one row",
            wrong=lambda order, size: [order[start : start + size] for start in range(max(1, len(order) - size + 1))],
            advice="Each row belongs to exactly one mini-batch. How far must the start move?",
        ),
        Mistake(name="filling the last mini-batch up with rows from the start",
                wrong=lambda order, size: list(order.repeat(size)[: size * math.ceil(len(order) / size)].split(size)),
                advice="Some rows then count twice in this epoch. The last one may be smaller."),
        Mistake(name="one table (reshape)", wrong=lambda order, size: order.reshape(-1, size),
                advice="That works only if the rows divide evenly."),
        Mistake(name="lists of numbers",
                wrong=lambda order, size: [piece.tolist() for piece in split_rows(order, size)],
                advice="The right rows; asked for are tensors, to be used as an index."),
        Mistake(name="a generator (yield)", wrong=lambda order, size: (piece for piece in split_rows(order, size)),
                advice="It can be gone through only once, and has no length. Return a list or a tuple of the pieces."),
    ),
    hints=(
        "Five rows in mini-batches of two: which row is left over, and why must it not stay alone?",
        "order[0 : M], order[M : 2M], ...; if the last piece has one row and is not the only one, put it "
        "together with the piece before.",
        "pieces = list(order.split(minibatch_size))\n"
        "if len(pieces) > 1 and len(pieces[-1]) == 1:\n"
        "    pieces[-2:] = [torch.cat(pieces[-2:])]\n"
        "return pieces",
    ),
)  # fmt: skip

"""The mini-batches of all epochs."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import islice
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.classroom.counted import counted, times
from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe
from ppo_lessons.config import PPOConfig
from ppo_lessons.steps import Steps, each_minibatch

MOST = 200
"""Pieces that are looked at; an answer may go on for ever."""
_GIVEN = Steps()
_OWN = Steps(
    shuffle_rows=lambda num_rows, generator: torch.randperm(num_rows, generator=generator).flip(0),
    split_rows=lambda order, minibatch_size: list(reversed(order.split(minibatch_size))),
)
Given = tuple[int, PPOConfig, torch.Generator, Steps]


def _epochs_probe(num_rows: int, epochs: int, size: int, steps: Steps = _GIVEN, special: str = "") -> Probe:
    """How often the two boxes are asked, and all pieces in order."""

    def make() -> Given:
        config = PPOConfig(epochs=epochs, minibatch_size=size)
        return num_rows, config, generator(num_rows), counted(steps, "shuffle_rows", "split_rows")[0]

    def look(function: Callable[..., Any], inputs: Given) -> Outcome:
        answer = function(*inputs)
        if answer is ... or answer is None:
            return {"result": answer}
        if not isinstance(answer, Iterable) or isinstance(answer, Tensor):
            return {"what comes back": type(answer).__name__}
        pieces = list(islice(answer, MOST))
        record = inputs[3].shuffle_rows.record  # type: ignore[attr-defined]
        return {
            "what comes back": "pieces, one after the other",
            "steps.shuffle_rows is asked": times(record.count("shuffle_rows")),
            "steps.split_rows is asked": times(record.count("split_rows")),
            "each piece": _kinds(pieces),
            "result": pieces,
        }

    return Probe(make=make, look=look, special=special)


def _kinds(pieces: list[Any]) -> str:
    """Say what the pieces are."""
    names = {_kind(piece) for piece in pieces}
    return " or ".join(sorted(names)) or "there is none"


def _kind(piece: Any) -> str:
    if not isinstance(piece, Tensor):
        return f"a {type(piece).__name__}"
    return "a tensor of row numbers" if piece.dim() == 1 else "a single row number"


def _with(**own: Callable[..., Any]) -> Callable[..., Iterator[Tensor]]:
    """The right loop over wrong boxes."""
    return lambda num_rows, config, given, steps: each_minibatch(num_rows, config, given, replace(steps, **own))


def _one_order(num_rows: int, config: PPOConfig, given: torch.Generator, steps: Steps) -> Iterator[Tensor]:
    order = steps.shuffle_rows(num_rows, given)
    for _ in range(config.epochs):
        yield from steps.split_rows(order, config.minibatch_size)


def _one_split(num_rows: int, config: PPOConfig, given: torch.Generator, steps: Steps) -> list[Tensor]:
    return list(steps.split_rows(steps.shuffle_rows(num_rows, given), config.minibatch_size)) * config.epochs


def _one_epoch(num_rows: int, config: PPOConfig, given: torch.Generator, steps: Steps) -> Iterator[Tensor]:
    return each_minibatch(num_rows, replace(config, epochs=1), given, steps)


def _whole(num_rows: int, config: PPOConfig, given: torch.Generator, steps: Steps) -> list[Tensor]:
    return [steps.shuffle_rows(num_rows, given) for _ in range(config.epochs)]


def _nested(num_rows: int, config: PPOConfig, given: torch.Generator, steps: Steps) -> list[Any]:
    return [list(_one_epoch(num_rows, config, given, steps)) for _ in range(config.epochs)]


def _blocks(num_rows: int, config: PPOConfig, given: torch.Generator, steps: Steps) -> Iterator[Tensor]:
    for _ in range(config.epochs):
        pieces = list(steps.split_rows(torch.arange(num_rows), config.minibatch_size))
        for place in steps.shuffle_rows(len(pieces), given):
            yield pieces[place]


def _unshuffled(num_rows: int, config: PPOConfig, given: torch.Generator, steps: Steps) -> Iterator[Tensor]:
    for _ in range(config.epochs):
        steps.shuffle_rows(num_rows, given)
        yield from steps.split_rows(torch.arange(num_rows), config.minibatch_size)


def _only_firsts(num_rows: int, config: PPOConfig, given: torch.Generator, steps: Steps) -> Iterator[Tensor]:
    for _ in range(config.epochs):
        yield steps.split_rows(steps.shuffle_rows(num_rows, given), config.minibatch_size)[0]


def _only_lasts(num_rows: int, config: PPOConfig, given: torch.Generator, steps: Steps) -> list[Tensor]:
    return [list(_one_epoch(num_rows, config, given, steps)) for _ in range(config.epochs)][-1]


def _own_split(order: Tensor, size: int) -> Iterable[Tensor]:
    return order.split(size)


EXERCISE = Exercise(
    number="6.4",
    node="F",
    function=each_minibatch,
    difficulty=2,
    minutes=6,
    probes=(
        _epochs_probe(6, 3, 2),
        _epochs_probe(10, 2, 4),
        _epochs_probe(9, 4, 3),
        _epochs_probe(7, 2, 3),
        _epochs_probe(5, 1, 2),
        _epochs_probe(8, 2, 3, _OWN, special="boxes of somebody's own"),
    ),
    mistakes=(
        Mistake(name="one shuffle for all epochs", wrong=_one_order,
                advice="The same mini-batches come again in every epoch. Where does the shuffle belong?"),
        Mistake(name="one epoch's mini-batches again and again", wrong=_one_split,
                advice="Each epoch shuffles anew and splits anew: both calls belong inside the loop."),
        Mistake(name="a single epoch", wrong=_one_epoch,
                advice="config.epochs says how often all rows are gone over. Is there a return inside a loop?"),
        Mistake(name="keeping the last epoch alone", wrong=_only_lasts,
                advice="The list begins anew in every epoch. Where does `pieces = []` belong?"),
        Mistake(name="one epoch too few",
                wrong=lambda n, config, *more: islice(each_minibatch(n, config, *more),
                                                      (config.epochs - 1) * -(-n // config.minibatch_size)),
                advice="range(n) counts n times, from 0 on: no - 1, and no start at 1."),
        Mistake(name="whole epochs, not split", wrong=_whole,
                advice="Each order has all the rows. steps.split_rows cuts it up."),
        Mistake(name="a list of pieces for each epoch, not the pieces", wrong=_nested,
                advice="Wanted is one mini-batch after the other: yield from, or extend in place of append."),
        Mistake(name="splitting first, and shuffling the pieces as blocks", wrong=_blocks,
                advice="Rows that stand together stay together then. Shuffle all the rows, and split that order."),
        Mistake(name="splitting the rows as they stand: the shuffled order is not used", wrong=_unshuffled,
                advice="shuffle_rows returns an order. Who splits it?"),
        Mistake(name="the first mini-batch of each epoch alone", wrong=_only_firsts,
                advice="Every row is to be used in every epoch: hand on each piece."),
        Mistake(name="a shuffle of your own in place of steps.shuffle_rows",
                wrong=_with(shuffle_rows=lambda num_rows, given: torch.randperm(num_rows, generator=given)),
                advice="The same numbers today; but box G may be somebody's own: ask steps.shuffle_rows."),
        Mistake(name="a split of your own in place of steps.split_rows", wrong=_with(split_rows=_own_split),
                advice="Box H may be somebody's own, and knows what to do with a single last row: steps.split_rows."),
        Mistake(name="shuffle and split of your own",
                wrong=_with(shuffle_rows=lambda num_rows, given: torch.randperm(num_rows, generator=given),
                            split_rows=_own_split),
                advice="Boxes G and H may be somebody's own: ask steps.shuffle_rows and steps.split_rows."),
        Mistake(name="epochs and minibatch_size swapped",
                wrong=lambda n, config, given, steps: (
                    piece for _ in range(config.minibatch_size)
                    for piece in steps.split_rows(steps.shuffle_rows(n, given), config.epochs)),
                advice="config.epochs says how often, config.minibatch_size how many rows at a time."),
        Mistake(name="the sizes of the pieces, not the pieces",
                wrong=lambda *given: [len(piece) for piece in each_minibatch(*given)],
                advice="Wanted are the row numbers themselves, in tensors."),
        Mistake(name="all pieces in one tensor", wrong=lambda *given: torch.cat(list(each_minibatch(*given))),
                advice="Each mini-batch is a tensor of its own: hand on one after the other."),
    ),
    hints=(
        "What happens once for each epoch, and what once for each piece? That gives two loops, one in the other.",
        "In each of config.epochs epochs: order = steps.shuffle_rows(...), then hand on every piece of "
        "steps.split_rows(order, ...).",
        "for epoch in range(config.epochs):\n"
        "    order = steps.shuffle_rows(num_rows, generator)\n"
        "    for piece in steps.split_rows(order, config.minibatch_size):\n"
        "        yield piece",
    ),
)  # fmt: skip

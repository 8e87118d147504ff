"""What can happen to an input of a right function: left out, written in, swapped, detached, a row early or late."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import torch

from ppo_lessons.classroom.diagnosis.change import (
    Change,
    Function,
    Inputs,
    before,
    changed_value,
    contents,
    with_content,
)


def _set(place: int, change: Callable[[Any], Any]) -> Callable[[Function], Function]:
    def changed(args: Inputs) -> Inputs:
        return [change(value) if i == place else value for i, value in enumerate(args)]

    return before(changed)


Row = tuple[str, str, Callable[[Any], Any]]
"""Name and advice, in which {x} is the input's name, and what happens to it."""
WHERE = "Where does {x} come in?"
ROW_OF = "Which row of {x} belongs to row t?"
FLAGS: tuple[Row, ...] = (
    ("{x} left out, as if it were never True", WHERE, lambda x: x & False),
    ("{x} left out, as if it were always True", WHERE, lambda x: x | True),
    ("{x} turned round", "What does True in {x} stand for?", lambda x: ~x),
    ("{x} of the row below", ROW_OF, lambda x: _shifted(x, -1)),
    ("{x} of the row above", ROW_OF, lambda x: _shifted(x, 1)),
)
TENSORS: tuple[Row, ...] = (
    ("the sign of {x} turned", "With which sign does {x} come in?", lambda x: -x),
    ("{x} without its graph", "The gradient goes back through {x}: no detach().", lambda x: x.detach()),
    ("the size of {x} without its sign (abs)", "{x} below 0 means something else than above.", lambda x: x.abs()),
    ("{x} moved to mean 0", "{x} is to be taken as it comes.", lambda x: x - x.mean()),
    ("exp of {x}", "Look at what is done with {x} first.", lambda x: x.exp()),
    ("the logarithm of {x}", "Look at what is done with {x} first.", lambda x: x.log()),
    ("{x} twice", "{x} comes in once.", lambda x: 2 * x),
    ("half of {x}", "{x} comes in whole.", lambda x: x / 2),
    ("{x} of the row below", ROW_OF, lambda x: _shifted(x, -1)),
    ("{x} of the row above", ROW_OF, lambda x: _shifted(x, 1)),
    ("NaN in {x} made into numbers", "What holds NaN must be left out, not changed.", lambda x: x.nan_to_num()),
)
BLUNT_TENSORS: tuple[Row, ...] = (
    ("{x} left out (taken for 0)", WHERE, lambda x: 0 * x.nan_to_num()),
    ("{x} left out (taken for 1)", WHERE, lambda x: 0 * x.nan_to_num() + 1),
    ("{x} cut off below 0", "{x} below 0 means something, too.", lambda x: x.clamp(min=0)),
    ("only the signs of {x}", "How large {x} is counts as well.", lambda x: x.sign()),
    ("the mean of {x} for each of its numbers", "Each row has {x} of its own.", lambda x: 0 * x + x.mean()),
)
"""After these much that differs is the same."""
CHOSEN = "{x} is the caller's to choose. Where does it come in?"
SWITCHES: tuple[Row, ...] = (
    ("{x} taken for True always", CHOSEN, lambda x: True),
    ("{x} taken for False always", CHOSEN, lambda x: False),
    ("{x} turned round", "What does True in {x} stand for?", lambda x: not x),
)
NUMBERS: tuple[Row, ...] = (
    ("the sign of {x} turned", "With which sign does {x} come in?", lambda x: -x),
    ("{x} twice", "{x} comes in once.", lambda x: 2 * x),
    ("half of {x}", "{x} comes in whole.", lambda x: x / 2),
    ("{x} squared", "{x} is used once too often.", lambda x: x * x),
    ("1 minus {x} in place of {x}", "Look at how {x} is used.", lambda x: 1 - x),
    ("{x} one too large", "Count again from 0: where does {x} begin?", lambda x: x + 1),
    ("{x} one too small", "Count again from 0: where does {x} begin?", lambda x: x - 1),
)
CONSTANTS = (0, 1, 0.2, 0.5, 0.99, 0.95, 0.01)
"""What people write in."""


def of_input(place: int, name: str, value: Any) -> Iterator[Change]:
    """Yield what can happen to one input.

    Args:
        place: Its position.
        name: What it is called.
        value: For instance this; its kind counts.
    """

    def of_rows(rows: Sequence[Row], blunt: bool = False) -> Iterator[Change]:
        for what, advice, change in rows:
            yield Change(what.format(x=name), advice.format(x=name), _set(place, change), blunt)

    if getattr(value, "dtype", None) in (torch.bool, np.dtype(bool)):
        yield from of_rows(FLAGS)
    elif isinstance(value, torch.Tensor) and value.is_floating_point():
        yield from of_rows(BLUNT_TENSORS, blunt=True)
        yield from of_rows(TENSORS)
        advice = f"It is right, but the caller's {name} is changed: no -=, += or method ending in _."
        yield Change(f"{name} changed in place", advice, _in_place(place))
    elif isinstance(value, bool):
        yield from of_rows(SWITCHES)
    elif isinstance(value, (int, float)):
        for constant in dict.fromkeys((value, *CONSTANTS)):
            what = f"{{x}} left out ({constant:g} written in)" if constant else "{x} left out (taken for 0)"
            yield from of_rows([(what, CHOSEN, lambda x, c=constant: c)])
        yield from of_rows(NUMBERS)


def _in_place(place: int) -> Callable[[Function], Function]:
    """The result written into the input itself."""

    def of(function: Function) -> Function:
        def changed(*args: Any) -> Any:
            result = function(*args)
            with torch.no_grad():
                args[place].copy_(result)
            return result

        return changed

    return of


def _shifted(rows: Any, by: int) -> Any:
    """Return rows moved up or down by one; the free place repeats its neighbour."""
    if by < 0:
        return (
            torch.cat((rows[1:], rows[-1:]))
            if isinstance(rows, torch.Tensor)
            else np.concatenate((rows[1:], rows[-1:]))
        )
    return torch.cat((rows[:1], rows[:-1])) if isinstance(rows, torch.Tensor) else np.concatenate((rows[:1], rows[:-1]))


def of_fields(place: int, name: str, value: Any) -> Iterator[Change]:
    """Yield what can happen to the fields of an input that has some."""
    inside = contents(value)
    for field, content in inside.items():
        yield from (
            Change(
                change.name,
                change.advice,
                _set(place, lambda x, c=change, f=field: with_content(x, f, changed_value(c, getattr(x, f)))),
            )
            for change in of_input(0, f"{name}.{field}", content)
        )
        for other, more in inside.items():
            if other != field and _exchangeable(content, more):
                yield Change(f"{name}.{other} in place of {name}.{field}",
                             f"Which one belongs there, {field} or {other}?",
                             _set(place, lambda x, f=field, o=other: with_content(x, f, getattr(x, o))))  # fmt: skip


def _exchangeable(one: Any, two: Any) -> bool:
    """Say whether one value could be taken for the other."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (one, two)):
        return True
    shapes = getattr(one, "shape", None), getattr(two, "shape", None)
    return None not in shapes and shapes[0] == shapes[1] and type(one) is type(two)


def of_two_inputs(first: int, second: int, names: Sequence[str], inputs: Sequence[Any]) -> Iterator[Change]:
    """Yield what can happen to two inputs: one in place of the other, or both exchanged."""
    one, two = inputs[first], inputs[second]
    if first == second or not _exchangeable(one, two):
        return
    a, b = names[first], names[second]

    def replaced(args: Inputs) -> Inputs:
        return [args[second] if i == first else value for i, value in enumerate(args)]

    yield Change(f"{b} in place of {a}", f"Which one belongs there, {a} or {b}?", before(replaced))
    if first < second:

        def swapped(args: Inputs) -> Inputs:
            args[first], args[second] = args[second], args[first]
            return args

        yield Change(f"{a} and {b} swapped", f"Which one comes first, {a} or {b}?", before(swapped))

"""Wrong answers as changes of a right one: the sign turned, an argument left out, the mean forgotten; also two at once.

A change stands before a function (it gets other inputs) or behind it (its result is changed). What an answer does is
compared with the package's function under one change, a known mistake under one change, and two changes together.
"""

import inspect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields, is_dataclass, replace
from typing import Any

import numpy as np
import torch

from ppo_lessons.classroom.exercise import Exercise

Function = Callable[..., Any]
Inputs = list[Any]


@dataclass(frozen=True)
class Change:
    """Something that happened to a right function, or to a mistaken one."""

    name: str
    """What was done: "the sign turned"."""
    advice: str
    """What to look at."""
    of: Callable[[Function], Function]
    """Makes the changed function."""
    blunt: bool = False
    """Whether much that differs becomes the same by it: it is not put together with another change."""


def after(change: Callable[[Any], Any]) -> Callable[[Function], Function]:
    """Return a change of the result."""
    return lambda function: lambda *args: change(function(*args))


def before(change: Callable[[Inputs], Inputs]) -> Callable[[Function], Function]:
    """Return a change of the inputs."""
    return lambda function: lambda *args: function(*change(list(args)))


def _number(result: Any) -> Any:
    """Let a result through that can be counted with."""
    if isinstance(result, bool) or not isinstance(result, (torch.Tensor, np.ndarray, int, float)):
        raise TypeError("no number")
    if isinstance(result, (torch.Tensor, np.ndarray)) and result.dtype in (torch.bool, np.bool_):
        raise TypeError("no number")
    return result


def _tensor(result: Any) -> torch.Tensor:
    if not isinstance(result, torch.Tensor):
        raise TypeError("no tensor")
    return result


def _rows(result: Any) -> torch.Tensor:
    if _tensor(result).dim() == 0 or not result.is_floating_point():
        raise TypeError("no rows")
    return result


def _flags(result: Any) -> Any:
    kind = getattr(result, "dtype", type(result))
    if kind not in (torch.bool, np.dtype(bool), bool):
        raise TypeError("no flags")
    return result


def _sequence(result: Any) -> Any:
    if not isinstance(result, (tuple, list)) or hasattr(result, "_fields"):
        raise TypeError("no sequence")
    return result


RESULTS = (
    Change("the sign turned", "It is right but for the sign: which way round is it asked for?",
           after(lambda result: -_number(result))),
    Change("yes and no turned round", "Everything is the wrong way round: what is True to stand for?",
           after(lambda result: (not _flags(result)) if isinstance(result, bool) else ~_flags(result))),
    Change("no graph (detached, or made under no_grad)",
           "The gradient has to find its way back through it: no detach(), item(), numpy() or no_grad().",
           after(lambda result: _tensor(result).detach())),
    Change("a plain number instead of a tensor", "Leave it a tensor: no item() and no float().",
           after(lambda result: _tensor(result).item())),
    Change("the half of it", "It is exactly half of what is asked for. Where does a 2, or a second half, get lost?",
           after(lambda result: _number(result) / 2)),
    Change("twice as much", "It is exactly twice what is asked for. What is counted double?",
           after(lambda result: 2 * _number(result))),
    Change("per cent", "It is a hundred times as much as is asked for.", after(lambda result: 100 * _number(result))),
    Change("its size without the sign (abs)", "What is below 0 has to stay below 0.",
           after(lambda result: abs(_number(result)))),
    Change("nothing below 0 let through", "What is below 0 has to stay below 0.",
           after(lambda result: _number(result).clamp(min=0) if isinstance(result, torch.Tensor)
                 else max(0.0, _number(result)))),
    Change("1 minus it", "It is 1 minus what is asked for.", after(lambda result: 1 - _number(result))),
    Change("1 too much", "Everywhere 1 too much comes out.", after(lambda result: _number(result) + 1)),
    Change("1 too little", "Everywhere 1 too little comes out.", after(lambda result: _number(result) - 1)),
    Change("its square", "It is the square of what is asked for.", after(lambda result: _number(result) ** 2)),
    Change("its root", "It is the root of what is asked for.", after(lambda result: _number(result) ** 0.5)),
    Change("its logarithm", "It is the logarithm of what is asked for.", after(lambda result: _rows(result).log())),
    Change("exp of it", "It is exp of what is asked for.", after(lambda result: _tensor(result).exp())),
    Change("the mean over the rows", "Each row is asked for by itself.", after(lambda result: _rows(result).mean())),
    Change("the sum over the rows", "Each row is asked for by itself.", after(lambda result: _rows(result).sum())),
    Change("an axis too many", "The numbers are right, the shape has one axis too many.",
           after(lambda result: _tensor(result).unsqueeze(-1))),
    Change("an axis too many, in front", "The numbers are right, the shape has one axis too many.",
           after(lambda result: _tensor(result).unsqueeze(0))),
    Change("an axis too few", "All axes of length 1 are gone, those too that happen to have one row.",
           after(lambda result: _rows(result).squeeze())),
    Change("rows and columns exchanged", "The numbers are right, the axes have changed places.",
           after(lambda result: _tensor(result).mT)),
    Change("all in one row (flattened)", "The numbers are right, the axes are gone.",
           after(lambda result: _tensor(result).flatten())),
    Change("float64", "The numbers are right; asked for is the dtype of the inputs.",
           after(lambda result: result.astype(np.float64) if isinstance(result, np.ndarray)
                 else _tensor(result).double())),
    Change("float instead of the dtype asked for", "The numbers are right; look at the dtype.",
           after(lambda result: result.astype(np.float32) if isinstance(result, np.ndarray)
                 else _tensor(result).float())),
    Change("whole numbers", "The numbers are rounded; look at the dtype.",
           after(lambda result: int(result) if isinstance(result, (bool, float)) else
                 result.astype(int) if isinstance(result, np.ndarray) else _tensor(result).long())),
    Change("yes and no instead of numbers", "Asked for are numbers.",
           after(lambda result: bool(_number(result)) if isinstance(result, (int, float)) else _number(result) != 0)),
    Change("a numpy array", "The right numbers; asked for is a torch tensor.",
           after(lambda result: _tensor(result).detach().numpy())),
    Change("a torch tensor", "The right numbers; asked for is a numpy array.",
           after(lambda result: torch.from_numpy(result))),
    Change("a tensor with one number", "The right number; asked for is a plain one: float(...) or item().",
           after(lambda result: torch.tensor(result) if isinstance(result, (bool, int, float)) else _no(result))),
    Change("a list", "The right values; asked for is a tensor.", after(lambda result: _tensor(result).tolist())),
    Change("text", "Asked for is no text.", after(lambda result: str(_number(result)))),
    Change("a tuple around it", "The right value stands in a tuple: is there a comma too many?",
           after(lambda result: (result,))),
    Change("a list around it", "The right value stands in a list of its own.", after(lambda result: [result])),
    Change("the rows turned round", "The right rows in the opposite order.", after(lambda result: _rows(result).flip(0))),
    Change("the parts in the opposite order", "The right parts; look at their order.",
           after(lambda result: _sequence(result)[::-1])),
    Change("sorted", "The right values, sorted: the order carries a meaning.", after(lambda result: sorted(_sequence(result)))),
    Change("a set", "A set has no order.", after(lambda result: set(_sequence(result)))),
    Change("only the first part", "More than one thing is asked for.", after(lambda result: _sequence(result)[0])),
    Change("only the last part", "More than one thing is asked for.", after(lambda result: _sequence(result)[-1])),
    Change("the first part left out", "Something is missing at the start.", after(lambda result: _sequence(result)[1:])),
    Change("the last part left out", "Something is missing at the end.", after(lambda result: _sequence(result)[:-1])),
    Change("how many there are instead of which", "Asked for are they, not their number.",
           after(lambda result: len(_sequence(result)))),
    Change("all parts in one", "The right values in one piece; asked for are several.",
           after(lambda result: torch.cat(list(_sequence(result))))),
    Change("each part a list", "The right numbers; asked for are tensors.",
           after(lambda result: [part.tolist() for part in _sequence(result)])),
    Change("normalised to mean 0 and standard deviation 1", "It is right but for that: take it out.",
           after(lambda result: (_rows(result) - result.mean()) / (result.std() + 1e-8))),
    Change("moved to mean 0", "It is right but for that: take it out.", after(lambda result: _rows(result) - result.mean())),
    Change("the rows sorted", "The right rows, sorted: their order carries a meaning.",
           after(lambda result: _rows(result).sort(dim=0).values)),
    Change("cut off at -1 and 1", "It is right but for that: take it out.", after(lambda result: _number(result).clamp(-1, 1)), blunt=True),
    Change("always 0", "It is 0 whatever comes in.", after(lambda result: _number(result) * 0), blunt=True),
    Change("always True", "It is True whatever comes in.",
           after(lambda result: True if isinstance(_flags(result), bool) else _flags(result) | True), blunt=True),
    Change("always False", "It is False whatever comes in.",
           after(lambda result: False if isinstance(_flags(result), bool) else _flags(result) & False), blunt=True),
    Change("NaN made into numbers", "NaN has to stay NaN: it says that something was not known.",
           after(lambda result: _rows(result).nan_to_num()), blunt=True),
)  # fmt: skip
"""What can happen to a result."""


def _no(result: Any) -> Any:
    raise TypeError(f"not for a {type(result).__name__}")


def changes_of(exercise: Exercise) -> tuple[list[Change], list[Change]]:
    """Return all changes that make sense for an exercise: of its inputs, and of its result.

    Args:
        exercise: Its function's parameters are told apart by what the first probe hands over.
    """
    names = list(inspect.signature(exercise.function).parameters)
    inputs = exercise.probes[0].make()
    found: list[Change] = []
    for place, (name, value) in enumerate(zip(names, inputs, strict=False)):
        found += _of_input(place, name, value)
        found += _of_fields(place, name, value)
    for first in range(len(inputs)):
        for second in range(len(inputs)):
            found += _of_two_inputs(first, second, names, inputs)
    return found, [*RESULTS, *_of_parts(exercise.function(*inputs))]


def _of_parts(result: Any) -> Iterator[Change]:
    """Yield what can happen to the parts of a result: one changed, or two exchanged."""
    if not isinstance(result, tuple) or len(result) > 8:
        return
    names = getattr(result, "_fields", None) or ["the first part", "the second part", *("a later part",) * 6]
    for i, part in enumerate(result):
        if not hasattr(result, "_fields"):
            yield from (
                Change(f"{change.name}, in {names[i]}", change.advice, after(_part_changed(i, change)))
                for change in RESULTS
            )
        for j in range(i):
            if type(part) is type(result[j]):
                yield Change(
                    f"{names[j]} and {names[i]} swapped in the result",
                    "Look at the order of what you return.",
                    after(_parts_swapped(i, j)),
                )


def _part_changed(i: int, change: Change) -> Callable[[Any], Any]:
    return lambda result: (*result[:i], _only(change, result[i]), *result[i + 1 :])


def _parts_swapped(i: int, j: int) -> Callable[[Any], Any]:
    def swapped(result: Any) -> Any:
        parts = list(result)
        parts[i], parts[j] = parts[j], parts[i]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)

    return swapped


def _set(place: int, change: Callable[[Any], Any]) -> Callable[[Function], Function]:
    def changed(args: Inputs) -> Inputs:
        return [change(value) if i == place else value for i, value in enumerate(args)]

    return before(changed)


def _of_input(place: int, name: str, value: Any) -> Iterator[Change]:
    """Yield what can happen to one input."""
    dtype = getattr(value, "dtype", None)
    if isinstance(value, (torch.Tensor, np.ndarray)) and dtype in (torch.bool, np.dtype(bool)):
        yield Change(
            f"{name} left out, as if it were never True",
            f"Where does {name} come in?",
            _set(place, lambda x: x & False),
        )
        yield Change(
            f"{name} left out, as if it were always True",
            f"Where does {name} come in?",
            _set(place, lambda x: x | True),
        )
        yield Change(f"{name} turned round", f"What does True in {name} stand for?", _set(place, lambda x: ~x))
        yield Change(
            f"{name} of the row below", f"Which row of {name} belongs to row t?", _set(place, lambda x: _shifted(x, -1))
        )
        yield Change(
            f"{name} of the row above", f"Which row of {name} belongs to row t?", _set(place, lambda x: _shifted(x, 1))
        )
    elif isinstance(value, torch.Tensor) and value.is_floating_point():
        yield Change(
            f"{name} left out (taken for 0)",
            f"Where does {name} come in?",
            _set(place, lambda x: 0 * x.nan_to_num()),
            blunt=True,
        )
        yield Change(
            f"{name} left out (taken for 1)",
            f"Where does {name} come in?",
            _set(place, lambda x: 0 * x.nan_to_num() + 1),
            blunt=True,
        )
        yield Change(f"the sign of {name} turned", f"With which sign does {name} come in?", _set(place, lambda x: -x))
        yield Change(
            f"{name} without its graph",
            f"The gradient goes back through {name}: no detach().",
            _set(place, lambda x: x.detach()),
        )
        yield Change(
            f"the size of {name} without its sign (abs)",
            f"{name} below 0 means something else than above.",
            _set(place, lambda x: x.abs()),
        )
        yield Change(
            f"only the signs of {name}",
            f"How large {name} is counts as well.",
            _set(place, lambda x: x.sign()),
            blunt=True,
        )
        yield Change(
            f"{name} cut off below 0", f"{name} below 0 means something, too.", _set(place, lambda x: x.clamp(min=0))
        )
        yield Change(
            f"{name} moved to mean 0", f"{name} is to be taken as it comes.", _set(place, lambda x: x - x.mean())
        )
        yield Change(f"exp of {name}", f"Look at what is done with {name} first.", _set(place, lambda x: x.exp()))
        yield Change(
            f"the logarithm of {name}", f"Look at what is done with {name} first.", _set(place, lambda x: x.log())
        )
        yield Change(
            f"the mean of {name} for each of its numbers",
            f"Each row has {name} of its own.",
            _set(place, lambda x: 0 * x + x.mean()),
            blunt=True,
        )
        yield Change(f"{name} twice", f"{name} comes in once.", _set(place, lambda x: 2 * x))
        yield Change(f"half of {name}", f"{name} comes in whole.", _set(place, lambda x: x / 2))
        yield Change(
            f"{name} of the row below", f"Which row of {name} belongs to row t?", _set(place, lambda x: _shifted(x, -1))
        )
        yield Change(
            f"{name} of the row above", f"Which row of {name} belongs to row t?", _set(place, lambda x: _shifted(x, 1))
        )
        yield Change(
            f"NaN in {name} made into numbers",
            "What holds NaN must be left out, not changed.",
            _set(place, lambda x: x.nan_to_num()),
        )
        yield Change(
            f"{name} changed in place",
            f"It is right, but the caller's {name} is changed: no -=, += or method ending in _.",
            _in_place(place),
        )
    elif isinstance(value, bool):
        for constant in (True, False):
            yield Change(
                f"{name} taken for {constant} always",
                f"{name} is the caller's to choose. Where does it come in?",
                _set(place, lambda x, c=constant: c),
            )
        yield Change(f"{name} turned round", f"What does True in {name} stand for?", _set(place, lambda x: not x))
    elif isinstance(value, (int, float)):
        for constant in dict.fromkeys((value, 0, 1, 0.0, 1.0, 0.2, 0.5, 0.99, 0.95, 0.01)):
            what = f"{constant:g} written in" if constant else "taken for 0"
            yield Change(
                f"{name} left out ({what})",
                f"{name} is the caller's to choose. Where does it come in?",
                _set(place, lambda x, c=constant: c),
            )
        yield Change(f"the sign of {name} turned", f"With which sign does {name} come in?", _set(place, lambda x: -x))
        yield Change(f"{name} twice", f"{name} comes in once.", _set(place, lambda x: 2 * x))
        yield Change(f"half of {name}", f"{name} comes in whole.", _set(place, lambda x: x / 2))
        yield Change(f"{name} squared", f"{name} is used once too often.", _set(place, lambda x: x * x))
        yield Change(f"1 minus {name} in place of {name}", f"Look at how {name} is used.", _set(place, lambda x: 1 - x))
        yield Change(
            f"{name} one too large", f"Count again from 0: where does {name} begin?", _set(place, lambda x: x + 1)
        )
        yield Change(
            f"{name} one too small", f"Count again from 0: where does {name} begin?", _set(place, lambda x: x - 1)
        )


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


def _of_fields(place: int, name: str, value: Any) -> Iterator[Change]:
    """Yield what can happen to the fields of an input that has some."""
    inside = contents(value)
    for field, content in inside.items():
        yield from (
            Change(
                change.name,
                change.advice,
                _set(place, lambda x, c=change, f=field: with_content(x, f, _only(c, getattr(x, f)))),
            )
            for change in _of_input(0, f"{name}.{field}", content)
        )
        for other, more in inside.items():
            if other != field and _exchangeable(content, more):
                yield Change(f"{name}.{other} in place of {name}.{field}", f"Which one belongs there, {field} or {other}?",
                             _set(place, lambda x, f=field, o=other: with_content(x, f, getattr(x, o))))  # fmt: skip


def contents(value: Any) -> dict[str, Any]:
    """Return the fields of a NamedTuple or a dataclass that hold tensors, arrays or numbers."""
    if hasattr(value, "_fields"):
        return value._asdict()
    if not is_dataclass(value):
        return {}
    found = {field.name: getattr(value, field.name) for field in fields(value)}
    return {name: content for name, content in found.items() if isinstance(content, (int, float))}


def with_content(value: Any, field: str, content: Any) -> Any:
    """Return a value with another content in one field."""
    return value._replace(**{field: content}) if hasattr(value, "_fields") else replace(value, **{field: content})


def _exchangeable(one: Any, two: Any) -> bool:
    """Say whether one value could be taken for the other."""
    if all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in (one, two)):
        return True
    shapes = getattr(one, "shape", None), getattr(two, "shape", None)
    return None not in shapes and shapes[0] == shapes[1] and type(one) is type(two)


def _only(change: Change, value: Any) -> Any:
    return change.of(lambda x: x)(value)


def _of_two_inputs(first: int, second: int, names: Sequence[str], inputs: Sequence[Any]) -> Iterator[Change]:
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


def pairs(exercise: Exercise, visible: Callable[[Function], bool]) -> Iterator[tuple[str, str, Function]]:
    """Yield name, advice and function of everything that is two steps away from right: a mistake and a change, or two.

    Args:
        exercise: Its mistakes come first, then two changes together.
        visible: Says whether a function differs from the right one where the learner's does.
    """
    of_inputs, of_results = (
        [change for change in changes if not change.blunt and visible(change.of(exercise.function))]
        for changes in changes_of(exercise)
    )
    for mistake in exercise.mistakes:
        for change in [*of_results, *of_inputs]:
            yield f"{mistake.name}; and {change.name}", mistake.advice, change.of(mistake.wrong)
    for change in of_inputs:
        for other in of_results:
            yield f"{change.name}; and {other.name}", change.advice, other.of(change.of(exercise.function))
    for changes in (of_inputs, of_results):
        for place, change in enumerate(changes):
            for other in changes[place + 1 :]:
                yield f"{change.name}; and {other.name}", change.advice, other.of(change.of(exercise.function))

"""What can happen to a right result: its sign turned, its mean taken, its parts exchanged, its kind changed."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from ppo_lessons.classroom.diagnosis.change import Change, after, changed_value


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
           after(lambda result: _rows(result).mT)),
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
    Change("the rows turned round", "The right rows in the opposite order.",
           after(lambda result: _rows(result).flip(0))),
    Change("the parts in the opposite order", "The right parts; look at their order.",
           after(lambda result: _sequence(result)[::-1])),
    Change("sorted", "The right values, sorted: the order carries a meaning.",
           after(lambda result: sorted(_sequence(result)))),
    Change("a set", "A set has no order.", after(lambda result: set(_sequence(result)))),
    Change("only the first part", "More than one thing is asked for.", after(lambda result: _sequence(result)[0])),
    Change("only the last part", "More than one thing is asked for.", after(lambda result: _sequence(result)[-1])),
    Change("the first part left out", "Something is missing at the start.",
           after(lambda result: _sequence(result)[1:])),
    Change("the last part left out", "Something is missing at the end.", after(lambda result: _sequence(result)[:-1])),
    Change("how many there are instead of which", "Asked for are they, not their number.",
           after(lambda result: len(_sequence(result)))),
    Change("all parts in one", "The right values in one piece; asked for are several.",
           after(lambda result: torch.cat(list(_sequence(result))))),
    Change("each part a list", "The right numbers; asked for are tensors.",
           after(lambda result: [part.tolist() for part in _sequence(result)])),
    Change("normalised to mean 0 and standard deviation 1", "It is right but for that: take it out.",
           after(lambda result: (_rows(result) - result.mean()) / (result.std() + 1e-8))),
    Change("moved to mean 0", "It is right but for that: take it out.",
           after(lambda result: _rows(result) - result.mean())),
    Change("the rows sorted", "The right rows, sorted: their order carries a meaning.",
           after(lambda result: _rows(result).sort(dim=0).values)),
    Change("cut off at -1 and 1", "It is right but for that: take it out.",
           after(lambda result: _number(result).clamp(-1, 1)), blunt=True),
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


def of_parts(result: Any) -> Iterator[Change]:
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
    return lambda result: (*result[:i], changed_value(change, result[i]), *result[i + 1 :])


def _parts_swapped(i: int, j: int) -> Callable[[Any], Any]:
    def swapped(result: Any) -> Any:
        parts = list(result)
        parts[i], parts[j] = parts[j], parts[i]
        return type(result)(*parts) if hasattr(result, "_fields") else tuple(parts)

    return swapped

"""One function of somebody's PPO, and how it wants to be called: the thin adapter."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.doctor.quantities import ALSO, QUANTITIES, words_of

DTYPES = {"float": torch.float32, "flag": torch.bool, "whole": torch.int64}
ARRAYS = ("torch", "numpy")
FLAGS = ("bool", "float")


@dataclass(frozen=True, kw_only=True)
class Part:
    """A function and its calling convention."""

    function: Callable[..., Any]
    takes: tuple[str, ...]
    """What its parameters are, in their order."""
    gives: tuple[str, ...]
    """What it returns: one quantity, or a tuple of several."""
    arrays: str = "torch"
    flags: str = "bool"
    rows: str = ""
    """Axes of a quantity that has one number for each decision, as the function has them; "": as the doctor has."""
    shapes: Mapping[str, str] = field(default_factory=dict)
    """Quantity -> its own axes, where they differ: {"values": "B 1"}."""


def part(
    function: Callable[..., Any],
    takes: str = "",
    gives: str = "",
    *,
    arrays: str = "torch",
    flags: str = "bool",
    rows: str = "",
    **shapes: str,
) -> Part:
    """Say what a function of yours takes and gives.

    Args:
        function: The function.
        takes: What its parameters are, in their order, in the words of `QUANTITIES`; left out: the names of its
            parameters say it. Parameters beyond those named here keep their defaults.
        gives: What it returns, in the order of the tuple; left out: the one thing that its part is for.
        arrays: "torch" or "numpy": what it is handed.
        flags: "bool" or "float": how flags are handed to it, for code that writes `1 - dones`.
        rows: The axes of `rewards` and the like: "T N" (the default where time matters), "N T", "T" (one column only),
            "T E A", "T N 1", or "B N" and so on; for losses "B" (the default) or "B 1".
        shapes: The same for one quantity alone: `values="B 1"`.

    Raises:
        ValueError: If a word is no quantity, or an option is none.
    """
    if arrays not in ARRAYS or flags not in FLAGS:
        raise ValueError(f"arrays is one of {ARRAYS}, flags one of {FLAGS}. Got {arrays!r} and {flags!r}")
    words = words_of(takes) if takes else _own_words(function)
    strange = [name for name in shapes if name not in QUANTITIES]
    if strange:
        raise ValueError(f"Shapes are given for quantities. Got {', '.join(strange)}")
    return Part(
        function=function, takes=words, gives=words_of(gives), arrays=arrays, flags=flags, rows=rows, shapes=shapes
    )


def _own_words(function: Callable[..., Any]) -> tuple[str, ...]:
    """Take the parameters' names for what they are; those that say nothing and have a default keep it."""
    words = []
    for name, parameter in signature(function).parameters.items():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.KEYWORD_ONLY):
            continue
        word = ALSO.get(name, name)
        if word not in QUANTITIES:
            if parameter.default is not parameter.empty:
                break
            own = getattr(function, "__name__", "the function")
            raise ValueError(f"Say in `takes` what the parameters of {own} are. Got {name!r}, which is no quantity")
        words.append(word)
    return tuple(words)


def axes_of(quantity: str, rows: str) -> list[str]:
    """Return the axes of a quantity, where one that has a number for each decision has the axes `rows`."""
    axes = QUANTITIES[quantity].axes.replace("rows", rows)
    columns = " ".join(axis for axis in rows.split() if axis != "T")
    return axes.replace("columns", columns).split()


def hand_over(part: Part, quantity: str, value: Any, rows: str) -> Any:
    """Turn a quantity from the doctor's hands into what a function wants.

    Args:
        part: The function's convention.
        quantity: Which one.
        value: In the doctor's hands: a tensor with axes "T N" or "B", a number, anything else as it is.
        rows: The doctor's own axes for this part.

    Returns:
        A fresh array or tensor, or a plain number.
    """
    kind = QUANTITIES[quantity].kind
    if kind == "other" or not isinstance(value, Tensor):
        return value
    dtype = torch.float32 if kind == "flag" and part.flags == "float" else DTYPES[kind]
    theirs = part.shapes.get(quantity) or " ".join(axes_of(quantity, part.rows or rows))
    value = value.to(dtype) if value.dtype != dtype else value if value.requires_grad else value.clone()
    value = _arranged(value, axes_of(quantity, rows), theirs.split())
    return value.numpy().copy() if part.arrays == "numpy" else value


def _arranged(value: Tensor, ours: list[str], theirs: list[str]) -> Tensor:
    """Bring axes into another order: N is split into E and A (pairs of teams, if even), "1" is an axis of one."""
    if "N" in ours and "A" in theirs:
        place = ours.index("N")
        columns = value.shape[place]
        teams = 2 if columns % 2 == 0 and columns > 2 else 1
        value = value.unflatten(place, (teams, columns // teams))
        ours = [*ours[:place], "E", "A", *ours[place + 1 :]]
    if "N" in ours and "N" not in theirs:  # one column only
        place = ours.index("N")
        value, ours = value.squeeze(place), [*ours[:place], *ours[place + 1 :]]
    value = value.permute([ours.index(axis) for axis in theirs if axis != "1"])
    for place, axis in enumerate(theirs):
        if axis == "1":
            value = value.unsqueeze(place)
    return value


def take_back(part: Part, quantity: str, result: Any, rows: str) -> Tensor:
    """Turn what a function gave into the doctor's hands: a tensor with axes "T N", "B" or none, its graph kept.

    Raises:
        ValueError: If it has another number of axes than was declared.
    """
    tensor = result if isinstance(result, Tensor) else torch.from_numpy(np.array(result))
    ours = axes_of(quantity, rows)
    theirs = (part.shapes.get(quantity) or " ".join(axes_of(quantity, part.rows or rows))).split()
    if tensor.dim() != len(theirs):
        want = f"({', '.join(theirs)})" if theirs else "one number"
        raise ValueError(f"{quantity} should have the axes {want}. Got the shape {tuple(tensor.shape)}")
    for place in reversed([place for place, axis in enumerate(theirs) if axis == "1"]):
        tensor = tensor.squeeze(place)
    theirs = [axis for axis in theirs if axis != "1"]
    if "A" in theirs and "N" in ours:
        place = theirs.index("E")  # A follows E
        tensor, theirs = (
            tensor.flatten(place, place + 1),
            ["N" if axis == "A" else axis for axis in theirs if axis != "E"],
        )
    if "N" in ours and "N" not in theirs:
        tensor, theirs = tensor.unsqueeze(ours.index("N")), ours
    return tensor.permute([theirs.index(axis) for axis in ours])

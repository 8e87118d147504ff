"""One function of somebody's PPO, and how it wants to be called: the thin adapter."""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.doctor.quantities import ALSO, QUANTITIES, nearest, words_of

DTYPES = {"float": torch.float32, "flag": torch.bool, "whole": torch.int64}
ARRAYS = ("torch", "numpy")
FLAGS = ("bool", "float")
AXES = ("T", "N", "E", "A", "B", "1")
PIECES = {"N": ("E", "A"), "B": ("T", "N", "E", "A")}
"""Axis of the doctor's -> what it may be split into, in this order."""


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
            "T E A", "T N 1" and so on; for losses "B" (the default) or "B 1"; for mini-batches made of flat rows "B".
            What has several numbers in a row, as logits have, has them in the place of the last "1": "B K".
        shapes: The same for one quantity alone: `values="B 1"`.

    Raises:
        ValueError: If a word is no quantity, an option is none, or the function has no room for what it takes.
    """
    if arrays not in ARRAYS or flags not in FLAGS:
        raise ValueError(f"arrays is one of {ARRAYS}, flags one of {FLAGS}. Got {arrays!r} and {flags!r}")
    if not callable(function):
        raise ValueError(f"part(...) is told about a function. Got {type(function).__name__}")
    words = words_of(takes) if takes else _own_words(function)
    _require_room(function, words, named=bool(gives))
    shapes = {ALSO.get(name, name): axes for name, axes in shapes.items()}
    if strange := [name for name in shapes if name not in QUANTITIES]:
        raise ValueError(
            "part(...) is told takes, gives, arrays, flags, rows, and by a quantity's name its own axes. "
            f"Got {', '.join(strange)}"
        )
    for axes in (rows, *shapes.values()):
        _require_axes(axes)
    return Part(
        function=function, takes=words, gives=words_of(gives), arrays=arrays, flags=flags, rows=rows, shapes=shapes
    )


def _require_axes(axes: str) -> None:
    names = axes.split()
    unknown = [name for name in names if name not in (*AXES, "K", "D")]
    twice = [name for name in names if name != "1" and names.count(name) > 1]
    if unknown or twice:
        raise ValueError(
            "Axes are T (steps), N (columns) or E and A (copies of the world, agents), B (rows) and 1, with a space "
            f"between. Got {axes!r}"
        )


OUTPUTS = "advantages returns log_probs entropies entropy ratios actor_loss value_loss total_loss kl clip_fraction " \
    "explained_variance index"  # fmt: skip
FIRST_IS_TAKES = 'The first string is `takes`: what comes in. If you mean what comes back, write gives="{}"'


def _require_room(function: Callable[..., Any], words: tuple[str, ...], named: bool) -> None:
    """Refuse a function that cannot be called with as many things as were said; `named`: its outputs were said."""
    try:
        wanted = signature(function)
    except (TypeError, ValueError):  # some that are written in C do not tell
        return
    try:
        wanted.bind(*words)
    except TypeError as error:
        own = getattr(function, "__name__", "the function")
        swapped = words and not named and set(words) <= set(OUTPUTS.split())
        turned = f". {FIRST_IS_TAKES.format(' '.join(words))}" if swapped else ""
        raise ValueError(
            f"{own}{wanted} is to be handed {', '.join(words) or 'nothing'}, in this order and without names. "
            f"It cannot be called so: {error}{turned}"
        ) from None


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
            near = nearest(name)
            meant = f". Did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""
            raise ValueError(
                f"Say in `takes` what the parameters of {own} are. Got {name!r}, which is no quantity{meant}"
            )
        words.append(word)
    if "last_dones" in words:  # who needs it has flags that are one step late, whatever they are called
        words = ["starts" if word == "dones" else word for word in words]
    return tuple(words)


def axes_of(quantity: str, rows: str) -> list[str]:
    """Return the axes of a quantity, where one that has a number for each decision has the axes `rows`."""
    axes = QUANTITIES[quantity].axes
    if axes.startswith("rows "):  # several numbers in a row stand where there is one
        rows = rows.removesuffix(" 1")
    columns = " ".join(axis for axis in rows.split() if axis != "T")
    return axes.replace("rows", rows).replace("columns", columns).split()


def own_axes(part: Part, quantity: str, rows: str) -> list[str]:
    """Return the axes of a quantity as the function has them; `rows` are the doctor's own."""
    return (part.shapes.get(quantity) or " ".join(axes_of(quantity, part.rows or rows))).split()


def _pieces(axis: str, theirs: list[str]) -> list[str]:
    """Return what an axis of the doctor's is in somebody's array: itself, several axes, or nothing."""
    return [axis] if axis in theirs else [piece for piece in PIECES.get(axis, ()) if piece in theirs]


def _merged(ours: list[str], theirs: list[str]) -> list[str]:
    """Return our axes, where steps and columns are one axis if somebody has no columns."""
    if "T" in ours and "N" in ours and not {"N", "E", "A"} & set(theirs):
        return ["B" if "B" in theirs else "T", *(axis for axis in ours if axis not in ("T", "N"))]
    return ours


def can_be_handed(ours: list[str], theirs: list[str]) -> bool:
    """Whether an array with our axes can be laid out as somebody has it."""
    return can_be_taken(_merged(ours, theirs), theirs)


def can_be_taken(ours: list[str], theirs: list[str]) -> bool:
    """Whether somebody's array can be laid out as the doctor has it; only columns may be left out, if there is one."""
    if any(not _pieces(axis, theirs) for axis in ours if axis != "N"):
        return False
    pieces = [piece for axis in ours for piece in _pieces(axis, theirs)]
    return sorted(pieces) == sorted(axis for axis in theirs if axis != "1")


def hand_over(part: Part, quantity: str, value: Any, rows: str) -> Any:
    """Turn a quantity from the doctor's hands into what a function wants.

    Args:
        part: The function's convention.
        quantity: Which one.
        value: In the doctor's hands: a tensor with axes "T N" or "B", a number, anything else as it is.
        rows: The doctor's own axes for this part.

    Returns:
        A fresh array without a graph, a fresh tensor that keeps its graph, or a plain number.
    """
    kind = QUANTITIES[quantity].kind
    if kind == "other" or not isinstance(value, Tensor):
        return value
    dtype = torch.float32 if kind == "flag" and part.flags == "float" else DTYPES[kind]
    value = _arranged(value.to(dtype), axes_of(quantity, rows), own_axes(part, quantity, rows))
    value = value.clone(memory_format=torch.contiguous_format)
    return value.detach().numpy() if part.arrays == "numpy" else value


def _arranged(value: Tensor, ours: list[str], theirs: list[str]) -> Tensor:
    """Bring axes into another order: N is split into E and A (pairs of teams, if even), "1" is an axis of one."""
    merged = _merged(ours, theirs)
    if merged != ours:
        value = value.flatten(ours.index("T"), ours.index("N"))
    pieces, sizes = [], []
    for axis, size in zip(merged, value.shape, strict=True):
        own = _pieces(axis, theirs)
        pieces += own
        if own == ["E", "A"] and axis == "N":
            teams = 2 if size % 2 == 0 and size > 2 else 1
            sizes += [teams, size // teams]
        elif own:
            sizes += [size] + [1] * (len(own) - 1)
    value = value.reshape(sizes).permute([pieces.index(axis) for axis in theirs if axis != "1"])
    for place, axis in enumerate(theirs):
        if axis == "1":
            value = value.unsqueeze(place)
    return value


def take_back(part: Part, quantity: str, result: Any, rows: str) -> Tensor:
    """Turn what a function gave into the doctor's hands: a tensor with axes "T N", "B" or none, its graph kept.

    Raises:
        ValueError: If it is no array, or has other axes than were declared.
    """
    tensor = _tensor(quantity, result)
    ours, theirs = axes_of(quantity, rows), own_axes(part, quantity, rows)
    ones = all(size == 1 for size, axis in zip(tensor.shape, theirs, strict=False) if axis == "1")
    if tensor.dim() != len(theirs) or not ones:
        want = f"have the axes ({', '.join(theirs)})" if theirs else "be one number, with no axis"
        got = f"{tuple(tensor.shape)}{_meant(quantity, tensor, theirs)}"
        raise ValueError(f"{quantity} should {want}. Got the shape {got}")
    sizes = {axis: size for axis, size in zip(theirs, tensor.shape, strict=True) if axis != "1"}
    pieces = [_pieces(axis, theirs) for axis in ours]
    tensor = tensor.reshape(list(sizes.values()))
    tensor = tensor.permute([list(sizes).index(piece) for own in pieces for piece in own])
    return tensor.reshape([math.prod(sizes[piece] for piece in own) for own in pieces])


def _meant(quantity: str, tensor: Tensor, theirs: list[str]) -> str:
    """Return what has to be said, if this shape is what somebody's function has."""
    if quantity == "entropies" and tensor.dim() == 0:
        return '. If it is their mean, say gives="entropy"'
    if theirs[:1] == ["B"] and tensor.dim() == len(theirs) + 1:
        alone = "" if "D" in theirs else f'{quantity}="B 1" or '
        return f'. If it is meant, say {alone}rows="T N"'
    return ""


def _tensor(quantity: str, result: Any) -> Tensor:
    if isinstance(result, Tensor):
        return result.cpu()
    try:
        if isinstance(result, list) and result and all(isinstance(each, Tensor) for each in result):
            return torch.stack(result).cpu()
        return torch.from_numpy(np.array(result))
    except (TypeError, ValueError, RuntimeError):
        raise ValueError(f"{quantity} should be numbers. Got {type(result).__name__}") from None

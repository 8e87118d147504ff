"""What a value is, in words, and whether it is what a promise asks for. Nothing here raises, whatever it is given."""

import copy
from collections.abc import Mapping, Sequence
from collections.abc import Set as AnySet
from typing import Any

import numpy as np
import torch

LONGEST = 90
"""Letters of what is quoted."""


def in_words(value: Any) -> str:
    """Say what something is, shortly."""
    if isinstance(value, np.ndarray):
        ends = f", {value.min():g} to {value.max():g}" if value.size and value.dtype.kind in "fiu" else ""
        return f"an array of {value.dtype}, shape {value.shape}{ends}"
    if isinstance(value, torch.Tensor):
        kind = f"{value.dtype}".removeprefix("torch.")
        graph = ", with requires_grad" if value.requires_grad else ""
        place = "" if value.device.type == "cpu" else f", on {value.device}"
        return f"a tensor of {kind}, shape {tuple(value.shape)}{graph}{place}"
    if isinstance(value, (tuple, list)):
        parts = ", ".join(type(part).__name__ for part in value[:5])
        return f"a {type(value).__name__} of {len(value)}: {parts}{', ...' if len(value) > 5 else ''}"
    if value is None or isinstance(value, (bool, int, float, str, np.generic)):
        return _quoted(value)
    name = type(value).__name__
    return f"{'an' if name[:1] in 'AEIOaeio' else 'a'} {name}"


def in_numbers(value: Any) -> str:
    """Say what something is, shortly; a list of numbers as what it would be as an array."""
    array = as_array(value) if isinstance(value, list) else None
    return in_words(value if array is None or array.dtype.kind not in "fiub" else array)


def short(space: Any) -> str:
    """Return how a space is written, shortly."""
    text = " ".join(str(space).split())
    return text if len(text) < LONGEST else f"{text[: LONGEST - 4]} ..."


def _quoted(value: Any) -> str:
    try:
        text = repr(value.item() if isinstance(value, np.generic) else value)
    except Exception:  # a whole number of thousands of digits, for instance
        return f"a very large {type(value).__name__}"
    return text if len(text) < LONGEST else f"{text[: LONGEST - 4]} ..."


# ---- what returns several things


def is_tuple(outcome: Any, length: int) -> bool:
    """Say whether something is so many things."""
    return isinstance(outcome, (tuple, list)) and len(outcome) == length


def is_listing(agents: Any) -> bool:
    """Say whether something can list agents: anything ordered or keyed, but no text and no array."""
    return isinstance(agents, (Sequence, AnySet, Mapping)) and not isinstance(agents, (str, bytes))


def listed(agents: Any) -> list[Any]:
    """Return who is listed; nobody if it is no list."""
    return list(agents) if is_listing(agents) else []


def names(agents: Any) -> set[Any]:
    """Return who is listed and could be the key of a dictionary."""
    return {agent for agent in listed(agents) if is_name(agent)}


def is_name(agent: Any) -> bool:
    """Say whether something can be the key of a dictionary."""
    try:
        hash(agent)
    except Exception:
        return False
    return True


# ---- numbers and flags, whoever made them


def is_number(value: Any) -> bool:
    """Say whether something is one number that numpy can read; True and False count as 1 and 0."""
    if type(value) is float:  # most rewards
        return True
    array = as_array(value)
    return array is not None and array.ndim == 0 and array.dtype.kind in "fiub"


def is_flag(value: Any) -> bool:
    """Say whether something is True or False, 0 and 1 included."""
    if type(value) in (bool, int):  # most flags
        return value in (0, 1)
    array = as_array(value)
    return array is not None and array.ndim == 0 and are_flags(array)


def are_flags(array: np.ndarray) -> bool:
    """Say whether an array holds nothing but flags."""
    return array.dtype.kind == "b" or (array.dtype.kind in "iu" and set(array.ravel().tolist()) <= {0, 1})


def is_set(value: Any) -> bool:
    """Say whether something is a flag, or another number, that says yes."""
    return is_number(value) and bool(as_array(value))


def as_array(value: Any) -> np.ndarray | None:
    """Return something as an array; None if numpy cannot read it."""
    try:
        return np.asarray(value)
    except Exception:  # of a graph, of another device, of uneven lists, ...
        return None


# ---- dictionaries, tuples and lists of such, as observations are


def is_attached(value: Any) -> bool:
    """Say whether some part of something is a tensor that numpy cannot read: of a graph, or of another device."""
    if isinstance(value, (Mapping, tuple, list)):
        return any(map(is_attached, value.values() if isinstance(value, Mapping) else value))
    return isinstance(value, torch.Tensor) and as_array(value) is None


def with_arrays(value: Any) -> Any:
    """Return something with arrays in the place of tensors, as the adapters read them too."""
    if isinstance(value, Mapping):
        return {name: with_arrays(part) for name, part in value.items()}
    if isinstance(value, (tuple, list)):
        return type(value)(map(with_arrays, value)) if type(value) in (tuple, list) else value
    array = as_array(value) if isinstance(value, torch.Tensor) else None
    return value if array is None else array


def snapshot(value: Any) -> Any:
    """Return a copy to compare with later; of what cannot be copied, what it is."""
    if isinstance(value, Mapping):
        return {name: snapshot(part) for name, part in value.items()}
    if isinstance(value, (tuple, list)):
        return tuple(map(snapshot, value))
    try:
        if isinstance(value, torch.Tensor):
            return value.detach().cpu().numpy().copy()
        plain = value is None or isinstance(value, (np.ndarray, np.generic, bool, int, float, complex, str, bytes))
        return copy.deepcopy(value) if plain else in_words(value)
    except Exception:
        return in_words(value)


def same(one: Any, other: Any) -> bool:
    """Say whether two observations, or dictionaries and tuples of them, are equal; NaN equals NaN."""
    if isinstance(one, Mapping):
        return isinstance(other, Mapping) and one.keys() == other.keys() and all(same(one[k], other[k]) for k in one)
    if isinstance(one, (tuple, list)):
        return isinstance(other, (tuple, list)) and len(one) == len(other) and all(map(same, one, other))
    for nan in ({"equal_nan": True}, {}):  # what cannot be NaN does not know the first
        try:
            return bool(np.array_equal(one, other, **nan))
        except Exception:
            continue
    return False

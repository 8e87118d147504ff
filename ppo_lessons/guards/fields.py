"""What all settings share: any library's numbers are numbers, and a wrong name is answered."""

import difflib
import functools
import math
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
import torch

AnyClass = TypeVar("AnyClass", bound=type)


def is_whole(value: object, low: int, high: float = math.inf) -> bool:
    """Say whether a plain value is a whole number from low to high; True and False are no numbers."""
    return isinstance(value, int) and not isinstance(value, bool) and low <= value <= high


def is_number(value: object) -> bool:
    """Say whether a plain value is a number, NaN and infinity included; True and False are no numbers."""
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def whole(name: str, value: Any, low: int) -> int:
    """Return a whole number of any library as Python's own.

    Args:
        name: What the error calls it.
        value: Of Python, or of numpy or torch without axes.
        low: The smallest that is allowed.

    Raises:
        ValueError: If it is no whole number, or below the smallest.
    """
    number = _plain(value)
    if not is_whole(number, low):
        raise ValueError(f"{name} must be a whole number, {low} or more. Got {number!r}")
    return number


def make_plain(frozen: Any) -> None:
    """Turn numbers of numpy and torch in the fields into Python's own, and lists and arrays of them into tuples.

    Settings then compare, save and load, whoever made the numbers.

    Args:
        frozen: A frozen dataclass that is being made.
    """
    for field in fields(frozen):
        object.__setattr__(frozen, field.name, _plain(getattr(frozen, field.name)))


def suggest_names(cls: AnyClass) -> AnyClass:
    """Decorate a keyword-only dataclass: a name that it does not have is refused with the one that was meant.

    `dataclasses.replace` makes its copy by the same call, and is answered in the same words.

    Args:
        cls: The dataclass; it is changed in place.

    Returns:
        The same class. Its call raises a TypeError for a name that is no field.
    """
    generated = cls.__init__  # type: ignore[misc]  # of this very class, not of a subclass
    names = [field.name for field in fields(cls)]

    @functools.wraps(generated)
    def checked(self: Any, *positional: Any, **values: Any) -> None:
        for name in values:
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(names)}"
                raise TypeError(f"{cls.__name__} takes the names of its fields. Got {name!r}. {hint}")
        generated(self, *positional, **values)

    cls.__init__ = checked  # type: ignore[misc]
    return cls


def _plain(value: Any) -> Any:
    if isinstance(value, (np.generic, np.ndarray, torch.Tensor)):
        value = value.tolist()
    return tuple(map(_plain, value)) if isinstance(value, (list, tuple)) else value

"""What the frozen dataclasses of this house share: any library's numbers are numbers, and a wrong name is answered."""

import difflib
import functools
from dataclasses import fields
from typing import Any, TypeVar

import numpy as np
import torch

AnyClass = TypeVar("AnyClass", bound=type)


def make_plain(frozen: Any) -> None:
    """Turn numbers of numpy and torch in the fields into Python's own, so that settings compare, save and load.

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
    generated = cls.__init__
    names = [field.name for field in fields(cls)]

    @functools.wraps(generated)
    def checked(self: Any, *positional: Any, **values: Any) -> None:
        for name in values:
            if name not in names:
                near = difflib.get_close_matches(name, names, n=1)
                hint = f"Did you mean {near[0]!r}?" if near else f"There are: {', '.join(names)}"
                raise TypeError(f"{cls.__name__} takes the names of its fields. Got {name!r}. {hint}")
        generated(self, *positional, **values)

    cls.__init__ = checked
    return cls


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_plain, value))
    if isinstance(value, (np.generic, np.ndarray, torch.Tensor)) and value.ndim == 0:
        return value.item()
    return value

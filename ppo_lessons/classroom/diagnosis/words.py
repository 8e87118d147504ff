"""Inputs as a call that can be pasted, and the first difference between what came and what was expected."""

import inspect
from typing import Any

import numpy as np
import torch

from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.exercise import Exercise, Outcome

LONGEST = 400
"""Characters of a reply."""
LONGEST_CALL = 170
LONGEST_VALUE = 100
SHOWN_NUMBERS = 8
"""Of a longer result only the first number that differs is shown."""


def call_text(exercise: Exercise, place: int) -> str:
    """Return the call with which a probe looks, to be pasted into a cell.

    Args:
        exercise: Its function and probes.
        place: Which probe, from 0.

    Returns:
        "value_loss(torch.tensor([1., 2.]), ...)", or with `inputs("9.1", 4)` where that would be long.
    """
    codes = [code(value) for value in exercise.probes[place].make()]
    text = f"{exercise.name}({', '.join(str(each) for each in codes)})"
    if None not in codes and len(text) <= LONGEST_CALL:
        return text
    return f'{exercise.name}(*inputs("{exercise.number}", {place + 1}))'


def code(value: Any) -> str | None:
    """Return a value as Python code, numbers with four digits; None for what cannot be written in a line."""
    if value is None or isinstance(value, (bool, int, str)):
        return repr(value)
    if isinstance(value, float):
        return _number(value)
    if isinstance(value, torch.Tensor) and value.numel() <= 4 * SHOWN_NUMBERS:
        kind = ", dtype=torch.float64" if value.dtype == torch.float64 else ""
        in_one_column = value.dim() > 2 and value.numel() == value.shape[0] > 1
        shape = f".reshape{tuple(value.shape)}" if in_one_column else ""
        numbers = value.flatten() if in_one_column else value
        return f"torch.tensor({_rows(numbers.tolist(), 'torch.nan')}{kind}){shape}"
    if isinstance(value, np.ndarray) and value.size <= 4 * SHOWN_NUMBERS:
        return f"np.array({_rows(value.tolist(), 'np.nan')})"
    return None


def _rows(numbers: Any, nan: str) -> str:
    if isinstance(numbers, list):
        return f"[{', '.join(_rows(each, nan) for each in numbers)}]"
    return (nan if numbers != numbers else _number(numbers)) if isinstance(numbers, float) else str(numbers)


def _number(value: float) -> str:
    text = f"{value:.4g}"
    return text if any(sign in text for sign in ".en") else f"{text}.0"


def first_difference(exercise: Exercise, got: list[Outcome], want: list[Outcome]) -> int:
    """Return the place of the first probe at which something else came; they are in order of size."""
    return next(place for place, pair in enumerate(zip(got, want, strict=True)) if not alike(*pair))


def is_told(got: Outcome, want: Outcome) -> bool:
    """Say whether the first difference is one in words, which explain themselves."""
    differing = [name for name in want if name in got and not alike(got[name], want[name])]
    if any(name.endswith("after the call") for name in got.keys() - want.keys()) and not differing:
        return True
    return bool(differing) and all(isinstance(each[differing[0]], str) for each in (got, want))


def example(exercise: Exercise, place: int, got: Outcome, want: Outcome) -> str:
    """Return the smallest example: the input, what came, what was expected.

    Args:
        exercise: Its function and probes.
        place: Which probe, from 0.
        got: What came of it.
        want: What the package's function gives.
    """
    call = call_text(exercise, place)
    if "error" in got:
        where = f" ({got['line']})" if got.get("line") else ""
        return f"{call} stops: {clipped(got['error'], 150)}{where}"
    names = [name for name in [*want, *got] if name not in want or name not in got or not alike(got[name], want[name])]
    name = names[0] if names else "result"
    if name.endswith("after the call"):
        return f"{call} changes {_argument(exercise, name)}: make a new one, without -=, += or a method ending in _"
    what = "gives" if name == "result" else f"has {_argument(exercise, name)}"
    if isinstance(got.get(name), str) and isinstance(want.get(name), str) and name != "result":
        return f"{call}: {name}: {got[name]}; expected: {want[name]}"
    return f"{call} {what} {compared(got.get(name, 'missing'), want.get(name, 'nothing of the kind'))}"


def _argument(exercise: Exercise, name: str) -> str:
    """Return an outcome's name with "argument 2" replaced by what it is called."""
    for number, argument in enumerate(inspect.signature(exercise.function).parameters, 1):
        name = name.replace(f"argument {number} after the call", f"its argument {argument}")
        name = name.replace(f"argument {number}", argument)
    return name.replace("gradient of", "as the gradient of")


def compared(got: Any, want: Any) -> str:
    """Return "what came, expected what was expected"; never twice the same: where the values agree the kinds differ."""
    kinds = kind(got), kind(want)
    if isinstance(got, (list, tuple)) and isinstance(want, (list, tuple)):
        kinds = "", ""
    if kinds[0] != kinds[1] and not (_is_number(got) and _is_number(want)):
        return f"{shown(got)} ({kinds[0]}), expected {shown(want)} ({kinds[1]})"
    if isinstance(want, (torch.Tensor, np.ndarray)) and np.size(_array(want)) > SHOWN_NUMBERS:
        return _one_of_many(_array(got), _array(want))
    if isinstance(want, (list, tuple)) and isinstance(got, (list, tuple)) and len(got) == len(want):
        place = next((i for i, pair in enumerate(zip(got, want, strict=True)) if not alike(*pair)), 0)
        if len(f"{shown(want)}") >= LONGEST_VALUE:
            return f"at place {place} {compared(got[place], want[place])}"
    texts = shown(got), shown(want)
    if texts[0] == texts[1]:
        texts = shown(got, 9), shown(want, 9)
    if texts[0] == texts[1]:
        texts = f"{texts[0]} ({kinds[0] or type(got).__name__})", f"{texts[1]} ({kinds[1] or type(want).__name__})"
    return f"{texts[0]}, expected {texts[1]}"


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _one_of_many(got: np.ndarray, want: np.ndarray) -> str:
    differs = ~np.isclose(got.astype(float), want.astype(float), rtol=1e-4, atol=1e-6, equal_nan=True)
    if not differs.any():
        return f"{shown(got)}, expected {shown(want)}"
    place = tuple(int(i) for i in np.argwhere(differs)[0])
    where = f"[{', '.join(map(str, place))}]"
    count = f"{int(differs.sum())} of {differs.size} numbers differ"
    return f"{shown(got[place].item())} at {where}, expected {shown(want[place].item())} ({count})"


def _array(value: Any) -> np.ndarray:
    if isinstance(value, torch.Tensor):
        return value.detach().to_dense().double().numpy() if value.is_floating_point() else value.detach().numpy()
    return np.asarray(value)


def kind(value: Any) -> str:
    """Return what sort of thing a value is: its type, and shape and dtype where it has them."""
    if isinstance(value, torch.Tensor):
        return f"{str(value.dtype).removeprefix('torch.')} tensor {_shape(value.shape)}"
    if isinstance(value, np.ndarray):
        return f"{value.dtype} array {_shape(value.shape)}"
    return type(value).__name__


def _shape(shape: Any) -> str:
    return f"of shape {tuple(shape)}" if len(shape) else "with one number"


def shown(value: Any, digits: int = 4) -> str:
    """Return a value as short text, whatever it is.

    Args:
        value: Anything.
        digits: Of a number.
    """
    try:
        return clipped(_shown(value, digits), LONGEST_VALUE)
    except Exception:  # some things cannot be shown
        return f"a {type(value).__name__}"


def _shown(value: Any, digits: int) -> str:
    if isinstance(value, torch.Tensor):
        value = _array(value)
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return _shown(value.item(), digits)
        return " ".join(np.array2string(value, precision=digits, threshold=12, separator=", ").split())
    if isinstance(value, (tuple, list)) and 0 < len(value) <= SHOWN_NUMBERS:
        inside = ", ".join(_shown(each, digits) if each is not value else "..." for each in value)
        return f"[{inside}]" if isinstance(value, list) else f"({inside})"
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    return " ".join(str(value).split())


def clipped(text: str, length: int) -> str:
    """Return a text on one line, and not longer than that."""
    text = " ".join(text.split())
    return text if len(text) <= length else f"{text[: length - 3].rstrip()}..."

"""What an exercise is: a function of the package to be written again, how to look at it, and its known mistakes."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

Outcome = dict[str, Any]
"""What a probe saw: name -> tensor, array, number or text. Two functions are alike if all outcomes are."""
Probe = Callable[[Callable[..., Any]], Outcome]
"""Calls a function on inputs of its own and says what happened."""


@dataclass(frozen=True, kw_only=True)
class Mistake:
    """A known way to get an exercise wrong. A test holds that it is refused, and named as itself."""

    name: str
    """What was done, in a few words: "the larger of the two (max for min)"."""
    wrong: Callable[..., Any]
    """An implementation that makes this mistake."""
    advice: str
    """What to look at next."""


@dataclass(frozen=True, kw_only=True)
class Exercise:
    """One function for the learner to write."""

    number: str
    """Lesson and place in it: "10.1"."""
    node: str
    """The box of the flowchart to which it belongs: "L"."""
    function: Callable[..., Any]
    """The package's own function: the only answer key."""
    difficulty: int
    """1 to 3."""
    minutes: int
    """How long it takes most people."""
    probes: tuple[Probe, ...]
    """The smallest and most telling first."""
    mistakes: tuple[Mistake, ...]
    """Known mistakes."""
    hints: tuple[str, str, str]
    """A question, the formula, one line."""

    @property
    def name(self) -> str:
        """The function's name, which is also the learner's."""
        return self.function.__name__


def call_with(*args: Any, gradients: tuple[int, ...] = (), seen: Callable[[Any], Any] = lambda result: result) -> Probe:
    """Make a probe that calls a function on these arguments.

    It sees the result (values, shape and dtype), the gradient of its sum with respect to the named arguments, and
    whether an argument was changed in place.

    Args:
        args: Tensors, arrays and plain values; every call gets copies.
        gradients: Positions of the arguments whose gradient is looked at.
        seen: What of the result counts.

    Returns:
        The probe.
    """

    def probe(function: Callable[..., Any]) -> Outcome:
        own = [copy.deepcopy(argument) for argument in args]
        for position in gradients:
            own[position].requires_grad_()
        result = function(*own)
        outcome: Outcome = {"result": seen(result)}
        if gradients and isinstance(result, torch.Tensor):
            outcome |= _gradients(result, {f"gradient of argument {i + 1}": own[i] for i in gradients})
        for i, (before, after) in enumerate(zip(args, own, strict=True)):
            if not alike(before, after):
                outcome[f"argument {i + 1} after the call"] = after
        return outcome

    probe.inputs = args  # type: ignore[attr-defined]
    return probe


def _gradients(result: torch.Tensor, arguments: dict[str, torch.Tensor]) -> Outcome:
    if not result.requires_grad:
        return dict.fromkeys(arguments, "none: the result is cut off from its inputs")
    found = torch.autograd.grad(result.sum(), list(arguments.values()), allow_unused=True)
    return {name: "none" if grad is None else grad for name, grad in zip(arguments, found, strict=True)}


def alike(a: Any, b: Any) -> bool:
    """Say whether two outcomes, or parts of them, are the same: type, shape, dtype, and values up to rounding."""
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if isinstance(a, (tuple, list)) and isinstance(b, (tuple, list)):
        return len(a) == len(b) and all(alike(x, y) for x, y in zip(a, b, strict=True))
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        if a.shape != b.shape or a.dtype != b.dtype:
            return False
        return torch.allclose(a.detach(), b.detach(), rtol=1e-4, atol=1e-5, equal_nan=True)
    if isinstance(a, np.ndarray) and isinstance(b, np.ndarray):
        same_kind = a.shape == b.shape and a.dtype == b.dtype
        return same_kind and bool(np.allclose(a, b, rtol=1e-4, atol=1e-5, equal_nan=True))
    if isinstance(a, float) and isinstance(b, float):
        return bool(np.isclose(a, b, rtol=1e-4, atol=1e-5, equal_nan=True))
    return type(a) is type(b) and bool(a == b)

"""What a replaced step must leave behind, checked at the seam: which step, which node, what it must return, what came.

Only steps that are not the package's own are looked at, so the update as it is pays nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import wraps
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.buffer import Rows, SharedBuffer, Transition
from ppo_lessons.steps import Steps


class Promise(NamedTuple):
    """What a step of the flowchart is for, and what it returns."""

    node: str
    """Its letter."""
    returns: str
    """In words; {braces} are filled in with the sizes that are asked for."""


PROMISES = {
    "play_step": Promise("A", "a Transition"),
    "store": Promise("B", "nothing, and leave one more step in the buffer: {steps}"),
    "is_full": Promise("C", "True or False"),
    "gae": Promise("D", "the advantages, {like}"),
    "extract": Promise("D", "Rows of equal length, 1 or more: obs (B, D), actions int64 (B,), all others float32 (B,)"),
    "detach_rows": Promise(
        "E", "Rows of equal length, 1 or more: obs (B, D), actions int64 (B,), all others float32 (B,)"
    ),
    "epochs": Promise("F", "something to loop over, such as range(epochs)"),
    "shuffle_rows": Promise("G", "row numbers from 0 to {last}, an int64 tensor ({rows},)"),
    "split_rows": Promise(
        "H", "mini-batches, each an int64 tensor (b,) of 1 or more row numbers out of those it was given"
    ),
    "forward_pass": Promise("I", "logits (B, N) and values (B,), float32, with a graph; B = {rows}"),
    "log_probs_and_entropy": Promise("J", "log_probs and entropies, both {like}, with a graph"),
    "importance_ratios": Promise("K", "the ratios, {like}, with a graph"),
    "normalise_advantages": Promise("L", "the advantages, {like}"),
    "clipped_surrogate_loss": Promise("L", "a float32 scalar, shape (), with a graph"),
    "value_loss": Promise("M", "a float32 scalar, shape (), with a graph"),
    "entropy_bonus": Promise("N", "a float32 scalar, shape (), with a graph"),
    "total_loss": Promise("N", "a float32 scalar, shape (), with a graph"),
    "gradient_step": Promise("O", "the length of the gradient, a float32 scalar, shape ()"),
    "clear": Promise("P", "nothing, and leave an empty buffer: 0 steps"),
}
"""Name of a step -> node and promise."""


class CheckedSteps(Steps):
    """Steps whose replacements are held to their promises."""


def checked(steps: Steps) -> Steps:
    """Return steps that do the same, and refuse what a replacement must not return.

    Args:
        steps: Every node of the flowchart.

    Returns:
        Steps; a replaced one raises ValueError in words where it breaks its promise.
    """
    default = {field.name: field.default for field in fields(Steps)}
    replaced = {name: getattr(steps, name) for name in default if getattr(steps, name) is not default[name]}
    if isinstance(steps, CheckedSteps) or not replaced:
        return steps
    return CheckedSteps(**{**vars(steps), **{name: _watched(name, own) for name, own in replaced.items()}})


def _watched(name: str, own: Callable[..., Any]) -> Callable[..., Any]:
    def watched(*given: Any, **named: Any) -> Any:
        before = given[0].step if name == "store" else 0
        result = own(*given, **named)
        if name == "split_rows":
            return _pieces(result, *given)
        result = _as_asked(name, result)
        keeps, sizes = _keeps(name, result, given, before)
        if not keeps:
            _refuse(name, given[0] if name in ("store", "clear") else result, **sizes)
        return result

    return wraps(own)(watched) if hasattr(own, "__name__") else watched


def _as_asked(name: str, result: Any) -> Any:
    """Return what is right in another kind in the kind of the promise: a list for a pair, a float64 or plain number."""
    if isinstance(result, list) and name in ("forward_pass", "log_probs_and_entropy"):
        return tuple(result)
    if isinstance(result, float) and name == "gradient_step":
        return torch.tensor(result)
    one_number = isinstance(result, Tensor) and result.dim() == 0 and result.is_floating_point()
    return result.float() if one_number else result


def _keeps(name: str, result: Any, given: tuple[Any, ...], before: int) -> tuple[bool, dict[str, Any]]:
    """Whether a step keeps its promise, and the sizes that are named in it."""
    if name == "play_step":
        return isinstance(result, Transition), {}
    if name == "store":
        return given[0].step == before + 1, {"steps": f"{before + 1} after this one"}
    if name == "clear":
        return given[0].step == 0, {}
    if name == "is_full":
        return isinstance(result, (bool, np.bool_)), {}
    if name in ("extract", "detach_rows"):
        return _is_rows(result), {}
    if name == "epochs":
        return isinstance(result, Iterable), {}
    if name == "shuffle_rows":
        rows = given[0]
        return _are_row_numbers(result, rows) and len(result) == rows, {"rows": rows, "last": rows - 1}
    if name == "gradient_step":
        return _is_float(result, ()), {}
    graph = any(part.requires_grad for part in given if isinstance(part, Tensor))
    if name == "forward_pass":
        rows, pair = len(given[1]), isinstance(result, tuple) and len(result) == 2
        keeps = (
            pair and _is_float(result[0], (rows, given[0].num_actions), True) and _is_float(result[1], (rows,), True)
        )
        return keeps, {"rows": rows}
    if name == "log_probs_and_entropy":
        shape = tuple(given[1].shape)
        keeps = isinstance(result, tuple) and len(result) == 2 and all(_is_float(part, shape, graph) for part in result)
        return keeps, {"like": f"float32 {shape}"}
    if name in ("gae", "importance_ratios", "normalise_advantages"):
        shape = tuple(given[0].shape)
        return _is_float(result, shape, graph and name == "importance_ratios"), {"like": f"float32 {shape}"}
    return _is_float(result, (), graph), {}


def _pieces(pieces: Any, order: Tensor, minibatch_size: int) -> Iterator[Tensor]:
    """Hand the mini-batches on one by one, as they come."""
    if not isinstance(pieces, Iterable):
        _refuse("split_rows", pieces)
    for piece in pieces:
        if not (_are_row_numbers(piece, len(order)) and len(piece)):
            _refuse("split_rows", piece)
        yield piece


def _is_float(result: Any, shape: tuple[int, ...], graph: bool = False) -> bool:
    fits = isinstance(result, Tensor) and result.dtype == torch.float32 and tuple(result.shape) == shape
    return fits and (result.requires_grad or not graph)


def _are_row_numbers(result: Any, rows: int) -> bool:
    fits = isinstance(result, Tensor) and result.dtype == torch.int64 and result.dim() == 1
    return fits and (len(result) == 0 or 0 <= int(result.min()) <= int(result.max()) < rows)


def _is_rows(result: Any) -> bool:
    if not isinstance(result, Rows) or not all(isinstance(part, Tensor) for part in result):
        return False
    obs, actions, *numbers = result
    rows = obs.shape[0] if obs.dim() == 2 else 0
    fits = rows > 0 and obs.dtype == torch.float32 and actions.dtype == torch.int64 and tuple(actions.shape) == (rows,)
    return fits and all(_is_float(part, (rows,)) for part in numbers)


def _refuse(name: str, got: Any, **sizes: Any) -> None:
    promise = PROMISES[name]
    returns = promise.returns.format(**sizes)
    raise ValueError(f"Your {name} (node {promise.node}) must return {returns}. Got {in_words(got)}")


def in_words(result: Any) -> str:
    """Say what something is: dtype, shape and graph of a tensor, the parts of a tuple, the type of all else.

    Args:
        result: Anything.

    Returns:
        For instance "float32 (8, 1) without a graph".
    """
    if isinstance(result, Tensor):
        graph = (
            "" if not result.is_floating_point() else " with a graph" if result.requires_grad else " without a graph"
        )
        span = f" from {int(result.min())} to {int(result.max())}" if result.numel() and not graph else ""
        return f"{str(result.dtype).removeprefix('torch.')} {tuple(result.shape)}{span}{graph}"
    if isinstance(result, SharedBuffer):
        return f"a buffer with {result.step} steps"
    if isinstance(result, tuple):
        names = getattr(result, "_fields", range(len(result)))
        parts = (f"{name}: {in_words(part)}" for name, part in zip(names, result, strict=True))
        return f"{type(result).__name__} of {', '.join(parts)}"
    return repr(result) if result is None or isinstance(result, (bool, int, float)) else type(result).__name__

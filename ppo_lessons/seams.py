"""What a replaced step must leave behind, checked at the seam: which step, which node, what it must return, what came.

Only steps that are not the package's own are looked at, so the update as it is pays nothing.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import fields
from functools import wraps
from inspect import signature
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.buffer import Rows, SharedBuffer, Transition
from ppo_lessons.steps import DEFAULT_STEPS, MinibatchLosses, OtherLoss, Steps
from ppo_lessons.team_view import team_size


class Promise(NamedTuple):
    """What a step of the flowchart is for, and what it returns."""

    node: str
    """Its letter."""
    returns: str
    """In words; {braces} are filled in with the sizes that are asked for."""


SCALAR = "a float32 scalar, shape (), with a graph"
NUMBER = "one number: a float32 scalar, shape ()"
PROMISES = {
    "play_step": Promise("A", "a Transition"),
    "store": Promise("B", "nothing, and leave one more step in the buffer: {steps}"),
    "is_full": Promise("C", "True or False"),
    "denormalise_values": Promise("D", "the values in rewards, {like}"),
    "with_team_credit": Promise("D", "the rewards with credit, {like}"),
    "next_values": Promise("D", "the values after each step, {like}"),
    "td_errors": Promise("D", "the TD errors, {like}"),
    "gae": Promise("D", "the advantages, {like}"),
    "flatten_rows": Promise("D", "the rows of living agents, {like}"),
    "mean_and_std": Promise("D", "a pair of float32 scalars, shape ()"),
    "normalise_values": Promise("D", "the returns in units of their spread, {like}"),
    "badges_of": Promise("D", "step, copy and agent of each row, {like}"),
    "mean_over_acting": Promise("D", NUMBER),
    "detach_rows": Promise(
        "E", "Rows of equal length, 1 or more: obs (B, D), actions int64 (B,), all others float32 (B,)"
    ),
    "each_minibatch": Promise("F", "mini-batches, each an int64 tensor (b,) of 1 or more row numbers from 0 to {last}"),
    "shuffle_rows": Promise("G", "row numbers from 0 to {last}, an int64 tensor ({rows},)"),
    "split_rows": Promise(
        "H", "mini-batches, each an int64 tensor (b,) of 1 or more row numbers out of those it was given"
    ),
    "count_gradient_steps": Promise("H", "a whole number, 0 or more"),
    "team_obs": Promise("I", "what the critic sees, {like}"),
    "forward_pass": Promise("I", "logits (B, N) and values (B,), float32, with a graph; B = {rows}"),
    "only_legal": Promise("I", "the logits, {like}, with a graph"),
    "log_probs_of": Promise("J", "the log-probabilities, {like}, with a graph"),
    "gaussian_log_probs": Promise("J", "the log-densities, {like}, with a graph"),
    "entropy_of": Promise("J", "the entropies, {like}, with a graph"),
    "importance_ratios": Promise("K", "the ratios, {like}, with a graph"),
    "approx_kl": Promise("K", NUMBER),
    "effective_sample_size": Promise("K", NUMBER),
    "normalise_advantages": Promise("L", "the advantages, {like}"),
    "clipped_surrogate_loss": Promise("L", SCALAR),
    "surrogate_loss": Promise("L", SCALAR),
    "policy_gradient_loss": Promise("L", SCALAR),
    "clip_fraction": Promise("L", NUMBER),
    "still_pushed": Promise("L", "True or False for each row, {like}"),
    "value_loss": Promise("M", SCALAR),
    "clipped_value_loss": Promise("M", SCALAR),
    "explained_variance": Promise("M", "one number: a float"),
    "entropy_bonus": Promise("N", SCALAR),
    "total_loss": Promise("N", SCALAR),
    "minibatch_losses": Promise("N", "MinibatchLosses of six float32 scalars, total_loss with a graph"),
    "gradient_step": Promise("O", "the length of the gradient, a float32 scalar, shape ()"),
    "should_stop": Promise("O", "True or False"),
    "annealed": Promise("O", "one number: a float"),
    "reached_by_gradient": Promise("O", "a list of names"),
    "update_policy": Promise(
        "O", "after each step the row numbers (b,), the MinibatchLosses and the gradient's length, a float32 scalar"
    ),
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
    order = list(signature(getattr(DEFAULT_STEPS, name)).parameters)

    def watched(*given: Any, **named: Any) -> Any:
        # whoever calls by name uses the package's names, and a step of one's own may have others
        while len(given) < len(order) and order[len(given)] in named:
            given = (*given, named.pop(order[len(given)]))
        before = given[0].step if name == "store" else 0
        result = own(*given, **named)
        if name in ONE_BY_ONE:
            return _one_by_one(name, result, given)
        result = _as_asked(name, result)
        keeps, sizes = _keeps(name, result, given, before)
        if not keeps:
            _refuse(
                own.name if isinstance(own, OtherLoss) else name,
                given[0] if name in ("store", "clear") else result,
                **sizes,
            )
        return result

    return wraps(own)(watched) if hasattr(own, "__name__") else watched


def _as_asked(name: str, result: Any) -> Any:
    """Return what is right in another kind in the kind of the promise: a list for a pair, a float64 or plain number."""
    promised = PROMISES[name].returns
    if isinstance(result, list) and name in ("forward_pass", "mean_and_std"):
        result = tuple(result)
    if isinstance(result, tuple) and name == "mean_and_std":
        return tuple(torch.as_tensor(part, dtype=torch.float32) for part in result)
    if promised == "one number: a float" and isinstance(result, (Tensor, np.number)) and np.ndim(result) == 0:
        return float(result)
    if isinstance(result, (float, np.floating)) and (promised == NUMBER or name == "gradient_step"):
        return torch.tensor(float(result))
    if promised == "True or False" and isinstance(result, (Tensor, np.bool_)) and np.ndim(result) == 0:
        return bool(result)
    one_number = isinstance(result, Tensor) and result.dim() == 0 and result.is_floating_point()
    return result.float() if one_number else result


def _keeps(name: str, result: Any, given: tuple[Any, ...], before: int) -> tuple[bool, dict[str, Any]]:
    """Whether a step keeps its promise, and the sizes that are named in it."""
    promised = PROMISES[name].returns
    graph = any(part.requires_grad for part in given if isinstance(part, Tensor)) and torch.is_grad_enabled()
    if promised == SCALAR:
        return _is_float(result, (), graph), {}
    if promised == NUMBER or name == "gradient_step":
        return _is_float(result, ()), {}
    if promised == "True or False":
        return isinstance(result, bool), {}
    if "{like}" in promised:
        return _is_like(name, result, given, graph)
    if name in ("store", "clear"):
        steps = before + 1 if name == "store" else 0
        return given[0].step == steps, {"steps": f"{steps} after this one"}
    if name == "shuffle_rows":
        rows = given[0]
        return _are_row_numbers(result, rows) and len(result) == rows, {"rows": rows, "last": rows - 1}
    if name == "forward_pass":
        rows, pair, graph = len(given[1]), isinstance(result, tuple) and len(result) == 2, torch.is_grad_enabled()
        keeps = pair and _is_float(result[0], (rows, given[0].num_actions), graph)
        return keeps and _is_float(result[1], (rows,), graph), {"rows": rows}
    return KINDS[name](result), {}


def _is_like(name: str, result: Any, given: tuple[Any, ...], graph: bool) -> tuple[bool, dict[str, Any]]:
    """Whether a tensor has the shape and the dtype that follow from what was given, and these in words."""
    shape, dtype = tuple(given[0].shape), torch.float32
    if name in ("log_probs_of", "gaussian_log_probs"):
        shape = shape[:-1]
    elif name == "entropy_of":
        shape = shape[:-1]
    elif name == "team_obs":
        shape = (*shape[:2], team_size(*shape[1:]))
    elif name == "flatten_rows":
        shape, dtype = (int(given[1].sum()), *shape[given[1].dim() :]), given[0].dtype
    elif name == "badges_of":
        shape, dtype = (int(given[0].sum()), given[0].dim()), torch.int64
    elif name == "still_pushed":
        dtype = torch.bool
    fits = isinstance(result, Tensor) and result.dtype == dtype and tuple(result.shape) == shape
    graph = graph and name in GRAPHS
    return fits and (result.requires_grad or not graph), {"like": f"{str(dtype).removeprefix('torch.')} {shape}"}


def _one_by_one(name: str, pieces: Any, given: tuple[Any, ...]) -> Iterator[Any]:
    """Hand mini-batches, or steps of an update, on one by one, as they come."""
    rows = len(given[2].actions) if name == "update_policy" else given[0] if name == "each_minibatch" else len(given[0])
    if not isinstance(pieces, Iterable):
        _refuse(name, pieces, last=rows - 1)
    for piece in pieces:
        fits = _is_step(piece, rows) if name == "update_policy" else _are_row_numbers(piece, rows) and len(piece)
        if not fits:
            _refuse(name, piece, last=rows - 1)
        yield piece


def _is_step(step: Any, rows: int) -> bool:
    """Whether this is a step of an update: row numbers, losses and a length."""
    return (
        isinstance(step, tuple)
        and len(step) == 3
        and _are_row_numbers(step[0], rows)
        and isinstance(step[1], MinibatchLosses)
        and _is_float(step[2], ())
    )


def _are_losses(result: Any) -> bool:
    fits = isinstance(result, MinibatchLosses) and all(_is_float(part, ()) for part in result)
    return fits and result.total_loss.requires_grad


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
    kinds = {1: (torch.int64,), 2: (torch.int64, torch.float32)}  # one choice; several, or real numbers
    fits = rows > 0 and obs.dtype == torch.float32
    fits = fits and actions.dtype in kinds.get(actions.dim(), ()) and len(actions) == rows
    return fits and all(_is_float(part, (rows,)) for part in numbers)


GRAPHS = ("log_probs_of", "entropy_of", "importance_ratios", "only_legal", "gaussian_log_probs")
"""Steps whose result carries a graph if what was given does."""
ONE_BY_ONE = ("split_rows", "each_minibatch", "update_policy")
KINDS: dict[str, Callable[[Any], bool]] = {
    "play_step": lambda result: isinstance(result, Transition),
    "detach_rows": _is_rows,
    "mean_and_std": lambda result: (
        isinstance(result, tuple) and len(result) == 2 and all(_is_float(part, ()) for part in result)
    ),
    "minibatch_losses": _are_losses,
    "count_gradient_steps": lambda result: isinstance(result, int) and result >= 0,
    "explained_variance": lambda result: isinstance(result, (int, float)),
    "annealed": lambda result: isinstance(result, (int, float)),
    "reached_by_gradient": lambda result: isinstance(result, list) and all(isinstance(name, str) for name in result),
}
"""Name of a step -> whether its result is of the kind that is promised, whatever was given."""


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

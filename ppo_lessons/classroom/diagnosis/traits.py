"""What is true of a wrong answer, whatever made it so: where it is wrong, and what it never looks at."""

import inspect
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch

from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.diagnosis.change import contents, with_content
from ppo_lessons.classroom.diagnosis.words import kind
from ppo_lessons.classroom.exercise import Exercise, Outcome


def traits(exercise: Exercise, function: Callable[..., Any], got: list[Outcome], want: list[Outcome]) -> Iterator[str]:
    """Yield sentences about an answer, the most telling first; all of them are true.

    Args:
        exercise: What was asked.
        function: The learner's, with loops that end.
        got: What came of each probe.
        want: What the package's function gives.
    """
    yield from _only_gradients(got, want)
    yield from _kinds(got, want)
    yield from _never_looked_at(exercise, function)
    yield from _where(exercise, got, want)
    yield from _in_all_results(got, want)


def _only_gradients(got: list[Outcome], want: list[Outcome]) -> Iterator[str]:
    pairs = [(a, b) for a, b in zip(got, want, strict=True) if "result" in a and "result" in b]
    if len(pairs) == len(want) and all(alike(a["result"], b["result"]) for a, b in pairs):
        names = {name for a, b in pairs for name in b if not alike(a.get(name), b[name])}
        if names and all(name.startswith("gradient") for name in names):
            cut = any("cut off" in str(a.get(name)) for a, _ in pairs for name in names)
            other = "the gradient is another: something in between is cut off or replaced"
            yield f"the numbers are right, but {'no gradient flows back through them' if cut else other}"


def only_with(exercise: Exercise, right: list[bool]) -> str | None:
    """Return what is special about all the inputs with which an answer is wrong; None if some are ordinary.

    Args:
        exercise: What was asked.
        right: For each probe, whether the answer is right.
    """
    wrong = [probe.special for probe, is_right in zip(exercise.probes, right, strict=True) if not is_right]
    return " and ".join(dict.fromkeys(wrong)) if all(wrong) and any(right) else None


def _kinds(got: list[Outcome], want: list[Outcome]) -> Iterator[str]:
    """Yield what sort of thing comes, if it is never the sort that is asked for."""
    for name in (name for name in want[0] if not name.startswith("gradient")):
        pairs = [(a[name], b[name]) for a, b in zip(got, want, strict=True) if name in a and name in b]
        pairs = [(a, b) for a, b in pairs if not alike(a, b)]
        kinds = [(kind(a), kind(b)) for a, b in pairs]
        sequences = any(isinstance(a, (list, tuple)) and isinstance(b, (list, tuple)) for a, b in pairs)
        if kinds and not sequences and all(a != b for a, b in kinds):
            what = "it returns" if name == "result" else f"{name} is"
            yield f"{what} a {kinds[0][0]}, and asked for is a {kinds[0][1]}"


def _never_looked_at(exercise: Exercise, function: Callable[..., Any]) -> Iterator[str]:
    """Yield which arguments make no difference to the answer, although they do to the right one."""
    names = list(inspect.signature(exercise.function).parameters)
    inputs = exercise.probes[0].make()
    for place, name in enumerate(names[: len(inputs)]):
        fields = contents(inputs[place])
        for field in fields or [""]:
            answers = [_differs(exercise, each, place, field) for each in (exercise.function, function)]
            if answers == [True, False]:
                yield f"your answer does not depend on {name}{'.' if field else ''}{field}"


def _differs(exercise: Exercise, function: Callable[..., Any], place: int, field: str) -> bool | None:
    """Say whether another value of one input changes a function's result on any probe; None if that cannot be seen."""
    seen = False
    for probe in exercise.probes[:4]:
        try:
            value = probe.make()[place]
            others = [*map(list, (probe.make(), probe.make()))]
            for other, another in zip(others, _others(getattr(value, field) if field else value), strict=True):
                other[place] = with_content(value, field, another) if field else another
            first = function(*probe.make())
            results = [function(*other) for other in others]
        except BaseException:  # whatever the answer does with other inputs
            continue
        if not all(alike(result, first) for result in results):
            return True
        seen = True
    return False if seen else None


def _others(value: Any) -> tuple[Any, Any]:
    """Return two values of the same kind that should make a difference."""
    if isinstance(value, bool):
        return not value, not value
    if isinstance(value, (int, float)):
        return value * 3 + 1, max(1, value // 2) if isinstance(value, int) else value * 0.07
    if getattr(value, "dtype", None) in (torch.bool, np.dtype(bool)):
        return ~value, value | True
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        ramp = torch.arange(value.numel(), dtype=value.dtype).reshape(value.shape)
        return value.detach() * -1.7 + 0.3 * ramp, value.detach() * 0.07
    raise TypeError("no other values")


def _where(exercise: Exercise, got: list[Outcome], want: list[Outcome]) -> Iterator[str]:
    """Yield in which rows an answer is wrong, told by the inputs of those rows."""
    names = list(inspect.signature(exercise.function).parameters)
    wrong: list[np.ndarray] = []
    conditions: dict[str, list[np.ndarray]] = {}
    for probe, a, b in zip(exercise.probes, got, want, strict=True):
        result, expected = _as_array(a.get("result")), _as_array(b.get("result"))
        if result is None or expected is None or result.shape != expected.shape or expected.ndim == 0:
            return
        wrong.append(~np.isclose(result, expected, rtol=1e-4, atol=1e-6, equal_nan=True).ravel())
        found = dict(_conditions(names, probe.make(), expected.shape))
        for name in conditions.keys() | found.keys():
            empty = np.zeros(expected.size, bool)
            conditions.setdefault(name, [np.zeros(len(each), bool) for each in wrong[:-1]]).append(
                found.get(name, empty)
            )
    rows = np.concatenate(wrong)
    if not rows.any() or rows.all():
        return
    best = max(conditions.items(), key=lambda item: _fit(np.concatenate(item[1]), rows), default=None)
    if best is not None and _fit(np.concatenate(best[1]), rows) > 0.6:
        yield f"right, except in rows where {best[0]}"


def _fit(condition: np.ndarray, rows: np.ndarray) -> float:
    """Return the share of a condition's rows that are wrong; 0 unless it covers all that are."""
    return float(rows.sum() / condition.sum()) if (condition | ~rows).all() and not condition.all() else 0.0


def _conditions(names: list[str], inputs: tuple[Any, ...], shape: tuple[int, ...]) -> Iterator[tuple[str, np.ndarray]]:
    single: list[tuple[str, np.ndarray]] = []
    for name, value in zip(names, inputs, strict=False):
        array = _as_array(value)
        if array is None or array.ndim == 0:
            continue
        if array.shape == shape[: array.ndim]:
            array = np.broadcast_to(array.reshape(array.shape + (1,) * (len(shape) - array.ndim)), shape).ravel()
        else:
            continue
        if value.dtype in (torch.bool, np.dtype(bool)):
            single += [(f"{name} is True", array > 0), (f"{name} is False", array == 0)]
        elif np.issubdtype(array.dtype, np.floating):
            single += [
                (f"{name} is above 0", array > 0),
                (f"{name} is below 0", array < 0),
                (f"{name} is 0", array == 0),
            ]
            if name.startswith("ratio"):
                single += [("the ratio is above 1", array > 1), ("the ratio is below 1", array < 1)]
    if len(shape) and int(np.prod(shape)):
        index = np.indices(shape)[0].ravel()
        single += [("the row is the last one", index == shape[0] - 1), ("the row is the first one", index == 0)]
    single = [(name, array) for name, array in single if not array.all()]
    yield from single
    for i, (name, array) in enumerate(single):
        for other, more in single[i + 1 :]:
            if name.split()[0] != other.split()[0]:
                yield f"{name} and {other}", array & more


def _in_all_results(got: list[Outcome], want: list[Outcome]) -> Iterator[str]:
    """Yield what holds between what came and what was expected on every probe."""
    pairs = [(a.get("result"), b.get("result")) for a, b in zip(got, want, strict=True)]
    results = [(_as_array(a), _as_array(b)) for a, b in pairs]
    if any(a is None or b is None for a, b in results):
        return
    if all(a.shape == b.shape for a, b in results):  # type: ignore[union-attr]
        a, b = (np.concatenate([np.ravel(each) for each in side]).astype(float) for side in zip(*results, strict=True))
        usable = np.isfinite(a) & np.isfinite(b) & (b != 0)
        if usable.sum() >= 3 and np.isfinite(a).all():
            ratio, gap = a[usable] / b[usable], a[usable] - b[usable]
            if np.allclose(a, b):
                return  # it is something else that differs
            if np.allclose(ratio, ratio[0], rtol=1e-3) and _is_plain(float(ratio[0])):
                yield f"it is {ratio[0]:.4g} times what is asked for, with all inputs"
            elif np.allclose(gap, gap[0], rtol=1e-3, atol=1e-6):
                yield f"it is {abs(gap[0]):.4g} too {'large' if gap[0] > 0 else 'small'}, with all inputs"
        elif usable.sum() >= 3 and np.isnan(a).any() and not np.isnan(b).any():
            yield "it is NaN with some inputs, and should never be"


def _is_plain(factor: float) -> bool:
    """Say whether somebody could have multiplied or divided by it, and not only by chance."""
    either = (factor, 1 / factor) if factor else ()
    return any(abs(each - round(each)) < 1e-3 * abs(each) and 1 <= abs(each) <= 1000 for each in either)


def _as_array(value: Any) -> np.ndarray | None:
    try:
        if isinstance(value, torch.Tensor):
            return value.detach().to_dense().double().numpy()
        return np.asarray(value) if isinstance(value, (np.ndarray, float, int)) else None
    except (RuntimeError, TypeError):
        return None

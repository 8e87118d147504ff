"""What a fact of PPO says about somebody's function: passed, failed, could not be asked, and so on."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import torch

PASSED, FAILED, NOT_ASKED = "passed", "failed", "could not be asked"
CONVENTION, NOT_APPLICABLE = "by convention different", "not applicable"
VERDICTS = (PASSED, FAILED, NOT_ASKED, CONVENTION, NOT_APPLICABLE)


class Wrong(NamedTuple):
    """A result that is not right."""

    given: str
    """The inputs."""
    got: str
    right: str
    hint: str = ""
    """What is known about exactly this wrong result."""
    of_all: bool = False
    """Whether the hint explains whatever else of this part is wrong."""


class Different(NamedTuple):
    """A result that is another usual one."""

    text: str


class Unfit(NamedTuple):
    """Why a fact cannot be put to a function."""

    text: str


class Unasked(NamedTuple):
    """What stood in the way of an answer: an error, or another thing than was declared."""

    given: str
    got: str
    hint: str = ""
    """What the adapter may have to say otherwise."""


Outcome = Wrong | Different | Unfit | Unasked | None
"""None: as it should be."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Something that holds for every right PPO, and how a function is asked about it."""

    part: str
    """The part of a subject that it is put to."""
    name: str
    """Short, and the only one of its name for this part."""
    says: str
    """The fact, in a sentence."""
    because: str
    """The line of theory that it follows from, with its source."""
    lesson: str
    """The lesson that teaches it, as its notebook is named: "03_advantages"."""
    probe: Callable[[Any], Outcome]
    """Asks; it is given the part, to be called by the names of the quantities."""


@dataclass(frozen=True, kw_only=True)
class Finding:
    """What came of one fact."""

    fact: Fact
    verdict: str
    """One of `VERDICTS`."""
    given: str = ""
    got: str = ""
    right: str = ""
    text: str = ""
    """What else is to be said: the convention, why it does not apply, what this wrong result is known for."""
    of_all: bool = False
    """Whether the text explains whatever else of this part is wrong."""


def finding_of(fact: Fact, outcome: Outcome) -> Finding:
    """Return what an outcome means for a fact."""
    if outcome is None:
        return Finding(fact=fact, verdict=PASSED)
    if isinstance(outcome, Wrong):
        given, got, right, hint, of_all = outcome
        return Finding(fact=fact, verdict=FAILED, given=given, got=got, right=right, text=hint, of_all=of_all)
    if isinstance(outcome, Unasked):
        return Finding(fact=fact, verdict=NOT_ASKED, given=outcome.given, got=outcome.got, text=outcome.hint)
    return Finding(fact=fact, verdict=CONVENTION if isinstance(outcome, Different) else NOT_APPLICABLE, text=outcome[0])


def shown(value: Any) -> str:
    """Write a number, an array or a flag down, short: "[-9, 0.5]", columns side by side as "[[1, 2], [3, 4]]"."""
    if isinstance(value, torch.Tensor):
        value = value.detach().cpu().numpy()
    if isinstance(value, (np.ndarray, list, tuple, range)):
        array = np.asarray(value)
        if array.ndim == 2 and array.shape[1] == 1:
            array = array[:, 0]
        return f"[{', '.join(shown(each) for each in array)}]" if array.ndim else shown(array.item())
    if isinstance(value, (bool, np.bool_)):
        return str(bool(value))
    if isinstance(value, (float, np.floating)):
        text = f"{value:.5g}"  # numbers that are not close, by `TOLERANCE`, look different
        return "0" if text in ("-0", "0") else text
    return str(value)


def given(**quantities: Any) -> str:
    """Write inputs down: "rewards [1, 1], gamma 0.9"."""
    return ", ".join(f"{name} {shown(value)}" for name, value in quantities.items())


TOLERANCE = 1e-4
"""Relative and absolute: functions may work in float32."""


def is_close(got: Any, right: Any) -> bool:
    """Whether numbers of the same shape are the same up to the rounding of float32."""
    got, right = (value.detach() if isinstance(value, torch.Tensor) else value for value in (got, right))
    got, right = (np.asarray(value, dtype=np.float64) for value in (got, right))
    return got.shape == right.shape and bool(np.allclose(got, right, rtol=TOLERANCE, atol=TOLERANCE))

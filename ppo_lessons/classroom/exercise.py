"""What an exercise is: a function of the package to be written again, how to look at it, and its known mistakes."""

import copy
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from ppo_lessons.classroom.alike import alike

Outcome = dict[str, Any]
"""What a probe saw: name -> tensor, array, number or text. Two functions are alike if all outcomes are."""


@dataclass(frozen=True, kw_only=True)
class Probe:
    """Calls a function on inputs of its own and says what happened."""

    make: Callable[[], tuple[Any, ...]]
    """Makes the inputs, fresh for each call."""
    look: Callable[[Callable[..., Any], tuple[Any, ...]], Outcome]
    """Takes the function and its inputs. What it sees of the result itself is named "result"."""
    special: str = ""
    """What is special about these inputs ("a single row"), in words that follow "with"; most have nothing special."""
    free: bool = False
    """Whether many results are right: then a difference cannot be told by its numbers."""

    def __call__(self, function: Callable[..., Any]) -> Outcome:
        """Look at a function."""
        return self.look(function, self.make())


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
    """Lesson and place in it: "11.1"."""
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
    """A question, the formula, and lines of code that can be pasted as the function's body."""
    used: str = ""
    """Where it is used, for a function that is not one of the training's steps: a sentence."""
    cautions: tuple[Probe, ...] = ()
    """Inputs so extreme that an answer that fails there is told so, and accepted."""

    @property
    def name(self) -> str:
        """The function's name, which is also the learner's."""
        return self.function.__name__

    @property
    def points(self) -> int:
        """What it counts where a class is graded: as much as it is difficult."""
        return self.difficulty


def call_with(
    *args: Any,
    gradients: tuple[int, ...] = (),
    seen: Callable[[Any], Any] = lambda result: result,
    special: str = "",
) -> Probe:
    """Make a probe that calls a function on these arguments.

    It sees the result (values, shape and dtype), the gradient of its sum with respect to the named arguments, and
    whether an argument was changed in place.

    Args:
        args: Tensors, arrays and plain values; every call gets copies.
        gradients: Positions of the arguments whose gradient is looked at.
        seen: What of the result counts.
        special: What is special about these arguments, if anything is.

    Returns:
        The probe.
    """

    def make() -> tuple[Any, ...]:
        own = tuple(copy.deepcopy(argument) for argument in args)
        for position in gradients:
            own[position].requires_grad_()
        return own

    def look(function: Callable[..., Any], own: tuple[Any, ...]) -> Outcome:
        result = function(*own)
        outcome: Outcome = {"result": seen(result)}
        if gradients and isinstance(result, torch.Tensor):
            outcome |= _gradients(result, {f"gradient of argument {i + 1}": own[i] for i in gradients})
        for i, (before, after) in enumerate(zip(args, own, strict=True)):
            if not alike(after, before):
                outcome[f"argument {i + 1} after the call"] = after
        return outcome

    return Probe(make=make, look=look, special=special)


def _gradients(result: torch.Tensor, arguments: dict[str, torch.Tensor]) -> Outcome:
    if not result.requires_grad:
        return dict.fromkeys(arguments, "none: the result is cut off from its inputs")
    found = torch.autograd.grad(result.sum(), list(arguments.values()), allow_unused=True)
    return {name: "none" if grad is None else grad for name, grad in zip(arguments, found, strict=True)}

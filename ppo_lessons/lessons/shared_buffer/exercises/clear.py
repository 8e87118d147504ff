"""Empty the buffer."""

from collections.abc import Callable
from typing import Any

import torch

from ppo_lessons.buffer import SharedBuffer, Transition, clear, store
from ppo_lessons.classroom.draws import beyond
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe
from ppo_lessons.lessons.shared_buffer.exercises.buffers import AGENTS, ENVS, buffer_with, transition


def _clear_probe(steps: int, num_steps: int = 3, special: str = "", numbers: bool = False) -> Probe:
    """What the buffer holds afterwards, and whether it takes a new rollout; if asked for, its numbers as well."""

    def make() -> tuple[SharedBuffer]:
        buffer = buffer_with(steps, num_steps)
        if buffer.is_full:
            buffer.finish(torch.ones(ENVS, AGENTS), 0.9, 0.8)
        return (buffer,)

    def look(function: Callable[..., Any], inputs: tuple[SharedBuffer]) -> Outcome:
        (buffer,) = inputs
        before = buffer.advantages
        answer = function(buffer)
        outcome: Outcome = {
            "buffer.step": buffer.step,
            "buffer.advantages": _said(buffer, "advantages"),
            "buffer.returns": _said(buffer, "returns"),
        }
        if buffer.step == steps and isinstance(buffer.data, Transition):
            outcome["the old numbers"] = "still there" if bool(buffer.data.obs.any()) else "wiped"
        untouched = buffer.step == steps and getattr(buffer, "advantages", "missing") is before
        if untouched and (answer is None or answer is ...):
            return outcome | {"result": answer}
        outcome["a new rollout"] = _refilled(buffer, num_steps)
        return outcome | ({"its numbers": list(buffer.data)} if numbers else {})

    return Probe(make=make, look=look, special=special)


def _said(buffer: SharedBuffer, name: str) -> str:
    """Say what a field holds that is worked out anew for each rollout."""
    if not hasattr(buffer, name):
        return "missing"
    value = getattr(buffer, name)
    if value is None:
        return "None"
    return "still a tensor" if isinstance(value, torch.Tensor) else f"a {type(value).__name__}"


def _refilled(buffer: SharedBuffer, num_steps: int) -> str:
    """Say whether a rollout can be stored, and is then the only one in the buffer."""
    try:
        rollout = [transition(20 + number) for number in range(num_steps)]
        for each in rollout:
            store(buffer, each)
        whole = [torch.stack(field) for field in zip(*rollout, strict=True)]
        its_own = buffer.is_full and all(map(torch.equal, buffer.data, whole))
    except Exception:
        return "cannot be stored"
    return "is stored from place 0 on" if its_own else "does not fill it"


def _count_kept(buffer: SharedBuffer) -> None:
    buffer.advantages = buffer.returns = None


def _results_kept(buffer: SharedBuffer) -> None:
    buffer.step = 0


def _returns_kept(buffer: SharedBuffer) -> None:
    buffer.step, buffer.advantages = 0, None


def _advantages_kept(buffer: SharedBuffer) -> None:
    buffer.step, buffer.returns = 0, None


def _wiped(buffer: SharedBuffer) -> None:
    for field in buffer.data:
        field.zero_()


def _zeros(buffer: SharedBuffer) -> None:
    buffer.step = 0
    buffer.advantages, buffer.returns = (torch.zeros_like(buffer.data.rewards) for _ in range(2))


def _thrown_away(buffer: SharedBuffer) -> None:
    clear(buffer)
    buffer.data = None  # type: ignore[assignment]


def _step_forgotten(buffer: SharedBuffer) -> None:
    clear(buffer)
    buffer.step = None  # type: ignore[assignment]


def _deleted(buffer: SharedBuffer) -> None:
    buffer.step = 0
    del buffer.advantages, buffer.returns


def _no_room(buffer: SharedBuffer) -> None:
    clear(buffer)
    buffer.num_steps = 0


EXERCISE = Exercise(
    number="2.6",
    node="P",
    function=clear,
    difficulty=1,
    minutes=3,
    probes=(
        _clear_probe(3),
        _clear_probe(7, num_steps=7),
        _clear_probe(2, special="a buffer that is half full"),
        _clear_probe(1, num_steps=7, special="a buffer that is half full"),
        *beyond(lambda rng: (_clear_probe(n, num_steps=n, numbers=True) for n in rng.integers(2, 9, 2).tolist())),
    ),
    mistakes=(
        Mistake(name="forgetting the count", wrong=_count_kept,
                advice="The buffer still says that it is full. Where does the next step go?"),
        Mistake(name="resetting the count alone", wrong=_results_kept,
                advice="Advantages and returns belong to the old rows: get() would hand them out with new ones."),
        Mistake(name="forgetting the returns", wrong=_returns_kept,
                advice="Two things were worked out from the old rows: the advantages, and what else?"),
        Mistake(name="forgetting the advantages", wrong=_advantages_kept,
                advice="Two things were worked out from the old rows: the returns, and what else?"),
        Mistake(name="wiping the numbers, but not the count", wrong=_wiped,
                advice="The numbers need not be wiped, new ones take their place. What says that the buffer is full?"),
        Mistake(name="zeros in place of None", wrong=_zeros,
                advice="Zeros look like advantages: get() would hand them out before finish() made new ones."),
        Mistake(name="throwing the memory away (buffer.data)", wrong=_thrown_away,
                advice="The place is used again: leave buffer.data as it is, only the count begins anew."),
        Mistake(name="None in place of 0 for the count", wrong=_step_forgotten,
                advice="buffer.step is a number: none stored are 0."),
        Mistake(name="deleting the two names", wrong=_deleted,
                advice="A fresh buffer has both names, and they hold None."),
        Mistake(name="taking the room away (num_steps)", wrong=_no_room,
                advice="num_steps says for how many steps there is room. That does not change."),
        Mistake(name="leaving the buffer as it was", wrong=lambda buffer: None,
                advice="`buffer = ...` only gives the name to another one, == only compares: set this one's fields."),
    ),
    hints=(
        "What has to change so that the next step is stored in place 0? And what was worked out from the old rows?",
        "0 steps are stored; there are no advantages and no returns yet: None.",
        "buffer.step = 0\n"
        "buffer.advantages = None\n"
        "buffer.returns = None",
    ),
)  # fmt: skip

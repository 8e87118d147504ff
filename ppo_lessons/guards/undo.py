"""What is broken off, by an error or by Ctrl-C, leaves no trace: everything is put back to where it was."""

import copy
import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

import torch
from torch import Tensor, nn


class Undo:
    """Puts things back if the block under it is broken off; the error goes on to the caller.

    Not a generator with `contextmanager`: an interrupt at its end could leave that to be closed, and undone, at any
    later moment.

    Args:
        put_back: Functions that put something back, for instance what `keep_weights` returns.
    """

    def __init__(self, *put_back: Callable[[], object]) -> None:
        """Note what to do."""
        self._put_back = put_back

    def __enter__(self) -> None:
        """Begin."""

    def __exit__(self, kind: type[BaseException] | None, *error: object) -> None:
        """Put everything back if there was an error; a second Ctrl-C waits until that is done."""
        if kind is not None:
            with _CtrlCWaits():
                for put_back in self._put_back:
                    put_back()


def keep_weights(policy: nn.Module, optimizer: torch.optim.Optimizer) -> Callable[[], object]:
    """Return a function that gives a policy its weights of now again, and the optimizer its memory."""
    weights = {name: tensor.clone() for name, tensor in policy.state_dict().items()}
    memory = optimizer.state_dict()
    groups = copy.deepcopy(memory["param_groups"])
    state = {number: {name: _copy(part) for name, part in parts.items()} for number, parts in memory["state"].items()}

    def put_back() -> None:
        policy.load_state_dict(weights)
        optimizer.load_state_dict({"state": state, "param_groups": groups})
        optimizer.zero_grad()

    return put_back


def keep_generator(generator: torch.Generator) -> Callable[[], object]:
    """Return a function that makes a generator draw again what it would draw from now on."""
    state = generator.get_state()
    return lambda: generator.set_state(state)


def _copy(part: Any) -> Any:
    return part.clone() if isinstance(part, Tensor) else copy.deepcopy(part)  # the latter is ten times as slow


class _CtrlCWaits:
    """Ctrl-C that is pressed in the block under it takes effect at its end."""

    def __enter__(self) -> None:
        self._pressed: list[tuple[int, FrameType | None]] = []
        self._usual = signal.getsignal(signal.SIGINT)
        self._waits = callable(self._usual) and threading.current_thread() is threading.main_thread()
        if self._waits:
            signal.signal(signal.SIGINT, lambda number, frame: self._pressed.append((number, frame)))

    def __exit__(self, *error: object) -> None:
        if self._waits:
            signal.signal(signal.SIGINT, self._usual)
            if self._pressed and callable(self._usual):
                self._usual(*self._pressed[0])

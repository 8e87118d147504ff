"""A check works under conditions that it knows, and leaves everything as it was."""

import copy
import io
import math
import random
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, redirect_stderr, redirect_stdout
from typing import Any

import numpy as np
import torch
from IPython import get_ipython

LIBRARIES = (torch, torch.Tensor, torch.nn.functional, np, random, math)


class Kept:
    """What happened under known conditions: what was printed, and whose functions were replaced."""

    def __init__(self) -> None:
        """Remember the libraries as they are."""
        self.printed = io.StringIO()
        self._libraries = [(library, dict(vars(library))) for library in LIBRARIES]

    def put_back(self) -> list[str]:
        """Undo replaced functions of the libraries, and return their names."""
        names = []
        for library, before in self._libraries:
            for name in [name for name, value in before.items() if vars(library).get(name, before) is not value]:
                module = str(getattr(vars(library).get(name), "__module__", ""))
                if not name.startswith("__") and module.split(".")[0] not in ("torch", "numpy"):  # they wrap their own
                    setattr(library, name, before[name])
                    names.append(f"{library.__name__}.{name}")
        for name in vars(torch.Tensor).keys() - self._libraries[1][1].keys():  # it hides what a tensor inherits
            delattr(torch.Tensor, name)
            names.append(f"Tensor.{name}")
        return names


@contextmanager
def known_conditions() -> Iterator[Kept]:
    """Seed all random numbers, compute in float32 with one thread, print nothing; afterwards all is as it was.

    Yields:
        What can be asked about it.
    """
    kept = Kept()
    with ExitStack() as stack:
        stack.enter_context(warnings.catch_warnings())
        warnings.simplefilter("ignore")
        stack.enter_context(redirect_stdout(kept.printed))
        stack.enter_context(redirect_stderr(io.StringIO()))
        stack.enter_context(torch.random.fork_rng(devices=[]))
        stack.callback(np.random.set_state, np.random.get_state())
        stack.callback(random.setstate, random.getstate())
        stack.callback(torch.set_default_dtype, torch.get_default_dtype())
        stack.callback(torch.set_num_threads, torch.get_num_threads())
        stack.callback(torch.set_grad_enabled, torch.is_grad_enabled())
        stack.callback(vars(torch._tensor_str.PRINT_OPTS).update, copy.copy(vars(torch._tensor_str.PRINT_OPTS)))
        stack.enter_context(np.printoptions())
        stack.callback(kept.put_back)
        stack.enter_context(_kernel_stays())
        set_known_state()
        yield kept


def set_known_state() -> None:
    """Put random numbers, dtype, threads and gradients to what every look at a function starts from."""
    torch.default_generator.manual_seed(0)  # torch.manual_seed also looks for accelerators, which takes longer
    np.random.seed(0)
    random.seed(0)
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(1)
    torch.set_grad_enabled(True)


def random_states() -> tuple[Any, ...]:
    """Return the states of all global random numbers, to be compared."""
    _, numbers, place, *rest = np.random.get_state()
    return torch.get_rng_state().tolist(), (numbers.tolist(), place, rest), random.getstate()  # type: ignore[union-attr]


@contextmanager
def _kernel_stays() -> Iterator[None]:
    """`exit()` in an answer raises SystemExit, and does not end the kernel."""
    shell = get_ipython()
    if shell is None:
        yield
        return

    def ask_exit() -> None:
        raise SystemExit

    shell.ask_exit = ask_exit
    try:
        yield
    finally:
        del shell.ask_exit

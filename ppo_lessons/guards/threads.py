"""One seed is one run: with other numbers of threads, torch sums in another order and rounds to other last digits."""

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import torch

Given = ParamSpec("Given")
Result = TypeVar("Result")


def one_thread(function: Callable[Given, Result]) -> Callable[Given, Result]:
    """Return the function, run by one thread of torch; afterwards there are as many as before.

    Our networks are so small that a second thread only gets in the way, so that nothing is lost.
    """

    @wraps(function)
    def run(*given: Given.args, **named: Given.kwargs) -> Result:
        threads = torch.get_num_threads()
        try:
            torch.set_num_threads(1)
            return function(*given, **named)
        finally:
            torch.set_num_threads(threads)

    return run

"""Ranks that are threads of one process: for a notebook and for tests, with nothing to install and nothing to start."""

import copy
import threading
from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import Tensor

from ppo_lessons.data_parallel.ranks import RankError

Result = TypeVar("Result")


class ThreadRank:
    """One rank among threads."""

    def __init__(self, rank: int, table: "_Table") -> None:
        """Sit down at the table of all ranks."""
        self.rank, self.num_ranks, self.cycle = rank, table.num_ranks, 0
        self._table, self._calls = table, 0

    def all_of(self, quantity: Tensor, what: str) -> Tensor:
        """Return what every rank has of a quantity, (R, ...)."""
        return torch.stack(self._exchange(quantity.clone(), what))

    def add_up(self, quantity: Tensor, what: str) -> None:
        """Put the sum over all ranks into this tensor."""
        quantity.copy_(sum(self._exchange(quantity.clone(), what)))

    def objects(self, own: Any, what: str) -> list[Any]:
        """Return what every rank has, each a copy, as a message between processes would be."""
        return copy.deepcopy(self._exchange(own, what))

    def _exchange(self, own: Any, what: str) -> list[Any]:
        self._calls += 1
        told = self._table.exchange(self, self._calls, what, own)
        if len({name for name, _ in told}) > 1:
            names = ", ".join(f"rank {rank} {name}" for rank, (name, _) in enumerate(told))
            raise RankError(f"All ranks must tell the same quantity. Got {names} (cycle {self.cycle})")
        return [value for _, value in told]


class _Table:
    """Where the ranks put down what they tell, call by call."""

    def __init__(self, num_ranks: int, timeout: float) -> None:
        self.num_ranks = num_ranks
        self._timeout = timeout
        self._calls: dict[int, dict[int, tuple[str, Any]]] = {}
        self._gone: set[int] = set()
        self._changed = threading.Condition()

    def exchange(self, rank: ThreadRank, call: int, what: str, own: Any) -> list[tuple[str, Any]]:
        """Put down what a rank tells, and return what all have told in this call; if one does not come, say who."""
        with self._changed:
            told = self._calls.setdefault(call, {})
            told[rank.rank] = (what, own)
            self._calls.pop(call - 2, None)  # whoever is here has read the last but one, and so have all others
            self._changed.notify_all()
            self._changed.wait_for(lambda: len(told.keys() | self._gone) == self.num_ranks, self._timeout)
            if len(told) < self.num_ranks:
                missing = ", ".join(str(other) for other in range(self.num_ranks) if other not in told)
                raise RankError(
                    f"All ranks must come to the {what} within {self._timeout:g} s. "
                    f"Got nothing from rank {missing} (cycle {rank.cycle})"
                )
            return [told[other] for other in range(self.num_ranks)]

    def leave(self, rank: int) -> None:
        """Let nobody wait for a rank that is gone."""
        with self._changed:
            self._gone.add(rank)
            self._changed.notify_all()


def in_threads(num_ranks: int, job: Callable[[ThreadRank], Result], timeout: float = 60.0) -> list[Result]:
    """Run a job as so many ranks, each in a thread of this process.

    Args:
        num_ranks: R.
        job: What each rank does; it is given itself.
        timeout: How long ranks wait for each other, in seconds.

    Returns:
        What the job returned on each rank.

    Raises:
        RankError: If a rank did not come to what the others told. An error of the job itself is raised as it is, the
            lowest rank's first.
    """
    table = _Table(num_ranks, timeout)
    results: list[Any] = [None] * num_ranks
    errors: list[BaseException | None] = [None] * num_ranks

    def work(rank: int) -> None:
        try:
            results[rank] = job(ThreadRank(rank, table))
        except BaseException as error:  # handed on below, from the thread that asked
            errors[rank] = error
        table.leave(rank)

    threads_of_torch = torch.get_num_threads()
    torch.set_num_threads(1)  # every rank sets it, and sets it back, while others still compute
    workers = [threading.Thread(target=work, args=(rank,), daemon=True) for rank in range(num_ranks)]
    try:
        for worker in workers:
            worker.start()
        for worker in workers:
            worker.join()
    finally:
        torch.set_num_threads(threads_of_torch)
    raised = [error for error in errors if error is not None]
    if raised:
        raise next((error for error in raised if not isinstance(error, RankError)), raised[0])
    return results

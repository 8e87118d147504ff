"""Ranks that are processes, started by torchrun on one machine or on many; they talk through torch.distributed."""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import torch
import torch.distributed as dist
from torch import Tensor

from ppo_lessons.data_parallel.handshake import store_of_this_life
from ppo_lessons.data_parallel.ranks import RankError

TIMEOUT = 300.0
"""How long the ranks wait for each other unless you say otherwise, in seconds."""
ROLL_CALL = 2.0
"""How long after a failure the ranks that are there tell so, in seconds."""


class ProcessRank:
    """One rank among processes. What is told travels over gloo; the gradient of a GPU over NCCL."""

    def __init__(self, store: dist.Store, timeout: float) -> None:
        """Take note of the process group that is there."""
        self.rank, self.num_ranks, self.cycle = dist.get_rank(), dist.get_world_size(), 0
        self._timeout = timeout
        self._store = store
        self._calls = 0

    def all_of(self, quantity: Tensor, what: str) -> Tensor:
        """Return what every rank has of a quantity, (R, ...)."""
        whole = quantity.new_empty((self.num_ranks, *quantity.shape))
        parts = list(whole.unbind())
        self._meet(what, lambda: dist.all_gather(parts, quantity.contiguous()))
        return whole

    def add_up(self, quantity: Tensor, what: str) -> None:
        """Put the sum over all ranks into this tensor."""
        self._meet(what, lambda: dist.all_reduce(quantity))

    def objects(self, own: Any, what: str) -> list[Any]:
        """Return what every rank has."""
        told = [None] * self.num_ranks
        self._meet(what, lambda: dist.all_gather_object(told, own))
        return told

    def _meet(self, what: str, tell: Callable[[], object]) -> None:
        self._calls += 1
        start = time.monotonic()
        try:
            tell()
        except RuntimeError as error:
            raise RankError(self._who_is_missing(what, time.monotonic() - start)) from error

    def _who_is_missing(self, what: str, waited: float) -> str:
        """Call the roll: every rank that waits in vain says so, and the others are those that did not come."""
        present = []
        try:
            self._store.set(f"waits/{self._calls}/{self.rank}", "")
            time.sleep(ROLL_CALL)
            present = [rank for rank in range(self.num_ranks) if self._store.check([f"waits/{self._calls}/{rank}"])]
        except RuntimeError:
            pass  # the rank that keeps the list is itself gone
        missing = [str(rank) for rank in range(self.num_ranks) if rank not in present] if present else []
        who = f"Got nothing from rank {', '.join(missing)}" if missing else "Got a connection that was cut"
        late = waited >= 0.9 * self._timeout
        when = f"within {self._timeout:g} s" if late else f"and stay; this one waited {waited:.1f} s"
        return f"All ranks must come to the {what} {when}. {who} (cycle {self.cycle})"


@contextmanager
def join_ranks(timeout: float = TIMEOUT) -> Iterator[ProcessRank]:
    """Be one of the ranks that torchrun has started, in the block under it.

    Args:
        timeout: How long ranks wait for each other, in seconds; more than the longest rollout.

    Yields:
        This rank.

    Raises:
        RankError: If torchrun has not started this process.
    """
    if missing := [name for name in ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT") if name not in os.environ]:
        raise RankError(f"A rank is started by torchrun, which sets {', '.join(missing)}. Got a process without them")
    backend = "cpu:gloo,cuda:nccl" if torch.cuda.is_available() and dist.is_nccl_available() else "gloo"
    store, rank, num_ranks = next(dist.rendezvous("env://", timeout=timedelta(seconds=timeout)))
    own = store_of_this_life(store, rank, num_ranks, timeout)
    dist.init_process_group(backend, store=own, rank=rank, world_size=num_ranks, timeout=timedelta(seconds=timeout))
    try:
        ranks = ProcessRank(own, timeout)
        yield ranks
        ranks.objects(None, "end")  # nobody hangs up while another still speaks
    finally:
        dist.destroy_process_group()

"""How ranks that were started again find each other, and not what their predecessors have left behind.

torchrun keeps one store for all lives of a run, and with it the addresses of processes that were killed: whoever is
early reads those, and calls nobody. So each life has a name of its own, which the first rank makes up.
"""

import time
import uuid

from torch.distributed import PrefixStore, Store

from ppo_lessons.data_parallel.ranks import RankError

PAUSE = 0.01
"""Between two looks, in seconds."""


def store_of_this_life(store: Store, rank: int, num_ranks: int, timeout: float) -> Store:
    """Return a store that only the ranks of this life write to.

    Every other rank says hello with a word that was never said before. The first one answers whatever hello stands
    there with that word and the name of this life, again and again, until all have confirmed that name: so an answer
    is taken only by whom it was meant for.

    Args:
        store: The one of all lives.
        rank: Which this is.
        num_ranks: R.
        timeout: How long to wait, in seconds.

    Raises:
        RankError: If not all have come in time; the first rank names them.
    """
    end = time.monotonic() + timeout
    life = _answer_all(store, num_ranks, end) if rank == 0 else _say_hello(store, rank, end)
    return PrefixStore(life, store)


def _answer_all(store: Store, num_ranks: int, end: float) -> str:
    life, missing = uuid.uuid4().hex, set(range(1, num_ranks))
    while missing:
        for rank in sorted(missing):
            if store.check([f"hello/{rank}"]):
                store.set(f"answer/{rank}", f"{store.get(f'hello/{rank}').decode()} {life}")
        missing = {rank for rank in missing if not store.check([f"{life}/{rank}"])}
        _wait(end, f"rank {', '.join(map(str, sorted(missing)))}")
    return life


def _say_hello(store: Store, rank: int, end: float) -> str:
    word = uuid.uuid4().hex
    store.set(f"hello/{rank}", word)
    while True:
        answer = store.get(f"answer/{rank}").decode() if store.check([f"answer/{rank}"]) else ""
        said, _, life = answer.partition(" ")
        if said == word:
            store.set(f"{life}/{rank}", "")
            return life
        _wait(end, "rank 0")


def _wait(end: float, missing: str) -> None:
    if time.monotonic() > end:
        raise RankError(f"All ranks must come to the start within the time limit. Got nothing from {missing}")
    time.sleep(PAUSE)

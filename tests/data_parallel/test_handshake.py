import threading
from datetime import timedelta

import pytest
from torch.distributed import HashStore

from ppo_lessons.data_parallel.handshake import store_of_this_life
from ppo_lessons.data_parallel.ranks import RankError


def live(store, order, timeout=30.0):
    """One life of three ranks, started in this order; gives each rank's store."""
    stores = {}

    def join(rank):
        stores[rank] = store_of_this_life(store, rank, 3, timeout)

    threads = [threading.Thread(target=join, args=(rank,)) for rank in order]
    for thread in threads:
        thread.start()
        thread.join(0.05)  # the others come a little later
    for thread in threads:
        thread.join()
    return stores


@pytest.mark.parametrize("order", [(0, 1, 2), (2, 1, 0)])
def test_each_life_has_a_store_of_its_own(order):
    """What the first life wrote, the second does not see, whoever of it comes first."""
    store = HashStore()
    store.set_timeout(timedelta(seconds=1))
    first = live(store, (0, 1, 2))
    first[0].set("address", "of the dead")
    assert first[2].get("address") == b"of the dead"
    second = live(store, order)
    assert not any(each.check(["address"]) for each in second.values())
    second[1].set("address", "of the living")
    assert second[0].get("address") == second[2].get("address") == b"of the living"


def test_a_rank_that_does_not_come_is_named():
    store = HashStore()
    with pytest.raises(RankError, match=r"come to the start within the time limit. Got nothing from rank 1"):
        store_of_this_life(store, 0, 2, 0.1)
    with pytest.raises(RankError, match=r"Got nothing from rank 0"):
        store_of_this_life(HashStore(), 1, 2, 0.1)

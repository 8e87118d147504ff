import pytest
import torch

from ppo_lessons.data_parallel.ranks import RankError
from ppo_lessons.data_parallel.thread_ranks import in_threads


def test_what_is_told_arrives_everywhere():
    def job(ranks):
        own = torch.tensor([float(ranks.rank), 1.0])
        told = ranks.all_of(own, "numbers")
        ranks.add_up(own, "sum")
        return told.tolist(), own.tolist(), ranks.objects(f"rank {ranks.rank}", "names")

    for told, sums, names in in_threads(3, job):
        assert told == [[0, 1], [1, 1], [2, 1]]
        assert sums == [3, 3]
        assert names == ["rank 0", "rank 1", "rank 2"]


def test_what_one_changes_later_no_other_sees():
    def job(ranks):
        own = torch.tensor([float(ranks.rank)])
        told = ranks.all_of(own, "numbers")
        own += 100
        return ranks.objects(told.tolist(), "end")

    assert in_threads(2, job)[0][0] == [[0], [1]]


def test_an_error_of_the_job_is_raised_as_it_is():
    def job(ranks):
        if ranks.rank == 1:
            raise KeyError("mine")
        ranks.objects(None, "nothing")

    with pytest.raises(KeyError, match="mine"):
        in_threads(2, job, timeout=60)


def test_a_rank_that_left_is_named():
    def job(ranks):
        ranks.cycle = 7
        if ranks.rank != 1:
            ranks.objects(None, "gradient")

    with pytest.raises(RankError, match=r"come to the gradient within 60 s. Got nothing from rank 1 \(cycle 7\)"):
        in_threads(3, job, timeout=60)


def test_a_rank_that_does_not_come_in_time_is_named():
    import threading

    late = threading.Event()

    def job(ranks):
        if ranks.rank == 0:
            late.wait(60)
        else:
            try:
                ranks.objects(None, "gradient")
            finally:
                late.set()

    with pytest.raises(RankError, match="Got nothing from rank 0"):
        in_threads(2, job, timeout=0.2)


def test_ranks_that_tell_different_things_are_named():
    def job(ranks):
        ranks.objects(None, ("losses", "gradient")[ranks.rank])

    with pytest.raises(RankError, match=r"must tell the same quantity. Got rank 0 losses, rank 1 gradient"):
        in_threads(2, job)


def test_torch_has_as_many_threads_as_before():
    before = torch.get_num_threads()
    assert in_threads(2, lambda ranks: torch.get_num_threads()) == [1, 1]
    assert torch.get_num_threads() == before

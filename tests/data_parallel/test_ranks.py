import pytest
import torch

from ppo_lessons.data_parallel.ranks import rows_of_all
from ppo_lessons.data_parallel.thread_ranks import in_threads


@pytest.mark.parametrize("sizes", [(2, 2), (3, 0, 1)])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bool, torch.int64])
def test_rows_of_all_ranks_lie_under_each_other(sizes, dtype):
    parts = [(torch.arange(size * 2).reshape(size, 2) + rank).to(dtype) for rank, size in enumerate(sizes)]
    for got in in_threads(len(sizes), lambda ranks: rows_of_all(ranks, parts[ranks.rank], "rows")):
        assert got.dtype == dtype
        assert torch.equal(got, torch.cat(parts))

import numpy as np
import pytest

from ppo_lessons.lessons.beyond_one_machine.silent import FAULTS, parts_of_epoch, try_sharing


@pytest.fixture(scope="module")
def told():
    return {name: try_sharing(sharing, updates=2) for name, sharing in FAULTS.items()}


def test_ranks_that_share_rightly_are_one_process(told):
    assert max(told["as it should be"].apart) < 1e-9
    assert told["as it should be"].twice < 0.05


@pytest.mark.parametrize("name", ["mean of the ranks' means", "each normalises its own"])
def test_each_fault_is_another_run_and_no_rank_notices(told, name):
    assert min(told[name].apart) > 1e-3
    assert told[name].equal


def test_equal_seeds_show_in_the_rows_alone(told):
    assert max(told["equal seeds"].apart) < 1e-9
    assert told["equal seeds"].twice == 1


def test_every_row_lies_in_one_mini_batch_of_one_rank():
    parts = parts_of_epoch([300, 60], 64)
    assert parts.sum(axis=0).tolist() == [300, 60]
    assert parts.sum(axis=1).tolist() == [64] * 5 + [40]
    assert len(np.unique(parts[:5], axis=0)) > 1, "parts are uneven"

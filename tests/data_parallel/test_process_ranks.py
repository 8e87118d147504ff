"""Ranks that are processes: what befalls them really befalls them."""

from pathlib import Path

import pytest

from ppo_lessons.data_parallel.files import load_reports
from ppo_lessons.data_parallel.launch import run_on_processes
from ppo_lessons.data_parallel.process_ranks import join_ranks
from ppo_lessons.data_parallel.ranks import RankError
from tests.data_parallel.faulty_rank import FAULTY_CYCLE
from tests.data_parallel.test_files import assert_same, train, undisturbed  # noqa: F401 - a fixture

FAULTY = [str(Path(__file__).with_name("faulty_rank.py"))]


def test_a_rank_is_started_by_torchrun():
    with pytest.raises(RankError, match="started by torchrun, which sets RANK, WORLD_SIZE"), join_ranks():
        pass


def test_a_killed_rank_costs_nothing(undisturbed, tmp_path):  # noqa: F811
    """Killed after the fifth cycle, the fourth being kept: torchrun starts all again, and it is the same run."""
    run_on_processes(2, [str(tmp_path), "killed"], program=FAULTY, max_restarts=1)
    assert_same(tmp_path, undisturbed)


def test_a_killed_rank_that_is_not_started_again_is_an_error_and_the_run_is_kept(tmp_path):
    with pytest.raises(RankError, match=r"Got nothing from rank 1|must end well"):
        run_on_processes(2, [str(tmp_path), "killed"], program=FAULTY)
    assert len(load_reports(tmp_path)) == FAULTY_CYCLE


def test_a_rank_that_hangs_is_named_in_time(tmp_path):
    message = rf"come to the number of rows within 12 s. Got nothing from rank 1 \(cycle {FAULTY_CYCLE + 1}\)"
    with pytest.raises(RankError, match=message):
        run_on_processes(2, [str(tmp_path), "hangs"], program=FAULTY)


def test_a_rank_with_other_settings_is_refused(tmp_path):
    message = "must have the same config.learning_rate. Got 0.005 on rank 0 and 0.01 on rank 1"
    with pytest.raises(RankError, match=message):
        run_on_processes(2, [str(tmp_path), "other settings"], program=FAULTY)
    assert list(tmp_path.iterdir()) == []

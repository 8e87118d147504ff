"""What is right on paper is what the package, or a clock, says."""

import pytest
import torch

from ppo_lessons.data_parallel.ranks import RankError
from ppo_lessons.data_parallel.sharing import rank_weights
from ppo_lessons.data_parallel.thread_ranks import in_threads
from ppo_lessons.lessons.beyond_one_machine.on_paper import PAPER

RIGHT = {paper.number: paper.right for paper in PAPER}


def test_the_loss_of_the_mini_batch():
    rows = torch.tensor([600.0, 300.0], dtype=torch.float64)
    losses = torch.tensor([0.2, 0.5], dtype=torch.float64)
    assert float(rank_weights(rows) @ losses) == pytest.approx(RIGHT["18.1"])
    assert 0.35 == pytest.approx(float(losses.mean()))


def test_who_does_not_hear_of_the_end_waits():
    """Rank 0 has left the loop, and is alive; what the other comes to is the time limit."""
    import threading

    done = threading.Event()

    def job(ranks):
        if ranks.rank == 0:
            done.wait(30)
            return
        try:
            ranks.objects(None, "gradient")
        finally:
            done.set()

    with pytest.raises(RankError, match=r"come to the gradient within 0.2 s. Got nothing from rank 0"):
        in_threads(2, job, timeout=0.2)
    assert RIGHT["18.5"] == "waits"


def test_the_cycle_on_eight_machines():
    assert 48 / (48 / 8 + 8 * 0.25) == RIGHT["18.7"]

"""What `torchrun -m ppo_lessons.data_parallel` does on each rank: words in, a trained team in a folder out."""

import argparse
import sys
from collections.abc import Sequence

from ppo_lessons.config import PPOConfig
from ppo_lessons.data_parallel.process_ranks import TIMEOUT, join_ranks
from ppo_lessons.data_parallel.ranks import RankError
from ppo_lessons.data_parallel.shared_training import SAVED_EVERY, RankReport, train_on_ranks
from ppo_lessons.errors import NotReadyError
from ppo_lessons.shipped.settings import read_settings
from ppo_lessons.spirit_world.behaviour import recent
from ppo_lessons.spirit_world.cases import CASES

ONE_LINE_EVERY = 10
"""Cycles between two lines that the first rank prints; the last cycle has one, too."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="torchrun --nproc-per-node R -m ppo_lessons.data_parallel",
        description="Train a team of detectives on many processes. The same command goes on where it was.",
        allow_abbrev=False,
    )
    add = parser.add_argument
    add("case", choices=tuple(CASES), metavar="CASE", help=f"one of {', '.join(CASES)}")
    add("--to", metavar="FOLDER", help="a folder that is there, for the run, the team and the reports")
    add("--cycles", type=int, default=100, metavar="N", help="how many cycles in all (usually 100)")
    add("--save-every", type=int, default=SAVED_EVERY, metavar="N", help=f"usually {SAVED_EVERY} cycles")
    add("--set", action="append", default=[], metavar="NAME=VALUE", help="a field of PPOConfig, of the whole run")
    add("--device", default="cpu", help="where the update is computed: cpu, cuda, cuda:1 (CUDA was not tried yet)")
    add("--timeout", type=float, default=TIMEOUT, metavar="S", help=f"how long ranks wait ({TIMEOUT:g} seconds)")
    return parser


def main(words: Sequence[str]) -> int:
    """Be one rank; the first one prints.

    Args:
        words: The arguments.

    Returns:
        The exit code: 0 done, 1 if something broke it off, which is said in one line.
    """
    order = _parser().parse_args(words)
    rank: int | str = "?"
    try:
        config = PPOConfig(**read_settings(order.set))
        with join_ranks(order.timeout) as ranks:
            rank = ranks.rank
            keeping = dict(folder=order.to, saved_every=order.save_every, device=order.device)
            behaviours = []
            for report in train_on_ranks(ranks, order.case, config, order.cycles, **keeping):
                behaviours += report.behaviours
                last = report.cycle == order.cycles
                if ranks.rank == 0 and (last or report.cycle % ONE_LINE_EVERY == 0):
                    print(_line(report, recent(behaviours, "win_rate")[-1]), flush=True)
        return 0
    except (RankError, NotReadyError, TypeError, ValueError, OSError) as error:
        print(f"rank {rank}: {error}", file=sys.stderr, flush=True)
        return 1


def _line(report: RankReport, win_rate: float) -> str:
    return f"cycle {report.cycle}, agent-steps {report.agent_steps:,}, won of the last 400 cases {win_rate:.0%}"

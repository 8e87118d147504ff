"""Start torchrun on this machine from Python: for a notebook, and for whoever does not want to type it."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from ppo_lessons.data_parallel.ranks import RankError

PROGRAM = ("-m", "ppo_lessons.data_parallel")


def torchrun_command(num_ranks: int, words: Sequence[str], max_restarts: int = 0) -> list[str]:
    """Return the command line by which torchrun starts so many ranks on this machine.

    Args:
        num_ranks: How many processes.
        words: What each of them runs: a script, or -m and a module, and its arguments.
        max_restarts: How often all ranks are started anew when one of them has ended badly.
    """
    torchrun = [sys.executable, "-m", "torch.distributed.run", "--nnodes=1", f"--nproc-per-node={num_ranks}"]
    alone = ["--rdzv-backend=c10d", "--rdzv-endpoint=127.0.0.1:0", "--local-addr=127.0.0.1"]
    return [*torchrun, *alone, f"--max-restarts={max_restarts}", "--monitor-interval=0.2", *words]


def run_on_processes(
    num_ranks: int,
    words: Sequence[str],
    *,
    program: Sequence[str] = PROGRAM,
    max_restarts: int = 0,
    timeout: float | None = None,
) -> str:
    """Train with so many processes on this machine, and wait until they are done.

    Args:
        num_ranks: How many.
        words: The arguments of `python -m ppo_lessons.data_parallel`, or of another program.
        program: A script of your own, or -m and a module.
        max_restarts: How often all are started anew when one has ended badly.
        timeout: In seconds; None: as long as it takes.

    Returns:
        What the first rank printed.

    Raises:
        RankError: If they ended badly, with the sentence of the rank that said why.
    """
    command = torchrun_command(num_ranks, [*program, *words], max_restarts)
    # The course's networks are so small that one thread a process is fastest; torchrun would say the same at length.
    variables = {**os.environ, "OMP_NUM_THREADS": "1", "PYTHONPATH": _with_house(os.environ.get("PYTHONPATH"))}
    if sys.platform == "linux":
        variables.setdefault("GLOO_SOCKET_IFNAME", "lo")  # the machine's name need not lead anywhere
    done = subprocess.run(command, env=variables, capture_output=True, text=True, timeout=timeout)
    if done.returncode:
        raise RankError(_why(done.stderr))
    return done.stdout


def _with_house(path: str | None) -> str:
    """Return the path with this very package first: ranks run what the caller runs."""
    house = str(Path(__file__).parents[2])
    return house if not path else house + os.pathsep + path


def _why(errors: str) -> str:
    """Return what a rank said at its end; the last lines of all if none said anything."""
    said = [line.partition("rank ")[2].partition(": ")[2] for line in errors.splitlines() if line.startswith("rank ")]
    return said[0] if said else "All ranks must end well. Got\n" + "\n".join(errors.splitlines()[-12:])

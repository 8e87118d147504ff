"""What a cycle of training costs on one machine, and what it costs two processes to talk: measured, not expected.

Made by `KEEP_RANK_COSTS=1 python -m benchmarks --only ranks`, on the machine that it names.
"""

import json
from dataclasses import dataclass
from pathlib import Path

PATH = Path(__file__).parent / "data" / "rank_costs.json"


@dataclass(frozen=True, kw_only=True)
class RankCosts:
    """Times in seconds. W is the number of weights of the network."""

    machine: str
    """On which it was measured."""
    play: float
    """A row of the rollout, whatever the network: the world, the buffer."""
    play_weight: float
    """A row of the rollout, for each weight."""
    learn: float
    """A row, in each epoch."""
    learn_weight: float
    """A row, in each epoch, for each weight."""
    step: float
    """A gradient step, however many rows it has."""
    share: float
    """What a step costs besides where there are others: moments, one long gradient out of many."""
    message: float
    """A small message from one process to another on this machine, while both train: the waiting is in it."""
    byte: float
    """Each byte of a message there."""
    slowed: float
    """How many times as long a process takes while a second one works on the other of the two cores."""
    measured: tuple[dict[str, float], ...]
    """Points: ranks, rows a cycle, seconds a cycle, and the share of them in which a rank told or waited."""


def load_rank_costs() -> RankCosts:
    """Return what was measured."""
    costs = json.loads(PATH.read_text(encoding="utf-8"))
    return RankCosts(**{**costs, "measured": tuple(costs["measured"])})

"""Ten teams of each kind on the easiest case: do more epochs pay, does shuffling?

`python -m ppo_lessons.lessons.minibatches.ten_seeds` trains them anew (minutes) and writes `ten_seeds.json`. Another
processor gives other numbers of the same kind.
"""

import json
from dataclasses import replace
from pathlib import Path

import torch
from torch import Tensor

from ppo_lessons.shipped.recording import CONFIG
from ppo_lessons.steps import Steps
from ppo_lessons.training import TrainingRun, train

FILE = Path(__file__).parent / "ten_seeds.json"
SEEDS, CYCLES = 10, 16


def in_order(num_rows: int, generator: torch.Generator) -> Tensor:
    """Leave the rows in the buffer's order: what `shuffle_rows` is replaced by where nothing is shuffled."""
    return torch.arange(num_rows)


KINDS = {
    "1 epoch": (1, Steps()),
    "4 epochs": (4, Steps()),
    "10 epochs": (10, Steps()),
    "4, not shuffled": (4, Steps(shuffle_rows=in_order)),
}
"""Name -> epochs, and the steps of the update."""


def train_one(kind: str, seed: int, cycles: int = CYCLES) -> list[float]:
    """Train a team from nothing, and return the mean reward of each cycle, rounded to four digits.

    Args:
        kind: One of `KINDS`.
        seed: Of the training.
        cycles: Rollouts, and updates.
    """
    epochs, steps = KINDS[kind]
    config = replace(CONFIG, num_envs=64, num_steps=16, epochs=epochs, minibatch_size=1024, seed=seed)
    return [round(report.mean_reward, 4) for report in train(TrainingRun("stray", config), cycles, steps=steps)]


def load_rewards() -> dict[str, list[list[float]]]:
    """Return kind -> for each seed, the mean reward of each cycle."""
    return json.loads(FILE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    found = {kind: [train_one(kind, seed) for seed in range(SEEDS)] for kind in KINDS}
    FILE.write_text(json.dumps(found, indent=1).replace(",\n   ", ", "), encoding="utf-8")

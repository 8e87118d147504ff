"""A rank with which something is wrong: `faulty_rank.py FOLDER FAULT`, started by torchrun."""

import os
import signal
import sys
import time
from dataclasses import replace

from ppo_lessons.config import PPOConfig
from ppo_lessons.data_parallel import RankError, join_ranks, train_on_ranks

CONFIG = PPOConfig(num_envs=8, num_steps=8, minibatch_size=128, epochs=2, seed=2)
CYCLES, FAULTY_CYCLE, SAVED_EVERY = 7, 5, 2

if __name__ == "__main__":
    folder, fault = sys.argv[1:]
    first_life = os.environ["TORCHELASTIC_RESTART_COUNT"] == "0"
    with join_ranks(12 if fault == "hangs" else 120) as ranks:
        config, ill = CONFIG, ranks.rank == 1 and first_life
        if fault == "other settings" and ill:
            config = replace(CONFIG, learning_rate=0.01)
        try:
            for report in train_on_ranks(ranks, "standard", config, CYCLES, folder=folder, saved_every=SAVED_EVERY):
                if ill and report.cycle == FAULTY_CYCLE:
                    if fault == "killed":
                        os.kill(os.getpid(), signal.SIGKILL)
                    if fault == "hangs":
                        time.sleep(60)
        except RankError as error:
            print(f"rank {ranks.rank}: {error}", file=sys.stderr, flush=True)
            sys.exit(1)

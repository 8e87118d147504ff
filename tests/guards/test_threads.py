"""With one seed a run is the same for any number of threads; run as a script, this prints what it comes to."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from ppo_lessons import PPOConfig, TrainingRun, collect, evaluate, policy_player, ppo_update, record, train
from ppo_lessons.guards.threads import one_thread

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


def digest(*things):
    """Name things by their bytes."""
    parts = [
        thing.detach().numpy().tobytes() if isinstance(thing, torch.Tensor) else repr(thing).encode()
        for thing in things
    ]
    return hashlib.sha256(b"".join(parts)).hexdigest()[:12]


def digests():
    """What training, each of its parts by hand, and playing come to, in the default sizes."""
    run = TrainingRun("standard", PPOConfig(seed=1))
    made = {"fresh": digest(*run.policy.parameters())}
    updates = [report.update for report in train(run, 2)]
    made["train"] = digest(*run.policy.parameters(), *updates)
    config, buffer = run.config, run.buffer
    last_values = collect(run.env, run.policy, buffer, run.action_generator)
    buffer.finish(last_values, config.gamma, config.gae_lambda, team_credit=True)
    made["collect and gae"] = digest(*buffer.data, buffer.advantages)
    update = ppo_update(run.policy, run.optimizer, buffer.get(), config, run.shuffle_generator)
    made["ppo_update"] = digest(*run.policy.parameters(), update)
    made["evaluate"] = digest(evaluate(policy_player(run.policy), cases=1000))
    made["record"] = digest(record(policy_player(run.policy)).actions.tolist())
    return made


def digests_of_a_process(**environment):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    command = [sys.executable, __file__]
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, check=True)
    return done.stdout


def test_a_run_does_not_depend_on_the_number_of_threads():
    """torch.set_num_threads, and what the environment says to OpenMP and MKL, bit for bit."""
    wanted = f"{digests()}\n" * 3
    for openmp, mkl in ((1, 1), (2, 4), (4, 2)):
        assert digests_of_a_process(OMP_NUM_THREADS=str(openmp), MKL_NUM_THREADS=str(mkl)) == wanted


def test_one_thread_works_and_the_others_are_given_back():
    before = torch.get_num_threads()
    try:
        torch.set_num_threads(2)
        assert one_thread(lambda: torch.get_num_threads())() == 1
        assert torch.get_num_threads() == 2
        with pytest.raises(ZeroDivisionError):
            one_thread(lambda: 1 / 0)()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(before)


if __name__ == "__main__":
    print(digests())
    for threads in (2, 4):
        torch.set_num_threads(threads)
        print(digests())

import sys

from ppo_lessons.data_parallel.launch import torchrun_command


def test_the_command_is_the_one_that_people_type():
    command = torchrun_command(3, ["-m", "ppo_lessons.data_parallel", "standard"], max_restarts=2)
    assert command[:3] == [sys.executable, "-m", "torch.distributed.run"]
    assert "--nproc-per-node=3" in command and "--max-restarts=2" in command
    assert command[-3:] == ["-m", "ppo_lessons.data_parallel", "standard"]

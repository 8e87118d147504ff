import pytest
import torch

from ppo_lessons.config import PPOConfig
from ppo_lessons.data_parallel import device as device_module
from ppo_lessons.data_parallel.device import on_device, require_device
from ppo_lessons.data_parallel.shared_training import train_on_ranks
from ppo_lessons.data_parallel.thread_ranks import in_threads
from ppo_lessons.errors import NotReadyError

CONFIG = PPOConfig(num_envs=4, minibatch_size=64, epochs=1)


def test_a_device_that_is_not_there_is_refused():
    assert require_device("cpu") == torch.device("cpu")
    with pytest.raises(NotReadyError, match=r"on a device that is there. Got cuda:99"):
        require_device("cuda:99")


def test_weights_gradients_and_memory_move(make_policy):
    """To a place where tensors have no numbers: whatever was left behind would still have some."""
    policy = make_policy()
    optimizer = torch.optim.Adam(policy.parameters())
    sum(part.sum() for part in policy.parameters()).backward()
    optimizer.step()
    with pytest.raises(NotImplementedError, match="meta"), on_device(torch.device("meta"), policy, optimizer):
        memory = [part for state in optimizer.state.values() for part in state.values()]
        moved = [*policy.parameters(), *(weights.grad for weights in policy.parameters()), *memory]
        assert len(memory) == 3 * len(list(policy.parameters()))
        assert {part.device.type for part in moved} == {"meta"}


def test_the_update_goes_to_its_device_and_comes_back(monkeypatch):
    """On the processor itself: moved there for each update, and home again, and the same run as ever."""
    moved = []
    real = device_module._move

    def note(device, policy, optimizer):
        moved.append(str(device))
        real(device, policy, optimizer)

    plain = in_threads(1, lambda ranks: list(train_on_ranks(ranks, "standard", CONFIG, 2)))[0]
    monkeypatch.setattr(device_module, "_move", note)
    again = in_threads(1, lambda ranks: list(train_on_ranks(ranks, "standard", CONFIG, 2, device="cpu:0")))[0]
    assert moved == 2 * ["cpu:0", "cpu"]
    assert [report.update for report in again] == [report.update for report in plain]

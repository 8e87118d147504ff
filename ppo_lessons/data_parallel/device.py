"""Where the update is computed: the network and the rows go there, and come back; the world stays where it is."""

from collections.abc import Iterator
from contextlib import contextmanager

import torch
from torch import nn

from ppo_lessons.errors import NotReadyError


def require_device(device: str | torch.device) -> torch.device:
    """Return the device if this machine has it.

    Raises:
        NotReadyError: If torch cannot compute there.
    """
    try:
        torch.zeros(1, device=device)
    except (RuntimeError, AssertionError, NotImplementedError) as error:
        raise NotReadyError(f"The update is computed on a device that is there. Got {device}: {error}") from error
    return torch.device(device)


@contextmanager
def on_device(device: torch.device, policy: nn.Module, optimizer: torch.optim.Optimizer) -> Iterator[None]:
    """Move a network and the memory of its optimizer to a device, and back to the processor at the end.

    The parameters stay the same objects: their numbers move. (Tried on the processor; on CUDA not yet.)

    Args:
        device: Where to.
        policy: Its parameters.
        optimizer: Of these parameters.
    """
    _move(device, policy, optimizer)
    try:
        yield
    finally:
        _move(torch.device("cpu"), policy, optimizer)


def _move(device: torch.device, policy: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    policy.to(device)  # the gradients go with their parameters
    for memory in optimizer.state.values():
        memory.update({name: part.to(device) for name, part in memory.items() if isinstance(part, torch.Tensor)})

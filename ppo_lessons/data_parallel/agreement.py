"""Before anything is trained, and whenever a run is saved: are all ranks in the same run?"""

import hashlib
import platform
from dataclasses import asdict
from importlib.metadata import version
from typing import Any

import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.config import PPOConfig
from ppo_lessons.data_parallel.ranks import RankError, Ranks


def describe_rank(config: PPOConfig, device: torch.device, **more: Any) -> dict[str, Any]:
    """Return what must be the same on all ranks, by name: the settings, the versions, and the kind of machine.

    Processors with other instructions round to other last digits. The gradients are the same everywhere, but each rank
    takes its own step, and their weights would come apart.

    Args:
        config: The settings of the whole run.
        device: Where the update is computed.
        more: What else must be the same.
    """
    kind = torch.cuda.get_device_name(device) if device.type == "cuda" else platform.machine()
    return {
        **{f"config.{name}": value for name, value in asdict(config).items()},
        "version of Python": platform.python_version(),
        **{f"version of {name}": version(name) for name in ("ppo_lessons", "torch", "numpy")},
        "machine": f"{kind}, {torch.backends.cpu.get_cpu_capability()}",
        "device": device.type,
        **more,
    }


def require_agreement(ranks: Ranks, own: dict[str, Any]) -> None:
    """Refuse ranks that are not in the same run.

    Args:
        ranks: All of them.
        own: What `describe_rank` says of this one.

    Raises:
        RankError: On all ranks, with the name of the first thing that differs and both values.
    """
    first, *others = ranks.objects(own, "settings")
    for rank, other in enumerate(others, start=1):
        for name in {**first, **other}:
            if first.get(name) != other.get(name):
                got = f"{first.get(name)!r} on rank 0 and {other.get(name)!r} on rank {rank}"
                raise RankError(f"All ranks must have the same {name}. Got {got}")


def require_same_weights(ranks: Ranks, policy: ActorCritic) -> None:
    """Refuse to go on, or to save, when the ranks' networks have come apart.

    Raises:
        RankError: On all ranks, with those whose weights are not rank 0's.
    """
    digest = hashlib.sha256()
    for name, part in sorted(policy.state_dict().items()):
        digest.update(name.encode() + part.detach().cpu().contiguous().numpy().tobytes())
    first, *others = ranks.objects(digest.hexdigest(), "weights")
    if apart := [str(rank) for rank, other in enumerate(others, start=1) if other != first]:
        raise RankError(
            f"All ranks must have the same weights. Got others on rank {', '.join(apart)} than on rank 0 "
            f"(cycle {ranks.cycle})"
        )

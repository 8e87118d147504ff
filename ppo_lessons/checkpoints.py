"""Save and load: a whole training run, to go on bit for bit, or a trained team alone."""

import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.cases import Case
from ppo_lessons.config import PPOConfig
from ppo_lessons.errors import CheckpointError
from ppo_lessons.spirit_env import SpiritWorld
from ppo_lessons.team_env import TeamEnv
from ppo_lessons.training import TrainingRun

FORMAT = 1


def save_policy(policy: ActorCritic, path: str | Path) -> None:
    """Write the network alone, to play or to train on; a few tens of kilobytes."""
    _write({"kind": "policy", "policy": _pack_policy(policy)}, path)


def load_policy(path: str | Path) -> ActorCritic:
    """Read a network that `save_policy` wrote.

    Raises:
        CheckpointError: If the file is damaged, unsafe, or holds something else.
        FileNotFoundError: If there is none.
    """
    return _unpack_policy(_read(path, "policy").get("policy"), path)


def save_run(run: TrainingRun, path: str | Path) -> None:
    """Write a training run between two cycles, so that `load_run` goes on exactly as this one would have.

    The file is complete or not there: it is written under another name and then renamed.

    Raises:
        CheckpointError: If the world of the run cannot tell its state (no `get_state`), or a cycle is under way.
    """
    if not hasattr(run.env, "get_state"):
        raise CheckpointError(
            f"A run is saved with the state of its world. Got {type(run.env).__name__} without get_state"
        )
    if run.buffer.step:
        raise CheckpointError(f"A run is saved between two cycles. Got a buffer with {run.buffer.step} steps")
    case = asdict(run.env.case) if isinstance(run.env, SpiritWorld) else None
    contents = {
        "kind": "run",
        "config": asdict(run.config),
        "policy": _pack_policy(run.policy),
        "optimizer": run.optimizer.state_dict(),
        "action_generator": run.action_generator.get_state(),
        "shuffle_generator": run.shuffle_generator.get_state(),
        "env": _to_tensors(run.env.get_state()),
        "case": case,
        "running_return": None if run.meter is None else torch.from_numpy(run.meter.running_return.copy()),
        "cycle": run.cycle,
    }
    _write(contents, path)


@torch.inference_mode(False)
def load_run(path: str | Path, env: TeamEnv | None = None) -> TrainingRun:
    """Read a training run, to go on from there.

    Args:
        path: What `save_run` wrote.
        env: A world of the same kind and size; not needed for the Spirit world.

    Returns:
        The run; its next cycle is bit for bit the one that the saved run would have played.

    Raises:
        CheckpointError: If the file is damaged, unsafe, of other shapes, or holds something else.
        FileNotFoundError: If there is none.
    """
    contents = _read(path, "run")
    try:
        config = PPOConfig(**contents["config"])
        case = contents["case"]
        if case is not None:
            case = Case(**{**case, "toughness": tuple(case["toughness"])})
        if env is None:
            if case is None:
                raise CheckpointError("A run in a world of its own needs that world: load_run(path, env). Got none")
            env = SpiritWorld(case, config.num_envs)
        run = TrainingRun(env, config, _unpack_policy(contents["policy"], path))
        run.optimizer.load_state_dict(contents["optimizer"])
        run.action_generator.set_state(contents["action_generator"])
        run.shuffle_generator.set_state(contents["shuffle_generator"])
        run.env.set_state(_to_arrays(contents["env"]))  # type: ignore[attr-defined]
        if run.meter is not None:
            run.meter.running_return = contents["running_return"].numpy().copy()
        run.cycle = contents["cycle"]
        _check_fit(run, case)
    except CheckpointError:
        raise
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise CheckpointError(f"A checkpoint must fit the run it is loaded into. Got {path}: {error}") from error
    return run


def _check_fit(run: TrainingRun, case: Case | None) -> None:
    """Refuse what is taken without a word above, and would be tripped over some cycles later."""
    plays = run.env.case if isinstance(run.env, SpiritWorld) else None
    if plays != case:
        raise ValueError(f"the run was played in {case}, the world plays {plays}")
    for weights, memory in run.optimizer.state.items():
        if any(memory[name].shape != weights.shape for name in ("exp_avg", "exp_avg_sq")):
            raise ValueError(f"the optimizer's memory of weights {tuple(weights.shape)} has another shape")
    if run.meter is not None and run.meter.running_return.shape != (run.env.num_envs,):
        raise ValueError(f"running_return has shape {run.meter.running_return.shape}")
    if not isinstance(run.cycle, int) or run.cycle < 0:
        raise ValueError(f"cycle is {run.cycle!r}")


def _pack_policy(policy: ActorCritic) -> dict[str, Any]:
    sizes = (policy.obs_size, policy.num_actions, policy.hidden_size)
    return {"sizes": sizes, "shared_trunk": policy.shared_trunk, "weights": policy.state_dict()}


def _unpack_policy(packed: Any, path: str | Path) -> ActorCritic:
    try:
        policy = ActorCritic(*packed["sizes"], shared_trunk=packed["shared_trunk"])
        policy.load_state_dict(packed["weights"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"A policy's weights must fit its sizes. Got {path}: {error}") from error
    return policy


def _write(contents: dict[str, Any], path: str | Path) -> None:
    path = Path(path)
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.unfinished")
    try:
        with open(unfinished, "wb") as file:
            torch.save({"format": FORMAT, **contents}, file)
            file.flush()
            os.fsync(file.fileno())
        os.replace(unfinished, path)
    finally:
        unfinished.unlink(missing_ok=True)


def _read(path: str | Path, kind: str) -> dict[str, Any]:
    try:
        contents = torch.load(path, weights_only=True, map_location="cpu")
    except FileNotFoundError:
        raise
    except Exception as error:  # torch raises many kinds for damaged and for unsafe files
        reason = str(error).strip().split("\n")[0]
        raise CheckpointError(f"A checkpoint must be whole, and hold data only. Got {path}: {reason}") from error
    if not isinstance(contents, dict) or contents.get("format") != FORMAT or contents.get("kind") != kind:
        got = contents.get("kind") if isinstance(contents, dict) else type(contents).__name__
        raise CheckpointError(f"The file must be a {kind} checkpoint of format {FORMAT}. Got {path}: {got}")
    return contents


def _to_tensors(state: dict[str, Any]) -> dict[str, Any]:
    return {k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in state.items()}


def _to_arrays(state: dict[str, Any]) -> dict[str, Any]:
    return {k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in state.items()}

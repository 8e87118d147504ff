"""Save and load: a whole training run, to go on bit for bit, or a trained team alone."""

import codecs
import warnings
from dataclasses import asdict
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch

from ppo_lessons.action_kinds import ActionKind
from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.agent_kinds import make_network
from ppo_lessons.config import PPOConfig
from ppo_lessons.errors import CheckpointError
from ppo_lessons.guards.files import write_whole
from ppo_lessons.optimisation import set_learning_rate
from ppo_lessons.team_env import StatefulEnv, TeamEnv, as_team_env, describe, keeps_state, make_meter
from ppo_lessons.training import TrainingRun

FORMAT = 3
FIXED = ("num_envs", "hidden_size", "shared_trunk", "critic", "value_normalisation", "seed")
"""Fields of the config that a saved run keeps: its world, its network and its generators are made of them."""
KINDS = ("shared_trunk", "team_size", "value_normalisation", "action_kind", "num_kinds")
"""What tells one kind of network from another, beside its sizes."""
NO_CHECKPOINTS = {
    b"": "an empty file",
    b"version https://git-lfs": "a pointer of Git LFS; `git lfs pull` fetches the file that it stands for",
    b"<": "a page of HTML or XML, perhaps what a website answered instead of the file",
    b"PK": "an archive that was cut off, or that torch did not write, or that holds code",
    b"\x80": "a pickle, which can hold code",
}
"""How a file begins -> what it seems to be."""


def save_policy(policy: ActorCritic, path: str | Path) -> None:
    """Write the network alone, to play or to train on; a few tens of kilobytes."""
    write_checkpoint({"kind": "policy", "policy": _pack_policy(policy)}, path)


def load_policy(path: str | Path) -> ActorCritic:
    """Read a network that `save_policy` wrote.

    Raises:
        CheckpointError: If the file is damaged, unsafe, or holds something else.
        OSError: If there is none, or it cannot be read.
    """
    return _unpack_policy(read_checkpoint(path, "policy").get("policy"), path)


def save_run(run: TrainingRun, path: str | Path) -> None:
    """Write a training run between two cycles, so that `load_run` goes on exactly as this one would have.

    A world that cannot tell its state (no `get_state`) is not saved, nor are the steps of a cycle that it broke off:
    weights, optimizer, counters and generators are, and `load_run` says that the world begins anew.

    The file is complete or not there: it is written under another name and then renamed.

    Raises:
        CheckpointError: If a cycle is under way.
        FileNotFoundError: If the folder is not there.
    """
    write_checkpoint(pack_run(run), path)


def pack_run(run: TrainingRun) -> dict[str, Any]:
    """Return what a training run is made of, as plain data and tensors; `unpack_run` makes it again.

    Raises:
        CheckpointError: If a cycle is under way.
    """
    if run.buffer.step and keeps_state(run.env):
        raise CheckpointError(f"A run is saved between two cycles. Got a buffer with {run.buffer.step} steps")
    return {
        "kind": "run",
        "config": asdict(run.config),
        "policy": _pack_policy(run.policy),
        "optimizer": run.optimizer.state_dict(),
        "action_generator": run.action_generator.get_state(),
        "shuffle_generator": run.shuffle_generator.get_state(),
        "env": _to_tensors(run.env.get_state()) if keeps_state(run.env) else None,
        "case": describe(run.env),
        "running_return": None if run.meter is None else torch.from_numpy(run.meter.running_return.copy()),
        "cycle": run.cycle,
        "agent_steps": run.agent_steps,
    }


@torch.inference_mode(False)
def load_run(path: str | Path, env: TeamEnv | None = None, config: PPOConfig | None = None) -> TrainingRun:
    """Read a training run, to go on from there.

    Args:
        path: What `save_run` wrote.
        env: A world of the same kind and size; not needed for the Spirit world with the package's own rules. One whose
            state was not saved begins anew, with a seed of its own, and a warning says so.
        config: Go on with these settings instead; those of `FIXED` must be the saved ones.

    Returns:
        The run; with the saved settings and the world's state its next cycle is bit for bit the one that the saved run
        would have played.

    Raises:
        CheckpointError: If the file is damaged, unsafe, of other shapes, or holds something else.
        ValueError: If the config changes what a saved run keeps.
        OSError: If there is none, or it cannot be read.
    """
    return unpack_run(read_checkpoint(path, "run"), path, env, config)


@torch.inference_mode(False)
def unpack_run(
    contents: dict[str, Any], path: str | Path, env: TeamEnv | None = None, config: PPOConfig | None = None
) -> TrainingRun:
    """Return the run of which `pack_run` told; see `load_run`. The path is named where something is wrong."""
    try:
        saved = PPOConfig(**contents["config"])
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"A run is saved with a config that holds. Got {path}: {error}") from error
    if config is not None:
        _check_kept(saved, config)
    try:
        case = contents["case"]
        if env is None:
            if case is None:
                raise CheckpointError("A run in a world of its own needs that world: load_run(path, env). Got none")
            env = as_team_env(case, saved.num_envs)
        run = TrainingRun(env, config or saved, _unpack_policy(contents["policy"], path))
        run.optimizer.load_state_dict(contents["optimizer"])
        if config is not None:
            set_learning_rate(run.optimizer, config.learning_rate)
        run.action_generator.set_state(contents["action_generator"])
        run.shuffle_generator.set_state(contents["shuffle_generator"])
        if contents["env"] is not None:
            cast(StatefulEnv, run.env).set_state(_to_arrays(contents["env"]))  # a world that is none: AttributeError
        if run.meter is not None:
            run.meter.running_return = contents["running_return"].numpy().copy()
        run.cycle, run.agent_steps = contents["cycle"], contents["agent_steps"]
        _check_fit(run, case)
        if contents["env"] is None:
            _begin_anew(run)
    except CheckpointError:
        raise
    except (KeyError, TypeError, ValueError, RuntimeError, AttributeError) as error:
        raise CheckpointError(f"A checkpoint must fit the run it is loaded into. Got {path}: {error}") from error
    return run


def _begin_anew(run: TrainingRun) -> None:
    """Reset a world whose state was not saved, to other episodes than the run began with, and say so."""
    run.env.reset(int(np.random.SeedSequence((run.config.seed, run.cycle)).generate_state(1)[0]))
    run.meter = make_meter(run.env)
    warnings.warn(
        f"{type(run.env).__name__} cannot tell its state, so it was not saved: its episodes begin anew. Weights, "
        "optimizer, counters and generators are those of the saved run.",
        stacklevel=4,
    )


def _check_kept(saved: PPOConfig, config: PPOConfig) -> None:
    changed = [name for name in FIXED if getattr(config, name) != getattr(saved, name)]
    if changed:
        got = ", ".join(f"{name} {getattr(config, name)} for {getattr(saved, name)}" for name in changed)
        raise ValueError(f"A saved run keeps its {', '.join(FIXED)}. Got {got}")


def _check_fit(run: TrainingRun, case: dict[str, Any] | None) -> None:
    """Refuse what is taken without a word above, and would be tripped over some cycles later."""
    if (plays := describe(run.env)) != case:
        raise ValueError(f"the run was played in {case}, the world plays {plays}")
    for weights, memory in run.optimizer.state.items():
        if any(memory[name].shape != weights.shape for name in ("exp_avg", "exp_avg_sq")):
            raise ValueError(f"the optimizer's memory of weights {tuple(weights.shape)} has another shape")
    if run.meter is not None and run.meter.running_return.shape != (run.env.num_envs,):
        raise ValueError(f"running_return has shape {run.meter.running_return.shape}")
    for name in ("cycle", "agent_steps"):
        if not isinstance(count := getattr(run, name), int) or count < 0:
            raise ValueError(f"{name} is {count!r}")


def _pack_policy(policy: ActorCritic) -> dict[str, Any]:
    sizes = (policy.obs_size, policy.num_actions, policy.hidden_size)
    # torch.compile wraps a network, or a part of one, and puts this into the names of its weights
    weights = {name.replace("_orig_mod.", ""): tensor for name, tensor in policy.state_dict().items()}
    settings = {name: getattr(policy, name) for name in KINDS}
    return {"sizes": sizes, **settings, "action_kind": tuple(policy.action_kind), "weights": weights}


def _unpack_policy(packed: Any, path: str | Path) -> ActorCritic:
    try:
        settings = {name: packed[name] for name in KINDS}
        policy = make_network(*packed["sizes"], **{**settings, "action_kind": ActionKind(*packed["action_kind"])})
        policy.load_state_dict(packed["weights"])
    except (KeyError, TypeError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"A policy's weights must fit its sizes. Got {path}: {error}") from error
    return policy


def write_checkpoint(contents: dict[str, Any], path: str | Path) -> None:
    """Write plain data and tensors, under the "kind" that they name; the file is complete or not there."""
    write_whole(path, lambda file: torch.save({"format": FORMAT, **contents}, file))


def read_checkpoint(path: str | Path, kind: str) -> dict[str, Any]:
    """Return what `write_checkpoint` wrote under this kind.

    Raises:
        CheckpointError: If the file is damaged, unsafe, or holds something else.
        OSError: If there is none, or it cannot be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # torch asks for an issue to be filed when it meets a newer pickle
            contents = torch.load(path, weights_only=True, map_location="cpu")
    except (FileNotFoundError, IsADirectoryError, PermissionError):
        raise
    except Exception:  # torch raises many kinds for damaged and for unsafe files, with advice that nobody should follow
        raise CheckpointError(f"A checkpoint must be whole, and hold data only. Got {path}: {_seems(path)}") from None
    if not isinstance(contents, dict) or contents.get("format") != FORMAT or contents.get("kind") != kind:
        raise CheckpointError(
            f"The file must be a {kind} checkpoint of format {FORMAT}. Got {path}: {_holds(contents)}"
        )
    return contents


def _holds(contents: Any) -> str:
    """Say what came out of a file that torch could read."""
    if not isinstance(contents, dict):
        return type(contents).__name__
    if "kind" in contents:
        return f"a {contents['kind']} checkpoint of format {contents.get('format')}"
    if contents and all(isinstance(value, torch.Tensor) for value in contents.values()):
        return "weights alone; `save_policy` keeps their sizes with them"
    return "a dict of another program"


def _seems(path: str | Path) -> str:
    """Say what a file that is no checkpoint seems to be."""
    with open(path, "rb") as file:
        head = file.read(256).removeprefix(codecs.BOM_UTF8).lstrip()
    starts = (start for start in NO_CHECKPOINTS if head == start or (start and head.startswith(start)))
    return NO_CHECKPOINTS[found] if (found := next(starts, None)) is not None else "a file of another program"


def _to_tensors(state: dict[str, Any]) -> dict[str, Any]:
    return {k: torch.from_numpy(v) if isinstance(v, np.ndarray) else v for k, v in state.items()}


def _to_arrays(state: dict[str, Any]) -> dict[str, Any]:
    return {k: v.numpy() if isinstance(v, torch.Tensor) else v for k, v in state.items()}

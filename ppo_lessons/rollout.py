"""Play until the buffer is full: the whole team produces experience."""

from collections.abc import Callable

import numpy as np
import torch
from torch import Tensor

from ppo_lessons.actor_critic import ActorCritic, Decision
from ppo_lessons.buffer import SharedBuffer, Transition, is_full, store
from ppo_lessons.errors import NonFiniteError
from ppo_lessons.team_env import TeamEnv


def play_step(env: TeamEnv, policy: ActorCritic, generator: torch.Generator) -> Transition:
    """Let every agent see, decide and act once, in all copies of the world.

    Args:
        env: The environment; it is one step further afterwards.
        policy: Decides for all agents.
        generator: Draws the actions.

    Returns:
        Everything that the buffer stores of this step.

    Raises:
        NonFiniteError: If an observation or a reward is NaN or infinite.
    """
    seen = see(env)  # (E, A, D)
    return act(env, policy, seen, policy.sample_actions(seen, generator))


def see(env: TeamEnv) -> Tensor:
    """Return what every agent sees now, a copy, (E, A, D).

    Raises:
        NonFiniteError: If an observation is NaN or infinite.
        ValueError: If the observations are not float32, (E, A, D).
    """
    obs = env.obs
    _require_obs(env, "obs", obs)
    return torch.from_numpy(obs.copy())  # a world may change its arrays in place


def act(env: TeamEnv, policy: ActorCritic, seen: Tensor, decision: Decision) -> Transition:
    """Play a decision, and note everything about this step.

    Args:
        env: The environment; it is one step further afterwards.
        policy: Its critic estimates what was still to come where an agent was cut off.
        seen: What every agent saw, (E, A, D).
        decision: Actions, log-probabilities and values for it, each (E, A).

    Returns:
        Everything that the buffer stores of this step.

    Raises:
        NonFiniteError: If a final observation or a reward is NaN or infinite.
    """
    acting = env.acting.copy()
    step = env.step(decision.actions.numpy().copy())
    _require_finite("rewards", step.rewards)
    truncated = torch.from_numpy(step.truncated)
    final_values = torch.zeros_like(decision.values)  # (E, A)
    if step.truncated.any():
        _require_obs(env, "final_obs", step.final_obs, step.truncated)
        final_values[truncated] = policy.estimate_values(torch.from_numpy(step.final_obs[step.truncated]))
    return Transition(
        obs=seen,
        actions=decision.actions,
        log_probs=decision.log_probs,
        values=decision.values,
        rewards=torch.from_numpy(step.rewards),
        terminated=torch.from_numpy(step.terminated),
        truncated=truncated,
        final_values=final_values,
        acting=torch.from_numpy(acting),
        episode_over=torch.from_numpy(step.episode_over),
    )


def collect(
    env: TeamEnv,
    policy: ActorCritic,
    buffer: SharedBuffer,
    generator: torch.Generator,
    *,
    play_step: Callable[..., Transition] = play_step,
    store: Callable[[SharedBuffer, Transition], None] = store,
    is_full: Callable[[SharedBuffer], bool] = is_full,
    watch: Callable[[TeamEnv, Transition], None] | None = None,
) -> Tensor:
    """Play until the buffer is full. The episodes go on where the last rollout stopped.

    Args:
        env: The environment, after its `reset`.
        policy: Decides for all agents.
        buffer: An empty buffer.
        generator: Draws the actions.
        play_step: Node A of the flowchart.
        store: Node B.
        is_full: Node C.
        watch: Called with the environment and the transition after each step, for instance to measure behaviour.

    Returns:
        The critic's estimates of what is seen after the last step, (E, A).

    Raises:
        NonFiniteError: If an observation or a reward is NaN or infinite.
    """
    while not is_full(buffer):
        transition = play_step(env, policy, generator)
        buffer.add(transition, store)
        if watch is not None:
            watch(env, transition)
    return policy.estimate_values(see(env))


def _require_obs(env: TeamEnv, name: str, obs: np.ndarray, read: np.ndarray | None = None) -> None:
    want = (env.num_envs, env.num_agents, env.obs_size)
    if obs.dtype != np.float32 or obs.shape != want:
        raise ValueError(f"{name} must be float32 {want}. Got {obs.dtype} {obs.shape}")
    _require_finite(name, obs if read is None else obs[read])


def _require_finite(name: str, array: np.ndarray) -> None:
    if not np.isfinite(array).all():
        bad = np.argwhere(~np.isfinite(array))
        raise NonFiniteError(f"{name} must be finite. Got {array[tuple(bad[0])]} at index {tuple(map(int, bad[0]))}")

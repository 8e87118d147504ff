"""What the rollout asks of any environment: arrays for E copies of the world and A agents, and a check in words.

Axes: E copies of the world, A agents, D numbers that one agent sees.
"""

from functools import singledispatch
from typing import Any, NamedTuple, Protocol, TypeGuard

import numpy as np


class TeamStep(NamedTuple):
    """What one step of a `TeamEnv` returns. Ends belong to this step, they are never shifted by one."""

    rewards: np.ndarray
    """Reward of each agent for this step, float32, (E, A)."""
    terminated: np.ndarray
    """Really over for this agent with this step: it fell, or its episode was decided, bool, (E, A)."""
    truncated: np.ndarray
    """Only cut off with this step, the future goes on without us, bool, (E, A)."""
    episode_over: np.ndarray
    """The whole team's episode ended with this step, and the next one has been laid out, bool, (E,)."""
    final_obs: np.ndarray
    """What each agent saw after this step and *before* a next episode was laid out, float32, (E, A, D)."""


class TeamEnv(Protocol):
    """E copies of a world that a team of A agents plays; a copy whose episode ends starts the next one at once."""

    num_envs: int
    """Copies of the world, E."""
    num_agents: int
    """Agents in a team, A."""
    obs_size: int
    """Numbers that one agent sees, D."""
    num_actions: int
    """Actions 0 ... num_actions - 1 that each agent can choose from."""
    obs: np.ndarray
    """What each agent sees now, float32, (E, A, D)."""
    acting: np.ndarray
    """Which agents take part in the next step (False: fallen), bool, (E, A)."""

    def reset(self, seed: int) -> None:
        """Lay out the first episodes; sets `obs` and `acting`."""

    def step(self, actions: np.ndarray) -> TeamStep:
        """Play one action of each agent, int64, (E, A); sets `obs` and `acting`. Fallen agents' actions are ignored."""


class StatefulEnv(TeamEnv, Protocol):
    """A `TeamEnv` that can tell and take up its state, so that runs can be saved and broken-off cycles undone."""

    def get_state(self) -> dict[str, Any]:
        """Return everything that the next step depends on, as arrays and plain data."""

    def set_state(self, state: dict[str, Any]) -> None:
        """Go on exactly from what `get_state` returned."""


def keeps_state(env: TeamEnv) -> TypeGuard[StatefulEnv]:
    """Say whether this world can tell and take up its state."""
    return hasattr(env, "get_state") and hasattr(env, "set_state")


class Meter(Protocol):
    """Watches a world while a team trains in it, and sums up what the team does."""

    running_return: np.ndarray
    """Rewards of the episode that is being played, summed, mean over the agents, (E,)."""

    def watch(self, env: Any, rewards: np.ndarray) -> None:
        """Take in the step that was just played, with its rewards, (E, A)."""

    def summary(self) -> Any:
        """Return what was seen since the start or the last `clear`."""

    def clear(self) -> None:
        """Forget what was summed up; episodes that are being played go on."""


# Three questions that a world answers by registering here, so that the training need not know any world.


@singledispatch
def as_team_env(world: Any, num_envs: int) -> TeamEnv:
    """Return the world that is meant: a `TeamEnv` is one itself, other things can describe one (a name, a `Case`)."""
    return world


@singledispatch
def make_meter(env: Any) -> Meter | None:
    """Return what watches the team in this world; None if nothing does."""
    return None


@singledispatch
def describe(env: Any) -> dict[str, Any] | None:
    """Return plain data of which `as_team_env` makes an equal world; None if it cannot be described."""
    return None


TEAM_ENV_NAMES = ("num_envs", "num_agents", "obs_size", "num_actions", "obs", "acting", "reset", "step")


def require_team_env(env: Any) -> None:
    """Refuse what is no `TeamEnv`, before its first reset.

    Raises:
        ValueError: With what is missing; for an environment of Gymnasium or PettingZoo, with what makes one of it.
    """
    if missing := [name for name in ("num_envs", "num_agents", "reset", "step") if not hasattr(env, name)]:
        of = "PettingZooTeam" if hasattr(env, "possible_agents") else "GymnasiumTeam"
        call = "GymnasiumVectorTeam(env)" if hasattr(env, "single_action_space") else f"{of}(make_env, num_envs)"
        foreign = hasattr(env, "reset") and hasattr(env, "step")
        advice = f". ppo_lessons.other_worlds makes one of it: {call}" if foreign else ""
        got = getattr(type(env), "__name__", "")
        raise ValueError(f"A world must be a TeamEnv. Got {got} without {', '.join(missing)}{advice}")


def check_actions(actions: np.ndarray, num_envs: int, num_agents: int, num_actions: int) -> None:
    """Refuse actions that are not whole numbers 0 ... num_actions - 1 of shape (E, A).

    Raises:
        ValueError: If shape, dtype or range is wrong; nothing has been played then.
    """
    actions = np.asarray(actions)
    if actions.shape != (num_envs, num_agents):
        raise ValueError(f"actions must have shape (E, A) = ({num_envs}, {num_agents}). Got {actions.shape}")
    if not np.issubdtype(actions.dtype, np.integer):
        raise ValueError(f"actions must be whole numbers (int64). Got {actions.dtype}")
    if actions.size and not 0 <= actions.min() <= actions.max() < num_actions:
        raise ValueError(f"actions must be 0 to {num_actions - 1}. Got {actions.min()} to {actions.max()}")


def who_acts_next(
    acting: np.ndarray, terminated: np.ndarray, truncated: np.ndarray, episode_over: np.ndarray
) -> np.ndarray:
    """Return which agents take part in the next step.

    An agent goes on acting until it is terminated or truncated, and then waits, whatever its flags say meanwhile,
    until its team's episode is over: then everybody starts the next one.

    Args:
        acting: Who took part in this step, bool, (E, A).
        terminated: Really over for this agent with this step, bool, (E, A).
        truncated: Only cut off with this step, bool, (E, A).
        episode_over: The whole team's episode ended with this step, bool, (E,).

    Returns:
        Who takes part in the next step, bool, (E, A).
    """
    goes_on = acting & ~(terminated | truncated)
    return goes_on | episode_over[:, None]

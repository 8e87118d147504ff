"""The shared buffer: everybody's experience of one rollout, until it is full, used and cleared.

Axes: T steps, E copies of the world, A agents, D numbers seen. B: rows, one for each decision of a living agent.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ppo_lessons.advantages import estimate_advantages, with_team_credit
from ppo_lessons.errors import NotReadyError


class Transition(NamedTuple):
    """One step of all agents in all copies of the world: one slice of the buffer."""

    obs: Tensor
    """What each agent saw before the step, float32, (E, A, D)."""
    actions: Tensor
    """int64, (E, A); several choices or real numbers (float32): (E, A, k)."""
    log_probs: Tensor
    """Of those actions when they were taken, (E, A)."""
    values: Tensor
    """The critic's estimates before the step, (E, A)."""
    rewards: Tensor
    """(E, A)."""
    terminated: Tensor
    """Really over for this agent with this step, bool, (E, A)."""
    truncated: Tensor
    """Only cut off with this step, bool, (E, A)."""
    final_values: Tensor
    """The critic's estimate of the final observation where truncated, 0 elsewhere, (E, A)."""
    acting: Tensor
    """This was a real decision of a living agent, bool, (E, A)."""
    episode_over: Tensor
    """The team's episode ended with this step, bool, (E,)."""


class Rows(NamedTuple):
    """The decisions of living agents as a flat table: what the update learns from."""

    obs: Tensor
    """(B, D); the paper and the flowchart say states."""
    actions: Tensor
    """int64, (B,); several choices or real numbers (float32): (B, k)."""
    old_log_probs: Tensor
    """(B,)."""
    returns: Tensor
    """(B,)."""
    advantages: Tensor
    """(B,)."""


def flatten_rows(tensor: Tensor, acting: Tensor) -> Tensor:
    """Lay the rows of living agents under each other, in the order time, environment, agent.

    Args:
        tensor: One quantity of the buffer, (T, E, A) or (T, E, A, D).
        acting: This was a real decision of a living agent, bool, (T, E, A).

    Returns:
        The quantity of the B acting rows, (B,) or (B, D). Rows of fallen agents are selected away, not multiplied.
    """
    return tensor[acting]


def badges_of(acting: Tensor) -> Tensor:
    """Return whose decision each flat row was: its step t, copy of the world e and agent a.

    Args:
        acting: bool, (T, E, A).

    Returns:
        (t, e, a) of each acting row, in the order of `flatten_rows`, int64, (B, 3).
    """
    return acting.nonzero()


def mean_over_acting(quantity: Tensor, acting: Tensor) -> Tensor:
    """Return the mean of a quantity over real decisions; what the rows of fallen agents hold does not matter.

    Args:
        quantity: (T, E, A), or any shape.
        acting: bool, the same shape.

    Returns:
        A scalar; NaN if nobody acted.
    """
    return quantity[acting].mean()


def store(buffer: "SharedBuffer", transition: Transition) -> None:
    """Put one step of everybody into its place of the shared buffer, and count it.

    Args:
        buffer: Its `data` has the fields of a transition, each with one more axis in front, T; `step` says how many
            steps are stored.
        transition: One step.
    """
    for place, new in zip(buffer.data, transition, strict=True):
        place[buffer.step] = new
    buffer.step += 1


def is_full(buffer: "SharedBuffer") -> bool:
    """Say whether the rollout is long enough to learn from: all T steps are stored."""
    return buffer.step == buffer.num_steps


def clear(buffer: "SharedBuffer") -> None:
    """Empty the buffer: the next rollout is the new policy's own. No row need be wiped; the count begins anew."""
    buffer.step = 0
    buffer.advantages = buffer.returns = None


class SharedBuffer:
    """Holds T steps of all E copies and all A agents.

    The order of use is: `add` until `is_full`, `finish`, `get` as often as you like, `clear`.

    Args:
        num_steps: T.
        num_envs: E.
        num_agents: A.
        obs_size: D.
        action_shape: Axes that an action has beyond (E, A); none for one choice out of N.
        action_dtype: torch.float32 for real numbers.

    Raises:
        ValueError: If a size is below 1.
    """

    step: int
    advantages: Tensor | None
    returns: Tensor | None

    @torch.inference_mode(False)
    def __init__(
        self,
        num_steps: int,
        num_envs: int,
        num_agents: int,
        obs_size: int,
        action_shape: tuple[int, ...] = (),
        action_dtype: torch.dtype = torch.int64,
    ) -> None:
        """Reserve the memory."""
        if min(num_steps, num_envs, num_agents, obs_size) < 1:
            sizes = f"{num_steps=}, {num_envs=}, {num_agents=}, {obs_size=}"
            raise ValueError(f"All sizes of a buffer must be 1 or more. Got {sizes}")
        team = (num_steps, num_envs, num_agents)
        self.num_steps = num_steps
        zeros = functools.partial(torch.zeros, device="cpu")  # and dtypes: torch's defaults may have been set to others
        floats, flags = (functools.partial(zeros, team, dtype=dtype) for dtype in (torch.float32, torch.bool))
        self.data = Transition(
            obs=zeros(*team, obs_size, dtype=torch.float32),
            actions=zeros(*team, *action_shape, dtype=action_dtype),
            log_probs=floats(),
            values=floats(),
            rewards=floats(),
            terminated=flags(),
            truncated=flags(),
            final_values=floats(),
            acting=flags(),
            episode_over=zeros(num_steps, num_envs, dtype=torch.bool),
        )
        self.step = 0
        self.advantages = self.returns = None

    @property
    def is_full(self) -> bool:
        """Whether all T steps are stored."""
        return is_full(self)

    def add(self, transition: Transition, store: Callable[["SharedBuffer", Transition], None] = store) -> None:
        """Store one step of everybody, once it is known to fit.

        Args:
            transition: One step.
            store: The function that puts it into its place.

        Raises:
            NotReadyError: If the buffer is full.
            ValueError: If a field has another shape or dtype than its place; nothing is stored then.
        """
        if self.step >= self.num_steps:
            raise NotReadyError(
                f"A full buffer must be cleared before it is filled again. Got step {self.num_steps + 1}"
            )
        for name, place, new in zip(Transition._fields, self.data, transition, strict=True):
            if new.shape != place.shape[1:] or new.dtype != place.dtype:
                want = f"{place.dtype} {tuple(place.shape[1:])}"
                raise ValueError(f"{name} must be {want}. Got {new.dtype} {tuple(new.shape)}")
        store(self, transition)

    def finish(
        self,
        last_values: Tensor,
        gamma: float,
        gae_lambda: float,
        *,
        team_credit: bool = False,
        with_team_credit: Callable[..., Tensor] = with_team_credit,
        **functions: Any,
    ) -> None:
        """Work out the advantages and returns of a full buffer.

        Args:
            last_values: The critic's estimates after the last step, (E, A).
            gamma: Discount, 0 to 1.
            gae_lambda: See `gae`.
            team_credit: True: an agent is credited with the team's rewards after its own fall.
            with_team_credit: The function that does it.
            functions: next_values, td_errors and gae, if not the package's own (see `estimate_advantages`).

        Raises:
            NotReadyError: If the buffer is not full.
        """
        self._require_full()
        data = self.data
        rewards = data.rewards
        if team_credit:
            rewards = with_team_credit(rewards, data.acting, data.episode_over, gamma)
        ends = data.terminated, data.truncated, data.final_values
        self.advantages = estimate_advantages(rewards, data.values, *ends, last_values, gamma, gae_lambda, **functions)
        self.returns = self.advantages + data.values

    def get(self, flatten_rows: Callable[[Tensor, Tensor], Tensor] = flatten_rows) -> Rows:
        """Return the rows of living agents, in the order time, environment, agent.

        Rows of fallen agents are selected away: whatever they hold, NaN included, changes nothing.

        Args:
            flatten_rows: The function that lays them under each other.

        Raises:
            NotReadyError: If the buffer is not full, not finished, or was cleared; or if nobody acted in it.
        """
        self._require_full()
        if self.advantages is None or self.returns is None:
            raise NotReadyError("Call finish() before get(): the advantages are not worked out yet")
        data = self.data
        if not data.acting.any():
            raise NotReadyError("A rollout needs at least one living agent. Got none that acts in any row")
        table = (data.obs, data.actions, data.log_probs, self.returns, self.advantages)
        return Rows(*(flatten_rows(tensor, data.acting) for tensor in table))

    def badges(self) -> Tensor:
        """Return (t, e, a) of each row of `get`, int64, (B, 3): whose decision it was, where and when."""
        self._require_full()
        return badges_of(self.data.acting)

    def clear(self) -> None:
        """Begin anew: the next policy must learn from its own experience."""
        clear(self)

    def _require_full(self) -> None:
        if not self.is_full:
            raise NotReadyError(f"A buffer is read when it is full. Got {self.step} of {self.num_steps} steps")

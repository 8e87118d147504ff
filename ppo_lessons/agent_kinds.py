"""Agents of several kinds in one team: one network for all of them, or one for each kind."""

from collections.abc import Iterator
from typing import Any, cast

import torch
from torch import Tensor, nn

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.guards.fields import whole
from ppo_lessons.guards.threads import one_thread


class NetworkPerKind(ActorCritic):
    """One network for each kind of agent, behind the interface of one.

    Each row says whose it is: the last numbers that an agent sees are its kind, one-hot (before its action mask, if it
    has one). All networks look at all rows, and each row takes what its kind's network says, so that a gradient
    reaches that network alone. Of real-valued actions the spread, `log_std`, is one for all kinds.

    Args:
        obs_size: D.
        num_actions: N, the same for all kinds; what a kind lacks is masked.
        hidden_size: Width of the hidden layers of each network.
        num_kinds: K, 2 or more.
        seed: Seeds the first weights of all networks, each differently.
        settings: All else that `ActorCritic` takes.
    """

    @one_thread
    @torch.inference_mode(False)
    def __init__(
        self,
        obs_size: int,
        num_actions: int,
        hidden_size: int = 64,
        *,
        num_kinds: int,
        seed: int = 0,
        **settings: Any,
    ) -> None:
        """Make the networks and draw their first weights."""
        super().__init__(obs_size, num_actions, hidden_size, seed=seed, **settings)
        self.num_kinds = whole("num_kinds", num_kinds, 2)
        sizes = obs_size, num_actions, hidden_size
        self.others = nn.ModuleList(
            ActorCritic(*sizes, seed=seed + kind * 1_000_003, **settings) for kind in range(1, num_kinds)
        )
        for _, other in self._each_other():
            other.log_std = None

    def _each_other(self) -> Iterator[tuple[int, ActorCritic]]:
        """Yield all kinds but the first with their networks, which take away what is not legal as the first does."""
        for kind, other in enumerate(self.others, start=1):
            network = cast(ActorCritic, other)
            network.only_legal = self.only_legal
            yield kind, network

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """Return what each row's own network says: outputs (..., N) and values (...)."""
        outputs, values = super().forward(obs)
        kinds = self._kinds_of(obs)
        for kind, other in self._each_other():
            own, estimated = other(obs)
            outputs = torch.where(kinds[..., kind : kind + 1], own, outputs)
            values = torch.where(kinds[..., kind], estimated, values)
        return outputs, values

    def _actor(self, own: Tensor) -> Tensor:
        outputs, kinds = super()._actor(own), self._kinds_of(own)
        for kind, other in self._each_other():
            outputs = torch.where(kinds[..., kind : kind + 1], other._actor(own), outputs)
        return outputs

    def _kinds_of(self, obs: Tensor) -> Tensor:
        """Return whether each row is of each kind, bool, (..., K)."""
        end = self.obs_size - (self.num_actions if self.action_kind.masked else 0)
        return obs[..., end - self.num_kinds : end] > 0


def make_network(*sizes: int, num_kinds: int = 1, **settings: Any) -> ActorCritic:
    """Return a network for a team of one kind of agent, or of several.

    Args:
        sizes: D, N and the width of the hidden layers.
        num_kinds: 1: one network for all agents. More: one for each kind.
        settings: What `ActorCritic` takes besides.
    """
    if num_kinds == 1:
        return ActorCritic(*sizes, **settings)
    return NetworkPerKind(*sizes, num_kinds=num_kinds, **settings)

"""The network that the whole team shares: an actor (the policy) and a critic (the value function).

Every detective is driven by the same weights. What tells them apart is what they see, their own number included
(parameter sharing with an agent id). Axes: any leading axes (...), D numbers seen, N actions.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from ppo_lessons.action_kinds import ILLEGAL, ONE_CHOICE, ActionKind, LookUp, gaussian_log_probs, look_up, only_legal
from ppo_lessons.guards.fields import whole
from ppo_lessons.guards.threads import one_thread


class Decision(NamedTuple):
    """What the policy decided for some observations."""

    actions: Tensor
    """Sampled actions, int64, (...); several choices and real numbers have an axis more."""
    log_probs: Tensor
    """Log-probability of each sampled action, in nats, (...)."""
    values: Tensor
    """The critic's estimates, (...)."""


class ActorCritic(nn.Module):
    """Two hidden layers, then one linear head for the action logits and one for the value.

    Weights start orthogonal with gain sqrt(2) in the hidden layers, 0.01 in the actor's head (so that the first
    policy is almost uniform) and 1 in the critic's; biases start at 0.

    A critic sees what its agent sees (IPPO), or the whole team (MAPPO, see `team_view`). The actor's input is the same
    in both: its D numbers come first, and with a team's critic the team's follow, which the actor never reads.

    Args:
        obs_size: D, the numbers that one agent sees.
        num_actions: N, the actions to choose from.
        hidden_size: Width of both hidden layers.
        shared_trunk: True: actor and critic share the hidden layers. False: each has its own.
        team_size: C, the numbers that a critic of the whole team sees; None: it sees what its agent sees.
        value_normalisation: True: the critic speaks in units of the returns' spread, and the statistics that lead back
            to rewards stay with the network (see `value_normalisation`).
        action_kind: What an agent chooses (see `action_kinds`); by default one action out of N.
        seed: Seeds the first weights; the global random numbers are not touched.

    Raises:
        ValueError: If a critic of the whole team is to share the actor's trunk, or the heads of several choices do not
            add up to N.

    References:
        Andrychowicz et al. (2020), https://arxiv.org/abs/2006.05990 (initialisation); Yu et al. (2022),
        https://arxiv.org/abs/2103.01955 (IPPO and MAPPO)
    """

    return_statistics: Tensor
    only_legal: Callable[[Tensor, Tensor], Tensor]
    log_std: nn.Parameter | None
    """Logarithms of the standard deviations of real-valued actions, (N,); None where there are none."""
    num_kinds = 1
    """How many networks there are in it, one for each kind of agent (see `agent_kinds`)."""

    @one_thread
    @torch.inference_mode(False)
    def __init__(
        self,
        obs_size: int,
        num_actions: int,
        hidden_size: int = 64,
        *,
        shared_trunk: bool = True,
        team_size: int | None = None,
        value_normalisation: bool = False,
        action_kind: ActionKind = ONE_CHOICE,
        seed: int = 0,
    ) -> None:
        """Make the layers and draw the first weights."""
        super().__init__()
        obs_size, hidden_size = whole("obs_size", obs_size, 1), whole("hidden_size", hidden_size, 1)
        num_actions = whole("num_actions", num_actions, 1)
        self.obs_size, self.num_actions, self.hidden_size = obs_size, num_actions, hidden_size
        self.shared_trunk, self.value_normalisation = shared_trunk, value_normalisation
        self.team_size = None if team_size is None else whole("team_size", team_size, 1)
        if shared_trunk and team_size is not None:
            raise ValueError("A critic that sees more than the actor must have its own trunk. Got shared_trunk True")
        self.action_kind, self.only_legal = action_kind, only_legal
        if action_kind.heads and sum(action_kind.heads) != num_actions:
            raise ValueError(f"The heads must add up to num_actions {num_actions}. Got {action_kind.heads}")
        generator = torch.Generator().manual_seed(whole("seed", seed, 0))

        def trunk(inputs: int) -> nn.Sequential:
            first, second = (_layer(n, hidden_size, 2**0.5, generator) for n in (inputs, hidden_size))
            return nn.Sequential(first, nn.ReLU(inplace=True), second, nn.ReLU(inplace=True))

        self.actor_trunk = trunk(obs_size)
        self.critic_trunk = self.actor_trunk if shared_trunk else trunk(self.team_size or obs_size)
        self.actor_head = _layer(hidden_size, num_actions, 0.01, generator)
        self.critic_head = _layer(hidden_size, 1, 1.0, generator)
        self.log_std = nn.Parameter(torch.zeros(num_actions, dtype=torch.float32)) if action_kind.continuous else None
        if value_normalisation:
            self.register_buffer("return_statistics", torch.zeros(3, dtype=torch.float64))

    @property
    def input_size(self) -> int:
        """Numbers in a row of the training: D, and with a critic of the whole team D + C."""
        return self.obs_size + (self.team_size or 0)

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        """Return the action logits (..., N) and the values (...) for rows (..., D), or (..., D + C)."""
        own = obs if self.team_size is None else obs[..., : self.obs_size]
        features = self.actor_trunk(own)
        seen = own if self.team_size is None else obs[..., self.obs_size :]
        critic_features = features if self.shared_trunk else self.critic_trunk(seen)
        return self._outputs(own, features), self.critic_head(critic_features).squeeze(-1)

    def _actor(self, own: Tensor) -> Tensor:
        """Return what the actor says (..., N) about what an agent sees (..., D)."""
        return self._outputs(own, self.actor_trunk(own))

    def _outputs(self, own: Tensor, features: Tensor) -> Tensor:
        """Return what the actor says (..., N), as far as it is legal."""
        logits = self.actor_head(features)
        if self.action_kind.masked:
            return self.only_legal(logits, own[..., -self.num_actions :] > 0)
        return logits

    @one_thread
    @torch.no_grad()
    def choose_actions(self, obs: Tensor, generator: torch.Generator, *, greedy: bool = False) -> Tensor:
        """Decide as at play time: the actor alone, without a critic.

        Args:
            obs: What the agents see, float32, (..., D).
            generator: Draws the actions.
            greedy: True: take the likeliest action instead of drawing one.

        Returns:
            Actions, int64, (...); the same ones that `sample_actions` draws.
        """
        return self._decide(self._actor(obs), generator, greedy)[0]

    @one_thread
    @torch.no_grad()
    def sample_actions(self, obs: Tensor, generator: torch.Generator, *, greedy: bool = False) -> Decision:
        """Decide as in the rollout, without a graph.

        Args:
            obs: What the agents see, and with a critic of the whole team what that sees, float32, (..., D or D + C).
            generator: Draws the actions.
            greedy: True: take the likeliest action instead of drawing one.

        Returns:
            Actions, their log-probabilities, and the values, each (...).
        """
        logits, values = self(obs)
        return Decision(*self._decide(logits, generator, greedy), values)

    def _decide(self, outputs: Tensor, generator: torch.Generator, greedy: bool) -> tuple[Tensor, Tensor]:
        """Draw actions, and return them with their log-probabilities (...)."""
        kind = self.action_kind
        if self.log_std is not None:
            noise = torch.randn(outputs.shape, generator=generator, dtype=outputs.dtype)
            actions = outputs if greedy else outputs + noise * self.log_std.exp()
            return actions, gaussian_log_probs(outputs, self.log_std, actions)
        if not kind.heads:
            return _choose(outputs, generator, greedy, kind.masked)
        parts = [_choose(part, generator, greedy, kind.masked) for part in outputs.split(kind.heads, dim=-1)]
        actions, log_probs = (torch.stack(both, dim=-1) for both in zip(*parts, strict=True))
        return actions, log_probs.sum(dim=-1)

    @one_thread
    @torch.no_grad()
    def estimate_values(self, obs: Tensor) -> Tensor:
        """Return the critic's estimates (...) for rows (..., D), or (..., D + C), without a graph."""
        return self(obs)[1]

    def evaluate_actions(self, obs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Look at stored actions again, as in the update, with a graph.

        Args:
            obs: Stored rows, (B, D), or (B, D + C) with a critic of the whole team.
            actions: The actions that were taken, int64, (B,).

        Returns:
            Log-probabilities of those actions now (B,), entropy of each distribution (B,), values (B,).
        """
        logits, values = self(obs)
        look = look_up(self.action_kind, self.log_std, LookUp(log_probs_of, entropy_of), log_probabilities)
        return look.log_probs_of(logits, actions), look.entropy_of(log_probabilities(logits)), values


def _layer(inputs: int, outputs: int, gain: float, generator: torch.Generator) -> nn.Linear:
    linear = nn.Linear(inputs, outputs, device="meta")  # draws nothing; `skip_init` loads sympy first, 0.25 seconds
    weight = torch.empty(outputs, inputs, dtype=torch.float32, device="cpu")
    linear.weight = nn.Parameter(nn.init.orthogonal_(weight, gain, generator=generator))
    linear.bias = nn.Parameter(torch.zeros(outputs, dtype=torch.float32, device="cpu"))
    return linear


def _choose(logits: Tensor, generator: torch.Generator, greedy: bool, masked: bool) -> tuple[Tensor, Tensor]:
    """Choose one of the actions, and return it with its log-probability, each (...)."""
    all_log_probs = log_probabilities(logits)  # (..., N)
    actions = _draw(all_log_probs, generator, greedy, masked)
    return actions, all_log_probs.gather(-1, actions.unsqueeze(-1)).squeeze(-1)


def _draw(all_log_probs: Tensor, generator: torch.Generator, greedy: bool, masked: bool) -> Tensor:
    if greedy:
        return all_log_probs.argmax(dim=-1)
    # A draw from the categorical distribution as a race of exponential clocks: far cheaper than multinomial.
    # (contiguous, as the logits are: the order of memory is the order of the draws)
    clocks = torch.empty_like(all_log_probs, memory_format=torch.contiguous_format).exponential_(generator=generator)
    race = all_log_probs - clocks.log()
    if masked:  # a clock that stood still at exactly 0 would let an action win that has no probability at all
        race.masked_fill_(all_log_probs < ILLEGAL / 2, -torch.inf)
    return race.argmax(dim=-1)


def log_probabilities(logits: Tensor) -> Tensor:
    """Return the log-probability of every action, in nats: `log_softmax` over the last axis, (..., N).

    PyTorch works on a long last axis; with N = 5 it is more than twice as fast to put the actions first for a moment.
    """
    return torch.log_softmax(logits.movedim(-1, 0), dim=0).movedim(0, -1)


def log_probs_of(logits: Tensor, actions: Tensor) -> Tensor:
    """Build the action distribution and look the stored actions up in it.

    The same numbers as `log_prob` of `torch.distributions.Categorical(logits=logits)`.

    Args:
        logits: The actor's outputs, (B, N).
        actions: The actions that were taken, int64, (B,).

    Returns:
        Log-probability of each action, in nats, (B,).

    Raises:
        ValueError: If the actions are not one for each row; (B, 1) would silently give (B, B) later.
    """
    if actions.shape != logits.shape[:-1]:
        raise ValueError(f"actions must have shape {tuple(logits.shape[:-1])}. Got {tuple(actions.shape)}")
    return log_probabilities(logits).gather(-1, actions.unsqueeze(-1)).squeeze(-1)


def entropy_of(all_log_probs: Tensor) -> Tensor:
    """Return how undecided each distribution is: 0 if it is certain, ln N if all N actions are equally likely.

    Args:
        all_log_probs: Log-probability of every action, in nats, (B, N).

    Returns:
        -sum(p ln p) over the actions, in nats, (B,).

    References:
        Shannon (1948), section 6, https://doi.org/10.1002/j.1538-7305.1948.tb01338.x
    """
    return -(all_log_probs.exp() * all_log_probs).sum(dim=-1)


def reached_by_gradient(policy: nn.Module) -> list[str]:
    """Return the names of the parameters that a backward pass has reached with a gradient that is not all 0.

    Args:
        policy: A network, after `backward()`.

    Returns:
        Names as in `named_parameters()`, in that order.
    """
    parameters = policy.named_parameters()
    return [name for name, p in parameters if p.grad is not None and bool((p.grad != 0).any())]


def require_trainable(policy: nn.Module) -> None:
    """Refuse a policy that cannot be trained here, before torch does so in the middle of something.

    Args:
        policy: A network, perhaps moved, converted or frozen since it was made.

    Raises:
        ValueError: If a weight is not float32 on the CPU, or was made in `torch.inference_mode()`; if all are frozen.
    """
    weights = dict(policy.named_parameters())
    for name, weight in weights.items():
        if weight.dtype != torch.float32 or weight.device.type != "cpu":
            raise ValueError(
                f"A policy is trained in torch.float32 on the cpu. Got {name} {weight.dtype} on {weight.device}"
            )
        if weight.is_inference():
            raise ValueError(f"A policy is trained outside torch.inference_mode(). Got {name} that was made in it")
    if not any(weight.requires_grad for weight in weights.values()):
        raise ValueError("A policy is trained if some of its weights require a gradient. Got none that does")

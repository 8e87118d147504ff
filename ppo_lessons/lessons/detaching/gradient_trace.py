"""Where one backward pass goes: what comes back along every connection of the update, as autograd says."""

import copy
import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from typing import Any, NamedTuple

import torch
from torch import Tensor

from ppo_lessons import losses
from ppo_lessons.actor_critic import ActorCritic, entropy_of, log_probs_of
from ppo_lessons.advantages import estimate_advantages, with_team_credit
from ppo_lessons.buffer import Rows, Transition, flatten_rows
from ppo_lessons.display.gradients import GROUPS, NOT_REACHED, NOT_THERE
from ppo_lessons.shipped.recorded_update import first_policy, one_pass, recording
from ppo_lessons.shipped.recording import CONFIG
from ppo_lessons.steps import Steps, forward_pass, minibatch_losses

LOSSES = ("actor_loss", "value_loss", "entropy", "total_loss")
"""What `backward()` can start from."""
LAYERS = ("actor_trunk.0", "actor_trunk.2", "actor_head", "critic_trunk.0", "critic_trunk.2", "critic_head")
"""The layers of an `ActorCritic`, by their names in `named_parameters()`."""
FROZEN = ("old_log_probs", "advantages", "returns")
"""Fields of the rows that are to be data."""
ROUNDING = 1e-12
"""A gradient that is shorter, in float64, is 0: its paths cancel."""

Arrow = tuple[str, str]
"""A connection, from and to; "head, now" and "head, then": the pass through the network in the update, and before."""


class GradientTrace(NamedTuple):
    """Where one backward pass went. The length of a gradient is NaN where no path leads, and 0 where paths cancel."""

    loss: str
    """Name of what `backward()` started from."""
    boxes: dict[str, float | None]
    """Length of the gradient of each tensor, and of each part of the network; None: no such part (a shared trunk)."""
    arrows: dict[Arrow, float]
    """Length of what comes back along each connection."""
    layers: dict[str, float | None]
    """Length of the gradient of each layer's weights and biases, by `LAYERS`; None: no such layer."""
    wanted: dict[str, float | None]
    """The same if the rollout is data."""
    spoilt: tuple[str, ...]
    """Layers and parts of the network whose gradient is another one than if the rollout is data."""
    cuts: tuple[str, ...]
    """What the settings cut: "no_grad", and the detached fields of the rows."""
    with_graph: tuple[str, ...]
    """Fields of the rows that carry a graph into the losses."""
    normalised: bool
    """Whether the advantages were normalised."""
    value: float
    """Of the loss."""
    ratios: tuple[float, float]
    """Smallest and largest of the mini-batch."""
    grad_norm: float
    """Length of the gradient of all weights together."""


class Taps:
    """Keeps what runs through every connection, so that its gradient can be asked for afterwards.

    Each connection gets a view of its own: the gradient of that view is what comes back along this connection alone.
    """

    def __init__(self) -> None:
        self.boxes: dict[str, Tensor] = {}
        self.arrows: dict[Arrow, Tensor] = {}
        self.when = "then"

    def arrow(self, source: str, target: str, tensor: Tensor) -> Tensor:
        """Return the view of a tensor that goes from one box to another."""
        self.arrows[source, target] = view = tensor.view_as(tensor)
        return view

    def tapped(self, function: Callable[..., Any], sources: tuple[str, ...], *outputs: str) -> Callable[..., Any]:
        """Return the same function with a tap on its first arguments, by their names, and on its outputs."""

        def run(*arguments: Any) -> Any:
            taken = [self.arrow(name, outputs[0], value) for name, value in zip(sources, arguments, strict=False)]
            result = function(*taken, *arguments[len(taken) :])
            self.boxes.update(zip(outputs, result if isinstance(result, tuple) else (result,), strict=True))
            return result

        return run

    def watch(self, policy: ActorCritic) -> None:
        """Put a tap between the trunks and the heads of a network, for good."""
        for head, trunk in (("actor_head", "actor_trunk"), ("critic_head", "critic_trunk")):
            trunk = "actor_trunk" if policy.shared_trunk else trunk
            getattr(policy, head).register_forward_pre_hook(
                lambda _, inputs, head=head, trunk=trunk: self.arrow(trunk, f"{head}, {self.when}", inputs[0])
            )

    def steps(self) -> Steps:
        """Return the update's own steps, tapped."""
        tapped = self.tapped
        parts = ("actor_loss", "value_loss", "entropy")
        return Steps(
            forward_pass=tapped(forward_pass, (), "logits", "values"),
            log_probs_of=tapped(log_probs_of, (), "new_log_probs"),
            entropy_of=tapped(entropy_of, (), "entropies"),
            importance_ratios=tapped(losses.importance_ratios, ("new_log_probs", "old_log_probs"), "ratios"),
            clipped_surrogate_loss=tapped(losses.clipped_surrogate_loss, ("ratios",), "actor_loss"),
            value_loss=tapped(losses.value_loss, ("values", "returns"), "value_loss"),
            entropy_bonus=tapped(losses.entropy_bonus, ("entropies",), "entropy"),
            total_loss=tapped(losses.total_loss, parts, "total_loss"),
        )


@lru_cache(maxsize=1)
def _data() -> tuple[Transition, Tensor, Tensor]:
    """Return the recorded steps, their rewards with team credit, and the last values, in float64."""
    buffer, last_values = recording().buffer, recording().last_values
    data = Transition(*(part.double() if part.is_floating_point() else part for part in buffer.data))
    return data, with_team_credit(data.rewards, data.acting, data.episode_over, CONFIG.gamma), last_values.double()


def play_again(policy: ActorCritic, taps: Taps, *, no_grad: bool) -> Rows:
    """Work the rows of the recording out once more under the policy that played them: the same numbers.

    Args:
        policy: Copy of the recorded policy, in float64.
        taps: Keep what runs through.
        no_grad: Whether it happens under `torch.no_grad()`, as it should.

    Returns:
        The rows; old_log_probs, advantages and returns carry a graph unless `no_grad`. (The values of final
        observations and after the last step are data here.)
    """
    data, rewards, last_values = _data()
    with torch.set_grad_enabled(not no_grad):
        logits, values = policy(data.obs)
        actions, acting = data.actions[data.acting], data.acting
        taps.boxes["old_values"] = values
        taps.boxes["old_log_probs"] = log_probs_of(logits[acting], actions)
        ends = (data.terminated, data.truncated, data.final_values, last_values)
        given = taps.arrow("old_values", "advantages", values)
        taps.boxes["advantages"] = advantages = estimate_advantages(
            rewards, given, *ends, CONFIG.gamma, CONFIG.gae_lambda
        )
        given = taps.arrow("old_values", "returns", values)
        taps.boxes["returns"] = returns = taps.arrow("advantages", "returns", advantages) + given
        flat = (flatten_rows(tensor, acting) for tensor in (returns, advantages))
        return Rows(data.obs[acting], actions, taps.boxes["old_log_probs"], *flat)


class _Backward(NamedTuple):
    """What one backward pass found."""

    lengths: dict[Any, float]
    """Of the gradient of each box, connection and layer; NaN where no path leads."""
    gradients: dict[str, Tensor]
    """Of the weights and biases of each layer that the network has, as one vector; 0 where no path leads."""
    value: float
    ratios: tuple[float, float]
    with_graph: tuple[str, ...]


@lru_cache(maxsize=128)
def _backward(loss: str, no_grad: bool, detached: tuple[str, ...], shared: bool, normalise: bool) -> _Backward:
    policy, taps = copy.deepcopy(first_policy(shared)).double(), Taps()
    taps.watch(policy)
    rows = play_again(policy, taps, no_grad=no_grad)
    rows = rows._replace(**{name: getattr(rows, name).detach() for name in detached})
    minibatch = Rows(*(tensor.index_select(0, one_pass()[0]) for tensor in rows))
    with_graph = tuple(name for name, tensor in minibatch._asdict().items() if tensor.requires_grad)
    taps.when = "now"
    minibatch = minibatch._replace(advantages=taps.arrow("advantages", "actor_loss", minibatch.advantages))
    config = replace(CONFIG, advantage_normalisation=normalise)
    start = getattr(minibatch_losses(policy, minibatch, config, taps.steps()), loss)

    asked: dict[Any, list[Tensor]] = {name: [tensor] for name, tensor in (taps.boxes | taps.arrows).items()}
    for name, parameter in policy.named_parameters():  # a shared trunk is named once, as the actor's
        asked.setdefault(name.rpartition(".")[0], []).append(parameter)
    tensors = [tensor for group in asked.values() for tensor in group if tensor.requires_grad]
    found = dict(zip(map(id, tensors), torch.autograd.grad(start, tensors, allow_unused=True), strict=True))
    came = {name: [found.get(id(tensor)) for tensor in group] for name, group in asked.items()}

    ratios = taps.boxes["ratios"].detach()
    return _Backward(
        {name: _length(gradients) for name, gradients in came.items()},
        {name: _vector(asked[name], came[name]) for name in LAYERS if name in asked},
        float(start.detach()),
        (float(ratios.min()), float(ratios.max())),
        with_graph,
    )


def _vector(weights: list[Tensor], gradients: list[Tensor | None]) -> Tensor:
    pairs = zip(weights, gradients, strict=True)
    return torch.cat([(torch.zeros_like(w) if gradient is None else gradient).flatten() for w, gradient in pairs])


def _length(gradients: list[Tensor | None]) -> float:
    found = [gradient.norm() for gradient in gradients if gradient is not None]
    if not found:
        return NOT_REACHED
    length = float(torch.stack(found).norm())
    return length if length > ROUNDING else 0.0


def trace_gradients(
    loss: str,
    no_grad: bool,
    detach_old_log_probs: bool,
    detach_advantages: bool,
    detach_returns: bool,
    advantage_normalisation: bool,
    shared_trunk: bool,
) -> GradientTrace:
    """Send one loss of a real mini-batch backwards, and look where its gradient arrives; no weight is changed.

    Args:
        loss: Which one, of `LOSSES`.
        no_grad: Whether the rollout is played under `torch.no_grad()`.
        detach_old_log_probs: Whether this field of the rows is detached.
        detach_advantages: As above.
        detach_returns: As above.
        advantage_normalisation: Whether the advantages get mean 0 and standard deviation 1 before the loss.
        shared_trunk: Whether actor and critic share the hidden layers; if not, they have two equal copies of them.

    Returns:
        Where gradient flows, as autograd says.
    """
    chosen = zip(FROZEN, (detach_old_log_probs, detach_advantages, detach_returns), strict=True)
    detached = tuple(name for name, cut in chosen if cut)
    found = _backward(loss, no_grad, detached, shared_trunk, advantage_normalisation)
    wanted = _backward(loss, no_grad, FROZEN, shared_trunk, advantage_normalisation)
    spoilt = [
        layer
        for layer, gradient in found.gradients.items()
        if not torch.allclose(gradient, wanted.gradients[layer], rtol=1e-9, atol=ROUNDING)
    ]
    parts = {part: [layer for layer in found.gradients if layer.split(".")[0] == part] for part in GROUPS}
    return GradientTrace(
        loss,
        {name: length for name, length in found.lengths.items() if isinstance(name, str) and name not in LAYERS}
        | {part: _together(found, layers) for part, layers in parts.items()},
        {name: length for name, length in found.lengths.items() if isinstance(name, tuple)},
        {layer: found.lengths.get(layer, NOT_THERE) for layer in LAYERS},
        {layer: wanted.lengths.get(layer, NOT_THERE) for layer in LAYERS},
        (*spoilt, *(part for part, layers in parts.items() if set(layers) & set(spoilt) and part not in spoilt)),
        (*(("no_grad",) if no_grad else ()), *detached),
        found.with_graph,
        advantage_normalisation,
        found.value,
        found.ratios,
        _together(found, list(found.gradients)) or 0.0,
    )


def _together(found: _Backward, layers: list[str]) -> float | None:
    """Return the length of the gradient of some layers together."""
    if not layers:
        return NOT_THERE
    reached = [found.gradients[layer] for layer in layers if not math.isnan(found.lengths[layer])]
    return _length([*reached])

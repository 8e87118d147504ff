"""Steps of the update with one mistake each, as people make them: planted in real runs, they make the case files.

Every one keeps its promise at the seam (shape, dtype, graph), so that nothing but the run itself gives it away.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from ppo_lessons.buffer import Rows, SharedBuffer, Transition
from ppo_lessons.config import PPOConfig
from ppo_lessons.steps import Steps


@dataclass(frozen=True, kw_only=True)
class Fault:
    """One mistake, and the box of the flowchart in which it sits."""

    name: str
    """What was done, in a few words: "entropy with a plus sign"."""
    node: str
    """The letter of its box."""
    planted: Mapping[str, Callable[..., Any]]
    """Field of `Steps` -> the function that takes its place; a class is made anew for every run."""
    settings: Mapping[str, Any] = field(default_factory=dict)
    """What of `PPOConfig` must be set for the step to take part at all; the healthy twin has it, too."""

    @property
    def steps(self) -> Steps:
        """The package's own steps, but for the planted ones."""
        return Steps(**{name: own() if isinstance(own, type) else own for name, own in self.planted.items()})


def team_sum_for_everyone(buffer: SharedBuffer, transition: Transition) -> None:
    """Store for each agent what all of them together were paid."""
    rewards = transition.rewards.sum(dim=-1, keepdim=True).expand_as(transition.rewards)
    for place, new in zip(buffer.data, transition._replace(rewards=rewards), strict=True):
        place[buffer.step] = new
    buffer.step += 1


def fallen_stay(buffer: SharedBuffer, transition: Transition) -> None:
    """Store rows of the fallen as if they had decided something."""
    everybody = torch.ones_like(transition.acting)
    for place, new in zip(buffer.data, transition._replace(acting=everybody), strict=True):
        place[buffer.step] = new
    buffer.step += 1


def last_act_lost(buffer: SharedBuffer, transition: Transition) -> None:
    """Store the step of a fall as if nobody had decided it."""
    alive_after = transition.acting & ~transition.terminated
    for place, new in zip(buffer.data, transition._replace(acting=alive_after), strict=True):
        place[buffer.step] = new
    buffer.step += 1


def bootstraps_when_terminated(
    values: Tensor, terminated: Tensor, truncated: Tensor, final_values: Tensor, last_values: Tensor
) -> Tensor:
    """Expect something after a step only if it was the end."""
    following = torch.cat((values[1:], last_values.unsqueeze(0)))
    return following * terminated


def gamma_twice(td_errors: Tensor, ends: Tensor, gamma: float, gae_lambda: float) -> Tensor:
    """Let errors fade with gamma squared, past every end, and leave the last row out."""
    advantages = torch.zeros_like(td_errors)
    for t in reversed(range(len(td_errors) - 1)):
        advantages[t] = td_errors[t] + gamma * gamma * advantages[t + 1]
    return advantages


def truncation_as_death(
    values: Tensor, terminated: Tensor, truncated: Tensor, final_values: Tensor, last_values: Tensor
) -> Tensor:
    """Expect nothing after a time limit."""
    following = torch.cat((values[1:], last_values.unsqueeze(0)))
    return torch.where(terminated | truncated, torch.zeros_like(following), following)


def value_of_the_next_episode(
    values: Tensor, terminated: Tensor, truncated: Tensor, final_values: Tensor, last_values: Tensor
) -> Tensor:
    """Expect after a time limit what the first view of the next episode promises."""
    following = torch.cat((values[1:], last_values.unsqueeze(0)))
    return torch.where(terminated, torch.zeros_like(following), following)


def sum_past_the_end(td_errors: Tensor, ends: Tensor, gamma: float, gae_lambda: float) -> Tensor:
    """Go on summing over the ends of episodes."""
    advantages = torch.empty_like(td_errors)
    following = torch.zeros_like(td_errors[0])
    for t in reversed(range(len(td_errors))):
        following = td_errors[t] + gamma * gae_lambda * following
        advantages[t] = following
    return advantages


def double_sum(td_errors: Tensor, ends: Tensor, gamma: float, gae_lambda: float) -> Tensor:
    """Sum as the paper writes it: no mistake, and other last digits."""
    advantages = torch.zeros_like(td_errors)
    for t in range(len(td_errors)):
        weight = torch.ones_like(td_errors[0])
        for later in range(t, len(td_errors)):
            advantages[t] += weight * td_errors[later]
            weight = weight * gamma * gae_lambda * ~ends[later]
    return advantages


def obs_in_another_order(tensor: Tensor, acting: Tensor) -> Tensor:
    """Lay observations out by environment, and all else by time."""
    if tensor.dim() > acting.dim():  # obs, (T, E, A, D)
        return tensor.transpose(0, 1)[acting.transpose(0, 1)]
    return tensor[acting]


class RowsOfFourRollouts:
    """Detaches, and keeps."""

    def __init__(self) -> None:
        self.kept: list[Rows] = []

    def __call__(self, rows: Rows) -> Rows:
        """Return the rows of the last four calls."""
        self.kept.append(Rows(*(tensor.detach() for tensor in rows)))
        return Rows(*(torch.cat(parts) for parts in zip(*self.kept[-4:], strict=True)))


def first_piece_alone(num_rows: int, config: PPOConfig, generator: torch.Generator, steps: Steps) -> Iterator[Tensor]:
    """Take one mini-batch of each epoch, and leave the others."""
    for _ in range(config.epochs):
        order = steps.shuffle_rows(num_rows, generator)
        yield order[: config.minibatch_size]


def never_shuffled(num_rows: int, generator: torch.Generator) -> Tensor:
    """Leave the rows in the order of time."""
    return torch.arange(num_rows)


def drawn_with_repeats(num_rows: int, generator: torch.Generator) -> Tensor:
    """Draw rows, instead of putting all of them in another order."""
    return torch.randint(num_rows, (num_rows,), generator=generator)


def softmax_before_logits(policy: nn.Module, obs: Tensor) -> tuple[Tensor, Tensor]:
    """Hand on probabilities where logits are expected."""
    logits, values = policy(obs)
    return logits.softmax(dim=-1), values


def actions_drawn_anew(logits: Tensor, actions: Tensor) -> Tensor:
    """Look up other actions than those that were played."""
    distribution = torch.distributions.Categorical(logits=logits)
    return distribution.log_prob(distribution.sample())


def old_from_the_new_policy(new_log_probs: Tensor, old_log_probs: Tensor) -> Tensor:
    """Divide new by new, graph and all."""
    return (new_log_probs - new_log_probs).exp()


def old_recomputed(new_log_probs: Tensor, old_log_probs: Tensor) -> Tensor:
    """Divide new by new, detached: always 1, and yet with a gradient."""
    return (new_log_probs - new_log_probs.detach()).exp()


def upside_down(new_log_probs: Tensor, old_log_probs: Tensor) -> Tensor:
    """Divide old by new."""
    return (old_log_probs - new_log_probs).exp()


def clamp_on_the_product(ratios: Tensor, advantages: Tensor, clip_eps: float) -> Tensor:
    """Clip the product of ratio and advantage."""
    surrogate = ratios * advantages
    return -torch.min(surrogate, surrogate.clamp(1 - clip_eps, 1 + clip_eps)).mean()


def max_for_min(ratios: Tensor, advantages: Tensor, clip_eps: float) -> Tensor:
    """Take the larger of the two."""
    unclipped = ratios * advantages
    clipped = ratios.clamp(1 - clip_eps, 1 + clip_eps) * advantages
    return -torch.max(unclipped, clipped).mean()


def clipped_alone(ratios: Tensor, advantages: Tensor, clip_eps: float) -> Tensor:
    """Take the clipped term alone."""
    return -(ratios.clamp(1 - clip_eps, 1 + clip_eps) * advantages).mean()


def normalised_in_vain(advantages: Tensor, eps: float = 1e-8) -> Tensor:
    """Work normalised advantages out, and return the others."""
    normalised = (advantages - advantages.mean()) / (advantages.std() + eps)
    return advantages


def every_value_against_every_return(values: Tensor, returns: Tensor) -> Tensor:
    """Compare (B, 1) with (B,): every value with every return."""
    return (values.unsqueeze(-1) - returns).square().mean()


def entropy_with_a_plus(
    actor_loss: Tensor, critic_loss: Tensor, entropy: Tensor, vf_coef: float, ent_coef: float
) -> Tensor:
    """Count the entropy as a loss."""
    return actor_loss + vf_coef * critic_loss + ent_coef * entropy


def clipped_after_the_step(
    total_loss: Tensor, policy: nn.Module, optimizer: torch.optim.Optimizer, max_grad_norm: float
) -> Tensor:
    """Shorten the gradient when the step has been taken."""
    optimizer.zero_grad()
    total_loss.backward()
    optimizer.step()
    return nn.utils.clip_grad_norm_(policy.parameters(), max_grad_norm)


def gradients_pile_up(
    total_loss: Tensor, policy: nn.Module, optimizer: torch.optim.Optimizer, max_grad_norm: float
) -> Tensor:
    """Leave the gradients of all mini-batches before where they are."""
    total_loss.backward()
    grad_norm = nn.utils.clip_grad_norm_(policy.parameters(), max_grad_norm)
    optimizer.step()
    return grad_norm


def zero_at_a_third(learning_rate: float, cycle: int, anneal_cycles: int) -> float:
    """Let the step size reach 0 after a third of the cycles."""
    return learning_rate * max(0.0, 1 - 3 * cycle / anneal_cycles)


def _fault(name: str, node: str, settings: Mapping[str, Any] | None = None, **planted: Callable[..., Any]) -> Fault:
    return Fault(name=name, node=node, planted=planted, settings=settings or {})


FAULTS = {
    fault.name: fault
    for fault in (
        _fault("rewards added up over the team", "B", store=team_sum_for_everyone),
        _fault("rows of the fallen kept", "B", store=fallen_stay),
        _fault("the last act of the fallen lost", "B", store=last_act_lost),
        _fault("bootstraps when terminated, gamma twice", "D", next_values=bootstraps_when_terminated, gae=gamma_twice),
        _fault("bootstraps when terminated", "D", next_values=bootstraps_when_terminated),
        _fault("truncation as death", "D", next_values=truncation_as_death),
        _fault("bootstraps from the next episode", "D", next_values=value_of_the_next_episode),
        _fault("sums past the end", "D", gae=sum_past_the_end),
        _fault("observations in another order", "D", flatten_rows=obs_in_another_order),
        _fault("rows of old rollouts kept", "E", detach_rows=RowsOfFourRollouts),
        _fault("only the first mini-batch of each epoch", "F", each_minibatch=first_piece_alone),
        _fault("never shuffled", "G", shuffle_rows=never_shuffled),
        _fault("rows drawn with repeats", "G", shuffle_rows=drawn_with_repeats),
        _fault("softmax before logits", "I", forward_pass=softmax_before_logits),
        _fault("actions drawn anew", "J", log_probs_of=actions_drawn_anew),
        _fault("old log-probabilities with the new gradient", "K", importance_ratios=old_from_the_new_policy),
        _fault("old log-probabilities of the new policy", "K", importance_ratios=old_recomputed),
        _fault("ratio upside down", "K", importance_ratios=upside_down),
        _fault("clamp on the product", "L", clipped_surrogate_loss=clamp_on_the_product),
        _fault("max for min", "L", clipped_surrogate_loss=max_for_min),
        _fault("the clipped term alone", "L", clipped_surrogate_loss=clipped_alone),
        _fault("advantages normalised in vain", "L", normalise_advantages=normalised_in_vain),
        _fault("every value against every return", "M", value_loss=every_value_against_every_return),
        _fault("entropy with a plus", "N", total_loss=entropy_with_a_plus),
        _fault("clipped after the step", "O", gradient_step=clipped_after_the_step),
        _fault("gradients pile up", "O", gradient_step=gradients_pile_up),
        _fault("step size 0 at a third", "O", {"anneal_cycles": 250}, annealed=zero_at_a_third),
    )
}
"""Name -> fault, in the order of the flowchart."""

REWRITTEN = _fault("GAE as a double sum", "D", gae=double_sum)
"""No fault: the same numbers up to rounding, in another way. A run with it goes its own way, and just as well."""

"""The wiring of a mini-batch."""

import copy
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.actor_critic import ActorCritic, entropy_of, log_probs_of
from ppo_lessons.buffer import Rows
from ppo_lessons.classroom.alike import alike
from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe
from ppo_lessons.config import PPOConfig
from ppo_lessons.losses import approx_kl, clip_fraction, clipped_surrogate_loss, importance_ratios
from ppo_lessons.steps import MinibatchLosses, Steps, minibatch_losses

_GIVEN = Steps()
_OWN = Steps(
    log_probs_of=lambda logits, actions: log_probs_of(logits, actions) - 0.1,
    entropy_of=lambda all_log_probs: 3 * entropy_of(all_log_probs),
    importance_ratios=lambda new, old: importance_ratios(new, old) ** 2,
    value_loss=lambda values, returns: (values - returns).abs().mean(),
    entropy_bonus=lambda entropy: entropy.max(),
    total_loss=lambda actor, critic, entropy, vf_coef, ent_coef: actor + 2 * vf_coef * critic - ent_coef * entropy,
    approx_kl=lambda new, old: approx_kl(new, old) + 1,
    clip_fraction=lambda ratios, clip_eps: clip_fraction(ratios, clip_eps) + 2,
)


def _wiring_probe(seed: int, rows: int, config: PPOConfig, steps: Steps = _GIVEN, special: str = "") -> Probe:
    """All six numbers of a mini-batch, and the gradient of the total, on a small network that has moved on."""
    fresh = ActorCritic(3, 4, 8, seed=seed)  # a copy is made ten times faster

    def make() -> tuple[ActorCritic, Rows, PPOConfig, Steps]:
        draw = generator(seed)
        policy = copy.deepcopy(fresh)
        obs = torch.randn(rows, 3, generator=draw)
        actions = torch.randint(0, 4, (rows,), generator=draw)
        old_log_probs = -1.4 + 0.3 * torch.randn(rows, generator=draw)
        returns, advantages = 1.0 + torch.randn(rows, generator=draw), 2.0 * torch.randn(rows, generator=draw) + 0.5
        return policy, Rows(obs, actions, old_log_probs, returns, advantages), config, steps

    def look(function: Callable[..., Any], inputs: tuple[Any, ...]) -> Outcome:
        before = [tensor.clone() for tensor in inputs[1]]
        answer = function(*inputs)
        if answer is ... or answer is None:
            return {"result": answer}
        outcome: Outcome = {"type of the result": type(answer).__name__}
        if not isinstance(answer, MinibatchLosses):
            return outcome
        policy = inputs[0]
        outcome["the rows that were handed over"] = (
            "as they were" if alike(list(inputs[1]), before) else "changed in place"
        )
        outcome |= {name: getattr(answer, name, "missing") for name in MinibatchLosses._fields}
        total = answer.total_loss
        one_number = isinstance(total, Tensor) and total.dim() == 0
        graph = one_number and total.requires_grad
        outcome["what total_loss is"] = "one number in a tensor" if one_number else "something else"
        outcome["the graph of total_loss"] = "leads back to the network" if graph else "there is none"
        if not graph:
            return outcome
        total.backward()
        gradients = [torch.zeros(p.numel()) if p.grad is None else p.grad.flatten() for p in policy.parameters()]
        return outcome | {"gradient of total_loss": torch.cat(gradients)}

    return Probe(make=make, look=look, special=special)


Wrong = Callable[[ActorCritic, Rows, PPOConfig, Steps], MinibatchLosses]


def _with(config: Callable[[PPOConfig], PPOConfig] = lambda given: given, **steps: Callable[..., Tensor]) -> Wrong:
    """The right wiring of wrong steps, or under another configuration."""
    return lambda policy, rows, given, own: minibatch_losses(policy, rows, config(given), replace(own, **steps))


def _kl_turned(policy: ActorCritic, rows: Rows, config: PPOConfig, steps: Steps) -> MinibatchLosses:
    new_log_probs = steps.log_probs_of(steps.forward_pass(policy, rows.obs)[0], rows.actions)
    losses = minibatch_losses(policy, rows, config, steps)
    return losses._replace(approx_kl=steps.approx_kl(rows.old_log_probs, new_log_probs))


def _value_loss_weighted(policy: ActorCritic, rows: Rows, config: PPOConfig, steps: Steps) -> MinibatchLosses:
    losses = minibatch_losses(policy, rows, config, steps)
    return losses._replace(value_loss=config.vf_coef * losses.value_loss)


EXERCISE = Exercise(
    number="11.3",
    node="N",
    function=minibatch_losses,
    difficulty=3,
    minutes=10,
    probes=(
        _wiring_probe(1, 6, PPOConfig()),
        _wiring_probe(2, 9, PPOConfig(advantage_normalisation=False, clip_eps=0.1, vf_coef=1.0, ent_coef=0.1)),
        _wiring_probe(3, 16, PPOConfig(vf_coef=0.25, ent_coef=0.0)),
        _wiring_probe(4, 7, PPOConfig(), _OWN, special="steps of somebody's own"),
    ),
    mistakes=(
        Mistake(name="old and new swapped in the ratios",
                wrong=_with(importance_ratios=lambda new, old: importance_ratios(old, new)),
                advice="A ratio is pi_new / pi_old: the new log-probabilities come first."),
        Mistake(name="normalising exactly when the config says not to, or not when it does",
                wrong=_with(lambda config: replace(config, advantage_normalisation=not config.advantage_normalisation)),
                advice="config.advantage_normalisation decides whether steps.normalise_advantages is called."),
        Mistake(
            name="returns where the actor's loss needs advantages",
            wrong=lambda policy, rows, *more: minibatch_losses(policy, rows._replace(advantages=rows.returns), *more),
            advice="The actor asks whether an action was better than expected; the critic learns the return.",
        ),
        Mistake(
            name="advantages where the critic's loss needs returns",
            wrong=lambda policy, rows, *more: minibatch_losses(policy, rows._replace(returns=rows.advantages), *more),
            advice="The critic is to foretell the return, not by how much it was wrong.",
        ),
        Mistake(name="vf_coef and ent_coef swapped",
                wrong=_with(lambda config: replace(config, vf_coef=config.ent_coef, ent_coef=config.vf_coef)),
                advice="total_loss takes the critic's coefficient first."),
        Mistake(name="old and new swapped in approx_kl", wrong=_kl_turned,
                advice="steps.approx_kl(new_log_probs, old_log_probs) estimates KL(old || new)."),
        Mistake(name="cutting the actor's loss off from the network",
                wrong=_with(clipped_surrogate_loss=lambda *args: clipped_surrogate_loss(*args).detach()),
                advice="The numbers are right, but no gradient reaches the actor's head: no detach(), no no_grad()."),
        Mistake(name="reporting the value loss with vf_coef in it", wrong=_value_loss_weighted,
                advice="vf_coef belongs into the total only; the report shows the plain mean squared error."),
    ),
    hints=(
        "Go along the map: what does box I give, what does J need of it, what K, L, M, N?",
        "logits, values -> new_log_probs, entropies -> ratios -> actor_loss (advantages normalised if config says so) "
        "-> value_loss with the returns -> mean entropy -> total. Then steps.approx_kl and steps.clip_fraction.",
        "logits, values = steps.forward_pass(policy, minibatch.obs)\n"
        "now = steps.log_probs_of(logits, minibatch.actions)\n"
        "entropies = steps.entropy_of(logits.log_softmax(-1))\n"
        "ratios = steps.importance_ratios(now, minibatch.old_log_probs)\n"
        "advantages = minibatch.advantages\n"
        "if config.advantage_normalisation:\n"
        "    advantages = steps.normalise_advantages(advantages)\n"
        "actor = steps.clipped_surrogate_loss(\n"
        "    ratios, advantages, config.clip_eps\n"
        ")\n"
        "critic = steps.value_loss(values, minibatch.returns)\n"
        "entropy = steps.entropy_bonus(entropies)\n"
        "total = steps.total_loss(\n"
        "    actor, critic, entropy, config.vf_coef, config.ent_coef\n"
        ")\n"
        "kl = steps.approx_kl(now, minibatch.old_log_probs)\n"
        "outside = steps.clip_fraction(ratios, config.clip_eps)\n"
        "return MinibatchLosses(actor, critic, entropy, total, kl, outside)",
    ),
)  # fmt: skip

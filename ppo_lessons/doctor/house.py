"""Our own PPO as a subject: any `Steps`, and any file whose functions have the names of steps."""

from collections.abc import Callable, Iterator
from dataclasses import fields, replace
from functools import partial
from types import ModuleType
from typing import Any

import torch
from torch import Tensor, nn

from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.advantages import estimate_advantages
from ppo_lessons.buffer import Rows, SharedBuffer
from ppo_lessons.config import PPOConfig
from ppo_lessons.doctor.part import Part, part
from ppo_lessons.doctor.subject import Subject
from ppo_lessons.other_worlds import PettingZooTeam
from ppo_lessons.rollout import collect
from ppo_lessons.steps import DEFAULT_STEPS, Steps

TIME = "rewards values terminated truncated final_values last_values gamma gae_lambda"


def subject_of(steps: Steps, name: str = "ppo_lessons") -> Subject:
    """Return the update of these steps as a subject.

    Args:
        steps: Every node of the flowchart, the package's own or another.
        name: For the report.

    Returns:
        A subject with a part for everything that a step decides.
    """
    return Subject(
        name=name,
        advantages=part(partial(_advantages, steps), TIME, "advantages returns"),
        normalise=part(steps.normalise_advantages, "advantages"),
        log_probs=part(steps.log_probs_of, "logits actions"),
        entropy=part(steps.entropy_of, "all_log_probs"),
        ratios=part(steps.importance_ratios, "new_log_probs old_log_probs"),
        actor_loss=part(steps.clipped_surrogate_loss, "ratios advantages clip_eps"),
        value_loss=part(steps.value_loss, "values returns"),
        total_loss=part(steps.total_loss, "actor_loss value_loss entropy vf_coef ent_coef"),
        loss=part(
            partial(_loss, steps), "logits values actions old_log_probs advantages returns clip_eps vf_coef ent_coef"
        ),
        kl=part(steps.approx_kl, "new_log_probs old_log_probs"),
        clip_fraction=part(steps.clip_fraction, "ratios clip_eps"),
        explained_variance=part(steps.explained_variance, "values returns"),
        minibatches=_minibatches(steps),
        gradient_step=part(steps.gradient_step, "loss policy optimizer max_grad_norm"),
        learning_rate=part(steps.annealed, "learning_rate cycle cycles"),
        sample=part(_drawn, "logits generator", "actions log_probs"),
        rollout=part(partial(_played, steps), "make_team num_steps", "obs actions rewards old_log_probs old_values"),
    )


def _drawn(logits: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Let the package's own network draw: a head without a trunk, whose weights give these logits."""
    policy = ActorCritic(logits.shape[-1], logits.shape[-1])
    policy.actor_trunk, policy.critic_trunk = nn.Identity(), nn.Identity()  # type: ignore[assignment]
    policy.actor_head, policy.critic_head = nn.Identity(), nn.Linear(logits.shape[-1], 1)  # type: ignore[assignment]
    decision = policy.sample_actions(logits, generator)
    return decision.actions, decision.log_probs


def _played(steps: Steps, make_team: Callable[[], Any], num_steps: int) -> tuple[Tensor, ...]:
    env = PettingZooTeam(make_team, 1)
    env.reset(0)
    buffer = SharedBuffer(num_steps, 1, env.num_agents, env.obs_size)
    own = dict(play_step=steps.play_step, store=steps.store, is_full=steps.is_full)
    collect(env, ActorCritic(env.obs_size, env.num_actions), buffer, torch.Generator().manual_seed(0), **own)
    data = buffer.data
    table = (data.obs, data.actions, data.rewards, data.log_probs, data.values)
    return tuple(steps.flatten_rows(tensor, data.acting) for tensor in table)


def _advantages(steps: Steps, rewards: Tensor, values: Tensor, *rest: Any) -> tuple[Tensor, Tensor]:
    own = {name: getattr(steps, name) for name in ("next_values", "td_errors", "gae")}
    advantages = estimate_advantages(rewards, values, *rest, **own)
    return advantages, advantages + values


def _loss(
    steps: Steps,
    logits: Tensor,
    values: Tensor,
    actions: Tensor,
    old_log_probs: Tensor,
    advantages: Tensor,
    returns: Tensor,
    clip_eps: float,
    vf_coef: float,
    ent_coef: float,
) -> Tensor:
    policy: Any = _Fixed(logits, values)
    rows = Rows(torch.zeros(len(actions), 1), actions, old_log_probs, returns, advantages)
    config = PPOConfig(clip_eps=clip_eps, vf_coef=vf_coef, ent_coef=ent_coef)
    return steps.minibatch_losses(policy, rows, config, steps).total_loss


class _Fixed(nn.Module):
    """A policy whose outputs are given."""

    def __init__(self, logits: Tensor, values: Tensor) -> None:
        super().__init__()
        self.outputs = logits, values
        self.num_actions = logits.shape[-1]

    def forward(self, obs: Tensor) -> tuple[Tensor, Tensor]:
        return self.outputs


def _minibatches(steps: Steps) -> Part:
    return part(
        partial(_rows, steps),
        "obs actions old_log_probs returns advantages acting minibatch_size epochs generator",
        "obs actions old_log_probs returns advantages",
        rows="T E A",
    )


def _rows(steps: Steps, *given: Any) -> Iterator[tuple[Tensor, ...]]:
    *table, acting, size, epochs, generator = given
    rows = steps.detach_rows(Rows(*(steps.flatten_rows(tensor, acting) for tensor in table)))
    config = PPOConfig(minibatch_size=size, epochs=epochs)
    for index in steps.each_minibatch(len(rows.actions), config, generator, steps):
        yield tuple(tensor[index] for tensor in rows)


def steps_in(module: ModuleType) -> dict[str, Callable[..., Any]]:
    """Return the functions of a module that have the name of a step: a learner's `my_ppo.py` is made of them."""
    names = [field.name for field in fields(Steps)]
    return {name: own for name in names if callable(own := getattr(module, name, None))}


PARTS_OF = {
    "next_values": ("advantages",), "td_errors": ("advantages",), "gae": ("advantages",),
    "normalise_advantages": ("normalise", "loss"), "log_probs_of": ("log_probs", "loss"),
    "entropy_of": ("entropy", "loss"), "entropy_bonus": ("loss",), "importance_ratios": ("ratios", "loss"),
    "clipped_surrogate_loss": ("actor_loss", "loss"), "value_loss": ("value_loss", "loss"),
    "total_loss": ("total_loss", "loss"), "minibatch_losses": ("loss",), "forward_pass": ("loss",),
    "approx_kl": ("kl",), "clip_fraction": ("clip_fraction",), "explained_variance": ("explained_variance",),
    "flatten_rows": ("minibatches", "rollout"), "detach_rows": ("minibatches",), "each_minibatch": ("minibatches",),
    "shuffle_rows": ("minibatches",), "split_rows": ("minibatches",), "gradient_step": ("gradient_step",),
    "annealed": ("learning_rate",), "play_step": ("rollout",), "store": ("rollout",), "is_full": ("rollout",),
}  # fmt: skip
"""Name of a step -> the parts in which it takes part."""


def subject_of_module(module: ModuleType, name: str) -> Subject | None:
    """Return what a file of steps is: only the parts in which its functions take part; None if it has none."""
    own = {step: function for step, function in steps_in(module).items() if step in PARTS_OF}
    if not own:
        return None
    asked = {kind for step in own for kind in PARTS_OF[step]}
    whole = subject_of(replace(DEFAULT_STEPS, **own), name)
    others = {kind: None for kind in whole.parts() if kind not in asked}
    notes = f"Functions in the place of the package's own: {', '.join(own)}."
    return replace(whole, notes=notes, **others)

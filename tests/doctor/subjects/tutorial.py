"""The rules of PettingZoo's tutorial "Implementing PPO" (pistonball, from scratch), in functions of our own."""

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from pettingzoo import ParallelEnv
from torch import Tensor, nn

from ppo_lessons.doctor import Subject, part
from tests.doctor.subjects import cleanrl

NOTES = """None of its code is run: the rules of the script tutorials/CleanRL/cleanrl.py in PettingZoo's repository,
read at 1c36089 (of the time of PettingZoo 1.22) and f56a527, are restated in our own words. A rollout is one episode,
and ends when anybody terminates or is truncated; without any end it is taken to end with its last row, since its world
truncates there. Rows that are not reckoned keep an advantage of 0. It works out normalised advantages and uses those
that are not: what its loss uses is what `normalise` gives here. In whole losses the width of the value's clip is
clip_eps, as in the script. What is the same as in CleanRL is taken from our restatement of CleanRL."""


def _last_step(ends: Tensor) -> int:
    """Return the step in which the episode ends: it is never trained on."""
    over = ends.flatten(1).any(dim=1).nonzero()
    return int(over[0]) if len(over) else len(ends) - 1


def advantages_of(
    rewards: Tensor, values: Tensor, terminated: Tensor, truncated: Tensor, gamma: float
) -> tuple[Tensor, Tensor]:
    """Bootstrap only when the next row terminated, fade with gamma squared, and leave the last row out."""
    over, dead = _last_step(terminated.bool() | truncated.bool()), terminated.float()
    found = torch.zeros_like(rewards)
    for t in range(over - 1, -1, -1):
        error = rewards[t] + gamma * values[t + 1] * dead[t + 1] - values[t]
        found[t] = error + gamma**2 * found[t + 1]
    return found, found + values


def as_they_were(advantages: Tensor) -> Tensor:
    """Work the normalised ones out, and use the others."""
    cleanrl.normalised(advantages)
    return advantages


def whole_loss(
    logits: Tensor,
    values: Tensor,
    actions: Tensor,
    old_log_probs: Tensor,
    advantages: Tensor,
    returns: Tensor,
    old_values: Tensor,
    clip_coef: float,
    vf_coef: float,
    ent_coef: float,
) -> Tensor:
    """CleanRL's, but for the advantages."""
    ratios = cleanrl.ratios_of(cleanrl.log_probs_of(logits, actions), old_log_probs)
    actor = cleanrl.actor_loss(ratios, as_they_were(advantages), clip_coef)
    critic = cleanrl.value_loss(values, returns, old_values, clip_coef)
    return cleanrl.total_loss(actor, critic, cleanrl.entropies_of(logits).mean(), vf_coef, ent_coef)


def minibatches(*given: Any) -> Iterator[tuple[Tensor, ...]]:
    """Do it as CleanRL, with all rows but those of the last step."""
    *table, size, epochs = given
    yield from cleanrl.minibatches(*(tensor[:-1] for tensor in table), size, epochs)


def gradient_step(loss: Tensor, optimizer: torch.optim.Optimizer) -> None:
    """Shorten nothing."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()


def played(make_team: Callable[[], ParallelEnv], num_steps: int) -> tuple[Tensor, ...]:
    """Play one episode, of `num_steps` steps at most, and return the rows that are trained on."""
    env, actor, critic = make_team(), nn.Linear(1, 3), nn.Linear(1, 1)
    obs, _ = env.reset()
    steps: list[tuple[Tensor, ...]] = []
    for _ in range(num_steps):
        seen = torch.as_tensor(np.stack(list(obs.values())))
        with torch.no_grad():
            actions, log_probs = cleanrl.drawn(actor(seen))
            values = critic(seen).flatten()
        everybody = zip(env.possible_agents, actions.tolist(), strict=True)
        obs, *outcome = env.step(dict(everybody))
        rewards, terminated, truncated = (torch.tensor(list(each.values())) for each in outcome[:3])
        steps.append((seen, actions, rewards.float(), log_probs, values, terminated, truncated))
        if bool((terminated | truncated).any()):
            break
    seen, taken, rewards, log_probs, values, terminated, truncated = map(torch.stack, zip(*steps, strict=True))
    advantages, returns = advantages_of(rewards, values, terminated, truncated, 0.99)
    over = _last_step(terminated | truncated)
    table = (seen, taken, rewards, log_probs, values, advantages, returns)
    return tuple(tensor[:over].flatten(0, 1) for tensor in table)


SUBJECT = Subject(
    name="PettingZoo's tutorial",
    version="at 1c36089, restated",
    notes=" ".join(NOTES.split()),
    advantages=part(advantages_of, "rewards values terminated truncated gamma", "advantages returns"),
    normalise=part(as_they_were, "advantages"),
    log_probs=part(cleanrl.log_probs_of, "logits actions"),
    entropy=part(cleanrl.entropies_of, "logits"),
    sample=part(cleanrl.drawn, "logits", "actions log_probs"),
    ratios=part(cleanrl.ratios_of, "new_log_probs old_log_probs"),
    actor_loss=part(cleanrl.actor_loss, "ratios advantages clip_eps"),
    value_loss=part(cleanrl.value_loss, "values returns old_values value_clip"),
    total_loss=part(cleanrl.total_loss, "actor_loss value_loss entropy vf_coef ent_coef"),
    loss=part(whole_loss, cleanrl.WHOLE),
    kl=part(cleanrl.approx_kl, "new_log_probs old_log_probs"),
    clip_fraction=part(cleanrl.clip_fraction, "ratios clip_eps"),
    explained_variance=part(cleanrl.explained_variance, "values returns", arrays="numpy"),
    minibatches=part(minibatches, f"{cleanrl.TABLE} minibatch_size epochs", cleanrl.TABLE),
    gradient_step=part(gradient_step, "loss optimizer"),
    learning_rate=part(lambda learning_rate, cycle, cycles: learning_rate, "learning_rate cycle cycles"),
    rollout=part(played, "make_team num_steps", cleanrl.PLAYED),
)

"""CleanRL's `ppo.py` as a subject: its rules, in functions of our own. The script itself is one block without any."""

from collections.abc import Callable, Iterator
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.distributions import Categorical

from ppo_lessons.doctor import Subject, part

NOTES = """None of its code is run: the rules of ppo.py are restated in our own words, as they stood on its main branch
from 2024 to 2026, when its pyproject.toml said 2.0.0b1 and asked for gymnasium 0.29.1 (the script was read at 020cf0e;
that termination and truncation are now joined with *or* is said in its issue 457). Truncation is treated as death: its
issues 198 and 457, which ask for more, were open in the copies that we read. In whole losses the width of the value's
clip is clip_eps, as in the script. Its worlds reset in the step that ends an episode, as those of gymnasium 0.29.1 do;
with gymnasium 1 this must be asked for, or a step of waiting is stored as a row like any other."""


def advantages_of(
    rewards: Tensor,
    values: Tensor,
    dones: Tensor,
    next_value: Tensor,
    next_done: Tensor,
    gamma: float,
    gae_lambda: float,
) -> tuple[Tensor, Tensor]:
    """Go back from the last row; `dones[t]` says that row t is the first of an episode."""
    alive = 1 - torch.cat((dones[1:], next_done[None]))
    following = torch.cat((values[1:], next_value[None]))
    errors = rewards + gamma * alive * following - values
    found, carried = torch.empty_like(errors), torch.zeros_like(next_value)
    for t in range(len(rewards) - 1, -1, -1):
        carried = errors[t] + gamma * gae_lambda * alive[t] * carried
        found[t] = carried
    return found, found + values


def normalised(advantages: Tensor) -> Tensor:
    """Each mini-batch by itself; a single row gives NaN."""
    return (advantages - advantages.mean()) / (advantages.std() + 1e-8)


def log_probs_of(logits: Tensor, actions: Tensor) -> Tensor:
    """Look up."""
    return Categorical(logits=logits).log_prob(actions)


def entropies_of(logits: Tensor) -> Tensor:
    """Return one for each row."""
    return Categorical(logits=logits).entropy()


def drawn(logits: Tensor) -> tuple[Tensor, Tensor]:
    """Draw with torch's global generator."""
    chances = Categorical(logits=logits)
    actions = chances.sample()
    return actions, chances.log_prob(actions)


def ratios_of(new_log_probs: Tensor, old_log_probs: Tensor) -> Tensor:
    """New over old."""
    return torch.exp(new_log_probs - old_log_probs)


def actor_loss(ratios: Tensor, advantages: Tensor, clip_coef: float) -> Tensor:
    """Take the larger of two losses, where the paper takes the smaller of two gains."""
    clipped = ratios.clamp(1 - clip_coef, 1 + clip_coef)
    return torch.maximum(-advantages * ratios, -advantages * clipped).mean()


def value_loss(values: Tensor, returns: Tensor, old_values: Tensor, clip_coef: float) -> Tensor:
    """Half of the larger of two squared errors."""
    near = old_values + (values - old_values).clamp(-clip_coef, clip_coef)
    return torch.maximum((values - returns).square(), (near - returns).square()).mean() / 2


def total_loss(actor: Tensor, critic: Tensor, entropy: Tensor, vf_coef: float, ent_coef: float) -> Tensor:
    """What is minimised."""
    return actor + vf_coef * critic - ent_coef * entropy


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
    """Return the loss of a mini-batch; one number clips ratios and values."""
    ratios = ratios_of(log_probs_of(logits, actions), old_log_probs)
    actor = actor_loss(ratios, normalised(advantages), clip_coef)
    critic = value_loss(values, returns, old_values, clip_coef)
    return total_loss(actor, critic, entropies_of(logits).mean(), vf_coef, ent_coef)


def approx_kl(new_log_probs: Tensor, old_log_probs: Tensor) -> Tensor:
    """Schulman's k3."""
    log_ratios = new_log_probs - old_log_probs
    return (log_ratios.exp() - 1 - log_ratios).mean()


def clip_fraction(ratios: Tensor, clip_coef: float) -> Tensor:
    """Share of rows outside."""
    return ((ratios - 1).abs() > clip_coef).float().mean()


def explained_variance(values: NDArray[Any], returns: NDArray[Any]) -> float:
    """NaN where the returns do not vary."""
    spread = np.var(returns)
    return float("nan") if spread == 0 else float(1 - np.var(returns - values) / spread)


def minibatches(*given: Any) -> Iterator[tuple[Tensor, ...]]:
    """Flatten step by step, shuffle the row numbers anew in each epoch, and cut; the last may be smaller."""
    *table, size, epochs = given
    obs, actions, *others = (tensor.flatten(0, 1) for tensor in table)
    rows = (obs, actions.float().long(), *others)  # the script keeps actions as floats, and makes whole numbers of them
    order = np.arange(len(obs))
    for _ in range(epochs):
        np.random.shuffle(order)
        for first in range(0, len(order), size):
            yield tuple(tensor[order[first : first + size].copy()] for tensor in rows)


def gradient_step(loss: Tensor, policy: nn.Module, optimizer: torch.optim.Optimizer, max_grad_norm: float) -> None:
    """One gradient for each mini-batch, shortened as a whole."""
    optimizer.zero_grad()
    loss.backward()
    nn.utils.clip_grad_norm_(policy.parameters(), max_grad_norm)
    optimizer.step()


def annealed(learning_rate: float, cycle: int, cycles: int) -> float:
    """Count updates from 1, as the script does."""
    iteration = cycle + 1
    return learning_rate * (1 - (iteration - 1) / cycles)


def played(
    make_env: Callable[[], gymnasium.Env], num_steps: int, mode: AutoresetMode = AutoresetMode.SAME_STEP
) -> tuple[Tensor, ...]:
    """Play a rollout of one world, and return its rows."""
    envs = SyncVectorEnv([make_env], autoreset_mode=mode)
    actor, critic = nn.Linear(1, 3), nn.Linear(1, 1)
    steps: list[tuple[Tensor, ...]] = []
    seen, done = torch.as_tensor(envs.reset()[0]), torch.zeros(1)
    for _ in range(num_steps):
        with torch.no_grad():
            actions, log_probs = drawn(actor(seen))
            values = critic(seen).flatten()
        after, rewards, terminated, truncated, _ = envs.step(actions.numpy())
        steps.append((seen, actions, torch.as_tensor(rewards).float(), log_probs, values, done))
        # a copy: gymnasium may hand out the same array again
        seen, done = torch.tensor(after), torch.as_tensor(np.logical_or(terminated, truncated)).float()
    obs, taken, rewards, log_probs, values, dones = (torch.stack(column) for column in zip(*steps, strict=True))
    with torch.no_grad():
        advantages, returns = advantages_of(rewards, values, dones, critic(seen).flatten(), done, 0.99, 0.95)
    return tuple(table.flatten(0, 1) for table in (obs, taken, rewards, log_probs, values, advantages, returns))


TABLE = "obs actions old_log_probs advantages returns old_values"
PLAYED = "obs actions rewards old_log_probs old_values advantages returns"
WHOLE = "logits values actions old_log_probs advantages returns old_values clip_eps vf_coef ent_coef"
SUBJECT = Subject(
    name="CleanRL",
    version="2.0.0b1, restated",
    notes=" ".join(NOTES.split()),
    advantages=part(
        advantages_of,
        "rewards values starts last_values last_dones gamma gae_lambda",
        "advantages returns",
        flags="float",
    ),
    normalise=part(normalised, "advantages"),
    log_probs=part(log_probs_of, "logits actions"),
    entropy=part(entropies_of, "logits"),
    sample=part(drawn, "logits", "actions log_probs"),
    ratios=part(ratios_of, "new_log_probs old_log_probs"),
    actor_loss=part(actor_loss, "ratios advantages clip_eps"),
    value_loss=part(value_loss, "values returns old_values value_clip"),
    total_loss=part(total_loss, "actor_loss value_loss entropy vf_coef ent_coef"),
    loss=part(whole_loss, WHOLE),
    kl=part(approx_kl, "new_log_probs old_log_probs"),
    clip_fraction=part(clip_fraction, "ratios clip_eps"),
    explained_variance=part(explained_variance, "values returns", arrays="numpy"),
    minibatches=part(minibatches, f"{TABLE} minibatch_size epochs", TABLE),
    gradient_step=part(gradient_step, "loss policy optimizer max_grad_norm"),
    learning_rate=part(annealed, "learning_rate cycle cycles"),
    rollout=part(played, "make_env num_steps", PLAYED),
)

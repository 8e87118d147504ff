"""Stable-Baselines3 as a subject: its own code is run, `collect_rollouts` and `train` as they stand."""

import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from importlib.metadata import version
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium.spaces import Box, Discrete
from numpy.typing import NDArray
from stable_baselines3 import PPO
from stable_baselines3.common.buffers import RolloutBuffer, RolloutBufferSamples
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.distributions import CategoricalDistribution
from stable_baselines3.common.logger import Logger
from stable_baselines3.common.utils import explained_variance
from stable_baselines3.common.vec_env import DummyVecEnv, VecEnv
from torch import Tensor, nn

from ppo_lessons.doctor import Subject, part

Numbers = NDArray[Any]
ACTIONS = 3
NOTES = """The code of the package is run. Advantages: OnPolicyAlgorithm.collect_rollouts plays a script whose
observation is the value that the policy predicts. Losses, normalisation, ratios, distance, clip fraction, mini-batches
and the step of the optimizer: PPO.train, with a policy whose answers are given; what it returns is the loss that it
logs, with the gradient that its backward() leaves. Mini-batches are what evaluate_actions and the rest of PPO.train are
handed: RolloutBuffer.get itself gives actions as float32 with the shape (B, 1), and PPO.train makes whole numbers of
them. Switched on for its fact: clip_range_vf, which is None by default. The step size is that of a plain number."""


class Column(gymnasium.Env):
    """One column of a rollout, as a world: what is seen is what the critic is to say."""

    observation_space, action_space = Box(-np.inf, np.inf, (1,), np.float32), Discrete(ACTIONS)

    def __init__(self, seen: Numbers, rewards: Numbers, terminated: Numbers, truncated: Numbers, final: Numbers):
        """Take the numbers of the column; `seen` has one more than the others."""
        self.seen, self.rewards, self.ends, self.final = seen, rewards, (terminated, truncated), final
        self.time = 0

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Numbers, dict]:
        """Go on where the script is."""
        return self.seen[self.time : self.time + 1], {}

    def step(self, action: Any) -> tuple[Numbers, float, bool, bool, dict]:
        """Give the next row; after an end, the final observation."""
        t, self.time = self.time, self.time + 1
        terminated, truncated = (bool(flags[t]) for flags in self.ends)
        obs = self.final[t : t + 1] if terminated or truncated else self.seen[t + 1 : t + 2]
        return obs, float(self.rewards[t]), terminated, truncated, {}


class Quiet(BaseCallback):
    """Does nothing."""

    def _on_step(self) -> bool:
        return True


def _ppo(env: VecEnv, num_steps: int, **settings: Any) -> PPO:
    """Make a PPO that logs nowhere, and whose critic says what is seen."""
    plain = dict(n_steps=num_steps, batch_size=num_steps * env.num_envs, normalize_advantage=False, device="cpu")
    ppo = PPO("MlpPolicy", env, policy_kwargs={"net_arch": []}, **{**plain, **settings})
    ppo.set_logger(Logger(folder=None, output_formats=[]))
    with torch.no_grad():
        ppo.policy.value_net.weight.fill_(1)
        ppo.policy.value_net.bias.fill_(0)
    return ppo


def _collected(ppo: PPO) -> RolloutBuffer:
    """Let it play a rollout."""
    total, callback = ppo._setup_learn(ppo.n_steps * ppo.n_envs, Quiet())
    assert total == ppo.n_steps * ppo.n_envs
    ppo.collect_rollouts(ppo.env, callback, ppo.rollout_buffer, ppo.n_steps)
    return ppo.rollout_buffer


def _advantages(
    rewards: Numbers,
    values: Numbers,
    terminated: Numbers,
    truncated: Numbers,
    final_values: Numbers,
    last_values: Numbers,
    gamma: float,
    gae_lambda: float,
) -> tuple[Numbers, Numbers]:
    """Play the numbers as worlds, and let SB3 collect them."""
    num_steps, columns = rewards.shape
    seen = np.concatenate((values, last_values[None]))
    tables = (seen, rewards, terminated, truncated, final_values)
    worlds = [lambda n=n: Column(*(table[:, n] for table in tables)) for n in range(columns)]
    buffer = _collected(_ppo(DummyVecEnv(worlds), num_steps, gamma=gamma, gae_lambda=gae_lambda))
    np.testing.assert_array_equal(buffer.values, values)  # the script was played as it stands
    return buffer.advantages, buffer.returns


def _played(make_env: Callable[[], gymnasium.Env], num_steps: int) -> tuple[Numbers, ...]:
    buffer = _collected(_ppo(DummyVecEnv([make_env]), num_steps))
    flat = (buffer.rewards, buffer.log_probs, buffer.values, buffer.advantages, buffer.returns)
    return buffer.observations[:, 0], buffer.actions[:, 0, 0], *(table[:, 0] for table in flat)


class Given(nn.Module):
    """A policy whose answers are given: PPO.train asks it for rows by their numbers, and steps its parameters."""

    def __init__(
        self,
        answers: Callable[[Tensor, Tensor], tuple[Tensor, Tensor, Tensor]],
        leaves: Sequence[Tensor],
        optimizer: torch.optim.Optimizer | None = None,
    ) -> None:
        """Take what `evaluate_actions` does, and what stands for the weights."""
        super().__init__()
        self.answers, self.leaves = answers, list(leaves)
        self.optimizer = optimizer or torch.optim.SGD(self.leaves, lr=1.0)

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        """Return what is stepped."""
        return iter(self.leaves)

    def set_training_mode(self, mode: bool) -> None:
        """Nothing here depends on it."""

    def evaluate_actions(self, obs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return values, log-probabilities and entropies."""
        return self.answers(obs, actions)


class Watched(RolloutBuffer):
    """SB3's own buffer; keeps what it has handed out."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        """Begin with nothing."""
        self.given: list[RolloutBufferSamples] = []
        super().__init__(*args, **kwargs)

    def get(self, batch_size: int | None = None) -> Iterator[RolloutBufferSamples]:
        """Hand out what SB3 does."""
        for samples in super().get(batch_size):
            self.given.append(samples)
            yield samples


def _trained(policy: Given, rows: dict[str, Tensor], **settings: Any) -> dict[str, float]:
    """Let PPO.train make one step with these rows, and return what it logs. What is seen in a row is its number."""
    count = len(next(iter(rows.values())))
    env = DummyVecEnv([lambda: Column(*[np.zeros(1, np.float32)] * 5)])
    ppo = _ppo(env, count, n_epochs=1)
    ppo.policy, ppo.lr_schedule = policy, lambda _: policy.optimizer.param_groups[0]["lr"]
    plain = {"normalize_advantage": False, "ent_coef": 0.0, "vf_coef": 0.0, "max_grad_norm": math.inf}
    for name, value in (plain | settings).items():
        setattr(ppo, name, (lambda _, value=value: value) if name.startswith("clip_range") else value)
    zeros, buffer = torch.zeros(count), ppo.rollout_buffer
    for row in range(count):
        value, log_prob = (rows.get(name, zeros)[row : row + 1] for name in ("old_values", "old_log_probs"))
        action = rows.get("actions", zeros)[row : row + 1].numpy()
        buffer.add(np.array([[row]]), action, np.zeros(1), np.zeros(1), value, log_prob)
    buffer.advantages[:, 0] = rows.get("advantages", zeros).numpy()
    buffer.returns[:, 0] = rows.get("returns", zeros).numpy()
    ppo.train()
    return ppo.logger.name_to_value


def _leaves(*tensors: Tensor) -> list[Tensor]:
    return [tensor.detach().clone().requires_grad_() for tensor in tensors]


def _with_slopes(number: float, tensors: Sequence[Tensor], leaves: Sequence[Tensor]) -> Tensor:
    """Return a number whose gradient in some tensors is what a backward() has left in their copies."""
    found = torch.tensor(number)
    for tensor, leaf in zip(tensors, leaves, strict=True):
        if leaf.grad is not None:
            found = found + (leaf.grad * (tensor - tensor.detach())).sum()
    return found


def _numbers(obs: Tensor) -> Tensor:
    return obs[:, 0].long()


def _clipped(new: Tensor, old: Tensor, advantages: Tensor, clip_eps: float, **settings: Any) -> tuple[Tensor, dict]:
    """Return the actor's loss of PPO.train, and all that it logs."""
    (leaf,) = leaves = _leaves(new)
    zeros = torch.zeros(len(new))

    def answers(obs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rows = _numbers(obs)
        return zeros[rows], leaf[rows], zeros[rows]

    rows = {"old_log_probs": old.detach(), "advantages": advantages}
    logged = _trained(Given(answers, leaves), rows, clip_range=clip_eps, **settings)
    return _with_slopes(logged["train/loss"], [new], leaves), logged


def _actor_loss(new: Tensor, old: Tensor, advantages: Tensor, clip_eps: float) -> Tensor:
    return _clipped(new, old, advantages, clip_eps)[0]


def _ratios(new: Tensor, old: Tensor) -> Tensor:
    """Return the loss of each row alone, for an advantage of -1 and a clip that is nowhere near."""
    each = [_clipped(new[b : b + 1], old[b : b + 1], -torch.ones(1), 1e9)[0] for b in range(len(new))]
    return torch.stack(each)


def _normalised(advantages: Tensor) -> Tensor:
    """Return what an advantage weighs in the gradient where every ratio is 1: -A / B."""
    new = torch.zeros(len(advantages), requires_grad=True)
    loss, _ = _clipped(new, new.detach(), advantages, 0.2, normalize_advantage=True)
    return -len(advantages) * torch.autograd.grad(loss, new)[0]


def _kl(new: Tensor, old: Tensor) -> float:
    return _clipped(new, old, torch.ones(len(new)), 0.2)[1]["train/approx_kl"]


def _clip_fraction(new: Tensor, old: Tensor, clip_eps: float) -> float:
    return _clipped(new, old, torch.ones(len(new)), clip_eps)[1]["train/clip_fraction"]


def _value_loss(values: Tensor, returns: Tensor, old_values: Tensor, value_clip: float) -> Tensor:
    """Let vf_coef be 1 and everything else 0."""
    (leaf,) = leaves = _leaves(values)
    zeros = torch.zeros(len(values))

    def answers(obs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rows = _numbers(obs)
        return leaf[rows], zeros[rows], zeros[rows]

    rows = {"returns": returns, "old_values": old_values}
    logged = _trained(Given(answers, leaves), rows, clip_range=0.2, clip_range_vf=value_clip, vf_coef=1.0)
    return _with_slopes(logged["train/loss"], [values], leaves)


def _total_loss(actor_loss: Tensor, value_loss: Tensor, entropy: Tensor, vf_coef: float, ent_coef: float) -> float:
    """Make one row that has these losses: its advantage is -actor_loss, its value lies sqrt(value_loss) too high."""
    (leaf,) = leaves = _leaves(torch.zeros(1))
    value, entropies = value_loss.sqrt().reshape(1), entropy.reshape(1)
    policy = Given(lambda obs, actions: (value + leaf, leaf, entropies), leaves)
    rows = {"advantages": -actor_loss.reshape(1)}
    logged = _trained(policy, rows, clip_range=0.2, vf_coef=vf_coef, ent_coef=ent_coef)
    assert np.isclose(logged["train/policy_gradient_loss"], float(actor_loss))
    assert np.isclose(logged["train/value_loss"], float(value_loss))
    return logged["train/loss"]


def _loss(
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
    leaves = _leaves(logits, values)

    def answers(obs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        rows = _numbers(obs)
        chances = _distribution(leaves[0][rows])
        return leaves[1][rows], chances.log_prob(actions), chances.entropy()

    rows = dict(actions=actions, old_log_probs=old_log_probs, advantages=advantages, returns=returns)
    settings = dict(clip_range=clip_eps, vf_coef=vf_coef, ent_coef=ent_coef, normalize_advantage=True)  # its default
    logged = _trained(Given(answers, leaves), rows, **settings)
    return _with_slopes(logged["train/loss"], [logits, values], leaves)


def _distribution(logits: Tensor) -> CategoricalDistribution:
    return CategoricalDistribution(logits.shape[-1]).proba_distribution(logits)


def _log_probs(logits: Tensor, actions: Tensor) -> Tensor:
    return _distribution(logits).log_prob(actions)


def _entropies(logits: Tensor) -> Tensor:
    return _distribution(logits).entropy()


def _drawn(logits: Tensor) -> tuple[Tensor, Tensor]:
    return CategoricalDistribution(logits.shape[-1]).log_prob_from_params(logits)


def _step(loss: Tensor, parameters: list[Tensor], optimizer: torch.optim.Optimizer, max_grad_norm: float) -> None:
    """Let the loss come in as the entropy of one row, with a minus."""
    nothing = torch.zeros(1)
    policy = Given(lambda obs, actions: (nothing, nothing, -loss.reshape(1)), parameters, optimizer)
    _trained(policy, {"advantages": nothing}, clip_range=0.2, ent_coef=1.0, max_grad_norm=max_grad_norm)


@cache
def _learner(num_steps: int, columns: int) -> PPO:
    """Return the PPO that sees one rollout after the other."""
    world = lambda: Column(*[np.zeros(1, np.float32)] * 5)  # noqa: E731
    return _ppo(DummyVecEnv([world] * columns), num_steps, rollout_buffer_class=Watched)


def _minibatches(
    obs: Tensor,
    actions: Tensor,
    old_log_probs: Tensor,
    advantages: Tensor,
    returns: Tensor,
    old_values: Tensor,
    minibatch_size: int,
    epochs: int,
) -> list[tuple[Tensor, ...]]:
    """Empty the buffer and fill it as `collect_rollouts` does, and let PPO.train learn from it."""
    ppo = _learner(*actions.shape)
    buffer: Any = ppo.rollout_buffer
    buffer.reset()
    buffer.given, asked, weight = [], [], torch.zeros(1, requires_grad=True)

    def answers(obs: Tensor, actions: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        asked.append((obs, actions))
        return weight.expand(len(obs)), weight.expand(len(obs)), weight.expand(len(obs))

    ppo.policy, ppo.lr_schedule = Given(answers, [weight]), lambda _: 0.0
    ppo.batch_size, ppo.n_epochs = minibatch_size, epochs
    nothing = np.zeros(buffer.n_envs)
    for t in range(len(actions)):
        buffer.add(obs[t].numpy(), actions[t].numpy(), nothing, nothing, old_values[t], old_log_probs[t])
    buffer.advantages[:], buffer.returns[:] = advantages.numpy(), returns.numpy()
    ppo.train()
    pairs = zip(asked, buffer.given, strict=True)
    return [(*both, given.old_log_prob, given.advantages, given.returns, given.old_values) for both, given in pairs]


def _learning_rate(learning_rate: float, cycle: int, cycles: int) -> float:
    """Go on to this update as `learn` does: first the rollout is counted, then the step size is set."""
    ppo = _ppo(DummyVecEnv([lambda: Column(*[np.zeros(1, np.float32)] * 5)]), 2, learning_rate=learning_rate)
    ppo._update_current_progress_remaining((cycle + 1) * ppo.n_steps, cycles * ppo.n_steps)
    ppo._update_learning_rate(ppo.policy.optimizer)
    return ppo.policy.optimizer.param_groups[0]["lr"]


TABLE = "obs actions old_log_probs advantages returns old_values"
SUBJECT = Subject(
    name="Stable-Baselines3",
    version=version("stable-baselines3"),
    notes=" ".join(NOTES.split()),
    advantages=part(
        _advantages,
        "rewards values terminated truncated final_values last_values gamma gae_lambda",
        "advantages returns",
        arrays="numpy",
    ),
    normalise=part(_normalised, "advantages"),
    log_probs=part(_log_probs, "logits actions"),
    entropy=part(_entropies, "logits"),
    sample=part(_drawn, "logits", "actions log_probs"),
    ratios=part(_ratios, "new_log_probs old_log_probs"),
    actor_loss=part(_actor_loss, "new_log_probs old_log_probs advantages clip_eps"),
    value_loss=part(_value_loss, "values returns old_values value_clip"),
    total_loss=part(_total_loss, "actor_loss value_loss entropy vf_coef ent_coef"),
    loss=part(_loss, "logits values actions old_log_probs advantages returns clip_eps vf_coef ent_coef"),
    kl=part(_kl, "new_log_probs old_log_probs"),
    clip_fraction=part(_clip_fraction, "new_log_probs old_log_probs clip_eps"),
    explained_variance=part(explained_variance, "values returns", arrays="numpy"),
    minibatches=part(_minibatches, f"{TABLE} minibatch_size epochs", TABLE),
    gradient_step=part(_step, "loss parameters optimizer max_grad_norm"),
    learning_rate=part(_learning_rate, "learning_rate cycle cycles"),
    rollout=part(_played, "make_env num_steps", "obs actions rewards old_log_probs old_values advantages returns"),
)

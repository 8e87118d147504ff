"""TorchRL as a subject: its own code is run, as it comes; its parts for PPO are GAE, ClipPPOLoss, buffer, collector."""

import warnings
from collections.abc import Callable, Iterator
from functools import cache
from importlib.metadata import version
from typing import Any

import gymnasium
import torch
from tensordict import TensorDict
from tensordict.nn import TensorDictModule
from torch import Tensor, nn
from torch.distributions import Categorical, Distribution, constraints

from ppo_lessons.doctor import Subject, part

with warnings.catch_warnings():
    # of torchrl 0.14, about its own classes, when it is imported
    warnings.filterwarnings("ignore", r"Creating \w+ which inherits from WeightUpdaterBase", DeprecationWarning)
    from torchrl import collectors
    from torchrl._utils import logger
    from torchrl.data import LazyTensorStorage, ReplayBuffer, SamplerWithoutReplacement
    from torchrl.envs import GymWrapper
    from torchrl.envs.utils import ExplorationType, set_exploration_type
    from torchrl.modules import ProbabilisticActor
    from torchrl.objectives import ClipPPOLoss, PPOLoss
    from torchrl.objectives.value import GAE

logger.setLevel("WARNING")  # a new storage is told to the terminal otherwise
Collector = getattr(collectors, "Collector", None) or collectors.SyncDataCollector

NOTES = """The code of the package is run, with its defaults but for what a fact hands over. Its critic's loss is
smooth L1, its advantages are not normalised unless that is asked for (which it is for the part `normalise` alone),
clip_value, None by default, is switched on for its fact, and ClipPPOLoss clips the logarithm of the ratio: with an eps
above 1, whose ln(1 - eps) is no number, the loss is NaN. The total is the sum of loss_objective, loss_critic and
loss_entropy, which hold their coefficients. Values and log-probabilities are given to it by a critic and by a
distribution that only hand them on. An epoch is one pass over a ReplayBuffer with SamplerWithoutReplacement. Actions
are drawn with ExplorationType.RANDOM, as by its collectors; an actor that is called by itself takes the likeliest. Not
looked at: the step of the optimizer and its size, which are left to the user."""

CRITIC = TensorDictModule(nn.Identity(), in_keys=["values"], out_keys=["state_value"])


class Told(Distribution):
    """A distribution that says the log-probabilities that it was given, whatever the actions."""

    arg_constraints = {}  # noqa: RUF012 - as torch has it
    support = constraints.integer_interval(0, 0)

    def __init__(self, told: Tensor) -> None:
        """Take them."""
        super().__init__(told.shape, validate_args=False)
        self.told = told

    def log_prob(self, value: Tensor) -> Tensor:
        """Say them."""
        return self.told


def _actor(distribution: type[Distribution] = Categorical, key: str = "logits", net: nn.Module | None = None) -> Any:
    """Return an actor whose distribution is made of what is seen, or of what a network makes of it."""
    inside = TensorDictModule(net or nn.Identity(), in_keys=["observation"], out_keys=[key])
    return ProbabilisticActor(inside, in_keys=[key], distribution_class=distribution, return_log_prob=True)


def _losses(loss: PPOLoss, **entries: Tensor) -> Any:
    """Ask a loss module about a mini-batch."""
    rows = len(entries["observation"])
    old = entries.pop("old_log_probs", torch.zeros(rows))
    named = {"action": torch.zeros(rows, dtype=torch.int64), loss.tensor_keys.sample_log_prob: old, **entries}
    return loss(TensorDict(named, [rows]))


def _advantages(
    rewards: Tensor,
    values: Tensor,
    terminated: Tensor,
    truncated: Tensor,
    next_values: Tensor,
    gamma: float,
    gae_lambda: float,
) -> tuple[Tensor, Tensor]:
    """Let the critic read the values from what is seen."""
    ends = {"done": terminated | truncated, "terminated": terminated, "truncated": truncated}
    following = {"values": next_values, "reward": rewards, **ends}
    data = TensorDict({"values": values, "next": following}, rewards.shape[:-1])
    GAE(gamma=gamma, lmbda=gae_lambda, value_network=CRITIC)(data)
    return data["advantage"], data["value_target"]


def _actor_terms(kind: type[PPOLoss], new: Tensor, old: Tensor, advantages: Tensor, **settings: Any) -> Any:
    """Return what a loss without critic and entropy says of given log-probabilities."""
    loss = kind(_actor(Told, "told"), entropy_bonus=False, critic_coeff=0.0, **settings)
    return _losses(loss, observation=new, old_log_probs=old, advantage=advantages.unsqueeze(-1))


def _normalised(advantages: Tensor) -> Tensor:
    """Return the gain of each row where every ratio is 1."""
    settings = dict(normalize_advantage=True, reduction="none")
    same = torch.zeros(len(advantages))
    return -_actor_terms(ClipPPOLoss, same, same, advantages, **settings)["loss_objective"]


def _ratios(new: Tensor, old: Tensor) -> Tensor:
    """Return the loss of each row for an advantage of -1, unclipped."""
    return _actor_terms(PPOLoss, new, old, -torch.ones(len(new)), reduction="none")["loss_objective"]


def _actor_loss(new: Tensor, old: Tensor, advantages: Tensor, clip_eps: float) -> Tensor:
    return _actor_terms(ClipPPOLoss, new, old, advantages, clip_epsilon=clip_eps)["loss_objective"]


def _kl(new: Tensor, old: Tensor) -> Tensor:
    return _actor_terms(ClipPPOLoss, new, old, torch.ones(len(new)))["kl_approx"]


def _clip_fraction(new: Tensor, old: Tensor, clip_eps: float) -> Tensor:
    return _actor_terms(ClipPPOLoss, new, old, torch.ones(len(new)), clip_epsilon=clip_eps)["clip_fraction"]


def _critic_terms(values: Tensor, returns: Tensor, clip_value: float | None = None, **entries: Tensor) -> Any:
    rows = dict(values=values, value_target=returns, advantage=torch.zeros_like(values), **entries)
    return _losses(
        ClipPPOLoss(_actor(), CRITIC, clip_value=clip_value), observation=torch.zeros(len(values), 3), **rows
    )


def _value_loss(values: Tensor, returns: Tensor, old_values: Tensor, value_clip: float) -> Tensor:
    return _critic_terms(values, returns, clip_value=value_clip, state_value=old_values)["loss_critic"]


def _explained_variance(values: Tensor, returns: Tensor) -> Tensor:
    return _critic_terms(values, returns)["explained_variance"]


def _entropy(logits: Tensor) -> Tensor:
    """Return what the loss is lessened by; the entry "entropy" beside it is for the log, and has no graph."""
    loss = ClipPPOLoss(_actor(), critic_coeff=0.0, entropy_coeff=1.0)
    return -_losses(loss, observation=logits, advantage=torch.zeros(len(logits), 1))["loss_entropy"]


def _log_probs(logits: Tensor, actions: Tensor) -> Tensor:
    return _actor().get_dist(TensorDict({"observation": logits}, [len(logits)])).log_prob(actions)


def _drawn(logits: Tensor) -> tuple[Tensor, Tensor]:
    actor = _actor()
    with set_exploration_type(ExplorationType.RANDOM):
        rows = actor(TensorDict({"observation": logits}, [len(logits)]))
    return rows["action"], rows[actor.log_prob_keys[0]]


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
    loss = ClipPPOLoss(_actor(), CRITIC, clip_epsilon=clip_eps, critic_coeff=vf_coef, entropy_coeff=ent_coef)
    rows = dict(values=values, action=actions, advantage=advantages, value_target=returns)
    found = _losses(loss, observation=logits, old_log_probs=old_log_probs, **rows)
    terms = [found[name] for name in ("loss_objective", "loss_critic", "loss_entropy") if name in found.keys()]
    return torch.stack(terms).sum()


@cache
def _buffer(rows: int, size: int) -> ReplayBuffer:
    """Return the buffer that sees one rollout after the other."""
    return ReplayBuffer(storage=LazyTensorStorage(rows), sampler=SamplerWithoutReplacement(), batch_size=size)


TABLE = "obs actions old_log_probs advantages returns old_values"
PLAYED = "obs actions rewards old_log_probs old_values advantages returns"


def _minibatches(*given: Any) -> Iterator[tuple[Tensor, ...]]:
    """Put the rows of a rollout in the place of those before, and go over them, once for each epoch."""
    *table, size, epochs = given
    rows = TensorDict(dict(zip(TABLE.split(), table, strict=True)), table[1].shape).reshape(-1)
    buffer = _buffer(len(rows), size)
    buffer.extend(rows)
    for _ in range(epochs):
        for batch in buffer:
            yield tuple(batch[name] for name in TABLE.split())


def _played(make_env: Callable[[], gymnasium.Env], num_steps: int) -> tuple[Tensor, ...]:
    world = GymWrapper(make_env(), categorical_action_encoding=True)
    actor = _actor(net=nn.Linear(1, 3))
    with warnings.catch_warnings():
        # about a default that is to change in 0.15, and concerns policies with a memory
        warnings.filterwarnings("ignore", "The env passed to Collector is missing transforms", FutureWarning)
        collector = Collector(world, actor, frames_per_batch=num_steps, total_frames=num_steps)
    (rows,) = collector
    collector.shutdown()
    critic = TensorDictModule(nn.Linear(1, 1), in_keys=["observation"], out_keys=["state_value"])
    GAE(gamma=0.99, lmbda=0.95, value_network=critic)(rows)
    paid, taken, log_probs = rows["next", "reward"], rows["action"], rows[actor.log_prob_keys[0]]
    table = (rows["observation"], taken, paid, log_probs, rows["state_value"], rows["advantage"], rows["value_target"])
    return tuple(tensor.clone() for tensor in table)


SUBJECT = Subject(
    name="TorchRL",
    version=version("torchrl"),
    notes=" ".join(NOTES.split()),
    advantages=part(
        _advantages,
        "rewards values terminated truncated next_values gamma gae_lambda",
        "advantages returns",
        rows="N T 1",
    ),
    normalise=part(_normalised, "advantages"),
    log_probs=part(_log_probs, "logits actions"),
    entropy=part(_entropy, "logits", "entropy"),
    sample=part(_drawn, "logits", "actions log_probs"),
    ratios=part(_ratios, "new_log_probs old_log_probs"),
    actor_loss=part(_actor_loss, "new_log_probs old_log_probs advantages clip_eps"),
    value_loss=part(_value_loss, "values returns old_values value_clip", rows="B 1"),
    loss=part(
        _loss,
        "logits values actions old_log_probs advantages returns clip_eps vf_coef ent_coef",
        values="B 1",
        advantages="B 1",
        returns="B 1",
    ),
    kl=part(_kl, "new_log_probs old_log_probs"),
    clip_fraction=part(_clip_fraction, "new_log_probs old_log_probs clip_eps"),
    explained_variance=part(_explained_variance, "values returns", rows="B 1", explained_variance="1"),
    minibatches=part(_minibatches, f"{TABLE} minibatch_size epochs", TABLE, rows="N T"),
    rollout=part(
        _played,
        "make_env num_steps",
        PLAYED,
        rewards="B 1",
        old_values="B 1",
        advantages="B 1",
        returns="B 1",
    ),
)

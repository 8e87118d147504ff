"""The hyper-parameters of a PPO training run. They stand here and nowhere else."""

import math
from dataclasses import dataclass

from ppo_lessons.guards.fields import is_number, is_whole, make_plain, suggest_names


@suggest_names
@dataclass(frozen=True, kw_only=True)
class PPOConfig:
    """All numbers that steer a training run. The defaults are the settings that `benchmarks/` shows to be good.

    Raises:
        ValueError: If a field is outside its range.
        TypeError: If there is no such field; the one that was probably meant is named.
    """

    num_envs: int = 128
    """Copies of the world that are played at once, E, 1 or more."""
    num_steps: int = 8
    """Length of a rollout, T, 1 or more."""
    epochs: int = 4
    """Passes over the rows of one rollout, 1 or more."""
    minibatch_size: int = 2048
    """Rows in a mini-batch, 2 or more. The default splits a rollout of the standard case, 8 x 128 x 4 rows, in two. As
    large as the rollout: no mini-batches, which the MAPPO paper advises."""
    learning_rate: float = 5e-3
    """Step size of Adam, above 0."""
    anneal_cycles: int | None = None
    """If given: the step size falls in a straight line and reaches 0 after so many cycles, 1 or more."""
    gamma: float = 0.95
    """Discount of a reward one step later, 0 to 1."""
    gae_lambda: float = 0.75
    """0: trust the critic after one step; 1: trust only the rewards. 0 to 1."""
    clip_eps: float = 0.2
    """How far from 1 a ratio may go before a row that went the right way stops pushing, above 0."""
    vf_coef: float = 1.0
    """Weight of the value loss (mean squared error) in the total, 0 or more."""
    ent_coef: float = 0.025
    """Weight of the entropy in the total, 0 or more."""
    max_grad_norm: float = 1.0
    """The gradient of all parameters together is shortened to this length, above 0."""
    target_kl: float | None = None
    """If given: the update ends, before the next step, once approx_kl is above 1.5 times this; above 0."""
    advantage_normalisation: bool = True
    """Whether advantages get mean 0 and standard deviation 1 in each mini-batch."""
    team_credit: bool = True
    """Whether a fallen agent is credited with what its team gains after its fall."""
    hidden_size: int = 64
    """Width of both hidden layers, 1 or more."""
    shared_trunk: bool = True
    """Whether actor and critic share the hidden layers."""
    critic: str = "own"
    """What the critic sees: "own", what its agent sees (IPPO), or "team", the whole team (MAPPO), which asks for
    shared_trunk False."""
    value_normalisation: bool = False
    """Whether the critic learns returns in units of their running spread."""
    value_clip: float | None = None
    """If given: how far a value may go from the old one before the loss no longer pushes it further, above 0."""
    seed: int = 0
    """Seeds weights, worlds, actions and shuffles, each with a generator of its own; 0 or more."""

    def __post_init__(self) -> None:
        """Refuse every field that is outside its range; numbers of numpy and torch become plain ones."""
        make_plain(self)
        for name in ("num_envs", "num_steps", "epochs", "hidden_size"):
            self._require(name, is_whole(getattr(self, name), 1), "a whole number, 1 or more")
        self._require("minibatch_size", is_whole(self.minibatch_size, 2), "a whole number, 2 or more")
        self._require("seed", is_whole(self.seed, 0), "a whole number, 0 or more")
        for name in ("learning_rate", "clip_eps", "max_grad_norm"):
            value = getattr(self, name)
            self._require(name, is_number(value) and 0 < value < math.inf, "above 0 and finite")
        for name in ("vf_coef", "ent_coef"):
            value = getattr(self, name)
            self._require(name, is_number(value) and 0 <= value < math.inf, "0 or more and finite")
        for name in ("gamma", "gae_lambda"):
            value = getattr(self, name)
            self._require(name, is_number(value) and 0 <= value <= 1, "0 to 1")
        limit = self.target_kl is None or (is_number(self.target_kl) and 0 < self.target_kl < math.inf)
        self._require("target_kl", limit, "None, or above 0")
        whole = self.anneal_cycles is None or is_whole(self.anneal_cycles, 1)
        self._require("anneal_cycles", whole, "None, or a whole number, 1 or more")
        clip = self.value_clip is None or (is_number(self.value_clip) and 0 < self.value_clip < math.inf)
        self._require("value_clip", clip, "None, or above 0 and finite")
        self._require("critic", self.critic in ("own", "team"), '"own" or "team"')
        alone = self.critic == "own" or self.shared_trunk is False
        self._require("shared_trunk", alone, "False with a critic of the whole team: it sees what the actor may not")
        for name in ("advantage_normalisation", "team_credit", "shared_trunk", "value_normalisation"):
            self._require(name, isinstance(getattr(self, name), bool), "True or False")

    def _require(self, name: str, holds: bool, rule: str) -> None:
        if not holds:
            raise ValueError(f"{name} must be {rule}. Got {getattr(self, name)!r}")

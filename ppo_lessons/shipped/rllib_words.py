"""Our settings in RLlib's words: what is said to its PPO so that it does what ours does, as far as it can.

Nothing of RLlib is needed to read this; `in_rllib` says it to RLlib. The other libraries: docs/names.md.
"""

import math
from collections.abc import Callable
from typing import Any, NamedTuple

from ppo_lessons.config import PPOConfig

VERSION = "2.60.0"
"""Of Ray, whose source these words were read in, and with which they are tested."""


class Word(NamedTuple):
    """One setting of RLlib."""

    ours: str | None
    """The field of `PPOConfig` from which it follows; None: we have no such thing, and it is switched off."""
    theirs: str
    part: str
    """The method of RLlib's config that takes it; "model": a field of its `DefaultModelConfig`."""
    value: Callable[[PPOConfig, int], Any]
    """From our settings, and the number of agents in a team."""
    differs: str = ""


def _same(ours: str, theirs: str, part: str = "training", differs: str = "") -> Word:
    return Word(ours, theirs, part, lambda config, agents: getattr(config, ours), differs)


def _minibatch(config: PPOConfig, agents: int) -> int:
    wanted = math.ceil(config.minibatch_size * (config.num_steps + 1) / config.num_steps)
    return min(wanted, config.num_envs * config.num_steps * agents)  # more is refused there


WORDS = (
    _same("num_envs", "num_envs_per_env_runner", "env_runners"),
    Word(
        "num_steps",
        "train_batch_size_per_learner",
        "training",
        lambda config, agents: config.num_envs * config.num_steps * agents,
        "counts what living agents did, so that a rollout in which some fall is a few steps longer",
    ),
    _same("epochs", "num_epochs"),
    Word(
        "minibatch_size",
        "minibatch_size",
        "training",
        _minibatch,
        "each agent's piece of a case has one row more there, which is masked; every piece that ends early adds one",
    ),
    _same("learning_rate", "lr"),
    _same("gamma", "gamma"),
    _same("gae_lambda", "lambda_"),
    _same("clip_eps", "clip_param"),
    _same("vf_coef", "vf_loss_coeff"),
    Word(None, "vf_clip_param", "training", lambda *_: math.inf, "10 by default: it cuts the squared error itself"),
    _same("ent_coef", "entropy_coeff"),
    Word(None, "use_kl_loss", "training", lambda *_: False, "True by default: a penalty, beside the clip"),
    _same("max_grad_norm", "grad_clip"),
    Word(None, "grad_clip_by", "training", lambda *_: "global_norm", "all parameters together, as here"),
    Word(
        None,
        "count_steps_by",
        "multi_agent",
        lambda *_: "agent_steps",
        '"env_steps" by default: a batch would have as many rows for each agent',
    ),
    Word("hidden_size", "fcnet_hiddens", "model", lambda config, agents: [config.hidden_size] * 2),
    Word(None, "fcnet_activation", "model", lambda *_: "relu", '"tanh" by default'),
    _same("shared_trunk", "vf_share_layers", "model"),
    _same("seed", "seed", "debugging", "draws other numbers"),
)

WITHOUT_WORD = {
    "anneal_cycles": None,
    "target_kl": None,
    "advantage_normalisation": True,
    "team_credit": False,
    "critic": "own",
    "value_normalisation": False,
    "value_clip": None,
}
"""Fields of `PPOConfig` for which there is no word here, and what they must be so that none is missing."""


def in_rllibs_words(config: PPOConfig, agents: int = 4) -> dict[str, dict[str, Any]]:
    """Return our settings as RLlib wants to be told them.

    Args:
        config: Ours.
        agents: In a team.

    Returns:
        Part of RLlib's config -> name -> value.

    Raises:
        ValueError: If RLlib has no word for one of them.
    """
    for name, needed in WITHOUT_WORD.items():
        if (value := getattr(config, name)) != needed:
            raise ValueError(f"RLlib has no word for {name}; it must be {needed!r} to compare. Got {value!r}")
    parts: dict[str, dict[str, Any]] = {}
    for word in WORDS:
        parts.setdefault(word.part, {})[word.theirs] = word.value(config, agents)
    return parts

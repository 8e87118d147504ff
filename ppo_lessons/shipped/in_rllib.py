"""The Spirit world under RLlib's PPO: one policy for the team, through RLlib's wrapper of PettingZoo.

`in_rllib(PPOConfig(team_credit=False), "stray").build_algo()` is an algorithm of RLlib's; its `train()` is one cycle.
`rllib_player` lets its policy play in our `evaluate`.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from ray.rllib.algorithms.ppo import PPO
from ray.rllib.algorithms.ppo import PPOConfig as RLlibConfig
from ray.rllib.core.rl_module.default_model_config import DefaultModelConfig
from ray.rllib.core.rl_module.rl_module import RLModule
from ray.rllib.env.wrappers.pettingzoo_env import ParallelPettingZooEnv

from ppo_lessons.config import PPOConfig
from ppo_lessons.shipped.rllib_words import in_rllibs_words
from ppo_lessons.spirit_world.cases import Case, get_case
from ppo_lessons.spirit_world.env import SpiritWorld
from ppo_lessons.spirit_world.parallel_env import SpiritParallelEnv
from ppo_lessons.spirit_world.players import Player

TEAM = "team"
"""The name of the one policy that all agents share."""


class SpiritInRLlib(ParallelPettingZooEnv):
    """The Spirit world in RLlib's wrapper, which is told how a case ends.

    By itself the wrapper (Ray 2.60.0) says that a case is over only if everybody who acted fell or won, or everybody
    was cut off: where some fall in the very step in which the time is up, it says nothing, and the next step fails.

    Args:
        settings: "case": name of a preset, or a case; "limit_is_death": False says of a time limit only that the case
            was cut off, which RLlib then bootstraps; True says it of each agent as well, as the wrapper does, and RLlib
            takes an end of all agents for a termination, whatever ended them.
    """

    def __init__(self, settings: Mapping[str, Any]) -> None:
        """Make the world."""
        super().__init__(SpiritParallelEnv(settings["case"]))
        self._limit_is_death = settings.get("limit_is_death", False)

    def step(self, action_dict: Mapping[str, Any]) -> tuple[dict, dict, dict, dict, dict]:
        """Play one step; observations, rewards, terminations, truncations and infos by agent."""
        obs, rewards, terminated, truncated, infos = super().step(action_dict)
        cut_off = any(truncated.values())
        if cut_off and not self._limit_is_death:
            truncated = {}
        truncated["__all__"] = cut_off
        return obs, rewards, terminated, truncated, infos


def in_rllib(config: PPOConfig, case: str | Case = "standard", *, limit_is_death: bool = False) -> RLlibConfig:
    """Return RLlib's config that does what ours does, as far as it can; everything is played in this process.

    Args:
        config: Ours.
        case: Name of a preset, or a case.
        limit_is_death: Whether RLlib is left to take a time limit for a termination; see `SpiritInRLlib`.

    Returns:
        RLlib's config; `build_algo()` makes an algorithm of it.

    Raises:
        ValueError: If RLlib has no word for a setting, or the case is not known.
    """
    parts = in_rllibs_words(config, get_case(case).num_detectives)
    return (
        RLlibConfig()
        .environment(SpiritInRLlib, env_config={"case": case, "limit_is_death": limit_is_death})
        .env_runners(num_env_runners=0, **parts["env_runners"])
        .training(**parts["training"])
        .rl_module(model_config=DefaultModelConfig(**parts["model"]))
        .multi_agent(policies={TEAM}, policy_mapping_fn=lambda *_, **__: TEAM, **parts["multi_agent"])
        .debugging(log_level="ERROR", **parts["debugging"])
    )


def rllib_player(algorithm: PPO, *, seed: int = 0) -> Player:
    """Let a policy of RLlib's play, with random numbers of its own.

    Args:
        algorithm: Its policy plays as it is at that moment.
        seed: Seeds the draws of the actions.

    Returns:
        A player for `evaluate`.
    """
    generator, module = torch.Generator().manual_seed(seed), algorithm.get_module(TEAM)

    def play(world: SpiritWorld) -> np.ndarray:
        logits = logits_of(module, world.obs.reshape(-1, world.obs_size))
        return torch.multinomial(logits.softmax(dim=-1), 1, generator=generator).reshape(world.acting.shape).numpy()

    return play


def logits_of(module: RLModule, obs: np.ndarray) -> torch.Tensor:
    """Return what a module of RLlib's makes of observations (B, D): logits (B, N), without gradient."""
    with torch.no_grad():
        return module.forward_inference({"obs": torch.from_numpy(obs)})["action_dist_inputs"]


def decisions_of(result: Mapping[str, Any]) -> int:
    """Return how many actions living agents have chosen so far, from what `train()` returned."""
    return int(result["env_runners"]["num_module_steps_sampled_lifetime"][TEAM])

"""The network that a world and a config ask for: made, or held against them."""

from typing import Any

from ppo_lessons.action_kinds import ONE_CHOICE
from ppo_lessons.actor_critic import ActorCritic
from ppo_lessons.agent_kinds import make_network
from ppo_lessons.config import PPOConfig
from ppo_lessons.team_env import TeamEnv
from ppo_lessons.team_view import team_size


def fresh_policy(env: TeamEnv, config: PPOConfig, seed: int) -> ActorCritic:
    """Return a network for this world, as the config asks for it, with first weights from this seed."""
    return make_network(
        env.obs_size,
        env.num_actions,
        config.hidden_size,
        shared_trunk=config.shared_trunk,
        team_size=_team_size(env, config),
        value_normalisation=config.value_normalisation,
        **_asked_by(env),
        seed=seed,
    )


def _asked_by(env: TeamEnv) -> dict[str, Any]:
    """Return what a world that asks for more than one action out of N says of it; the others say nothing."""
    return {"action_kind": getattr(env, "action_kind", ONE_CHOICE), "num_kinds": getattr(env, "num_kinds", 1)}


def _team_size(env: TeamEnv, config: PPOConfig) -> int | None:
    return team_size(env.num_agents, env.obs_size) if config.critic == "team" else None


def require_fit(policy: ActorCritic, env: TeamEnv, config: PPOConfig) -> None:
    """Refuse a network that does not fit a world, or is not the one that the config asks for.

    Raises:
        ValueError: With what is asked for, and what was got.
    """
    sizes, want = (policy.obs_size, policy.num_actions), (env.obs_size, env.num_actions)
    if sizes != want:
        raise ValueError(f"The policy must have (obs_size, num_actions) = {want}. Got {sizes}")
    asked_by, is_so = _asked_by(env), {name: getattr(policy, name) for name in ("action_kind", "num_kinds")}
    if is_so != asked_by:
        raise ValueError(f"The policy must act as the world asks, {asked_by}. Got {is_so}")
    critic, asked = (
        {"team_size": size, "value_normalisation": normalised}
        for size, normalised in (
            (policy.team_size, policy.value_normalisation),
            (_team_size(env, config), config.value_normalisation),
        )
    )
    if critic != asked:
        raise ValueError(f"The policy's critic must be the one of the config, {asked}. Got {critic}")

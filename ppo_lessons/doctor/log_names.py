"""What others call the vital signs of a run, and what this package calls them."""

VITAL_SIGNS: dict[str, tuple[str, ...]] = {
    "mean_return": (
        *("rollout/ep_rew_mean", "charts/episodic_return", "team_return"),
        *("episodic_return", "episode_return", "episode_reward", "ep_rew_mean", "ep_ret"),
    ),
    "survival": (),
    "entropy": ("train/entropy_loss", "losses/entropy"),
    "approx_kl": ("train/approx_kl", "losses/approx_kl", "approxkl", "kl"),
    "clip_fraction": ("train/clip_fraction", "losses/clipfrac", "clipfrac", "clip_frac"),
    "explained_variance": ("train/explained_variance", "losses/explained_variance", "explained_var"),
    "value_loss": ("train/value_loss", "losses/value_loss", "critic_loss"),
    "actor_loss": ("train/policy_gradient_loss", "losses/policy_loss", "policy_loss", "pg_loss"),
    "grad_norm": (),
    "learning_rate": ("train/learning_rate", "charts/learning_rate", "lr"),
    "first_ratio": (),
    "actor_grad": (),
    "critic_grad": (),
    "step_grad": (),
    "num_rows": (),
    "rows_used": (),
    "std": ("train/std",),
    "episode_length": (
        *("rollout/ep_len_mean", "charts/episodic_length", "case_length"),
        *("episodic_length", "ep_len_mean"),
    ),
}
"""Our names, each with those of others, first Stable-Baselines3's, then CleanRL's, then plain ones. Where a log has
several names of one sign, ours is read, then the first.

`entropy` is in nats; that of choices is 0 or more. `first_ratio` is the largest |ratio - 1| of the first mini-batch.
`actor_grad`, `critic_grad` and `step_grad` are lengths of gradients as they reach the optimizer, of each head and of
all parameters, the last in units of the limit; `rows_used`: the share of a rollout's places that an epoch learns from.
`value_loss` is the mean square error, or half of it, as its author has it. Of no use here: CleanRL's
`losses/old_approx_kl`, an estimate that may be below 0; SB3's `train/loss`, a mini-batch alone, and `eval/...`; a plain
`entropy_loss`, whose sign nobody knows."""

STEPS = (
    *("time/total_timesteps", "total_timesteps", "global_step", "agent_steps", "timesteps", "num_timesteps"),
    *("env_steps", "steps", "step", "_step", "time/iterations", "cycle", "iteration", "update", "epoch"),
)
"""What others call the place of a row in the run: steps, better than numbers of cycles."""

MINUS = ("train/entropy_loss",)
"""Names of others for minus ours."""

_OURS = {theirs: ours for ours, names in VITAL_SIGNS.items() for theirs in (ours, *names)}


def our_name(theirs: str) -> str | None:
    """Return our name of a vital sign, whatever its capitals; None if it is not known."""
    return _OURS.get(theirs.strip().lower())


def is_known(theirs: str) -> bool:
    """Whether a name is that of a vital sign, or says where in the run a row stands."""
    return our_name(theirs) is not None or theirs.strip().lower() in STEPS


def rank(theirs: str) -> int:
    """Return how many names of the same thing are better than this one, which is known."""
    ours, name = our_name(theirs), theirs.strip().lower()
    return STEPS.index(name) if ours is None else (ours, *VITAL_SIGNS[ours]).index(name)


def sign(theirs: str) -> int:
    """Return 1, or -1 if it is minus what we call so."""
    return -1 if theirs.strip().lower() in MINUS else 1

"""The words for what a function takes and gives: one name per quantity, and the names that others use for it."""

from collections.abc import Iterable
from difflib import get_close_matches
from typing import NamedTuple


class Quantity(NamedTuple):
    """One input or output of somebody's function."""

    axes: str
    """rows: one number for each decision, (T, N) or (B,) as its part says; columns: (N,); K actions; "": one number."""
    means: str
    kind: str = "float"
    """float, flag, whole, or other (handed on as it is)."""


QUANTITIES = {
    "rewards": Quantity("rows", "reward of step t"),
    "values": Quantity("rows", "the critic's estimate before step t; of a row, the estimate now"),
    "terminated": Quantity("rows", "really over with step t", "flag"),
    "truncated": Quantity("rows", "only cut off with step t", "flag"),
    "dones": Quantity("rows", "terminated or truncated with step t", "flag"),
    "starts": Quantity("rows", "step t is the first of an episode: `dones`, shifted by one", "flag"),
    "acting": Quantity("rows", "step t was a decision of a living agent", "flag"),
    "final_values": Quantity("rows", "the critic's estimate of the final observation, where truncated"),
    "next_values": Quantity("rows", "the critic's estimate of what is seen after step t, before any reset"),
    "values_and_last": Quantity("rows", "`values`, and one step more: `last_values`"),
    "last_values": Quantity("columns", "the critic's estimate after the last row"),
    "last_dones": Quantity("columns", "the last step ended an episode: the flag that `starts` has no row for", "flag"),
    "gamma": Quantity("", "discount"),
    "gae_lambda": Quantity("", "lambda"),
    "obs": Quantity("rows D", "what was seen"),
    "actions": Quantity("rows", "what was chosen", "whole"),
    "logits": Quantity("rows K", "the actor's outputs"),
    "all_log_probs": Quantity("rows K", "log-probability of every action"),
    "probs": Quantity("rows K", "probability of every action"),
    "new_log_probs": Quantity("rows", "log-probability of the stored actions now"),
    "old_log_probs": Quantity("rows", "the same when they were taken"),
    "log_probs": Quantity("rows", "log-probability of these actions"),
    "log_ratios": Quantity("rows", "`new_log_probs - old_log_probs`"),
    "ratios": Quantity("rows", "the exponential of that"),
    "advantages": Quantity("rows", "advantages"),
    "returns": Quantity("rows", "what the critic should have said"),
    "old_values": Quantity("rows", "the critic's estimates at rollout time"),
    "entropies": Quantity("rows", "entropy of each row"),
    "entropy": Quantity("", "mean entropy"),
    "actor_loss": Quantity("", "the actor's loss"),
    "value_loss": Quantity("", "the critic's loss"),
    "total_loss": Quantity("", "what is minimised"),
    "kl": Quantity("", "how far the policy has moved"),
    "clip_fraction": Quantity("", "share of rows outside the interval"),
    "explained_variance": Quantity("", "share of the returns' variance that the critic foresaw"),
    "clip_eps": Quantity("", "half the width of the clip's interval"),
    "value_clip": Quantity("", "how far a value may go from the old one"),
    "vf_coef": Quantity("", "weight of the value loss"),
    "ent_coef": Quantity("", "weight of the entropy"),
    "learning_rate": Quantity("", "step size at the start"),
    "max_grad_norm": Quantity("", "longest gradient"),
    "num_rows": Quantity("", "rows of a rollout", "whole"),
    "minibatch_size": Quantity("", "rows of a mini-batch", "whole"),
    "epochs": Quantity("", "passes over the rows", "whole"),
    "cycle": Quantity("", "number of the update, from 0", "whole"),
    "cycles": Quantity("", "updates in all", "whole"),
    "index": Quantity("rows", "row numbers of a mini-batch", "whole"),
    "make_env": Quantity("", "makes a Gymnasium environment, for one agent", "other"),
    "make_team": Quantity("", "makes a PettingZoo ParallelEnv, for a team", "other"),
    "num_steps": Quantity("", "steps of a rollout", "whole"),
    "generator": Quantity("", "a torch.Generator", "other"),
    "loss": Quantity("", "a loss with a graph", "other"),
    "policy": Quantity("", "a torch.nn.Module", "other"),
    "parameters": Quantity("", "a list of its parameters", "other"),
    "optimizer": Quantity("", "a torch.optim.Optimizer over them", "other"),
}
"""Name -> what it is. A name of the flowchart is the field's standard term (`docs/glossary.md`)."""

ALSO = {
    "reward": "rewards", "rew": "rewards", "value": "values", "val": "values", "done": "dones",
    "terminations": "terminated", "truncations": "truncated",
    "terminateds": "terminated", "truncateds": "truncated", "episode_starts": "starts", "next_value": "last_values",
    "last_value": "last_values", "last_val": "last_values",
    "next_done": "last_dones", "last_done": "last_dones", "lam": "gae_lambda",
    "lambda_": "gae_lambda", "lmbda": "gae_lambda", "discount": "gamma", "adv": "advantages",
    "advantage": "advantages", "ratio": "ratios", "logratio": "log_ratios", "log_ratio": "log_ratios",
    "clip_coef": "clip_eps", "clip_range": "clip_eps", "clip_epsilon": "clip_eps", "clip_ratio": "clip_eps",
    "newlogprob": "new_log_probs", "new_logprobs": "new_log_probs",
    "new_log_prob": "new_log_probs", "old_logprobs": "old_log_probs", "old_log_prob": "old_log_probs",
    "logp_old": "old_log_probs",
    "newvalue": "values", "target": "returns", "targets": "returns", "return_": "returns", "ret": "returns",
    "action": "actions", "act": "actions",
    "policy_loss": "actor_loss", "pg_loss": "actor_loss", "critic_loss": "value_loss", "v_loss": "value_loss",
    "entropy_coef": "ent_coef", "value_coef": "vf_coef",
    "minibatch": "minibatch_size", "n_epochs": "epochs", "num_epochs": "epochs", "update": "cycle",
    "num_updates": "cycles", "lr": "learning_rate", "model": "policy", "net": "policy", "network": "policy",
}  # fmt: skip
"""Name that others use for a parameter -> ours, where the two mean the same. `eps` is none: it may be the clip's, or
what is added to a spread; nor is `logp`: it may be that of now."""
THE_LIST = "All of them stand in docs/doctor.md, and in ppo_lessons.doctor.quantities.QUANTITIES"


def words_of(text: str | Iterable[str]) -> tuple[str, ...]:
    """Split names that are written in one line (or take them from a list), and know the other names of each.

    Raises:
        ValueError: If one is no quantity.
    """
    text = text if isinstance(text, str) else " ".join(text)
    names = tuple(ALSO.get(word, word) for word in text.replace(",", " ").split())
    if unknown := [name for name in names if name not in QUANTITIES]:
        said = ", ".join(map(repr, unknown)) + (", which is no quantity" if len(unknown) == 1 else ", no quantities")
        near = [word for name in unknown for word in nearest(name)]
        meant = f" Did you mean {' or '.join(dict.fromkeys(near))}?" if near else ""
        raise ValueError(f"Got {said}.{meant} {THE_LIST}")
    return names


def nearest(name: str) -> list[str]:
    """Return the quantities whose names, or other names, look most like a word: the best one first, three at most."""
    return [ALSO.get(match, match) for match in get_close_matches(name.lower(), [*QUANTITIES, *ALSO], n=3)]

"""Facts about a loss that is one block: asked through its gradients, whatever stands inside."""

from typing import Any

import torch
from torch import Tensor

from ppo_lessons.doctor.facts.losses import CLIP, EPS, SILENT, SIX
from ppo_lessons.doctor.findings import Different, Fact, Outcome, Unfit, Wrong, given, is_close, shown
from ppo_lessons.doctor.subject import Asked

LOGITS = torch.tensor([[0.5, 0.0, -0.5], [0.0, 1.0, 0.0], [-1.0, 0.3, 0.2], [0.0, 0.0, 0.0], [1.0, 0.0, 0.0],
                       [0.2, 0.1, 0.0]])  # fmt: skip
ACTIONS = torch.tensor([0, 1, 2, 0, 1, 2])
ADVANTAGES = torch.tensor([1.0, -1.0, 2.0, -2.0, 0.5, -0.5])
"""Of mean 0, so that normalising changes their length alone."""
VALUES = torch.tensor([1.0, 2.0, 4.0, 0.0, 3.0, 5.0])
RETURNS = torch.tensor([2.0, 0.0, 3.0, 1.0, 3.5, 1.0])
FIRST = "At the policy that played, the gradient of -r A is that of -ln pi A (Schulman et al. 2017, section 2.1)"


def _slopes(ask: Asked, *, ratios: Tensor | None = None, advantages: Tensor = ADVANTAGES, vf: float = 0.0,
            ent: float = 0.0) -> tuple[Tensor, Tensor, Tensor]:  # fmt: skip
    """Return the total, and its slopes in logits and values."""
    logits, values = LOGITS.clone().requires_grad_(), VALUES.clone().requires_grad_()
    now = torch.log_softmax(LOGITS, dim=-1)[torch.arange(len(ACTIONS)), ACTIONS]
    old = now if ratios is None else now - ratios.log()
    found = ask(
        logits=logits,
        values=values,
        actions=ACTIONS,
        old_log_probs=old,
        advantages=advantages,
        returns=RETURNS,
        old_values=VALUES,
        clip_eps=EPS,
        value_clip=1e6,
        vf_coef=vf,
        ent_coef=ent,
    )
    total = found["total_loss"]
    if not total.requires_grad:
        return total, torch.zeros_like(logits), torch.zeros_like(values)
    by = torch.autograd.grad(total, (logits, values), allow_unused=True)
    slopes = (torch.zeros_like(x) if g is None else g for g, x in zip(by, (logits, values), strict=True))
    return (total.detach(), *slopes)  # type: ignore[return-value]


def _policy_gradient(advantages: Tensor = ADVANTAGES) -> Tensor:
    """Return the slope of -mean(ln pi A) in the logits: (pi - one-hot) A / B."""
    chances = LOGITS.softmax(dim=-1)
    chosen = torch.nn.functional.one_hot(ACTIONS, 3).float()
    return (chances - chosen) * advantages[:, None] / len(ACTIONS)


def _same_way(got: Tensor, right: Tensor) -> bool:
    length = got.norm() * right.norm()
    return float(length) > 0 and is_close((got * right).sum() / length, 1.0)


WORDS = f"six rows with advantages {shown(ADVANTAGES)}, vf_coef 0, ent_coef 0"


def first_gradient(ask: Asked) -> Outcome:
    """The gradient before the first step points along the policy gradient."""
    _, got, _ = _slopes(ask)
    right = _policy_gradient()
    if _same_way(got, right):
        return None
    hint = "No gradient reaches the policy." if not bool(got.any()) else ""
    hint = "It points the other way." if _same_way(-got, right) else hint
    return Wrong(
        f"{WORDS}, the policy that played", f"slopes of the first row {shown(got[0])}", f"along {shown(right[0])}", hint
    )


def six_cases(ask: Asked) -> Outcome:
    """The six rows of the clip, together: which of them still push, and which way."""
    ratios, advantages = torch.tensor([r for r, _ in SIX]), torch.tensor([a for _, a in SIX])
    _, got, _ = _slopes(ask, ratios=ratios, advantages=advantages)
    chosen = got[torch.arange(6), ACTIONS]
    right = torch.tensor([0.0 if case in SILENT else -case[1] for case in SIX])
    if is_close(torch.where(chosen.abs() < 1e-7, 0.0, chosen.sign()), right):
        return None
    words = given(ratios=ratios, advantages=advantages, clip_eps=EPS)
    return Wrong(words, f"slopes of the chosen logits {shown(chosen)}", f"the signs {shown(right)}")


def units(ask: Asked) -> Outcome:
    """Whether advantages in other units give the same gradient."""
    _, got, _ = _slopes(ask)
    _, large, _ = _slopes(ask, advantages=1000 * ADVANTAGES + 50)
    if is_close(got, large):
        return None
    return Different("Advantages are not normalised inside: it is done before, or not at all.")


def critic(ask: Asked) -> Outcome:
    """With vf_coef alone, every value is pulled towards its own return, and no logit moves."""
    _, base, _ = _slopes(ask)
    _, logits, got = _slopes(ask, vf=1.0)
    error = VALUES - RETURNS
    words = given(values=VALUES, returns=RETURNS, vf_coef=1)
    if not is_close(logits, base):
        return Wrong(words, "the critic's error moves the logits", "it moves values alone")
    if _same_way(got, error):
        return None
    if bool((got.sign() == error.sign()).all()):
        return Different("Far errors pull less than in proportion (Huber, smooth L1).")
    everything = VALUES - RETURNS.mean()
    hint = (
        "Every value is pulled to the mean of all returns: (B, 1) against (B,)." if _same_way(got, everything) else ""
    )
    return Wrong(words, f"slopes of the values {shown(got)}", f"along {shown(error)}", hint)


def apart(ask: Asked) -> Outcome:
    """The actor's loss leaves the values alone."""
    _, _, got = _slopes(ask)
    if not bool(got.any()):
        return None
    return Wrong(WORDS, f"slopes of the values {shown(got)}", "0: advantages are data")


def entropy(ask: Asked) -> Outcome:
    """With ent_coef, a step down the loss makes the policy less certain."""
    if "ent_coef" not in ask.takes:
        return Unfit("It takes no ent_coef.")
    _, base, _ = _slopes(ask)
    _, more, _ = _slopes(ask, ent=1.0)
    log_probs = torch.log_softmax(LOGITS, dim=-1)
    chances = log_probs.exp()
    entropies = -(chances * log_probs).sum(dim=-1, keepdim=True)
    right = chances * (log_probs + entropies) / len(ACTIONS)  # of -mean H
    got = more - base
    if _same_way(got, right):
        return None
    hint = "The sign is turned: it is paid for being certain." if _same_way(-got, right) else ""
    return Wrong("six rows, ent_coef 1", f"slopes of the first row {shown(got[0])}", f"along {shown(right[0])}", hint)


def _fact(name: str, says: str, because: str, lesson: str, probe: Any) -> Fact:
    return Fact(part="loss", name=name, says=says, because=because, lesson=lesson, probe=probe)


FACTS = (
    _fact("first gradient", "The first gradient is the policy gradient.", FIRST, "04_policy_gradient", first_gradient),
    _fact("six cases", "Two of six cases no longer push; the others do, and the right way.", CLIP, "08_clipping",
          six_cases),
    _fact("units of the advantages", "Advantages are normalised for each mini-batch.",
          "Their unit is arbitrary (Andrychowicz et al. 2020); MAPPO does it once a rollout", "11_full_update", units),
    _fact("critic", "The critic's error pulls each value towards its own return, and nothing else.",
          "the gradient of mean (V - R)^2 in V is 2 (V - R) / B", "09_value_loss", critic),
    _fact("actor and critic", "The actor's loss leaves the values alone.",
          "Advantages were reckoned before: they are data (Schulman et al. 2017, equation 7)", "05_detaching", apart),
    _fact("entropy", "The entropy is rewarded.", "- ent_coef H in what is minimised (Schulman et al. 2017, equation 9)",
          "10_entropy", entropy),
)  # fmt: skip

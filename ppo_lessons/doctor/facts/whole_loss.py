"""Facts about a loss that is one block: asked through its gradients, whatever stands inside."""

from typing import Any

import torch
from torch import Tensor

from ppo_lessons.doctor.facts.losses import CLIP, EPS, SIX
from ppo_lessons.doctor.facts.policy import NO_GRADIENT
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


def _slopes(
    ask: Asked,
    *,
    ratios: Tensor | None = None,
    advantages: Tensor = ADVANTAGES,
    vf: float = 0.0,
    ent: float = 0.0,
    clip_eps: float = EPS,
) -> tuple[Tensor, Tensor]:
    """Return the slopes of the total in logits and values."""
    logits, values = LOGITS.clone().requires_grad_(), VALUES.clone().requires_grad_()
    now = torch.log_softmax(LOGITS, dim=-1)[torch.arange(len(ACTIONS)), ACTIONS]
    found = ask(
        logits=logits,
        values=values,
        actions=ACTIONS,
        old_log_probs=now if ratios is None else now - ratios.log(),
        advantages=advantages,
        returns=RETURNS,
        old_values=VALUES,
        clip_eps=clip_eps,
        value_clip=1e6,
        vf_coef=vf,
        ent_coef=ent,
    )
    total = found["total_loss"]
    if not total.requires_grad:
        return torch.zeros_like(logits), torch.zeros_like(values)
    by = torch.autograd.grad(total, (logits, values), allow_unused=True)
    in_logits, in_values = (torch.zeros_like(x) if g is None else g for g, x in zip(by, (logits, values), strict=True))
    return in_logits, in_values


def _of_the_actor(ask: Asked, **point: Any) -> Tensor:
    """Return the slopes in the logits that are the actor's alone, whatever weight an entropy of its own has.

    What is left where no row pushes any more is the entropy's.
    """
    got, _ = _slopes(ask, **point)
    if "ent_coef" in ask.takes:
        return got
    advantages = point.get("advantages", ADVANTAGES)
    silent = torch.where(advantages > 0, 100.0, 0.01)
    return got - _slopes(ask, **{**point, "ratios": silent})[0]


def _policy_gradient(advantages: Tensor = ADVANTAGES) -> Tensor:
    """Return the slope of -mean(ln pi A) in the logits: (pi - one-hot) A / B."""
    chances = LOGITS.softmax(dim=-1)
    chosen = torch.nn.functional.one_hot(ACTIONS, 3).float()
    return (chances - chosen) * advantages[:, None] / len(ACTIONS)


def _same_way(got: Tensor, right: Tensor) -> bool:
    """Whether two gradients differ by their length alone."""
    if not float(got.norm()) > 0 or not float(right.norm()) > 0:
        return False
    return is_close(got / got.norm(), right / right.norm())


WORDS = given(logits=LOGITS, actions=ACTIONS, advantages=ADVANTAGES, vf_coef=0, ent_coef=0)


def first_gradient(ask: Asked) -> Outcome:
    """The gradient before the first step points along the policy gradient."""
    got, right = _of_the_actor(ask), _policy_gradient()
    if _same_way(got, right):
        return None
    hint = "" if bool(got.any()) else "No gradient reaches the policy."
    hint = "It points the other way." if _same_way(-got, right) else hint
    words = f"{WORDS}, old_log_probs of these logits"
    return _beside(words, got, right, hint)


def _beside(words: str, got: Tensor, right: Tensor, hint: str) -> Wrong:
    """Show the row in which two gradients differ most."""
    lengths = [max(float(some.norm()), 1e-12) for some in (got, right)]
    row = int((got / lengths[0] - right / lengths[1]).abs().sum(dim=-1).argmax())
    ours = right[row] * lengths[0] / lengths[1] if bool(got.any()) else right[row]
    return Wrong(words, f"slopes of row {row} {shown(got[row])}", f"along {shown(ours)}", hint)


OUTSIDE = [(r, a) for r in (0.79, 1.0, 1.21) for a in (1.0, -1.0)]
"""Just outside of an interval of 0.2, and inside of one that is a little wider."""


def six_cases(ask: Asked) -> Outcome:
    """The six rows of the clip, together: which of them still push, and which way."""
    takes_eps = "clip_eps" in ask.takes
    for cases, clip_eps in ((OUTSIDE, EPS), (OUTSIDE, 0.22)) if takes_eps else ((SIX, EPS),):
        ratios, advantages = torch.tensor([r for r, _ in cases]), torch.tensor([a for _, a in cases])
        got = _of_the_actor(ask, ratios=ratios, advantages=advantages, clip_eps=clip_eps)
        chosen = got[torch.arange(6), ACTIONS]
        silent = [abs(r - 1) > clip_eps and (r - 1) * a > 0 for r, a in cases]
        right = torch.where(torch.tensor(silent), 0.0, -advantages)
        if is_close(torch.where(chosen.abs() < 1e-6, 0.0, chosen.sign()), right):
            continue
        same = clip_eps != EPS and is_close(got, _of_the_actor(ask, ratios=ratios, advantages=advantages))
        hint = "clip_eps is taken, and has no effect." if same and first_gradient(ask) is None else ""
        words = given(logits=LOGITS, actions=ACTIONS, ratios=ratios, advantages=advantages, clip_eps=clip_eps)
        return Wrong(words, f"slopes of the chosen logits {shown(chosen)}", f"the signs {shown(right)}", hint)
    return None


def units(ask: Asked) -> Outcome:
    """Whether advantages in other units give the same gradient."""
    got = _of_the_actor(ask)
    if is_close(got, _of_the_actor(ask, advantages=1000 * ADVANTAGES + 50)):
        return None
    if is_close(got, _of_the_actor(ask, advantages=1000 * ADVANTAGES)):
        return Different("Advantages are divided by their spread, and their mean is not taken away.")
    return Different("Advantages are not normalised inside: it is done before, or not at all.")


def critic(ask: Asked) -> Outcome:
    """With vf_coef, every value is pulled towards its own return, and no logit moves."""
    base, _ = _slopes(ask)
    logits, got = _slopes(ask, vf=1.0)
    _, half = _slopes(ask, vf=0.5)
    error = VALUES - RETURNS
    words = f"{given(values=VALUES, returns=RETURNS)}, vf_coef 1"
    if not is_close(logits, base):
        return Wrong(words, "the critic's error moves the logits", "it moves values alone")
    if "vf_coef" in ask.takes and not is_close(half, got / 2):
        return Wrong(f"{words}, then 0.5", f"slopes of the values {shown(got)}, then {shown(half)}", "then the half")
    if _same_way(got, error):
        return None
    if bool((got.sign() == error.sign()).all()):
        return Different("Far errors pull less than in proportion (Huber, smooth L1).")
    mean = _same_way(got, VALUES - RETURNS.mean())
    hint = "Every value is pulled to the mean of all returns: (B, 1) against (B,)." if mean else ""
    hint = hint if bool(got.any()) else "No gradient reaches the values."
    return Wrong(words, f"slopes of the values {shown(got)}", f"along {shown(error)}", hint)


def apart(ask: Asked) -> Outcome:
    """The actor's loss leaves the values alone."""
    if "vf_coef" not in ask.takes:
        return Unfit("It takes no vf_coef: the critic's loss is always in it.")
    _, got = _slopes(ask)
    if not bool(got.any()):
        return None
    hint = "vf_coef is taken, and has no effect." if is_close(got, _slopes(ask, vf=1.0)[1]) else ""
    return Wrong(WORDS, f"slopes of the values {shown(got)}", "0: advantages are data", hint)


def entropy(ask: Asked) -> Outcome:
    """With ent_coef, a step down the loss makes the policy less certain."""
    log_probs = torch.log_softmax(LOGITS, dim=-1)
    chances = log_probs.exp()
    entropies = -(chances * log_probs).sum(dim=-1, keepdim=True)
    right = chances * (log_probs + entropies) / len(ACTIONS)  # of -mean H
    takes = "ent_coef" in ask.takes
    got = _slopes(ask, ent=1.0)[0] - _slopes(ask)[0] if takes else _slopes(ask)[0] - _of_the_actor(ask)
    if not takes and not bool((got.abs() > 1e-6).any()):
        return Unfit("It takes no ent_coef, and has no entropy inside.")
    if _same_way(got, right):
        return None
    hint = "The sign is turned: it is paid for being certain." if _same_way(-got, right) else ""
    hint = hint if bool(got.any()) else "No gradient comes from the entropy."
    words = given(logits=LOGITS, ent_coef=1) if takes else given(logits=LOGITS)
    return _beside(words, got, right, hint)


def _with_gradient(probe: Any) -> Any:
    return lambda ask: probe(ask) if ask.has_gradient else Unfit(NO_GRADIENT)


def _fact(name: str, says: str, because: str, lesson: str, probe: Any) -> Fact:
    return Fact(part="loss", name=name, says=says, because=because, lesson=lesson, probe=_with_gradient(probe))


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

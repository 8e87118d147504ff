"""Facts about the policy: what is drawn, how likely it was, how undecided it is, how far it has moved."""

import math
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.doctor.findings import Different, Fact, Outcome, Unfit, Wrong, given, is_close, shown
from ppo_lessons.doctor.subject import Asked

CHANCES = torch.tensor([0.5, 0.25, 0.25])
LOGITS = CHANCES.log()
ENTROPY = 1.5 * math.log(2)
"""Of these chances, worked out by hand: 0.5 ln 2 + 0.25 ln 4 + 0.25 ln 4."""
THREE = torch.tensor([[0.5, 0.25, 0.25], [0.1, 0.2, 0.7], [0.3, 0.6, 0.1]]).log()
CHOSEN, THEIRS = torch.tensor([1, 2, 0]), torch.tensor([0.25, 0.7, 0.3]).log()
"""Actions, and the log-probability of each in the policy of its own row."""
SHIFT = 7.0
NO_GRADIENT = "It is handed arrays of numpy, which have no gradient."
SOFTMAX = "pi(a) = exp(z_a) / sum exp(z): a constant added to all logits changes nothing"
SHANNON = "H = -sum p ln p, in nats (Shannon 1948, section 6)"
SCHULMAN = "r = pi_new(a) / pi_old(a) = exp(ln pi_new - ln pi_old) (Schulman et al. 2017, section 3)"
K3 = "KL(old || new) is never negative; mean(r - 1 - ln r) is an estimate that never is (Schulman 2020)"


def _policy(logits: Tensor) -> dict[str, Tensor]:
    """Return one policy in all the ways that a function may want it."""
    all_log_probs = torch.log_softmax(logits, dim=-1)
    return {"logits": logits, "all_log_probs": all_log_probs, "probs": all_log_probs.exp()}


def log_probs(ask: Asked) -> Outcome:
    """Each row's own action is looked up, in a policy whose logits need not be normalised."""
    for shift in (0.0, SHIFT):
        for rows in (1, 3):
            logits = THREE[:rows] + shift * torch.arange(rows).unsqueeze(-1)
            actions, right = CHOSEN[:rows], THEIRS[:rows]
            got = ask(**_policy(logits), actions=actions)["log_probs"].detach()
            if is_close(got, right):
                continue
            flattened = torch.log_softmax(logits.softmax(dim=-1), dim=-1)[torch.arange(rows), actions]
            hint = "softmax was taken twice." if is_close(got, flattened) else ""
            hint = "These are probabilities, not their logarithms." if is_close(got, right.exp()) else hint
            return Wrong(given(logits=logits, actions=actions), f"log_probs {shown(got)}", shown(right), hint)
    return None


def log_prob_gradient(ask: Asked) -> Outcome:
    """The slope of a log-probability in the logits: 1 for the chosen action, minus the chances of all."""
    if not ask.has_gradient:
        return Unfit(NO_GRADIENT)
    logits = THREE.clone().requires_grad_()
    got = slopes(ask(**_policy(logits), actions=CHOSEN)["log_probs"], logits)
    right = torch.eye(3)[CHOSEN] - THREE.exp()
    if is_close(got, right):
        return None
    hint = "" if bool(got.any()) else "No gradient at all: was it reckoned without a graph?"
    return Wrong(given(logits=THREE, actions=CHOSEN), f"slopes {shown(got)}", shown(right), hint)


def entropy_values(ask: Asked) -> Outcome:
    """A uniform policy has ln K, one with chances 1/2, 1/4, 1/4 has 1.04."""
    for logits, each in (
        (torch.zeros(1, 3), [math.log(3)]),
        (LOGITS[None], [ENTROPY]),
        (LOGITS[None] + SHIFT, [ENTROPY]),
        (torch.stack((torch.zeros(3), LOGITS)), [math.log(3), ENTROPY]),
    ):
        got = _entropies(ask, logits)
        want = torch.tensor(each)
        if is_close(got, want) or (got.dim() == 0 and is_close(got, want.mean())):
            continue
        hint = ""
        if is_close(-got, want) or (got.dim() == 0 and is_close(-got, want.mean())):
            hint = "The sign is turned."
        if len(each) > 1 and got.dim() == 0 and is_close(got, want.sum()):
            return Different("Entropies are summed over the rows, not averaged: its weight grows with the mini-batch.")
        for unit, words in ((math.log(2), "in bits"), (math.log(3), "a share of ln K, the highest that there is")):
            if is_close(got * unit, want):
                return Different(f"The entropy is {words}: its weight means {unit:.2f} times what it means in nats.")
        right = want.mean() if got.dim() == 0 else want
        return Wrong(given(logits=logits), f"entropy {shown(got)}", shown(right), hint)
    return None


def _entropies(ask: Asked, logits: Tensor) -> Tensor:
    found = ask(**_policy(logits))
    return (found["entropies"] if "entropies" in found else found["entropy"]).detach()


def certain(ask: Asked) -> Outcome:
    """A policy that is all but certain has an entropy of 0, and no NaN."""
    logits = torch.tensor([[200.0, 0.0, -200.0]])
    got = _entropies(ask, logits)
    return None if is_close(got.reshape(-1), [0.0]) else Wrong(given(logits=logits), f"entropy {shown(got)}", "0")


def entropy_gradient(ask: Asked) -> Outcome:
    """A step up the entropy makes a policy less certain: its slope in a logit is -p (ln p + H)."""
    if not ask.has_gradient:
        return Unfit(NO_GRADIENT)
    logits = LOGITS[None].clone().requires_grad_()
    found = ask(**_policy(logits))
    got = slopes(found["entropies"] if "entropies" in found else found["entropy"], logits)
    right = -CHANCES * (LOGITS + ENTROPY)
    if float(got.norm()) > 0 and is_close(got[0] / got.norm(), right / right.norm()):  # in whatever unit
        return None
    hint = "" if bool(got.any()) else "No gradient at all: it is shown, and has no effect."
    return Wrong(given(logits=LOGITS), f"slopes {shown(got[0])}", shown(right), hint)


def frequencies(ask: Asked) -> Outcome:
    """Of 8,000 draws from each of two policies each action has its share, to 5 standard deviations."""
    draws = 8000
    logits = torch.stack((LOGITS, torch.tensor([0.04, 0.06, 0.9]).log()))
    got = ask(logits=logits.repeat(draws, 1), generator=torch.Generator().manual_seed(1))["actions"].long()
    shares = torch.stack([torch.bincount(got[n::2], minlength=3)[:3] / draws for n in (0, 1)])
    right = logits.exp()
    if bool(((shares - right).abs() < 5 * (right * (1 - right) / draws).sqrt()).all()):
        return None
    likeliest = shares[0, 0] == 1 == shares[1, 2]
    hint = "It always takes the likeliest action: nothing is ever explored." if likeliest else ""
    hint = "One draw for all rows: each must have its own." if bool((got == got[0]).all()) else hint
    return Wrong(f"{draws} rows each of {given(logits=logits)}", f"shares {shown(shares)}", shown(right), hint)


def own_log_probs(ask: Asked) -> Outcome:
    """What is handed on with an action is the log-probability of this action."""
    if "log_probs" not in ask.gives:
        return Unfit("It gives no log-probabilities.")
    got = ask(logits=LOGITS.repeat(20, 1), generator=torch.Generator().manual_seed(2))
    actions, right = got["actions"].long(), LOGITS[got["actions"].long()]
    if is_close(got["log_probs"].detach(), right):
        return None
    return Wrong(
        given(logits=LOGITS, actions=actions[:3]), f"log_probs {shown(got['log_probs'][:3])}", shown(right[:3])
    )


def first_ratio(ask: Asked) -> Outcome:
    """Where the policy is still the one that played, every ratio is 1."""
    same = torch.tensor([-0.5, -1.5, -3.0])
    got = ask(new_log_probs=same, old_log_probs=same)["ratios"].detach()
    if is_close(got, torch.ones(3)):
        return None
    return Wrong(given(new_log_probs=same, old_log_probs=same), f"ratios {shown(got)}", "[1, 1, 1]")


def ratio(ask: Asked) -> Outcome:
    """An action that became twice as likely has the ratio 2."""
    new, old = torch.tensor([0.5, 0.25]).log(), torch.tensor([0.25, 0.5]).log()
    got = ask(new_log_probs=new, old_log_probs=old)["ratios"].detach()
    if is_close(got, [2.0, 0.5]):
        return None
    hint = {(0.5, 2.0): "It is upside down.", (1.0, 1.0): "Both are taken from the same policy."}
    rounded = tuple(round(float(each), 2) for each in got)
    return Wrong(given(new_log_probs=new, old_log_probs=old), f"ratios {shown(got)}", "[2, 0.5]", hint.get(rounded, ""))


def ratio_gradient(ask: Asked) -> Outcome:
    """The gradient goes to the new log-probabilities: the ratio's slope is the ratio itself."""
    if not ask.has_gradient:
        return Unfit(NO_GRADIENT)
    new, old = torch.tensor([0.5, 0.25]).log().requires_grad_(), torch.tensor([0.25, 0.5]).log()
    got = slopes(ask(new_log_probs=new, old_log_probs=old)["ratios"], new)
    if is_close(got, [2.0, 0.5]):
        return None
    hint = "" if bool(got.any()) else "No gradient at all: nothing is learned from these ratios."
    return Wrong(given(new_log_probs=new, old_log_probs=old), f"slopes {shown(got)}", "[2, 0.5]", hint)


def slopes(result: Tensor, of: Tensor) -> Tensor:
    """Return the gradient of the sum of a result; 0 where it has no graph."""
    if not result.requires_grad:
        return torch.zeros_like(of)
    (found,) = torch.autograd.grad(result.sum(), of, allow_unused=True)
    return torch.zeros_like(of) if found is None else found


def moved(new: Tensor, old: Tensor) -> dict[str, Tensor]:
    """Return log-probabilities in all the ways that a function may want them."""
    return {
        "new_log_probs": new,
        "old_log_probs": old,
        "log_ratios": new - old,
        "ratios": (new - old).exp(),
    }


def _kl(ask: Asked, new: Tensor, old: Tensor) -> Tensor:
    return ask(**moved(new, old))["kl"].detach()


def no_distance(ask: Asked) -> Outcome:
    """The same policy: no distance."""
    same = torch.tensor([-0.5, -1.5])
    got = _kl(ask, same, same)
    words = given(new_log_probs=same, old_log_probs=same)
    return None if is_close(got, 0.0) else Wrong(words, f"kl {shown(got)}", "0")


def never_negative(ask: Asked) -> Outcome:
    """Whatever the rows, the estimate is 0 or more."""
    for old, new in (([-1.0], [-0.9]), ([-1.0], [-1.1]), ([-1.0, -2.0], [-0.9, -2.0])):
        before, now = torch.tensor(old), torch.tensor(new)
        got = _kl(ask, now, before)
        if float(got) < -1e-6:
            if is_close(got, float((before - now).mean())):
                return Different("It is mean(-ln r), the estimate k1: right on average, and negative now and then.")
            return Wrong(given(new_log_probs=now, old_log_probs=before), f"kl {shown(got)}", "0 or more")
    return None


def true_distance(ask: Asked) -> Outcome:
    """Rows in exactly the shares of the old policy: an unbiased estimate is the distance itself."""
    new_chances = torch.tensor([0.4, 0.4, 0.2])
    rows = torch.tensor([0, 0, 1, 2])  # shares 1/2, 1/4, 1/4
    old, new = CHANCES.log()[rows], new_chances.log()[rows]
    got, right = _kl(ask, new, old), float((CHANCES * (CHANCES / new_chances).log()).sum())
    if is_close(got, right):
        return None
    other = float((new_chances * (new_chances / CHANCES).log()).sum())
    if is_close(got, other):
        return Different("It measures KL(new || old), the other direction.")
    half_square = float((new - old).square().mean() / 2)
    if is_close(got, half_square):
        return Different("It is mean(ln r squared) / 2: close for small steps, and never negative.")
    hint = "It sums over the rows." if is_close(got, len(rows) * right) else ""
    hint = "The sign is turned." if is_close(got, -right) else hint
    if is_close(got, float((torch.expm1(old - new) - (old - new)).mean())):
        hint = "Old and new are exchanged: this is right for rows that the new policy has drawn."
    words = f"{given(new_log_probs=new, old_log_probs=old)}: rows in the shares of the old chances {shown(CHANCES)}"
    return Wrong(words, f"kl {shown(got)}", shown(right), hint)


def _fact(part: str, name: str, says: str, because: str, lesson: str, probe: Any) -> Fact:
    return Fact(part=part, name=name, says=says, because=because, lesson=lesson, probe=probe)


FACTS = (
    _fact("log_probs", "look-up", "Each row's own action is looked up in softmax(logits).", SOFTMAX, "07_ratios",
          log_probs),
    _fact("log_probs", "gradient", "The gradient of a log-probability goes to the logits.",
          "d ln pi(a) / d z_k = 1[k = a] - pi(k)", "07_ratios", log_prob_gradient),
    _fact("entropy", "values", "A uniform policy has the entropy ln K; the sign is plus.", SHANNON, "10_entropy",
          entropy_values),
    _fact("entropy", "a certain policy", "A certain policy has the entropy 0, and no NaN.", SHANNON, "10_entropy",
          certain),
    _fact("entropy", "gradient", "The gradient of the entropy goes to the logits.",
          "d H / d z_k = -p_k (ln p_k + H), from the definition of H", "10_entropy", entropy_gradient),
    _fact("sample", "frequencies", "Actions are drawn as often as the policy says.", SOFTMAX, "01_rollout",
          frequencies),
    _fact("sample", "log-probabilities", "What is stored with an action is its own log-probability.", SOFTMAX,
          "01_rollout", own_log_probs),
    _fact("ratios", "first ratio", "Before the first step every ratio is 1.", SCHULMAN, "07_ratios", first_ratio),
    _fact("ratios", "direction", "A ratio is new over old.", SCHULMAN, "07_ratios", ratio),
    _fact("ratios", "gradient", "The gradient goes to the new log-probabilities.", SCHULMAN, "07_ratios",
          ratio_gradient),
    _fact("kl", "the same policy", "The same policy is at distance 0.", K3, "07_ratios", no_distance),
    _fact("kl", "never negative", "A distance is never negative.", K3, "07_ratios", never_negative),
    _fact("kl", "the true distance", "On average it is the distance itself.", K3, "07_ratios", true_distance),
)  # fmt: skip

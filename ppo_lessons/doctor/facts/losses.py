"""Facts about the losses: the six cases of the clip, the critic's error and its shapes, the signs of the total."""

from typing import Any

import torch
from torch import Tensor

from ppo_lessons.doctor.facts.policy import moved, slopes
from ppo_lessons.doctor.findings import Different, Fact, Outcome, Unfit, Wrong, given, is_close, shown
from ppo_lessons.doctor.subject import Asked

EPS = 0.2
CLIP = "L = -mean(min(r A, clip(r, 1 - eps, 1 + eps) A)) (Schulman et al. 2017, equation 7)"
TOTAL = "actor + vf_coef * critic - ent_coef * entropy, to be minimised (Schulman et al. 2017, equation 9)"
MSE = "the mean of (V - R)^2 over the rows (Schulman et al. 2017, equation 9)"
SIX = [(r, a) for r in (0.7, 1.0, 1.3) for a in (1.0, -1.0)]
"""Ratio and advantage; two of these rows no longer push: (0.7, -1) and (1.3, +1)."""
SILENT = ((0.7, -1.0), (1.3, 1.0))
TABLE = torch.tensor([0.7, 0.7, 1.0, 1.1, 1.3, 1.3]), torch.tensor([1.0, -1.0, 1.0, -1.0, 3.0, -2.0])
ON_TABLE = -0.4 / 3
"""By hand: -(0.7 - 0.8 + 1.0 - 1.1 + 3.6 - 2.6) / 6."""


def _actor(ask: Asked, ratios: Tensor, advantages: Tensor, clip_eps: float = EPS) -> tuple[Tensor, Tensor]:
    """Return the loss, and its slope in the logarithm of each ratio."""
    new, old = ratios.log().requires_grad_(), torch.zeros_like(ratios)
    loss = ask(**moved(new, old), advantages=advantages, clip_eps=clip_eps)["actor_loss"]
    return loss.detach(), slopes(loss, new)


def six_cases(ask: Asked) -> Outcome:
    """One row at a time: does it still push, and which way?"""
    for r, a in SIX:
        ratios, advantages = torch.tensor([r]), torch.tensor([a])
        _, got = _actor(ask, ratios, advantages)
        right = 0.0 if (r, a) in SILENT else -r * a
        if not is_close(got, [right]):
            hint = ""
            if right and is_close(got, [-right]):
                hint = "The sign is turned: what was good becomes rarer."
            if right and float(got) == 0:
                hint = (
                    "A row outside the interval on the wrong side must be pushed back." if r != 1 else "It is cut off."
                )
            if not right:
                hint = "It went far enough the way its advantage asked for."
            words = given(ratios=ratios, advantages=advantages, clip_eps=EPS)
            return Wrong(words, f"slope in ln r {shown(got)}", shown([right]), hint)
    return None


def on_the_table(ask: Asked) -> Outcome:
    """Six rows that tell the usual mistakes apart."""
    got, _ = _actor(ask, *TABLE)
    if is_close(got, ON_TABLE):
        return None
    if is_close(got, 6 * ON_TABLE):
        return Different("It sums over the rows and does not average: the step grows with the mini-batch.")
    known = {-0.25: "the larger of the two (max for min)", -1.1 / 6: "the clipped term alone", -0.2: "no clip",
             0.25: "the product is clamped, not the ratio", -ON_TABLE: "the sign is turned"}  # fmt: skip
    hint = next((f"This number says: {words}." for number, words in known.items() if is_close(got, number)), "")
    words = given(ratios=TABLE[0], advantages=TABLE[1], clip_eps=EPS)
    return Wrong(words, f"loss {shown(got)}", shown(ON_TABLE), hint)


def without_clip(ask: Asked) -> Outcome:
    """With a very wide interval nothing is clipped."""
    got, _ = _actor(ask, *TABLE, clip_eps=1e6)
    right = -(TABLE[0] * TABLE[1]).mean()
    if is_close(got, right) or is_close(got, 6 * right):
        return None
    return Wrong(f"{given(ratios=TABLE[0], advantages=TABLE[1])}, clip_eps 1e6", f"loss {shown(got)}", shown(right))


def first_gradient(ask: Asked) -> Outcome:
    """Where nothing has moved, the gradient is that of -log pi A."""
    ratios, advantages = torch.ones(2), torch.tensor([1.0, -3.0])
    _, got = _actor(ask, ratios, advantages)
    right = -advantages / 2
    if is_close(got, right) or is_close(got, 2 * right):  # averaged, or summed
        return None
    hint = "No gradient at all: are the old log-probabilities made of the new policy?" if not got.any() else ""
    return Wrong(given(ratios=ratios, advantages=advantages), f"slope in ln r {shown(got)}", shown(right), hint)


VALUES, RETURNS = torch.tensor([1.0, 2.0, 4.0]), torch.tensor([2.0, 0.0, 3.0])
"""Errors 1, 2, 1: the mean square is 2."""


def value_error(ask: Asked) -> Outcome:
    """Three rows with errors 1, 2 and 1."""
    got = _value(ask, VALUES, RETURNS).detach()
    pairs = (VALUES[:, None] - RETURNS[None, :]).square().mean()
    smooth = torch.nn.functional.smooth_l1_loss(VALUES, RETURNS)
    if is_close(got, 2.0):
        return None
    usual = {1.0: "half of the mean squared error: vf_coef means twice as much elsewhere",
             6.0: "the sum over the rows, not the mean", 3.0: "half of the sum over the rows",
             float(smooth): "smooth L1 (Huber): far errors pull no more than near ones",
             float(smooth) * 3: "the sum of smooth L1 (Huber)"}  # fmt: skip
    for number, words in usual.items():
        if is_close(got, number):
            return Different(f"The critic's loss is {words}.")
    hint = "Every value is compared with every return: (B, 1) against (B,)." if is_close(got, pairs) else ""
    hint = hint or ("Half of: every value against every return." if is_close(got, pairs / 2) else "")
    return Wrong(given(values=VALUES, returns=RETURNS), f"loss {shown(got)}", "2", hint)


def _value(ask: Asked, values: Tensor, returns: Tensor, old_values: Tensor | None = None, clip: float = 1e6) -> Tensor:
    old = values.detach().clone() if old_values is None else old_values
    return ask(values=values, returns=returns, old_values=old, value_clip=clip)["value_loss"]


def value_gradient(ask: Asked) -> Outcome:
    """Every value is pulled towards its own return, in proportion to its error or at least that way."""
    values = VALUES.clone().requires_grad_()
    got = slopes(_value(ask, values, RETURNS), values)
    right = values.detach() - RETURNS
    if bool((got.sign() == right.sign()).all()):
        return None
    words = given(values=VALUES, returns=RETURNS)
    return Wrong(words, f"slopes {shown(got)}", f"the signs of {shown(right)}")


def value_clip(ask: Asked) -> Outcome:
    """The larger of the two errors counts, with the clip and without."""
    if not {"value_clip", "old_values"} <= set(ask.takes):
        return Unfit("It clips no values.")
    scale = _value(ask, VALUES, RETURNS).detach() / 2  # 1, or a half by convention
    for value, old, want in ((3.0, 1.0, 1.0), (1.9, 1.0, 0.25)):  # a return of 2, a clip of 0.5
        values = torch.tensor([value])
        got = _value(ask, values, torch.tensor([2.0]), torch.tensor([old]), 0.5).detach()
        if not is_close(got, want * scale):
            words = f"{given(values=values, old_values=[old])}, returns [2], value_clip 0.5"
            return Wrong(words, f"loss {shown(got)}", shown(want * scale))
    return None


def _total(ask: Asked, actor: float, critic: float, entropy: float, vf: float, ent: float) -> float:
    scalars = {"actor_loss": actor, "value_loss": critic, "entropy": entropy}
    tensors = {name: torch.tensor(value) for name, value in scalars.items()}
    return float(ask(**tensors, vf_coef=vf, ent_coef=ent)["total_loss"])


def total(ask: Asked) -> Outcome:
    """Its slope in each coefficient is what the coefficient weighs."""
    point = dict(actor=-0.5, critic=2.0, entropy=1.5)
    base = _total(ask, **point, vf=0.5, ent=0.1)
    right = -0.5 + 0.5 * 2.0 - 0.1 * 1.5
    by_vf = _total(ask, **point, vf=1.5, ent=0.1) - base
    by_ent = _total(ask, **point, vf=0.5, ent=1.1) - base
    words = given(actor_loss=-0.5, value_loss=2.0, entropy=1.5, vf_coef=0.5, ent_coef=0.1)
    if is_close(by_ent, 1.5):
        hint = "The entropy counts with a plus: the policy is paid for being certain."
        return Wrong(words, f"total {shown(base)}", shown(right), hint)
    if is_close((by_vf, by_ent), (1.0, -1.5)):
        return Different("There is a half inside, before vf_coef.")
    if is_close((base, by_vf, by_ent), (right, 2.0, -1.5)):
        return None
    return Wrong(words, f"total {shown(base)}, by vf_coef {shown(by_vf)}, by ent_coef {shown(by_ent)}",
                 f"{shown(right)}, 2, -1.5")  # fmt: skip


def outside(ask: Asked) -> Outcome:
    """Two of four ratios are outside, one on each side."""
    ratios = torch.tensor([0.7, 1.0, 1.1, 1.3])
    got = ask(**moved(ratios.log(), torch.zeros(4)), clip_eps=EPS)["clip_fraction"].detach()
    if is_close(got, 0.5):
        return None
    return Wrong(given(ratios=ratios, clip_eps=EPS), f"clip_fraction {shown(got)}", "0.5")


def foreseen(ask: Asked) -> Outcome:
    """A perfect critic has 1, a constant one 0."""
    returns = torch.tensor([1.0, 2.0, 3.0])
    for values, right in ((returns, 1.0), (torch.full((3,), 2.0), 0.0), (torch.full((3,), 9.0), 0.0),
                          (returns / 2, 0.75), (-returns, -3.0)):  # fmt: skip
        got = ask(values=values, returns=returns)["explained_variance"]
        if not is_close(got, right):
            return Wrong(given(values=values, returns=returns), f"explained_variance {shown(got)}", shown(right))
    return None


def standard(ask: Asked) -> Outcome:
    """Mean 0 and standard deviation 1."""
    given_ = torch.tensor([1.0, 2.0, 3.0, 6.0])
    got = ask(advantages=given_)["advantages"].detach()
    right = (given_ - 3) / given_.std()
    if is_close(got, right):
        return None
    if is_close(got, (given_ - 3) / given_.std(correction=0)):
        return Different("It divides by the standard deviation over n, not over n - 1.")
    hint = "They come back as they were." if is_close(got, given_) else ""
    return Wrong(given(advantages=given_), shown(got), shown(right), hint)


def other_units(ask: Asked) -> Outcome:
    """Advantages in other units, or with something added, give the same."""
    advantages = torch.tensor([1.0, 2.0, 3.0, 6.0])
    got, want = ask(advantages=1000 * advantages + 50)["advantages"], ask(advantages=advantages)["advantages"]
    if is_close(got.detach(), want.detach()):
        return None
    return Wrong(given(advantages=1000 * advantages + 50), shown(got), shown(want))


def no_spread(ask: Asked) -> Outcome:
    """Equal advantages, or one alone, have no spread to divide by."""
    equal = ask(advantages=torch.full((3,), 2.0))["advantages"].detach()
    if not bool(torch.isfinite(equal).all()):
        return Wrong("advantages [2, 2, 2]", shown(equal), "finite numbers: add something small to the spread")
    alone = ask(advantages=torch.tensor([2.0]))["advantages"].detach()
    if bool(torch.isfinite(alone).all()):
        return None
    return Different("One row alone gives NaN: it must never be handed a mini-batch of one row.")


def _fact(part: str, name: str, says: str, because: str, lesson: str, probe: Any) -> Fact:
    return Fact(part=part, name=name, says=says, because=because, lesson=lesson, probe=probe)


NORMALISED = "Advantages are used relative to each other: their unit is arbitrary (Andrychowicz et al. 2020)"

FACTS = (
    _fact("normalise", "mean and spread", "Mean 0 and standard deviation 1, and these are what comes back.", NORMALISED,
          "11_full_update", standard),
    _fact("normalise", "other units", "The unit of the rewards does not matter.", NORMALISED, "11_full_update",
          other_units),
    _fact("normalise", "no spread", "Equal advantages stay finite.", NORMALISED, "11_full_update", no_spread),
    _fact("actor_loss", "six cases", "Two of six cases no longer push; the others do, and the right way.", CLIP,
          "08_clipping", six_cases),
    _fact("actor_loss", "value", "It is minus the mean of the smaller of the two.", CLIP, "08_clipping", on_the_table),
    _fact("actor_loss", "without a clip", "With a very wide interval it is -mean(r A).", CLIP, "08_clipping",
          without_clip),
    _fact("actor_loss", "first gradient", "The first gradient is the policy gradient.",
          "At r = 1, d r / d theta = d ln pi / d theta (Schulman et al. 2017, section 2.1)", "04_policy_gradient",
          first_gradient),
    _fact("value_loss", "error", "Each value is compared with its own return.", MSE, "09_value_loss", value_error),
    _fact("value_loss", "gradient", "Every value is pulled towards its own return.", MSE, "09_value_loss",
          value_gradient),
    _fact("value_loss", "clip", "With a clip, the larger of the two errors counts.",
          "max((V - R)^2, (clip(V, V_old - c, V_old + c) - R)^2) (Engstrom et al. 2020)", "09_value_loss", value_clip),
    _fact("total_loss", "signs and weights", "The critic's error is added, the entropy is taken away.", TOTAL,
          "10_entropy", total),
    _fact("clip_fraction", "both sides", "A ratio is outside above and below.", CLIP, "08_clipping", outside),
    _fact("explained_variance", "scale", "1 is perfect, 0 no better than a constant.",
          "1 - Var(R - V) / Var(R)", "09_value_loss", foreseen),
)  # fmt: skip

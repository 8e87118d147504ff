"""Facts about the losses: the six cases of the clip, the critic's error and its shapes, the signs of the total."""

import math
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.doctor.facts.policy import NO_GRADIENT, moved, slopes
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
ON_LOGS = -(0.7 - math.exp(-EPS) + 1.0 - 1.1 + 3 * math.exp(EPS) - 2.6) / 6
"""The same for an interval from exp(-eps) to exp(eps)."""
EACH_WITH_EACH = -(0.7 + 0.7 + 1.0 + 1.1 + 1.2 + 1.2) * 5 / 36 + (0.8 + 0.8 + 1.0 + 1.1 + 1.3 + 1.3) * 4 / 36
USUAL = (0.05, 0.1, 0.15, 0.25)
WIDE = 0.9
"""An interval in which the whole table lies, and below 1, so that 1 - eps has a logarithm."""


def _actor(ask: Asked, ratios: Tensor, advantages: Tensor, clip_eps: float = EPS) -> tuple[Tensor, Tensor]:
    """Return the loss, and its slope in the logarithm of each ratio."""
    new, old = ratios.log().requires_grad_(), torch.zeros_like(ratios)
    loss = ask(**moved(new, old), advantages=advantages, clip_eps=clip_eps)["actor_loss"]
    return loss.detach(), slopes(loss, new)


def six_cases(ask: Asked) -> Outcome:
    """One row at a time: does it still push, and which way?"""
    if not ask.has_gradient:
        return Unfit(NO_GRADIENT)
    for r, a in SIX:
        ratios, advantages = torch.tensor([r]), torch.tensor([a])
        _, got = _actor(ask, ratios, advantages)
        right = 0.0 if (r, a) in SILENT else -r * a
        if not is_close(got, [right]):
            hint = ""
            if right and is_close(got, [-right]):
                hint = "The sign is turned: what was good becomes rarer."
            if right and float(got) == 0:
                alive = bool(_actor(ask, torch.ones(1), torch.ones(1))[1].any())
                hint = "A row outside the interval on the wrong side must be pushed back." if alive else NOWHERE
            if not right:
                hint = "It went far enough the way its advantage asked for."
            if _normalises(ask):
                return Unfit(NORMALISES)
            words = given(ratios=ratios, advantages=advantages, clip_eps=EPS)
            return Wrong(words, f"slope in ln r {shown(got)}", shown([right]), hint)
    return None


NOWHERE = "No gradient at all: was it reckoned without a graph?"
NORMALISES = "It normalises the advantages inside: more can be asked of it without that line."


def _normalises(ask: Asked) -> bool:
    """Whether advantages make a difference to the loss, and their unit and what is added to them none."""
    ratios, advantages = torch.tensor([0.9, 1.0, 1.1]), torch.tensor([1.0, -2.0, 4.0])
    same, other = _actor(ask, ratios, 100 * advantages + 50)[0], _actor(ask, ratios, advantages.flip(0))[0]
    loss = _actor(ask, ratios, advantages)[0]
    return is_close(loss, same) and not is_close(loss, other)


def _surrogate(advantages: Tensor, clip_eps: float = EPS) -> Tensor:
    ratios = TABLE[0]
    return -torch.min(ratios * advantages, ratios.clamp(1 - clip_eps, 1 + clip_eps) * advantages).mean()


def on_the_table(ask: Asked) -> Outcome:
    """Six rows that tell the usual mistakes apart."""
    got, _ = _actor(ask, *TABLE)
    if is_close(got, ON_TABLE):
        return None
    if is_close(got, 6 * ON_TABLE):
        return Different("It sums over the rows and does not average: the step grows with the mini-batch.")
    known = {
        -0.25: "the larger of the two (max for min)",
        -1.1 / 6: "the clipped term alone, or the smaller of two means",
        -0.2: "no clip",
        0.25: "the product is clamped, not the ratio",
        -ON_TABLE: "the sign is turned",
        ON_LOGS: "ln r is clamped by eps, not r",
        EACH_WITH_EACH: "each ratio with each advantage, (B, 1) with (B,)",
    }
    hint = next((f"This number says: {words}." for number, words in known.items() if is_close(got, number)), "")
    own = [] if "clip_eps" in ask.takes else [eps for eps in USUAL if is_close(got, _surrogate(TABLE[1], eps))]
    if own:
        return Different(f"Its own clip_eps is {own[0]}.")
    if "clip_eps" not in ask.takes:
        hint = hint or f"It takes no clip_eps: the number is that of {EPS}."
    if _normalises(ask):
        apart = TABLE[1] - TABLE[1].mean()
        if any(is_close(got, _surrogate(apart / apart.std(correction=n))) for n in (0, 1)):
            return Different(NORMALISES)
        hint = "It normalises the advantages inside, and the number is not right for those, either."
    words = given(ratios=TABLE[0], advantages=TABLE[1], clip_eps=EPS)
    return Wrong(words, f"loss {shown(got)}", shown(ON_TABLE), hint)


def without_clip(ask: Asked) -> Outcome:
    """With a very wide interval nothing is clipped."""
    if "clip_eps" not in ask.takes:
        return Unfit("It takes no clip_eps.")
    got, _ = _actor(ask, *TABLE, clip_eps=WIDE)
    right = -(TABLE[0] * TABLE[1]).mean()
    if is_close(got, right) or is_close(got, 6 * right):
        return None
    hint = "clip_eps is taken, and has no effect." if is_close(got, _actor(ask, *TABLE)[0]) else ""
    if _normalises(ask):
        return Unfit(NORMALISES)
    words = given(ratios=TABLE[0], advantages=TABLE[1], clip_eps=WIDE)
    return Wrong(words, f"loss {shown(got)}", shown(right), hint)


def first_gradient(ask: Asked) -> Outcome:
    """Where nothing has moved, the gradient is that of -log pi A."""
    if not ask.has_gradient:
        return Unfit(NO_GRADIENT)
    ratios, advantages = torch.ones(2), torch.tensor([1.0, -3.0])
    _, got = _actor(ask, ratios, advantages)
    right = -advantages / 2
    if is_close(got, right) or is_close(got, 2 * right):  # averaged, or summed
        return None
    hint = "No gradient at all: are the old log-probabilities made of the new policy?" if not got.any() else ""
    if _normalises(ask):
        return Unfit(NORMALISES)
    words = given(ratios=ratios, advantages=advantages, clip_eps=EPS)
    return Wrong(words, f"slope in ln r {shown(got)}", shown(right), hint)


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
    if not ask.has_gradient:
        return Unfit(NO_GRADIENT)
    values = VALUES.clone().requires_grad_()
    got = slopes(_value(ask, values, RETURNS), values)
    right = values.detach() - RETURNS
    if bool((got.sign() == right.sign()).all()):
        return None
    hint = "" if bool(got.any()) else NOWHERE
    words = given(values=VALUES, returns=RETURNS)
    return Wrong(words, f"slopes {shown(got)}", f"the signs of {shown(right)}", hint)


def value_clip(ask: Asked) -> Outcome:
    """The larger of the two errors counts, with the clip and without: whatever an error weighs."""
    if not {"value_clip", "old_values"} <= set(ask.takes):
        return Unfit("It does not take value_clip and old_values.")
    wanted, values, before = torch.full((3,), 2.0), torch.tensor([3.0, 1.9, 0.0]), torch.tensor([1.0, 1.0, 3.0])
    near = torch.tensor([1.5, 1.5, 2.5])  # what a clip of 0.5 leaves: errors 1/2; without it 1, 1/10 and 2
    got = [_value(ask, values[n : n + 1], wanted[:1], before[n : n + 1], 0.5).detach() for n in range(3)]
    far, close = ([_value(ask, some[n : n + 1], wanted[:1]).detach() for n in range(3)] for some in (values, near))
    right = [max(pair) for pair in zip(far, close, strict=True)]
    words = given(values=values, old_values=before, returns=wanted, value_clip=0.5)
    if not is_close(got, right):
        hint = "The clipped error alone counts." if is_close(got, close) else ""
        hint = "The clip has no effect." if is_close(got, far) else hint
        hint = (
            "The smaller of the two counts."
            if is_close(got, [min(*pair) for pair in zip(far, close, strict=True)])
            else hint
        )
        return Wrong(f"{words}, one row at a time", f"losses {shown(got)}", shown(right), hint)
    together = _value(ask, values, wanted, before, 0.5).detach()
    whole = _value(ask, torch.tensor([3.0, 1.5, 0.0]), wanted).detach()
    if is_close(together, whole):
        return None
    return Wrong(words, f"loss {shown(together)}", shown(whole), "Each row by itself is right: the larger is a row's.")


POINT = {"actor_loss": -0.5, "value_loss": 2.0, "entropy": 1.5, "vf_coef": 0.5, "ent_coef": 0.1}


def _total(ask: Asked, **changes: float) -> float:
    tensors = {name: torch.tensor(number) for name, number in (POINT | changes).items() if name not in COEFFICIENTS}
    plain = {name: number for name, number in (POINT | changes).items() if name in COEFFICIENTS}
    return float(ask(**tensors, **plain)["total_loss"])


COEFFICIENTS = ("vf_coef", "ent_coef")


def total(ask: Asked) -> Outcome:
    """By how much it changes with each loss, and with each coefficient that it takes."""
    names = [name for name in ask.takes if name in POINT]
    base = _total(ask)
    got = {name: _total(ask, **{name: POINT[name] + 1}) - base for name in names}
    right = {"actor_loss": 1.0, "value_loss": 0.5, "entropy": -0.1, "vf_coef": 2.0, "ent_coef": -1.5}
    words = f"{given(**{name: POINT[name] for name in names})}, then 1 more of each alone"
    wrong = Wrong(words, f"it changes by {given(**got)}", given(**{name: right[name] for name in names}))
    if got.get("entropy", 0) > 0 or got.get("ent_coef", 0) > 0:
        hint = "The entropy counts with a plus: the policy is paid for being certain. "
        return wrong._replace(hint=hint + "If yours is handed minus the entropy, let the adapter turn the sign.")
    weighed = [name for name in names if name in COEFFICIENTS]
    ours = {"value_loss": "vf_coef", "entropy": "ent_coef"}
    free = [name for name in names if name in ours and ours[name] not in weighed]  # its own weight, whichever it is
    if all(is_close(got[name], right[name]) for name in names if name not in free):
        turned = [name for name in free if got[name] * right[name] <= 0]
        return wrong if turned else None
    half = {**right, "value_loss": 0.25, "vf_coef": 1.0}
    if weighed and all(is_close(got[name], half[name]) for name in names if name not in free):
        return Different("There is a half inside, before vf_coef.")
    return wrong


def _fact(part: str, name: str, says: str, because: str, lesson: str, probe: Any) -> Fact:
    return Fact(part=part, name=name, says=says, because=because, lesson=lesson, probe=probe)


FACTS = (
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
)  # fmt: skip

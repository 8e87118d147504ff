"""Facts about normalised advantages: their mean, their spread, and what becomes of those that have none."""

from typing import Any

import torch

from ppo_lessons.doctor.findings import Different, Fact, Outcome, Wrong, given, is_close, shown
from ppo_lessons.doctor.subject import Asked

ALONE = "One row alone gives NaN: it must never be handed a mini-batch of one row."


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
    hint = "They are scaled, and their mean is still there." if is_close(got, given_ / given_.std()) else hint
    hint = "Their mean is taken away, and they are not scaled." if is_close(got, given_ - 3) else hint
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
    try:
        alone = ask(advantages=torch.tensor([2.0]))["advantages"].detach()
    except Exception:
        return Different("One row alone is refused: it must never be handed a mini-batch of one row.")
    if bool(torch.isfinite(alone).all()):
        return None
    return Different(ALONE)


def _fact(part: str, name: str, says: str, because: str, lesson: str, probe: Any) -> Fact:
    return Fact(part=part, name=name, says=says, because=because, lesson=lesson, probe=probe)


NORMALISED = "Advantages are used relative to each other: their unit is arbitrary (Andrychowicz et al. 2020)"

FACTS = (
    _fact("normalise", "mean and spread", "Mean 0 and standard deviation 1, and these are what comes back.", NORMALISED,
          "11_full_update", standard),
    _fact("normalise", "other units", "The unit of the rewards does not matter.", NORMALISED, "11_full_update",
          other_units),
    _fact("normalise", "no spread", "Equal advantages stay finite.", NORMALISED, "11_full_update", no_spread),
)  # fmt: skip

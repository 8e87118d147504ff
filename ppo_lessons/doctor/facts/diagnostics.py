"""Facts about what is shown of an update: the share of clipped rows, and what the critic foresaw."""

from typing import Any

import torch

from ppo_lessons.doctor.facts.losses import CLIP, EPS
from ppo_lessons.doctor.facts.policy import moved
from ppo_lessons.doctor.findings import Different, Fact, Outcome, Wrong, given, is_close, shown
from ppo_lessons.doctor.subject import Asked


def outside(ask: Asked) -> Outcome:
    """Two of five ratios are outside, one on each side."""
    other = 0.81 if "clip_eps" in ask.takes else 0.99  # -0.21 as a logarithm: not outside, as a ratio
    ratios = torch.tensor([0.7, 1.0, other, 1.02, 1.3])
    got = ask(**moved(ratios.log(), torch.zeros(5)), clip_eps=EPS)["clip_fraction"].detach()
    if is_close(got, 0.4):
        return None
    hint = {0.2: "One side is not looked at.", 0.6: "ln r is looked at, or what is inside.", 2.0: "A share is a mean."}
    words = given(ratios=ratios, clip_eps=EPS)
    return Wrong(words, f"clip_fraction {shown(got)}", "0.4", hint.get(round(float(got), 4), ""))


def foreseen(ask: Asked) -> Outcome:
    """A perfect critic has 1, a constant one 0."""
    returns = torch.tensor([1.0, 2.0, 3.0])
    for values, right in ((returns, 1.0), (torch.full((3,), 2.0), 0.0), (torch.full((3,), 9.0), 0.0),
                          (returns / 2, 0.75), (-returns, -3.0)):  # fmt: skip
        got = ask(values=values, returns=returns)["explained_variance"]
        if not is_close(got, right):
            squared = 1 - float((returns - values).square().mean() / returns.var(correction=0))
            if is_close(got, squared):
                return Different("It is R squared: that a critic is too high everywhere counts against it, too.")
            return Wrong(given(values=values, returns=returns), f"explained_variance {shown(got)}", shown(right))
    return None


def _fact(part: str, name: str, says: str, because: str, lesson: str, probe: Any) -> Fact:
    return Fact(part=part, name=name, says=says, because=because, lesson=lesson, probe=probe)


FACTS = (
    _fact("clip_fraction", "both sides", "A ratio is outside above and below.", CLIP, "08_clipping", outside),
    _fact("explained_variance", "scale", "1 is perfect, 0 no better than a constant.",
          "1 - Var(R - V) / Var(R)", "09_value_loss", foreseen),
)  # fmt: skip

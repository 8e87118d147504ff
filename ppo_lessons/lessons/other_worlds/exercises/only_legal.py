"""Only what is legal."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from ppo_lessons.action_kinds import ILLEGAL, only_legal
from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, Outcome, Probe, call_with


def _draw(seed: int, *shape: int, scale: float = 1.0) -> tuple[Tensor, Tensor]:
    """Logits, and masks that leave every row something and take something from the first."""
    draw = generator(seed)
    logits = scale * torch.randn(*shape, generator=draw)
    legal = torch.rand(*shape, generator=draw) < 0.6
    legal[..., 0], legal[..., -1] = True, False
    return logits, legal


_FIRST = torch.tensor([[2.0, 1.0, 0.0], [0.5, 0.5, 3.0]]), torch.tensor([[True, False, True], [True, True, False]])
_ONE = torch.tensor([[1.0, 2.0, -3.0, 4.0]]), torch.tensor([[False, False, True, False]])
_ALL = torch.tensor([[1.0, 2.0, -3.0, 4.0]]), torch.ones(1, 4, dtype=torch.bool)


def _probe(logits: Tensor, legal: Tensor, gradients: tuple[int, ...] = (), special: str = "") -> Probe:
    """Look at the legal logits by themselves, too: beside -1e9 they would hardly count."""
    probe = call_with(logits, legal, gradients=gradients, special=special)

    def look(function: Callable[..., Any], own: tuple[Any, ...]) -> Outcome:
        outcome = probe.look(function, own)
        result = outcome["result"]
        fits = isinstance(result, Tensor) and result.shape == logits.shape
        return {**outcome, "the legal logits": result[legal].detach()} if fits else outcome

    return replace(probe, look=look)


def _filled(value: float) -> Callable[[Tensor, Tensor], Tensor]:
    return lambda logits, legal: logits.masked_fill(~legal, value)


def _in_place(logits: Tensor, legal: Tensor) -> Tensor:
    logits[~legal] = ILLEGAL
    return logits


def _kept(logits: Tensor, legal: Tensor) -> Tensor:
    """The logits of legal actions alone."""
    return logits[legal]


EXERCISE = Exercise(
    number="16.3",
    node="I",
    function=only_legal,
    difficulty=1,
    minutes=5,
    probes=(
        _probe(*_FIRST),
        _probe(*_FIRST, gradients=(0,)),
        _probe(*_draw(1, 5, 4)),
        _probe(*_draw(2, 2, 3, 5), gradients=(0,)),
        _probe(*_draw(3, 6, 3, scale=40.0), special="large logits"),
        _probe(*_ONE, special="a single legal action"),
        _probe(*_ALL, special="every action legal"),
    ),
    mistakes=(
        Mistake(name="the mask turned round: what is legal is taken away",
                wrong=lambda logits, legal: logits.masked_fill(legal, ILLEGAL),
                advice="legal is True where an action is *allowed*. Replace the others: ~legal."),
        Mistake(name="0 in the place of the logit (logits multiplied by the mask)",
                wrong=lambda logits, legal: logits * legal,
                advice="A logit of 0 is no probability of 0: exp(0) is 1. The probability is 0 for a logit far "
                "below all others."),
        Mistake(name="minus infinity in the place of the logit", wrong=_filled(-torch.inf),
                advice="The probability would be 0, and ln of it minus infinity: the entropy then holds 0 times "
                "infinity, which is NaN. -1e9 is low enough."),
        Mistake(name="the most negative number there is", wrong=_filled(torch.finfo(torch.float32).min),
                advice="That works with logits of any usual size. Agreed here is -1e9, so that answers can be "
                "compared."),
        Mistake(name="-1e8: a nought is missing", wrong=_filled(-1e8), advice="Low enough, but agreed is -1e9."),
        Mistake(name="-10 in the place of the logit, which leaves a little probability", wrong=_filled(-10.0),
                advice="exp(-10) is 0.00005: beside one legal logit of 0 it comes some fifty times in a million draws. "
                "Put -1e9."),
        Mistake(name="-100 in the place of the logit", wrong=_filled(-100.0),
                advice="With large logits that is not far below the others. Put -1e9."),
        Mistake(name="1e9, the sign forgotten", wrong=_filled(1e9),
                advice="That makes something illegal certain. Minus 1e9."),
        Mistake(name="a gradient through the illegal logits (as when 1e9 is subtracted from them)",
                wrong=lambda logits, legal: logits - 1e9 * (~legal).float(),
                advice="It trains alike: where the probability is exactly 0 nothing flows back. Asked for is -1e9 in "
                "their *place*, so that it does not even rest on rounding."),
        Mistake(name="1e9 taken from all and given back to what is legal: rounding eats the logits",
                wrong=lambda logits, legal: (logits - 1e9) + 1e9 * legal.float(),
                advice="Beside 1e9, float32 knows steps of 64 only: what was 1.3 comes back as 0. Leave legal logits "
                "alone."),
        Mistake(name="1e9 subtracted from what is legal", wrong=lambda logits, legal: logits - 1e9 * legal.float(),
                advice="It is to be taken from the others; better still, put in their place."),
        Mistake(name="probabilities in the place of logits",
                wrong=lambda logits, legal: only_legal(logits, legal).softmax(dim=-1),
                advice="log_softmax comes afterwards, and wants logits."),
        Mistake(name="log-probabilities in the place of logits",
                wrong=lambda logits, legal: only_legal(logits, legal).log_softmax(dim=-1),
                advice="The shares are right, but logits are asked for: log_softmax comes afterwards."),
        Mistake(name="probabilities multiplied by the mask",
                wrong=lambda logits, legal: logits.softmax(dim=-1) * legal,
                advice="These do not add up to 1, and log_softmax wants logits. Change the logits."),
        Mistake(name="the softmax over all actions first, then the mask",
                wrong=lambda logits, legal: only_legal(logits.log_softmax(dim=-1), legal),
                advice="The shares come out right, but these are no longer the network's logits. Leave legal logits "
                "as they are."),
        Mistake(name="only the likeliest of what is legal left over", wrong=lambda logits, legal: torch.where(
                logits == only_legal(logits, legal).amax(dim=-1, keepdim=True), logits, ILLEGAL),
                advice="That would be greedy play. All legal actions keep their logits."),
        Mistake(name="the logarithm of masked probabilities, with a small number against ln 0",
                wrong=lambda logits, legal: (logits.softmax(dim=-1) * legal + 1e-8).log(),
                advice="A hundred-millionth is left to what is illegal, and these are no longer the network's logits."),
        Mistake(name="only the legal logits, in one row", wrong=_kept,
                advice="The shape must stay (..., N): every row has N actions, whatever is legal in it."),
        Mistake(name="a change in place", wrong=_in_place,
                advice="The result is right, but the logits that were handed in have changed: torch.where or "
                "masked_fill make new ones."),
        Mistake(name="the right numbers without a graph",
                wrong=lambda logits, legal: only_legal(logits.detach(), legal),
                advice="The gradient goes through the legal logits to the network: no detach(), item() or numpy()."),
        Mistake(name="the mask in the place of the logits",
                wrong=lambda logits, legal: torch.where(legal, 0.0, ILLEGAL).to(logits.dtype),
                advice="Legal actions keep the network's logits; here all of them would be alike."),
        Mistake(name="the logits as they came", wrong=lambda logits, legal: logits.clone(),
                advice="Nothing was taken away. Where legal is False, put -1e9."),
    ),
    hints=(
        "How low must a logit be for its probability to be 0? And what happens to the others then?",
        "Keep the logit where legal, -1e9 elsewhere.",
        "return torch.where(legal, logits, torch.full_like(logits, -1e9))",
    ),
)  # fmt: skip

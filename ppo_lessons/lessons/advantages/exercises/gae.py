"""Generalised advantage estimation."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_lessons.advantages import gae
from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.lessons.advantages.exercises.rows import column, flags


def _random_probe(seed: int, shape: tuple[int, ...], gamma: float, gae_lambda: float) -> Probe:
    draw = generator(seed)
    return call_with(torch.randn(shape, generator=draw), torch.rand(shape, generator=draw) < 0.3, gamma, gae_lambda)


def _with_ends(ends: Callable[[Tensor], Tensor]) -> Callable[..., Tensor]:
    """The right sum up to wrong ends."""
    return lambda td_errors, given, gamma, gae_lambda: gae(td_errors, ends(given), gamma, gae_lambda)


def _whole_row(flags: Tensor, like: Tensor) -> Tensor:
    """The same flag for everybody, one for each step."""
    return flags.reshape(-1, *[1] * (like.dim() - 1)).expand_as(like)


def _but_the_last(td_errors: Tensor, ends: Tensor, gamma: float, gae_lambda: float) -> Tensor:
    return torch.cat((gae(td_errors[:-1], ends[:-1], gamma, gae_lambda), torch.zeros_like(td_errors[:1])))


EXERCISE = Exercise(
    number="3.3",
    node="D",
    function=gae,
    difficulty=2,
    minutes=6,
    probes=(
        # The six rows of the lesson: cut off with t = 2, really over with t = 5.
        call_with(column(1.4, -2.2, 4.2, -3.4, 0.2, -1.0), flags((2, 5), 6), 0.8, 0.5),
        _random_probe(1, (8, 2, 3), 0.9, 0.7),
        _random_probe(2, (8, 2, 3), 0.9, 0.7),
        _random_probe(3, (5, 2, 2), 0.98, 0.8),
        _random_probe(4, (6, 2, 1), 0.9, 0.0),
        _random_probe(5, (6, 1, 2), 0.95, 1.0),
    ),
    mistakes=(
        Mistake(name="ignoring the ends in the sum (it runs on through them)",
                wrong=_with_ends(lambda ends: ends & False),
                advice="The step after an end belongs to another case. Its surprise must not reach back."),
        Mistake(name="cutting the sum one row too early (the flags of the row below)",
                wrong=_with_ends(lambda ends: torch.cat((ends[1:], torch.ones_like(ends[:1])))),
                advice="ends[t] means: it ended with step t, so A_t takes nothing from A_{t+1}. No shift."),
        Mistake(name="cutting everybody's sum when one agent ends",
                wrong=_with_ends(lambda ends: ends | ends.any(dim=-1, keepdim=True)),
                advice="One detective falls, the others play on. Each has its own flags."),
        Mistake(name="cutting the sums of all copies when one agent ends",
                wrong=_with_ends(lambda ends: ends | _whole_row(ends.flatten(1).any(dim=1), ends)),
                advice="ends[t] holds a flag for each agent of each copy: torch.where, or a factor for each, no if."),
        Mistake(name="the ends of one agent for all",
                wrong=_with_ends(lambda ends: _whole_row(ends.flatten(1)[:, 0], ends)),
                advice="ends[t] holds a flag for each agent of each copy: torch.where, or a factor for each, no if."),
        Mistake(name="going on only where it ended (the ends turned round)", wrong=_with_ends(torch.logical_not),
                advice="Where ends is True, the sum stops."),
        Mistake(name="cutting the end's own error too",
                wrong=lambda td_errors, ends, *more: gae(td_errors, ends, *more) * ~ends,
                advice="The step that ended it was a decision too: only what comes after it is another case's."),
        Mistake(name="cutting the end's own error, which then reaches no row before it either",
                wrong=lambda td_errors, ends, *more: gae(td_errors.masked_fill(ends, 0.0), ends, *more),
                advice="The step that ended it was a decision too. Set to 0 what follows it, not its own error."),
        Mistake(name="gamma squared (gamma for lambda)",
                wrong=lambda td_errors, ends, gamma, gae_lambda: gae(td_errors, ends, gamma, gamma),
                advice="Change lambda in your head: does anything move? The sum shrinks by gamma times lambda a step."),
        Mistake(name="forgetting lambda",
                wrong=lambda td_errors, ends, gamma, gae_lambda: gae(td_errors, ends, gamma, 1.0),
                advice="The sum shrinks by gamma times lambda with each step."),
        Mistake(name="lambda without gamma",
                wrong=lambda td_errors, ends, gamma, gae_lambda: gae(td_errors, ends, 1.0, gae_lambda),
                advice="The sum shrinks by gamma times lambda with each step."),
        Mistake(name="TD errors alone, without the sum", wrong=lambda td_errors, *more: 1 * td_errors,
                advice="That is lambda = 0. What of the surprises further on?"),
        Mistake(name="running forwards",
                wrong=lambda td_errors, ends, *more: gae(td_errors.flip(0), ends.flip(0), *more).flip(0),
                advice="A_t needs A_{t+1}. At which row can you begin?"),
        Mistake(name="leaving out the last row", wrong=_but_the_last,
                advice="The last row was a decision too, and often the decisive one: reversed(range(len(td_errors)))."),
        Mistake(name="the rows in the order in which they were worked out, last first",
                wrong=lambda *given: gae(*given).flip(0),
                advice="You went from the last row up. In which order does your result stand?"),
        Mistake(
            name="changing the TD errors in place",
            wrong=lambda *given: given[0].copy_(gae(*given)),
            advice="The numbers are right, but the caller's errors are overwritten. torch.empty_like makes a new one.",
        ),
    ),
    hints=(
        "If you knew the advantage of the row below, what would this row's be? And which row can you do first?",
        "A_t = delta_t + gamma lambda A_{t+1}, from the last row upwards; A_{t+1} counts as 0 where the row is an end.",
        "following = torch.zeros_like(td_errors[0])\n"
        "advantages = torch.zeros_like(td_errors)\n"
        "for t in reversed(range(len(td_errors))):\n"
        "    following = torch.where(ends[t], 0.0, following)\n"
        "    following = td_errors[t] + gamma * gae_lambda * following\n"
        "    advantages[t] = following\n"
        "return advantages",
    ),
)  # fmt: skip

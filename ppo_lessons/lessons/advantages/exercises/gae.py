"""Generalised advantage estimation."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_lessons.advantages import gae, next_values, td_errors
from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.lessons.advantages.exercises.rows import column, flags, random_rows


def _sum(deltas: Tensor, ends: Tensor, decay: float) -> Tensor:
    """Add up from the last row, each step further on counting less, up to the first end."""
    nothing = torch.zeros_like(deltas)
    return gae(deltas, nothing, ends, ends, nothing, nothing[0], decay, 1.0)


def _gae(
    after: Callable[..., Tensor] = next_values,
    ends: Callable[[Tensor, Tensor], Tensor] = torch.logical_or,
    add_up: Callable[[Tensor, Tensor, float], Tensor] = _sum,
) -> Callable[..., Tensor]:
    """Return gae with one of its parts done wrong: what comes after a row, where the sum ends, or the sum."""

    def wrong(rewards: Tensor, values: Tensor, over: Tensor, cut: Tensor, *more: Tensor | float) -> Tensor:
        *beyond, gamma, gae_lambda = more
        deltas = td_errors(rewards, values, after(values, over, cut, *beyond), gamma)
        return add_up(deltas, ends(over, cut), gamma * gae_lambda)

    return wrong


def _one_row_early(over: Tensor, cut: Tensor) -> Tensor:
    return torch.cat(((over | cut)[1:], torch.ones_like(over[:1])))


def _but_the_last(deltas: Tensor, ends: Tensor, decay: float) -> Tensor:
    return torch.cat((_sum(deltas[:-1], ends[:-1], decay), torch.zeros_like(deltas[:1])))


_tutorial = _gae(lambda v, over, cut, *more: next_values(v, ~over, cut & False, *more), lambda over, cut: over & False)


EXERCISE = Exercise(
    number="3.3",
    node="D",
    function=gae,
    difficulty=2,
    minutes=6,
    probes=(
        # The six rows of the lesson: cut off with t = 2, really over with t = 5.
        call_with(
            column(1.0, 0.0, 2.0, 0.0, -1.0, 3.0),
            column(2.0, 3.0, 1.0, 5.0, 2.0, 4.0),
            flags((5,), 6),
            flags((2,), 6),
            column(0.0, 0.0, 4.0, 0.0, 0.0, 0.0),
            torch.tensor([[6.0]]),
            0.8,
            0.5,
        ),
        *(call_with(*random_rows(seed, (8, 2, 3)), 0.9, 0.7) for seed in (1, 2)),
        call_with(*random_rows(3, (5, 2, 2)), 0.98, 0.8),
        call_with(*random_rows(4, (6, 2, 1)), 0.9, 0.0),
        call_with(*random_rows(5, (6, 1, 2)), 0.95, 1.0),
    ),
    mistakes=(
        Mistake(name="ignoring the ends in the sum (it runs on through them)",
                wrong=_gae(ends=lambda over, cut: over & False),
                advice="The step after an end belongs to another case. Its surprise must not reach back."),
        Mistake(name="cutting the sum only at terminations", wrong=_gae(ends=lambda over, cut: over),
                advice="After a truncation another case begins as well. What has to happen to the sum there?"),
        Mistake(name="cutting the sum one row too early (the flags of the row below)", wrong=_gae(ends=_one_row_early),
                advice="ends[t] means: it ended with step t, so A_t takes nothing from A_{t+1}. No shift."),
        Mistake(name="cutting everybody's sum when one agent ends",
                wrong=_gae(ends=lambda over, cut: over | (over | cut).any(dim=-1, keepdim=True)),
                advice="One detective falls, the others play on. Each has its own flags."),
        Mistake(name="treating truncation as death",
                wrong=lambda r, v, over, cut, *more: gae(r, v, over | cut, cut, *more),
                advice="Cut off is not over: final_values says what was still to come. Does your V(next) use it?"),
        Mistake(name="bootstrapping through termination",
                wrong=_gae(lambda v, over, cut, *more: next_values(v, over & False, cut, *more)),
                advice="Where terminated, V(next) is 0: nothing comes any more."),
        Mistake(
            name="using the reset observation's value (values[t + 1]) after a truncation",
            wrong=_gae(lambda v, over, cut, *more: next_values(v, over, cut & False, *more)),
            advice="values[t + 1] already belongs to the next case. Which array has the value of the last thing seen?",
        ),
        Mistake(name="never bootstrapping the last row",
                wrong=lambda *args: gae(*args[:5], torch.zeros_like(args[5]), *args[6:]),
                advice="The rollout stops there, the case does not. What is last_values for?"),
        Mistake(name="gamma squared (gamma for lambda)", wrong=lambda *args: gae(*args[:7], args[6]),
                advice="Change lambda in your head: does anything move? The sum shrinks by gamma times lambda a step."),
        Mistake(name="forgetting lambda", wrong=lambda *args: gae(*args[:7], 1.0),
                advice="The sum shrinks by gamma times lambda with each step."),
        Mistake(name="lambda without gamma", wrong=lambda *args: gae(*args[:7], args[7] / args[6]),
                advice="The sum shrinks by gamma times lambda with each step."),
        Mistake(name="TD errors alone, without the sum", wrong=lambda *args: gae(*args[:7], 0.0),
                advice="That is lambda = 0. What of the surprises further on?"),
        Mistake(name="running forwards",
                wrong=_gae(add_up=lambda deltas, ends, decay: _sum(deltas.flip(0), ends.flip(0), decay).flip(0)),
                advice="A_t needs A_{t+1}. At which row can you begin?"),
        Mistake(name="leaving out the last row", wrong=_gae(add_up=_but_the_last),
                advice="The last row was a decision too, and often the decisive one: reversed(range(len(rewards)))."),
        Mistake(name="returns in place of advantages",
                wrong=lambda rewards, values, *more: gae(rewards, values, *more) + values,
                advice="Advantage + V is the return, the critic's lesson. Asked for is the advantage."),
        Mistake(name="a TD error without gamma", wrong=lambda *args: gae(*args[:6], 1.0, args[6] * args[7]),
                advice="Look at V(next): it lies one step later."),
        Mistake(name="bootstrapping only where terminated, and gamma squared (the tutorial's lines)",
                wrong=lambda *args: _tutorial(*args[:7], args[6]),
                advice="Two things at once: terminated stops the future, and the sum shrinks by gamma times lambda."),
        Mistake(
            name="changing the rewards in place",
            wrong=lambda *args: args[0].copy_(gae(*args)),
            advice="The numbers are right, but the caller's rewards are overwritten. torch.empty_like(rewards) is new.",
        ),
    ),
    hints=(
        "If you knew the advantage of the row below, what would this row's be? And which row can you do first?",
        "A_t = delta_t + gamma lambda A_{t+1}, from the last row upwards; A_{t+1} counts as 0 where the row is an end. "
        "next_values and td_errors give delta.",
        "after = next_values(\n"
        "    values, terminated, truncated, final_values, last_values\n"
        ")\n"
        "deltas = td_errors(rewards, values, after, gamma)\n"
        "goes_on = ~(terminated | truncated)\n"
        "following = torch.zeros_like(last_values)\n"
        "advantages = torch.zeros_like(deltas)\n"
        "for t in reversed(range(len(deltas))):\n"
        "    rest = torch.where(goes_on[t], following, 0.0)\n"
        "    following = deltas[t] + gamma * gae_lambda * rest\n"
        "    advantages[t] = following\n"
        "return advantages",
    ),
)  # fmt: skip

"""What comes after a step, or takes its place at an end."""

import math

import torch
from torch import Tensor

from ppo_lessons.advantages import next_values
from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.lessons.advantages.exercises.rows import column, flags, random_rows


def _at_ends(following: Tensor, over: Tensor, cut: Tensor, final: Tensor) -> Tensor:
    """Put the right values at the ends, whatever follows elsewhere."""
    return next_values(following.roll(1, 0), over, cut, final, following[-1])


def _shifted(ended: Tensor) -> Tensor:
    return torch.cat((ended[1:], ended[:1] & False))


EXERCISE = Exercise(
    number="3.2",
    node="D",
    function=next_values,
    difficulty=2,
    minutes=4,
    probes=(
        # Goes on, cut off, really over, both at once, and the last row of the rollout, which goes on.
        call_with(
            column(1.0, 2.0, 3.0, 4.0, 5.0),
            flags((2, 3), 5),
            flags((1, 3), 5),
            column(10.0, 20.0, 30.0, 40.0, 50.0),
            torch.tensor([[6.0]]),
        ),
        *(call_with(*random_rows(seed, (7, 2, 3))[1:]) for seed in (1, 2)),
        call_with(*random_rows(3, (4, 5, 1))[1:]),
        call_with(column(1.0, 2.0), flags((1,), 2), flags((), 2), column(0.0, 0.0), torch.tensor([[7.0]])),
        call_with(
            column(1.0, 2.0, math.nan),
            flags((1,), 3),
            flags((0,), 3),
            column(5.0, math.nan, math.nan),
            torch.tensor([[7.0]]),
            special="NaN in rows that are not to be looked at",
        ),
    ),
    mistakes=(
        Mistake(name="treating truncation as death",
                wrong=lambda v, over, cut, *more: next_values(v, over | cut, cut, *more),
                advice="An adjourned case would have gone on. What did the critic make of the very last thing seen?"),
        Mistake(name="bootstrapping through termination",
                wrong=lambda v, over, cut, *more: next_values(v, over & False, cut, *more),
                advice="After a termination nothing comes any more for this agent. How much is nothing worth?"),
        Mistake(
            name="using the reset observation's value (the row below) after a truncation",
            wrong=lambda v, over, cut, *more: next_values(v, over, cut & False, *more),
            advice="The row below is the start of the next case. final_values holds what the old one was still worth.",
        ),
        Mistake(name="ignoring both kinds of end",
                wrong=lambda v, over, cut, final, last: torch.cat((v[1:], last[None])),
                advice="At an end the row below belongs to another case. Which two arrays say where the ends are?"),
        Mistake(name="taking the final value at every end",
                wrong=lambda v, over, cut, *more: next_values(v, over & False, over | cut, *more),
                advice="Cut off and really over are two things. Which of them has a future?"),
        Mistake(name="letting truncated win where both flags are set",
                wrong=lambda v, over, cut, *more: next_values(v, over & ~cut, cut, *more),
                advice="An agent that falls in the step of the adjournment is really over. In which order do you ask?"),
        Mistake(name="bootstrapping only where terminated (a flag turned round)",
                wrong=lambda v, over, cut, *more: next_values(v, ~over, cut & False, *more),
                advice="terminated is 1 where the future must NOT count. Multiply by 1 - terminated, or select."),
        Mistake(name="leaving the last row without a future",
                wrong=lambda v, over, cut, final, last: next_values(v, over, cut, final, torch.zeros_like(last)),
                advice="The rollout ends there, but the case may go on. What is last_values for?"),
        Mistake(name="going round in a circle: the last row is followed by the first",
                wrong=lambda v, over, cut, final, last: next_values(v, over, cut, final, v[0]),
                advice="torch.roll brings the first row to the end. What comes after the last row is in last_values."),
        Mistake(name="repeating the last row's own value as what follows it",
                wrong=lambda v, over, cut, final, last: next_values(v, over, cut, final, v[-1]),
                advice="What comes after the last row is in last_values."),
        Mistake(name="putting last_values into the last row even if it is an end",
                wrong=lambda v, *more: torch.cat((next_values(v, *more)[:-1], more[-1][None])),
                advice="The last row can end as well. First shift, then take care of the ends."),
        Mistake(name="not shifting: each row is followed by itself",
                wrong=lambda v, over, cut, final, last: _at_ends(v, over, cut, final),
                advice="values[t] is the estimate before step t. Which row holds the one after it?"),
        Mistake(name="shifting the wrong way",
                wrong=lambda v, over, cut, final, last: _at_ends(torch.cat((last[None], v[:-1])), over, cut, final),
                advice="After row t comes row t + 1: values[1:], then last_values."),
        Mistake(name="reading the flags of the row below",
                wrong=lambda v, over, cut, *more: next_values(v, _shifted(over), _shifted(cut), *more),
                advice="terminated[t] says that it ended WITH step t. No shift for the flags."),
        Mistake(name="changing values in place", wrong=lambda *args: args[0].copy_(next_values(*args)),
                advice="The numbers are right, but the critic's estimates are overwritten, and returns need them."),
    ),
    hints=(
        "There are four ways on from a row: plainly on, over the edge of the rollout, cut off, really over. "
        "Which array answers for each?",
        "values shifted up by one, last_values at the end; then final_values where truncated; then 0 where terminated.",
        "following = torch.cat((values[1:], last_values.unsqueeze(0)))\n"
        "following = torch.where(truncated, final_values, following)\n"
        "return torch.where(terminated, torch.zeros_like(following), following)",
    ),
)  # fmt: skip

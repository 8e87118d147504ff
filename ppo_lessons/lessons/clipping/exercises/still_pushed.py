"""Which rows the clipped loss still pushes."""

from collections.abc import Callable

import torch
from torch import Tensor

from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.lessons.clipping.exercises.rows import ADVANTAGES, RATIOS, random_rows
from ppo_lessons.losses import still_pushed


def _stopped(r: Tensor, a: Tensor, eps: float) -> Tensor:
    return ((r > 1 + eps) & (a > 0)) | ((r < 1 - eps) & (a < 0))


def _pushed(rule: Callable[[Tensor, Tensor, float], Tensor]) -> Callable[[Tensor, Tensor, float], Tensor]:
    """A wrong rule that at least knows that a row with advantage 0 is not pushed."""
    return lambda r, a, eps: rule(r, a, eps) & (a != 0)


EXERCISE = Exercise(
    number="8.3",
    node="L",
    function=still_pushed,
    difficulty=3,
    minutes=7,
    probes=(
        call_with(RATIOS, ADVANTAGES, 0.2),
        call_with(torch.tensor([1.0, 0.7, 1.3]), torch.tensor([0.0, 0.0, 0.0]), 0.2, special="advantages of 0"),
        call_with(
            torch.tensor([0.75, 1.25, 0.75, 1.25]),
            torch.tensor([-1.0, 2.0, 1.0, -3.0]),
            0.25,
            special="ratios at the ends of the interval",
        ),
        call_with(*random_rows(8, 12), 0.1),
        call_with(*random_rows(9, 12), 0.4),
        *(call_with(*random_rows(seed, 20), eps) for seed, eps in ((10, 0.05), (11, 0.2), (12, 0.3))),
        call_with(torch.tensor([1.3]), torch.tensor([1.0]), 0.2),
    ),
    mistakes=(
        Mistake(
            name="outside means no",
            wrong=_pushed(lambda r, a, eps: (r - 1).abs() <= eps),
            advice="Row 1 is good and has become rarer. Would you leave it there? Of the four cases outside, two push.",
        ),
        Mistake(name="stopping above the interval, whatever the advantage",
                wrong=_pushed(lambda r, a, eps: r <= 1 + eps),
                advice="Row 6 is bad and has become likelier. Which way should it go?"),
        Mistake(name="stopping below the interval, whatever the advantage",
                wrong=_pushed(lambda r, a, eps: r >= 1 - eps),
                advice="Row 1 is good and has become rarer. Which way should it go?"),
        Mistake(name="stopping good rows on both sides",
                wrong=_pushed(lambda r, a, eps: ~(((r - 1).abs() > eps) & (a > 0))),
                advice="A good row below the interval wants to come back up; a bad one there has gone far enough."),
        Mistake(name="stopping bad rows on both sides",
                wrong=_pushed(lambda r, a, eps: ~(((r - 1).abs() > eps) & (a < 0))),
                advice="A bad row above the interval has to come down; a good one there has gone far enough."),
        Mistake(name="only good rows stop", wrong=_pushed(lambda r, a, eps: ~((r > 1 + eps) & (a > 0))),
                advice="Row 2 is bad and has gone down far enough."),
        Mistake(name="only bad rows stop", wrong=_pushed(lambda r, a, eps: ~((r < 1 - eps) & (a < 0))),
                advice="Row 5 is good and has gone up far enough."),
        Mistake(
            name="the two sides exchanged",
            wrong=_pushed(lambda r, a, eps: ~_stopped(r, -a, eps)),
            advice="A row stops when it has gone far the way its advantage asked for. You stop those on the way back.",
        ),
        Mistake(name="pushing only the rows that come back from outside", wrong=lambda r, a, eps: _stopped(r, -a, eps),
                advice="Inside the interval every row pushes: rows 3 and 4."),
        Mistake(name="the answer turned round: who has stopped", wrong=_stopped,
                advice="True is for rows that still push."),
        Mistake(name="rows with advantage 0 pushed too", wrong=lambda r, a, eps: ~_stopped(r, a, eps),
                advice="What is the gradient of r A when A is 0?"),
        Mistake(name="the ends of the interval counted as outside (>= for >)",
                wrong=_pushed(lambda r, a, eps: ~(((r >= 1 + eps) & (a > 0)) | ((r <= 1 - eps) & (a < 0)))),
                advice="With a ratio of exactly 1 + eps nothing is clipped yet."),
        Mistake(name="asking only for the sign of the advantage", wrong=lambda r, a, eps: a > 0,
                advice="Bad rows are pushed as well: down. Where does the ratio come in?"),
        Mistake(name="rows outside the interval, whatever the advantage", wrong=lambda r, a, eps: (r - 1).abs() > eps,
                advice="Inside the interval every row with an advantage pushes; outside it depends on the side."),
        Mistake(name="rows inside the interval, whatever the advantage", wrong=lambda r, a, eps: (r - 1).abs() <= eps,
                advice="Outside, rows on the wrong side still push, to come back; and an advantage of 0 never does."),
        Mistake(name="every row whose advantage is not 0", wrong=lambda r, a, eps: a != 0,
                advice="That is so before the first step. Later rows 2 and 5 have gone far enough."),
        Mistake(name="the gradient itself instead of yes or no",
                wrong=lambda r, a, eps: torch.where(still_pushed(r, a, eps), a, torch.zeros_like(a)),
                advice="A good way to find out. Now say of each whether it is not 0."),
        Mistake(name="ones and zeros instead of True and False",
                wrong=lambda r, a, eps: still_pushed(r, a, eps).float(),
                advice="The answer is right; leave it as booleans, so that it can select rows."),
        Mistake(name="the share of pushed rows", wrong=lambda r, a, eps: still_pushed(r, a, eps).float().mean(),
                advice="One answer for each row is asked for."),
    ),
    hints=(
        "In which direction does a row with a positive advantage want its ratio to go, and when is it far enough?",
        "Stopped: (r > 1 + eps and A > 0) or (r < 1 - eps and A < 0). All others push, unless A is 0.",
        "far_up = (ratios > 1 + clip_eps) & (advantages > 0)\n"
        "far_down = (ratios < 1 - clip_eps) & (advantages < 0)\n"
        "return ~(far_up | far_down) & (advantages != 0)",
    ),
)  # fmt: skip

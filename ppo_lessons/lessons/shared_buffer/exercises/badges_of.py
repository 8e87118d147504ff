"""Whose row it is."""

import torch
from torch import Tensor

from ppo_lessons.buffer import badges_of
from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.lessons.shared_buffer.exercises.acting import LONG, MANY, TINY


def _places(acting: Tensor) -> Tensor:
    return acting.flatten().nonzero().squeeze(1)


def _without_a_remainder(acting: Tensor) -> Tensor:
    (_, copies, agents), place = acting.shape, _places(acting)
    return torch.stack((place // (copies * agents), place // agents, place % agents), dim=1)


EXERCISE = Exercise(
    number="2.2",
    node="D",
    function=badges_of,
    difficulty=2,
    minutes=6,
    probes=(call_with(TINY), call_with(MANY), call_with(LONG), call_with(torch.ones(2, 4, 3, dtype=torch.bool))),
    mistakes=(
        Mistake(name="the badges of the fallen", wrong=lambda acting: (~acting).nonzero(),
                advice="acting is True for the rows that are wanted."),
        Mistake(name="badges for all rows, those of fallen agents too",
                wrong=lambda acting: torch.cartesian_prod(*(torch.arange(size) for size in acting.shape)),
                advice="There must be as many badges as rows of flatten_rows, in the same order."),
        Mistake(name="one line for t, one for e and one for a: (3, B)", wrong=lambda acting: acting.nonzero().T,
                advice="Asked for is one line for each row, (B, 3)."),
        Mistake(
            name="reshaping (3, B) to (B, 3) instead of transposing it",
            wrong=lambda acting: acting.nonzero().T.reshape(-1, 3),
            advice="The shape is right, but read the first line: is it a t, an e and an a? Reshape keeps the order of "
            "the numbers, transpose keeps their meaning.",
        ),
        Mistake(name="three tensors in a tuple", wrong=lambda acting: acting.nonzero(as_tuple=True),
                advice="All the numbers are there. Put them side by side into one tensor (B, 3)."),
        Mistake(name="the place in the flat order instead of (t, e, a)", wrong=_places,
                advice="A place is one number. Which step, copy and agent is it?"),
        Mistake(name="forgetting a remainder: e goes on counting over the steps", wrong=_without_a_remainder,
                advice="There are only E copies. place // A has to start anew with every step."),
        Mistake(name="the columns in the order (a, e, t)", wrong=lambda acting: acting.nonzero().flip(1),
                advice="The columns are t, e, a, like the axes."),
        Mistake(name="the columns in the order (e, t, a)", wrong=lambda acting: acting.nonzero()[:, [1, 0, 2]],
                advice="The columns are t, e, a, like the axes."),
        Mistake(
            name="the rows sorted by agent",
            wrong=lambda acting: acting.permute(2, 0, 1).nonzero()[:, [1, 2, 0]],
            advice="Right badges in another order than flatten_rows: row 1 would wear the badge of another decision.",
        ),
        Mistake(
            name="the rows sorted by copy",
            wrong=lambda acting: acting.permute(1, 0, 2).nonzero()[:, [1, 0, 2]],
            advice="Right badges in another order than flatten_rows: row 1 would wear the badge of another decision.",
        ),
        Mistake(name="counting from 1", wrong=lambda acting: acting.nonzero() + 1,
                advice="Steps, copies and agents are counted from 0, so that a badge is also an index."),
        Mistake(name="badges that are not whole numbers (float)", wrong=lambda acting: acting.nonzero().float(),
                advice="A badge is to be used as an index: int64."),
        Mistake(name="a numpy array", wrong=lambda acting: acting.nonzero().numpy(),
                advice="The right numbers; asked for is a torch tensor."),
    ),
    hints=(
        "torch has a function that says where a tensor is True. In which order does it go through the axes?",
        "For each True of `acting`, in the order t, e, a: one line (t, e, a). By hand: t = place // (E A), "
        "e = place // A % E, a = place % A.",
        "return acting.nonzero()",
    ),
)  # fmt: skip

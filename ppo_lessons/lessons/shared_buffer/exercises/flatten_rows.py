"""From the buffer to flat rows."""

import math

import torch
from torch import Tensor

from ppo_lessons.buffer import flatten_rows
from ppo_lessons.classroom.draws import normal
from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.lessons.shared_buffer.exercises.acting import LONG, MANY, TINY, random_acting


def _poisoned(seed: int, acting: Tensor, *more: int) -> Tensor:
    tensor = normal(seed, *acting.shape, *more)
    tensor[~acting] = math.nan
    return tensor


def _wide(acting: Tensor, tensor: Tensor) -> Tensor:
    """`acting` with an axis more where the tensor has one."""
    return acting.unsqueeze(-1) if tensor.dim() > acting.dim() else acting


def _in_order(tensor: Tensor, acting: Tensor, *order: int) -> Tensor:
    """Select after turning the first three axes."""
    return flatten_rows(tensor.permute(*order, *range(3, tensor.dim())), acting.permute(order))


EXERCISE = Exercise(
    number="2.1",
    node="D",
    function=flatten_rows,
    difficulty=1,
    minutes=4,
    probes=(
        call_with(torch.tensor([[[0.0, 1.0, 2.0]], [[10.0, math.nan, 12.0]]]), TINY),
        call_with(torch.arange(30).reshape(5, 2, 3), MANY),
        call_with(_poisoned(3, MANY), MANY),
        call_with(_poisoned(4, LONG, 5), LONG),
        call_with(normal(5, 2, 3, 2, 4), torch.ones(2, 3, 2, dtype=torch.bool)),
        call_with(LONG & ~random_acting(6, (4, 3, 2)), LONG),
        call_with(torch.tensor([[[5.0, math.nan]]]), torch.tensor([[[True, False]]]), special="a single row"),
        call_with(normal(7, 2, 1, 3, 1), TINY, special="one number a row"),
        call_with(torch.tensor([[[math.nan, 2.0, math.inf]]]), TINY[:1], special="NaN in a row of the living"),
    ),
    mistakes=(
        Mistake(name="laying out all rows, those of fallen agents too",
                wrong=lambda tensor, acting: tensor.flatten(0, 2),
                advice="Which of these rows did somebody decide? acting knows."),
        Mistake(name="multiplying the rows of fallen agents by 0",
                wrong=lambda tensor, acting: (tensor * _wide(acting, tensor)).flatten(0, 2),
                advice="The rows are still there, and 0 x NaN is NaN. Select, do not multiply."),
        Mistake(
            name="putting a 0 in the place of the fallen (where)",
            wrong=lambda tensor, acting: tensor.masked_fill(~_wide(acting, tensor), 0).flatten(0, 2),
            advice="A row of zeros is still a row: it would count in every mean. B is the number of real decisions.",
        ),
        Mistake(name="selecting the fallen", wrong=lambda tensor, acting: tensor[~acting],
                advice="acting is True for the rows that are wanted."),
        Mistake(
            name="the order agent, time, environment",
            wrong=lambda tensor, acting: _in_order(tensor, acting, 2, 0, 1),
            advice="Time comes first: all rows of step 0, then all rows of step 1. The axes are in this order already.",
        ),
        Mistake(
            name="the order environment, time, agent",
            wrong=lambda tensor, acting: _in_order(tensor, acting, 1, 0, 2),
            advice="Some libraries do it so. Here time comes first: all copies of step 0, then all copies of step 1.",
        ),
        Mistake(name="the order environment, agent, time (one agent's path after the other)",
                wrong=lambda tensor, acting: _in_order(tensor, acting, 1, 2, 0),
                advice="A fine order for drawing a path. Here time comes first; the axes are in this order already."),
        Mistake(name="laying out the quantity and acting in two different orders",
                wrong=lambda tensor, acting: tensor.flatten(0, 2)[acting.permute(2, 0, 1).flatten()],
                advice="Right number of rows, wrong rows. Turn the axes of both, or of neither."),
        Mistake(name="flattening the numbers of a row as well", wrong=lambda tensor, acting: tensor[acting].flatten(),
                advice="An observation has D numbers: its rows are (B, D), not one long line."),
        Mistake(name="an axis too many, (B, 1)", wrong=lambda tensor, acting: tensor[acting].unsqueeze(-1),
                advice="One number a row is (B,). With (B, 1) a later difference would silently become (B, B)."),
        Mistake(name="taking acting for row numbers (0 and 1)", wrong=lambda tensor, acting: tensor[acting.long()],
                advice="As integers they are row numbers. A mask must stay bool to select."),
        Mistake(name="leaving out the row in which an agent falls",
                wrong=lambda tensor, acting: tensor[acting & torch.cat((acting[1:], acting[-1:]))],
                advice="It was alive when it chose. The first row that does not count is the next one."),
        Mistake(name="the last time step first", wrong=lambda tensor, acting: tensor.flip(0)[acting.flip(0)],
                advice="The right rows in another order: t goes from 0 upwards."),
        Mistake(name="the first time step only", wrong=lambda tensor, acting: tensor[0][acting[0]],
                advice="All steps of the rollout are wanted, T of them."),
        Mistake(name="turning everything into float", wrong=lambda tensor, acting: tensor[acting].float(),
                advice="Actions must stay int64 and flags bool: keep the dtype."),
    ),
    hints=(
        "What does tensor[mask] give if mask is bool and has the shape of the first three axes?",
        "rows = those elements of `tensor`, in the order t, e, a, at which `acting` is True. A bool index does both at "
        "once.",
        "return tensor[acting]",
    ),
)  # fmt: skip

"""Exercises of lesson 02: from the buffer to flat rows, whose row it is, and a mean over real decisions."""

import torch
from torch import Tensor

from ppo_lessons.buffer import badges_of, flatten_rows, mean_over_acting
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with

_NAN = float("nan")


def _acting(seed: int, shape: tuple[int, int, int]) -> Tensor:
    """Who acts, as in a real rollout: some agents fall, and stay out."""
    generator = torch.Generator().manual_seed(seed)
    falls = torch.randint(1, shape[0] + 2, shape[1:], generator=generator)  # (E, A)
    return torch.arange(shape[0])[:, None, None] < falls  # (T, E, A)


def _numbers(seed: int, *shape: int) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


_TINY = torch.tensor([[[True, True, True]], [[True, False, True]]])  # T = 2, E = 1, A = 3: agent 1 falls in step 0
_MANY = _acting(1, (5, 2, 3))
_LONG = _acting(2, (4, 3, 2))


# ---- 2.1 flatten_rows


def _poisoned(seed: int, acting: Tensor, *more: int) -> Tensor:
    tensor = _numbers(seed, *acting.shape, *more)
    tensor[~acting] = _NAN
    return tensor


def _wide(acting: Tensor, tensor: Tensor) -> Tensor:
    """`acting` with an axis more where the tensor has one."""
    return acting.unsqueeze(-1) if tensor.dim() > acting.dim() else acting


def _in_order(tensor: Tensor, acting: Tensor, *order: int) -> Tensor:
    """Select after turning the first three axes."""
    return tensor.permute(*order, *range(3, tensor.dim()))[acting.permute(*order)]


def _without_the_row_of_the_fall(tensor: Tensor, acting: Tensor) -> Tensor:
    kept = acting.clone()
    kept[:-1] &= acting[1:]
    return tensor[kept]


flatten_rows_exercise = Exercise(
    number="2.1",
    function=flatten_rows,
    difficulty=1,
    minutes=4,
    probes=(
        call_with(torch.tensor([[[0.0, 1.0, 2.0]], [[10.0, _NAN, 12.0]]]), _TINY),
        call_with(torch.arange(30).reshape(5, 2, 3), _MANY),
        call_with(_poisoned(3, _MANY), _MANY),
        call_with(_poisoned(4, _LONG, 5), _LONG),
        call_with(_numbers(5, 2, 3, 2, 4), torch.ones(2, 3, 2, dtype=torch.bool)),
        call_with(_LONG & ~_acting(6, (4, 3, 2)), _LONG),
    ),
    mistakes=(
        Mistake(
            name="laying out all rows, those of fallen agents too",
            wrong=lambda tensor, acting: tensor.flatten(0, 2),
            advice="Which of these rows did somebody decide? acting knows.",
        ),
        Mistake(
            name="multiplying the rows of fallen agents by 0",
            wrong=lambda tensor, acting: (tensor * _wide(acting, tensor)).flatten(0, 2),
            advice="The rows are still there, and 0 x NaN is NaN. Select, do not multiply.",
        ),
        Mistake(
            name="putting a 0 in the place of the fallen (where)",
            wrong=lambda tensor, acting: torch.where(
                _wide(acting, tensor), tensor, torch.zeros((), dtype=tensor.dtype)
            ).flatten(0, 2),
            advice="A row of zeros is still a row: it would count in every mean. B is the number of real decisions.",
        ),
        Mistake(
            name="selecting the fallen",
            wrong=lambda tensor, acting: tensor[~acting],
            advice="acting is True for the rows that are wanted.",
        ),
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
        Mistake(
            name="the order environment, agent, time (one agent's path after the other)",
            wrong=lambda tensor, acting: _in_order(tensor, acting, 1, 2, 0),
            advice="A fine order for drawing a path. Here time comes first; the axes are in this order already.",
        ),
        Mistake(
            name="laying out the quantity and acting in two different orders",
            wrong=lambda tensor, acting: tensor.flatten(0, 2)[acting.permute(2, 0, 1).flatten()],
            advice="Right number of rows, wrong rows. Turn the axes of both, or of neither.",
        ),
        Mistake(
            name="flattening the numbers of a row as well",
            wrong=lambda tensor, acting: tensor[acting].flatten(),
            advice="An observation has D numbers: its rows are (B, D), not one long line.",
        ),
        Mistake(
            name="an axis too many, (B, 1)",
            wrong=lambda tensor, acting: tensor[acting].unsqueeze(-1),
            advice="One number a row is (B,). With (B, 1) a later difference would silently become (B, B).",
        ),
        Mistake(
            name="taking acting for row numbers (0 and 1)",
            wrong=lambda tensor, acting: tensor[acting.long()],
            advice="As integers they are row numbers. A mask must stay bool to select.",
        ),
        Mistake(
            name="leaving out the row in which an agent falls",
            wrong=_without_the_row_of_the_fall,
            advice="It was alive when it chose. The first row that does not count is the next one.",
        ),
        Mistake(
            name="turning everything into float",
            wrong=lambda tensor, acting: tensor[acting].float(),
            advice="Actions must stay int64 and flags bool: keep the dtype.",
        ),
    ),
    hints=(
        "What does tensor[mask] give if mask is bool and has the shape of the first three axes?",
        "rows = those elements of `tensor`, in the order t, e, a, at which `acting` is True. A bool index does both at "
        "once.",
        "return tensor[acting]",
    ),
)


# ---- 2.2 badges_of


def _places(acting: Tensor) -> Tensor:
    return acting.flatten().nonzero().squeeze(1)


def _without_a_remainder(acting: Tensor) -> Tensor:
    (_, copies, agents), place = acting.shape, _places(acting)
    return torch.stack((place // (copies * agents), place // agents, place % agents), dim=1)


badges_of_exercise = Exercise(
    number="2.2",
    function=badges_of,
    difficulty=2,
    minutes=6,
    probes=(call_with(_TINY), call_with(_MANY), call_with(_LONG), call_with(torch.ones(2, 4, 3, dtype=torch.bool))),
    mistakes=(
        Mistake(
            name="the badges of the fallen",
            wrong=lambda acting: (~acting).nonzero(),
            advice="acting is True for the rows that are wanted.",
        ),
        Mistake(
            name="badges for all rows, those of fallen agents too",
            wrong=lambda acting: torch.cartesian_prod(*(torch.arange(size) for size in acting.shape)),
            advice="There must be as many badges as rows of flatten_rows, in the same order.",
        ),
        Mistake(
            name="one line for t, one for e and one for a: (3, B)",
            wrong=lambda acting: acting.nonzero().T,
            advice="Asked for is one line for each row, (B, 3).",
        ),
        Mistake(
            name="reshaping (3, B) to (B, 3) instead of transposing it",
            wrong=lambda acting: acting.nonzero().T.reshape(-1, 3),
            advice="The shape is right, but read the first line: is it a t, an e and an a? Reshape keeps the order of "
            "the numbers, transpose keeps their meaning.",
        ),
        Mistake(
            name="three tensors in a tuple",
            wrong=lambda acting: acting.nonzero(as_tuple=True),
            advice="All the numbers are there. Put them side by side into one tensor (B, 3).",
        ),
        Mistake(
            name="the place in the flat order instead of (t, e, a)",
            wrong=_places,
            advice="A place is one number. Which step, copy and agent is it?",
        ),
        Mistake(
            name="forgetting a remainder: e goes on counting over the steps",
            wrong=_without_a_remainder,
            advice="There are only E copies. place // A has to start anew with every step.",
        ),
        Mistake(
            name="the columns in the order (a, e, t)",
            wrong=lambda acting: acting.nonzero().flip(1),
            advice="The columns are t, e, a, like the axes.",
        ),
        Mistake(
            name="the columns in the order (e, t, a)",
            wrong=lambda acting: acting.nonzero()[:, [1, 0, 2]],
            advice="The columns are t, e, a, like the axes.",
        ),
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
        Mistake(
            name="counting from 1",
            wrong=lambda acting: acting.nonzero() + 1,
            advice="Steps, copies and agents are counted from 0, so that a badge is also an index.",
        ),
        Mistake(
            name="badges that are not whole numbers (float)",
            wrong=lambda acting: acting.nonzero().float(),
            advice="A badge is to be used as an index: int64.",
        ),
        Mistake(
            name="a numpy array",
            wrong=lambda acting: acting.nonzero().numpy(),
            advice="The right numbers; asked for is a torch tensor.",
        ),
    ),
    hints=(
        "torch has a function that says where a tensor is True. In which order does it go through the axes?",
        "For each True of `acting`, in the order t, e, a: one line (t, e, a). By hand: t = place // (E A), "
        "e = place // A % E, a = place % A.",
        "return acting.nonzero()",
    ),
)


# ---- 2.3 mean_over_acting


def _mean_probe(seed: int, acting: Tensor, poison: float) -> Probe:
    quantity = _numbers(seed, *acting.shape)
    quantity[~acting] = poison
    return call_with(quantity, acting, gradients=(0,))


def _mean_of_means(quantity: Tensor, acting: Tensor, axis: int) -> Tensor:
    other = [i for i in range(quantity.dim()) if i != axis % quantity.dim()]
    sums, counts = torch.where(acting, quantity, 0.0), acting.float()
    if other:
        sums, counts = sums.sum(other), counts.sum(other)
    return (sums / counts)[counts > 0].mean()


mean_over_acting_exercise = Exercise(
    number="2.3",
    function=mean_over_acting,
    difficulty=1,
    minutes=4,
    probes=(
        call_with(
            torch.tensor([[1.0, 3.0, 5.0], [7.0, _NAN, 12.0]]),
            torch.tensor([[True, True, True], [True, False, True]]),
            gradients=(0,),
        ),
        _mean_probe(1, _MANY, 0.0),
        _mean_probe(2, _MANY, _NAN),
        _mean_probe(3, _LONG, 1e6),
        call_with(torch.tensor([4.0, 2.0]), torch.tensor([False, False])),
    ),
    mistakes=(
        Mistake(
            name="multiplying by the mask",
            wrong=lambda quantity, acting: (quantity * acting).sum() / acting.sum(),
            advice="What the fallen hold may be NaN, and 0 x NaN is NaN. Select first.",
        ),
        Mistake(
            name="dividing by all rows",
            wrong=lambda quantity, acting: quantity[acting].sum() / quantity.numel(),
            advice="Right sum. How many rows did it come from?",
        ),
        Mistake(
            name="a mean over all rows, those of fallen agents too",
            wrong=lambda quantity, acting: quantity.mean(),
            advice="acting was not asked.",
        ),
        Mistake(
            name="leaving out what is NaN instead of who has fallen",
            wrong=lambda quantity, acting: quantity.nanmean(),
            advice="A fallen agent's row may hold any number, a million too; and a living agent's NaN should be seen.",
        ),
        Mistake(
            name="a mean over the fallen",
            wrong=lambda quantity, acting: quantity[~acting].mean(),
            advice="acting is True for the rows that are wanted.",
        ),
        Mistake(
            name="the sum",
            wrong=lambda quantity, acting: quantity[acting].sum(),
            advice="A mean does not grow with the number of rows.",
        ),
        Mistake(
            name="a mean of each agent's own mean",
            wrong=lambda quantity, acting: _mean_of_means(quantity, acting, -1),
            advice="Who fell early made few decisions. Here every decision counts the same, not every agent.",
        ),
        Mistake(
            name="a mean of each step's own mean",
            wrong=lambda quantity, acting: _mean_of_means(quantity, acting, 0),
            advice="In some steps fewer agents act. Here every decision counts the same, not every step.",
        ),
        Mistake(
            name="the median",
            wrong=lambda quantity, acting: quantity[acting].median() if acting.any() else quantity.sum() * _NAN,
            advice="That is the middle one of the sorted numbers. Asked for is their mean.",
        ),
        Mistake(
            name="0 where nobody acted",
            wrong=lambda quantity, acting: quantity[acting].sum() / acting.sum().clamp(min=1),
            advice="A 0 looks like a result. The mean of nothing is NaN, and this is what you want to see.",
        ),
        Mistake(
            name="a plain number: float or item()",
            wrong=lambda quantity, acting: quantity[acting].mean().item(),
            advice="Asked for is a scalar tensor, so that a gradient can still find its way.",
        ),
        Mistake(
            name="the right number without its graph (detached)",
            wrong=lambda quantity, acting: quantity[acting].mean().detach(),
            advice="This mean is also used in losses: no detach() in here.",
        ),
        Mistake(
            name="one number with an axis, (1,)",
            wrong=lambda quantity, acting: quantity[acting].mean(dim=0, keepdim=True),
            advice="A scalar has no axes: shape ().",
        ),
    ),
    hints=(
        "What should the answer be if a fallen agent's row holds NaN?",
        "The sum of `quantity` over the acting rows, divided by the number of acting rows.",
        "return quantity[acting].mean()",
    ),
)

EXERCISES = (flatten_rows_exercise, badges_of_exercise, mean_over_acting_exercise)

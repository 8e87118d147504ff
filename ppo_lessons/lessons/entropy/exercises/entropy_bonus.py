"""The mean entropy of a mini-batch."""

import math

import torch

from ppo_lessons.classroom.draws import beyond
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.losses import entropy_bonus


def _bonus_probe(*numbers: float, dtype: torch.dtype = torch.float32) -> Probe:
    return call_with(torch.tensor(numbers, dtype=dtype), gradients=(0,))


EXERCISE = Exercise(
    number="10.2",
    node="N",
    function=entropy_bonus,
    difficulty=1,
    minutes=2,
    probes=(
        _bonus_probe(1.6, 0.2, 0.9),
        _bonus_probe(0.7),
        _bonus_probe(1.1, 1.3, 0.0, 0.4, 1.5, 0.8),
        _bonus_probe(0.3, 1.2, dtype=torch.float64),
        call_with(torch.tensor([0.5, math.nan]), special="NaN among the entropies"),
        *beyond(lambda rng: (_bonus_probe(*rng.uniform(0, 1.6, rows)) for rows in (4, 9))),
    ),
    mistakes=(
        Mistake(name="a minus sign too early", wrong=lambda entropy: -entropy.mean(),
                advice="Here it is still the entropy itself. The minus sign comes in the total, once."),
        Mistake(name="the sum over the rows", wrong=lambda entropy: entropy.sum(),
                advice="Twice as many rows would make the team twice as curious. What should the size not change?"),
        Mistake(name="the largest entropy", wrong=lambda entropy: entropy.max(),
                advice="Then only one row of the mini-batch would be pulled. All rows count alike."),
        Mistake(name="the smallest entropy", wrong=lambda entropy: entropy.min(),
                advice="Then only one row of the mini-batch would be pulled. All rows count alike."),
        Mistake(name="the median", wrong=lambda entropy: entropy.median(),
                advice="Then only the middle row would be pulled. All rows count alike."),
        Mistake(name="the right number without its graph (detached)", wrong=lambda entropy: entropy.mean().detach(),
                advice="A number without a gradient is no bonus: nothing would be pulled."),
        Mistake(name="dividing by ln 5, so that the largest is 1", wrong=lambda entropy: entropy.mean() / math.log(5),
                advice="ent_coef is meant for nats, and the function does not know how many actions there are."),
        Mistake(name="the coefficient put in here (0.02)", wrong=lambda entropy: 0.02 * entropy.mean(),
                advice="The weight comes in the total. Inside here it would count twice."),
        Mistake(name="no mean: the rows as they came", wrong=lambda entropy: 1 * entropy,
                advice="One number for the whole mini-batch is wanted."),
        Mistake(name="a float for a tensor (item)", wrong=lambda entropy: entropy.mean().item(),
                advice="A float has forgotten where it came from: backward() needs the tensor."),
    ),
    hints=(
        "Each row has an entropy. What should not change when the mini-batch gets larger?",
        "The mean over the rows; sign and weight come later.",
        "return entropy.mean()",
    ),
)  # fmt: skip

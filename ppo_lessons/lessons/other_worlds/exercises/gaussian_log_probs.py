"""The log-density of real-valued actions."""

import math
from collections.abc import Callable

import torch
from torch import Tensor

from ppo_lessons.action_kinds import gaussian_log_probs
from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with

CONSTANT = 0.5 * math.log(2 * math.pi)


def _draw(seed: int, *shape: int, spread: float = 0.5) -> tuple[Tensor, Tensor, Tensor]:
    draw = generator(seed)
    means, log_std = torch.randn(*shape, generator=draw), spread * torch.randn(shape[-1], generator=draw)
    return means, log_std, means + torch.randn(*shape, generator=draw) * log_std.exp()


_FIRST = torch.tensor([[0.0, 1.0], [2.0, -1.0]]), torch.tensor([0.0, 0.5]), torch.tensor([[1.0, 1.0], [2.0, 0.0]])
_MEAN = torch.tensor([[1.0, 2.0, 3.0]]), torch.tensor([0.3, -0.2, 0.1]), torch.tensor([[1.0, 2.0, 3.0]])


def _wrong(of: Callable[[Tensor, Tensor, Tensor], Tensor]) -> Callable[[Tensor, Tensor, Tensor], Tensor]:
    """A mistake in the term of one number, given a - m, s and ln s."""
    return lambda m, log_std, a: of(a - m, log_std.exp(), log_std).sum(dim=-1)


def _other_end(m: Tensor, log_std: Tensor, a: Tensor) -> Tensor:
    z = (a - m) / log_std.exp()
    return (-0.5 * z**2 - log_std - CONSTANT).sum(dim=0)


EXERCISE = Exercise(
    number="16.4",
    node="J",
    function=gaussian_log_probs,
    difficulty=2,
    minutes=8,
    probes=(
        call_with(*_FIRST),
        call_with(*_FIRST, gradients=(0, 1)),
        call_with(*_draw(1, 4, 2)),
        call_with(*_draw(2, 5, 3), gradients=(0, 1)),
        call_with(*_draw(3, 2, 3, 2)),
        call_with(*_draw(4, 3, 2, spread=2.0), special="very different spreads"),
        call_with(*_MEAN, special="the mean itself as the action"),
        call_with(*_draw(5, 4, 1), special="a single number"),
    ),
    mistakes=(
        Mistake(name="one log-density for each number, not added up",
                wrong=lambda m, log_std, a: -0.5 * ((a - m) / log_std.exp())**2 - log_std - CONSTANT,
                advice="An action is all its numbers together, and they are independent: add their logarithms up, over "
                "the last axis."),
        Mistake(name="the mean over the numbers, not the sum",
                wrong=lambda m, log_std, a: gaussian_log_probs(m, log_std, a) / m.shape[-1],
                advice="The densities are multiplied, so the logarithms add up."),
        Mistake(name="added up over the rows (the first axis)", wrong=_other_end,
                advice="Each row is an action of its own. Add up over the last axis: dim=-1."),
        Mistake(name="one number for everything", wrong=lambda m, log_std, a: gaussian_log_probs(m, log_std, a).sum(),
                advice="Each row has a log-density of its own."),
        Mistake(name="log_std taken for the standard deviation",
                wrong=lambda m, log_std, a: torch.distributions.Normal(
                    m, log_std.abs() + 1e-6).log_prob(a).sum(dim=-1),
                advice="s = exp(log_std): the logarithm is stored so that s is always above 0."),
        Mistake(name="exp(log_std) forgotten in the square", wrong=_wrong(lambda d, s, ls: -0.5 * d**2 - ls - CONSTANT),
                advice="The distance counts in units of the spread: (a - m) / s."),
        Mistake(name="divided by s and not by s squared",
                wrong=_wrong(lambda d, s, ls: -0.5 * d**2 / s - ls - CONSTANT),
                advice="-(a - m)^2 / (2 s^2): the s is squared, too."),
        Mistake(name="multiplied by s", wrong=_wrong(lambda d, s, ls: -0.5 * (d * s)**2 - ls - CONSTANT),
                advice="The wider the spread, the less a distance counts: divide."),
        Mistake(name="log_std taken for the logarithm of the variance",
                wrong=_wrong(lambda d, s, ls: -0.5 * d**2 / s - 0.5 * ls - CONSTANT),
                advice="exp(log_std) is the standard deviation; the variance is its square."),
        Mistake(name="the half forgotten", wrong=_wrong(lambda d, s, ls: -((d / s)**2) - ls - CONSTANT),
                advice="-(a - m)^2 / (2 s^2)."),
        Mistake(name="the square forgotten", wrong=_wrong(lambda d, s, ls: -0.5 * d / s - ls - CONSTANT),
                advice="(a - m) is squared: on which side of the mean an action lies does not matter."),
        Mistake(name="the distance without its square, as in a Laplace distribution",
                wrong=_wrong(lambda d, s, ls: -0.5 * (d / s).abs() - ls - CONSTANT),
                advice="A normal distribution has the square of the distance."),
        Mistake(name="the sign of the square: far away would be likelier",
                wrong=_wrong(lambda d, s, ls: 0.5 * (d / s)**2 - ls - CONSTANT),
                advice="The further from the mean, the less likely: a minus in front of the square."),
        Mistake(name="- ln s forgotten", wrong=_wrong(lambda d, s, ls: -0.5 * (d / s)**2 - CONSTANT),
                advice="A wide distribution is a flat one: - ln s. Without it every action looks likelier the "
                "wider the spread."),
        Mistake(name="ln s added", wrong=_wrong(lambda d, s, ls: -0.5 * (d / s)**2 + ls - CONSTANT),
                advice="A wide distribution is a flat one: minus ln s."),
        Mistake(name="- s in the place of - ln s", wrong=_wrong(lambda d, s, ls: -0.5 * (d / s)**2 - s - CONSTANT),
                advice="What is subtracted is the logarithm of the spread, which you were given."),
        Mistake(name="- ln s halved", wrong=_wrong(lambda d, s, ls: -0.5 * (d / s)**2 - 0.5 * ls - CONSTANT),
                advice="Half the logarithm of the variance is the whole of that of the standard deviation: - log_std."),
        Mistake(name="- ln s twice (as if the variance stood in front of it)",
                wrong=_wrong(lambda d, s, ls: -0.5 * (d / s)**2 - 2 * ls - CONSTANT),
                advice="In front of the exponential stands 1 / (s sqrt(2 pi)): one s."),
        Mistake(name="the constant ln(2 pi) / 2 forgotten", wrong=_wrong(lambda d, s, ls: -0.5 * (d / s)**2 - ls),
                advice="It has no gradient and falls out of the ratio, but without it this is no density."),
        Mistake(name="the constant only once, not for each number",
                wrong=lambda m, log_std, a: (-0.5 * ((a - m) / log_std.exp())**2 - log_std).sum(dim=-1) - CONSTANT,
                advice="Each number brings its own ln(2 pi) / 2: it belongs inside the sum."),
        Mistake(name="ln(2 pi) in the place of its half",
                wrong=_wrong(lambda d, s, ls: -0.5 * (d / s)**2 - ls - 2 * CONSTANT),
                advice="The root of 2 pi stands below: half the logarithm."),
        Mistake(name="the constant added", wrong=_wrong(lambda d, s, ls: -0.5 * (d / s)**2 - ls + CONSTANT),
                advice="1 / sqrt(2 pi): its logarithm is negative."),
        Mistake(name="the logarithm to the base 10 in the constant",
                wrong=_wrong(lambda d, s, ls: -0.5 * (d / s)**2 - ls - 0.5 * math.log10(2 * math.pi)),
                advice="In nats: the natural logarithm, math.log."),
        Mistake(name="the distances added up first, then squared", wrong=lambda m, log_std, a: (
                -0.5 * ((a - m) / log_std.exp()).sum(dim=-1) ** 2 - log_std.sum() - CONSTANT * m.shape[-1]),
                advice="Each number has a square of its own: square first, then add up."),
        Mistake(name="ln 2 times pi: a bracket too early",
                wrong=_wrong(lambda d, s, ls: -0.5 * (d / s)**2 - ls - 0.5 * math.log(2) * math.pi),
                advice="ln(2 pi) is the logarithm of the product."),
        Mistake(name="the constant forgotten, and s in the place of ln s",
                wrong=_wrong(lambda d, s, ls: -0.5 * (d / s)**2 - s),
                advice="What is subtracted is ln s, which you were given, and ln(2 pi) / 2."),
        Mistake(name="the density itself, without the logarithm",
                wrong=lambda m, log_std, a: gaussian_log_probs(m, log_std, a).exp(),
                advice="Its logarithm is asked for."),
        Mistake(name="the whole with its sign turned", wrong=lambda m, log_std, a: -gaussian_log_probs(m, log_std, a),
                advice="That would be a loss. Asked for is the log-density itself."),
        Mistake(name="(B, 1) in the place of (B,)",
                wrong=lambda m, log_std, a: gaussian_log_probs(m, log_std, a).unsqueeze(-1),
                advice="keepdim leaves an axis behind, and (B, 1) with (B,) becomes (B, B) later."),
        Mistake(name="the right numbers without a graph",
                wrong=lambda m, log_std, a: gaussian_log_probs(m.detach(), log_std.detach(), a),
                advice="The gradient goes to the means and to log_std: no detach(), item() or numpy() on them."),
        Mistake(name="the spread without a gradient",
                wrong=lambda m, log_std, a: gaussian_log_probs(m, log_std.detach(), a),
                advice="log_std is a parameter, too. It learns how bold the agent is."),
    ),
    hints=(
        "How far is the action from the mean, counted in spreads? And how do independent log-densities combine?",
        "z = (actions - means) / exp(log_std); -z^2 / 2 - log_std - ln(2 pi) / 2, summed over the last axis.",
        "z = (actions - means) / log_std.exp()\n"
        "return (-0.5 * z**2 - log_std - 0.5 * math.log(2 * math.pi)).sum(dim=-1)",
    ),
)  # fmt: skip

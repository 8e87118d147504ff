"""One-step TD errors."""

import torch
from torch import Tensor

from ppo_lessons.advantages import td_errors
from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, Probe, call_with
from ppo_lessons.lessons.advantages.exercises.rows import column


def _td_probe(seed: int, shape: tuple[int, int, int], gamma: float) -> Probe:
    draw = generator(seed)
    return call_with(*(torch.randn(shape, generator=draw) for _ in range(3)), gamma)


def _discount_rewards_in_place(rewards: Tensor, values: Tensor, next_values: Tensor, gamma: float) -> Tensor:
    rewards += gamma * next_values
    rewards -= values
    return rewards


EXERCISE = Exercise(
    number="3.1",
    node="D",
    function=td_errors,
    difficulty=1,
    minutes=2,
    probes=(
        # The second row is followed by an end: its next value is 0, not the 4 below it.
        call_with(column(1.0, 3.0, -2.0), column(2.0, 5.0, 4.0), column(5.0, 0.0, 7.0), 0.5),
        _td_probe(1, (6, 1, 1), 0.9),
        _td_probe(2, (4, 2, 3), 0.98),
        _td_probe(3, (5, 2, 1), 1.0),
    ),
    mistakes=(
        Mistake(
            name="reward minus value, without what comes next",
            wrong=lambda rewards, values, next_values, gamma: rewards - values,
            advice="The value before the step foretold the whole future. What is left of the future after the step?",
        ),
        Mistake(name="forgetting gamma",
                wrong=lambda rewards, values, next_values, gamma: rewards + next_values - values,
                advice="What comes one step later counts a little less."),
        Mistake(name="the target r + gamma V(next), not yet compared with anything",
                wrong=lambda rewards, values, next_values, gamma: rewards + gamma * next_values,
                advice="Better than expected: what was expected before the step?"),
        Mistake(name="the sign turned round",
                wrong=lambda rewards, values, next_values, gamma: values - rewards - gamma * next_values,
                advice="A pleasant surprise is to be positive."),
        Mistake(name="discounting the value before the step",
                wrong=lambda rewards, values, next_values, gamma: rewards + next_values - gamma * values,
                advice="Which of the two values lies one step later?"),
        Mistake(name="discounting the reward as well",
                wrong=lambda rewards, values, next_values, gamma: gamma * (rewards + next_values) - values,
                advice="The reward of this step is here and now."),
        Mistake(name="discounting everything",
                wrong=lambda rewards, values, next_values, gamma: gamma * (rewards + next_values - values),
                advice="Only one of the three terms lies one step later."),
        Mistake(name="swapping the values before and after the step",
                wrong=lambda rewards, values, next_values, gamma: rewards + gamma * values - next_values,
                advice="values belong to what was seen before the step, next_values to what was seen after it."),
        Mistake(name="reading the value one row below in place of next_values",
                wrong=lambda r, v, following, gamma: r + gamma * torch.cat((v[1:], following[-1:])) - v,
                advice="The row below may belong to another case. next_values has taken care of that."),
        Mistake(name="taking the size of the surprise without its sign",
                wrong=lambda rewards, values, next_values, gamma: (rewards + gamma * next_values - values).abs(),
                advice="Worse than expected has to stay negative."),
        Mistake(name="changing the rewards in place", wrong=_discount_rewards_in_place,
                advice="The numbers are right, but += writes into the caller's rewards. Make a new tensor."),
    ),
    hints=(
        "Before the step the critic said V. After it there is a reward in the hand and a new estimate. Compare.",
        "delta = r + gamma V(next) - V, in all rows at once.",
        "return rewards + gamma * next_values - values",
    ),
)  # fmt: skip

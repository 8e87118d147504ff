"""Advantages with mean 0 and standard deviation 1."""

import torch

from ppo_lessons.advantages import normalise_advantages
from ppo_lessons.classroom.draws import normal
from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with

EXERCISE = Exercise(
    number="11.1",
    node="L",
    function=normalise_advantages,
    difficulty=1,
    minutes=4,
    probes=(
        call_with(torch.tensor([1.0, 2.0, 6.0])),
        call_with(3.0 * normal(1, 5) - 2.0),
        call_with(torch.tensor([0.5, 0.5, 0.5, 0.5]), special="advantages that are all equal"),
        call_with(torch.tensor([2.5]), special="a single row"),
        call_with(torch.tensor([1.0, 4.0]), special="two rows"),
        call_with(0.01 * normal(2, 64)),
        call_with(torch.cat((normal(3, 63), torch.tensor([100.0]))), special="an advantage far from all others"),
        call_with(1e-4 * normal(4, 6), special="advantages that hardly differ"),
    ),
    mistakes=(
        Mistake(name="only taking the mean away", wrong=lambda a: a - a.mean() if len(a) > 1 else a,
                advice="The mean is 0 now. What is the standard deviation?"),
        Mistake(name="only dividing by the standard deviation",
                wrong=lambda a: a / (a.std() + 1e-8) if len(a) > 1 else a,
                advice="The standard deviation is 1 now. What is the mean?"),
        Mistake(name="dividing by the variance", wrong=lambda a: (a - a.mean()) / (a.var() + 1e-8) if len(a) > 1 else a,
                advice="The standard deviation is the root of the variance."),
        Mistake(
            name="the standard deviation with N in place of N - 1",
            wrong=lambda a: (a - a.mean()) / (a.std(correction=0) + 1e-8) if len(a) > 1 else a,
            advice="torch's std() divides by N - 1 unless told otherwise, and so do Stable-Baselines3 and CleanRL.",
        ),
        Mistake(name="no small number in the denominator",
                wrong=lambda a: (a - a.mean()) / a.std() if len(a) > 1 else a,
                advice="If all advantages are equal their standard deviation is 0, and 0 / 0 is NaN."),
        Mistake(name="forgetting the mini-batch of one row", wrong=lambda a: (a - a.mean()) / (a.std() + 1e-8),
                advice="One row has no spread: its standard deviation is NaN. What should come back then?"),
        Mistake(name="taking the mean away and adding it again",
                wrong=lambda a: (a - a.mean()) / (a.std() + 1e-8) + a.mean() if len(a) > 1 else a,
                advice="The result is to have mean 0."),
        Mistake(name="a softmax", wrong=lambda a: a.softmax(dim=0) if len(a) > 1 else a,
                advice="That makes shares that sum to 1. Asked for are mean 0 and standard deviation 1."),
        Mistake(name="dividing by the largest size", wrong=lambda a: a / a.abs().max() if len(a) > 1 else a,
                advice="Asked for are mean 0 and standard deviation 1, so divide by the standard deviation."),
        Mistake(name="dividing by the largest size, after taking the mean away",
                wrong=lambda a: (a - a.mean()) / ((a - a.mean()).abs().max() + 1e-8) if len(a) > 1 else a,
                advice="The mean is right. Divide by the standard deviation, not by the largest."),
        Mistake(name="dividing by the length of the whole vector (norm)",
                wrong=lambda a: a / a.norm().clamp(min=1e-12) if len(a) > 1 else a,
                advice="That makes a vector of length 1. Asked for are mean 0 and standard deviation 1."),
        Mistake(name="the median in place of the mean",
                wrong=lambda a: (a - a.median()) / (a.std() + 1e-8) if len(a) > 1 else a,
                advice="What is taken away is the mean."),
        Mistake(name="dividing by the mean size (abs)",
                wrong=lambda a: (a - a.mean()) / ((a - a.mean()).abs().mean() + 1e-8) if len(a) > 1 else a,
                advice="The standard deviation is the root of the mean square, not the mean size."),
        Mistake(name="squeezing into 0 ... 1 (smallest and largest)",
                wrong=lambda a: (a - a.min()) / (a.max() - a.min() + 1e-8) if len(a) > 1 else a,
                advice="Asked for are mean 0 and standard deviation 1, so about half of the rows become negative."),
        Mistake(name="a change in place", wrong=lambda a: a.sub_(a.mean()).div_(a.std() + 1e-8) if len(a) > 1 else a,
                advice="The result is right, but what was handed in has changed: avoid -=, /= and names with _."),
    ),
    hints=(
        "What are the mean and the standard deviation of the result to be, whatever came in? And of a single row?",
        "(A - mean) / (standard deviation + 1e-8); one row alone stays as it is.",
        "if len(advantages) < 2:\n"
        "    return advantages\n"
        "centred = advantages - advantages.mean()\n"
        "return centred / (advantages.std() + 1e-8)",
    ),
)  # fmt: skip

"""How much a team has forgotten."""

import torch
from torch import Tensor

from ppo_lessons.classroom.draws import generator
from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.spirit_world.curriculum import forgetting


def _rates(seed: int, stages: int, cases: int) -> Tensor:
    """Win rates of a way, each of its own."""
    return torch.rand(stages, cases, generator=generator(seed))


EXERCISE = Exercise(
    number="14.3",
    node="P",
    function=forgetting,
    difficulty=1,
    minutes=4,
    probes=(
        call_with(torch.tensor([[0.9, 0.2, 0.0], [1.0, 0.8, 0.1], [0.4, 0.7, 0.6]])),
        call_with(torch.tensor([[0.5, 0.9], [0.8, 0.3], [0.6, 0.7], [0.7, 0.1]])),
        call_with(_rates(1, 4, 3)),
        call_with(_rates(2, 3, 4)),
        call_with(_rates(3, 5, 5)),
        call_with(torch.tensor([[0.9, 0.1], [0.4, 0.8]]), special="two stages"),
        call_with(torch.tensor([[0.6], [0.9], [0.2]]), special="a single case"),
        call_with(torch.full((3, 2), 0.7), special="nothing that changed"),
    ),
    mistakes=(
        Mistake(name="nothing below 0 (the last stage counted among the earlier ones, or cut off at 0)",
                wrong=lambda rates: rates.max(dim=0).values - rates[-1],
                advice="The best *earlier* stage: without the last row. Below 0 says that the team has got better."),
        Mistake(name="the end less the best (the sign)", wrong=lambda rates: rates[-1] - rates[:-1].max(dim=0).values,
                advice="What was lost is to be above 0: the best first, less what is left."),
        Mistake(name="the stage just before in place of the best", wrong=lambda rates: rates[-2] - rates[-1],
                advice="The team may have been better long before. Take the best of all earlier stages."),
        Mistake(name="the first stage in place of the best", wrong=lambda rates: rates[0] - rates[-1],
                advice="A case is learned at its own stage, not at the first. Take the best of all earlier stages."),
        Mistake(name="the mean of the earlier stages in place of the best",
                wrong=lambda rates: rates[:-1].mean(dim=0) - rates[-1],
                advice="Before a case was trained its win rate is low; a mean counts that, too. Take the best."),
        Mistake(name="the worst earlier stage in place of the best",
                wrong=lambda rates: rates[:-1].min(dim=0).values - rates[-1],
                advice="How good was the team *once*? Take the highest."),
        Mistake(name="the best over the cases of a stage, not over the stages (the wrong axis)",
                wrong=lambda rates: rates[:-1].max(dim=1).values - rates[-1, 0],
                advice="A row is a stage, a column a case. The best is looked for down each column."),
        Mistake(name="stages and cases swapped: the best of the other cases, less the last case",
                wrong=lambda rates: rates[:, :-1].max(dim=1).values - rates[:, -1],
                advice="A row is a stage, a column a case: rows come first in win_rates[row, column]."),
        Mistake(name="what each case had right after its own stage, not its best",
                wrong=lambda rates: rates[torch.arange(rates.shape[1]).clamp(max=len(rates) - 2),
                                          torch.arange(rates.shape[1])] - rates[-1],
                advice="A case may have been played best at another stage than its own. Take the best of all earlier "
                "ones."),
        Mistake(name="one number for all cases: the best win rate of all",
                wrong=lambda rates: rates[:-1].max() - rates[-1],
                advice="Each case has its own best: one for each column."),
        Mistake(name="the mean over the cases", wrong=lambda rates: forgetting(rates).mean(),
                advice="Asked is the forgetting of each case, (C,)."),
        Mistake(name="its size without its sign", wrong=lambda rates: forgetting(rates).abs(),
                advice="Lost and gained are different things. Keep the sign."),
        Mistake(name="as a share of the best", wrong=lambda rates: forgetting(rates) / rates[:-1].max(dim=0).values,
                advice="Asked is the difference of two win rates, not a share of the better one."),
        Mistake(name="each stage against the end, a table in place of one number a case",
                wrong=lambda rates: rates[:-1] - rates[-1],
                advice="That is (P - 1, C). Of each column only the largest is asked for."),
        Mistake(name="the place of the best stage in place of its win rate (indices for values)",
                wrong=lambda rates: rates[:-1].max(dim=0).indices - rates[-1],
                advice="`max(dim=0)` gives values and indices. You need `.values`."),
    ),
    hints=(
        "Which rows are earlier? Over which axis do you look for the best?",
        "best of the rows before the last, for each column, less the last row",
        "return win_rates[:-1].max(dim=0).values - win_rates[-1]",
    ),
    used="It says at the end of the way what the team has lost of each case.",
)  # fmt: skip

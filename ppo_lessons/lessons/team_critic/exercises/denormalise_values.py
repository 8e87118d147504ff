"""From units of the spread back to rewards."""

from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.lessons.team_critic.exercises.units import EPS, GIVEN, NO_SPREAD
from ppo_lessons.value_normalisation import denormalise_values

EXERCISE = Exercise(
    number="15.4",
    node="D",
    function=denormalise_values,
    difficulty=1,
    minutes=3,
    probes=(
        *(call_with(*given) for given in GIVEN),
        call_with(1e8 * NO_SPREAD[0], *NO_SPREAD[1:], special="a spread of 0"),
    ),
    mistakes=(
        Mistake(name="adding the mean first, then multiplying", wrong=lambda v, mean, std: (v + mean) * (std + EPS),
                advice="Undo in the other order: the last thing done was the division, so multiply first."),
        Mistake(name="only multiplying by the spread", wrong=lambda v, mean, std: v * (std + EPS),
                advice="The mean was taken away. Give it back."),
        Mistake(name="only adding the mean", wrong=lambda v, mean, std: v + mean,
                advice="And the unit? Multiply by the spread."),
        Mistake(name="normalising once more", wrong=lambda v, mean, std: (v - mean) / (std + EPS),
                advice="That is the way there. This is the way back."),
        Mistake(name="taking the mean away", wrong=lambda v, mean, std: v * (std + EPS) - mean,
                advice="It was taken away on the way there. Now add it."),
        Mistake(name="dividing by the spread", wrong=lambda v, mean, std: v / (std + EPS) + mean,
                advice="It was divided on the way there. Now multiply."),
        Mistake(name="the variance in place of the spread", wrong=lambda v, mean, std: v * (std**2 + EPS) + mean,
                advice="The unit is the standard deviation itself."),
        Mistake(name="the small number forgotten on the way back", wrong=lambda v, mean, std: v * std + mean,
                advice="Divided was by std + 1e-8, so multiply by std + 1e-8: with a spread of 0 it is all there is."),
        Mistake(name="the spread of these values, not the running one",
                wrong=lambda v, mean, std: v * (v.std() + EPS) + mean,
                advice="The unit is the one that is handed over."),
        Mistake(name="the root of the spread", wrong=lambda v, mean, std: v * (std + EPS).sqrt() + mean,
                advice="It is a standard deviation already: no root."),
        Mistake(name="mean and spread swapped", wrong=lambda v, mean, std: v * mean + (std + EPS),
                advice="Multiply by the spread, add the mean."),
        Mistake(name="a change in place", wrong=lambda v, mean, std: v.mul_(std + EPS).add_(mean),
                advice="The result is right, but what was handed in has changed: avoid *=, += and names with _."),
    ),
    hints=(
        "What were the two steps on the way there, and in which order are they undone?",
        "values * (std + 1e-8) + mean",
        "return values * (std + 1e-8) + mean",
    ),
)  # fmt: skip

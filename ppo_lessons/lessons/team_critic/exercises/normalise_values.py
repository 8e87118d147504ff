"""Returns in units of their spread."""

from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.lessons.team_critic.exercises.units import EPS, GIVEN, NO_SPREAD
from ppo_lessons.value_normalisation import normalise_values

EXERCISE = Exercise(
    number="15.3",
    node="D",
    function=normalise_values,
    difficulty=1,
    minutes=3,
    probes=(
        *(call_with(*given) for given in GIVEN),
        call_with(*NO_SPREAD, special="a spread of 0"),
    ),
    mistakes=(
        Mistake(name="the mean and the spread of these values, not of the running ones",
                wrong=lambda v, mean, std: (v - v.mean()) / (v.std() + EPS),
                advice="These are the numbers of one rollout. The unit is to be the same for all: use what is handed "
                "over."),
        Mistake(name="only taking the mean away", wrong=lambda v, mean, std: v - mean,
                advice="And the unit? Divide by the spread."),
        Mistake(name="only dividing by the spread", wrong=lambda v, mean, std: v / (std + EPS),
                advice="Take the mean away first."),
        Mistake(name="dividing first, then taking the mean away", wrong=lambda v, mean, std: v / (std + EPS) - mean,
                advice="The mean is in rewards, too: take it away before you divide."),
        Mistake(name="adding the mean", wrong=lambda v, mean, std: (v + mean) / (std + EPS),
                advice="A value that is equal to the mean becomes 0."),
        Mistake(name="multiplying by the spread", wrong=lambda v, mean, std: (v - mean) * (std + EPS),
                advice="In a larger unit the numbers become smaller: divide."),
        Mistake(name="dividing by the variance", wrong=lambda v, mean, std: (v - mean) / (std**2 + EPS),
                advice="The standard deviation itself is the unit, not its square."),
        Mistake(name="dividing by the root of the spread", wrong=lambda v, mean, std: (v - mean) / (std + EPS).sqrt(),
                advice="It is a standard deviation already: no root."),
        Mistake(name="no small number in the denominator", wrong=lambda v, mean, std: (v - mean) / std,
                advice="At the beginning the spread is 0: add 1e-8."),
        Mistake(name="the mean less the value (the sign)", wrong=lambda v, mean, std: (mean - v) / (std + EPS),
                advice="What lies above the mean is to be above 0."),
        Mistake(name="undoing it (that is the next exercise)", wrong=lambda v, mean, std: v * (std + EPS) + mean,
                advice="That leads from units back to rewards. Here: from rewards to units."),
        Mistake(name="a change in place", wrong=lambda v, mean, std: v.sub_(mean).div_(std + EPS),
                advice="The result is right, but what was handed in has changed: avoid -=, /= and names with _."),
    ),
    hints=(
        "What becomes of a value that is equal to the mean? And of one that is a spread above it?",
        "(values - mean) / (std + 1e-8)",
        "return (values - mean) / (std + 1e-8)",
    ),
)  # fmt: skip

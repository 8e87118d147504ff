"""Exercise 11.1: a step size that shrinks over the run."""

from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.training import annealed

_NUMBERS = ((0.004, 25, 100), (0.004, 0, 100), (0.01, 100, 100), (0.01, 150, 100), (0.002, 3, 7))

EXERCISE = Exercise(
    number="11.1",
    node="O",
    function=annealed,
    difficulty=1,
    minutes=4,
    probes=tuple(call_with(*n) for n in _NUMBERS),
    mistakes=(
        Mistake(name="a step size that grows", wrong=lambda rate, k, n: rate * min(1.0, k / n),
                advice="In cycle 0 it is the full learning_rate. Which way does your line go?"),
        Mistake(name="a constant step size", wrong=lambda rate, k, n: rate,
                advice="Half-way, at cycle n / 2, it should be half as long."),
        Mistake(name="a line that goes on below 0", wrong=lambda rate, k, n: rate * (1 - k / n),
                advice="What happens after anneal_cycles? A negative step size would climb up the loss."),
        Mistake(name="whole-number division", wrong=lambda rate, k, n: rate * max(0.0, 1 - k // n),
                advice="// rounds down: the result jumps from full to 0. Use /."),
        Mistake(name="counting cycles from 1", wrong=lambda rate, k, n: rate * max(0.0, 1 - (k + 1) / n),
                advice="Cycle 0 is the first one, and it has the full learning_rate."),
        Mistake(name="falling in a curve (halved and halved again)",
                wrong=lambda rate, k, n: rate * 0.5 ** (k / n) if k < n else 0.0,
                advice="Asked for is a straight line from learning_rate to 0."),
        Mistake(name="returning the share and not the step size", wrong=lambda rate, k, n: max(0.0, 1 - k / n),
                advice="Multiply by learning_rate."),
    ),
    hints=(
        "Where is the line at cycle 0, half-way, at anneal_cycles, and after it?",
        "learning_rate * (1 - cycle / anneal_cycles), but never below 0.",
        "return learning_rate * max(0.0, 1 - cycle / anneal_cycles)",
    ),
)  # fmt: skip

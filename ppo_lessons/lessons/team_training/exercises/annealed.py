"""A step size that shrinks over the run."""

import math

from ppo_lessons.classroom.draws import beyond
from ppo_lessons.classroom.exercise import Exercise, Mistake, call_with
from ppo_lessons.optimisation import annealed

_NUMBERS = (
    (0.004, 25, 100), (0.004, 0, 100), (0.01, 100, 100), (0.01, 150, 100), (0.002, 3, 7),
    (1.0, 1, 3), (0.5, 60, 90), (0.003, 9, 10), (2.0, 4, 16), (0.1, 1, 1),
)  # fmt: skip

EXERCISE = Exercise(
    number="12.1",
    node="O",
    function=annealed,
    difficulty=1,
    minutes=4,
    probes=tuple(
        call_with(*n, special="a cycle at the end or after it" if n[1] >= n[2] else "")
        for n in (
            *_NUMBERS,
            *beyond(lambda rng: ((float(rng.random()), *rng.integers(1, 90, 2).tolist()) for _ in range(8))),
        )
    ),
    mistakes=(
        Mistake(name="a step size that grows", wrong=lambda rate, k, n: rate * min(1.0, k / n),
                advice="In cycle 0 it is the full learning_rate. Which way does your line go?"),
        Mistake(name="a constant step size", wrong=lambda rate, k, n: rate,
                advice="Half-way, at cycle n / 2, it should be half as long."),
        Mistake(name="a line that goes on below 0", wrong=lambda rate, k, n: rate * (1 - k / n),
                advice="What happens after anneal_cycles? A negative step size would climb up the loss."),
        Mistake(name="the full step size until anneal_cycles, then 0 (as // for / gives)",
                wrong=lambda rate, k, n: rate * max(0.0, 1 - k // n),
                advice="// rounds down: the result jumps from full to 0. Use /."),
        Mistake(name="counting cycles from 1", wrong=lambda rate, k, n: rate * max(0.0, 1 - (k + 1) / n),
                advice="Cycle 0 is the first one, and it has the full learning_rate."),
        Mistake(name="falling as half a cosine",
                wrong=lambda rate, k, n: rate * 0.5 * (1 + math.cos(math.pi * min(1, k / n))),
                advice="A well-known schedule. Asked for is a straight line from learning_rate to 0."),
        Mistake(name="falling exponentially", wrong=lambda rate, k, n: rate * math.exp(-k / n),
                advice="That never gets to 0. Asked for is a straight line from learning_rate to 0."),
        Mistake(name="falling as a square", wrong=lambda rate, k, n: rate * max(0.0, 1 - k / n) ** 2,
                advice="Asked for is a straight line from learning_rate to 0."),
        Mistake(name="falling as a root", wrong=lambda rate, k, n: rate * max(0.0, 1 - k / n) ** 0.5,
                advice="Asked for is a straight line from learning_rate to 0."),
        Mistake(name="cycle taken off the step size itself", wrong=lambda rate, k, n: max(0.0, (rate - k) / n),
                advice="A number of cycles cannot be taken off a step size. What share of the way is left?"),
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
